package matcher

import (
	"slices"

	"github.com/regtrap/regtrap/schemas"
)

// Matcher matches events, one at a time, against the Set that made it. It is
// for one goroutine.
type Matcher struct {
	set *Set

	// The event at hand, from begin on.
	ev     values
	action schemas.Action

	// epoch numbers the events. What carries another number is of an earlier
	// event, so nothing is cleared between events.
	epoch   uint32
	known   []uint32 // by leaf: epoch<<1, plus 1 when the leaf holds
	reached []uint32 // by rule: it is among the candidates
	seen    []uint32 // by output: its infix entries were taken

	// passages, by index, are of the texts of an earlier event.
	passages []passage

	candidates []int32 // rules whose cover has hit; has room for all
}

// NewMatcher returns the scratch memory of one goroutine.
func (s *Set) NewMatcher() *Matcher {
	return &Matcher{
		set:        s,
		known:      make([]uint32, len(s.leaves)),
		reached:    make([]uint32, len(s.rules)),
		seen:       make([]uint32, s.outputs),
		passages:   make([]passage, s.passages),
		candidates: make([]int32, 0, len(s.rules)),
	}
}

// Match appends the rules whose condition holds on ev, in rule order. It
// allocates nothing unless dst must grow.
func (m *Matcher) Match(dst []int32, ev *schemas.Event) []int32 {
	return m.match(dst, ev.Action, ev)
}

func (m *Matcher) match(dst []int32, action schemas.Action, ev values) []int32 {
	if !m.set.actions.Has(action) {
		return dst
	}
	m.begin(action, ev)
	indexes := m.set.indexes[kindOf(action)]
	for i := range indexes {
		x := &indexes[i]
		m.scan(x, ev.Values(x.field))
	}
	// From here on a filed leaf that is not known does not hold.
	for _, r := range m.set.always {
		if m.set.rules[r].Actions.Has(action) {
			m.candidates = append(m.candidates, r)
		}
	}
	slices.Sort(m.candidates)
	for _, r := range m.candidates {
		if m.holds(m.set.roots[r]) {
			dst = append(dst, r)
		}
	}
	m.ev = nil // the caller's
	return dst
}

func (m *Matcher) begin(action schemas.Action, ev values) {
	m.ev, m.action = ev, action
	m.candidates = m.candidates[:0]
	if m.epoch++; m.epoch == 1<<31 {
		clear(m.known)
		clear(m.reached)
		clear(m.seen)
		m.epoch = 1
	}
}

// found takes the entries of a literal that ends at end in v.
func (m *Matcher) found(x *index, o uint32, v *schemas.Value, end int) {
	atStart, atEnd := end == x.automaton.output[o].length, end == len(v.Folded)
	if atStart && atEnd {
		m.take(x.of(o, whole))
	}
	if v.Whole || v.Opaque {
		return // seen by patterns of one literal alone
	}
	if seen := &m.seen[x.first+int(o)]; *seen != m.epoch {
		*seen = m.epoch
		m.take(x.of(o, infix))
	}
	if atStart {
		m.take(x.of(o, prefix))
	}
	if atEnd {
		m.take(x.of(o, suffix))
	}
}

// take decides leaves whose literal was found in its place, and makes the
// rules that a leaf covers candidates when it holds.
func (m *Matcher) take(entries []entry) {
	for _, e := range entries {
		if m.known[e.leaf]>>1 == m.epoch {
			continue
		}
		l := &m.set.leaves[e.leaf]
		holds := true
		if e.verify {
			_, holds = l.find(m.ev)
		}
		m.learn(e.leaf, holds)
		if !holds {
			continue
		}
		for _, r := range l.covered {
			if m.reached[r] != m.epoch && m.set.rules[r].Actions.Has(m.action) {
				m.reached[r] = m.epoch
				m.candidates = append(m.candidates, r)
			}
		}
	}
}

// holds evaluates a node.
func (m *Matcher) holds(at int32) bool {
	n := m.set.nodes[at]
	switch n.kind {
	case leafNode:
		return m.leaf(n.first)
	case andNode:
		for i := range n.count {
			if !m.holds(n.first + i) {
				return false
			}
		}
		return true
	case orNode:
		for i := range n.count {
			if m.holds(n.first + i) {
				return true
			}
		}
		return false
	case notNode:
		return !m.holds(n.first)
	default:
		return n.count == 1
	}
}

// leaf evaluates a leaf once an event.
func (m *Matcher) leaf(n int32) bool {
	if k := m.known[n]; k>>1 == m.epoch {
		return k&1 == 1
	}
	l := &m.set.leaves[n]
	if l.filed[kindOf(m.action)] {
		return false // the index would have found its literal
	}
	_, holds := l.find(m.ev)
	m.learn(n, holds)
	return holds
}

func (m *Matcher) learn(leaf int32, holds bool) {
	m.known[leaf] = m.epoch << 1
	if holds {
		m.known[leaf]++
	}
}
