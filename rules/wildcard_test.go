package rules

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/regtrap/regtrap/matcher"
)

// show writes a pattern with ‹*› and ‹?› for its wildcards.
func show(p matcher.Pattern) string {
	var b strings.Builder
	for _, t := range p.Tokens() {
		b.WriteString([...]string{matcher.Literal: t.Literal, matcher.Star: "‹*›", matcher.AnyChar: "‹?›"}[t.Kind])
	}
	return b.String()
}

// parsePattern reads a value under the modifier contains, startswith, endswith
// or none.
func parsePattern(s, modifier string) matcher.Pattern {
	var changes []string
	if modifier != "" {
		changes = []string{modifier}
	}
	values, err := change(parseWildcards(s), changes)
	if err != nil || len(values) != 1 {
		return matcher.NewPattern(matcher.Token{Literal: "refused: " + s})
	}
	return matcher.NewPattern(values[0]...)
}

func TestBackslashEscapesOnlyWildcardsAndItself(t *testing.T) {
	for _, tt := range []struct{ value, modifier, want string }{
		{``, ``, ``},
		{`abc`, ``, `abc`},
		{`a*b?c`, ``, `a‹*›b‹?›c`},
		{`a**b`, ``, `a‹*›b`},
		{`a??b`, ``, `a‹?›‹?›b`},
		{`\*`, ``, `*`},
		{`\?`, ``, `?`},
		{`\\*`, ``, `\‹*›`},
		{`\\?`, ``, `\‹?›`},
		{`\\\*`, ``, `\*`},
		{`\\\?`, ``, `\?`},
		{`\\\\`, ``, `\\`},
		{`\\\\*`, ``, `\\‹*›`},
		{`\\`, ``, `\`},
		{`\\\`, ``, `\\`},
		{`\`, ``, `\`},
		{`C:\Windows\System32`, ``, `C:\Windows\System32`},
		{`\\server\share`, ``, `\server\share`},
		{`\PROTOCOLS\\Handler\`, `contains`, `‹*›\PROTOCOLS\Handler\‹*›`},
		{`\Run\`, `contains`, `‹*›\Run\‹*›`},
		{`\Run\`, `endswith`, `‹*›\Run\`},
		{`\Run\`, `startswith`, `\Run\‹*›`},
		{`\Run\\`, `contains`, `‹*›\Run\‹*›`},
		{`\Run\*`, `contains`, `‹*›\Run*‹*›`},
		{`\Run\\*`, `contains`, `‹*›\Run\‹*›`},
		{`*a*`, `contains`, `‹*›a‹*›`},
		{``, `contains`, `‹*›`},
		{`?`, `endswith`, `‹*›‹?›`},
		{`HKLM\Software\\*\Run\\*`, ``, `HKLM\Software\‹*›\Run\‹*›`},
		{`ж*`, ``, `ж‹*›`},
	} {
		if got := show(parsePattern(tt.value, tt.modifier)); got != tt.want {
			t.Errorf("parsePattern(%q, %q) = %s, want %s", tt.value, tt.modifier, got, tt.want)
		}
	}
}

func FuzzPatternOfAnEscapedTextIsThatText(f *testing.F) {
	for _, s := range []string{"", `\`, `\*`, `a*?\\b`, `\\`} {
		f.Add(s)
	}
	escape := strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`)
	f.Fuzz(func(t *testing.T, s string) {
		if !utf8.ValidString(s) {
			return // YAML holds none
		}
		tokens := parsePattern(escape.Replace(s), "").Tokens()
		switch {
		case s == "" && len(tokens) == 0:
		case len(tokens) == 1 && tokens[0] == matcher.Token{Kind: matcher.Literal, Literal: s}:
		default:
			t.Errorf("escaped %q became %v", s, tokens)
		}
		parsePattern(s, "contains") // must not panic
	})
}
