package matcher

import (
	"strings"
	"unicode/utf8"

	"github.com/gobwas/glob"
)

// globBytes is the longest text, in bytes, that is given to glob. Glob takes
// more than linear time where a pattern has several stars, and texts are an
// attacker's; longer ones are compared piece by piece.
const globBytes = 512

// A wildcard is one alternative of a Match leaf, ready to compare. Its
// literals are valid UTF-8 and, unless the leaf is cased, folded.
//
// A literal of valid UTF-8 begins and ends between code points of any text
// that it occurs in, also when other bytes of that text are invalid; so bytes
// can be compared, and the leftmost place of a piece is always good enough.
type wildcard struct {
	pieces []piece       // between the stars; the first and the last are anchored
	pure   bool          // no wildcard: one piece, one run
	glob   *glob.Pattern // nil unless the pattern has AnyChar
}

// A piece is what stands between two stars: it has a fixed number of code points.
type piece []run

// A run is a number of any characters and the literal after them.
type run struct {
	any     int
	literal string
}

// compileWildcard compiles a pattern whose literals are folded as needed.
func compileWildcard(p Pattern) (wildcard, error) {
	w := wildcard{pieces: make([]piece, 1, 3)}
	_, w.pure = p.pure()
	anyChar := false
	for _, t := range p.tokens {
		last := &w.pieces[len(w.pieces)-1]
		switch t.Kind {
		case Star:
			w.pieces = append(w.pieces, nil)
		case AnyChar:
			anyChar = true
			if n := len(*last); n > 0 && (*last)[n-1].literal == "" {
				(*last)[n-1].any++
			} else {
				*last = append(*last, run{any: 1})
			}
		default:
			if n := len(*last); n > 0 {
				(*last)[n-1].literal = t.Literal
			} else {
				*last = append(*last, run{literal: t.Literal})
			}
		}
	}
	if !anyChar {
		return w, nil
	}
	var err error
	w.glob, err = glob.Compile(globText(p))
	return w, err
}

// globText writes a pattern as glob reads it.
func globText(p Pattern) string {
	var b strings.Builder
	for _, t := range p.tokens {
		switch t.Kind {
		case Star:
			b.WriteByte('*')
		case AnyChar:
			b.WriteByte('?')
		default:
			b.WriteString(glob.QuoteMeta(t.Literal))
		}
	}
	return b.String()
}

// matches reports whether the pattern matches the whole text.
func (w *wildcard) matches(text string) bool {
	if w.glob != nil && len(text) <= globBytes && utf8.ValidString(text) {
		return w.glob.Match(text)
	}
	return w.matchPieces(text)
}

// matchPieces anchors the first and the last piece and finds the others from
// left to right: its time is the text's length times the longest piece.
func (w *wildcard) matchPieces(text string) bool {
	n := len(w.pieces)
	end, ok := w.pieces[0].prefix(text)
	if !ok {
		return false
	}
	text = text[end:]
	if n == 1 {
		return text == ""
	}
	start, ok := w.pieces[n-1].suffix(text)
	if !ok {
		return false
	}
	text = text[:start]
	for _, p := range w.pieces[1 : n-1] {
		end, ok := p.find(text)
		if !ok {
			return false
		}
		text = text[end:]
	}
	return true
}

// prefix reports where the piece ends in text when text begins with it.
func (p piece) prefix(text string) (end int, ok bool) {
	for _, r := range p {
		for range r.any {
			if end == len(text) {
				return 0, false
			}
			_, size := utf8.DecodeRuneInString(text[end:])
			end += size
		}
		if !strings.HasPrefix(text[end:], r.literal) {
			return 0, false
		}
		end += len(r.literal)
	}
	return end, true
}

// suffix reports where the piece begins in text when text ends with it.
func (p piece) suffix(text string) (start int, ok bool) {
	start = len(text)
	for i := len(p) - 1; i >= 0; i-- {
		if !strings.HasSuffix(text[:start], p[i].literal) {
			return 0, false
		}
		start -= len(p[i].literal)
		if start, ok = back(text, start, p[i].any); !ok {
			return 0, false
		}
	}
	return start, true
}

// find reports where the leftmost place of the piece in text ends.
func (p piece) find(text string) (end int, ok bool) {
	if len(p) == 1 && p[0].any == 0 {
		at := strings.Index(text, p[0].literal)
		return at + len(p[0].literal), at >= 0
	}
	for from := 0; ; {
		at := strings.Index(text[from:], p[0].literal)
		if at < 0 {
			return 0, false
		}
		at += from
		if start, ok := back(text, at, p[0].any); ok {
			if end, ok := p.prefix(text[start:]); ok {
				return start + end, true
			}
		}
		if at == len(text) {
			return 0, false
		}
		_, size := utf8.DecodeRuneInString(text[at:])
		from = at + size
	}
}

// back goes n code points back from at.
func back(text string, at, n int) (int, bool) {
	for range n {
		if at == 0 {
			return 0, false
		}
		_, size := utf8.DecodeLastRuneInString(text[:at])
		at -= size
	}
	return at, true
}
