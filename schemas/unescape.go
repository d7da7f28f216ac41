package schemas

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// appendUnescaped appends the text of a JSON string, given without its quotes
// and already checked by the scanner. Invalid UTF-8 and lone surrogates become
// U+FFFD; control bytes and NULs stay as they are.
func appendUnescaped(dst, raw []byte, escaped bool) []byte {
	from := len(dst)
	if !escaped {
		dst = append(dst, raw...)
	} else {
		for {
			e := bytes.IndexByte(raw, '\\')
			if e < 0 {
				dst = append(dst, raw...)
				break
			}
			dst = append(dst, raw[:e]...)
			switch c := raw[e+1]; c {
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
				u := unit(raw[e+2:])
				raw = raw[e+6:]
				if utf16.IsSurrogate(u) {
					pair := rune(utf8.RuneError)
					if len(raw) >= 6 && raw[0] == '\\' && raw[1] == 'u' {
						pair = utf16.DecodeRune(u, unit(raw[2:]))
					}
					if u = pair; pair != utf8.RuneError {
						raw = raw[6:]
					}
				}
				dst = utf8.AppendRune(dst, u)
				continue
			default:
				dst = append(dst, c)
			}
			raw = raw[e+2:]
		}
	}
	if utf8.Valid(dst[from:]) {
		return dst
	}
	// Each invalid byte becomes one U+FFFD, as encoding/json has it.
	bad := []byte(string(dst[from:]))
	dst = dst[:from]
	for len(bad) > 0 {
		c, size := utf8.DecodeRune(bad)
		dst = utf8.AppendRune(dst, c)
		bad = bad[size:]
	}
	return dst
}

// unit reads the four digits of a \u escape.
func unit(b []byte) rune {
	return rune(hexDigit[b[0]])<<12 | rune(hexDigit[b[1]])<<8 | rune(hexDigit[b[2]])<<4 | rune(hexDigit[b[3]])
}
