package matcher

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/regtrap/regtrap/registry"
	"github.com/regtrap/regtrap/schemas"
)

// maxDepth bounds how deep a condition is nested: Match, Explain and Parse are
// recursive.
const maxDepth = 256

// nodeKind tells the nodes of compiled conditions.
type nodeKind uint8

const (
	leafNode nodeKind = iota // first is the leaf
	andNode                  // parts are nodes first … first+count-1
	orNode
	notNode  // of node first
	boolNode // count is 1 when true
)

// A node of a compiled condition, of the same form as the Expr it came from.
type node struct {
	kind         nodeKind
	first, count int32
}

// compiler turns conditions into nodes and shared leaves.
type compiler struct {
	nodes  []node
	leaves []leaf
	byText map[string]int32 // leaves by their notation
}

// add compiles x into the node at place at.
func (c *compiler) add(at int32, x Expr, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("condition is nested more than %d deep", maxDepth)
	}
	switch x := x.(type) {
	case nil:
		return errors.New("condition is nil: want an expression")
	case And:
		return c.addParts(at, andNode, x, depth)
	case Or:
		return c.addParts(at, orNode, x, depth)
	case Not:
		return c.addParts(at, notNode, []Expr{x.X}, depth)
	case Named:
		return c.add(at, x.X, depth+1)
	case Bool:
		c.nodes[at] = node{kind: boolNode}
		if x {
			c.nodes[at].count = 1
		}
		return nil
	default:
		l, err := c.leaf(x)
		c.nodes[at] = node{kind: leafNode, first: l}
		return err
	}
}

func (c *compiler) addParts(at int32, kind nodeKind, parts []Expr, depth int) error {
	first := int32(len(c.nodes))
	c.nodes[at] = node{kind: kind, first: first, count: int32(len(parts))}
	c.nodes = append(c.nodes, make([]node, len(parts))...)
	for i, p := range parts {
		if err := c.add(first+int32(i), p, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// leaf returns the number of the leaf that makes the test x.
func (c *compiler) leaf(x Expr) (int32, error) {
	l := leaf{test: x}
	var op CompareOp
	switch x := x.(type) {
	case Match:
		l.field, l.cased = x.Field, x.Cased
	case Keyword:
		l.cased = x.Cased
	case Regexp:
		l.field, l.cased = x.Field, true
	case Compare:
		l.field, op = x.Field, x.Op
	case Length:
		l.field, op = x.Field, x.Op
	case Exists:
		l.field = x.Field
	case Relation:
	default:
		return 0, fmt.Errorf("%T is no expression of this package", x)
	}
	if int(l.field) >= schemas.NumFields {
		return 0, fmt.Errorf("field %d: there are %d", l.field, schemas.NumFields)
	}
	if op > Greater {
		return 0, fmt.Errorf("%v: want one of < <= == >= >", x)
	}
	if re, ok := x.(Regexp); ok && re.Re == nil {
		return 0, fmt.Errorf("regular expression on %v is nil", l.field)
	}
	key := x.String()
	if n, ok := c.byText[key]; ok {
		return n, nil
	}
	var err error
	switch x := x.(type) {
	case Match:
		l.alternatives, err = alternatives(x)
	case Keyword:
		// The texts of a path are tried in all their spellings, so the pattern
		// has no head to bring into another.
		l.alternatives, err = alternatives(Match{Field: schemas.RegistryDataStrings, Pattern: x.Pattern, Cased: x.Cased})
	case Regexp:
		l.alternatives, err = holding(necessary(x.Re))
	case Relation:
		l.relation, err = compileRelation(x)
	}
	if err != nil {
		return 0, fmt.Errorf("%v: %w", x, err)
	}
	n := int32(len(c.leaves))
	c.leaves = append(c.leaves, l)
	c.byText[key] = n
	return n, nil
}

// alternatives returns the patterns that a Match compares, the author's first.
func alternatives(m Match) ([]wildcard, error) {
	var all []wildcard
	for _, p := range spellings(m) {
		tokens := make([]Token, len(p.tokens))
		for i, t := range p.tokens {
			if t.Kind > AnyChar {
				return nil, fmt.Errorf("token %d has kind %d: want Literal, Star or AnyChar", i, t.Kind)
			}
			if !utf8.ValidString(t.Literal) {
				return nil, fmt.Errorf("literal %q is not UTF-8", t.Literal)
			}
			if !m.Cased {
				t.Literal = registry.Fold(t.Literal)
			}
			tokens[i] = t
		}
		w, err := compileWildcard(NewPattern(tokens...))
		if err != nil {
			return nil, err
		}
		all = append(all, w)
	}
	return all, nil
}

// spellings returns the pattern as the texts of its field are written: with
// single percent signs where theirs are; and on a path, beside it, the pattern
// with its literal head in canonical spelling.
func spellings(m Match) []Pattern {
	p := m.Pattern
	if m.Field.Undoubled() {
		tokens := make([]Token, len(p.tokens))
		for i, t := range p.tokens {
			t.Literal = registry.Undouble(t.Literal)
			tokens[i] = t
		}
		p = NewPattern(tokens...)
	}
	if !m.Field.IsPath() || len(p.tokens) == 0 || p.tokens[0].Kind != Literal {
		return []Pattern{p}
	}
	head, ok := registry.CanonicalHead(p.tokens[0].Literal)
	if !ok {
		return []Pattern{p}
	}
	var tokens []Token
	for i, h := range head {
		if i > 0 {
			tokens = append(tokens, Token{Kind: Star})
		}
		tokens = append(tokens, Token{Kind: Literal, Literal: h})
	}
	return []Pattern{p, NewPattern(append(tokens, p.tokens[1:]...)...)}
}
