package matcher

import "github.com/regtrap/regtrap/schemas"

// A Trace says how a condition came to its truth on one event: a tree of the
// form of the condition. It refers to the event's texts and is valid as long
// as the event is.
type Trace struct {
	Expr  Expr
	Holds bool
	// Value is the text that made a leaf hold; nil for inner nodes and for
	// leaves that do not hold or hold without a value (Bool).
	Value *schemas.Value
	Parts []*Trace
}

// Explain evaluates every part of one rule's condition on ev, also those that
// do not decide it. It does not look at the rule's actions. It panics when the
// set has no such rule.
func (m *Matcher) Explain(ev *schemas.Event, rule int32) *Trace {
	return m.set.explain(ev, m.set.roots[rule], m.set.rules[rule].Condition)
}

func (s *Set) explain(ev values, at int32, x Expr) *Trace {
	n := s.nodes[at]
	t := &Trace{Expr: x}
	switch x := x.(type) {
	case And:
		t.Holds = true
		for i, p := range x {
			part := s.explain(ev, n.first+int32(i), p)
			t.Parts = append(t.Parts, part)
			t.Holds = t.Holds && part.Holds
		}
	case Or:
		for i, p := range x {
			part := s.explain(ev, n.first+int32(i), p)
			t.Parts = append(t.Parts, part)
			t.Holds = t.Holds || part.Holds
		}
	case Not:
		part := s.explain(ev, n.first, x.X)
		t.Parts = []*Trace{part}
		t.Holds = !part.Holds
	case Named:
		part := s.explain(ev, at, x.X)
		t.Parts = []*Trace{part}
		t.Holds = part.Holds
	case Bool:
		t.Holds = bool(x)
	default:
		t.Value, t.Holds = s.leaves[n.first].find(ev)
	}
	return t
}

// Reasons returns the leaves that made the condition hold, in the order of
// the condition: leaves that hold, below nodes that hold, below no Not.
func (t *Trace) Reasons() []*Trace { return t.reasons(nil) }

func (t *Trace) reasons(dst []*Trace) []*Trace {
	if !t.Holds {
		return dst
	}
	switch t.Expr.(type) {
	case And, Or, Named:
		for _, p := range t.Parts {
			dst = p.reasons(dst)
		}
	case Not:
	default:
		dst = append(dst, t)
	}
	return dst
}
