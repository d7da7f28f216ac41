package rules

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/regtrap/regtrap/matcher"
)

// maxConditionDepth limits the nesting of parentheses and negations.
const maxConditionDepth = 100

// selection is a named part of a rule's detection.
type selection struct {
	name string
	expr matcher.Expr
}

// parseCondition reads a Sigma condition over the selections of its rule.
//
//	or    = and { "or" and }
//	and   = not { "and" not }
//	not   = "not" not | term
//	term  = "(" or ")" | NAME | ( "1" | "any" | "all" ) "of" ( "them" | PATTERN )
func parseCondition(text string, selections []selection) (matcher.Expr, error) {
	p := conditionParser{selections: selections}
	if err := p.split(text); err != nil {
		return nil, err
	}
	if len(p.words) == 0 {
		return nil, errors.New("the condition is empty")
	}
	e, err := p.or()
	if err != nil {
		return nil, err
	}
	if w := p.peek(); w != "" {
		return nil, fmt.Errorf("condition %q: %q does not belong after %q", text, w, p.words[p.next-1])
	}
	return e, nil
}

type conditionParser struct {
	selections []selection
	words      []string
	next       int
	depth      int
}

// split cuts text into parentheses and words.
func (p *conditionParser) split(text string) error {
	for rest := text; ; {
		rest = strings.TrimLeft(rest, " \t\r\n")
		if rest == "" {
			return nil
		}
		n := 1
		switch c := rest[0]; {
		case c == '(' || c == ')':
		case c == '|':
			return fmt.Errorf("condition %q: aggregations (%q) are not supported", text, rest)
		case isNameByte(c) || c == '*':
			for n < len(rest) && (isNameByte(rest[n]) || rest[n] == '*') {
				n++
			}
		default:
			return fmt.Errorf("condition %q: unexpected %q", text, rest)
		}
		p.words = append(p.words, rest[:n])
		rest = rest[n:]
	}
}

// isNameByte reports whether c may stand in the name of a selection.
func isNameByte(c byte) bool {
	return c == '_' || c == '-' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

func (p *conditionParser) peek() string {
	if p.next < len(p.words) {
		return p.words[p.next]
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
		return nil, fmt.Errorf("the condition is nested more than %d deep", maxConditionDepth)
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
	switch w := p.take(); w {
	case "":
		return nil, errors.New("the condition ends where a selection is expected")
	case "(":
		e, err := p.or()
		if err != nil {
			return nil, err
		}
		if got := p.take(); got != ")" {
			return nil, fmt.Errorf("the condition lacks a closing parenthesis before %q", got)
		}
		return e, nil
	case ")", "and", "or", "of", "not":
		return nil, fmt.Errorf("the condition has %q where a selection is expected", w)
	default:
		if p.peek() == "of" {
			p.next++
			return p.of(w, p.take())
		}
		for _, s := range p.selections {
			if s.name == w {
				return s.expr, nil
			}
		}
		switch lower := strings.ToLower(w); {
		case w == "near":
			return nil, errors.New(`the condition uses "near", which is not supported`)
		case lower != w && slices.Contains([]string{"and", "or", "not"}, lower):
			return nil, fmt.Errorf("the condition has %q: operators are written in lower case", w)
		case strings.Contains(w, "*"):
			return nil, fmt.Errorf(`the condition has %q without "1 of" or "all of" before it`, w)
		}
		return nil, fmt.Errorf("the condition names %q, which is no selection of this rule", w)
	}
}

// of returns the selections that match a pattern, any or all of them. As in
// pySigma, names that begin with _ are meant only by patterns that do too.
func (p *conditionParser) of(quantifier, pattern string) (matcher.Expr, error) {
	if !slices.Contains([]string{"1", "any", "all"}, quantifier) {
		return nil, fmt.Errorf(`the condition has "%s of": only "1 of", "any of" and "all of" are supported`, quantifier)
	}
	if pattern == "" || pattern == "(" || pattern == ")" {
		return nil, fmt.Errorf(`the condition lacks a name or "them" after "%s of"`, quantifier)
	}
	glob := pattern
	if pattern == "them" {
		glob = "*"
	}
	var parts []matcher.Expr
	for _, s := range p.selections {
		hidden := strings.HasPrefix(s.name, "_") && !strings.HasPrefix(glob, "_")
		if !hidden && globName(glob, s.name) {
			parts = append(parts, s.expr)
		}
	}
	if len(parts) == 0 {
		return nil, fmt.Errorf(`the condition has "%s of %s", which means no selection of this rule`, quantifier, pattern)
	}
	if quantifier == "all" {
		return and(parts), nil
	}
	return or(parts), nil
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
