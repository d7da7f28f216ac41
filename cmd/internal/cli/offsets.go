package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/regtrap/regtrap/cmd/internal/admin"
	"github.com/regtrap/regtrap/cmd/internal/offsets"
	"github.com/regtrap/regtrap/cmd/internal/service"
)

func (p Process) offsets() *cobra.Command {
	cmd := group("offsets", "Where the group stands in the log, and how to move it", `offsets shows where the consumer group of run stands, and moves it: back to read
records again, or forward past a batch that cannot be read.`)
	cmd.AddCommand(p.offsetsShow(), p.offsetsSet())
	return cmd
}

// group is a command that only has others.
func group(name, short, long string) *cobra.Command {
	return &cobra.Command{
		Use: name, Short: short, Long: long, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			return fmt.Errorf("%s: no command", name)
		},
	}
}

const accessHelp = `The cluster is that of run: REGTRAP_BROKERS, and the REGTRAP_TLS and REGTRAP_SASL
variables. `

// offsetFlags are the flags of both commands.
type offsetFlags struct {
	output     *output
	topics     []string
	partitions []int
}

func (p Process) offsetFlags(cmd *cobra.Command, f *offsetFlags) {
	f.output = p.outputFlag(cmd)
	cmd.Flags().StringArrayVar(&f.topics, "topic", nil, "only this `TOPIC`; may be repeated (default those of REGTRAP_TOPICS)")
	cmd.Flags().IntSliceVar(&f.partitions, "partition", nil, "only this partition `NUMBER`, of one topic; may be repeated (default all)")
}

// open opens the cluster that the variables name.
func (p Process) access(uses ...string) (*service.Access, error) {
	a, err := service.Open(p.Env, uses...)
	var mistake *service.ConfigError
	switch {
	case errors.As(err, &mistake):
		return nil, &exit{usage, err}
	case err != nil:
		return nil, fail(err)
	}
	for _, w := range a.Warnings {
		p.complain(errors.New(w.String()))
	}
	return a, nil
}

// selection opens the cluster and says which partitions are meant.
func (p Process) selection(f *offsetFlags) (*admin.Client, offsets.Selection, error) {
	s := offsets.Selection{Topics: f.topics, Partitions: f.partitions}
	uses := []string{"REGTRAP_GROUP"}
	if len(s.Topics) == 0 {
		uses = append(uses, "REGTRAP_TOPICS")
	}
	a, err := p.access(uses...)
	if err != nil {
		return nil, s, err
	}
	s.Group = a.Config.Group
	if len(s.Topics) == 0 {
		s.Topics = a.Config.Topics
	}
	if len(s.Partitions) > 0 && len(s.Topics) != 1 {
		return nil, s, &exit{usage, fmt.Errorf("--partition: which topic's? want one --topic of %s", strings.Join(s.Topics, ", "))}
	}
	slices.Sort(s.Partitions)
	s.Partitions = slices.Compact(s.Partitions)
	return admin.New(a.Config.Brokers, a.Transport, s.Topics...), s, nil
}

func (p Process) offsetsShow() *cobra.Command {
	var f offsetFlags
	cmd := &cobra.Command{
		Use:   "show",
		Short: "Where the group stands in each partition, and its members",
		Long: `show lists of each partition what the group has committed, where the log starts
and ends, how many offsets lie between (lag), the timestamps of the next record
to handle and of the last handled one, and the member that owns it; then the
group's members. It changes nothing, and needs READ and DESCRIBE on the topics and
the group.

` + accessHelp + `The group is REGTRAP_GROUP, the topics are REGTRAP_TOPICS.`,
		Args: cobra.NoArgs,
	}
	p.offsetFlags(cmd, &f)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		client, s, err := p.selection(&f)
		if err != nil {
			return err
		}
		defer client.Close()
		list, g, err := offsets.Show(cmd.Context(), client, s)
		if err != nil && len(list) == 0 {
			return fail(err)
		}
		write := p.writeStandings
		if f.output.or(p.Stdout) == text {
			write = p.standingTable
		}
		if err := p.written(write(s.Group, list, g)); err != nil {
			return err
		}
		if err != nil {
			return fail(err)
		}
		return nil
	}
	return cmd
}

// standing is where a group stands as NDJSON has it.
type standing struct {
	Group       string     `json:"group"`
	Topic       string     `json:"topic"`
	Partition   int        `json:"partition"`
	Committed   *int64     `json:"committed"` // null: nothing
	Start       *int64     `json:"log_start"` // null: not known
	End         *int64     `json:"log_end"`
	Lag         *int64     `json:"lag"` // null without a commit
	NextTime    *time.Time `json:"next_record_time"`
	HandledTime *time.Time `json:"handled_time"`
	Member      string     `json:"member,omitempty"`
	Problem     string     `json:"problem,omitempty"`
}

// groupState is the last object of `offsets show`.
type groupState struct {
	Group   string        `json:"group"`
	State   string        `json:"state"`
	Members []groupMember `json:"members"`
}

type groupMember struct {
	ID         string   `json:"id"`
	ClientID   string   `json:"client_id"`
	Host       string   `json:"host"`
	Partitions []string `json:"partitions"` // topic/partition
}

func (p Process) writeStandings(name string, list []offsets.Standing, g admin.Group) error {
	e := encoder(p.Stdout)
	for _, s := range list {
		err := e.Encode(standing{
			name, s.Topic, s.Partition, number(s.Committed), number(s.Start), number(s.End), number(s.Lag()),
			moment(s.NextTime), moment(s.HandledTime), s.Member, s.Problem,
		})
		if err != nil {
			return err
		}
	}
	return e.Encode(groupState{name, g.State, members(g)})
}

// members lists the members of a group by id.
func members(g admin.Group) []groupMember {
	list := []groupMember{}
	for _, m := range g.Members {
		gm := groupMember{m.ID, m.ClientID, strings.TrimPrefix(m.Host, "/"), []string{}}
		for topic, ids := range m.Assigned {
			for _, id := range ids {
				gm.Partitions = append(gm.Partitions, fmt.Sprintf("%s/%d", topic, id))
			}
		}
		slices.Sort(gm.Partitions)
		list = append(list, gm)
	}
	slices.SortFunc(list, func(a, b groupMember) int { return strings.Compare(a.ID, b.ID) })
	return list
}

// number is n, nil when negative.
func number(n int64) *int64 {
	if n < 0 {
		return nil
	}
	return &n
}

// moment is t, nil when zero.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func (p Process) standingTable(name string, list []offsets.Standing, g admin.Group) error {
	w := tabwriter.NewWriter(p.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "TOPIC\tPARTITION\tCOMMITTED\tSTART\tEND\tLAG\tNEXT RECORD\tLAST HANDLED\tMEMBER")
	for _, s := range list {
		fmt.Fprintf(w, "%s\t%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", s.Topic, s.Partition, numberText(s.Committed), numberText(s.Start), numberText(s.End),
			numberText(s.Lag()), timeText(s.NextTime), timeText(s.HandledTime), cell(orDash(s.Member)))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, s := range list {
		if s.Problem != "" {
			if _, err := fmt.Fprintf(p.Stdout, "\n%s/%d: %s\n", s.Topic, s.Partition, s.Problem); err != nil {
				return err
			}
		}
	}
	if _, err := fmt.Fprintf(p.Stdout, "\ngroup %s: %s, %s\n", name, g.State, count(len(g.Members), "member")); err != nil {
		return err
	}
	for _, m := range members(g) {
		if _, err := fmt.Fprintf(p.Stdout, "  %s  client %s, host %s: %s\n", cell(m.ID), cell(m.ClientID), cell(m.Host), orDash(strings.Join(m.Partitions, ", "))); err != nil {
			return err
		}
	}
	return nil
}

// count is a number of things in words.
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return strconv.Itoa(n) + " " + thing + "s"
}

func numberText(n int64) string {
	if n < 0 {
		return "-"
	}
	return strconv.FormatInt(n, 10)
}

func timeText(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func (p Process) offsetsSet() *cobra.Command {
	var f offsetFlags
	var to string
	var apply bool
	cmd := &cobra.Command{
		Use:   "set --to TARGET",
		Short: "Move the group, back or forward",
		Long: `set says what moving the group to TARGET would change, and with --apply does it.
TARGET is one of

  earliest, latest      the log's start, or its end
  2026-03-04T10:00:00Z  the first record written at that time or later
  -2h                   the same, so long before now; units are h, m, s, ms
  17                    this offset
  +1, -100              so many offsets from the committed one
  readable              behind the batch that cannot be read at the committed offset

Where no record is that young, a time is the log's end. An offset, a shift and
readable mean something else in each partition, so they want --partition. Going
forward skips records for good: nothing is detected in them. Going back raises
the same alerts again, with the same ids.

The group must have no members: stop every regtrap of the group first. Kafka
refuses the change when one joins meanwhile. What was written is read back.

` + accessHelp + `The group is REGTRAP_GROUP, the topics are REGTRAP_TOPICS.`,
		Args: cobra.NoArgs,
	}
	p.offsetFlags(cmd, &f)
	cmd.Flags().StringVar(&to, "to", "", "where to go on: `TARGET` as above (required)")
	cmd.Flags().BoolVar(&apply, "apply", false, "do it; else only say what would change (default false)")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		target, err := offsets.ParseTarget(to, time.Now())
		if err != nil {
			return &exit{usage, fmt.Errorf("--to: %w", err)}
		}
		if target.OfOnePartition() && len(f.partitions) == 0 {
			return &exit{usage, fmt.Errorf("--to %s: means something else in each partition: want --partition", target)}
		}
		client, s, err := p.selection(&f)
		if err != nil {
			return err
		}
		defer client.Close()
		return p.setOffsets(cmd.Context(), client, s, target, apply, f.output.or(p.Stdout))
	}
	return cmd
}

func (p Process) setOffsets(ctx context.Context, client *admin.Client, s offsets.Selection, target offsets.Target, apply bool, o output) error {
	moves, err := offsets.Plan(ctx, client, s, target)
	if err != nil {
		return fail(err)
	}
	var inUse error
	if apply {
		if err := offsets.Apply(ctx, client, s.Group, moves); err != nil {
			return fail(err)
		}
	} else {
		inUse = offsets.Free(ctx, client, s.Group)
	}
	write := writeMoves
	if o == text {
		write = moveTable
	}
	if err := p.written(write(p.Stdout, s.Group, moves, apply)); err != nil {
		return err
	}
	if inUse != nil {
		p.complain(fmt.Errorf("--apply would refuse: %w", inUse))
	}
	return nil
}

// move is a change as NDJSON has it.
type move struct {
	Group     string `json:"group"`
	Topic     string `json:"topic"`
	Partition int    `json:"partition"`
	Committed *int64 `json:"committed"` // before; null: nothing
	Offset    int64  `json:"offset"`    // what is committed with --apply
	Change    *int64 `json:"change"`    // offsets, negative is back; null when nothing was committed
	Applied   bool   `json:"applied"`
}

func writeMoves(w io.Writer, name string, moves []offsets.Move, applied bool) error {
	e := encoder(w)
	for _, m := range moves {
		out := move{name, m.Topic, m.Partition, number(m.Committed), m.Offset, nil, applied}
		if m.Committed >= 0 {
			n := m.Offset - m.Committed
			out.Change = &n
		}
		if err := e.Encode(out); err != nil {
			return err
		}
	}
	return nil
}

func moveTable(out io.Writer, name string, moves []offsets.Move, applied bool) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "TOPIC\tPARTITION\tCOMMITTED\tTO\tCHANGE\tSTART\tEND")
	for _, m := range moves {
		change := "-"
		if m.Committed >= 0 {
			change = fmt.Sprintf("%+d", m.Offset-m.Committed)
		}
		fmt.Fprintf(w, "%s\t%d\t%s\t%d\t%s\t%d\t%d\n", m.Topic, m.Partition, numberText(m.Committed), m.Offset, change, m.Start, m.End)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	end := "dry run: nothing was changed; --apply does it"
	if applied {
		end = fmt.Sprintf("done: group %s begins there", name)
	}
	_, err := fmt.Fprintf(out, "\n%s\n", end)
	return err
}
