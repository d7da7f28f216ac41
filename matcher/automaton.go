package matcher

import (
	"fmt"
	"math/bits"
	"slices"
	"strings"
)

// An automaton finds all its literals in a text in one pass: a trie completed
// with failure links (Aho and Corasick, 1975). For he, she and hers:
//
//	0 ─h─▶ 1 ─e─▶ 3* ─r─▶ 5 ─s─▶ 7*      fail 4 = 1, 6 = 3, 7 = 2, else 0
//	└─s─▶ 2 ─h─▶ 4 ─e─▶ 6*               report 3 = he; 6 = she, then he; 7 = hers
//
// States are numbered level by level, so the children of a state are
// neighbours, and a state costs 17 bytes: the byte that leads into it and
// four numbers. The states near the root, where a text spends nearly all its
// time, have a row of all transitions besides, failures followed; a deeper
// state looks among its children, mostly one, and falls back along its failure
// links until a child or a row answers. Bytes that no literal holds lead where
// any other such byte leads: a row has a column a class of bytes, not 256.
//
// An automaton is immutable.
type automaton struct {
	in     []byte  // the byte on the edge into a state
	links  []links // by state, and one more that ends the last state's children
	class  [256]uint8
	shift  uint8    // a row has 1<<shift columns
	rows   []uint32 // of the first states: the root at least
	nrows  uint32
	output []output // by report; output[0] is none
}

// reports marks, in what step returns, a state in which a literal ends, so that
// links need not be asked at every byte.
const reports = 1 << 31

// links are the numbers of a state. Its children are the states child up to
// the next state's child.
type links struct {
	child  uint32
	fail   uint32 // the longest proper suffix that is a state
	report uint32 // what ends here: the first of a chain of outputs
	depth  uint32 // length of the text that leads here from the root
}

// An output is a literal that ends at a state.
type output struct {
	length int
	next   uint32 // a shorter literal that ends here too
}

// maxRows bounds the transitions in rows, so that they stay in a core's
// second-level cache: 256 KiB.
const maxRows = 1 << 16

// newAutomaton builds the automaton of sorted, distinct literals that are not
// empty. The output of literals[i] is i+1.
func newAutomaton(literals []string) automaton {
	// A state is the range of the literals that begin with its text.
	type span struct{ lo, hi, depth int }
	spans := []span{{0, len(literals), 0}}
	a := automaton{in: []byte{0}, links: []links{{}}, output: make([]output, len(literals)+1)}
	for s := 0; s < len(spans); s++ {
		at := spans[s]
		a.links[s].child = uint32(len(spans))
		lo := at.lo
		if lo < at.hi && len(literals[lo]) == at.depth && at.depth > 0 {
			lo++ // the state's own literal sorts first
		}
		for lo < at.hi {
			b := literals[lo][at.depth]
			hi := lo + 1
			for hi < at.hi && literals[hi][at.depth] == b {
				hi++
			}
			spans = append(spans, span{lo, hi, at.depth + 1})
			a.in = append(a.in, b)
			c := links{depth: uint32(at.depth + 1)}
			if s > 0 {
				c.fail = a.stepSlow(a.links[s].fail, b)
			}
			c.report = a.links[c.fail].report
			if len(literals[lo]) == at.depth+1 {
				a.output[lo+1] = output{length: at.depth + 1, next: c.report}
				c.report = uint32(lo + 1)
			}
			a.links = append(a.links, c)
			lo = hi
		}
	}
	a.links = append(a.links, links{child: uint32(len(spans))})

	a.in, a.links = slices.Clip(a.in), slices.Clip(a.links)
	a.fillRows(maxRows)
	return a
}

// fillRows classes the bytes and makes rows of at most limit transitions.
func (a *automaton) fillRows(limit int) {
	a.class = [256]uint8{}
	classes := 1 // 0: in no literal
	for _, b := range a.in[1:] {
		if a.class[b] == 0 && classes < 256 {
			a.class[b] = uint8(classes)
			classes++
		}
	}
	if classes == 256 { // one more would be needed, were all bytes in literals
		for b := range a.class {
			a.class[b] = uint8(b)
		}
	}
	a.shift = uint8(bits.Len(uint(classes - 1)))
	a.nrows = uint32(min(len(a.in), max(limit>>a.shift, 1)))
	a.rows = make([]uint32, a.nrows<<a.shift)
	for s := range a.nrows {
		row := a.rows[s<<a.shift : (s+1)<<a.shift]
		if s > 0 {
			fail := a.links[s].fail // nearer to the root, so its row is complete
			copy(row, a.rows[fail<<a.shift:(fail+1)<<a.shift])
		}
		for c := a.links[s].child; c < a.links[s+1].child; c++ {
			row[a.class[a.in[c]]] = a.marked(c)
		}
	}
}

// marked returns the state s with the mark of one that reports.
func (a *automaton) marked(s uint32) uint32 {
	if a.links[s].report != 0 {
		return s | reports
	}
	return s
}

// stepSlow is step without rows, for states whose children are all there.
func (a *automaton) stepSlow(s uint32, b byte) uint32 {
	for {
		for c := a.links[s].child; c < a.links[s+1].child; c++ {
			if a.in[c] == b {
				return c
			}
		}
		if s == 0 {
			return 0
		}
		s = a.links[s].fail
	}
}

// step returns the state after b, with the mark reports where it does.
func (a *automaton) step(s uint32, b byte) uint32 {
	if s < a.nrows {
		return a.rows[s<<a.shift|uint32(a.class[b])]
	}
	return a.deepStep(s, b)
}

func (a *automaton) deepStep(s uint32, b byte) uint32 {
	for s >= a.nrows {
		for c := a.links[s].child; c < a.links[s+1].child; c++ {
			if a.in[c] == b {
				return a.marked(c)
			}
		}
		s = a.links[s].fail
	}
	return a.rows[s<<a.shift|uint32(a.class[b])]
}

// states returns the number of states.
func (a *automaton) states() int { return len(a.in) }

// String draws the trie, a state a line, with its failure link unless that is
// the root and the literals that end there.
func (a *automaton) String() string {
	var b strings.Builder
	a.draw(&b, 0, "")
	return b.String()
}

func (a *automaton) draw(b *strings.Builder, s uint32, text string) {
	fmt.Fprintf(b, "%s%d %q", strings.Repeat("  ", len(text)), s, text)
	if f := a.links[s].fail; f != 0 {
		fmt.Fprintf(b, " fail %d", f)
	}
	for r := a.links[s].report; r != 0; r = a.output[r].next {
		fmt.Fprintf(b, " = %q", text[len(text)-a.output[r].length:])
	}
	b.WriteByte('\n')
	for c := a.links[s].child; c < a.links[s+1].child; c++ {
		a.draw(b, c, text+string(a.in[c:c+1]))
	}
}
