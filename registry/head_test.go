package registry

import (
	"slices"
	"strings"
	"testing"
)

func TestHeadsAreThoseThatArePathsOfAHive(t *testing.T) {
	// No hive that other spellings name: they are as they are.
	own := []string{"HKEY_PERFORMANCE_DATA", `\REGISTRY\A`, `\REGISTRY\WC`, `REGISTRY\A`, `REGISTRY\WC`}
	for _, head := range Heads() {
		_, n := cutHive(head + `\Key`)
		if want := len(head); slices.Contains(own, head) {
			want = 0
			if n != want {
				t.Errorf("%s: a hive", head)
			}
		} else if n != want {
			t.Errorf("%s: cut at %d, want %d", head, n, want)
		}
	}
}

func TestEverySpellingBeginsWithAHead(t *testing.T) {
	var p Path
	for _, head := range Heads() {
		p.Set(head+`\SYSTEM\ControlSet001\Services\x`, Context{SID: "S-1-5-21-1-2-3-1001"})
		for _, s := range p.Spellings() {
			if !slices.ContainsFunc(Heads(), func(h string) bool { return strings.HasPrefix(s.Text, h+`\`) }) {
				t.Errorf("%s: spelling %s begins with no head", head, s.Text)
			}
		}
	}
}
