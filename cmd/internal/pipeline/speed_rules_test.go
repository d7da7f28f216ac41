package pipeline_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/regtrap/regtrap/matcher"
	"github.com/regtrap/regtrap/rules"
	"github.com/regtrap/regtrap/schemas"
)

// blockEvents is how many events are decoded ahead of being matched: few, so
// that their texts are in the cache, where the decoder leaves them.
const blockEvents = 64

// BenchmarkSpeedRules measures matching alone, by the number of rules: the
// registry events of the bus, decoded, one core. The lines are the rules of
// REGTRAP_SPEED_RULES; those and the rules of REGTRAP_SPEED_MORE_RULES; and as
// many variants of the first as make up the number, see variant. Each line
// alternates with the rules as they are: x-own is the ratio.
//
// The line "linear" evaluates every rule on every event, by the same tests.
func BenchmarkSpeedRules(b *testing.B) {
	pack := packRules(b)
	c := busCorpus(b, pack, 20_000)
	own := ownRules(b)
	base := compiled(b, own)
	for _, list := range ruleLists(b, own) {
		set := compiled(b, list)
		b.Run(fmt.Sprintf("indexed/%d", len(list)), func(b *testing.B) { matchBlocks(b, c, set, base) })
	}
	b.Run(fmt.Sprintf("linear/%d", len(own)), func(b *testing.B) {
		linear := slices.Clone(own)
		for i := range linear {
			// What is below a Not has no cover, so nothing of it is indexed.
			linear[i].Condition = matcher.Not{X: matcher.Not{X: linear[i].Condition}}
		}
		matchBlocks(b, c, compiled(b, linear), base)
	})
}

// ruleLists are the rules of the lines, the fewest first.
func ruleLists(tb testing.TB, own []matcher.Rule) [][]matcher.Rule {
	tb.Helper()
	lists := [][]matcher.Rule{own}
	if paths := os.Getenv("REGTRAP_SPEED_MORE_RULES"); paths != "" {
		lists = append(lists, slices.Concat(own, loadedRules(tb, rules.Config{Paths: filepath.SplitList(paths)})))
	}
	for _, n := range []int{2780, 9540} {
		if n > len(lists[len(lists)-1]) {
			lists = append(lists, multiplied(own, n))
		}
	}
	return lists
}

// ownRules are the rules of REGTRAP_SPEED_RULES, a list of folders; without it
// those of testdata/rules and the pack.
func ownRules(tb testing.TB) []matcher.Rule {
	tb.Helper()
	if paths := os.Getenv("REGTRAP_SPEED_RULES"); paths != "" {
		return loadedRules(tb, rules.Config{Paths: filepath.SplitList(paths)})
	}
	return loadedRules(tb, rules.Config{Pack: true, Paths: []string{"testdata/rules"}})
}

func loadedRules(tb testing.TB, c rules.Config) []matcher.Rule {
	tb.Helper()
	s, problems, err := rules.Load(c)
	if err != nil || len(problems) > 0 {
		tb.Fatal(err, problems)
	}
	var list []matcher.Rule
	for _, r := range s.Rules {
		list = append(list, matcher.Rule{Condition: r.Condition, Actions: r.Actions})
	}
	return list
}

func compiled(tb testing.TB, list []matcher.Rule) *matcher.Set {
	tb.Helper()
	s, err := matcher.Compile(list)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// matchBlocks measures set beside base.
func matchBlocks(b *testing.B, c *corpus, set, base *matcher.Set) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	mine, theirs := set.NewMatcher(), base.NewMatcher()
	_, events, hits := matchPass(mine, c) // warms up
	matchPass(theirs, c)
	var nanos, ratios []float64
	round := func() {
		var x, y float64
		var n int
		if len(ratios)%2 == 0 {
			x, _, n = matchPass(mine, c)
			y, _, _ = matchPass(theirs, c)
		} else {
			y, _, _ = matchPass(theirs, c)
			x, _, n = matchPass(mine, c)
		}
		if n != hits {
			b.Fatalf("%d hits, and %d before", n, hits)
		}
		nanos, ratios = append(nanos, x), append(ratios, x/y)
	}
	for b.Loop() {
		round()
	}
	for len(ratios) < minRounds {
		round()
	}
	b.ReportMetric(0, "ns/op") // of a round of both sides: it says nothing
	b.ReportMetric(quantile(nanos, 0.5), "ns/event")
	b.ReportMetric(quantile(ratios, 0.5), "x-own")
	b.ReportMetric(quantile(ratios, 0.25), "x-q1")
	b.ReportMetric(quantile(ratios, 0.75), "x-q3")
	b.ReportMetric(float64(len(ratios)), "rounds")
	b.ReportMetric(allocations(mine, c), "allocs/event")
	b.ReportMetric(float64(events), "events")
	b.ReportMetric(float64(hits), "hits")
	b.ReportMetric(float64(set.Len()), "rules")
}

// allocations counts what matching allocates on an event that nothing hits.
func allocations(m *matcher.Matcher, c *corpus) float64 {
	const most = 4096
	var quiet []*schemas.Event
	d := schemas.NewDecoder()
	for _, record := range c.records {
		if d.Reset(record); len(quiet) == most {
			break
		}
		for {
			ev, out := d.Next()
			if out.Kind == schemas.End {
				break
			}
			if out.Kind == schemas.Registry && len(m.Match(nil, ev)) == 0 {
				quiet = append(quiet, ev.Clone())
			}
		}
	}
	return testing.AllocsPerRun(4, func() {
		for _, ev := range quiet {
			m.Match(nil, ev)
		}
	}) / float64(max(len(quiet), 1))
}

// matchPass decodes all events and matches them, and returns the nanoseconds
// that matching took an event.
func matchPass(m *matcher.Matcher, c *corpus) (nanos float64, events, hits int) {
	var took time.Duration
	var rules []int32
	block := make([]*schemas.Event, 0, blockEvents)
	match := func() {
		began := time.Now()
		for _, ev := range block {
			rules = m.Match(rules[:0], ev)
			hits += len(rules)
		}
		took += time.Since(began)
		events += len(block)
		block = block[:0]
	}
	runtime.GC()
	d := schemas.NewDecoder()
	for _, record := range c.records {
		d.Reset(record)
		for {
			ev, out := d.Next()
			if out.Kind == schemas.End {
				break
			}
			if out.Kind != schemas.Registry {
				continue
			}
			if block = append(block, ev.Clone()); len(block) == blockEvents {
				match()
			}
		}
	}
	match()
	return float64(took) / float64(events), events, hits
}

// multiplied returns n rules: those given, and variants of them.
func multiplied(own []matcher.Rule, n int) []matcher.Rule {
	list := make([]matcher.Rule, 0, n)
	for i := range n {
		r := own[i%len(own)]
		if k := i / len(own); k > 0 {
			r.Condition = variant(r.Condition, k)
		}
		list = append(list, r)
	}
	return list
}

// variant returns a rule about other things than x is: of each literal the
// segment that tells most, its longest that is in no other hands, is rewritten
// by a cipher of its own. So all literals are as long as before, share the
// beginnings that registry paths share, and are distinct.
func variant(x matcher.Expr, k int) matcher.Expr {
	parts := func(list []matcher.Expr) []matcher.Expr {
		var all []matcher.Expr
		for _, p := range list {
			all = append(all, variant(p, k))
		}
		return all
	}
	switch x := x.(type) {
	case matcher.And:
		return matcher.And(parts(x))
	case matcher.Or:
		return matcher.Or(parts(x))
	case matcher.Not:
		return matcher.Not{X: variant(x.X, k)}
	case matcher.Named:
		return variant(x.X, k)
	case matcher.Match:
		var tokens []matcher.Token
		for _, t := range x.Pattern.Tokens() {
			if t.Kind == matcher.Literal {
				t.Literal = rewritten(t.Literal, k)
			}
			tokens = append(tokens, t)
		}
		x.Pattern = matcher.NewPattern(tokens...)
		return x
	}
	return x
}

// everywhere are the segments that a variant leaves: roots, and where half of
// the registry is.
var everywhere = []string{"hklm", "hku", "hkcu", "hkcr", "hkey_users", "registry", "machine", "user", "software", "microsoft", "windows", "windows nt",
	"currentversion", "policies", "classes", "wow6432node", "system", "currentcontrolset", "controlset", "control", "services", "c:", "program files", "program files (x86)", "system32"}

func rewritten(literal string, k int) string {
	segments := strings.Split(literal, `\`)
	longest := -1
	for i, s := range segments {
		if !slices.Contains(everywhere, strings.ToLower(s)) && s != "" && (longest < 0 || len(s) > len(segments[longest])) {
			longest = i
		}
	}
	if longest < 0 {
		return literal
	}
	// A letter becomes another of its kind, by its place and the variant's number.
	s := []byte(segments[longest])
	seed := uint32(k)*2654435761 + 12345
	for i, c := range s {
		seed = seed*1664525 + 1013904223
		by := byte(seed >> 24)
		switch {
		case 'a' <= c && c <= 'z':
			s[i] = 'a' + (c-'a'+by%25+1)%26
		case 'A' <= c && c <= 'Z':
			s[i] = 'A' + (c-'A'+by%25+1)%26
		case '0' <= c && c <= '9':
			s[i] = '0' + (c-'0'+by%9+1)%10
		}
	}
	segments[longest] = string(s)
	return strings.Join(segments, `\`)
}
