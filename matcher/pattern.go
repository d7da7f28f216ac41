package matcher

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
