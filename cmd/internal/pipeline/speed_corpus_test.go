package pipeline_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/regtrap/regtrap/cmd/internal/sample"
	"github.com/regtrap/regtrap/rules"
	"github.com/regtrap/regtrap/schemas"
)

// corpus is records in memory, and what is known of them.
type corpus struct {
	name     string
	records  [][]byte
	bytes    int64
	json     bool // every record is JSON: general parsers can read it
	invented bool // every record can be read, and the pack's counts are known
	pack     tally
	counts   map[*rules.Snapshot]tally // by rules, as they were needed
}

func (c *corpus) String() string {
	return fmt.Sprintf("%s: %d records, %d bytes, %d registry events, %d alerts of the pack", c.name, len(c.records), c.bytes, c.pack.events, c.pack.alerts)
}

// add takes a record and what is to be found in it.
func (c *corpus) add(record []byte, found tally) {
	c.records = append(c.records, record)
	c.bytes += int64(len(record))
	c.pack.events += found.events
	c.pack.alerts += found.alerts
}

// count returns what rules, or none, find when every record is read to its end.
func (c *corpus) count(s *rules.Snapshot) tally {
	t, ok := c.counts[s]
	if !ok {
		d := schemas.NewDecoder()
		d.ReadAll()
		t = decoding(d, s)(c.records)
		c.counts[s] = t
	}
	return t
}

// ready ends the building of c. What the generator of an invented corpus put
// in must be found; of a captured one it is counted.
func (c *corpus) ready(tb testing.TB, pack *rules.Snapshot) *corpus {
	tb.Helper()
	c.counts = make(map[*rules.Snapshot]tally)
	c.json = true
	for _, r := range c.records {
		c.json = c.json && r[0] == '{'
	}
	got := c.count(pack)
	if c.invented && (got.events < c.pack.events || got.alerts != c.pack.alerts || c.pack.events == 0 && got.events > 0) {
		tb.Fatalf("%v: found %d registry events and %d alerts", c, got.events, got.alerts)
	}
	c.pack = got
	if len(c.records) == 0 {
		tb.Fatalf("%s: no records", c.name)
	}
	return c
}

// busCorpus is the file that REGTRAP_CORPUS names, or an invented bus of
// about n records.
func busCorpus(tb testing.TB, pack *rules.Snapshot, n int) *corpus {
	tb.Helper()
	if path := os.Getenv("REGTRAP_CORPUS"); path != "" {
		c := &corpus{name: "REGTRAP_CORPUS"}
		all, err := readCorpus(path)
		if err != nil {
			tb.Fatalf("REGTRAP_CORPUS: %v", err)
		}
		for line := range bytes.Lines(all) {
			if line = bytes.TrimSpace(line); len(line) > 0 {
				c.add(line, tally{})
			}
		}
		return c.ready(tb, pack)
	}
	c := &corpus{name: "invented", invented: true}
	for i, r := range feed(n, 200) {
		if json.Valid(r.Value) { // general parsers are to read all of it
			c.add(r.Value, found(r))
		}
		if i%4 == 0 {
			c.add(aSource(i), tally{})
		}
	}
	return c.ready(tb, pack)
}

// readCorpus reads a file, plain or gzip.
func readCorpus(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r := bufio.NewReaderSize(f, 1<<20)
	if magic, _ := r.Peek(2); string(magic) != "\x1f\x8b" {
		return io.ReadAll(r)
	}
	z, err := gzip.NewReader(r)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	all, err := io.ReadAll(z)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return all, nil
}

// feed yields n invented records by number: daily noise, and one attack in every.
func feed(n, every int) func(yield func(int, sample.Record) bool) {
	return func(yield func(int, sample.Record) bool) {
		f := sample.New(20260304, time.Date(2026, 3, 4, 10, 0, 0, 0, time.UTC))
		for i := range n {
			r := f.Benign()
			if i%every == every-1 {
				r = f.Attack()
			}
			if !yield(i, r) {
				return
			}
		}
	}
}

// found is what a record holds. A value may hold several events: one is sure.
func found(r sample.Record) (t tally) {
	if r.Shape != "" {
		t.events = 1
	}
	if r.Rule != "" {
		t.alerts = 1
	}
	return t
}

// shapeCorpora gives each shape that the sample feed writes a corpus of its
// registry events, by name, out of n records of all shapes. Of a shape that comes bare and in a wrapper the
// first record says which way is taken.
func shapeCorpora(tb testing.TB, pack *rules.Snapshot, n int) []*corpus {
	tb.Helper()
	const most = 2000
	byName := make(map[string]*corpus)
	for _, r := range feed(n, 20) {
		if r.Shape == "" {
			continue
		}
		name := r.Shape
		if r.Shape == "windows_xml" && r.Value[0] != '<' {
			name += "_in_json"
		}
		c := byName[name]
		if c == nil {
			c = &corpus{name: name, invented: true}
			byName[name] = c
		}
		if len(c.records) < most {
			c.add(r.Value, found(r))
		}
	}
	var list []*corpus
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		list = append(list, byName[name].ready(tb, pack))
	}
	if len(list) == 0 {
		tb.Fatal("the sample feed wrote no registry event")
	}
	return list
}
