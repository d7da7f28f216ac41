package rules

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/regtrap/regtrap/matcher"
)

func literalPattern(s string) matcher.Pattern {
	return matcher.NewPattern(matcher.Token{Kind: matcher.Literal, Literal: s})
}

// eqlPattern reads EQL's wildcards: * any text, ? one character; there is no
// escape for them.
func eqlPattern(s string) matcher.Pattern {
	var tokens []matcher.Token
	for s != "" {
		n := strings.IndexAny(s, "*?")
		if n < 0 {
			n = len(s)
		}
		tokens = append(tokens, matcher.Token{Kind: matcher.Literal, Literal: s[:n]})
		if s = s[n:]; s == "" {
			break
		}
		kind := matcher.Star
		if s[0] == '?' {
			kind = matcher.AnyChar
		}
		tokens, s = append(tokens, matcher.Token{Kind: kind}), s[1:]
	}
	return matcher.NewPattern(tokens...)
}

// luceneRegexp translates a regular expression of Lucene's, which matches whole
// texts and knows neither anchors nor groups of its own.
func luceneRegexp(s string, fold bool) (*regexp.Regexp, error) {
	var b strings.Builder
	b.WriteString("(?s")
	if fold {
		b.WriteByte('i')
	}
	b.WriteString(")^(?:")
	class := false
	for i := 0; i < len(s); i++ {
		switch ch := s[i]; {
		case ch == '\\' && i+1 < len(s):
			i++
			switch {
			case strings.IndexByte("dDwWsS", s[i]) >= 0:
				b.WriteString(`\` + s[i:i+1])
			case s[i] < 0x80:
				b.WriteString(regexp.QuoteMeta(s[i : i+1]))
			default:
				b.WriteByte(s[i])
			}
		case class:
			if ch == '[' || ch == '&' {
				b.WriteByte('\\')
			}
			b.WriteByte(ch)
			class = ch != ']'
		case ch == '[':
			class = true
			b.WriteByte(ch)
			if strings.HasPrefix(s[i+1:], "^") {
				b.WriteByte('^')
				i++
			}
		case ch == '^' || ch == '$':
			b.WriteString(`\` + s[i:i+1])
		case strings.IndexByte(`~#@&<>"`, ch) >= 0:
			return nil, fmt.Errorf("the operator %q is not supported", string(ch))
		case ch == '?' && i > 0 && strings.IndexByte("*+?}", s[i-1]) >= 0 && (i < 2 || s[i-2] != '\\'), ch == '+' && i > 0 && strings.IndexByte("*+?}", s[i-1]) >= 0 && (i < 2 || s[i-2] != '\\'):
			return nil, fmt.Errorf("%q: there are no lazy and no possessive repetitions", s[i-1:i+1])
		case ch == '(' && strings.HasPrefix(s[i:], "(?"):
			return nil, fmt.Errorf("%q: there are no flags and no named groups", s[i:min(i+3, len(s))])
		default:
			b.WriteByte(ch)
		}
	}
	b.WriteString(")$")
	return regexp.Compile(b.String())
}
