package registry

import (
	"encoding/binary"
	"slices"
	"unicode"
	"unicode/utf8"
	"unsafe"
)

// Fold returns s under Unicode simple case folding: of the letters that
// [unicode.SimpleFold] counts as one, the ASCII lower-case letter stands for
// all, or else the lowest code point. Two valid texts have equal folds exactly
// when [strings.EqualFold] holds. It returns s itself when nothing changes.
//
// Folding may change the length (the Kelvin sign, ſ and Ⱥ do). Bytes that are
// not UTF-8 stay as they are. Folding the parts of a text cut at ASCII bytes
// is folding the text.
func Fold(s string) string {
	if folded(s) {
		return s
	}
	b := AppendFold(make([]byte, 0, len(s)+len(s)/8), s)
	return unsafe.String(unsafe.SliceData(b), len(b)) // b is not written again
}

// AppendFold appends Fold(s) to dst. The two must not overlap.
func AppendFold(dst []byte, s string) []byte {
	dst, _ = appendFold(dst, s)
	return dst
}

// appendFold is AppendFold and reports whether s is ASCII, so that s and its
// fold have their letters at the same offsets.
func appendFold(dst []byte, s string) (folded []byte, ascii bool) {
	start := len(dst)
	dst = slices.Grow(dst, len(s))
	i := lowerASCII(dst[start:start+len(s)], s)
	dst = dst[:start+i]
	if i == len(s) {
		return dst, true
	}
	for i < len(s) {
		if c := s[i]; c < utf8.RuneSelf {
			if 'A' <= c && c <= 'Z' {
				c += 'a' - 'A'
			}
			dst = append(dst, c)
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError {
			dst = append(dst, s[i:i+size]...) // the bytes, not U+FFFD in their place
		} else {
			dst = utf8.AppendRune(dst, foldRune(r))
		}
		i += size
	}
	return dst, false
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

const (
	ones  = 0x0101010101010101
	highs = 0x80 * ones
)

// upper returns the high bit of each byte of w that is an upper-case letter.
// Every byte of w must be ASCII, so that no sum carries into its neighbour.
func upper(w uint64) uint64 {
	return (w + (0x80-'A')*ones) &^ (w + (0x80-'Z'-1)*ones) & highs
}

// lowerASCII writes s, lowered, to b, which is as long, up to the first byte that
// is not ASCII, and returns that byte's index, or len(s).
func lowerASCII(b []byte, s string) int {
	src := unsafe.Slice(unsafe.StringData(s), len(s)) // read only
	b = b[:len(src)]
	i := 0
	for ; i+8 <= len(src); i += 8 {
		w := binary.LittleEndian.Uint64(src[i:])
		if w&highs != 0 {
			break
		}
		binary.LittleEndian.PutUint64(b[i:], w|upper(w)>>2)
	}
	for ; i < len(src); i++ {
		c := src[i]
		if c >= utf8.RuneSelf {
			return i
		}
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		b[i] = c
	}
	return i
}

// folded reports whether s is its own fold.
func folded(s string) bool {
	b := unsafe.Slice(unsafe.StringData(s), len(s)) // read only
	for len(b) >= 8 {
		w := binary.LittleEndian.Uint64(b)
		if w&highs != 0 {
			break
		}
		if upper(w) != 0 {
			return false
		}
		b = b[8:]
	}
	for i := 0; i < len(b); {
		c := b[i]
		if c < utf8.RuneSelf {
			if 'A' <= c && c <= 'Z' {
				return false
			}
			i++
			continue
		}
		r, size := utf8.DecodeRune(b[i:])
		if r != utf8.RuneError && foldRune(r) != r {
			return false
		}
		i += size
	}
	return true
}

// foldRune returns the letter that stands for r's orbit under simple folding.
func foldRune(r rune) rune {
	if 0x2E80 <= r && r < 0xA640 {
		return r // CJK, kana and Yi have no case
	}
	least := r
	for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
		least = min(least, f)
	}
	if 'A' <= least && least <= 'Z' {
		return least + 'a' - 'A'
	}
	return least
}

// IsFold reports whether s is lower, which is ASCII in lower case, but for the
// case of ASCII letters: the cheap test of what is no path, like a channel's name.
func IsFold(s, lower string) bool { return len(s) == len(lower) && hasFold(s, lower) }

// hasFold reports whether s begins with lower but for the case of ASCII letters.
func hasFold(s, lower string) bool {
	if len(s) < len(lower) {
		return false
	}
	i := 0
	for ; i+8 <= len(lower); i += 8 {
		w := word(s[i:])
		if w&highs != 0 || w|upper(w)>>2 != word(lower[i:]) {
			return false
		}
	}
	for ; i < len(lower); i++ {
		c := s[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

// word returns the first eight bytes of s.
func word(s string) uint64 {
	return binary.LittleEndian.Uint64(unsafe.Slice(unsafe.StringData(s), len(s)))
}

// under reports whether path is the key lower or lies below it.
func under(path, lower string) bool {
	return hasFold(path, lower) && (len(path) == len(lower) || path[len(lower)] == '\\')
}
