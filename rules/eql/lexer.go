package eql

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// kind is the kind of a token.
type kind uint8

const (
	end    kind = iota
	name        // a keyword or a part of a field; quoted when in backticks
	text        // value is what it means
	number      // value is what it says
	symbol      // value is it: ( ) [ ] , . : ? | == != <= >= < > + - * / % ~ =
)

type token struct {
	kind   kind
	value  string
	quoted bool // of a name
	pos    Pos
	from   int
	to     int // offset behind it
}

// lexer cuts a query into tokens.
type lexer struct {
	src  string
	at   int
	line int // of at
	head int // offset of the line's first byte
}

func (l *lexer) pos(at int) Pos {
	return Pos{Offset: at, Line: l.line, Column: utf8.RuneCountInString(l.src[l.head:at]) + 1}
}

func (l *lexer) fail(at int, what, want string) error {
	return &Error{Pos: l.pos(at), What: what, Want: want}
}

// newline notes the lines that end in src[l.at:to].
func (l *lexer) skip(to int) {
	for l.at < to {
		if l.src[l.at] == '\n' {
			l.line++
			l.head = l.at + 1
		}
		l.at++
	}
}

// space skips white space and comments.
func (l *lexer) space() error {
	for l.at < len(l.src) {
		rest := l.src[l.at:]
		switch {
		case strings.ContainsRune(" \t\r\n", rune(rest[0])):
			l.skip(l.at + 1)
		case strings.HasPrefix(rest, "//"):
			n := strings.IndexByte(rest, '\n')
			if n < 0 {
				n = len(rest)
			}
			l.skip(l.at + n)
		case strings.HasPrefix(rest, "/*"):
			n := strings.Index(rest[2:], "*/")
			if n < 0 {
				return l.fail(l.at, "the comment has no end", "*/")
			}
			l.skip(l.at + n + 4)
		default:
			return nil
		}
	}
	return nil
}

var symbols = [...]string{"==", "!=", "<=", ">=", "<", ">", "(", ")", "[", "]", ",", ".", ":", "?", "|", "+", "-", "*", "/", "%", "~", "="}

// next returns the next token.
func (l *lexer) next() (token, error) {
	if err := l.space(); err != nil {
		return token{}, err
	}
	t := token{pos: l.pos(l.at), from: l.at}
	rest := l.src[l.at:]
	if rest == "" {
		t.to = l.at
		return t, nil
	}
	var err error
	n := 0
	switch c := rest[0]; {
	case isNameByte(c, true):
		for n < len(rest) && isNameByte(rest[n], n == 0) {
			n++
		}
		t.kind, t.value = name, rest[:n]
	case '0' <= c && c <= '9':
		t.kind = number
		n, err = l.number(rest)
		t.value = rest[:n]
	case strings.HasPrefix(rest, `"""`):
		t.kind = text
		t.value, n, err = l.raw(rest)
	case c == '"':
		t.kind = text
		t.value, n, err = l.quoted(rest)
	case c == '`':
		t.kind, t.quoted = name, true
		t.value, n, err = l.backticks(rest)
	case c == '\'':
		return t, l.fail(l.at, "a text in single quotes", `double quotes: "…"`)
	default:
		t.kind = symbol
		for _, s := range symbols {
			if strings.HasPrefix(rest, s) {
				t.value, n = s, len(s)
				break
			}
		}
		if n == 0 {
			r, _ := utf8.DecodeRuneInString(rest)
			return t, l.fail(l.at, fmt.Sprintf("unexpected %q", string(r)), "a field, an operator, a text in double quotes or a number")
		}
	}
	if err != nil {
		return t, err
	}
	l.skip(l.at + n)
	t.to = l.at
	return t, nil
}

// number returns the length of the number at the beginning of s.
func (l *lexer) number(s string) (int, error) {
	digits := func(n int) int {
		for n < len(s) && '0' <= s[n] && s[n] <= '9' {
			n++
		}
		return n
	}
	n := digits(0)
	if n+1 < len(s) && s[n] == '.' && '0' <= s[n+1] && s[n+1] <= '9' {
		n = digits(n + 1)
	}
	if n < len(s) && (s[n] == 'e' || s[n] == 'E') {
		m := n + 1
		if m < len(s) && (s[m] == '+' || s[m] == '-') {
			m++
		}
		if digits(m) > m {
			n = digits(m)
		}
	}
	if n < len(s) && isNameByte(s[n], false) {
		return n, l.fail(l.at, fmt.Sprintf("%q is no number", s[:n+1]), "an integer or a decimal number, or a text in double quotes")
	}
	return n, nil
}

func (l *lexer) raw(s string) (string, int, error) {
	n := strings.Index(s[3:], `"""`)
	if n < 0 {
		return "", 0, l.fail(l.at, "the text has no end", `"""`)
	}
	to := n + 6
	for to < len(s) && to-n < 8 && s[to] == '"' { // up to two quotes may stand before the end
		to++
	}
	return s[3 : to-3], to, nil
}

func (l *lexer) backticks(s string) (string, int, error) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '`' && i+1 < len(s) && s[i+1] == '`':
			b.WriteByte('`')
			i++
		case s[i] == '`' && b.Len() == 0:
			return "", 0, l.fail(l.at, "the name in backticks is empty", "the name of a field")
		case s[i] == '`':
			return b.String(), i + 1, nil
		case s[i] == '\n':
			return "", 0, l.fail(l.at, "the name in backticks has no end on its line", "`")
		default:
			b.WriteByte(s[i])
		}
	}
	return "", 0, l.fail(l.at, "the name in backticks has no end", "`")
}

// quoted reads a text in double quotes.
func (l *lexer) quoted(s string) (string, int, error) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch c := s[i]; c {
		case '"':
			return b.String(), i + 1, nil
		case '\n', '\r':
			return "", 0, l.fail(l.at, "the text has no end on its line", `" or, for several lines, """`)
		case '\\':
			r, n, ok := escape(s[i:])
			if !ok {
				return "", 0, l.fail(l.at+i, fmt.Sprintf("unknown escape %q", s[i:min(i+2, len(s))]), `\\ \" \n \r \t \b \f or \u{hexadecimal}; a backslash is written \\`)
			}
			b.WriteRune(r)
			i += n - 1
		default:
			b.WriteByte(c)
		}
	}
	return "", 0, l.fail(l.at, "the text has no end", `"`)
}

// escape reads the escape that s begins with, and its length.
func escape(s string) (rune, int, bool) {
	if len(s) < 2 {
		return 0, 0, false
	}
	switch s[1] {
	case 'n':
		return '\n', 2, true
	case 'r':
		return '\r', 2, true
	case 't':
		return '\t', 2, true
	case 'b':
		return '\b', 2, true
	case 'f':
		return '\f', 2, true
	case '"', '\\':
		return rune(s[1]), 2, true
	case 'u':
		rest, ok := strings.CutPrefix(s[2:], "{")
		hex, _, closed := strings.Cut(rest, "}")
		n, err := strconv.ParseUint(hex, 16, 32)
		if !ok || !closed || err != nil || len(hex) < 2 || len(hex) > 8 || n > utf8.MaxRune || n >= 0xd800 && n < 0xe000 {
			return 0, 0, false
		}
		return rune(n), len(hex) + 4, true
	}
	return 0, 0, false
}
