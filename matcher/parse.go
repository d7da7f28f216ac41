package matcher

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/regtrap/regtrap/schemas"
)

// Parse reads a condition in the notation that Expr.String writes: the form
// in which conditions stand in tests and are shown to people. It is no rule
// language.
//
//	expr = "not" expr | "true" | "false"
//	     | "(" expr { "and" expr } ")" | "(" expr { "or" expr } ")"
//	     | "all(" [ expr ] ")" | "any(" [ expr ] ")"       And and Or of fewer parts than two
//	     | field ":" text | field "like" text              Match, without and with case; see ParsePattern
//	     | field "matches" text                            Regexp
//	     | field op number | "length(" field ")" op number Compare, Length; op is < <= == >= >
//	     | field "exists"
//	     | "any" ":" text | "any" "like" text              Keyword
//	     | "where" term                                    Relation
//	term = field | text | integer | decimal | "true" | "false"
//	     | name [ "~" ] "(" term { "," term } ")"          Call, Fold with ~
//
// A field has its ECS name, or Sigma's where ECS has none. A text stands in
// double quotes, a double quote within it is doubled, and nothing else is
// special. Errors name the offset in bytes.
func Parse(s string) (Expr, error) {
	p := parser{src: s}
	x, err := p.expr(1)
	if err != nil {
		return nil, err
	}
	if p.space(); p.at < len(s) {
		return nil, p.errorf("%q after the condition", s[p.at:])
	}
	return x, nil
}

type parser struct {
	src string
	at  int
}

func (p *parser) errorf(format string, args ...any) error {
	return fmt.Errorf("condition: at offset %d: %s", p.at, fmt.Sprintf(format, args...))
}

func (p *parser) space() {
	for p.at < len(p.src) && p.src[p.at] == ' ' {
		p.at++
	}
}

// accept takes token when it comes next. A token that is a word ends at
// something else than a letter.
func (p *parser) accept(token string) bool {
	p.space()
	rest, ok := strings.CutPrefix(p.src[p.at:], token)
	if !ok || isWord(token[len(token)-1]) && rest != "" && isWord(rest[0]) {
		return false
	}
	p.at += len(token)
	return true
}

// isWord reports whether c may stand in the name of a field.
func isWord(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '.'
}

func (p *parser) expr(depth int) (Expr, error) {
	if depth > maxDepth {
		return nil, p.errorf("nested more than %d deep", maxDepth)
	}
	switch {
	case p.accept("not"):
		x, err := p.expr(depth + 1)
		return Not{x}, err
	case p.accept("true"):
		return Bool(true), nil
	case p.accept("false"):
		return Bool(false), nil
	case p.accept("all("):
		parts, err := p.few(depth)
		return And(parts), err
	case p.accept("any("):
		parts, err := p.few(depth)
		return Or(parts), err
	case p.accept("any"):
		return p.keyword()
	case p.accept("where"):
		t, err := p.term(depth)
		return Relation{Term: t}, err
	case p.accept("length("):
		return p.length()
	case p.accept("("):
		return p.parts(depth)
	}
	return p.test()
}

// few reads no part or one, and the parenthesis behind.
func (p *parser) few(depth int) ([]Expr, error) {
	if p.accept(")") {
		return nil, nil
	}
	x, err := p.expr(depth + 1)
	if err == nil && !p.accept(")") {
		err = p.errorf("want )")
	}
	return []Expr{x}, err
}

// parts reads two parts or more, and the parenthesis behind.
func (p *parser) parts(depth int) (Expr, error) {
	var parts []Expr
	join := ""
	for {
		x, err := p.expr(depth + 1)
		if err != nil {
			return nil, err
		}
		parts = append(parts, x)
		switch {
		case join == "" && p.accept("and"):
			join = "and"
		case join == "" && p.accept("or"):
			join = "or"
		case join == "":
			return nil, p.errorf("want and, or")
		case p.accept(join):
		case !p.accept(")"):
			return nil, p.errorf("want %s, )", join)
		case join == "and":
			return And(parts), nil
		default:
			return Or(parts), nil
		}
	}
}

func (p *parser) field() (schemas.Field, error) {
	p.space()
	end := p.at
	for end < len(p.src) && isWord(p.src[end]) {
		end++
	}
	name := p.src[p.at:end]
	for f := range schemas.Field(schemas.NumFields) {
		if f.String() == name {
			p.at = end
			return f, nil
		}
	}
	return 0, p.errorf("field %q is not known", name)
}

func (p *parser) length() (Expr, error) {
	f, err := p.field()
	if err != nil {
		return nil, err
	}
	if !p.accept(")") {
		return nil, p.errorf("want )")
	}
	op, n, err := p.number()
	return Length{Field: f, Op: op, Number: n}, err
}

// keyword reads the operator and the pattern of a Keyword.
func (p *parser) keyword() (Expr, error) {
	cased := p.accept("like")
	if !cased && !p.accept(":") {
		return nil, p.errorf("want : or like")
	}
	pattern, err := p.pattern()
	return Keyword{Pattern: pattern, Cased: cased}, err
}

func (p *parser) pattern() (Pattern, error) {
	s, err := p.text()
	if err != nil {
		return Pattern{}, err
	}
	pattern, err := ParsePattern(s)
	if err != nil {
		return Pattern{}, p.errorf("%v", err)
	}
	return pattern, nil
}

// test reads a leaf that begins with its field.
func (p *parser) test() (Expr, error) {
	f, err := p.field()
	if err != nil {
		return nil, err
	}
	if p.accept("exists") {
		return Exists{Field: f}, nil
	}
	cased := p.accept("like")
	if cased || p.accept(":") {
		pattern, err := p.pattern()
		return Match{Field: f, Pattern: pattern, Cased: cased}, err
	}
	if p.accept("matches") {
		s, err := p.text()
		if err != nil {
			return nil, err
		}
		re, err := regexp.Compile(s)
		if err != nil {
			return nil, p.errorf("%v", err)
		}
		return Regexp{Field: f, Re: re}, nil
	}
	op, n, err := p.number()
	return Compare{Field: f, Op: op, Number: n}, err
}

func (p *parser) number() (CompareOp, int64, error) {
	p.space()
	for _, op := range []CompareOp{LessEqual, Equal, GreaterEqual, Less, Greater} { // <= before <
		if !p.accept(op.String()) {
			continue
		}
		p.space()
		end := p.at
		for end < len(p.src) && (p.src[end] == '-' || isWord(p.src[end])) {
			end++
		}
		n, err := strconv.ParseInt(p.src[p.at:end], 10, 64)
		if err != nil {
			return 0, 0, p.errorf("%q is no integer of 64 bits", p.src[p.at:end])
		}
		p.at = end
		return op, n, nil
	}
	return 0, 0, p.errorf("want an operator: :, like, matches, exists, <, <=, ==, >=, >")
}

// term reads a term of a Relation.
func (p *parser) term(depth int) (Term, error) {
	if depth > maxDepth {
		return nil, p.errorf("nested more than %d deep", maxDepth)
	}
	switch {
	case p.accept("true"):
		return Bool(true), nil
	case p.accept("false"):
		return Bool(false), nil
	}
	p.space()
	end := p.at
	for end < len(p.src) && (p.src[end] == '-' || isWord(p.src[end])) {
		end++
	}
	switch word := p.src[p.at:end]; {
	case word == "":
		s, err := p.text()
		return Text(s), err
	case word[0] == '-' || '0' <= word[0] && word[0] <= '9':
		if n, err := strconv.ParseInt(word, 10, 64); err == nil {
			p.at = end
			return Integer(n), nil
		}
		f, err := strconv.ParseFloat(word, 64)
		if err != nil {
			return nil, p.errorf("%q is no number", word)
		}
		p.at = end
		return Decimal(f), nil
	default:
		if rest := p.src[end:]; !strings.HasPrefix(rest, "(") && !strings.HasPrefix(rest, "~(") {
			f, err := p.field()
			return Ref{f}, err
		}
		p.at = end
		c := Call{Name: word, Fold: p.accept("~")}
		for p.accept("("); ; {
			t, err := p.term(depth + 1)
			if err != nil {
				return nil, err
			}
			c.Args = append(c.Args, t)
			if p.accept(")") {
				return c, nil
			}
			if !p.accept(",") {
				return nil, p.errorf("want , or )")
			}
		}
	}
}

// text reads a quoted text.
func (p *parser) text() (string, error) {
	p.space()
	if !strings.HasPrefix(p.src[p.at:], `"`) {
		return "", p.errorf("want a text in double quotes")
	}
	var b strings.Builder
	for i := p.at + 1; ; i++ {
		end := strings.IndexByte(p.src[i:], '"')
		if end < 0 {
			return "", p.errorf("the text has no closing quote")
		}
		b.WriteString(p.src[i : i+end])
		if i += end + 1; !strings.HasPrefix(p.src[i:], `"`) {
			p.at = i
			return b.String(), nil
		}
		b.WriteByte('"')
	}
}
