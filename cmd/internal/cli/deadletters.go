package cli

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/agnivade/levenshtein"
	"github.com/spf13/cobra"

	"github.com/regtrap/regtrap/cmd/internal/admin"
	"github.com/regtrap/regtrap/cmd/internal/deadletters"
	"github.com/regtrap/regtrap/cmd/internal/service"
	"github.com/regtrap/regtrap/schemas"
)

func (p Process) deadLetters() *cobra.Command {
	cmd := group("dead-letters", "Records that could not be read: list, show, replay", `dead-letters works with the topic of the records that could not be read. They
are raw telemetry: whoever runs these commands sees what hosts and users did.`)
	cmd.AddCommand(p.deadLettersList(), p.deadLettersShow(), p.deadLettersReplay())
	return cmd
}

const deadLettersHelp = accessHelp + `The topic is REGTRAP_DEAD_LETTER_TOPIC.`

// deadLetterFlags choose dead letters.
type deadLetterFlags struct {
	reasons, topics []string
	since, until    string
	limit           int
}

func (f *deadLetterFlags) add(cmd *cobra.Command, limit int, limited string) {
	flags := cmd.Flags()
	var known []string
	for _, r := range schemas.DeadReasons() {
		known = append(known, string(r))
	}
	flags.StringArrayVar(&f.reasons, "reason", nil, "only with this `REASON`: "+strings.Join(known, ", ")+"; may be repeated (default all)")
	flags.StringArrayVar(&f.topics, "topic", nil, "only of records read from this `TOPIC`; may be repeated (default all)")
	flags.StringVar(&f.since, "since", "", "only what became a dead letter at this `TIME` or later: 2026-03-04T10:00:00Z, or 2h for two hours ago (default all)")
	flags.StringVar(&f.until, "until", "", "only what became a dead letter before this `TIME` (default all)")
	flags.IntVar(&f.limit, "limit", limit, "most dead letters to "+limited+", `NUMBER`; 0 is all")
}

// filter reads the flags. The error has every mistake.
func (f *deadLetterFlags) filter(now time.Time) (deadletters.Filter, error) {
	filter := deadletters.Filter{Topics: f.topics}
	var errs []error
	for _, r := range f.reasons {
		if !slices.Contains(schemas.DeadReasons(), schemas.Reason(r)) {
			near := slices.MinFunc(schemas.DeadReasons(), func(a, b schemas.Reason) int {
				return levenshtein.ComputeDistance(string(a), r) - levenshtein.ComputeDistance(string(b), r)
			})
			errs = append(errs, fmt.Errorf("--reason %q: no such reason: the nearest is %s", r, near))
		}
		filter.Reasons = append(filter.Reasons, schemas.Reason(r))
	}
	for _, t := range []struct {
		flag, text string
		at         *time.Time
	}{{"--since", f.since, &filter.Since}, {"--until", f.until, &filter.Until}} {
		if t.text == "" {
			continue
		}
		if d, err := time.ParseDuration(t.text); err == nil && d >= 0 {
			*t.at = now.Add(-d)
		} else if *t.at, err = time.Parse(time.RFC3339, t.text); err != nil {
			errs = append(errs, fmt.Errorf("%s %q: want a time (2026-03-04T10:00:00Z), or a duration before now (2h)", t.flag, t.text))
		}
	}
	if f.limit < 0 {
		errs = append(errs, fmt.Errorf("--limit %d: want 0 or more", f.limit))
	}
	return filter, errors.Join(errs...)
}

// deadLetterTopic opens the topic of the dead letters.
func (p Process) deadLetterTopic() (*service.Access, *admin.Client, error) {
	a, err := p.access("REGTRAP_DEAD_LETTER_TOPIC")
	if err != nil {
		return nil, nil, err
	}
	return a, admin.New(a.Config.Brokers, a.Transport, a.Config.DeadLetterTopic), nil
}

func (p Process) deadLettersList() *cobra.Command {
	var f deadLetterFlags
	cmd := &cobra.Command{
		Use:   "list",
		Short: "Which records could not be read, and why",
		Long: `list reads the topic of the dead letters and lists those that match, in the order
of their places, with a summary of all that match by reason. A dead letter's
place, PARTITION:OFFSET in that topic, is what show and replay take. It needs READ
and DESCRIBE on the topic, and joins no group.

` + deadLettersHelp,
		Args: cobra.NoArgs,
	}
	o := p.outputFlag(cmd)
	f.add(cmd, 100, "list")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		filter, err := f.filter(time.Now())
		if err != nil {
			return &exit{usage, err}
		}
		a, client, err := p.deadLetterTopic()
		if err != nil {
			return err
		}
		defer client.Close()
		list, err := deadletters.Find(cmd.Context(), client, a.Config.DeadLetterTopic, filter, f.limit)
		if err != nil {
			return fail(err)
		}
		write := writeLetters
		if o.or(p.Stdout) == text {
			write = letterTable
		}
		out := bufio.NewWriter(p.Stdout)
		return p.written(errors.Join(write(out, list), out.Flush()))
	}
	return cmd
}

// listedLetter is a dead letter as list has it: without key, value and headers.
type listedLetter struct {
	Place      string         `json:"place"` // partition:offset in the topic of the dead letters
	Written    time.Time      `json:"written"`
	Reason     schemas.Reason `json:"reason"`
	Detail     string         `json:"detail"`
	Topic      string         `json:"topic"` // where the record was read
	Partition  int            `json:"partition"`
	Offset     int64          `json:"offset"`
	Timestamp  time.Time      `json:"timestamp"`
	Version    string         `json:"version"`
	Bytes      int            `json:"bytes"`                   // of the value as it is here
	Size       int            `json:"original_size,omitempty"` // of the value before it was cut
	Replays    int            `json:"replays"`                 // how often the record had been replayed before
	ReplayedTo string         `json:"replayed_to,omitempty"`   // topic; empty: this dead letter was not replayed
	ReplayedAt *time.Time     `json:"replayed_at,omitempty"`
}

func listedOf(l *deadletters.Letter) listedLetter {
	out := listedLetter{
		Place: l.Place.String(), Written: l.Written, Reason: l.Reason, Detail: l.Detail, Topic: l.Topic, Partition: l.Partition,
		Offset: l.Offset, Timestamp: l.Timestamp, Version: l.Version, Bytes: l.Bytes, Size: l.Size, Replays: l.Replays,
	}
	if l.Replayed != nil {
		out.ReplayedTo, out.ReplayedAt = l.Replayed.Topic, &l.Replayed.Time
	}
	return out
}

// letterSummary is the last object of list.
type letterSummary struct {
	Matched int                    `json:"matched"`
	Listed  int                    `json:"listed"`
	Reasons map[schemas.Reason]int `json:"reasons"`
	Foreign int                    `json:"foreign"` // records in the topic that are no dead letters of regtrap
}

func writeLetters(w io.Writer, list *deadletters.List) error {
	e := encoder(w)
	for i := range list.Letters {
		if err := e.Encode(listedOf(&list.Letters[i])); err != nil {
			return err
		}
	}
	return e.Encode(struct {
		Summary letterSummary `json:"summary"`
	}{letterSummary{list.Matched, len(list.Letters), list.Reasons, list.Foreign}})
}

func letterTable(out io.Writer, list *deadletters.List) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	if len(list.Letters) > 0 {
		fmt.Fprintln(w, "PLACE\tWRITTEN\tREASON\tRECORD\tBYTES\tREPLAYS\tREPLAYED\tDETAIL")
	}
	for i := range list.Letters {
		l := &list.Letters[i]
		replayed := "-"
		if l.Replayed != nil {
			replayed = timeText(l.Replayed.Time)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s/%d:%d\t%d\t%d\t%s\t%s\n", l.Place, timeText(l.Written), cell(string(l.Reason)), cell(l.Topic),
			l.Partition, l.Offset, l.Bytes, l.Replays, replayed, cell(l.Detail))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if len(list.Letters) > 0 {
		fmt.Fprintln(out)
	}
	fmt.Fprintln(out, summaryLine(list))
	for _, r := range schemas.DeadReasons() {
		if n := list.Reasons[r]; n > 0 {
			fmt.Fprintf(out, "  %-16s %d\n", r, n)
		}
	}
	if list.Foreign > 0 {
		_, err := fmt.Fprintf(out, "%s in the topic: not of regtrap\n", count(list.Foreign, "other record"))
		return err
	}
	return nil
}

func summaryLine(list *deadletters.List) string {
	line := count(list.Matched, "dead letter")
	if n := len(list.Letters); n < list.Matched {
		line += fmt.Sprintf(", of which the first %d are listed: --limit 0 lists all", n)
	}
	return line
}

// cell is text from telemetry in a table: what would steer the terminal or the
// table is replaced.
func cell(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return utf8.RuneError
		}
		return r
	}, s)
}

func (p Process) deadLettersShow() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "show PARTITION:OFFSET",
		Short: "One dead letter, with its headers and value",
		Long: `show prints one dead letter, named by its place in the topic of the dead letters:
why it is there, where the record was read, the headers of the record, and its
key and value, as text, or as a hex dump when they hold anything else. NDJSON is
the document of schemas/deadletter.schema.json with its place; bytes are in base64.

` + deadLettersHelp,
		Args: cobra.ExactArgs(1),
	}
	o := p.outputFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		place, err := deadletters.ParsePlace(args[0])
		if err != nil {
			return &exit{usage, err}
		}
		a, client, err := p.deadLetterTopic()
		if err != nil {
			return err
		}
		defer client.Close()
		l, err := deadletters.Get(cmd.Context(), client, a.Config.DeadLetterTopic, place)
		if err != nil {
			return fail(err)
		}
		if o.or(p.Stdout) == text {
			return p.written(showLetter(p.Stdout, l))
		}
		return p.written(encoder(p.Stdout).Encode(struct {
			Place   string    `json:"place"`
			Written time.Time `json:"written"`
			*schemas.DeadLetter
		}{l.Place.String(), l.Written, l.DeadLetter}))
	}
	return cmd
}

func showLetter(out io.Writer, l *deadletters.Letter) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	row := func(name, format string, args ...any) {
		fmt.Fprintf(w, "%s\t%s\n", name, cell(fmt.Sprintf(format, args...)))
	}
	row("place", "%s", l.Place)
	row("written", "%s", timeText(l.Written))
	row("reason", "%s", l.Reason)
	row("detail", "%s", l.Detail)
	row("record", "%s/%d:%d of %s", l.Topic, l.Partition, l.Offset, timeText(l.Timestamp))
	row("version", "%s", l.Version)
	if r, ok := l.Replay(); ok {
		row("replays", "%d, of %s/%d:%d of %s", r.Count, r.Topic, r.Partition, r.Offset, timeText(r.Timestamp))
	}
	for _, h := range l.Headers {
		row("header", "%s: %s", h.Key, h.Value)
	}
	switch {
	case l.Key == nil:
		row("key", "none")
	default:
		row("key", "%s", l.Key)
	}
	if l.Size > 0 {
		row("value", "%d bytes, cut from %d", len(l.Value), l.Size)
	} else {
		row("value", "%s", count(len(l.Value), "byte"))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	value := hex.Dump(l.Value)
	if isText(l.Value) {
		value = strings.TrimSuffix(string(l.Value), "\n") + "\n"
	}
	_, err := fmt.Fprintf(out, "\n%s", value)
	return err
}

// isText reports whether a value can be printed as it is. A value that is cut
// may end inside a character.
func isText(value []byte) bool {
	value = bytes.ReplaceAll(value, []byte("\r\n"), []byte("\n"))
	for utf8.FullRune(value) {
		r, n := utf8.DecodeRune(value)
		if r == utf8.RuneError && n == 1 || r != '\n' && r != '\t' && !unicode.IsPrint(r) {
			return false
		}
		value = value[n:]
	}
	return true
}
