package registry

import (
	"strings"
	"testing"
)

func FuzzPath(f *testing.F) {
	for _, s := range []string{`HKU\S-1-5-21-1-2-3-1001_Classes\x`, `\REGISTRY\MACHINE\\SYSTEM\\ControlSet001\\x`, `HKCU\a\`, `HKLM\SOFTWARE\WOW6432Node\Classes\a`, `HKCR\WOW6432Node\a\(Default)`, `HKU\.DEFAULT_Classes\a`, `HKLM\\a\\b\`, "\\\x00\xff", `HKCC\x`, `\REGISTRY\A\x`} {
		f.Add(s, `a\b`, `S-1-5-21-1-2-3-1001`, uint8(3))
		f.Add(s, ``, `S-1_Classes`, uint8(3))
		f.Add(s, ``, ``, uint8(1))
		f.Add(s, ``, ``, uint8(0))
	}
	f.Fuzz(func(t *testing.T, wire, value, sid string, flags uint8) {
		ctx := Context{SID: sid, Value: value, HasValue: flags&2 != 0, ValueEvent: flags&1 != 0}
		once := Canonicalize(wire, ctx)
		if twice := Canonicalize(once, ctx); twice != once {
			t.Fatalf("%q → %q → %q %+v", wire, once, twice, ctx)
		}
		var p Path
		p.Set(`HKLM\\SYSTEM\\ControlSet003\\a\\b\\`, Context{ValueEvent: true})
		p.Set(wire, ctx)
		if p.Canonical() != once {
			t.Fatalf("%q: %q, %q", wire, p.Canonical(), once)
		}
		s := p.Spellings()
		if s[0].Text != wire || s[0].Spelling != Wire {
			t.Fatal(s)
		}
		seen := map[string]bool{}
		for _, x := range s {
			if seen[x.Text] {
				t.Fatal("twice", s)
			}
			seen[x.Text] = true
			if x.Folded != Fold(x.Text) {
				t.Fatal(x)
			}
		}
		name, ok := p.ValueName()
		want := p.Hive()
		if k := p.Keys()[0]; k.Text != "" {
			want += `\` + k.Text
			if k.Folded != Fold(k.Text) {
				t.Fatal(k)
			}
		}
		if ok {
			want += `\` + name
		}
		if strings.ReplaceAll(want, `\`, ``) != strings.ReplaceAll(once, `\`, ``) {
			t.Fatalf("%q %q", want, once)
		}
		p.Display()
		p.DisplayKey()
	})
}
