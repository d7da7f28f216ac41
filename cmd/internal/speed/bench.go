package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
)

// benchmarks is the output of `go test -bench`.
type benchmarks struct {
	cpu   string
	lines []line // in the order in which they ran
}

// line is one benchmark: of a kind (Bus, Shapes, Sources, XML), over a corpus,
// empty for Bus, of one way to read it. Of the kind Rules corpus is the engine,
// and way the number of rules, as of the kinds Compile and Worst.
type line struct {
	kind, corpus, way string
	metrics           map[string]float64 // by unit
}

// of returns the line of one way over one corpus.
func (b *benchmarks) of(kind, corpus, way string) (line, bool) {
	for _, l := range b.lines {
		if l.kind == kind && l.corpus == corpus && l.way == way {
			return l, true
		}
	}
	return line{}, false
}

// corpora returns the corpora of a kind in their order.
func (b *benchmarks) corpora(kind string) (list []string) {
	seen := make(map[string]bool)
	for _, l := range b.lines {
		if l.kind == kind && !seen[l.corpus] {
			seen[l.corpus] = true
			list = append(list, l.corpus)
		}
	}
	return list
}

// runBenchmarks runs all comparisons in memory, and shows the output as it comes.
func runBenchmarks(ctx context.Context, s settings, progress io.Writer) (*benchmarks, error) {
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", "^BenchmarkSpeed", "-cpu", "1",
		"-benchtime", strconv.Itoa(s.rounds)+"x", "-timeout", "60m", "./cmd/internal/pipeline")
	cmd.Env = append(os.Environ(), "REGTRAP_CORPUS="+s.corpus, "REGTRAP_SPEED_RULES="+s.rules, "REGTRAP_SPEED_MORE_RULES="+s.moreRules)
	cmd.Stdout, cmd.Stderr = io.MultiWriter(&out, progress), progress
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%v: %w", cmd.Args, err)
	}
	return parseBenchmarks(&out)
}

var procs = regexp.MustCompile(`-[0-9]+$`)

// parseBenchmarks reads the format of golang.org/design/14313-benchmark-format.
func parseBenchmarks(r io.Reader) (*benchmarks, error) {
	var b benchmarks
	s := bufio.NewScanner(r)
	for s.Scan() {
		text := s.Text()
		if cpu, ok := strings.CutPrefix(text, "cpu: "); ok {
			b.cpu = cpu
		}
		name, ok := strings.CutPrefix(text, "BenchmarkSpeed")
		fields := strings.Fields(name)
		if !ok || len(fields) < 4 {
			continue
		}
		l := line{metrics: make(map[string]float64)}
		switch parts := strings.Split(procs.ReplaceAllString(fields[0], ""), "/"); len(parts) {
		case 2:
			l.kind, l.way = parts[0], parts[1]
		case 3:
			l.kind, l.corpus, l.way = parts[0], parts[1], parts[2]
		default:
			return nil, fmt.Errorf("benchmark %q: want KIND/WAY or KIND/CORPUS/WAY", fields[0])
		}
		for i := 2; i+1 < len(fields); i += 2 {
			v, err := strconv.ParseFloat(fields[i], 64)
			if err != nil {
				return nil, fmt.Errorf("benchmark line %q: %w", text, err)
			}
			l.metrics[fields[i+1]] = v
		}
		b.lines = append(b.lines, l)
	}
	if err := s.Err(); err != nil {
		return nil, err
	}
	if len(b.lines) == 0 {
		return nil, fmt.Errorf("no benchmark ran")
	}
	return &b, nil
}
