package pipeline_test

import (
	"runtime"
	"slices"
	"testing"
)

// The benchmarks Speed… measure what detecting costs beside parsing. Absolute
// times mean little on a machine that does other work too, so every line is a
// comparison: rounds of the way that is measured and rounds of its reference
// alternate on the same records in memory, on one core, and x-… is the median
// of the rounds' ratios; x-q1 and x-q3 bound the middle half of them.
//
// REGTRAP_CORPUS names a file of NDJSON, plain or gzip, for the bus; unset, the
// bus is invented. REGTRAP_SPEED_RULES names a folder of rules to be matched
// beside the pack. docs/speed.md is written from these benchmarks by
//
//	go run ./cmd/internal/speed

const (
	minRounds  = 6       // of every comparison, whatever -benchtime says
	roundBytes = 8 << 20 // a round repeats a small corpus until it has read this much
)

// BenchmarkSpeedBus takes a bus of many sources, mostly other events.
func BenchmarkSpeedBus(b *testing.B) {
	pack := packRules(b)
	c := busCorpus(b, pack, 20_000)
	b.Log(c)
	for _, w := range slices.Concat(parsers(), detection(b, pack)) {
		b.Run(w.name, func(b *testing.B) { report(b, w, "fastjson", compare(b, side{w, c}, side{fastjsonParse(), c})) })
	}
}

// BenchmarkSpeedShapes takes each shape alone, every record a registry event:
// the dearest record that a shape has.
func BenchmarkSpeedShapes(b *testing.B) {
	pack := packRules(b)
	for _, c := range shapeCorpora(b, pack, 60_000) {
		b.Run(c.name, func(b *testing.B) {
			b.Log(c)
			reference := fastjsonParse()
			ways := []way{reference}
			unit := "fastjson"
			if !c.json {
				reference, unit = xmlTokens(), "encoding_xml"
				ways[0] = reference
			}
			for _, w := range append(ways, decode(), match("decode_match_pack", pack), worker(b, "pipeline_pack", pack)) {
				b.Run(w.name, func(b *testing.B) { report(b, w, unit, compare(b, side{w, c}, side{reference, c})) })
			}
		})
	}
}

// BenchmarkSpeedSources takes buses that carry hardly any registry event.
func BenchmarkSpeedSources(b *testing.B) {
	pack := packRules(b)
	for _, c := range sourceCorpora(b, pack, 4000) {
		b.Run(c.name, func(b *testing.B) {
			b.Log(c)
			for _, w := range []way{fastjsonParse(), decode(), decodeFull(), match("decode_match_pack", pack), worker(b, "pipeline_pack", pack)} {
				b.Run(w.name, func(b *testing.B) { report(b, w, "fastjson", compare(b, side{w, c}, side{fastjsonParse(), c})) })
			}
		})
	}
}

// BenchmarkSpeedXML takes the same events as XML and as JSON, and compares
// bytes: x-json is the time of a byte of XML over that of a byte of JSON.
func BenchmarkSpeedXML(b *testing.B) {
	pack := packRules(b)
	for _, twin := range xmlCorpora(b, pack, 4000) {
		b.Run(twin.xml.name, func(b *testing.B) {
			b.Log(twin.xml)
			b.Log(twin.json)
			matched := match("decode_match_pack", pack)
			b.Run("encoding_xml", func(b *testing.B) {
				w := xmlTokens()
				report(b, w, "json", compare(b, side{w, twin.xml}, side{matched, twin.json}))
			})
			for _, w := range []way{decode(), matched, worker(b, "pipeline_pack", pack)} {
				b.Run(w.name, func(b *testing.B) { report(b, w, "json", compare(b, side{w, twin.xml}, side{w, twin.json})) })
			}
		})
	}
}

// side is one half of a comparison.
type side struct {
	way    way
	corpus *corpus
}

// comparison is what the rounds of one gave.
type comparison struct {
	records int
	bytes   int64
	tally   tally     // of one pass
	nanos   []float64 // of a byte, by round
	theirs  []float64 // the reference's, likewise
	ratios  []float64 // over the reference's, a byte, by round
}

// compare measures a beside its reference in alternating rounds. Every pass
// over the records must count what the corpus holds, so no work is optimised
// away or done on other records.
func compare(b *testing.B, a, reference side) comparison {
	b.Helper()
	// One core, collector included, and no other goroutine of the process is at work.
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	c := comparison{records: len(a.corpus.records), bytes: a.corpus.bytes}
	mine, theirs := a.start(b), reference.start(b)
	c.tally = mine.want
	round := func() {
		var x, y float64
		if len(c.ratios)%2 == 0 {
			x, y = mine.round(b), theirs.round(b)
		} else {
			y, x = theirs.round(b), mine.round(b)
		}
		c.nanos, c.theirs, c.ratios = append(c.nanos, x), append(c.theirs, y), append(c.ratios, x/y)
	}
	for b.Loop() {
		round()
	}
	for len(c.ratios) < minRounds {
		round()
	}
	return c
}

// runner is one side at work.
type runner struct {
	side
	pass   func(records [][]byte) tally
	want   tally
	repeat int
}

// start makes the first pass, which warms up and is not measured, and checks
// what it counted.
func (s side) start(b *testing.B) *runner {
	b.Helper()
	r := &runner{side: s, pass: s.way.start()}
	r.want = r.pass(s.corpus.records)
	if err := s.way.check(s.corpus, r.want); err != nil {
		b.Fatalf("%s over %s: %v", s.way.name, s.corpus.name, err)
	}
	r.repeat = max(1, int(roundBytes/s.corpus.bytes))
	return r
}

// round returns the nanoseconds of a byte.
func (r *runner) round(b *testing.B) float64 {
	runtime.GC() // what the other side left is not to be paid here
	began := processorTime()
	for range r.repeat {
		if got := r.pass(r.corpus.records); got != r.want {
			b.Fatalf("%s over %s: counted %+v, and %+v before", r.way.name, r.corpus.name, got, r.want)
		}
	}
	return float64(processorTime()-began) / float64(int64(r.repeat)*r.corpus.bytes)
}

// report writes the metrics of a comparison.
func report(b *testing.B, w way, reference string, c comparison) {
	b.Helper()
	perByte := quantile(c.nanos, 0.5)
	b.ReportMetric(0, "ns/op") // of a round of both sides: it says nothing
	b.ReportMetric(perByte*float64(c.bytes)/float64(c.records), "ns/record")
	b.ReportMetric(perByte, "ns/byte")
	b.ReportMetric(quantile(c.theirs, 0.5), "reference-ns/byte")
	b.ReportMetric(1/perByte, "GB/s")
	b.ReportMetric(quantile(c.ratios, 0.5), "x-"+reference)
	b.ReportMetric(quantile(c.ratios, 0.25), "x-q1")
	b.ReportMetric(quantile(c.ratios, 0.75), "x-q3")
	b.ReportMetric(float64(len(c.ratios)), "rounds")
	b.ReportMetric(float64(c.records), "records")
	b.ReportMetric(float64(c.bytes), "bytes")
	b.ReportMetric(float64(c.tally.read), "documents")
	if w.detects >= events {
		b.ReportMetric(float64(c.tally.events), "events")
	}
	if w.detects >= alerts {
		b.ReportMetric(float64(c.tally.alerts), "alerts")
		b.ReportMetric(float64(len(w.rules.Rules)), "rules")
	}
}

// quantile returns the element of list below which a share q of it lies.
func quantile(list []float64, q float64) float64 {
	s := slices.Sorted(slices.Values(list))
	return s[int(q*float64(len(s)-1)+0.5)]
}
