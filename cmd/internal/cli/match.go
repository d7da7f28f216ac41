package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/regtrap/regtrap/cmd/internal/pipeline"
	"github.com/regtrap/regtrap/enrich"
)

// matchFlags are the flags of match.
type matchFlags struct {
	rules       ruleFlags
	output      *output
	stats       string
	failOnAlert bool
}

func (p Process) match() *cobra.Command {
	var f matchFlags
	cmd := &cobra.Command{
		Use:   "match [FILE…]",
		Short: "Telemetry in (files or standard input), alerts out",
		Long: `match reads telemetry and writes the alerts that the service would publish, in
input order, on all cores. Files are NDJSON, one JSON document or an array of
them, plain, gzip or zstd; - or no FILE is standard input. An alert's source is
the file, the number of the record in it from 0, and the index of the event in
the record.

A record that cannot be read is reported by file and line, counted, and does
not stop the run.

Exit status 3 with --fail-on-alert when there was an alert.`,
	}
	f.rules.add(cmd)
	f.output = p.outputFlag(cmd)
	cmd.Flags().StringVar(&f.stats, "stats", "", "write the counts as one JSON object to `FILE`, - is standard error (default none)")
	cmd.Flags().BoolVar(&f.failOnAlert, "fail-on-alert", false, "exit with status 3 when there was an alert (default false)")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := spare(f.stats); err != nil {
			return &exit{usage, err}
		}
		if len(args) == 0 {
			args = []string{stdinName}
		}
		return p.matchFiles(cmd.Context(), &f, args)
	}
	return cmd
}

func (p Process) matchFiles(ctx context.Context, f *matchFlags, names []string) error {
	snapshot, err := p.load(&f.rules)
	if err != nil {
		return err
	}
	began := time.Now()
	m := &matching{
		process: p,
		output:  f.output.or(p.Stdout),
		out:     bufio.NewWriterSize(p.Stdout, 256<<10),
		config: pipeline.Config{
			Snapshot: snapshot,
			Options:  enrich.Options{Version: p.Build.Version},
			Now:      time.Now,
		},
	}
	// Each panic is a dead letter with its line; the stack is shown once.
	m.config.Panicked = func(value any, stack []byte) {
		m.panicked.Do(func() {
			m.complain(fmt.Errorf("internal: panic: %v: please report this with the record: %s", value, firstLines(stack)))
		})
	}
	total, known := sizeOf(names)
	stopProgress := m.showProgress(began, total, known)
	status := m.run(ctx, names)
	stopProgress()
	if err := m.out.Flush(); err != nil && m.broken == nil {
		m.broken = err
	}
	if m.broken != nil && !closedByReader(m.broken) {
		return fail(fmt.Errorf("standard output: %w", m.broken))
	}
	if f.stats != "" {
		if err := p.writeStats(f.stats, &m.stats, time.Since(began)); err != nil {
			return fail(err)
		}
	}
	switch {
	case ctx.Err() != nil:
		return fail(errors.New("interrupted: what was read before is written"))
	case status != ok:
		return &exit{status: status}
	case f.failOnAlert && m.stats.Alerts > 0:
		return &exit{status: alerted}
	}
	return nil
}

// spare reports that the file for the counts holds something else: most likely it
// is telemetry, whose name was read as that of --stats.
func spare(file string) error {
	if file == "" || file == "-" {
		return nil
	}
	info, err := os.Stat(file)
	if err != nil || !info.Mode().IsRegular() || info.Size() == 0 {
		return nil // what cannot be written is said when it is written
	}
	f, err := os.Open(file)
	if err != nil {
		return nil
	}
	defer f.Close()
	begin := make([]byte, len(statsBegin))
	if _, err := io.ReadFull(f, begin); err == nil && string(begin) == statsBegin {
		return nil
	}
	return fmt.Errorf("--stats %s: the file holds something other than counts: give a new file, or - for standard error", file)
}

// statsBegin is how the counts begin.
const statsBegin = `{"records":`

func (p Process) writeStats(file string, s *pipeline.Stats, took time.Duration) error {
	b, err := s.JSON(took.Seconds())
	if err != nil {
		return err
	}
	b = append(b, '\n')
	if file == "-" {
		_, err = p.Stderr.Write(b)
		return err
	}
	return os.WriteFile(file, b, 0o644)
}

// firstLines keeps a stack on one line of the log.
func firstLines(stack []byte) string {
	const most = 2000
	if len(stack) > most {
		stack = stack[:most]
	}
	return fmt.Sprintf("%q", stack)
}
