package pipeline_test

import (
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/regtrap/regtrap/cmd/internal/sample"
	"github.com/regtrap/regtrap/matcher"
	"github.com/regtrap/regtrap/rules"
	"github.com/regtrap/regtrap/schemas"
)

// publicRules are the rules of the folders that REGTRAP_SIGMA_RULES and
// REGTRAP_ELASTIC_RULES name; without them those of testdata/rules. The pack is
// among them.
func publicRules(t *testing.T) *rules.Snapshot {
	t.Helper()
	c := rules.Config{Pack: true, Paths: []string{"testdata/rules"}}
	for _, name := range []string{"REGTRAP_SIGMA_RULES", "REGTRAP_ELASTIC_RULES"} {
		if path := os.Getenv(name); path != "" {
			c.Paths = append(c.Paths, path)
		}
	}
	s, problems, err := rules.Load(c)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Error(p)
	}
	return s
}

// Of every rule, from its own patterns: events that make it fire, in what every
// source writes that tells of them; and their neighbours, of which one thing is
// changed. Each is judged as the obvious evaluator judges it.
func TestEveryRuleFiresOnEventsOfItsOwnPatternsAndNotOnTheirNeighbours(t *testing.T) {
	s := publicRules(t)
	sources := sample.Sources()
	m, d := s.Set.NewMatcher(), schemas.NewDecoder()
	var events, fires, fired, quiet int
	var hits []int32
	// judge reports whether rule i fires on a change as a source writes it.
	judge := func(rng *rand.Rand, i int, src sample.Source, c sample.Change) (fires, read bool) {
		path := src.Spell(pathOf(&c))
		if !strings.Contains(path, `\`) {
			return false, false
		}
		c.SetPath(path)
		d.Reset(src.Write(&c).Render(sample.AsIs, rng))
		for {
			ev, out := d.Next()
			if out.Kind == schemas.End {
				return fires, read
			}
			if out.Kind != schemas.Registry {
				continue
			}
			read = true
			events++
			hits = m.Match(hits[:0], ev)
			rule := s.Rules[i]
			want := means(rule.Condition, ev)
			// Sigma's log source says what a rule is about; of an EQL rule the
			// actions only tell on which events it cannot hold.
			if rule.Ruleset != "elastic" {
				want = want && rule.Actions.Has(ev.Action)
			}
			if got := slices.Contains(hits, int32(i)); got != want {
				t.Fatalf("%s: fires %v, want %v on %+v of %s", rule.Name, got, want, c, src.Name)
			}
			fires = fires || want
		}
	}
	for i, rule := range s.Rules {
		rng := rand.New(rand.NewPCG(uint64(i), 0x72756c6573))
		own, silent := 0, 0
		for try := 0; try < 4000 && (own < 12 || silent < 12); try++ {
			w := &wish{rng: rng, texts: make(map[schemas.Field][]matcher.Pattern), not: make(map[schemas.Field][]matcher.Pattern), null: make(map[schemas.Field]bool)}
			w.of(rule.Condition, true)
			c, ok := w.change(rule.Actions)
			if !ok {
				continue
			}
			src := sources[rng.IntN(len(sources))]
			if !src.Tells(c.Action) {
				continue
			}
			if yes, _ := judge(rng, i, src, *c); !yes {
				continue
			}
			own++
			for _, near := range neighbours(rng, c) {
				if yes, read := judge(rng, i, src, near); read && !yes {
					silent++
				}
			}
		}
		fires += own
		quiet += silent
		if own == 0 {
			t.Errorf("%s (%s:%d): no event makes it fire: %v", rule.Name, rule.File, rule.Line, rule.Condition)
			continue
		}
		fired++
		if silent == 0 {
			t.Errorf("%s (%s:%d): every neighbour makes it fire", rule.Name, rule.File, rule.Line)
		}
	}
	t.Logf("%d of %d rules fired: %d events judged, %d that fire, %d neighbours that do not", fired, len(s.Rules), events, fires, quiet)
}

func pathOf(c *sample.Change) string {
	switch c.Action {
	case sample.SetValue, sample.DeleteValue, sample.RenameValue, sample.Query:
		return c.Key + `\` + c.Value // the unnamed value ends in a backslash
	}
	return c.Key
}

// neighbours differ from a change in one thing.
func neighbours(rng *rand.Rand, c *sample.Change) []sample.Change {
	var list []sample.Change
	add := func(edit func(*sample.Change)) {
		n := *c
		edit(&n)
		list = append(list, n)
	}
	path := pathOf(c)
	at := rng.IntN(len(path))
	if path[at] != '\\' && path[at] < 0x80 {
		add(func(n *sample.Change) { n.SetPath(path[:at] + "~" + path[at+1:]) })
	}
	add(func(n *sample.Change) { n.SetPath(path + "~") })
	add(func(n *sample.Change) { n.SetPath(path + `\~`) })
	if strings.Count(c.Key, `\`) > 1 && c.Value != "" {
		add(func(n *sample.Change) { n.SetPath(c.Key) })
	}
	add(func(n *sample.Change) { n.Data = sample.Text("~") })
	add(func(n *sample.Change) { n.Data = sample.Number(7) })
	add(func(n *sample.Change) { n.Image = `C:\~\~.exe` })
	add(func(n *sample.Change) { n.Image = c.Image + "~" })
	add(func(n *sample.Change) { n.SID, n.User = "S-1-5-18", "SYSTEM" })
	actions := sample.Actions()
	add(func(n *sample.Change) {
		n.Action = actions[rng.IntN(len(actions))]
		n.SetPath(path)
	})
	return list
}
