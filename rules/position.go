package rules

import (
	"bytes"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// within returns the position in the file of byte offset of a scalar's value.
// It follows the value through the source text, whatever its style: white
// space apart, a quoted, folded or literal scalar holds the value's own
// characters. Where it does not, by escapes, the scalar's own position is
// returned.
func within(data []byte, node *yaml.Node, offset int) (line, column int) {
	rest, ok := from(data, node.Line, node.Column)
	if !ok {
		return node.Line, node.Column
	}
	line, column = node.Line, node.Column
	step := func() {
		c, size := utf8.DecodeRune(rest)
		if c == '\n' {
			line, column = line+1, 1
		} else {
			column++
		}
		rest = rest[size:]
	}
	switch node.Style &^ yaml.TaggedStyle {
	case yaml.SingleQuotedStyle, yaml.DoubleQuotedStyle:
		step()
	case yaml.LiteralStyle, yaml.FoldedStyle: // the content begins on the next line
		for len(rest) > 0 && rest[0] != '\n' {
			step()
		}
	}
	for i, want := range node.Value {
		if isSpace(want) {
			continue
		}
		for len(rest) > 0 && isSpace(rune(rest[0])) {
			step()
		}
		if got, _ := utf8.DecodeRune(rest); got != want {
			return node.Line, node.Column
		}
		if i >= offset {
			return line, column
		}
		step()
	}
	return line, column // behind the last character
}

// from returns data from a position on.
func from(data []byte, line, column int) ([]byte, bool) {
	for range line - 1 {
		i := bytes.IndexByte(data, '\n')
		if i < 0 {
			return nil, false
		}
		data = data[i+1:]
	}
	for range column - 1 {
		c, size := utf8.DecodeRune(data)
		if size == 0 || c == '\n' {
			return nil, false
		}
		data = data[size:]
	}
	return data, true
}

func isSpace(c rune) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }
