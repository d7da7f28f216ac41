package matcher

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/regtrap/regtrap/registry"
	"github.com/regtrap/regtrap/schemas"
)

// record is an event of any texts, also such as no decoder makes.
type record map[schemas.Field][]schemas.Value

func (r record) Values(f schemas.Field) []schemas.Value { return r[f] }

// evaluate is the obvious evaluator: it says what a condition means.
func evaluate(x Expr, ev values) bool {
	switch x := x.(type) {
	case And:
		return !slices.ContainsFunc(x, func(p Expr) bool { return !evaluate(p, ev) })
	case Or:
		return slices.ContainsFunc(x, func(p Expr) bool { return evaluate(p, ev) })
	case Not:
		return !evaluate(x.X, ev)
	case Named:
		return evaluate(x.X, ev)
	case Bool:
		return bool(x)
	case Keyword:
		for f := range schemas.Field(schemas.NumFields) {
			// Percent signs are single in the pattern, whatever the field.
			m := Match{Field: f, Pattern: undoubled(x.Pattern), Cased: x.Cased}
			if f.IsSearched() && slices.ContainsFunc(ev.Values(f), func(v schemas.Value) bool { return matchesLiterally(m, v) }) {
				return true
			}
		}
		return false
	case Match:
		return slices.ContainsFunc(ev.Values(x.Field), func(v schemas.Value) bool { return matchesValue(x, v) })
	case Regexp:
		return slices.ContainsFunc(ev.Values(x.Field), func(v schemas.Value) bool {
			return !v.Whole && !v.Opaque && x.Re.MatchString(v.Text)
		})
	case Compare:
		return slices.ContainsFunc(ev.Values(x.Field), func(v schemas.Value) bool {
			if !v.Numeric {
				return false
			}
			if x.Number < 0 { // below every number there is
				return x.Op == Greater || x.Op == GreaterEqual
			}
			return ordered(x.Op, v.Number, uint64(x.Number))
		})
	case Length:
		elements := make(map[uint16][]schemas.Value)
		for _, v := range ev.Values(x.Field) {
			elements[v.Element] = append(elements[v.Element], v)
		}
		for _, texts := range elements {
			if texts[0].Opaque { // any length above 0
				if x.Op == Greater && x.Number <= 0 || x.Op == GreaterEqual && x.Number <= 1 {
					return true
				}
				continue
			}
			n := int64(len([]rune(texts[0].Text)))
			if slices.ContainsFunc(texts, func(v schemas.Value) bool { return v.Text == "" }) {
				n = 0
			}
			if ordered(x.Op, n, x.Number) {
				return true
			}
		}
		return false
	case Exists:
		return len(ev.Values(x.Field)) > 0
	case Relation:
		return evaluateRelation(x, ev)
	}
	panic(fmt.Sprintf("%T", x))
}

func ordered[T int64 | uint64](op CompareOp, a, b T) bool {
	return map[CompareOp]bool{Less: a < b, LessEqual: a <= b, Equal: a == b, GreaterEqual: a >= b, Greater: a > b}[op]
}

func matchesValue(x Match, v schemas.Value) bool {
	for _, p := range spellings(x) {
		if x.Pattern = p; matchesLiterally(x, v) {
			return true
		}
	}
	return false
}

func matchesLiterally(x Match, v schemas.Value) bool {
	if _, pure := x.Pattern.pure(); !pure && (v.Whole || v.Opaque) {
		return false
	}
	text := v.Folded
	if x.Cased {
		text = v.Text
	}
	return matchTokens(x.Pattern.tokens, text, x.Cased)
}

func undoubled(p Pattern) Pattern {
	var tokens []Token
	for _, t := range p.tokens {
		t.Literal = registry.Undouble(t.Literal)
		tokens = append(tokens, t)
	}
	return NewPattern(tokens...)
}

// matchTokens tries everything.
func matchTokens(tokens []Token, text string, cased bool) bool {
	if len(tokens) == 0 {
		return text == ""
	}
	switch t := tokens[0]; t.Kind {
	case Star:
		if matchTokens(tokens[1:], text, cased) {
			return true
		}
		_, size := utf8.DecodeRuneInString(text)
		return text != "" && matchTokens(tokens, text[size:], cased)
	case AnyChar:
		_, size := utf8.DecodeRuneInString(text)
		return text != "" && matchTokens(tokens[1:], text[size:], cased)
	default:
		literal := t.Literal
		if !cased {
			literal = registry.Fold(literal)
		}
		rest, ok := strings.CutPrefix(text, literal)
		return ok && matchTokens(tokens[1:], rest, cased)
	}
}

// letters are few, so that random patterns match random texts; among them are
// letters whose folds are of other lengths, and what a glob would misread.
var letters = []string{"a", "b", "A", `\`, "K", "k", "\u212a", "ſ", "s", "Ⱥ", "ⱥ", "İ", "\n", "{", "[", "*", "%", "%%", "\x00", "HKU", `\REGISTRY\USER\`}

// broken letters are in texts alone: a pattern is UTF-8.
var broken = []string{"\xc8", "\xe2\x84", "\xff", "\xba"}

type gen struct{ *rand.Rand }

func (g gen) text(from []string, most int) string {
	var b strings.Builder
	for range g.IntN(most + 1) {
		b.WriteString(from[g.IntN(len(from))])
	}
	return b.String()
}

func (g gen) pattern() Pattern {
	var tokens []Token
	for range g.IntN(6) {
		switch g.IntN(5) {
		case 0, 1:
			tokens = append(tokens, Token{Kind: Star})
		case 2:
			tokens = append(tokens, Token{Kind: AnyChar})
		default:
			tokens = append(tokens, Token{Kind: Literal, Literal: g.text(letters, 3)})
		}
	}
	return NewPattern(tokens...)
}

var genFields = []schemas.Field{schemas.RegistryPath, schemas.RegistryDataStrings, schemas.FilePath, schemas.ProcessName}

func (g gen) expr(depth int) Expr {
	f := genFields[g.IntN(len(genFields))]
	op, n := CompareOp(g.IntN(5)), []int64{-1, 0, 1, 2, 3, 1 << 62}[g.IntN(6)]
	kind := g.IntN(17)
	if depth == 0 {
		kind = 6 + g.IntN(10)
	}
	switch kind {
	case 0, 1:
		x := make(And, g.IntN(4))
		for i := range x {
			x[i] = g.expr(depth - 1)
		}
		return x
	case 2, 3:
		x := make(Or, g.IntN(4))
		for i := range x {
			x[i] = g.expr(depth - 1)
		}
		return x
	case 4:
		return Not{g.expr(depth - 1)}
	case 5:
		return Bool(g.IntN(2) == 0)
	case 6:
		return Regexp{Field: f, Re: regexp.MustCompile([]string{`^a`, `(?i)k$`, `a.b`, `^$`, `(?s)^.{2}$`}[g.IntN(5)])}
	case 7:
		return Compare{Field: f, Op: op, Number: n}
	case 8:
		return Length{Field: f, Op: op, Number: n}
	case 9:
		return Exists{Field: f}
	case 10:
		return Keyword{Pattern: g.pattern(), Cased: g.IntN(3) == 0}
	case 15:
		return g.relation()
	case 16:
		return Named{"selection", g.expr(depth - 1)}
	default:
		return Match{Field: f, Pattern: g.pattern(), Cased: g.IntN(3) == 0}
	}
}

func (g gen) record() record {
	r := make(record)
	all := slices.Concat(letters, letters, broken)
	for _, f := range genFields {
		for element := range g.IntN(3) {
			for range 1 + g.IntN(2) {
				text := g.text(all, 5)
				r[f] = append(r[f], schemas.Value{
					Text: text, Folded: registry.Fold(text), Element: uint16(element),
					Whole: g.IntN(5) == 0, Opaque: g.IntN(6) == 0,
					Numeric: g.IntN(3) == 0, Number: []uint64{0, 1, 2, 3, 1 << 62, 1 << 63, 1<<64 - 1}[g.IntN(7)],
				})
			}
		}
	}
	return r
}

func TestMatchAgreesWithTheObviousEvaluator(t *testing.T) {
	g := gen{newRand()}
	hits, candidates, always := 0, 0, 0
	for range 150 {
		rules := make([]Rule, 40)
		for i := range rules {
			rules[i] = Rule{Condition: g.expr(3), Actions: schemas.Actions(g.IntN(4))}
		}
		set, err := Compile(rules)
		if err != nil {
			t.Fatal(err)
		}
		always += len(set.Always())
		m := set.NewMatcher()
		for range 40 {
			ev, action := g.record(), schemas.Action(g.IntN(2))
			var want []int32
			for i, r := range rules {
				holds := evaluate(r.Condition, ev)
				if trace := set.explain(ev, set.roots[i], r.Condition); trace.Holds != holds {
					t.Fatalf("explain %v on %+v: holds %v, want %v", r.Condition, ev, trace.Holds, holds)
				}
				if holds && r.Actions.Has(action) {
					want = append(want, int32(i))
				}
			}
			got := m.match(nil, action, ev)
			if !slices.Equal(got, want) {
				for i, r := range rules {
					if slices.Contains(got, int32(i)) != slices.Contains(want, int32(i)) {
						t.Errorf("rule %d on %+v: %v", i, ev, r.Condition)
					}
				}
				t.Fatalf("match = %v, want %v", got, want)
			}
			hits += len(want)
			candidates += len(m.candidates)
		}
	}
	// The comparison says something only when rules of every kind are in it.
	if hits == 0 || always == 0 || always == 150*40 || candidates == hits {
		t.Errorf("hits %d, candidates %d, always %d: the random rules are not varied", hits, candidates, always)
	}
}

func TestMatchStartsAnewWhenEpochsRunOut(t *testing.T) {
	set, err := Compile([]Rule{{Match{Field: schemas.FilePath, Pattern: literal("ab")}, schemas.AllActions}})
	if err != nil {
		t.Fatal(err)
	}
	yes := record{schemas.FilePath: {{Text: "ab", Folded: "ab"}}}
	no := record{schemas.FilePath: {{Text: "abc", Folded: "abc"}}}
	m := set.NewMatcher()
	for range 2 {
		for i := range 6 {
			if got := m.match(nil, schemas.ValueSet, yes); len(got) != 1 {
				t.Fatalf("event %d: no hit", i)
			}
			if got := m.match(nil, schemas.ValueSet, no); len(got) != 0 {
				t.Fatalf("event %d: a hit of the event before", i)
			}
		}
		m.epoch = 1<<31 - 6
	}
}

func literal(s string) Pattern { return NewPattern(Token{Kind: Literal, Literal: s}) }
