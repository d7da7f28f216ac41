package matcher

import (
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regtrap/regtrap/registry"
	"github.com/regtrap/regtrap/schemas"
)

func TestNecessaryLiterals(t *testing.T) {
	for _, tt := range []struct {
		re   string
		want []string
	}{
		{`-1[0-9]{3}\\Software\\Classes\\`, []string{`\Software\Classes\`}},
		{`(?si)^(?:.*\\PSAppDeployToolkit\\.*)$`, []string{`\PSAPPDEPLOYTOOLKIT\`}},
		{`evil\.exe$`, []string{`evil.exe`}},
		{`(evil|bad)\.exe`, []string{`.exe`}},
		{`(evil|wicked)\.x`, []string{`evil`, `wicked`}},
		{`evil|bad`, []string{`bad`, `evil`}},
		{`(?:evil)+`, []string{`evil`}},
		{`(?:evil){2,}x?`, []string{`evil`}},
		{`a|b*`, nil},
		{`evil|.`, nil},
		{`(evil)?`, nil},
		{`(evil)*`, nil},
		{`(evil){0,3}`, nil},
		{`[0-9a-f]{32}`, nil},
		{`^.{3,}$`, nil},
		{``, nil},
		{`\x{fffd}`, nil},
		{`a\x{fffd}b`, nil},
		{`-1\\evil`, []string{`-1\evil`}},
		{`-1.*\\Control\\`, []string{`\Control\`}},
		{`software\\evil`, []string{`software\evil`}},
	} {
		got := necessary(regexp.MustCompile(tt.re))
		if d := cmp.Diff(tt.want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", tt.re, d)
		}
	}
	var many []string
	for i := range maxNecessary + 1 {
		many = append(many, string(rune('\u4e00'+i))+"x"+string(rune('\u5e00'+i)))
	}
	if got := necessary(regexp.MustCompile(strings.Join(many[1:], "|"))); len(got) != maxNecessary {
		t.Errorf("of %d alternatives: %d literals", maxNecessary, len(got))
	}
	if got := necessary(regexp.MustCompile(strings.Join(many, "|"))); got != nil {
		t.Errorf("of %d alternatives: %d literals", len(many), len(got))
	}
}

// regexp makes an expression whose literals are in the texts of gen.
func (g gen) regexp(depth int) string {
	if depth == 0 || g.IntN(4) == 0 {
		return []string{"a", "b", "ab", "k", "K", `\\`, "\u212a", "s", "ſ", "Ⱥ", "ⱥ", "İ", ".", "[ak]", "[^a]", "^", "$", `\b`, `\x{fffd}`, `\n`, `%`, "aab", `(?i:kas)`, `(?i:Ⱥ)`, ""}[g.IntN(25)]
	}
	x := g.regexp(depth - 1)
	switch g.IntN(8) {
	case 0:
		return "(" + x + "|" + g.regexp(depth-1) + ")"
	case 1:
		return "(?:" + x + ")" + []string{"*", "+", "?", "{0,2}", "{1,2}", "{2}", "+?"}[g.IntN(7)]
	case 2:
		return "(?" + []string{"i", "s", "m", "U"}[g.IntN(4)] + ":" + x + ")"
	default:
		return x + g.regexp(depth-1)
	}
}

// Whatever a regular expression matches holds one of its literals; and the rules
// that hang on it are found as they are without an index.
func TestARegularExpressionMatchesNothingWithoutItsLiterals(t *testing.T) {
	g := gen{rand.New(rand.NewPCG(11, 12))}
	letters := slices.Concat(letters, broken, []string{"a", "b", "k", "\ufffd", "ab"})
	filed, hits := 0, 0
	for range 120 {
		var rules []Rule
		var literals [][]string
		for range 30 {
			re := regexp.MustCompile(g.regexp(4))
			rules = append(rules, Rule{Regexp{Field: schemas.FilePath, Re: re}, schemas.AllActions})
			literals = append(literals, necessary(re))
		}
		set, err := Compile(rules)
		if err != nil {
			t.Fatal(err)
		}
		filed += len(rules) - len(set.Always())
		m := set.NewMatcher()
		for range 60 {
			v := textOf(g.text(letters, 8))
			v[0].Opaque = g.IntN(10) == 0
			ev := record{schemas.FilePath: append(v, textOf(g.text(letters, 8))...)}
			var want []int32
			for i, r := range rules {
				for _, v := range ev[schemas.FilePath] {
					if !r.Condition.(Regexp).Re.MatchString(v.Text) {
						continue
					}
					if literals[i] != nil && !slices.ContainsFunc(literals[i], func(l string) bool { return strings.Contains(v.Folded, registry.Fold(l)) }) {
						t.Fatalf("%v matches %q, which has none of %q", r.Condition, v.Text, literals[i])
					}
				}
				if evaluate(r.Condition, ev) {
					want = append(want, int32(i))
				}
			}
			if got := m.match(nil, schemas.ValueSet, ev); !slices.Equal(got, want) {
				t.Fatalf("%+v: match = %v, want %v", ev, got, want)
			}
			hits += len(want)
		}
	}
	if filed < 500 || filed > 3500 || hits < 1000 {
		t.Errorf("%d of 3,600 rules have literals, %d hits: the random rules are not varied", filed, hits)
	}
}
