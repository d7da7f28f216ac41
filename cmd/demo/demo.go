package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/regtrap/regtrap/cmd/internal/build"
	"github.com/regtrap/regtrap/cmd/internal/sample"
	"github.com/regtrap/regtrap/cmd/internal/service"
)

// patience is how long the demo waits for its alerts before it says that
// something is wrong.
const patience = 60 * time.Second

// run is the demo: it returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	flags.SetOutput(stderr)
	keep := flags.Bool("keep", false, "go on until interrupted: broker, service and a slow feed")
	records := flags.Int("records", 500, "`number` of records to feed before the story is told, at least 20")
	seed := flags.Uint64("seed", 1, "of the invented telemetry: the same `number` gives the same hosts and values")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	case flags.NArg() > 0:
		fmt.Fprintf(stderr, "demo: unexpected argument %q: there are only flags, see --help\n", flags.Arg(0))
		return 2
	case *records < 20:
		fmt.Fprintf(stderr, "demo: --records %d: want at least 20\n", *records)
		return 2
	}
	log := new(logBuffer)
	if err := play(ctx, stdout, log, *records, *seed, *keep); err != nil {
		fmt.Fprintf(stderr, "demo: %v\n", err)
		if text := log.String(); text != "" {
			fmt.Fprintf(stderr, "\nThe log of the service:\n%s", text)
		}
		return 1
	}
	return 0
}

// play starts everything, feeds, and tells the story.
func play(ctx context.Context, out io.Writer, log io.Writer, records int, seed uint64, keep bool) (err error) {
	began := time.Now()
	b, err := startBroker()
	if err != nil {
		return err
	}
	defer b.close()

	c := service.Default()
	c.Brokers, c.Topics, c.AlertsTopic, c.DeadLetterTopic = b.addresses(), []string{telemetryTopic}, alertsTopic, deadLetterTopic
	c.Group, c.HTTPAddr = "regtrap-demo", "127.0.0.1:0"
	s, err := service.New(c, build.Read("", ""), slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		return err
	}
	// The service ends before the broker does, so that it can commit and leave.
	serviceContext, stop := context.WithCancel(ctx)
	var group errgroup.Group
	group.Go(func() error {
		err := s.Run(serviceContext)
		stop()
		return err
	})
	defer func() {
		stop()
		err = errors.Join(err, group.Wait())
	}()

	story := &story{out: out, metrics: "http://" + s.Addr().String() + "/metrics"}
	story.begin(b.addresses(), s.Addr().String(), len(s.Rules().Rules))

	feed := sample.New(seed, time.Now().Add(-10*time.Minute))
	sent := mix(feed, records)
	if err := b.send(serviceContext, 0, sent...); err != nil {
		return fmt.Errorf("feeding the broker: %w", err)
	}
	story.sent(sent)
	wait, cancel := context.WithTimeout(serviceContext, patience)
	defer cancel()
	// A record is counted when everything that it caused is acknowledged, so
	// from then on the output topics are complete.
	if err := story.cameIn(wait, len(sent)); err != nil {
		return err
	}
	deadMessages, err := b.receive(wait, deadLetterTopic)
	if err != nil {
		return err
	}
	alertMessages, err := b.receive(wait, alertsTopic)
	if err != nil {
		return err
	}
	alerts, dead, err := story.cameOut(alertMessages, deadMessages)
	if err != nil {
		return err
	}
	if err := check(sent, alerts, dead); err != nil {
		return err
	}
	story.end(len(sent), len(alerts), len(dead), time.Since(began))
	if keep {
		story.kept(b.addresses(), s.Addr().String())
		return b.feedSlowly(serviceContext, feed, story)
	}
	return nil
}

// mix makes records: daily noise, and now and then an attack or poison.
func mix(feed *sample.Feed, n int) []sample.Record {
	list := make([]sample.Record, 0, n)
	for i := range n {
		switch {
		case i%50 == 19:
			list = append(list, feed.Attack())
		case i%250 == 17:
			list = append(list, feed.Poison())
		default:
			list = append(list, feed.Benign())
		}
	}
	return list
}

// due counts the alerts and the dead letters that records must cause.
func due(records []sample.Record) (alerts, dead int) {
	for _, r := range records {
		if r.Rule != "" {
			alerts++
		}
		if r.Poison {
			dead++
		}
	}
	return alerts, dead
}

// check compares what came out with what was fed: one alert of the right rule
// for each attack, at its place on the topic, one dead letter for each damaged
// record, and nothing else.
func check(sent []sample.Record, alerts []alert, dead []deadLetter) error {
	rule := make(map[place]string)
	poison := make(map[place]bool)
	for i, r := range sent {
		at := place{i % partitions, int64(i / partitions)}
		if r.Rule != "" {
			rule[at] = r.Rule
		}
		if r.Poison {
			poison[at] = true
		}
	}
	for _, a := range alerts {
		at := place{a.Regtrap.Source.Partition, a.Regtrap.Source.Offset}
		if rule[at] != a.Rule.Name {
			return fmt.Errorf("alert of %q for the record at %v: want %q", a.Rule.Name, at, rule[at])
		}
		delete(rule, at)
	}
	for _, d := range dead {
		at := place{d.Partition, d.Offset}
		if !poison[at] {
			return fmt.Errorf("dead letter for the record at %v: %s: the record is sound, or came twice", at, d.Detail)
		}
		delete(poison, at)
	}
	if len(rule) > 0 || len(poison) > 0 {
		return fmt.Errorf("no alert for the attacks at %v, no dead letter for the damaged records at %v", rule, poison)
	}
	return nil
}

// place is where a record is on the telemetry topic.
type place struct {
	partition int
	offset    int64
}

// logBuffer holds the service's log, which is shown only when the demo fails.
type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer // guarded by mu
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
