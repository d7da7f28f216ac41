package registry_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/regtrap/regtrap/registry"
)

// compare holds p, which was set to wire, to the model.
func compare(t *testing.T, p *registry.Path, wire string, ctx registry.Context) {
	t.Helper()
	want := read(wire, ctx)
	if got := registry.Canonicalize(wire, ctx); got != want.canonical || p.Canonical() != got {
		t.Fatalf("%q %+v: canonical %q, path %q, want %q", wire, ctx, got, p.Canonical(), want.canonical)
	}
	if p.Display() != want.display {
		t.Fatalf("%q %+v: display %q, want %q", wire, ctx, p.Display(), want.display)
	}
	var texts []string
	for _, s := range p.Spellings() {
		texts = append(texts, s.Text)
		if s.Folded != registry.Fold(s.Text) {
			t.Fatalf("%q: %q folds to %q", wire, s.Text, s.Folded)
		}
	}
	if texts[0] != wire {
		t.Fatalf("%q: first spelling %q", wire, texts[0])
	}
	slices.Sort(texts)
	if !slices.Equal(texts, want.spellings) {
		t.Fatalf("%q %+v: spellings\n%q, want\n%q", wire, ctx, texts, want.spellings)
	}
	if name, ok := p.ValueName(); name != want.name || ok != want.value {
		t.Fatalf("%q %+v: value name %q %t, want %q %t", wire, ctx, name, ok, want.name, want.value)
	}
	key := p.Hive()
	if key != want.key {
		key += `\` + p.Keys()[0].Text
	}
	if key != want.key {
		t.Fatalf("%q %+v: hive %q, key %q, want %q", wire, ctx, p.Hive(), p.Keys()[0].Text, want.key)
	}
	for _, k := range p.Keys() {
		if k.Folded != registry.Fold(k.Text) {
			t.Fatalf("%q: key %q folds to %q", wire, k.Text, k.Folded)
		}
	}
}

func FuzzPath(f *testing.F) {
	for _, s := range []string{`HKU\S-1-5-21-1-2-3-1001_Classes\x`, `\REGISTRY\MACHINE\\SYSTEM\\ControlSet001\\x`, `HKCU\a\`, `HKLM\SOFTWARE\WOW6432Node\Classes\a`, `HKCR\WOW6432Node\a\(Default)`, `HKU\.DEFAULT_Classes\a`, `HKLM\\a\\b\`, "\\\x00\xff", `HKCC\x`, `\REGISTRY\A\x`} {
		f.Add(s, `a\b`, `S-1-5-21-1-2-3-1001`, uint8(3))
		f.Add(s, ``, `S-1_Classes`, uint8(3))
		f.Add(s, ``, ``, uint8(1))
		f.Add(s, ``, ``, uint8(0))
	}
	for _, v := range vectors(f).Paths {
		f.Add(v.Path, v.name(), v.SID, v.flags())
	}
	f.Fuzz(func(t *testing.T, wire, value, sid string, flags uint8) {
		ctx := registry.Context{SID: sid, Value: value, HasValue: flags&2 != 0, ValueEvent: flags&1 != 0}
		var p registry.Path
		p.Set(`HKLM\\SYSTEM\\ControlSet003\\a\\b\\`, registry.Context{ValueEvent: true}) // what may show
		p.Set(wire, ctx)
		compare(t, &p, wire, ctx)
		returns(t, &p, ctx)
	})
}

// returns holds every spelling of p to its canonical one, unless the key has
// an empty segment, as no key has: a spelling with a shorter head then looks
// like a path whose every separator is doubled.
func returns(t *testing.T, p *registry.Path, ctx registry.Context) {
	t.Helper()
	canonical := p.Canonical()
	if again := registry.Canonicalize(canonical, ctx); again != canonical {
		t.Fatalf("%q → %q %+v: not idempotent", canonical, again, ctx)
	}
	if key := p.Keys()[0].Text + `\`; strings.Contains(key, `\\`) || strings.HasPrefix(key, `\`) && p.Hive() != canonical {
		return
	}
	// A spelling may end by chance in what the source states and the wire's
	// text does not end in, at least once its separators are single.
	wire := p.Spellings()[0].Text
	if got := registry.Canonicalize(wire, ctx); got != canonical {
		t.Fatalf("%q %+v: %q by Set, %q by Canonicalize", wire, ctx, canonical, got)
	}
	if end := `\` + ctx.Value; ctx.Value != "" && !strings.HasSuffix(wire, end) && !(strings.Contains(wire, `\\`) && strings.HasSuffix(canonical, end)) {
		ctx.Value, ctx.HasValue = "", false
	}
	for _, s := range p.Spellings()[1:] {
		if got := registry.Canonicalize(s.Text, ctx); registry.Fold(got) != registry.Fold(canonical) {
			t.Fatalf("%s spelling %q is of %q, its canonical one %q %+v", s.Spelling, s.Text, canonical, got, ctx)
		}
	}
}

func FuzzCanonicalHead(f *testing.F) {
	for _, v := range vectors(f).Heads {
		f.Add(v.Literal)
	}
	for _, v := range vectors(f).Paths {
		f.Add(v.Path)
	}
	f.Fuzz(func(t *testing.T, literal string) {
		pieces, ok := registry.CanonicalHead(literal)
		got := literal
		if ok {
			got = strings.Join(pieces, `*`)
		}
		if want := readHead(literal); got != want && registry.Fold(got) != registry.Fold(want) || ok == (registry.Fold(want) == registry.Fold(literal)) {
			t.Fatalf("%q: %q %t, want %q", literal, got, ok, want)
		}
	})
}

// readHead is the specification of [registry.CanonicalHead]: what a separator
// ends is rewritten as in a path, and a hive also at the end.
func readHead(literal string) string {
	for i, h := range hives {
		key, tail := literal, ""
		if n := strings.LastIndex(literal, `\`); n >= 0 && h.from.MatchString(literal[:n]) {
			key, tail = literal[:n], literal[n:]
		}
		m := h.from.FindStringSubmatch(key)
		switch {
		case m == nil:
		case i == 2:
			return `HKEY_USERS\*` + m[1] + tail
		default:
			return canonicalKey(h, key, "") + tail
		}
	}
	return literal
}
