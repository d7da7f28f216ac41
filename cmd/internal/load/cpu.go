package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"syscall"
	"time"

	"github.com/regtrap/regtrap/rules"
	"github.com/regtrap/regtrap/schemas"
)

// cpuResult is the CPU time of a record, in ns; an element a round.
type cpuResult struct {
	Records    int       `json:"records"`
	Partitions int       `json:"partitions"`
	Noop       []float64 `json:"noop_ns"`         // a consumer that does nothing
	Alone      []float64 `json:"decode_match_ns"` // in memory, without Kafka
	Run        []float64 `json:"run_ns"`          // regtrap run
	Ratio      []float64 `json:"ratio"`           // run over the two others together
}

// cpu lets both programs read the same topic, each round under groups of its
// own, one after the other.
func (b *bench) cpu(ctx context.Context) (*cpuResult, error) {
	r := &cpuResult{Records: b.records, Partitions: 4}
	t, err := b.newTopics(ctx, r.Partitions)
	if err != nil {
		return nil, err
	}
	if err := b.fill(ctx, t.in, r.Partitions, b.records); err != nil {
		return nil, err
	}
	for round := range b.rounds {
		alone, err := b.aloneRun(ctx)
		if err != nil {
			return nil, err
		}
		t.group = fmt.Sprintf("%s-noop-%d", t.in, round)
		noop, err := b.consume(ctx, t, r.Partitions, func() (*worker, error) { return b.noopRun(t) })
		if err != nil {
			return nil, err
		}
		t.group = fmt.Sprintf("%s-run-%d", t.in, round)
		run, err := b.consume(ctx, t, r.Partitions, func() (*worker, error) { return b.regtrapRun(t) })
		if err != nil {
			return nil, err
		}
		r.Noop, r.Alone, r.Run = append(r.Noop, noop), append(r.Alone, alone), append(r.Run, run)
		r.Ratio = append(r.Ratio, run/(noop+alone))
		b.say("CPU: no-op consumer %.0f ns a record, decode and match %.0f, run %.0f: %.2f×", noop, alone, run, run/(noop+alone))
	}
	return r, nil
}

// consume runs a program until it has committed everything, and returns the CPU
// time a record, its start and end included.
func (b *bench) consume(ctx context.Context, t topicNames, partitions int, start func() (*worker, error)) (float64, error) {
	w, err := start()
	if err != nil {
		return 0, err
	}
	if err := b.await(ctx, t, partitions, int64(b.records)); err != nil {
		w.kill()
		return 0, fmt.Errorf("%w\n%s", err, w.stderr.Bytes())
	}
	used, err := w.end()
	return float64(used.Nanoseconds()) / float64(b.records), err
}

// aloneRun decodes and matches the corpus in a process of its own.
func (b *bench) aloneRun(ctx context.Context) (float64, error) {
	var problems bytes.Buffer
	cmd := exec.CommandContext(ctx, b.self, "-alone")
	cmd.Env = append(cmd.Environ(), "REGTRAP_LOAD_RULES="+b.rules)
	cmd.Stderr = &problems
	out, err := cmd.Output()
	if err != nil {
		return 0, fmt.Errorf("decoding alone: %w\n%s", err, problems.Bytes())
	}
	var ns float64
	return ns, json.Unmarshal(out, &ns)
}

// alone decodes and matches the corpus for a few seconds, and writes the CPU
// time a record, ns.
func (s settings) alone(stdout io.Writer) error {
	corpus, err := readCorpus(s.corpus)
	if err != nil {
		return err
	}
	config := rules.Config{Pack: true}
	if s.rules != "" {
		config.Paths = []string{s.rules}
	}
	snapshot, _, err := rules.Load(config)
	if err != nil {
		return err
	}
	decoder, matcher := schemas.NewDecoder(), snapshot.Matcher()
	var hits []int32
	pass := func() {
		for _, value := range corpus {
			decoder.Reset(value)
			for {
				ev, out := decoder.Next()
				if out.Kind == schemas.End {
					break
				}
				if out.Kind == schemas.Registry {
					hits = matcher.Match(hits[:0], ev)
				}
			}
		}
	}
	pass() // all memory is there
	records, before := 0, cpuTime()
	for cpuTime()-before < 2*time.Second {
		pass()
		records += len(corpus)
	}
	return json.NewEncoder(stdout).Encode(float64((cpuTime() - before).Nanoseconds()) / float64(records))
}

// cpuTime is what this process has used.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err) // only for a wrong argument
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
