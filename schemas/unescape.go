package schemas

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"unicode/utf16"
	"unicode/utf8"
)

// appendUnescaped appends the text of a JSON string, given without its quotes.
// Invalid UTF-8 and lone surrogates become U+FFFD; control bytes and NULs stay
// as they are, and so do escapes that JSON does not know.
func appendUnescaped(dst, raw []byte) []byte {
	from := len(dst)
	dst = slices.Grow(dst, len(raw)+8) // no escape is shorter than its text
	out, n := dst[from:from+len(raw)+8], 0
	i, ascii := 0, true
	for {
		// Eight bytes at a time up to a backslash; what is copied too much is
		// overwritten.
		for i+8 <= len(raw) {
			w := binary.LittleEndian.Uint64(raw[i:])
			binary.LittleEndian.PutUint64(out[n:], w)
			x := w ^ backslash
			k := 8
			if m := (x - ones) &^ x & highs; m != 0 {
				k = bits.TrailingZeros64(m) >> 3
				w &= 1<<(8*k) - 1
			}
			ascii = ascii && w&highs == 0
			i, n = i+k, n+k
			if k < 8 {
				break
			}
		}
		if i+8 > len(raw) {
			for i < len(raw) && raw[i] != '\\' {
				ascii = ascii && raw[i] < utf8.RuneSelf
				out[n] = raw[i]
				i, n = i+1, n+1
			}
		}
		if i+1 >= len(raw) {
			if i < len(raw) { // the backslash of a text that was cut
				out[n] = '\\'
				n++
			}
			break
		}
		c := raw[i+1]
		switch c {
		case '\\', '"', '/':
		case 'b':
			c = '\b'
		case 'f':
			c = '\f'
		case 'n':
			c = '\n'
		case 'r':
			c = '\r'
		case 't':
			c = '\t'
		case 'u':
			if u, ok := unit(raw[i:]); ok {
				i += 6
				if utf16.IsSurrogate(u) {
					if low, ok := unit(raw[i:]); ok {
						if pair := utf16.DecodeRune(u, low); pair != utf8.RuneError {
							u, i = pair, i+6
						}
					}
				}
				n += utf8.EncodeRune(out[n:n+utf8.UTFMax], u) // a lone surrogate becomes U+FFFD
				continue
			}
			fallthrough
		default:
			out[n] = '\\'
			n++
			ascii = ascii && c < utf8.RuneSelf
		}
		out[n] = c
		i, n = i+2, n+1
	}
	dst = dst[:from+n]
	if ascii {
		return dst
	}
	return validUTF8(dst, from)
}

// validUTF8 replaces each invalid byte of b[from:] by U+FFFD, as encoding/json
// has it.
func validUTF8(b []byte, from int) []byte {
	if utf8.Valid(b[from:]) {
		return b
	}
	bad := []byte(string(b[from:]))
	b = b[:from]
	for len(bad) > 0 {
		c, size := utf8.DecodeRune(bad)
		b = utf8.AppendRune(b, c)
		bad = bad[size:]
	}
	return b
}

// unit reads the escape \uXXXX at b[0].
func unit(b []byte) (u rune, ok bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	a, c, d, e := hexDigit[b[2]], hexDigit[b[3]], hexDigit[b[4]], hexDigit[b[5]]
	return rune(a)<<12 | rune(c)<<8 | rune(d)<<4 | rune(e), a|c|d|e <= 15
}
