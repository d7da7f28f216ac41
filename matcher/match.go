package matcher

import "github.com/regtrap/regtrap/schemas"

// Matcher matches events, one at a time, against the Set that made it. It is
// for one goroutine.
type Matcher struct {
	set *Set
	ev  values // the event at hand
	// epoch numbers the events. What carries another number is of an earlier
	// event, so nothing is cleared between events.
	epoch uint32
	known []uint32 // by leaf: epoch<<1, plus 1 when the leaf holds
}

// NewMatcher returns the scratch memory of one goroutine.
func (s *Set) NewMatcher() *Matcher {
	return &Matcher{set: s, known: make([]uint32, len(s.leaves))}
}

// Match appends the rules whose condition holds on ev, in rule order. It
// allocates nothing unless dst must grow.
func (m *Matcher) Match(dst []int32, ev *schemas.Event) []int32 {
	return m.match(dst, ev.Action, ev)
}

func (m *Matcher) match(dst []int32, action schemas.Action, ev values) []int32 {
	m.begin(ev)
	for _, r := range m.set.always {
		if m.set.rules[r].Actions.Has(action) && m.holds(m.set.roots[r]) {
			dst = append(dst, r)
		}
	}
	m.ev = nil
	return dst
}

func (m *Matcher) begin(ev values) {
	m.ev = ev
	if m.epoch++; m.epoch == 1<<31 {
		clear(m.known)
		m.epoch = 1
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
func (m *Matcher) leaf(l int32) bool {
	if k := m.known[l]; k>>1 == m.epoch {
		return k&1 == 1
	}
	_, ok := m.set.leaves[l].find(m.ev)
	m.known[l] = m.epoch << 1
	if ok {
		m.known[l]++
	}
	return ok
}
