package matcher

import (
	"slices"
	"strings"
	"testing"

	"github.com/regtrap/regtrap/registry"
	"github.com/regtrap/regtrap/schemas"
)

// textOf is one value of a field.
func textOf(s string) []schemas.Value {
	return []schemas.Value{{Text: s, Folded: registry.Fold(s)}}
}

// Every kind of leaf, behind a literal and on every event, on an event that hits
// none of the rules and on one that hits all.
func TestLeavesOfAllKindsAllocateNothing(t *testing.T) {
	conditions := []string{
		`registry.path : "*\Run\*"`,
		`registry.path like "*\Run\*"`,
		`any : "*evil*"`,
		`any like "*evil*"`,
		`process.pid > 4`,
		`length(registry.data.strings) > 12`,
		`NewName exists`,
		`where equal~(registry.data.strings, file.path)`,
		`where less(process.pid, process.pid)`,
		`where startsWith~(registry.data.strings, "c:\e")`,
	}
	if !raceDetector { // which makes the pools of glob and regexp forget
		conditions = append(conditions, `registry.path : "HKU\*\Software\*\R?n\*"`, `registry.data.strings matches "(?i)ev[i]l\.exe$"`, `registry.data.strings matches "^(?:C:.*|D:.*)\.exe$"`)
	}
	var rules []Rule
	for _, c := range conditions {
		x := mustParse(t, c)
		rules = append(rules, Rule{x, schemas.AllActions}, Rule{And{mustParse(t, `process.name : "a.exe"`), x}, schemas.AllActions}, Rule{And{x, Not{x}}, schemas.AllActions})
	}
	set, err := Compile(rules)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(set.Always()); n == 0 || n == len(rules) {
		t.Fatalf("%d of %d rules are evaluated on every event", n, len(rules))
	}
	quiet := record{
		schemas.RegistryPath:        append(textOf(`HKU\S-1-5-21-1\Software\Vendor\Setting`), textOf(`HKEY_USERS\S-1-5-21-1\Software\Vendor\Setting`)...),
		schemas.RegistryDataStrings: textOf(`D:\b.com`),
		schemas.ProcessName:         textOf(`a.exe`),
		schemas.FilePath:            textOf(`D:\c.com`),
		schemas.ProcessPID:          {{Text: "4", Folded: "4", Numeric: true, Number: 4}},
	}
	loud := record{
		schemas.RegistryPath:        append(textOf(`HKU\S-1-5-21-1\Software\Vendor\Run\Evil`), textOf(`HKEY_USERS\S-1-5-21-1\Software\Vendor\Run\Evil`)...),
		schemas.RegistryDataStrings: textOf(`C:\evil\evil.exe`),
		schemas.ProcessName:         textOf(`a.exe`),
		schemas.FilePath:            textOf(`C:\Evil\evil.exe`),
		schemas.ProcessPID:          {{Text: "5", Folded: "5", Numeric: true, Number: 5}},
		schemas.RegistryNewPath:     textOf(`HKLM\x`),
	}
	m := set.NewMatcher()
	dst := make([]int32, 0, len(rules))
	for _, c := range []struct {
		name string
		ev   record
		hits int
	}{
		{"an event that hits nothing", quiet, 0},
		{"an event that hits", loud, 2 * (len(conditions) - 1)}, // nothing is less than itself
	} {
		var got []int32
		if n := testing.AllocsPerRun(100, func() { got = m.match(dst, schemas.ValueSet, c.ev) }); n != 0 {
			t.Errorf("%s: %v allocations", c.name, n)
		}
		if len(got) != c.hits {
			t.Errorf("%s: rules %v hit, want %d", c.name, got, c.hits)
		}
	}
}

// counted counts how often the texts of a field are asked for: once by the index,
// and once by each leaf that is evaluated.
type counted struct {
	record
	asked map[schemas.Field]int
}

func (c counted) Values(f schemas.Field) []schemas.Value {
	c.asked[f]++
	return c.record[f]
}

func TestALeafIsEvaluatedOnceAnEvent(t *testing.T) {
	long := strings.Repeat(`ab\`, 10_000)
	for _, c := range []struct {
		name  string
		leaf  string
		ev    record
		field schemas.Field
		want  int
	}{
		{"whose literal is everywhere in the text", `registry.path : "*ab*x"`, record{schemas.RegistryPath: textOf(long)}, schemas.RegistryPath, 2},
		{"whose literal is in every element", `registry.path : "*ab*x"`, record{schemas.RegistryPath: slices.Repeat(textOf(`ab\ab`), 200)}, schemas.RegistryPath, 2},
		{"whose literal is not there", `registry.path : "*ac*x"`, record{schemas.RegistryPath: textOf(long)}, schemas.RegistryPath, 1},
		{"whose literal decides", `registry.path : "*b\a*"`, record{schemas.RegistryPath: textOf(long)}, schemas.RegistryPath, 1},
		{"that is a regular expression", `registry.path matches "(.b.)?[xy]"`, record{schemas.RegistryPath: textOf(long)}, schemas.RegistryPath, 1},
		{"that is a regular expression of a literal", `registry.path matches "(ab.)+x"`, record{schemas.RegistryPath: textOf(long)}, schemas.RegistryPath, 2},
		{"that is a regular expression of a literal that is not there", `registry.path matches "(ac.)+x"`, record{schemas.RegistryPath: textOf(long)}, schemas.RegistryPath, 1},
		{"that is a keyword", `any : "*ab*x"`, record{schemas.RegistryPath: textOf(long)}, schemas.RegistryPath, 1},
		{"that is a length", `length(registry.path) > 100000`, record{schemas.RegistryPath: textOf(long)}, schemas.RegistryPath, 1},
	} {
		var rules []Rule
		for i := range 100 { // all of them with the leaf, and each of its own
			x := mustParse(t, c.leaf)
			rules = append(rules, Rule{And{Or{x, Bool(i < 0)}, Not{And{x, x}}}, schemas.AllActions})
		}
		set, err := Compile(rules)
		if err != nil {
			t.Fatal(err)
		}
		m := set.NewMatcher()
		for range 2 { // anew on each event
			ev := counted{c.ev, make(map[schemas.Field]int)}
			if got := m.match(nil, schemas.ValueSet, ev); len(got) != 0 {
				t.Errorf("a leaf %s: rules %v hold", c.name, got)
			}
			if got := ev.asked[c.field]; got != c.want {
				t.Errorf("a leaf %s: its texts were asked for %d times, want %d", c.name, got, c.want)
			}
		}
	}
}

// Literals within each other on a text that repeats them: the shorter ones are
// seen with the longest, and again only where the text begins and ends.
func TestLiteralsWithinLiteralsAreAllFound(t *testing.T) {
	var rules []Rule
	for n := range 10 {
		a := strings.Repeat("a", n+1)
		for _, p := range []string{a, a + "*", "*" + a, "*" + a + "*", "*" + a + "b*"} {
			rules = append(rules, Rule{Match{Field: schemas.FilePath, Pattern: parsePattern(t, p)}, schemas.AllActions})
		}
	}
	set, err := Compile(rules)
	if err != nil {
		t.Fatal(err)
	}
	m := set.NewMatcher()
	for _, texts := range [][]string{{"aaaaaaaaaaaa"}, {"aaa"}, {"aaaab"}, {"baaaa"}, {"aaaabaaaaaa"}, {"ba", "baaab", "aab"}, {"aab", "aaaaa"}, {"aaaaaaaaab", "aaaa", "b"}, {"b", "aa", "baa", "aaabaa"}} {
		for _, hidden := range []int{-1, 0, 1} {
			ev := record{}
			for i, s := range texts {
				v := textOf(s)[0]
				v.Whole = i == hidden
				ev[schemas.FilePath] = append(ev[schemas.FilePath], v)
			}
			var want []int32
			for i, r := range rules {
				if evaluate(r.Condition, ev) {
					want = append(want, int32(i))
				}
			}
			if got := m.match(nil, schemas.ValueSet, ev); !slices.Equal(got, want) {
				t.Errorf("%q, hidden %d: match = %v, want %v", texts, hidden, got, want)
			}
		}
	}
}
