package pipeline_test

import (
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/regtrap/regtrap/matcher"
	"github.com/regtrap/regtrap/schemas"
)

// worstSize is the length of the text of a worst case: the longest path that
// Windows takes.
const worstSize = 32 << 10

// worst is a case in which matching could cost more than a text's length: rules,
// and an event by the length of its text.
type worst struct {
	name  string
	rules []string // in the notation of matcher.Parse
	path  func(n int) string
	data  func(n int) string // instead of path
	end   string             // behind the text, it makes a rule hold; empty where no text so long can
}

// worstCases are what an attacker writes into the registry, before rules that
// suit him best.
func worstCases() []worst {
	filled := func(unit string) func(int) string {
		return func(n int) string { return `HKLM\Software\` + strings.Repeat(unit, n/len(unit)+1) }
	}
	repeated := func(unit string) func(int) string {
		return func(n int) string { return strings.Repeat(unit, n/len(unit)) }
	}
	numbered := func(n int, pattern string) (list []string) {
		for i := range n {
			list = append(list, fmt.Sprintf(`registry.path : "`+pattern+`"`, i))
		}
		return list
	}
	runs := []string{}
	for i := range 16 {
		runs = append(runs, fmt.Sprintf(`registry.path : "*%s*z*"`, strings.Repeat("a", i+1)))
	}
	letters := []string{}
	for c := 'a'; c <= 'z'; c++ {
		letters = append(letters, fmt.Sprintf(`registry.path : "*%c*%c%c*"`, c, c+2, c+1))
	}
	return []worst{
		{name: "a long path", rules: []string{`registry.path : "*\Run\*"`}, path: filled(`Vendor\Setting\`), end: `Run\x`},
		{name: "patterns of one beginning", rules: numbered(10_000, `HKLM\Software\`+strings.Repeat("a", 40)+`%d*`), path: filled("a")},
		{name: "infixes of one beginning", rules: numbered(10_000, `*`+strings.Repeat("a", 12)+`%d*x*`), path: filled("a"), end: "7x"},
		{name: "rules of one literal", rules: numbered(1000, `*\telling\*%dx*`), path: filled(`telling\`), end: "1x"},
		{name: "a star in every segment", rules: []string{`registry.path : "*\*\*\*a*\*b*"`, `registry.path : "` + strings.Repeat(`*\a`, 60) + `\*c*"`}, path: filled(`a\`), end: `\b`},
		{name: "a star behind every letter", rules: []string{`registry.path : "` + strings.Repeat(`*ab`, 60) + `*ac*b"`}, path: filled(`ab`), end: "acb"},
		{name: "any characters", rules: []string{`registry.path : "*aa??a???a????a?b*"`, `registry.path : "*aa*???????????c"`}, path: filled("a"), end: "bbc"},
		{name: "literals in literals", rules: runs, path: filled("a"), end: "z"},
		{name: "literals of a letter", rules: letters, path: filled("abab"), end: "cb"},
		{name: "a regular expression", rules: []string{`registry.data.strings matches "^(?i:(a|aa|a.)+)+[bc]$"`}, data: repeated("a"), end: "b"},
		{name: "a keyword", rules: []string{`any : "*aaaaaaaaaaaaaaab*"`}, data: repeated("a"), end: "b"},
	}
}

// event is an event of a text of n bytes.
func (w worst) event(tb testing.TB, n int) *schemas.Event {
	tb.Helper()
	record := map[string]any{"EventID": 13, "Image": `C:\a.exe`, "TargetObject": `HKLM\Software\Vendor\v`, "Details": "x", "UtcTime": "2026-03-04 10:11:12.300"}
	if w.path != nil {
		record["TargetObject"] = w.path(n)
	}
	if w.data != nil {
		record["Details"] = w.data(n)
	}
	text, err := json.Marshal(record)
	if err != nil {
		tb.Fatal(err)
	}
	d := schemas.NewDecoder()
	d.Reset(text)
	ev, out := d.Next()
	if out.Kind != schemas.Registry {
		tb.Fatalf("%s: %v: %.80s", w.name, out, text)
	}
	return ev.Clone()
}

func (w worst) set(tb testing.TB) *matcher.Set {
	tb.Helper()
	var list []matcher.Rule
	for _, text := range w.rules {
		x, err := matcher.Parse(text)
		if err != nil {
			tb.Fatal(err)
		}
		list = append(list, matcher.Rule{Condition: x, Actions: schemas.AllActions})
	}
	return compiled(tb, list)
}

// BenchmarkSpeedWorst matches texts of 32 KiB and, in turns with them, texts of
// twice that length: x-double is the ratio, which is 2 where the time grows with
// the length. Events of a letter less lie between, so that none is known from
// the event before.
func BenchmarkSpeedWorst(b *testing.B) {
	for _, w := range worstCases() {
		b.Run(fmt.Sprintf("%s/%d", strings.ReplaceAll(w.name, " ", "_"), len(w.rules)), func(b *testing.B) {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
			m := w.set(b).NewMatcher()
			other := w.event(b, 1)
			var hits []int32
			took := func(ev *schemas.Event) float64 {
				m.Match(hits[:0], other)
				began := time.Now()
				hits = m.Match(hits[:0], ev)
				return float64(time.Since(began))
			}
			once, twice := w.event(b, worstSize), w.event(b, 2*worstSize)
			took(twice) // warms up
			var nanos, ratios []float64
			round := func() {
				x := took(once)
				nanos, ratios = append(nanos, x), append(ratios, took(twice)/x)
			}
			for b.Loop() {
				round()
			}
			for len(ratios) < minRounds {
				round()
			}
			b.ReportMetric(0, "ns/op") // of a round of both lengths: it says nothing
			b.ReportMetric(quantile(nanos, 0.5), "ns/event")
			b.ReportMetric(quantile(nanos, 0.5)/worstSize, "ns/byte")
			b.ReportMetric(quantile(ratios, 0.5), "x-double")
			b.ReportMetric(quantile(ratios, 0.25), "x-q1")
			b.ReportMetric(quantile(ratios, 0.75), "x-q3")
			b.ReportMetric(float64(len(ratios)), "rounds")
			b.ReportMetric(worstSize, "bytes")
			b.ReportMetric(float64(len(w.rules)), "rules")
		})
	}
}

// The texts are as long as they should be, and no rule holds on them for what is
// at their beginning: each case is one because of what may come at the end.
func TestWorstCasesAreDecidedAtTheEnd(t *testing.T) {
	for _, w := range worstCases() {
		m := w.set(t).NewMatcher()
		ev := w.event(t, worstSize)
		field, text := schemas.RegistryPath, &w.path
		if w.data != nil {
			field, text = schemas.RegistryDataStrings, &w.data
		}
		if vs := ev.Values(field); len(vs) == 0 || len(vs[0].Text) < worstSize {
			t.Errorf("%s: no text of %d bytes", w.name, worstSize)
		}
		if hits := m.Match(nil, ev); len(hits) != 0 {
			t.Errorf("%s: rules %v hold", w.name, hits)
		}
		before := *text
		*text = func(n int) string { return before(n) + w.end }
		if hits := m.Match(nil, w.event(t, worstSize)); len(hits) == 0 && w.end != "" {
			t.Errorf("%s: no rule holds with %q at the end", w.name, w.end)
		}
	}
}
