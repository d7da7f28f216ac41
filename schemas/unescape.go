package schemas

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// appendUnescaped appends the text of a JSON string, given without its quotes.
// Invalid UTF-8 and lone surrogates become U+FFFD; control bytes and NULs stay
// as they are, and so do escapes that JSON does not know.
func appendUnescaped(dst, raw []byte) []byte {
	from := len(dst)
	for {
		e := bytes.IndexByte(raw, '\\')
		if e < 0 {
			dst = append(dst, raw...)
			break
		}
		dst = append(dst, raw[:e]...)
		raw = raw[e:]
		// Escapes come in crowds, and not far from each other.
		for len(raw) > 1 && raw[0] == '\\' {
			switch c := raw[1]; c {
			case '"', '\\', '/':
				dst = append(dst, c)
			case 'b':
				dst = append(dst, '\b')
			case 'f':
				dst = append(dst, '\f')
			case 'n':
				dst = append(dst, '\n')
			case 'r':
				dst = append(dst, '\r')
			case 't':
				dst = append(dst, '\t')
			case 'u':
				u, ok := unit(raw)
				if !ok {
					dst = append(dst, '\\', 'u')
					break
				}
				raw = raw[6:]
				if utf16.IsSurrogate(u) {
					if low, ok := unit(raw); ok {
						if pair := utf16.DecodeRune(u, low); pair != utf8.RuneError {
							u, raw = pair, raw[6:]
						}
					}
				}
				dst = utf8.AppendRune(dst, u) // a lone surrogate becomes U+FFFD
				continue
			default:
				dst = append(dst, '\\', c)
			}
			raw = raw[2:]
			n := 0
			for n < len(raw) && n < 16 && raw[n] != '\\' {
				n++
			}
			dst = append(dst, raw[:n]...)
			raw = raw[n:]
		}
		if len(raw) == 1 && raw[0] == '\\' { // of a text that was cut
			dst = append(dst, '\\')
			break
		}
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
