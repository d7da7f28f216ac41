package registry_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/regtrap/regtrap/registry"
)

func TestCanonicalSpelling(t *testing.T) {
	value := registry.Context{SID: sid, ValueEvent: true}
	named := func(v string) registry.Context {
		return registry.Context{Value: v, HasValue: true, ValueEvent: true}
	}
	for _, tt := range []struct {
		wire string
		ctx  registry.Context
		want string
	}{
		{`hkey_local_machine\Software\x`, value, `HKLM\Software\x`},
		{`\Registry\Machine\Software\x`, value, `HKLM\Software\x`},
		{`MACHINE\Software\x`, value, `HKLM\Software\x`},
		{`MACHINES\Software\x`, value, `MACHINES\Software\x`},
		{`\REGISTRY\USER\` + sid + `\a\b`, value, `HKEY_USERS\` + sid + `\a\b`},
		{`HKCU\a\b`, value, `HKEY_USERS\` + sid + `\a\b`},
		{`HKCU\a\b`, registry.Context{ValueEvent: true}, `HKEY_USERS\CURRENT_USER\a\b`},
		{`HKCR\.txt\x`, value, `HKLM\SOFTWARE\Classes\.txt\x`},
		{`HKU\` + sid + `_Classes\a\b`, value, `HKEY_USERS\` + sid + `\Software\Classes\a\b`},
		{`HKU\.DEFAULT\a\b`, value, `HKEY_USERS\S-1-5-18\a\b`},
		{`HKLM\System\ControlSet002\Services\x`, value, `HKLM\System\CurrentControlSet\Services\x`},
		{`HKLM\System\ControlSet02\Services\x`, value, `HKLM\System\ControlSet02\Services\x`},
		{`HKLM\System\ControlSet0021\Services\x`, value, `HKLM\System\ControlSet0021\Services\x`},
		{`HKLM\Software\System\ControlSet001\x`, value, `HKLM\Software\System\ControlSet001\x`},
		{`HKLM\SYSTEM\ControlSet001`, value, `HKLM\SYSTEM\ControlSet001`},
		{`HKLM\SYSTEM\ControlSet001`, registry.Context{}, `HKLM\SYSTEM\CurrentControlSet`},
		{`HKLM\Software\Wow6432Node\Classes\a\b`, value, `HKLM\Software\Classes\Wow6432Node\a\b`},
		{`HKLM\Software\Wow6432Node\Run\b`, value, `HKLM\Software\Wow6432Node\Run\b`},
		{`HKCC\a\b`, value, `HKLM\SYSTEM\CurrentControlSet\Hardware Profiles\Current\a\b`},
		{`\REGISTRY\A\{1}\a\b`, value, `\REGISTRY\A\{1}\a\b`},
		{`\REGISTRY\WC\{1}\a\b`, value, `\REGISTRY\WC\{1}\a\b`},
		{`\\REGISTRY\\MACHINE\\a\\b`, value, `HKLM\a\b`},
		{`HKLM\\a\\b\c`, value, `HKLM\\a\\b\c`},
		{`HKLM\\a\\b\c`, named(`b\c`), `HKLM\a\b\c`},
		{`HKLM\\a\\`, value, `HKLM\a\(Default)`},
		{`HKLM\a\`, value, `HKLM\a\(Default)`},
		{`HKLM\a`, named(""), `HKLM\a\(Default)`},
		{`HKLM\a\(Default)`, value, `HKLM\a\(Default)`},
		{`HKLM\a\`, registry.Context{}, `HKLM\a\`},
		{`HKLM\SYSTEM\ControlSet001\x`, named(`ControlSet001\x`), `HKLM\SYSTEM\ControlSet001\x`},
		{"", value, ""},
		{`\`, value, `\`},
		{"HKU\\\x00\xff\\b", value, "HKEY_USERS\\\x00\xff\\b"},
	} {
		if got := registry.Canonicalize(tt.wire, tt.ctx); got != tt.want {
			t.Errorf("%q %+v: %q, want %q", tt.wire, tt.ctx, got, tt.want)
		}
	}
}

func TestPartsComeFromTheCanonicalPath(t *testing.T) {
	var p registry.Path
	p.Set(`\REGISTRY\MACHINE\SYSTEM\ControlSet002\Services\a\C:\x`,
		registry.Context{Value: `C:\x`, HasValue: true, ValueEvent: true})
	name, ok := p.ValueName()
	got := fmt.Sprint(p.Hive(), p.DisplayKey(), p.Display(), name, ok)
	want := fmt.Sprint(`HKLM`, `SYSTEM\ControlSet002\Services\a`, `HKLM\SYSTEM\ControlSet002\Services\a\C:\x`, `C:\x`, true)
	if got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if k := p.Keys(); len(k) != 2 || k[0].Text != `SYSTEM\CurrentControlSet\Services\a` || k[1].Folded != `system\controlset001\services\a` {
		t.Errorf("keys %q", k)
	}
}

func TestUnnamedValueHasBothEnds(t *testing.T) {
	var p registry.Path
	for _, end := range []string{`\`, `\(Default)`} {
		p.Set(`HKCR\mscfile\shell`+end, registry.Context{ValueEvent: true})
		for _, pattern := range []string{`*\shell\`, `HKCR\*\`, `HKLM\*\(Default)`, `HKCR\*\(Default)`} {
			if !matches(&p, pattern) {
				t.Errorf("%s does not match %q", pattern, p.Spellings())
			}
		}
		p.Set(`HKCR\mscfile\shell`, registry.Context{})
		if matches(&p, `*`+end) {
			t.Errorf("*%s matches a key: %q", end, p.Spellings())
		}
	}
}

func TestCanonicalHead(t *testing.T) {
	for literal, want := range map[string]string{
		`HKU\`: `HKEY_USERS\`, `HKEY_LOCAL_MACHINE\a`: `HKLM\a`, `\REGISTRY\USER\`: `HKEY_USERS\`,
		`HKCR\`: `HKLM\SOFTWARE\Classes\`, `HKCU\X`: `HKEY_USERS\*\X`, `HKCU`: `HKEY_USERS\*`,
		`HKCUX\`: ``, `hklm\a`: ``, `HKLM\SYSTEM\ControlSet001\`: ``, ``: ``, `\`: ``,
		`HKU\.DEFAULT\a`: `HKEY_USERS\S-1-5-18\a`, `HKLM\SOFTWARE\WOW6432Node\Classes\`: `HKLM\SOFTWARE\Classes\WOW6432Node\`,
		`HKLM\SOFTWARE\WOW6432Node\Classes`: ``,
	} {
		pieces, ok := registry.CanonicalHead(literal)
		if got := strings.Join(pieces, "*"); got != want || ok != (want != "") {
			t.Errorf("%q: %q %t, want %q", literal, pieces, ok, want)
		}
	}
}

var wires = []string{
	`HKU\` + sid + `_Classes\mscfile\shell\open\command\(Default)`,
	`\REGISTRY\MACHINE\SYSTEM\ControlSet002\Services\a\ImagePath`,
	`HKLM\\SOFTWARE\\Wow6432Node\\Classes\\ä\\`,
}

func TestSetAllocatesNothing(t *testing.T) {
	var p registry.Path
	for _, w := range wires {
		set := func() { p.Set(w, registry.Context{ValueEvent: true}) }
		set()
		if n := testing.AllocsPerRun(100, set); n != 0 {
			t.Errorf("%s: %v allocations", w, n)
		}
		c := strings.Clone(p.Canonical())
		if n := testing.AllocsPerRun(100, func() { registry.Canonicalize(c, registry.Context{ValueEvent: true}) }); n != 0 {
			t.Errorf("%s: %v allocations", c, n)
		}
	}
}

func ExamplePath() {
	var p registry.Path
	p.Set(`\REGISTRY\MACHINE\SYSTEM\ControlSet001\Services\Spooler\ImagePath`, registry.Context{ValueEvent: true})
	var texts []string
	for _, s := range p.Spellings() {
		texts = append(texts, s.Text)
	}
	slices.Sort(texts)
	fmt.Println(strings.Join(texts, "\n"))
	// Output:
	// HKLM\SYSTEM\ControlSet001\Services\Spooler\ImagePath
	// HKLM\SYSTEM\CurrentControlSet\Services\Spooler\ImagePath
	// \REGISTRY\MACHINE\SYSTEM\ControlSet001\Services\Spooler\ImagePath
}

func BenchmarkSet(b *testing.B) {
	for _, w := range append(wires, `HKU\`+sid+`\Software\Microsoft\Windows\CurrentVersion\Run\updater`, `HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Run\updater`) {
		b.Run(w, func(b *testing.B) {
			b.ReportAllocs()
			var p registry.Path
			for b.Loop() {
				p.Set(w, registry.Context{ValueEvent: true})
			}
		})
	}
}

// An identifier may be any text, and fold to another length.
func TestFoldsWhereTheIdentifierIsNotASCII(t *testing.T) {
	var p registry.Path
	p.Set(`HKCU\SOFTWARE\Classes\Ab\C`, registry.Context{SID: "S-1-ÄK\u212aȺ", ValueEvent: true})
	for _, s := range p.Spellings() {
		if want := registry.Fold(s.Text); s.Folded != want {
			t.Errorf("%s %q folds to %q, want %q", s.Spelling, s.Text, s.Folded, want)
		}
	}
}
