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
	rules   []Rule
	roots   []int32 // node of each rule's condition
	nodes   []node
	leaves  []leaf
	indexes []index // of the fields that covers need, by field
	outputs int     // of all indexes' automata
	always  []int32 // rules without a cover
	actions schemas.Actions
}

// Compile compiles rules. An error names the place of the rule in the list.
func Compile(rules []Rule) (*Set, error) {
	s := &Set{rules: slices.Clone(rules), roots: make([]int32, len(rules))}
	c := compiler{byText: make(map[string]int32)}
	for i, r := range rules {
		s.actions |= r.Actions
		s.roots[i] = int32(len(c.nodes))
		c.nodes = append(c.nodes, node{})
		if err := c.add(s.roots[i], r.Condition, 1); err != nil {
			return nil, fmt.Errorf("rule %d: %w", i, err)
		}
	}

	var filings [schemas.NumFields]filing
	for i := range rules {
		cover, ok := c.cover(s.roots[i])
		if !ok {
			s.always = append(s.always, int32(i))
			continue
		}
		for _, n := range cover.leaves {
			l := &c.leaves[n]
			l.covered = append(l.covered, int32(i))
			if l.filed {
				continue
			}
			l.filed = true
			if filings[l.field] == nil {
				filings[l.field] = make(filing)
			}
			filings[l.field].add(n, l)
		}
	}
	for field, f := range filings {
		if f != nil {
			x := f.index(schemas.Field(field), s.outputs)
			s.outputs += len(x.shelves)
			s.indexes = append(s.indexes, x)
		}
	}
	s.nodes, s.leaves = c.nodes, c.leaves
	return s, nil
}

// Len returns the number of rules.
func (s *Set) Len() int { return len(s.rules) }

// Always returns the rules that have no necessary literal and are evaluated on
// every event of their actions, in order; read only.
func (s *Set) Always() []int32 { return s.always }
