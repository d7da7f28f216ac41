package matcher

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/regtrap/regtrap/registry"
	"github.com/regtrap/regtrap/schemas"
)

// Texts as long as paths are, and as alike, one after the other: halves that are
// gone through at once, long literals of which a part is filed, what is known from
// the event before, and states without rows.
func TestMatchAgreesWithTheObviousEvaluatorOnLongTexts(t *testing.T) {
	rnd := rand.New(rand.NewPCG(9, 10))
	segments := []string{"HKLM", "HKEY_USERS", "SOFTWARE", "System", "Microsoft", "Windows", "CurrentVersion", "Run", "RunOnce", "Services", "Winlogon", "Kiwi", "K", "RunRunRun", "ärger", "Run-Run"}
	path := func(n int) string {
		var parts []string
		for range n {
			parts = append(parts, segments[rnd.IntN(len(segments))])
		}
		return strings.Join(parts, `\`)
	}
	pattern := func() Pattern {
		text := path(1 + rnd.IntN(6))
		from := rnd.IntN(len(text))
		text = strings.ToValidUTF8(text[from:from+rnd.IntN(len(text)-from)+1], "")
		if i := rnd.IntN(len(text) + 1); rnd.IntN(3) == 0 {
			text = strings.ToValidUTF8(text[:i], "") + "*" + strings.ToValidUTF8(text[i:], "")
		}
		var tokens []Token
		stars := rnd.IntN(4)
		if stars&1 != 0 {
			tokens = append(tokens, Token{Kind: Star})
		}
		for i, part := range strings.Split(text, "*") {
			if i > 0 {
				tokens = append(tokens, Token{Kind: Star})
			}
			tokens = append(tokens, Token{Kind: Literal, Literal: part})
		}
		if stars&2 != 0 {
			tokens = append(tokens, Token{Kind: Star})
		}
		return NewPattern(tokens...)
	}
	hits, deepest := 0, 0
	for range 60 {
		rules := make([]Rule, 60)
		for i := range rules {
			rules[i] = Rule{Match{Field: schemas.RegistryPath, Pattern: pattern(), Cased: rnd.IntN(8) == 0}, schemas.AllActions}
		}
		set, err := compileRows(rules, []int{64, 1024, maxRows}[rnd.IntN(3)])
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range set.indexes[sets] {
			deepest = max(deepest, x.automaton.states()-int(x.automaton.nrows))
		}
		m := set.NewMatcher()
		text := path(6)
		for range 60 {
			keep := strings.Split(text, `\`)
			text = strings.Join(append(slices.Clone(keep[:rnd.IntN(len(keep)+1)]), path(1+rnd.IntN(5))), `\`)
			ev := record{}
			for k := range 1 + rnd.IntN(3) {
				spelled := text
				if k > 0 {
					spelled = path(rnd.IntN(3)) + text[strings.IndexByte(text+`\`, '\\'):]
				}
				ev[schemas.RegistryPath] = append(ev[schemas.RegistryPath], schemas.Value{Text: spelled, Folded: registry.Fold(spelled)})
			}
			var want []int32
			for i, r := range rules {
				if evaluate(r.Condition, ev) {
					want = append(want, int32(i))
				}
			}
			if got := m.match(nil, schemas.ValueSet, ev); !slices.Equal(got, want) {
				for i, r := range rules {
					if slices.Contains(got, int32(i)) != slices.Contains(want, int32(i)) {
						t.Errorf("rule %d: %v", i, r.Condition)
					}
				}
				t.Fatalf("%+v: match = %v, want %v", ev, got, want)
			}
			hits += len(want)
		}
	}
	if hits < 1000 || deepest < 100 {
		t.Errorf("%d hits, %d states without rows: the random rules are not varied", hits, deepest)
	}
}

// Texts that hide parts of them do not hide those of the texts behind them, and a
// long pattern that is a whole text is found in texts that show nothing else.
func TestHiddenTextsHideOnlyThemselves(t *testing.T) {
	const number = "0x0000000100000004"
	set, err := Compile([]Rule{
		{Match{Field: schemas.FilePath, Pattern: NewPattern(Token{Kind: Star}, Token{Kind: Literal, Literal: "cd"}, Token{Kind: Star})}, schemas.AllActions},
		{Match{Field: schemas.RegistryDataStrings, Pattern: literal(number)}, schemas.AllActions},
		{Match{Field: schemas.RegistryDataStrings, Pattern: NewPattern(Token{Kind: Star}, Token{Kind: Literal, Literal: number})}, schemas.AllActions},
	})
	if err != nil {
		t.Fatal(err)
	}
	m := set.NewMatcher()
	for _, c := range []struct {
		ev   record
		want []int32
	}{
		{record{schemas.FilePath: {{Text: "abcdef", Folded: "abcdef", Opaque: true}, {Text: "abcdefgh", Folded: "abcdefgh"}}}, []int32{0}},
		{record{schemas.FilePath: {{Text: "abcdef", Folded: "abcdef", Whole: true}, {Text: "abcdefgh", Folded: "abcdefgh"}}}, []int32{0}},
		{record{schemas.FilePath: {{Text: "abcdef", Folded: "abcdef", Opaque: true}}}, nil},
		{record{schemas.RegistryDataStrings: {{Text: number, Folded: number, Whole: true}}}, []int32{1}},
		{record{schemas.RegistryDataStrings: {{Text: number, Folded: number}}}, []int32{1, 2}},
	} {
		if got := m.match(nil, schemas.ValueSet, c.ev); !slices.Equal(got, c.want) {
			t.Errorf("%+v: match = %v, want %v", c.ev, got, c.want)
		}
	}
}
