package registry_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/regtrap/regtrap/registry"
)

// The words of generated keys: those that are special somewhere, and others
// that nearly are.
var (
	roots = []string{`HKLM`, `HKEY_LOCAL_MACHINE`, `\REGISTRY\MACHINE`, `REGISTRY\MACHINE`, `MACHINE`,
		`HKU`, `HKEY_USERS`, `\REGISTRY\USER`, `REGISTRY\USER`, `USER`, `HKCU`, `HKEY_CURRENT_USER`,
		`HKCR`, `HKEY_CLASSES_ROOT`, `HKCC`, `HKEY_CURRENT_CONFIG`, `\REGISTRY\A`, `\REGISTRY\WC`,
		`\REGISTRY\MACHINEX`, `\REGISTRY\USERS`, `\REGISTRY`, `MACHINEX`, `HKLMX`, `HKCRX`, `HKU_Classes`, `x`}
	words = []string{`SYSTEM`, `SOFTWARE`, `CurrentControlSet`, `ControlSet001`, `ControlSet002`, `ControlSet1`,
		`ControlSet0001`, `ControlSet00x`, `CurrentControlSetX`, `Classes`, `Classes_`, `ClassesX`, `WOW6432Node`,
		`WOW6432NodeX`, `.DEFAULT`, `.DEFAULTx`, `.DEFAULT_Classes`, `S-1-5-18`, `S-1-5-18x`, `S-1-5-18_Classes`,
		`S-1-5-19`, sid, sid + `_Classes`, sid + `_Classes_Classes`, `CURRENT_USER`, `CURRENT_USER_Classes`,
		`x_Classes`, `_Classes`, `Hardware Profiles`, `Current`, `MACHINE`, `HKLM`, `(Default)`, `x`, `y`}
	names = []string{``, `(Default)`, `(DEFAULT)`, `Default`, `x`, `y`, `x\y`, `HKLM\x`, `ControlSet001`, `Classes\x`, `\\x`}
)

// A generated path, and the value that it names if it does.
type generated struct {
	key, name string
	value     bool
}

func (g generated) wire() string {
	if !g.value {
		return g.key
	}
	return g.key + `\` + g.name
}

func (g generated) context() registry.Context {
	return registry.Context{SID: sid, Value: g.name, HasValue: g.value, ValueEvent: g.value}
}

// generate yields every key of up to two words, and n random longer ones and
// values.
func generate(n int, yield func(generated)) {
	for _, root := range roots {
		yield(generated{key: root})
		for _, a := range words {
			yield(generated{key: root + `\` + a})
			for _, b := range words {
				yield(generated{key: root + `\` + a + `\` + b})
			}
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	pick := func(list []string) string { return list[r.IntN(len(list))] }
	for range n {
		g := generated{key: pick(roots), value: r.IntN(2) == 0}
		for range r.IntN(5) {
			g.key += `\` + pick(words)
		}
		if r.IntN(3) == 0 { // where most is special
			g.key = pick([]string{`HKLM\SOFTWARE\Classes`, `HKLM\SOFTWARE\WOW6432Node\Classes`, `MACHINE\SYSTEM\ControlSet003`,
				`HKU\.DEFAULT\Software\Classes`, `HKU\S-1-5-18\Software\Classes`, `USER\` + sid + `\Software\Classes`}) + `\` + pick(words)
		}
		if g.value {
			g.name = pick(names)
		}
		yield(g)
	}
}

// identities returns what tells which key a path is of, whatever its
// spelling: the intended merges are the steps of the vectors and no others.
func identities(t *testing.T) func(generated) string {
	type step struct {
		match   *regexp.Regexp
		replace string
	}
	var steps []step
	for _, s := range vectors(t).Identity {
		replace := regexp.MustCompile(`\$(\d)`).ReplaceAllString(s.Replace, `$${$1}`)
		steps = append(steps, step{regexp.MustCompile(`(?s)` + s.Match), strings.ReplaceAll(replace, `{sid}`, strings.ToLower(sid))})
	}
	return func(g generated) string {
		key := strings.ToLower(g.key)
		for _, s := range steps {
			key = s.match.ReplaceAllString(key, s.replace)
		}
		if !g.value {
			return key
		}
		name := strings.ToLower(g.name)
		if name == "" {
			name = "(default)"
		}
		return key + " value " + name
	}
}

func TestOnlyTheIntendedNamesAreOneKey(t *testing.T) {
	identity := identities(t)
	canonicalOf := map[string]string{}    // by identity
	identityOf := map[string]string{}     // by canonical
	groups := map[string]map[string]int{} // by identity, the wires
	var p registry.Path
	generate(60_000, func(g generated) {
		p.Set(g.wire(), g.context())
		name, ok := p.ValueName()
		if ok != g.value {
			t.Fatalf("%+v: value name %q %t", g, name, ok)
		}
		canonical := registry.Fold(fmt.Sprintf("%s|%s|%s|%t", p.Hive(), p.Keys()[0].Text, name, ok))
		id := identity(g)
		if other, ok := canonicalOf[id]; ok && other != canonical {
			t.Errorf("%+v: one key %s has two canonical paths, %s and %s", g, id, canonical, other)
		}
		if other, ok := identityOf[canonical]; ok && other != id {
			t.Errorf("%+v: canonical path %s is of two keys, %s and %s", g, canonical, id, other)
		}
		canonicalOf[id], identityOf[canonical] = canonical, id
		if groups[id] == nil {
			groups[id] = map[string]int{}
		}
		groups[id][strings.ToLower(g.wire())]++
		if t.Failed() {
			t.FailNow()
		}
	})
	merged := 0
	for g := range maps.Values(groups) {
		if len(g) > 1 {
			merged++
		}
	}
	if len(groups) < 20_000 || merged < 2_000 {
		t.Errorf("%d keys, %d of them under several names: too few to tell", len(groups), merged)
	}
}

func TestEverySpellingHasTheSameCanonicalPath(t *testing.T) {
	var p registry.Path
	generate(20_000, func(g generated) {
		p.Set(g.wire(), g.context())
		compare(t, &p, g.wire(), g.context())
		returns(t, &p, g.context())
	})
}

// otherCase returns s with its letters in random case. It makes no long s of
// an s, and nothing of a long s: special names do not take it.
func otherCase(r *rand.Rand, s string) string {
	return strings.Map(func(c rune) rune {
		next := unicode.SimpleFold(c)
		for c < unicode.MaxASCII && next > unicode.MaxASCII {
			next = unicode.SimpleFold(next)
		}
		if r.IntN(2) == 0 || c > unicode.MaxASCII && next < unicode.MaxASCII {
			return c
		}
		return next
	}, s)
}

func TestLetterCaseDoesNotMatter(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	var a, b registry.Path
	same := func(wire string, ctx registry.Context) {
		key, name := wire, ""
		if ctx.Value != "" && strings.HasSuffix(wire, `\`+ctx.Value) {
			key, name = wire[:len(wire)-len(ctx.Value)], otherCase(r, ctx.Value)
		}
		other, otherCtx := otherCase(r, key)+name, ctx
		if name != "" {
			otherCtx.Value = name
		}
		a.Set(wire, ctx)
		b.Set(other, otherCtx)
		if x, y := registry.Fold(a.Canonical()), registry.Fold(b.Canonical()); x != y {
			t.Fatalf("%q is %q, %q is %q", wire, x, other, y)
		}
		if x, y := folds(&a), folds(&b); !slices.Equal(x, y) {
			t.Fatalf("%q is %q, %q is %q", wire, x, other, y)
		}
	}
	generate(20_000, func(g generated) { same(g.wire(), g.context()) })
	for range 20 {
		for _, v := range vectors(t).Paths {
			same(v.Path, v.context())
		}
	}
}

// folds returns the distinct folds of the spellings.
func folds(p *registry.Path) []string {
	var all []string
	for _, s := range p.Spellings() {
		all = append(all, s.Folded)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// A pattern without a wildcard and a path go through the same code: the one is
// canonical where the other is.
func TestHeadOfAPatternIsCanonicalLikeAPath(t *testing.T) {
	heads := 0
	generate(20_000, func(g generated) {
		if !g.value || g.name == "" || strings.Contains(g.name, `\`) {
			return // a literal tells neither
		}
		pieces, ok := registry.CanonicalHead(g.wire())
		got := g.wire()
		if ok {
			got = strings.Join(pieces, sid) // HKCU is any user's
			heads++
		}
		var p registry.Path
		p.Set(g.wire(), g.context())
		// A pattern keeps the number of a control set, as the alert does.
		if registry.Fold(got) != registry.Fold(p.Display()) {
			t.Errorf("%q: head %q, path %q", g.wire(), got, p.Display())
		}
	})
	if heads < 3_000 {
		t.Errorf("%d heads", heads)
	}
}
