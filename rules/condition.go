package rules

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/regtrap/regtrap/matcher"
)

// maxConditionDepth limits the nesting of parentheses and negations.
const maxConditionDepth = 100

// maxTests limits the tests of a rule's conditions, those of a selection
// counted as often as it is meant: a few patterns that mean large selections
// often would otherwise make a small file a large set.
const maxTests = 100_000

// selection is a named part of a rule's detection.
type selection struct {
	name string
	expr matcher.Expr
	used bool // by a condition
}

// size counts the tests of x, or the nodes where those are more.
func size(x matcher.Expr) int {
	n := 1
	switch x := x.(type) {
	case matcher.And:
		for _, p := range x {
			n += size(p)
		}
	case matcher.Or:
		for _, p := range x {
			n += size(p)
		}
	case matcher.Not:
		n += size(x.X)
	}
	return n
}

// conditionError is what is wrong with a condition, and where.
type conditionError struct {
	offset int // in bytes
	code   Code
	what   string
	want   string // "" for what conditions are made of
}

func newConditionError(offset int, code Code, what string) *conditionError {
	return &conditionError{offset: offset, code: code, what: what}
}

func (e *conditionError) Error() string { return e.what }

// parseCondition reads a Sigma condition over the selections of its rule, and
// marks those that it names. Each stands in the result as a matcher.Named. The
// error is a *conditionError. budget is how many tests the rule may still have.
//
//	or    = and { "or" and }
//	and   = not { "and" not }
//	not   = "not" not | term
//	term  = "(" or ")" | NAME | ( "1" | "any" | "all" ) "of" ( "them" | PATTERN )
func parseCondition(text string, selections []selection, budget *int) (matcher.Expr, error) {
	p := conditionParser{text: text, selections: selections, budget: budget}
	if err := p.split(text); err != nil {
		return nil, err
	}
	if len(p.words) == 0 {
		return nil, newConditionError(0, CodeCondition, "the condition is empty")
	}
	e, err := p.or()
	if err != nil {
		return nil, err
	}
	if w := p.peek(); w != "" {
		if lower := strings.ToLower(w); lower != w && slices.Contains([]string{"and", "or", "not"}, lower) {
			return nil, p.errorf(p.next, "the condition has %q: operators are written in lower case", w)
		}
		return nil, p.errorf(p.next, "condition %q: %q does not belong after %q", text, w, p.words[p.next-1].text)
	}
	return e, nil
}

type conditionParser struct {
	text       string
	selections []selection
	words      []word
	next       int
	depth      int
	budget     *int
}

// word is a word of a condition or a parenthesis.
type word struct {
	text   string
	offset int
}

// errorf returns a conditionError at a word, or at the end.
func (p *conditionParser) errorf(at int, format string, args ...any) *conditionError {
	offset := len(p.text)
	if at < len(p.words) {
		offset = p.words[at].offset
	}
	return newConditionError(offset, CodeCondition, fmt.Sprintf(format, args...))
}

// split cuts text into parentheses and words.
func (p *conditionParser) split(text string) error {
	for rest := text; ; {
		rest = strings.TrimLeft(rest, " \t\r\n")
		if rest == "" {
			return nil
		}
		n, offset := 1, len(text)-len(rest)
		switch c := rest[0]; {
		case c == '(' || c == ')':
		case c == '|':
			return newConditionError(offset, CodeUnsupported, fmt.Sprintf("condition %q: aggregations (%q) are not supported", text, rest))
		case isNameByte(c) || c == '*':
			for n < len(rest) && (isNameByte(rest[n]) || rest[n] == '*') {
				n++
			}
		default:
			return newConditionError(offset, CodeCondition, fmt.Sprintf("condition %q: unexpected %q", text, rest))
		}
		p.words = append(p.words, word{rest[:n], offset})
		rest = rest[n:]
	}
}

// isNameByte reports whether c may stand in the name of a selection.
func isNameByte(c byte) bool {
	return c == '_' || c == '-' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

func (p *conditionParser) peek() string {
	if p.next < len(p.words) {
		return p.words[p.next].text
	}
	return ""
}

func (p *conditionParser) take() string {
	w := p.peek()
	if w != "" {
		p.next++
	}
	return w
}

func (p *conditionParser) or() (matcher.Expr, error) {
	return p.list("or", p.and, or)
}

func (p *conditionParser) and() (matcher.Expr, error) {
	return p.list("and", p.not, and)
}

func (p *conditionParser) list(operator string, part func() (matcher.Expr, error), join func([]matcher.Expr) matcher.Expr) (matcher.Expr, error) {
	var parts []matcher.Expr
	for {
		e, err := part()
		if err != nil {
			return nil, err
		}
		parts = append(parts, e)
		if p.peek() != operator {
			break
		}
		p.next++
	}
	return join(parts), nil
}

func (p *conditionParser) not() (matcher.Expr, error) {
	if p.depth++; p.depth > maxConditionDepth {
		return nil, newConditionError(p.words[p.next-1].offset, CodeLimit, fmt.Sprintf("the condition is nested more than %d deep", maxConditionDepth))
	}
	defer func() { p.depth-- }()
	if p.peek() == "not" {
		p.next++
		e, err := p.not()
		if err != nil {
			return nil, err
		}
		return matcher.Not{X: e}, nil
	}
	return p.term()
}

func (p *conditionParser) term() (matcher.Expr, error) {
	at := p.next
	switch w := p.take(); w {
	case "":
		return nil, p.errorf(at, "the condition ends where a selection is expected")
	case "(":
		e, err := p.or()
		if err != nil {
			return nil, err
		}
		end := p.next
		if got := p.take(); got != ")" {
			return nil, p.errorf(end, "the condition lacks a closing parenthesis before %q", got)
		}
		return e, nil
	case ")", "and", "or", "of", "not":
		return nil, p.errorf(at, "the condition has %q where a selection is expected", w)
	default:
		if p.peek() == "of" {
			p.next++
			return p.of(at, w, p.take())
		}
		for i, s := range p.selections {
			if s.name == w {
				return p.named(at, i)
			}
		}
		switch lower := strings.ToLower(w); {
		case w == "near":
			return nil, newConditionError(p.words[at].offset, CodeUnsupported, `the condition uses "near", which is not supported`)
		case lower != w && slices.Contains([]string{"and", "or", "not"}, lower):
			return nil, p.errorf(at, "the condition has %q: operators are written in lower case", w)
		case strings.Contains(w, "*"):
			return nil, p.errorf(at, `the condition has %q without "1 of" or "all of" before it`, w)
		}
		if w == "1" {
			return nil, p.errorf(at, `the condition has "1" without "of" behind it`)
		}
		var names []string
		for _, s := range p.selections {
			names = append(names, s.name)
		}
		err := p.errorf(at, "the condition names %q, which is no selection of this rule", w)
		err.want = nearest(w, names)
		return nil, err
	}
}

// named returns selection i under its name.
func (p *conditionParser) named(at, i int) (matcher.Expr, error) {
	s := &p.selections[i]
	if *p.budget -= size(s.expr); *p.budget < 0 {
		return nil, newConditionError(p.words[at].offset, CodeLimit, fmt.Sprintf("the rule has more than %d tests", maxTests))
	}
	s.used = true
	return matcher.Named{Name: s.name, X: s.expr}, nil
}

// of returns the selections that match a pattern, any or all of them. As in
// pySigma, names that begin with _ are meant only by patterns that do too.
func (p *conditionParser) of(at int, quantifier, pattern string) (matcher.Expr, error) {
	if !slices.Contains([]string{"1", "any", "all"}, quantifier) {
		return nil, p.errorf(at, `the condition has "%s of": only "1 of", "any of" and "all of" are supported`, quantifier)
	}
	if pattern == "" || pattern == "(" || pattern == ")" {
		return nil, p.errorf(at+2, `the condition lacks a name or "them" after "%s of"`, quantifier)
	}
	glob := pattern
	if pattern == "them" {
		glob = "*"
	}
	var parts []matcher.Expr
	for i, s := range p.selections {
		hidden := strings.HasPrefix(s.name, "_") && !strings.HasPrefix(glob, "_")
		if hidden || !globName(glob, s.name) {
			continue
		}
		e, err := p.named(at, i)
		if err != nil {
			return nil, err
		}
		parts = append(parts, e)
	}
	if len(parts) == 0 {
		return nil, p.errorf(at+2, `the condition has "%s of %s", which means no selection of this rule`, quantifier, pattern)
	}
	if quantifier == "all" {
		return and(parts), nil
	}
	return or(parts), nil
}

// conditionProblem reports what is wrong with a condition at the word that is.
func (r *reader) conditionProblem(node *yaml.Node, err error) {
	at := &conditionError{code: CodeCondition}
	errors.As(err, &at)
	line, column := within(r.data, node, at.offset)
	r.problemAt(line, column, at.code, err.Error(), cmp.Or(at.want, "names of selections joined by and, or, not, ( ), 1 of NAME*, all of NAME*, 1 of them"))
}

// globName reports whether name matches a pattern whose * is any text.
func globName(pattern, name string) bool {
	pieces := strings.Split(pattern, "*")
	if len(pieces) == 1 {
		return pattern == name
	}
	first, last := pieces[0], pieces[len(pieces)-1]
	if !strings.HasPrefix(name, first) {
		return false
	}
	name = name[len(first):]
	for _, piece := range pieces[1 : len(pieces)-1] {
		i := strings.Index(name, piece)
		if i < 0 {
			return false
		}
		name = name[i+len(piece):]
	}
	return strings.HasSuffix(name, last)
}

// and is the conjunction of parts, without a node of its own for a single one.
func and(parts []matcher.Expr) matcher.Expr {
	if len(parts) == 1 {
		return parts[0]
	}
	return matcher.And(parts)
}

// or is the disjunction of parts, without a node of its own for a single one.
func or(parts []matcher.Expr) matcher.Expr {
	if len(parts) == 1 {
		return parts[0]
	}
	return matcher.Or(parts)
}
