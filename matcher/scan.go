package matcher

import (
	"encoding/binary"
	"math/bits"
	"unsafe"

	"github.com/regtrap/regtrap/schemas"
)

// A passage is the way of a text through an automaton.
type passage struct {
	text  []byte
	trail []step // trail[i] is the step before byte i, without the mark reports
	found []find
}

// find is a step behind which literals end, and where in the text.
type find struct {
	step step
	end  int
}

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
	p := &m.passages[x.number]
	m.walk(x, first, p)
	trail := p.trail[:len(base)+1]
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
			if i >= tail && s == trail[i+back] && int(a.links[a.state(s)].depth) < i {
				break
			}
			if s = a.next(s, text[i]); s&reports != 0 {
				s &^= reports
				m.report(x, s, v, i+1)
			}
		}
	}
}

// walk takes v through the automaton. p is the passage of an earlier event's text,
// and becomes v's: events that follow each other are alike, and what v begins with
// as that text did is not gone through again.
//
// A step waits for the one before it, and for little else. So both halves of the
// rest go through at once, the second as if it were a text of its own; then the
// first goes on into the second until its state is the one found there. From there
// on all is known.
func (m *Matcher) walk(x *index, v *schemas.Value, p *passage) {
	a := &x.automaton
	text := v.Folded
	from := commonPrefix(unsafe.String(unsafe.SliceData(p.text), len(p.text)), text)
	p.text = append(p.text[:from], text[from:]...)
	if len(p.trail) < len(text)+1 {
		p.trail = append(p.trail, make([]step, 2*len(text)+64)...)
	}
	earlier := p.found
	p.found = p.found[:0]
	for _, f := range earlier {
		if f.end <= from {
			m.note(x, v, p, f.step, f.end)
		}
	}

	trail := p.trail[:len(text)+1]
	half := from + (len(text)-from)/2
	rows := a.rows
	i, j := from, half
	s, t := trail[from], step(0)
	if s >= deep {
		s, i = m.marked(x, v, p, s, i, half)
	}
	for i < half && j < len(text) {
		n := min(half-i, len(text)-j)
		left, right := text[i:i+n], text[j:j+n]
		ltrail, rtrail := trail[i+1:][:n], trail[j+1:][:n]
		k := 0
		for k < n { // the innermost loop of all
			s = rows[s+step(a.class[left[k]])]
			t = rows[t+step(a.class[right[k]])]
			ltrail[k], rtrail[k] = s, t
			k++
			if s|t >= reports {
				break
			}
		}
		i, j = i+k, j+k
		if s >= reports {
			s, i = m.marked(x, v, p, s, i, half)
		}
		if t >= reports {
			t, j = m.marked(x, v, p, t, j, len(text))
		}
	}
	s = m.run(x, v, p, s, i, half)
	m.run(x, v, p, t, j, len(text))
	for i, t = half, 0; i < len(text) && s != t; i++ {
		if s = a.next(s, text[i]); s&reports != 0 {
			s &^= reports
			m.note(x, v, p, s, i+1)
		}
		t, trail[i+1] = trail[i+1], s
	}
}

// run goes on with the step s before byte i of v up to byte end.
func (m *Matcher) run(x *index, v *schemas.Value, p *passage, s step, i, end int) step {
	a := &x.automaton
	for i < end {
		s = a.rows[s+step(a.class[v.Folded[i]])]
		i++
		if p.trail[i] = s; s >= reports {
			s, i = m.marked(x, v, p, s, i, end)
		}
	}
	return s
}

// marked goes on with a marked step before byte i of v, until one that leads to a
// row, or byte end.
func (m *Matcher) marked(x *index, v *schemas.Value, p *passage, s step, i, end int) (step, int) {
	for {
		if s&reports != 0 {
			s &^= reports
			m.note(x, v, p, s, i)
		}
		p.trail[i] = s
		if s < deep || i == end {
			return s, i
		}
		s = x.automaton.deepStep(s, v.Folded[i])
		i++
	}
}

// note is report, for a passage.
func (m *Matcher) note(x *index, v *schemas.Value, p *passage, s step, end int) {
	p.found = append(p.found, find{s, end})
	m.report(x, s, v, end)
}

// report takes what ends at end in v, where the step s leads. Where a literal was
// seen within a text, the shorter ones that end with it were seen too: so literals
// within each other, on a text that repeats them, are gone through once.
func (m *Matcher) report(x *index, s step, v *schemas.Value, end int) {
	for o := x.automaton.links[x.automaton.state(s)].report; o != 0; o = x.automaton.output[o].next {
		if m.seen[x.first+int(o)] == m.epoch && x.automaton.output[o].length < end && end < len(v.Folded) {
			return
		}
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
