package matcher

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/regtrap/regtrap/schemas"
)

var update = flag.Bool("update", false, "write the golden files")

func golden(t *testing.T, name, got string) {
	t.Helper()
	name = filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs (run with -update and read the diff): got\n%s", name, got)
	}
}

func TestAutomatonIsDrawnAsDocumented(t *testing.T) {
	a := newAutomaton([]string{"he", "hers", "she"}, maxRows)
	golden(t, "automaton.golden", a.String())
}

func TestIndexStructure(t *testing.T) {
	var rules []Rule
	for _, s := range []string{
		`(process.name : "WmiPrvSE.exe" and registry.path : "HKLM\SYSTEM\*ControlSet*\Services\*\ImagePath")`,
		`(EventType : "SetValue" and registry.path : "*\Run\*")`,
		`(registry.path : "*\Run\*" and not process.name : "a.exe")`,
		`(registry.path : "HKU\*\Run" or registry.path like "*\Run")`,
		`(registry.path : "*\Run" or registry.data.strings > 4)`,
		`not registry.path : "*\Run"`,
		`any()`,
	} {
		rules = append(rules, Rule{mustParse(t, s), schemas.AllActions})
	}
	set, err := Compile(rules)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "index.golden", set.String())
	if got := set.Always(); !slices.Equal(got, []int32{4, 5}) {
		t.Errorf("always = %v", got)
	}
	if set.Len() != len(rules) {
		t.Errorf("len = %d", set.Len())
	}
}

func TestAutomatonFindsWhatSearchingFinds(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	text := func(n, letters int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte('a' + rnd.IntN(letters))
		}
		return string(b)
	}
	beyondRows := 0
	for range 200 {
		var literals []string
		for range 1 + rnd.IntN(120) {
			literals = append(literals, text(1+rnd.IntN(12), 2+rnd.IntN(2)))
		}
		slices.Sort(literals)
		literals = slices.Compact(literals)
		a := newAutomaton(literals, []int{128, maxRows}[rnd.IntN(2)])
		if a.states() > int(a.nrows) {
			beyondRows++
		}
		where := text(100, 3)
		var got, want []string
		for i, s := 0, step(0); i < len(where); i++ {
			s = a.next(s, where[i])
			state := a.state(s)
			if reported := a.links[state].report != 0; reported != (s&reports != 0) {
				t.Fatalf("state %d reports %v, marked %v", state, reported, !reported)
			}
			for o := a.links[state].report; o != 0; o = a.output[o].next {
				got = append(got, fmt.Sprintf("%03d %s", i+1-a.output[o].length, literals[o-1]))
			}
		}
		for at := range where {
			for _, l := range literals {
				if strings.HasPrefix(where[at:], l) {
					want = append(want, fmt.Sprintf("%03d %s", at, l))
				}
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Fatalf("%q in %q:\ngot  %q\nwant %q", literals, where, got, want)
		}
	}
	if beyondRows < 50 {
		t.Errorf("%d automata have states beyond their rows: too few to test them", beyondRows)
	}
}
