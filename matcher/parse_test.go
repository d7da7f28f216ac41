package matcher

import (
	"math/rand/v2"
	"strings"
	"testing"
)

func newRand() *rand.Rand { return rand.New(rand.NewPCG(3, 4)) }

func mustParse(t testing.TB, s string) Expr {
	t.Helper()
	x, err := Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func TestParseReadsWhatStringWrites(t *testing.T) {
	for _, s := range []string{
		`true`, `false`, `all()`, `any()`, `all(true)`, `any(not false)`,
		`not not registry.path exists`,
		`(registry.path : "*\Run\*" and process.name : "wmiprvse.exe" and not user.id like "S-1-5-18")`,
		`((TargetObject exists or NewName exists) and length(registry.data.strings) > 0)`,
		`registry.data.strings >= -5`,
		`registry.data.strings matches "(?i)^""a""\s"`,
		`file.path : "[*][0a]""[[]"`,
	} {
		want := s
		if strings.Contains(s, "TargetObject") {
			// registry.path has an ECS name, so that is what it goes by.
			if _, err := Parse(s); err == nil {
				t.Errorf("%s: want an error for a second name of a field", s)
			}
			s = strings.ReplaceAll(s, "TargetObject", "registry.path")
			want = s
		}
		if got := mustParse(t, s).String(); got != want {
			t.Errorf("%s: got %s", s, got)
		}
	}
	g := gen{newRand()}
	for range 5000 {
		s := g.expr(4).String()
		if got := mustParse(t, s).String(); got != s {
			t.Fatalf("%q: got %q", s, got)
		}
	}
}

func TestParseSaysWhatIsWrong(t *testing.T) {
	tests := []struct{ in, want string }{
		{``, `at offset 0: field "" is not known`},
		{`registry.pat exists`, `at offset 0: field "registry.pat" is not known`},
		{`(true)`, `at offset 5: want and, or`},
		{`(true and true or true)`, `at offset 15: want and, )`},
		{`true true`, `at offset 5: "true" after the condition`},
		{`all(true true)`, `want )`},
		{`length(registry.path > 3`, `want )`},
		{`registry.path = "a"`, `want an operator`},
		{`registry.path : a`, `want a text in double quotes`},
		{`registry.path : "a`, `no closing quote`},
		{`registry.path : "["`, `a bracket is written [[]`},
		{`registry.path matches "("`, `missing closing )`},
		{`registry.path > 9223372036854775808`, `"9223372036854775808" is no integer of 64 bits`},
		{strings.Repeat("not ", maxDepth) + "true", "nested more than 256 deep"},
	}
	for _, tt := range tests {
		x, err := Parse(tt.in)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%.60s: %v, %v; want %s", tt.in, x, err, tt.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(`(registry.path : "*\Run\*" and not (user.id like "S-1-5-18" or length(NewName) <= 3))`)
	f.Add(`any(all(registry.data.strings matches "a""b" ))`)
	f.Fuzz(func(t *testing.T, s string) {
		x, err := Parse(s)
		if err != nil {
			return
		}
		written := x.String()
		back, err := Parse(written)
		if err != nil {
			t.Fatalf("%q is written %q: %v", s, written, err)
		}
		if again := back.String(); again != written {
			t.Fatalf("%q is written %q, then %q", s, written, again)
		}
		if _, err := Compile([]Rule{{Condition: x}}); err != nil && !strings.Contains(err.Error(), "UTF-8") {
			t.Fatalf("%q: %v", written, err)
		}
	})
}
