package rules

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// FuzzCheck: whatever a file holds, check ends, changes nothing of what Load
// makes of it, and every problem is on a line that the file has, or on
// the one behind it.
func FuzzCheck(f *testing.F) {
	f.Add([]byte(ruleOf("registry_event", "  s: {TargetObject|startswith: ['HKML\\a', 'HKU\\*\\b'], Details|windash|contains: '-x', EventType: CreateValue}\n  k: [words]\n  condition: s and not (k or 1 of s*)\n")), false)
	f.Add([]byte("title: x\nlogsource: {category: registry_set}\nfilter:\n  rules: any\n  k: {Image|gt: 1}\n  condition: not k\n"), false)
	f.Add([]byte(queryOf(`any where event.category == "file" or registry.path : ("HKML\\a", "*/*") and not (process.pid < 0 or length(x.y) == -1) and registry.hive == "hklm"`)), true)
	f.Fuzz(func(t *testing.T, data []byte, elastic bool) {
		name := filepath.Join(t.TempDir(), "f.yml")
		if elastic {
			name = filepath.Join(t.TempDir(), "f.toml")
		}
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
		c := Config{Paths: []string{name}}
		s, problems, err := Load(c)
		r, err2 := Check(c)
		if (err == nil) != (err2 == nil) {
			t.Fatalf("Load: %v; Check: %v", err, err2)
		}
		if err != nil {
			return
		}
		if r.Snapshot.Hash != s.Hash || len(r.Snapshot.Rules) != len(s.Rules) {
			t.Errorf("%d rules %s, Load %d rules %s", len(r.Snapshot.Rules), r.Snapshot.Hash, len(s.Rules), s.Hash)
		}
		seen := make(map[Problem]bool)
		for _, p := range r.Problems {
			seen[p] = true
			// What is not there is behind the end.
			if p.Line < 0 || p.Line > bytes.Count(data, []byte("\n"))+bytes.Count(data, []byte("\r"))+2 {
				t.Errorf("%v: no such line", p)
			}
		}
		for _, p := range problems {
			// Check knows where an id stands.
			if p.Code != CodeDuplicateID && !seen[p] {
				t.Errorf("Load reports %v, and Check does not", p)
			}
		}
	})
}
