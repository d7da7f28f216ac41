package rules

import (
	"bufio"
	"compress/gzip"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/regtrap/regtrap/matcher"
	"github.com/regtrap/regtrap/schemas"
)

// corpus returns registry events of REGTRAP_CORPUS, a file of NDJSON, or else
// random ones.
func corpus(t *testing.T, most int) []*schemas.Event {
	t.Helper()
	var events []*schemas.Event
	path := os.Getenv("REGTRAP_CORPUS")
	if path == "" {
		g := judged{rand.New(rand.NewPCG(1, 2))}
		for range most {
			events = append(events, g.event())
		}
		return events
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var r io.Reader = f
	if strings.HasSuffix(path, ".gz") {
		if r, err = gzip.NewReader(f); err != nil {
			t.Fatal(err)
		}
	}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 16<<20)
	d := schemas.NewDecoder()
	for len(events) < most && lines.Scan() {
		d.Reset(lines.Bytes())
		for ev, _ := d.Next(); ev != nil; ev, _ = d.Next() {
			events = append(events, ev.Clone())
		}
	}
	return events
}

// TestWhatIsSaidOfTheTestsOfRulesHoldsOnEvents takes the tests of rules that
// people wrote.
func TestWhatIsSaidOfTheTestsOfRulesHoldsOnEvents(t *testing.T) {
	paths := []string{"testdata/sigma", "testdata/elastic"}
	for _, name := range []string{"REGTRAP_SIGMA_RULES", "REGTRAP_ELASTIC_RULES"} {
		if path := os.Getenv(name); path != "" {
			paths = append(paths, path)
		}
	}
	s, _, err := Load(Config{Pack: true, Paths: paths})
	if err != nil {
		t.Fatal(err)
	}
	var leaves []matcher.Expr
	seen := make(map[string]bool)
	for _, r := range s.Rules {
		for x := range testsOf(r.Condition) {
			if _, ok := fieldOf(x); ok && !seen[x.String()] {
				seen[x.String()] = true
				leaves = append(leaves, x)
			}
		}
	}
	events := corpus(t, 400)
	table := truthTable(t, leaves, events)
	known := newFacts()
	held := 0
	for k, ev := range events {
		for i, a := range leaves {
			if truth := known.of(a)[ev.Action]; truth == never && table[i][k] || truth == always && !table[i][k] {
				t.Errorf("%v on %v: holds %v, against what is known", a, ev.Action, table[i][k])
			}
			if !table[i][k] {
				continue
			}
			held++
			for n, b := range leaves {
				if table[n][k] && excludes(a, b) {
					t.Errorf("%v and %v both hold", a, b)
				} else if !table[n][k] && implies(a, b) {
					t.Errorf("%v holds and %v does not", a, b)
				}
			}
		}
	}
	if len(leaves) < 30 || len(events) < 100 || held < 100 {
		t.Errorf("%d tests, %d events, %d hits: too few to show anything", len(leaves), len(events), held)
	}
}
