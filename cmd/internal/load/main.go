// Load measures the whole path, from Kafka to Kafka, on a real broker that it
// starts:
//
//	go run ./cmd/internal/load
//
// from the root of the repository. It needs Java 17 and Maven. It prints a page
// of tables and, with -json, writes the same as one JSON object:
//
//   - the CPU time a record of `regtrap run`, beside a consumer of the same
//     client that does nothing with its records, and beside decoding and
//     matching the same records in memory;
//   - the time from producing a record to its alert, at half of full load;
//   - the records a second of one, two and four workers of one core each, with
//     as many partitions.
//
// REGTRAP_CORPUS names the records, a file of NDJSON, plain or gzip; unset, they
// are invented. REGTRAP_LOAD_RULES names a folder of rules to run beside the
// pack. The tables name no path: say with -corpus-name and -rules-name what they
// are.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/regtrap/regtrap/cmd/internal/kafkatest"
)

// settings are what the command line and the environment say.
type settings struct {
	corpus, corpusName string
	rules, rulesName   string
	kafka              string // version of the broker
	records            int    // preloaded for each measurement of CPU and of scaling
	rounds             int
	latency            time.Duration
	codec              string
	json               string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, env func(string) string, stdout, stderr io.Writer) error {
	s := settings{corpus: env("REGTRAP_CORPUS"), rules: env("REGTRAP_LOAD_RULES")}
	flags := flag.NewFlagSet("load", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&s.corpusName, "corpus-name", "", "what the corpus is")
	flags.StringVar(&s.rulesName, "rules-name", "", "what the rules are")
	flags.StringVar(&s.kafka, "kafka", kafkatest.Versions()[0], "`version` of Apache Kafka, one of "+strings.Join(kafkatest.Versions(), ", "))
	flags.IntVar(&s.records, "records", 400_000, "records that each measurement of CPU and of scaling reads")
	flags.IntVar(&s.rounds, "rounds", 5, "rounds of every comparison")
	flags.DurationVar(&s.latency, "latency", 30*time.Second, "how long latency is measured")
	flags.StringVar(&s.codec, "codec", "lz4", "compression of the telemetry: none, gzip, snappy, lz4 or zstd")
	flags.StringVar(&s.json, "json", "", "write the results as one JSON object to `FILE`")
	brokers := flags.String("noop", "", "only consume the topic of -topic from these `brokers`, and do nothing: what run is held against")
	topic := flags.String("topic", "", "with -noop")
	group := flags.String("group", "", "with -noop")
	alone := flags.Bool("alone", false, "only decode and match the corpus in memory, and tell the CPU time a record")
	if err := flags.Parse(args); err != nil {
		return err
	}
	switch {
	case *brokers != "":
		return noop(ctx, strings.Split(*brokers, ","), *topic, *group)
	case *alone:
		return s.alone(stdout)
	}
	if err := s.check(); err != nil {
		return err
	}
	return s.measure(ctx, stdout, stderr)
}

// check reports all mistakes at once.
func (s *settings) check() error {
	var errs []error
	if s.records < 1000 {
		errs = append(errs, fmt.Errorf("-records is %d: want at least 1000", s.records))
	}
	if s.rounds < 1 {
		errs = append(errs, fmt.Errorf("-rounds is %d: want at least 1", s.rounds))
	}
	if s.latency < time.Second {
		errs = append(errs, fmt.Errorf("-latency is %v: want at least 1s", s.latency))
	}
	if _, ok := codecs()[s.codec]; !ok {
		errs = append(errs, fmt.Errorf("-codec is %q: want none, gzip, snappy, lz4 or zstd", s.codec))
	}
	return errors.Join(errs...)
}

// bench is what the measurements share: a broker, the programs and the records.
type bench struct {
	settings
	cluster  *kafkatest.Cluster
	work     string // a folder of its own
	regtrap  string // the built binaries
	self     string
	corpus   [][]byte
	progress io.Writer
	topics   int // made so far, for names
}

// measure does everything and prints the results, or nothing when a step fails.
func (s settings) measure(ctx context.Context, stdout, stderr io.Writer) (err error) {
	b := &bench{settings: s, progress: stderr}
	if b.work, err = os.MkdirTemp("", "regtrap-load-"); err != nil {
		return err
	}
	defer os.RemoveAll(b.work)
	if err := b.prepare(ctx); err != nil {
		return err
	}
	if b.cluster, err = kafkatest.Start(ctx, s.kafka, 1, b.work); err != nil {
		return err
	}
	defer b.cluster.Stop()

	r := results{settings: b.settings, date: time.Now()}
	if r.CPU, err = b.cpu(ctx); err != nil {
		return err
	}
	if r.Scaling, err = b.scaling(ctx); err != nil {
		return err
	}
	if r.Latency, err = b.latencies(ctx); err != nil {
		return err
	}
	if s.json != "" {
		text, err := json.MarshalIndent(r.object(), "", "  ")
		if err != nil {
			return err
		}
		if err := os.WriteFile(s.json, append(text, '\n'), 0o644); err != nil {
			return err
		}
	}
	_, err = io.WriteString(stdout, r.text())
	return err
}

// prepare builds the programs and reads the records.
func (b *bench) prepare(ctx context.Context) (err error) {
	if b.settings.corpusName == "" {
		b.settings.corpusName = "an invented bus"
		if b.settings.corpus != "" {
			b.settings.corpusName = "a captured bus"
		}
	}
	if b.corpus, err = readCorpus(b.settings.corpus); err != nil {
		return err
	}
	if b.rules != "" {
		if b.rules, err = filepath.Abs(b.rules); err != nil {
			return err
		}
	}
	b.regtrap = filepath.Join(b.work, "regtrap")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", b.regtrap, "github.com/regtrap/regtrap/cmd/regtrap").CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	b.self, err = os.Executable()
	return err
}

func (b *bench) say(format string, args ...any) { fmt.Fprintf(b.progress, format+"\n", args...) }
