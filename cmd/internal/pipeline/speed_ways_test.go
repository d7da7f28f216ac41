package pipeline_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/valyala/fastjson"

	"github.com/regtrap/regtrap/cmd/internal/pipeline"
	"github.com/regtrap/regtrap/enrich"
	"github.com/regtrap/regtrap/matcher"
	"github.com/regtrap/regtrap/rules"
	"github.com/regtrap/regtrap/schemas"
)

// way is one way to read records: a parser, or a part of detection.
type way struct {
	name    string
	detects detects
	rules   *rules.Snapshot // nil for ways that match none
	// start returns a pass over records with memory of its own.
	start func() func(records [][]byte) tally
}

// detects says how far a way goes.
type detects int

const (
	documents detects = iota // it parses
	events                   // it finds registry events
	alerts                   // it matches rules
)

// tally is what one pass over a corpus counted.
type tally struct {
	read   int // documents that could be read
	events int // registry events
	alerts int // alerts, after superseded hits are folded
}

// check compares a pass with what is known of the corpus.
func (w way) check(c *corpus, got tally) error {
	switch {
	case got.read == 0:
		return fmt.Errorf("no document of %d records could be read", len(c.records))
	case c.invented && got.read < len(c.records):
		return fmt.Errorf("%d documents of %d records could be read", got.read, len(c.records))
	case w.detects >= events && got.events != c.count(w.rules).events:
		return fmt.Errorf("%d registry events, want %d", got.events, c.count(w.rules).events)
	case w.detects >= alerts && got.alerts != c.count(w.rules).alerts:
		return fmt.Errorf("%d alerts, want %d", got.alerts, c.count(w.rules).alerts)
	}
	return nil
}

// packRules is the built-in pack.
func packRules(tb testing.TB) *rules.Snapshot { return load(tb, rules.Config{Pack: true}) }

// moreRules is the pack and the rules of REGTRAP_SPEED_RULES, nil without it.
// Rules that do not load are reported, and the others matched.
func moreRules(tb testing.TB) *rules.Snapshot {
	path := os.Getenv("REGTRAP_SPEED_RULES")
	if path == "" {
		return nil
	}
	return load(tb, rules.Config{Pack: true, Paths: []string{path}})
}

func load(tb testing.TB, c rules.Config) *rules.Snapshot {
	tb.Helper()
	s, problems, err := rules.Load(c)
	if err != nil {
		tb.Fatal(err)
	}
	if len(problems) > 0 {
		tb.Logf("%d rules do not load, the first: %v", len(problems), problems[0])
	}
	return s
}

// parsers are the yardsticks; the first is the one that others are held against.
func parsers() []way {
	return []way{
		fastjsonParse(),
		parser("encoding_json_any", func(record []byte) bool {
			var v any
			return json.Unmarshal(record, &v) == nil
		}),
		parser("encoding_json_valid", json.Valid),
	}
}

func parser(name string, parse func(record []byte) bool) way {
	return way{name: name, start: func() func([][]byte) tally {
		return func(records [][]byte) (t tally) {
			for _, r := range records {
				if parse(r) {
					t.read++
				}
			}
			return t
		}
	}}
}

// fastjsonParse is valyala/fastjson's parse alone: no field is looked up.
func fastjsonParse() way {
	return way{name: "fastjson", start: func() func([][]byte) tally {
		var p fastjson.Parser
		return func(records [][]byte) (t tally) {
			for _, r := range records {
				if _, err := p.ParseBytes(r); err == nil {
					t.read++
				}
			}
			return t
		}
	}}
}

// xmlTokens is encoding/xml's tokenizer alone.
func xmlTokens() way {
	return parser("encoding_xml", func(record []byte) bool {
		d := xml.NewDecoder(bytes.NewReader(record))
		for elements := 0; ; {
			t, err := d.RawToken()
			if err != nil {
				return elements > 0 && d.InputOffset() == int64(len(record))
			}
			if _, ok := t.(xml.StartElement); ok {
				elements++
			}
		}
	})
}

// detection is everything that regtrap does, step by step.
func detection(tb testing.TB, pack *rules.Snapshot) []way {
	ways := []way{decode(), decodeFull(), match("decode_match_pack", pack), worker(tb, "pipeline_pack", pack)}
	if more := moreRules(tb); more != nil {
		tb.Logf("rules: %d of the pack and %d of REGTRAP_SPEED_RULES", len(pack.Rules), len(more.Rules)-len(pack.Rules))
		ways = append(ways, match("decode_match_rules", more), worker(tb, "pipeline_rules", more))
	}
	return ways
}

// decode reads every record and matches nothing.
func decode() way {
	return way{name: "decode", detects: events, start: func() func([][]byte) tally { return decoding(schemas.NewDecoder(), nil) }}
}

// decodeFull reads every record to its end, also where it says early that it
// is no registry event.
func decodeFull() way {
	return way{name: "decode_full", detects: events, start: func() func([][]byte) tally {
		d := schemas.NewDecoder()
		d.ReadAll()
		return decoding(d, nil)
	}}
}

// match decodes and matches.
func match(name string, s *rules.Snapshot) way {
	return way{name: name, detects: alerts, rules: s, start: func() func([][]byte) tally { return decoding(schemas.NewDecoder(), s) }}
}

func decoding(d *schemas.Decoder, s *rules.Snapshot) func([][]byte) tally {
	var m *matcher.Matcher
	if s != nil {
		m = s.Set.NewMatcher()
	}
	var hits []int32
	var folded []rules.Hit
	return func(records [][]byte) (t tally) {
		for _, r := range records {
			d.Reset(r)
			for {
				ev, out := d.Next()
				if out.Kind == schemas.End {
					break
				}
				if out.Kind != schemas.Dead {
					t.read++
				}
				if out.Kind != schemas.Registry {
					continue
				}
				t.events++
				if m == nil {
					continue
				}
				if hits = m.Match(hits[:0], ev); len(hits) > 0 {
					folded = s.Fold(folded[:0], hits)
					t.alerts += len(folded)
				}
			}
		}
		return t
	}
}

// worker is the whole pipeline with its statistics, as match runs it; the
// alerts are made and not written.
func worker(tb testing.TB, name string, s *rules.Snapshot) way {
	return way{name: name, detects: alerts, rules: s, start: func() func([][]byte) tally {
		w := pipeline.NewWorker(pipeline.Config{
			Snapshot: s,
			Now:      time.Now,
			Panicked: func(value any, stack []byte) { tb.Errorf("panic: %v\n%s", value, stack) },
		})
		return func(records [][]byte) (t tally) {
			var stats pipeline.Stats
			for i, r := range records {
				src := enrich.Source{Topic: "telemetry", Offset: int64(i), Value: r}
				stats.Add(src, w.Record(src))
			}
			t.read, t.events, t.alerts = stats.RegistryEvents, stats.RegistryEvents, stats.Alerts
			for _, n := range stats.Skipped {
				t.read += n
			}
			return t
		}
	}}
}
