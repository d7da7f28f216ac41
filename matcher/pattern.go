package matcher

import (
	"fmt"
	"strconv"
	"strings"
)

// A Pattern is a text with wildcards, already unescaped: rule languages parse
// their own escapes into one. It matches a whole text. The zero Pattern
// matches the empty text only.
type Pattern struct{ tokens []Token }

// A Token of a pattern.
type Token struct {
	Kind    TokenKind
	Literal string // of Literal
}

// TokenKind is the kind of a Token.
type TokenKind uint8

const (
	Literal TokenKind = iota // the text itself
	Star                     // any text, the empty text and line breaks included
	AnyChar                  // exactly one code point
)

// NewPattern builds a pattern; neighbouring literals and neighbouring stars
// are merged and empty literals dropped, so equal patterns have equal tokens.
func NewPattern(tokens ...Token) Pattern {
	var p Pattern
	if len(tokens) > 0 {
		p.tokens = make([]Token, 0, len(tokens))
	}
	for _, t := range tokens {
		n := len(p.tokens)
		switch {
		case t.Kind == Literal && t.Literal == "":
		case t.Kind == Literal && n > 0 && p.tokens[n-1].Kind == Literal:
			p.tokens[n-1].Literal += t.Literal
		case t.Kind == Star && n > 0 && p.tokens[n-1].Kind == Star:
		default:
			p.tokens = append(p.tokens, t)
		}
	}
	return p
}

// Tokens returns the pattern's tokens; read only.
func (p Pattern) Tokens() []Token { return p.tokens }

// pure returns the text of a pattern without wildcards.
func (p Pattern) pure() (string, bool) {
	switch {
	case len(p.tokens) == 0:
		return "", true
	case len(p.tokens) == 1 && p.tokens[0].Kind == Literal:
		return p.tokens[0].Literal, true
	}
	return "", false
}

// String returns the pattern as text that ParsePattern reads: a star is *, any
// character is ?, and a literal stands for itself, backslashes too. What would
// be misread is in brackets: [*], [?], [[], and control characters by their
// hexadecimal number, as in [0a].
func (p Pattern) String() string {
	var b strings.Builder
	size := 0
	for _, t := range p.tokens {
		size += max(1, len(t.Literal))
	}
	b.Grow(size)
	for _, t := range p.tokens {
		switch t.Kind {
		case Star:
			b.WriteByte('*')
		case AnyChar:
			b.WriteByte('?')
		default:
			for i := range len(t.Literal) {
				switch c := t.Literal[i]; {
				case c == '*' || c == '?' || c == '[':
					b.WriteString("[" + string(rune(c)) + "]")
				case c < 0x20 || c == 0x7f:
					fmt.Fprintf(&b, "[%02x]", c)
				default:
					b.WriteByte(c)
				}
			}
		}
	}
	return b.String()
}

// ParsePattern reads what Pattern.String writes.
func ParsePattern(s string) (Pattern, error) {
	var tokens []Token
	literal := make([]byte, 0, len(s))
	flush := func() {
		tokens = append(tokens, Token{Kind: Literal, Literal: string(literal)})
		literal = literal[:0]
	}
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '*':
			flush()
			tokens = append(tokens, Token{Kind: Star})
		case '?':
			flush()
			tokens = append(tokens, Token{Kind: AnyChar})
		case '[':
			inside, _, ok := strings.Cut(s[i+1:], "]")
			c, err := strconv.ParseUint(inside, 16, 8)
			switch {
			case ok && (inside == "*" || inside == "?" || inside == "["):
				literal = append(literal, inside[0])
			case ok && len(inside) == 2 && err == nil:
				literal = append(literal, byte(c))
			default:
				return Pattern{}, fmt.Errorf("pattern %q: at offset %d: a bracket is written [[]", s, i)
			}
			i += len(inside) + 1
		default:
			literal = append(literal, s[i])
		}
	}
	flush()
	return NewPattern(tokens...), nil
}
