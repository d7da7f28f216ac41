package registry_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/regtrap/regtrap/registry"
)

const sid = "S-1-5-21-1-2-3-1001"

// wild is the obvious matcher: * is any text.
func wild(pattern, s string) bool {
	head, rest, star := strings.Cut(pattern, "*")
	if !star {
		return s == pattern
	}
	if !strings.HasPrefix(s, head) {
		return false
	}
	for i := len(head); i <= len(s); i++ {
		if wild(rest, s[i:]) {
			return true
		}
	}
	return false
}

func matches(p *registry.Path, pattern string) bool {
	patterns := []string{pattern}
	head, rest, star := strings.Cut(pattern, "*")
	if pieces, ok := registry.CanonicalHead(head); ok {
		c := strings.Join(pieces, "*")
		if star {
			c += "*" + rest
		}
		patterns = append(patterns, c)
	}
	for _, pt := range patterns {
		for _, s := range p.Spellings() {
			if wild(registry.Fold(pt), s.Folded) {
				return true
			}
		}
	}
	return false
}

func TestEveryLocationMatchesInEverySpelling(t *testing.T) {
	locations := registry.Locations()
	if len(locations) != 24 {
		t.Fatalf("%d locations", len(locations))
	}
	var p registry.Path
	for _, l := range locations {
		path := strings.Replace(l.Pattern, `HKEY_USERS\*`, `HKEY_USERS\`+sid, 1)
		path = strings.Replace(path, `*ControlSet*`, `CurrentControlSet`, 1)
		path = strings.ReplaceAll(path, `*`, `updater`)
		numbered := strings.Replace(path, `CurrentControlSet`, `ControlSet002`, 1)
		defend := strings.Replace(path, `CurrentControlSet`, `ControlSet001`, 1)
		var wires []string
		if rest, ok := strings.CutPrefix(path, `HKEY_USERS`); ok {
			if l.Scope != registry.User {
				t.Errorf("%s: scope %s", l.Pattern, l.Scope)
			}
			for _, h := range []string{`HKU`, `HKEY_USERS`, `\REGISTRY\USER`, `REGISTRY\USER`, `USER`} {
				wires = append(wires, h+rest)
			}
			own := strings.TrimPrefix(rest, `\`+sid)
			wires = append(wires, `HKCU`+own, `HKEY_CURRENT_USER`+own)
		} else {
			if l.Scope != registry.Machine {
				t.Errorf("%s: scope %s", l.Pattern, l.Scope)
			}
			for _, s := range []string{path, numbered, defend} {
				for _, h := range []string{`HKLM`, `HKEY_LOCAL_MACHINE`, `\REGISTRY\MACHINE`, `REGISTRY\MACHINE`, `MACHINE`} {
					wires = append(wires, h+strings.TrimPrefix(s, `HKLM`))
				}
			}
		}
		for _, w := range wires {
			for _, s := range []string{w, strings.ToUpper(w), strings.ToLower(w), strings.ReplaceAll(w, `\`, `\\`)} {
				for _, user := range []string{sid, ""} {
					p.Set(s, registry.Context{SID: user, ValueEvent: true})
					if !matches(&p, l.Pattern) {
						t.Errorf("%s does not match %s: %q", l.Pattern, s, p.Spellings())
					}
					p.Set(s+`x\y`, registry.Context{SID: user, ValueEvent: true})
					if !strings.HasSuffix(l.Pattern, "*") && matches(&p, l.Pattern) {
						t.Errorf("%s matches %sx\\y", l.Pattern, s)
					}
				}
			}
		}
	}
}

func ExampleLocations() {
	for _, l := range registry.Locations()[:2] {
		fmt.Println(l.Scope, l.Technique, l.Pattern)
	}
	// Output:
	// user T1547.001 HKEY_USERS\*\Software\Microsoft\Windows\CurrentVersion\Run\*
	// machine T1547.001 HKLM\Software\Microsoft\Windows\CurrentVersion\Run\*
}
