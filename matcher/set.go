package matcher

import (
	"fmt"
	"slices"

	"github.com/regtrap/regtrap/schemas"
)

// A Rule is a condition on the events of the actions that its log source names.
type Rule struct {
	Condition Expr
	Actions   schemas.Actions
}

// A Set is a compiled list of rules. It is immutable and safe for all
// goroutines; rules are known by their place in the list.
type Set struct {
	rules  []Rule
	roots  []int32 // node of each rule's condition
	nodes  []node
	leaves []leaf
	// indexes of the fields that covers need, by kind of action and field: most
	// rules are about values that are set, most events about keys.
	indexes  [kinds][]index
	outputs  int     // of all indexes' automata
	passages int     // one an index
	always   []int32 // rules without a cover
	actions  schemas.Actions
}

// Compile compiles rules. An error names the place of the rule in the list.
func Compile(rules []Rule) (*Set, error) { return compileRows(rules, maxRows) }

// compileRows is Compile with the limit of an automaton's rows.
func compileRows(rules []Rule, rows int) (*Set, error) {
	s := &Set{rules: slices.Clone(rules), roots: make([]int32, len(rules))}
	nodes, leaves := 0, 0
	for _, r := range rules {
		n, l := parts(r.Condition, 1)
		nodes, leaves = nodes+n, leaves+l
	}
	c := compiler{nodes: make([]node, 0, nodes), leaves: make([]leaf, 0, leaves), byText: make(map[string]int32, leaves)}
	for i, r := range rules {
		s.actions |= r.Actions
		s.roots[i] = int32(len(c.nodes))
		c.nodes = append(c.nodes, node{})
		if err := c.add(s.roots[i], r.Condition, 1); err != nil {
			return nil, fmt.Errorf("rule %d: %w", i, err)
		}
	}
	c.byText = nil                    // not needed from here on, and large
	c.leaves = slices.Clone(c.leaves) // shared ones were counted more than once

	var filings [kinds][schemas.NumFields]filing
	same := true // both kinds have the same rules
	for i, r := range rules {
		cover, ok := c.cover(s.roots[i])
		if !ok {
			s.always = append(s.always, int32(i))
			continue
		}
		same = same && sets.has(r.Actions) == others.has(r.Actions)
		for _, n := range cover.leaves {
			l := &c.leaves[n]
			l.covered = append(l.covered, int32(i))
			for k := range kinds {
				if l.filed[k] || !k.has(r.Actions) {
					continue
				}
				l.filed[k] = true
				f := &filings[k][l.field]
				if *f == nil {
					*f = make(filing)
				}
				f.add(n, l)
			}
		}
	}
	for k := range kinds {
		if k == others && same {
			s.indexes[others] = s.indexes[sets]
			break
		}
		for field, f := range filings[k] {
			if f != nil {
				x := f.index(schemas.Field(field), s.passages, s.outputs, rows)
				filings[k][field] = nil
				s.outputs += len(x.shelves)
				s.passages++
				s.indexes[k] = append(s.indexes[k], x)
			}
		}
	}
	s.nodes, s.leaves = c.nodes, c.leaves
	return s, nil
}

// parts returns how many nodes a condition becomes, and how many of them are
// leaves: so there is room for all at once, and none is moved. What is nested too
// deep to be compiled is not counted.
func parts(x Expr, depth int) (nodes, leaves int) {
	if depth > maxDepth {
		return 0, 0
	}
	var list []Expr
	switch x := x.(type) {
	case And:
		list = x
	case Or:
		list = x
	case Not:
		list = []Expr{x.X}
	case Named:
		return parts(x.X, depth+1)
	case Bool:
		return 1, 0
	default:
		return 1, 1
	}
	nodes = 1
	for _, p := range list {
		n, l := parts(p, depth+1)
		nodes, leaves = nodes+n, leaves+l
	}
	return nodes, leaves
}

// A kind is a set of actions whose rules are indexed together.
type kind uint8

const (
	sets   kind = iota // ValueSet
	others             // every other action
	kinds
)

func kindOf(a schemas.Action) kind {
	if a == schemas.ValueSet {
		return sets
	}
	return others
}

// has reports whether an action of the kind is among those.
func (k kind) has(actions schemas.Actions) bool {
	if k == sets {
		return actions.Has(schemas.ValueSet)
	}
	return actions&^schemas.ActionSet(schemas.ValueSet) != 0
}

// Len returns the number of rules.
func (s *Set) Len() int { return len(s.rules) }

// Always returns the rules that have no necessary literal and are evaluated on
// every event of their actions, in order; read only.
func (s *Set) Always() []int32 { return s.always }
