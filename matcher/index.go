package matcher

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/regtrap/regtrap/registry"
	"github.com/regtrap/regtrap/schemas"
)

// An index is what one field's covers need: an automaton of their literals
// and, by literal, the leaves that are filed under it.
//
//	text ─▶ automaton ─▶ output ─▶ shelf ─┬─ infix   *\run\*            decided by the output alone
//	                                      ├─ prefix  hklm\*             decided where it begins at 0
//	                                      ├─ suffix  *\imagepath        decided where it ends the text
//	                                      └─ whole   0x00000001         decided where it is the text
//
// Patterns of several literals, with ? or compared with case are filed under
// one literal in the same way, which is necessary but not sufficient, and
// verified when it is found. Only leaves of covers are filed.
type index struct {
	field     schemas.Field
	automaton automaton
	shelves   []shelf // by output
	entries   []entry
	first     int // of its outputs' numbers within the set
	number    int // within the set
}

// place is where in a text a literal must be found.
type place uint8

const (
	infix place = iota
	prefix
	suffix
	whole
	places
)

// A shelf is the entries of one literal, by place: those of place p are
// entries[ends[p]:ends[p+1]].
type shelf struct{ ends [places + 1]uint32 }

// An entry is a leaf filed under a literal; verify is set when the literal's
// place does not decide it.
type entry struct {
	leaf   int32
	verify bool
}

// of returns the entries of an output at a place.
func (x *index) of(output uint32, p place) []entry {
	ends := &x.shelves[output].ends
	return x.entries[ends[p]:ends[p+1]]
}

// filing collects the entries of one field before its automaton is built.
type filing map[string]*[places][]entry

// add files every alternative of a leaf.
func (f filing) add(number int32, l *leaf) {
	for i := range l.alternatives {
		w := &l.alternatives[i]
		p, r := w.best()
		run := w.pieces[p][r]
		literal := run.literal
		if l.cased {
			literal = registry.Fold(literal) // what the event's folded texts hold
		}
		at := infix
		if p == 0 && r == 0 && run.any == 0 {
			at |= prefix
		}
		if p == len(w.pieces)-1 && r == len(w.pieces[p])-1 {
			at |= suffix
		}
		e := entry{leaf: number, verify: l.cased || !w.single()}
		if from, to := window(literal); to-from < len(literal) && (at != whole || l.field.IsPath()) {
			if from > 0 {
				at &^= prefix
			}
			if to < len(literal) {
				at &^= suffix
			}
			literal, e.verify = literal[from:to], true
		}
		if f[literal] == nil {
			f[literal] = new([places][]entry)
		}
		f[literal][at] = append(f[literal][at], e)
	}
}

// window returns the part of a literal that is looked for: most often the literal
// itself. A long one would lead the automaton deep into states that are far apart
// in memory, along beginnings that most texts have; of it only the part that tells
// most is filed, and the rest is verified.
func window(literal string) (from, to int) {
	const size = 16
	if len(literal) <= size {
		return 0, len(literal)
	}
	telling := append(make([]int, 0, 256), 0) // bytes before i that are in a rare segment, or behind it
	n := 0
	for segment := range strings.SplitSeq(literal, `\`) {
		rare := 1
		if isCommon(segment) {
			rare = 0
		}
		for range len(segment) {
			n += rare
			telling = append(telling, n)
		}
		n += rare
		telling = append(telling, n) // the separator; the last is beyond the end
	}
	for i := range len(literal) - size + 1 {
		if telling[i+size]-telling[i] >= telling[from+size]-telling[from] {
			from = i
		}
	}
	return from, from + size
}

// index builds the index of a field, the set's index number; first numbers its
// first output; rows limits the rows of the automaton.
func (f filing) index(field schemas.Field, number, first, rows int) index {
	literals := slices.Sorted(maps.Keys(f))
	x := index{field: field, number: number, automaton: newAutomaton(literals, rows), shelves: make([]shelf, len(literals)+1), first: first}
	for i, l := range literals {
		s := &x.shelves[i+1]
		for p, entries := range f[l] {
			s.ends[p] = uint32(len(x.entries))
			x.entries = append(x.entries, entries...)
		}
		s.ends[places] = uint32(len(x.entries))
	}
	x.entries = slices.Clip(x.entries)
	return x
}

// single reports whether the pattern is one literal with a star before it,
// behind it, on both sides or on none.
func (w *wildcard) single() bool {
	literals := 0
	for _, p := range w.pieces {
		for _, r := range p {
			if r.any > 0 {
				return false
			}
			literals++
		}
	}
	return literals == 1
}

// String lists the automaton of each indexed field and what is filed under
// each literal: the structure, to be read by people and tests.
func (s *Set) String() string {
	var b strings.Builder
	for k, title := range [kinds]string{"values set", "other actions"} {
		fmt.Fprintf(&b, "%s:\n%s", title, indexesText(s, s.indexes[k]))
	}
	fmt.Fprintf(&b, "always: %v\n", s.always)
	return b.String()
}

func indexesText(s *Set, indexes []index) string {
	var b strings.Builder
	for i := range indexes {
		x := &indexes[i]
		fmt.Fprintf(&b, "%v: %d states\n%v", x.field, x.automaton.states(), &x.automaton)
		for o := 1; o < len(x.shelves); o++ {
			for p, name := range [places]string{"infix", "prefix", "suffix", "whole"} {
				for _, e := range x.of(uint32(o), place(p)) {
					verify := ""
					if e.verify {
						verify = " verify"
					}
					fmt.Fprintf(&b, "  literal %d %s%s %v rules %v\n", o, name, verify, s.leaves[e.leaf].test, s.leaves[e.leaf].covered)
				}
			}
		}
	}
	return b.String()
}
