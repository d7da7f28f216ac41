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
// The states through which many literals go, where a text spends nearly all its
// time, have a row of all transitions besides, failures followed; they come first.
// The others, mostly with one child, look among their children, which are
// neighbours, and fall back along their failure links until a child or a row
// answers. Bytes that no literal holds lead where any other such byte leads: a row
// has a column a class of bytes, not 256.
//
// An automaton is immutable.
type automaton struct {
	in     []uint16 // the byte on the edge into a state, and ends
	links  []links  // by state
	class  [256]uint8
	shift  uint8  // a row has 1<<shift columns
	rows   []step // of the first states: the root at least
	nrows  uint32
	output []output // by report; output[0] is none
}

// A step is what a transition leads to: where the row of a state begins or, with
// the mark deep, the number of a state without one. The mark reports says that a
// literal ends there. So the next transition of most is one addition away, and one
// comparison tells the others.
type step uint32

const (
	reports step = 1 << 30
	deep    step = 1 << 31
	marks        = reports | deep
)

// ends is the mark reports in automaton.in.
const ends = 1 << 8

// links are the numbers of a state. Its children are the states from child to
// end, which is child when the state has a row.
type links struct {
	child, end uint32
	fail       uint32 // the longest proper suffix that is a state
	report     uint32 // what ends here: the first of a chain of outputs
	depth      uint32 // length of the text that leads here from the root
}

// An output is a literal that ends at a state.
type output struct {
	length int
	next   uint32 // a shorter literal that ends here too
}

// maxRows bounds the transitions in rows: 8 MiB. The rules that are public today
// need a fifth of it; with ten thousand, texts still spend their time in few rows.
const maxRows = 1 << 21

// newAutomaton builds the automaton of sorted, distinct literals that are not
// empty. The output of literals[i] is i+1. The rows have at most limit
// transitions, but for the root's.
func newAutomaton(literals []string, limit int) automaton {
	// A state is the range of the literals that begin with its text. The trie
	// is built level by level.
	type span struct{ lo, hi, depth int32 }
	states := countStates(literals)
	spans := make([]span, 1, states)
	spans[0].hi = int32(len(literals))
	t := automaton{in: make([]uint16, 1, states), links: make([]links, 1, states), output: make([]output, len(literals)+1)}
	for s := 0; s < len(spans); s++ {
		at := spans[s]
		t.links[s].child = uint32(len(spans))
		lo := at.lo
		if lo < at.hi && len(literals[lo]) == int(at.depth) && at.depth > 0 {
			lo++ // the state's own literal sorts first
		}
		for lo < at.hi {
			b := literals[lo][at.depth]
			hi := lo + 1
			for hi < at.hi && literals[hi][at.depth] == b {
				hi++
			}
			spans = append(spans, span{lo, hi, at.depth + 1})
			c := links{depth: uint32(at.depth + 1)}
			if s > 0 {
				c.fail = t.stepSlow(t.links[s].fail, b)
			}
			in := uint16(b)
			c.report = t.links[c.fail].report
			if len(literals[lo]) == int(at.depth)+1 {
				t.output[lo+1] = output{length: int(at.depth) + 1, next: c.report}
				c.report = uint32(lo + 1)
			}
			if c.report != 0 {
				in |= ends
			}
			t.in, t.links = append(t.in, in), append(t.links, c)
			t.links[s].end = uint32(len(spans))
			lo = hi
		}
		t.links[s].end = uint32(len(spans))
	}

	// The states with rows come first, in the order of the others: a state goes
	// before its children, and the children of a state stay together, as none of
	// one without a row has one.
	t.classes()
	order := make([]uint32, len(spans)) // new numbers to old ones
	for s := range order {
		order[s] = uint32(s)
	}
	slices.SortStableFunc(order, func(a, b uint32) int {
		return int((spans[b].hi - spans[b].lo) - (spans[a].hi - spans[a].lo))
	})
	t.nrows = uint32(min(len(order), max(limit>>t.shift, 1)))
	slices.Sort(order[:t.nrows])
	slices.Sort(order[t.nrows:])
	number := make([]uint32, len(order))
	for s, old := range order {
		number[old] = uint32(s)
	}
	a := t
	a.in, a.links = make([]uint16, len(order)), make([]links, len(order))
	for s, old := range order {
		l := t.links[old]
		l.fail = number[l.fail]
		if l.child == l.end || s < int(a.nrows) {
			l.child, l.end = 0, 0
		} else {
			l.child, l.end = number[l.child], number[l.end-1]+1
		}
		a.in[s], a.links[s] = t.in[old], l
	}
	a.rows = make([]step, a.nrows<<a.shift)
	for s := range a.nrows {
		row := a.rows[s<<a.shift : (s+1)<<a.shift]
		old := t.links[order[s]]
		// What its failure link says is nearer to the root, so its row is complete.
		switch fail := a.links[s].fail; {
		case s == 0:
		case fail < a.nrows:
			copy(row, a.rows[fail<<a.shift:])
		default:
			for b, class := range a.class {
				row[class] = a.next(a.stepTo(fail), byte(b))
			}
		}
		for c := old.child; c < old.end; c++ {
			row[a.class[byte(t.in[c])]] = a.stepTo(number[c])
		}
	}
	return a
}

// countStates returns the number of states that sorted, distinct literals need:
// of each, beside the root, what the one before it does not begin with too.
func countStates(literals []string) int {
	n, before := 1, ""
	for _, l := range literals {
		n += len(l) - commonPrefix(before, l)
		before = l
	}
	return n
}

// classes classes the bytes.
func (a *automaton) classes() {
	classes := 1 // 0: in no literal
	for _, in := range a.in[1:] {
		if b := byte(in); a.class[b] == 0 && classes < 256 {
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
}

// stepTo returns the step that leads to a state.
func (a *automaton) stepTo(state uint32) step {
	s := step(a.in[state]&ends) << 22
	if state < a.nrows {
		return s | step(state)<<a.shift
	}
	return s | step(state) | deep
}

// state returns the number of the state to which s leads.
func (a *automaton) state(s step) uint32 {
	if s&deep == 0 {
		return uint32(s&^marks) >> a.shift
	}
	return uint32(s &^ marks)
}

// stepSlow is next in the trie, for states whose children are all there.
func (a *automaton) stepSlow(s uint32, b byte) uint32 {
	for {
		for c := a.links[s].child; c < a.links[s].end; c++ {
			if byte(a.in[c]) == b {
				return c
			}
		}
		if s == 0 {
			return 0
		}
		s = a.links[s].fail
	}
}

// next returns the step after s on b.
func (a *automaton) next(s step, b byte) step {
	if s < deep {
		return a.rows[s&^reports+step(a.class[b])]
	}
	return a.deepStep(s, b)
}

func (a *automaton) deepStep(s step, b byte) step {
	state := uint32(s &^ marks)
	for {
		l := &a.links[state]
		for c := l.child; c < l.end; c++ {
			if byte(a.in[c]) == b {
				return a.stepTo(c)
			}
		}
		if state = l.fail; state < a.nrows {
			return a.rows[state<<a.shift|uint32(a.class[b])]
		}
	}
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
	for c := 0; c < 256; c++ {
		if to := a.state(a.next(a.stepTo(s), byte(c))); a.links[to].depth == a.links[s].depth+1 {
			a.draw(b, to, text+string([]byte{byte(c)}))
		}
	}
}
