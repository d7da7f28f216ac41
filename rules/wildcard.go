package rules

import (
	"strings"

	"github.com/regtrap/regtrap/matcher"
)

// parseWildcards reads a Sigma string value: * is any text, ? one character.
// A backslash is literal unless *, ? or another backslash follows, which it
// then escapes: \* is a star, \\* a backslash and any text, \\\* a backslash
// and a star, \\\\ two backslashes, and C:\Windows just that.
func parseWildcards(s string) []matcher.Token {
	var tokens []matcher.Token
	var literal strings.Builder
	flush := func() {
		if literal.Len() > 0 {
			tokens = append(tokens, matcher.Token{Kind: matcher.Literal, Literal: literal.String()})
			literal.Reset()
		}
	}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '\\':
			if i+1 < len(s) && strings.IndexByte(`*?\`, s[i+1]) >= 0 {
				i++
			}
			literal.WriteByte(s[i])
		case '*', '?':
			flush()
			kind := matcher.Star
			if c == '?' {
				kind = matcher.AnyChar
			}
			tokens = append(tokens, matcher.Token{Kind: kind})
		default:
			literal.WriteByte(c)
		}
	}
	flush()
	return tokens
}
