package schemas

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/bits"
)

// scanner checks JSON text against the grammar of RFC 8259 and finds where
// values end. Three things are taken more leniently than the RFC has it, so that
// no event is lost for them: control bytes in strings, invalid UTF-8, and
// escapes that JSON does not know.
//
// Its methods take and return offsets into b; -1 says that the text is not
// JSON, and errAt and errWhat where and why.
type scanner struct {
	b        []byte
	maxDepth int

	errAt   int
	errWhat string // what would have been right
	tooDeep bool
}

func (s *scanner) fail(at int, what string) int {
	if s.errWhat == "" {
		s.errAt, s.errWhat = at, what
	}
	return -1
}

// detail describes the failure for a dead letter.
func (s *scanner) detail() string {
	if s.tooDeep {
		return fmt.Sprintf("offset %d: nested deeper than %d levels", s.errAt, s.maxDepth)
	}
	if s.errAt >= len(s.b) {
		return fmt.Sprintf("offset %d: the value ends where %s should be", s.errAt, s.errWhat)
	}
	return fmt.Sprintf("offset %d: found %q where %s should be", s.errAt, rune(s.b[s.errAt]), s.errWhat)
}

// space returns the offset of the first byte at or after i that is not white space.
func (s *scanner) space(i int) int {
	b := s.b
	for i < len(b) && b[i] <= ' ' && (b[i] == ' ' || b[i] == '\n' || b[i] == '\r' || b[i] == '\t') {
		i++
	}
	return i
}

const (
	ones      = 0x0101010101010101
	highs     = 0x8080808080808080
	quotes    = '"' * ones
	backslash = '\\' * ones
)

// special returns a word whose lowest set bit is the high bit of the first
// quote or backslash among the eight bytes of w; 0 when there is none.
func special(w uint64) uint64 {
	q, e := w^quotes, w^backslash
	return ((q-ones)&^q | (e-ones)&^e) & highs
}

// quote is special for quotes alone.
func quote(w uint64) uint64 {
	q := w ^ quotes
	return (q - ones) &^ q & highs
}

// stringEnd returns the offset of the quote that closes the string whose first
// byte is at i. Most strings are short: sixteen bytes are looked at by words
// before bytes.IndexByte is worth its call. A quote is the string's end unless
// an odd number of backslashes stands before it; what escapes say is looked at
// only where a text is wanted.
func (s *scanner) stringEnd(i int) int {
	b := s.b
	if i+16 <= len(b) {
		if m := quote(binary.LittleEndian.Uint64(b[i:])); m != 0 {
			i += bits.TrailingZeros64(m) >> 3
			if b[i-1] != '\\' {
				return i
			}
		} else if m := quote(binary.LittleEndian.Uint64(b[i+8:])); m != 0 {
			i += 8 + bits.TrailingZeros64(m)>>3
			if b[i-1] != '\\' {
				return i
			}
		} else {
			i += 16
		}
	}
	return s.longEnd(i)
}

// longEnd is stringEnd for what is longer or holds an escape; the opening quote
// is somewhere before i.
func (s *scanner) longEnd(i int) int {
	b := s.b
	for {
		q := bytes.IndexByte(b[i:], '"')
		if q < 0 {
			return s.fail(len(b), `'"' at the end of a string`)
		}
		i += q
		n := i
		for b[n-1] == '\\' {
			n--
		}
		if (i-n)%2 == 0 {
			return i
		}
		i++
	}
}

// keyEnd is stringEnd for a key, and says whether the key holds escapes.
func (s *scanner) keyEnd(i int) (end int, escaped bool) {
	b := s.b
	from := i
	for n := 0; n < 4 && i+8 <= len(b); n++ {
		if m := special(binary.LittleEndian.Uint64(b[i:])); m != 0 {
			i += bits.TrailingZeros64(m) >> 3
			if b[i] == '"' {
				return i, false
			}
			return s.longEnd(i), true
		}
		i += 8
	}
	end = s.longEnd(i)
	return end, end >= 0 && bytes.IndexByte(b[from:end], '\\') >= 0
}

// hexDigit maps a hexadecimal digit to its value and any other byte to 255. Read only.
var hexDigit = func() (t [256]uint8) {
	for i := range t {
		t[i] = 255
	}
	for i := range 10 {
		t['0'+i] = uint8(i)
	}
	for i := range 6 {
		t['a'+i], t['A'+i] = uint8(10+i), uint8(10+i)
	}
	return t
}()

// number returns the offset behind the number that begins at i.
func (s *scanner) number(i int) int {
	b := s.b
	digits := func(i int) int {
		from := i
		for i < len(b) && b[i]-'0' <= 9 {
			i++
		}
		if i == from {
			return s.fail(i, "a digit")
		}
		return i
	}
	if b[i] == '-' {
		i++
	}
	if i < len(b) && b[i] == '0' {
		i++
	} else if i = digits(i); i < 0 {
		return -1
	}
	if i < len(b) && b[i] == '.' {
		if i = digits(i + 1); i < 0 {
			return -1
		}
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		if i = digits(i); i < 0 {
			return -1
		}
	}
	return i
}

func (s *scanner) literal(i int, word string) int {
	if len(s.b)-i < len(word) || string(s.b[i:i+len(word)]) != word {
		return s.fail(i, "a value")
	}
	return i + len(word)
}

// skip returns the offset behind the value that begins at i, which is no white
// space. depth counts the objects and arrays around it.
func (s *scanner) skip(i, depth int) int {
	if i >= len(s.b) {
		return s.fail(i, "a value")
	}
	switch s.b[i] {
	case '"':
		if i = s.stringEnd(i + 1); i < 0 {
			return -1
		}
		return i + 1
	case '{':
		return s.skipObject(i, depth)
	case '[':
		return s.skipArray(i, depth)
	case 't':
		return s.literal(i, "true")
	case 'f':
		return s.literal(i, "false")
	case 'n':
		return s.literal(i, "null")
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		return s.number(i)
	}
	return s.fail(i, "a value")
}

// deeper reports whether one more level may open at i.
func (s *scanner) deeper(i, depth int) bool {
	if depth < s.maxDepth {
		return true
	}
	s.tooDeep = true
	s.fail(i, "a shallower value")
	return false
}

func (s *scanner) skipObject(i, depth int) int {
	if !s.deeper(i, depth) {
		return -1
	}
	i = s.space(i + 1)
	if i < len(s.b) && s.b[i] == '}' {
		return i + 1
	}
	for {
		_, _, v := s.key(i)
		if v < 0 {
			return -1
		}
		if i = s.skip(v, depth+1); i < 0 {
			return -1
		}
		more := false
		if i, more = s.next(i, '}', "',' or '}'"); !more {
			return i
		}
	}
}

func (s *scanner) skipArray(i, depth int) int {
	if !s.deeper(i, depth) {
		return -1
	}
	i = s.space(i + 1)
	if i < len(s.b) && s.b[i] == ']' {
		return i + 1
	}
	for {
		if i = s.skip(i, depth+1); i < 0 {
			return -1
		}
		more := false
		if i, more = s.next(i, ']', "',' or ']'"); !more {
			return i
		}
	}
}

// key reads the key at i and the colon behind it. The key is b[i+1:end]; value
// is the offset of its value, -1 on failure.
func (s *scanner) key(i int) (end int, escaped bool, value int) {
	if i >= len(s.b) || s.b[i] != '"' {
		return 0, false, s.fail(i, "a key")
	}
	end, escaped = s.keyEnd(i + 1)
	if end < 0 {
		return 0, false, -1
	}
	i = end + 1
	if i >= len(s.b) || s.b[i] != ':' {
		if i = s.space(i); i >= len(s.b) || s.b[i] != ':' {
			return 0, false, s.fail(i, "':'")
		}
	}
	i++
	if i < len(s.b) && s.b[i] <= ' ' {
		i = s.space(i)
	}
	return end, escaped, i
}

// next steps over what stands behind a member or element: a comma (more, at
// the first byte of the next) or the closing byte (at the byte behind).
func (s *scanner) next(i int, closing byte, want string) (at int, more bool) {
	if i = s.space(i); i < len(s.b) {
		switch s.b[i] {
		case ',':
			return s.space(i + 1), true
		case closing:
			return i + 1, false
		}
	}
	return s.fail(i, want), false
}
