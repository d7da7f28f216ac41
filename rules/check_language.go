package rules

import (
	"strings"

	"github.com/regtrap/regtrap/matcher"
	"github.com/regtrap/regtrap/registry"
	"github.com/regtrap/regtrap/schemas"
)

// This file compares patterns as sets of texts. Its answers are certain when
// they are true; false is also "it cannot be told".

// includes reports whether every text that p matches is one that q matches,
// both read as patterns of the same field.
func includes(p, q matcher.Match) bool {
	if q.Cased && !p.Cased {
		return false
	}
	if !isPure(q.Pattern) && isPure(p.Pattern) && p.Field == schemas.RegistryDataStrings {
		return false // whole-value texts are seen by pure patterns alone
	}
	fold := !q.Cased
	for _, a := range spelled(p) {
		within := false
		for _, b := range spelled(q) {
			within = within || includesTokens(a, b, fold)
		}
		if !within {
			return false
		}
	}
	return true
}

// includesTokens lets q match p's own text, in which a wildcard is a character
// that no literal has: what q lets stand for it may be anything.
func includesTokens(p, q []matcher.Token, fold bool) bool {
	var b strings.Builder
	for _, t := range p {
		switch t.Kind {
		case matcher.Star:
			b.WriteRune(anyText)
		case matcher.AnyChar:
			b.WriteRune(anyCharacter)
		default:
			b.WriteString(folded(t.Literal, fold))
		}
	}
	for _, t := range q {
		// A ? of q would take a star of p for one character.
		if t.Kind == matcher.AnyChar || strings.ContainsAny(t.Literal, string([]rune{anyText, anyCharacter})) {
			return false
		}
	}
	return matchLiterals(q, b.String(), fold)
}

// matchLiterals is matchTokens of a pattern without ?.
func matchLiterals(tokens []matcher.Token, text string, fold bool) bool {
	open := false // a star is before
	for i, t := range tokens {
		if t.Kind == matcher.Star {
			open = true
			continue
		}
		literal := folded(t.Literal, fold)
		at := strings.Index(text, literal)
		switch {
		case !open && i == len(tokens)-1:
			return text == literal
		case !open:
			if !strings.HasPrefix(text, literal) {
				return false
			}
			at = 0
		case i == len(tokens)-1:
			return strings.HasSuffix(text, literal)
		case at < 0:
			return false
		}
		text, open = text[at+len(literal):], false
	}
	return open || text == ""
}

// Characters of a private use area: they stand for p's wildcards.
const (
	anyText      = '\U0010FF00'
	anyCharacter = '\U0010FF01'
)

// disjoint reports whether no text is one that both patterns match.
func disjoint(p, q matcher.Match) bool {
	for _, a := range spelled(p) {
		for _, b := range spelled(q) {
			if !disjointTokens(a, b) {
				return false
			}
		}
	}
	return true
}

// disjointTokens compares without case: what is apart then is apart.
func disjointTokens(p, q []matcher.Token) bool {
	if text, ok := pureText(q); ok {
		return !matchTokens(p, folded(text, true), true)
	}
	if text, ok := pureText(p); ok {
		return !matchTokens(q, folded(text, true), true)
	}
	if p[0].Kind == matcher.Literal && q[0].Kind == matcher.Literal {
		a, b := folded(p[0].Literal, true), folded(q[0].Literal, true)
		if !strings.HasPrefix(a, b) && !strings.HasPrefix(b, a) {
			return true
		}
	}
	if a, b := p[len(p)-1], q[len(q)-1]; a.Kind == matcher.Literal && b.Kind == matcher.Literal {
		a, b := folded(a.Literal, true), folded(b.Literal, true)
		return !strings.HasSuffix(a, b) && !strings.HasSuffix(b, a)
	}
	return false
}

// matchTokens reports whether a pattern matches a whole text, which is folded
// already where fold is set.
func matchTokens(tokens []matcher.Token, text string, fold bool) bool {
	runes := []rune(text)
	// at[i]: the tokens so far match the first i characters.
	at := make([]bool, len(runes)+1)
	at[0] = true
	for _, t := range tokens {
		next := make([]bool, len(runes)+1)
		switch t.Kind {
		case matcher.Star:
			open := false
			for i := range at {
				open = open || at[i]
				next[i] = open
			}
		case matcher.AnyChar:
			copy(next[1:], at)
		default:
			literal := []rune(folded(t.Literal, fold))
			for i := range at {
				if at[i] && len(runes)-i >= len(literal) && string(runes[i:i+len(literal)]) == string(literal) {
					next[i+len(literal)] = true
				}
			}
		}
		at = next
	}
	return at[len(runes)]
}

// spelled returns the patterns that a test compares: its own and, on a path,
// beside it the one with its head in canonical spelling.
func spelled(m matcher.Match) [][]matcher.Token {
	tokens := m.Pattern.Tokens()
	if m.Field.Undoubled() {
		single := make([]matcher.Token, len(tokens))
		for i, t := range tokens {
			t.Literal = registry.Undouble(t.Literal)
			single[i] = t
		}
		tokens = single
	}
	if !m.Field.IsPath() || len(tokens) == 0 || tokens[0].Kind != matcher.Literal {
		return [][]matcher.Token{tokens}
	}
	head, ok := registry.CanonicalHead(tokens[0].Literal)
	if !ok {
		return [][]matcher.Token{tokens}
	}
	var canonical []matcher.Token
	for i, h := range head {
		if i > 0 {
			canonical = append(canonical, matcher.Token{Kind: matcher.Star})
		}
		canonical = append(canonical, matcher.Token{Kind: matcher.Literal, Literal: h})
	}
	canonical = append(canonical, tokens[1:]...)
	return [][]matcher.Token{tokens, matcher.NewPattern(canonical...).Tokens()}
}

func folded(s string, fold bool) string {
	if fold {
		return registry.Fold(s)
	}
	return s
}

// pureText returns the text of a pattern without wildcards.
func pureText(tokens []matcher.Token) (string, bool) {
	switch {
	case len(tokens) == 0:
		return "", true
	case len(tokens) == 1 && tokens[0].Kind == matcher.Literal:
		return tokens[0].Literal, true
	}
	return "", false
}

func isPure(p matcher.Pattern) bool {
	_, ok := pureText(p.Tokens())
	return ok
}

// isAnyText reports whether a pattern matches every text.
func isAnyText(p matcher.Pattern) bool {
	t := p.Tokens()
	return len(t) == 1 && t[0].Kind == matcher.Star
}

// lastSegments returns what the spellings of a pattern want behind the last
// backslash of a text, folded; ok is false when one leaves that open.
func lastSegments(m matcher.Match) (segments []string, ok bool) {
	for _, tokens := range spelled(m) {
		if len(tokens) == 0 || tokens[len(tokens)-1].Kind != matcher.Literal {
			return nil, false
		}
		last := tokens[len(tokens)-1].Literal
		i := strings.LastIndexByte(last, '\\')
		if i < 0 && len(tokens) > 1 {
			return nil, false
		}
		segments = append(segments, registry.Fold(last[i+1:]))
	}
	return segments, true
}
