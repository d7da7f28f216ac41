package rules

import "testing"

// The obvious matcher tries every way to divide the text.
func slowGlob(p, t string) bool {
	switch {
	case p == "":
		return t == ""
	case p[0] == '*':
		return slowGlob(p[1:], t) || t != "" && slowGlob(p, t[1:])
	}
	return t != "" && (p[0] == '?' || p[0] == t[0]) && slowGlob(p[1:], t[1:])
}

func TestGlobAgreesWithTheObviousOne(t *testing.T) {
	texts := func(alphabet string, most int) []string {
		list := []string{""}
		for i := 0; i < len(list); i++ {
			if len(list[i]) < most {
				for _, c := range alphabet {
					list = append(list, list[i]+string(c))
				}
			}
		}
		return list
	}
	n := 0
	for _, p := range texts("ab*?", 5) {
		for _, s := range texts("ab", 5) {
			if n++; glob(p, s) != slowGlob(p, s) {
				t.Fatalf("glob(%q, %q) is %v", p, s, glob(p, s))
			}
		}
	}
	if n < 50_000 {
		t.Errorf("%d pairs compared", n)
	}
}
