package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"
)

// processes is what whole processes need for one file.
type processes struct {
	bytes   int64
	copies  int // of the corpus, in the file
	records int
	rounds  int
	list    []process
}

// process is one program on the file. Its times are medians of the rounds.
type process struct {
	name          string
	args          []string
	stats         string // file that match writes, empty for the parser
	user, elapsed time.Duration
	ratios        []float64 // user time over the parser's, by round
	counts        counts

	users, elapseds []time.Duration
}

// counts is the part of match's statistics that is checked.
type counts struct {
	Records int `json:"records"`
	Parsed  int `json:"-"` // of the parser alone
	Events  int `json:"registry_events"`
	Alerts  int `json:"alerts"`
}

// runProcesses runs the parser and match in turn, and checks that each read
// what the benchmarks read.
func runProcesses(ctx context.Context, s settings, work string, b *benchmarks, progress io.Writer) (*processes, error) {
	regtrap := filepath.Join(work, "regtrap")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", regtrap, "./cmd/regtrap").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("go build ./cmd/regtrap: %w\n%s", err, out)
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	file, stats := filepath.Join(work, "file.ndjson"), filepath.Join(work, "stats.json")
	p := &processes{rounds: s.processRounds}
	if p.copies, p.bytes, err = repeat(s.corpus, file, s.bytes); err != nil {
		return nil, err
	}
	match := []string{regtrap, "match", "--output", "ndjson", "--stats", stats}
	p.list = []process{
		{name: "lines and fastjson's parse, nothing else", args: []string{self, "-parse", file}},
		{name: "`regtrap match`, the pack", args: append(slices.Clone(match), file), stats: stats},
	}
	ways := []string{"fastjson", "pipeline_pack"}
	if s.rules != "" {
		p.list = append(p.list, process{name: "`regtrap match`, the pack and more rules", args: append(slices.Clone(match), "--rules", s.rules, file), stats: stats})
		ways = append(ways, "pipeline_rules")
	}
	for range p.rounds {
		for i := range p.list {
			if err := p.list[i].run(ctx); err != nil {
				return nil, err
			}
			fmt.Fprintf(progress, "%s: user %v, elapsed %v, %+v\n", p.list[i].name, p.list[i].users[len(p.list[i].users)-1], p.list[i].elapseds[len(p.list[i].elapseds)-1], p.list[i].counts)
		}
	}
	for i := range p.list {
		if err := p.check(&p.list[i], b, ways[i]); err != nil {
			return nil, err
		}
		p.list[i].settle(p.list[0].users)
	}
	p.records = p.list[0].counts.Records
	return p, nil
}

// run runs the process once; what it writes to standard output is thrown away,
// as far as it is not counts.
func (p *process) run(ctx context.Context) error {
	var out, problems bytes.Buffer
	cmd := exec.CommandContext(ctx, p.args[0], p.args[1:]...)
	cmd.Stderr = &problems
	if p.stats == "" {
		cmd.Stdout = &out
	}
	began := time.Now()
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w\n%s", p.name, err, problems.Bytes())
	}
	p.elapseds = append(p.elapseds, time.Since(began))
	p.users = append(p.users, cmd.ProcessState.UserTime())
	var c counts
	if p.stats == "" {
		var n parsed
		if err := json.Unmarshal(out.Bytes(), &n); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		c.Records, c.Parsed = n.Records, n.Parsed
	} else {
		text, err := os.ReadFile(p.stats)
		if err != nil {
			return err
		}
		if err := json.Unmarshal(text, &c); err != nil {
			return fmt.Errorf("%s: %w", p.stats, err)
		}
	}
	if len(p.users) > 1 && c != p.counts {
		return fmt.Errorf("%s: counted %+v, and %+v before", p.name, c, p.counts)
	}
	p.counts = c
	return nil
}

// check compares the process's counts with those of a benchmark of the corpus.
func (p *processes) check(one *process, b *benchmarks, way string) error {
	l, ok := b.of("Bus", "", way)
	if !ok {
		return fmt.Errorf("no benchmark of %s", way)
	}
	want := counts{
		Records: p.copies * int(l.metrics["records"]),
		Events:  p.copies * int(l.metrics["events"]),
		Alerts:  p.copies * int(l.metrics["alerts"]),
	}
	if one.stats == "" {
		want.Parsed = p.copies * int(l.metrics["documents"])
	}
	if one.counts != want {
		return fmt.Errorf("%s: counted %+v, want %+v: %d times what the benchmark counted", one.name, one.counts, want, p.copies)
	}
	return nil
}

// settle computes medians and the ratios to the parser's user times.
func (p *process) settle(parser []time.Duration) {
	p.user, p.elapsed = quantile(p.users, 0.5), quantile(p.elapseds, 0.5)
	for i, u := range p.users {
		p.ratios = append(p.ratios, float64(u)/float64(parser[i]))
	}
}

// quantile returns the element of list below which a share q of it lies.
func quantile[T float64 | time.Duration](list []T, q float64) T {
	s := slices.Sorted(slices.Values(list))
	return s[int(q*float64(len(s)-1)+0.5)]
}
