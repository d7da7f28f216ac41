package rules

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

var (
	yamlLine   = regexp.MustCompile(`^yaml: (?:line ([0-9]+): )?`)
	yamlAnchor = regexp.MustCompile(`^unknown anchor '(.+)' referenced$`)
)

// syntaxProblem says what the YAML library found, and where. The library's
// parser counts lines from 0 and its scanner from 1; it leaves out the first
// line, and the line of anchors and of bytes that are no text.
func syntaxProblem(src source, err error) Problem {
	p := Problem{File: src.name, Code: CodeSyntax, Want: "valid YAML"}
	what := err.Error()
	if m := yamlLine.FindStringSubmatch(what); m != nil {
		what = what[len(m[0]):]
		p.Line, _ = strconv.Atoi(m[1])
	}
	at, anchor := -1, yamlAnchor.FindStringSubmatch(what)
	switch {
	case strings.HasPrefix(what, "did not find expected"), strings.HasPrefix(what, "found duplicate "),
		strings.HasPrefix(what, "found incompatible "), strings.HasPrefix(what, "found undefined "):
		p.Line++
		p.Want = "valid YAML: an indentation, a quote or a bracket is wrong, here or in the lines below"
	case strings.HasPrefix(what, "found unknown escape character"):
		p.Want = "single quotes: between double ones a backslash begins an escape"
	case strings.HasPrefix(what, "found character that cannot start any token"), strings.HasPrefix(what, "found a tab character"):
		p.Want = "spaces where there is a tab, and quotes around a text that begins with @, ` or %"
	case anchor != nil:
		at = bytes.Index(src.data, []byte("*"+anchor[1]))
		p.Want = "quotes around a text that begins with *"
	case p.Line == 0:
		if at = notText(src.data); at >= 0 {
			p.Want = "text in UTF-8, without control characters"
			what = fmt.Sprintf("byte 0x%02x is not UTF-8", src.data[at])
			if c, size := utf8.DecodeRune(src.data[at:]); c != utf8.RuneError || size != 1 {
				what = fmt.Sprintf("control character U+%04X", c)
			}
		}
	}
	p.What = "no YAML: " + what
	if at >= 0 {
		head := src.data[:at]
		p.Line = 1 + bytes.Count(head, []byte("\n"))
		p.Column = 1 + utf8.RuneCount(head[bytes.LastIndexByte(head, '\n')+1:])
		return p
	}
	// What is missing at the end is missing on the last line that holds anything.
	p.Line = min(max(p.Line, 1), 1+bytes.Count(bytes.TrimRight(src.data, " \t\r\n"), []byte("\n")))
	return p
}

// notText returns the offset of the first byte that is not UTF-8 or a control
// character that YAML does not allow, or -1. UTF-16, which YAML allows, is
// left to the library.
func notText(data []byte) int {
	if bytes.HasPrefix(data, []byte{0xff, 0xfe}) || bytes.HasPrefix(data, []byte{0xfe, 0xff}) {
		return -1
	}
	for i := 0; i < len(data); {
		c, size := utf8.DecodeRune(data[i:])
		if c == utf8.RuneError && size == 1 || c == 0x7f || c < ' ' && c != '\t' && c != '\n' && c != '\r' {
			return i
		}
		i += size
	}
	return -1
}
