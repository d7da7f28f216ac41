package rules

import "slices"

// Hit is a rule that fires on an event, with the rules that it supersedes on
// this event.
type Hit struct {
	Rule    *Rule
	Index   int32   // the rule's number in Set
	Related []*Rule // in rule order
}

// index resolves what each rule supersedes. Ids of rules that are not loaded
// are of no consequence.
func (s *Snapshot) index(byID map[string]*Rule) {
	number := make(map[*Rule]int32, len(s.Rules))
	for i, r := range s.Rules {
		number[r] = int32(i)
	}
	s.below = make([][]int32, len(s.Rules))
	for i, r := range s.Rules {
		for _, id := range r.Supersedes {
			if other := byID[id]; other != nil && other != r {
				s.below[i] = append(s.below[i], number[other])
			}
		}
	}
}

// Fold appends to dst what is left of the hits of one event when superseded
// rules are folded into the rules that supersede them, in rule order. hits are
// in rule order, as Match returns them.
//
// Superseding is transitive, also by way of a rule that did not fire. Rules
// that supersede each other, in a circle of any length, do not fold into each
// other. What remains is a strict order, and a strict order of finitely many
// hits has a greatest one: an event that had a hit keeps one.
func (s *Snapshot) Fold(dst []Hit, hits []int32) []Hit {
	folds := false
	for _, h := range hits {
		folds = folds || len(s.below[h]) > 0
	}
	if !folds || len(hits) < 2 {
		for _, h := range hits {
			dst = append(dst, Hit{Rule: s.Rules[h], Index: h})
		}
		return dst
	}
	reach := make([]map[int32]bool, len(hits))
	for i, h := range hits {
		reach[i] = s.reach(h)
	}
	// over reports whether hit i supersedes hit j, and not the other way too.
	over := func(i, j int) bool { return reach[i][hits[j]] && !reach[j][hits[i]] }
	for i, h := range hits {
		hit := Hit{Rule: s.Rules[h], Index: h}
		superseded := false
		for j, other := range hits {
			superseded = superseded || over(j, i)
			if over(i, j) {
				hit.Related = append(hit.Related, s.Rules[other])
			}
		}
		if !superseded {
			dst = append(dst, hit)
		}
	}
	return dst
}

// reach returns the rules that rule h supersedes, directly or not.
func (s *Snapshot) reach(h int32) map[int32]bool {
	if len(s.below[h]) == 0 {
		return nil
	}
	seen := make(map[int32]bool)
	for queue := slices.Clone(s.below[h]); len(queue) > 0; {
		n := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		if !seen[n] {
			seen[n] = true
			queue = append(queue, s.below[n]...)
		}
	}
	return seen
}
