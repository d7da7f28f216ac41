// Speed measures how fast regtrap detects and writes the results into
// docs/speed.md:
//
//	go run ./cmd/internal/speed
//
// from the root of the repository. It runs the benchmarks Speed… of
// cmd/internal/pipeline and `regtrap match` on a file of 700 MB, beside a
// process that only parses the same file.
//
// REGTRAP_CORPUS names the records, a file of NDJSON, plain or gzip; unset,
// they are invented. REGTRAP_SPEED_RULES names a folder of rules to be matched
// beside the pack, REGTRAP_SPEED_MORE_RULES one of rules to be matched beside
// those where the number of rules is measured. The page names no path: say with
// -corpus-name, -rules-name and -more-rules-name what they are.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"time"
)

// settings are what the command line and the environment say.
type settings struct {
	corpus, corpusName       string
	rules, rulesName         string
	moreRules, moreRulesName string
	page                     string
	rounds                   int // of every comparison in memory
	processRounds            int // of every comparison of processes
	bytes                    int64
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "speed:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, env func(string) string, stdout, stderr io.Writer) error {
	s := settings{corpus: env("REGTRAP_CORPUS"), rules: env("REGTRAP_SPEED_RULES"), moreRules: env("REGTRAP_SPEED_MORE_RULES")}
	flags := flag.NewFlagSet("speed", flag.ContinueOnError)
	flags.SetOutput(stderr)
	parse := flags.String("parse", "", "only parse the lines of `FILE`: what match is held against")
	flags.StringVar(&s.corpusName, "corpus-name", "", "what the corpus is, for the page")
	flags.StringVar(&s.rulesName, "rules-name", "", "what the rules are, for the page")
	flags.StringVar(&s.moreRulesName, "more-rules-name", "", "what the further rules are, for the page")
	flags.StringVar(&s.page, "page", filepath.Join("docs", "speed.md"), "the `FILE` to write into, - is standard output")
	flags.IntVar(&s.rounds, "rounds", 15, "rounds of every comparison in memory")
	flags.IntVar(&s.processRounds, "process-rounds", 7, "rounds of every comparison of processes")
	flags.Int64Var(&s.bytes, "bytes", 700e6, "least size of the file that processes read")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *parse != "" {
		return parseFile(*parse, stdout)
	}
	return s.measure(ctx, stdout, stderr)
}

// measure does everything and writes the page, or nothing when a step fails.
func (s settings) measure(ctx context.Context, stdout, stderr io.Writer) error {
	work, err := os.MkdirTemp("", "regtrap-speed-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	if err := s.prepare(work); err != nil {
		return err
	}
	r := results{settings: s, date: time.Now()}
	if r.bench, err = runBenchmarks(ctx, s, stderr); err != nil {
		return err
	}
	if r.processes, err = runProcesses(ctx, s, work, r.bench, stderr); err != nil {
		return err
	}
	text, err := r.text()
	if err != nil {
		return err
	}
	if s.page == "-" {
		_, err = io.WriteString(stdout, text)
		return err
	}
	return writePage(s.page, text)
}

// prepare makes paths absolute, because the benchmarks run in a folder of
// their own, and invents a corpus where none is given.
func (s *settings) prepare(work string) (err error) {
	if s.corpus == "" {
		s.corpus = filepath.Join(work, "corpus.ndjson")
		if s.corpusName == "" {
			s.corpusName = "an invented bus"
		}
		if err := invent(s.corpus); err != nil {
			return err
		}
	}
	if s.corpusName == "" {
		s.corpusName = "a captured bus"
	}
	if s.rulesName == "" {
		s.rulesName = "the rules of a folder"
	}
	if s.moreRulesName == "" {
		s.moreRulesName = "more rules"
	}
	for _, path := range []*string{&s.corpus, &s.rules, &s.moreRules} {
		if *path == "" {
			continue
		}
		if *path, err = filepath.Abs(*path); err != nil {
			return err
		}
	}
	return nil
}
