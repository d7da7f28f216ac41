package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

func benchOutput(t *testing.T) *benchmarks {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", "bench.txt"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b, err := parseBenchmarks(f)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestBenchmarkLinesAreParsed(t *testing.T) {
	b := benchOutput(t)
	if b.cpu != "Example CPU @ 3.00GHz" || len(b.lines) != 25 {
		t.Errorf("cpu %q, %d lines", b.cpu, len(b.lines))
	}
	l, ok := b.of("Shapes", "flat", "decode")
	if !ok || l.metrics["ns/record"] != 486.2 || l.metrics["x-fastjson"] != 2.317 {
		t.Errorf("flat, decode: %v %v", ok, l)
	}
	if _, err := parseBenchmarks(strings.NewReader("PASS\n")); err == nil {
		t.Error("output without a benchmark was taken")
	}
	if _, err := parseBenchmarks(strings.NewReader("BenchmarkSpeedBus/decode-2 1 fast ns/record\n")); err == nil {
		t.Error("a metric that is no number was taken")
	}
}

func TestThePageIsMadeOfTheResults(t *testing.T) {
	p := &processes{bytes: 719_000_000, copies: 5, records: 326_025, rounds: 3, list: []process{
		{name: "the parser", users: []time.Duration{400e6, 500e6, 450e6}, elapseds: []time.Duration{1, 1, 1}},
		{name: "match", stats: "s", users: []time.Duration{500e6, 550e6, 540e6}, elapseds: []time.Duration{3e8, 4e8, 3.5e8}, counts: counts{Records: 326_025, Events: 94_885}},
	}}
	for i := range p.list {
		p.list[i].settle(p.list[0].users)
	}
	r := results{
		settings: settings{corpusName: "an example", rulesName: "an example's rules", moreRules: "folder", moreRulesName: "another's"},
		date:     time.Date(2026, 3, 4, 10, 0, 0, 0, time.UTC), bench: benchOutput(t), processes: p,
	}
	got, err := r.text()
	if err != nil {
		t.Fatal(err)
	}
	_, got, _ = strings.Cut(got, "\n") // the machine of the test
	file := filepath.Join("testdata", "page.golden")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	for all := r.bench.lines; len(r.bench.lines) > 0; { // whatever is missing at the end
		r.bench.lines = all[:len(r.bench.lines)-1]
		if _, err := r.text(); err == nil {
			t.Errorf("a page was made of the first %d of %d lines", len(r.bench.lines), len(all))
		}
	}
}

func TestResultsReplaceThoseBefore(t *testing.T) {
	got, err := replace("# Speed\n"+begin+"old\n"+end+"\nmore\n", "new\n")
	if want := "# Speed\n" + begin + "new\n" + end + "\nmore\n"; err != nil || got != want {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := replace("# Speed\n", "new\n"); err == nil {
		t.Error("a page without a place was taken")
	}
	page, err := os.ReadFile("../../../docs/speed.md")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := replace(string(page), ""); err != nil {
		t.Errorf("docs/speed.md: %v", err)
	}
}

func TestTheFileRepeatsTheCorpusAndTheParserReadsAllOfIt(t *testing.T) {
	dir := t.TempDir()
	corpus, file := filepath.Join(dir, "corpus"), filepath.Join(dir, "file")
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write([]byte("{\"a\":1}\n\n{\"a\":\n{\"a\":\"" + strings.Repeat("x", 2<<20) + "\"}"))
	z.Close()
	if err := os.WriteFile(corpus, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	copies, size, err := repeat(corpus, file, 5<<20)
	if info, e := os.Stat(file); err != nil || e != nil || copies != 3 || size != info.Size() {
		t.Fatalf("%d copies, %d bytes, %v, %v", copies, size, err, e)
	}
	var out bytes.Buffer
	if err := run(t.Context(), []string{"-parse", file}, func(string) string { return "" }, &out, &out); err != nil {
		t.Fatal(err)
	}
	if want := "{\"records\":9,\"parsed\":6}\n"; out.String() != want {
		t.Errorf("got %s, want %s", out.String(), want)
	}
	if err := os.WriteFile(corpus, []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := repeat(corpus, file, 1); err == nil {
		t.Error("an empty corpus was taken")
	}
}

func TestAProcessMustCountWhatTheBenchmarkCounted(t *testing.T) {
	b := benchOutput(t)
	p := &processes{copies: 5}
	right := counts{Records: 5 * 65205, Events: 5 * 18977, Alerts: 5 * 3}
	if err := p.check(&process{name: "match", stats: "s", counts: right}, b, "pipeline_pack"); err != nil {
		t.Error(err)
	}
	parser := counts{Records: 5 * 65205, Parsed: 5 * 65200}
	if err := p.check(&process{name: "parser", counts: parser}, b, "fastjson"); err != nil {
		t.Error(err)
	}
	if parser.Parsed = 0; p.check(&process{name: "parser", counts: parser}, b, "fastjson") == nil {
		t.Error("a parser that parsed nothing was taken")
	}
	for _, wrong := range []counts{{}, {right.Records - 1, 0, right.Events, right.Alerts}, {right.Records, 0, right.Events + 1, right.Alerts}, {right.Records, 0, right.Events, 0}} {
		if err := p.check(&process{name: "match", stats: "s", counts: wrong}, b, "pipeline_pack"); err == nil {
			t.Errorf("%+v was taken for %+v", wrong, right)
		}
	}
}

func TestAnInventedCorpusIsRecordsAParserCanRead(t *testing.T) {
	file := filepath.Join(t.TempDir(), "corpus.ndjson")
	if err := invent(file); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := parseFile(file, &out); err != nil {
		t.Fatal(err)
	}
	var n parsed
	if err := json.Unmarshal(out.Bytes(), &n); err != nil || n.Records < 30_000 || n.Parsed != n.Records {
		t.Errorf("%s%v", out.String(), err)
	}
}
