package matcher

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/gobwas/glob"

	"github.com/regtrap/regtrap/registry"
	"github.com/regtrap/regtrap/schemas"
)

func parsePattern(t testing.TB, s string) Pattern {
	t.Helper()
	p, err := ParsePattern(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestPatternStringParsesBack(t *testing.T) {
	lit := func(s string) Token { return Token{Kind: Literal, Literal: s} }
	star, anyChar := Token{Kind: Star}, Token{Kind: AnyChar}
	tests := []struct {
		tokens []Token
		want   string
	}{
		{nil, ``},
		{[]Token{lit("")}, ``},
		{[]Token{star, star}, `*`},
		{[]Token{lit(`HKLM\`), star, lit(`\Run\`), star}, `HKLM\*\Run\*`},
		{[]Token{lit("a"), lit("b"), anyChar, anyChar}, `ab??`},
		{[]Token{lit(`*?[]{}`)}, `[*][?][[]]{}`},
		{[]Token{lit("a\n\x00\x7fé")}, `a[0a][00][7f]é`},
	}
	for _, tt := range tests {
		p := NewPattern(tt.tokens...)
		if got := p.String(); got != tt.want {
			t.Errorf("%v: String = %q, want %q", tt.tokens, got, tt.want)
		}
		if back := parsePattern(t, tt.want); !slices.Equal(back.Tokens(), p.Tokens()) {
			t.Errorf("%q: parsed %v, want %v", tt.want, back.Tokens(), p.Tokens())
		}
	}
}

func TestParsePatternRejectsABareBracket(t *testing.T) {
	for _, s := range []string{`a[`, `[]`, `[a]`, `[abc]`, `[**]`, `[+1]`} {
		if p, err := ParsePattern(s); err == nil {
			t.Errorf("%q: parsed as %v", s, p.Tokens())
		} else if !strings.Contains(err.Error(), "at offset") {
			t.Errorf("%q: %v", s, err)
		}
	}
}

func TestWildcards(t *testing.T) {
	tests := []struct {
		pattern, text string
		want          bool
	}{
		{``, ``, true},
		{``, `a`, false},
		{`*`, ``, true},
		{`*`, "a\\\nb", true},
		{`?`, ``, false},
		{`?`, `é`, true},
		{`?`, "\n", true},
		{`?`, "\xff", true},
		{`??`, `é`, false},
		{`?*`, ``, false},
		{`a*a`, `a`, false}, // the ends do not overlap
		{`a*a`, `aa`, true},
		{`*ab*b`, `ab`, false},
		{`*ab*ab*`, `aab`, false},
		{`*a?c*`, `abac.c`, false},
		{`*a?c*`, `aabxaxc`, true},
		{`*?b?*`, `b.b.`, true},
		{`*?b?*`, `bb`, false},
		{`*\{guid}\[[]x`, `a\{guid}\[x`, true},
		{`a??*??b`, `aéébb`, false},
		{`a??*??b`, `aééüüb`, true},
	}
	for _, tt := range tests {
		w, err := compileWildcard(parsePattern(t, tt.pattern))
		if err != nil {
			t.Fatal(err)
		}
		if got := w.matches(tt.text); got != tt.want {
			t.Errorf("%q matches %q = %v", tt.pattern, tt.text, got)
		}
		if got := w.matchPieces(tt.text); got != tt.want {
			t.Errorf("%q matches %q by pieces = %v", tt.pattern, tt.text, got)
		}
	}
}

// FuzzWildcard compares the pieces with gobwas/glob and with trying everything.
func FuzzWildcard(f *testing.F) {
	for _, s := range [][2]string{
		{`*ab*ab*ab*abc*b`, "ababababab"}, {`a?*?b`, "a12b"}, {`*[[]x]{a,b}!\*`, `[x]{a,b}!\`}, {`??*é`, "éé\xffé"}, {`?K*ſ`, "\u212as"},
	} {
		f.Add(s[0], s[1])
	}
	f.Fuzz(func(t *testing.T, pattern, text string) {
		p, err := ParsePattern(pattern)
		if err != nil || !utf8.ValidString(pattern) || len(p.tokens) > 12 || len(text) > 64 {
			return
		}
		var tokens []Token
		var expr strings.Builder
		for _, tok := range p.tokens {
			if !utf8.ValidString(tok.Literal) {
				return
			}
			tok.Literal = registry.Fold(tok.Literal)
			tokens = append(tokens, tok)
			expr.WriteString(map[TokenKind]string{Literal: glob.QuoteMeta(tok.Literal), Star: "*", AnyChar: "?"}[tok.Kind])
		}
		w, err := compileWildcard(NewPattern(tokens...))
		if err != nil {
			t.Fatal(err)
		}
		text = registry.Fold(text)
		want := matchTokens(tokens, text, true)
		if got := w.matchPieces(text); got != want {
			t.Errorf("%q matches %q by pieces = %v", pattern, text, got)
		}
		if got := w.matches(text); got != want {
			t.Errorf("%q matches %q = %v", pattern, text, got)
		}
		if utf8.ValidString(text) {
			if got := glob.MustCompile(expr.String()).Match(text); got != want {
				t.Errorf("glob: %q matches %q = %v", expr.String(), text, got)
			}
		}
	})
}

func TestRandomWildcardsAgreeWithGlob(t *testing.T) {
	g := gen{newRand()}
	matched := 0
	for range 20_000 {
		p := g.pattern()
		w, err := compileWildcard(p)
		if err != nil {
			t.Fatal(err)
		}
		var expr strings.Builder
		for _, tok := range p.tokens {
			expr.WriteString(map[TokenKind]string{Literal: glob.QuoteMeta(tok.Literal), Star: "*", AnyChar: "?"}[tok.Kind])
		}
		reference := glob.MustCompile(expr.String())
		for range 5 {
			text := g.text(letters[:6], 6)
			want := reference.Match(text)
			if got := w.matchPieces(text); got != want {
				t.Fatalf("%q matches %q by pieces = %v, glob says %v", p, text, got, want)
			}
			if want {
				matched++
			}
		}
	}
	if matched < 1000 {
		t.Errorf("only %d matches: the random patterns say little", matched)
	}
}

// Many stars and a long text are what glob takes long for: the answer must
// come from the pieces, which go through the text once for each.
func TestLongTextsDoNotReachGlob(t *testing.T) {
	set, err := Compile([]Rule{{Match{Field: schemas.FilePath, Pattern: parsePattern(t, `*ab*ab*ab*ab?c*b`)}, schemas.AllActions}})
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Repeat("ab", 128<<10)
	ev := record{schemas.FilePath: {{Text: text, Folded: text}}}
	if got := set.NewMatcher().match(nil, schemas.ValueSet, ev); len(got) != 0 {
		t.Error("a hit without c")
	}
	text += "abxcb"
	ev = record{schemas.FilePath: {{Text: text, Folded: text}}}
	if got := set.NewMatcher().match(nil, schemas.ValueSet, ev); len(got) != 1 {
		t.Error("no hit")
	}
}
