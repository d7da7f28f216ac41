package registry_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
	"unsafe"

	"github.com/regtrap/regtrap/registry"
)

func TestFoldJoinsExactlyTheOrbitsOfSimpleFold(t *testing.T) {
	of := map[string]rune{}
	for r := range rune(unicode.MaxRune + 1) {
		if !utf8.ValidRune(r) {
			continue
		}
		f := registry.Fold(string(r))
		if next := registry.Fold(string(unicode.SimpleFold(r))); next != f {
			t.Fatalf("%U folds to %q, its neighbour to %q", r, f, next)
		}
		if first, ok := of[f]; ok && !strings.EqualFold(string(first), string(r)) {
			t.Fatalf("%U and %U both fold to %q", first, r, f)
		}
		of[f] = r
		if registry.Fold(f) != f {
			t.Fatalf("%U: fold %q is not folded", r, f)
		}
		if r < utf8.RuneSelf && f != string(unicode.ToLower(r)) {
			t.Fatalf("%U folds to %q", r, f)
		}
	}
}

func TestFoldReturnsAFoldedTextItself(t *testing.T) {
	s := "software\\microsoft\\日本\xff"
	if f := registry.Fold(s); unsafe.StringData(f) != unsafe.StringData(s) {
		t.Error("copied")
	}
}

// obvious folds rune by rune, with the least letter of the orbit that is no
// upper-case ASCII letter where the orbit has an ASCII letter.
func obvious(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 {
			b.WriteByte(s[i])
		} else {
			least := r
			for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
				least = min(least, f)
			}
			if least < utf8.RuneSelf {
				least = unicode.ToLower(least)
			}
			b.WriteRune(least)
		}
		i += size
	}
	return b.String()
}

func FuzzFold(f *testing.F) {
	f.Add("HKLM\\SOFTWARE\\[@`{Z", "hklm")
	f.Add("K\u017f\u023a\xffABCDEFGHI", "ks\u2c65\xffabcdefghi")
	f.Fuzz(func(t *testing.T, a, b string) {
		if got, want := registry.Fold(a), obvious(a); got != want {
			t.Fatalf("%q: %q, want %q", a, got, want)
		}
		if got := string(registry.AppendFold([]byte(b), a)); got != b+registry.Fold(a) {
			t.Fatalf("%q after %q: %q", a, b, got)
		}
		if utf8.ValidString(a) && utf8.ValidString(b) && strings.EqualFold(a, b) != (registry.Fold(a) == registry.Fold(b)) {
			t.Fatalf("%q, %q", a, b)
		}
	})
}
