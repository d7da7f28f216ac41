package matcher

import (
	"encoding/binary"
	"math/bits"
	"unsafe"

	"github.com/regtrap/regtrap/schemas"
)

// scan takes the texts of a field through its automaton. Spellings of a path
// differ in a few segments, so of every text but the first only that part is
// gone through in which it differs from the first:
//
//	first    hklm\system\currentcontrolset\services\x
//	other    hklm\system\controlset001\services\x
//	         ╰─ known ──╯╰───────────────╯╰ known ─╯
//
// The beginning has been seen. In the end that both have, once the automaton is
// in the state in which it was at the same place of the first text, it finds what
// it found there, as long as nothing that it has in hand goes back to the text's
// beginning.
func (m *Matcher) scan(x *index, vs []schemas.Value) {
	if len(vs) == 0 {
		return
	}
	a := &x.automaton
	first := &vs[0]
	base := first.Folded
	if len(m.trail) < len(base)+1 {
		m.trail = make([]uint32, 2*len(base)+64)
	}
	trail := m.trail[:len(base)+1]
	m.walk(x, first, trail)
	// What the first text hides from parts of its patterns the others may show.
	hidden := first.Whole || first.Opaque
	for k := 1; k < len(vs); k++ {
		v := &vs[k]
		text := v.Folded
		i, tail := 0, len(text)+1
		if !hidden {
			i = commonPrefix(base, text)
			tail = len(text) - commonSuffix(base[i:], text[i:])
		}
		s := trail[i]
		if i == len(text) {
			m.report(x, s, v, i)
		}
		back := len(base) - len(text)
		for ; i < len(text); i++ {
			if i >= tail && s == trail[i+back] && int(a.links[s].depth) < i {
				break
			}
			s = a.step(s, text[i])
			if s >= reports {
				s &^= reports
				m.report(x, s, v, i+1)
			}
		}
	}
}

// walk takes v through the automaton and writes its states to the trail: trail[i]
// is the state before byte i.
//
// A step waits for the one before it, and for little else. So both halves of the
// text go through at once, the second as if it were a text of its own; then the
// first goes on into the second until its state is the one found there. From there
// on all is known.
func (m *Matcher) walk(x *index, v *schemas.Value, trail []uint32) {
	a := &x.automaton
	text := v.Folded
	half := len(text) / 2
	left, right := text[:half], text[half:]
	ltrail, rtrail := trail[1:half+1], trail[half+1:]
	trail[0] = 0
	s, t := uint32(0), uint32(0)
	rows, shift := a.rows, a.shift&31 // step, written out: the innermost loop of all
	if len(right) > half {
		t = a.step(0, right[0])
		rtrail[0] = t &^ reports
		if t >= reports {
			t &^= reports
			m.report(x, t, v, half+1)
		}
		right, rtrail = right[1:], rtrail[1:]
	}
	right, rtrail = right[:len(left)], rtrail[:len(left)]
	for i := range len(left) {
		if s < a.nrows {
			s = rows[s<<shift|uint32(a.class[left[i]])]
		} else {
			s = a.deepStep(s, left[i])
		}
		if t < a.nrows {
			t = rows[t<<shift|uint32(a.class[right[i]])]
		} else {
			t = a.deepStep(t, right[i])
		}
		if (s|t) >= reports {
			if s >= reports {
				s &^= reports
				m.report(x, s, v, i+1)
			}
			if t >= reports {
				t &^= reports
				m.report(x, t, v, len(text)-len(right)+i+1)
			}
		}
		ltrail[i], rtrail[i] = s, t
	}
	for i, t := half, uint32(0); i < len(text) && s != t; i++ {
		s = a.step(s, text[i])
		if s >= reports {
			s &^= reports
			m.report(x, s, v, i+1)
		}
		t, trail[i+1] = trail[i+1], s
	}
}

// report takes what ends at end in v, where the automaton is in the state s.
func (m *Matcher) report(x *index, s uint32, v *schemas.Value, end int) {
	for o := x.automaton.links[s].report; o != 0; o = x.automaton.output[o].next {
		m.found(x, o, v, end)
	}
}

// commonPrefix returns how many bytes at the beginning of both are the same.
func commonPrefix(a, b string) int {
	n := min(len(a), len(b))
	i := 0
	for ; i+8 <= n; i += 8 {
		if d := word(a, i) ^ word(b, i); d != 0 {
			return i + bits.TrailingZeros64(d)>>3
		}
	}
	for i < n && a[i] == b[i] {
		i++
	}
	return i
}

// commonSuffix returns how many bytes at the end of both are the same.
func commonSuffix(a, b string) int {
	n := min(len(a), len(b))
	i := 0
	for ; i+8 <= n; i += 8 {
		if d := word(a, len(a)-i-8) ^ word(b, len(b)-i-8); d != 0 {
			return i + bits.LeadingZeros64(d)>>3
		}
	}
	for i < n && a[len(a)-1-i] == b[len(b)-1-i] {
		i++
	}
	return i
}

// word returns the eight bytes of s at i.
func word(s string, i int) uint64 {
	return binary.LittleEndian.Uint64(unsafe.Slice(unsafe.StringData(s), len(s))[i:])
}
