package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/regtrap/regtrap/cmd/internal/admin"
	"github.com/regtrap/regtrap/cmd/internal/deadletters"
	"github.com/regtrap/regtrap/cmd/internal/service"
)

// replayFlags are the flags of replay.
type replayFlags struct {
	choose deadLetterFlags
	output *output
	to     string
	most   int
	again  bool
	apply  bool
}

func (p Process) deadLettersReplay() *cobra.Command {
	var f replayFlags
	cmd := &cobra.Command{
		Use:   "replay [PARTITION:OFFSET…]",
		Short: "Write records from the dead letters back to their topics",
		Long: `replay says which dead letters it would write back, those at the given places or
all that match, and with --apply does it: key, value and headers as they were, to
the topic where the record was read, at its end. Do it when the cause is mended.

Headers that are added say where the record was read first and how often it was
replayed. When it fails again its new dead letter has them too, and above
--max-attempts it is refused: no record goes round for ever. What was replayed is
noted in the topic of the dead letters, by a receipt, and refused the next time
unless --again is given. A value that was cut to fit the broker's limit is never
replayed. A replayed record has a new place, so its alerts have ids of their own.

It needs READ, WRITE and DESCRIBE on the topic of the dead letters, WRITE and
DESCRIBE on the topics that are written.

` + deadLettersHelp,
	}
	f.output = p.outputFlag(cmd)
	f.choose.add(cmd, 0, "replay")
	flags := cmd.Flags()
	flags.StringVar(&f.to, "to", "", "write to this `TOPIC` (default where each record was read)")
	flags.IntVar(&f.most, "max-attempts", 3, "refuse records that were replayed this `NUMBER` of times")
	flags.BoolVar(&f.again, "again", false, "replay also what was replayed before (default false)")
	flags.BoolVar(&f.apply, "apply", false, "do it; else only say what would be done (default false)")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		filter, err := f.choose.filter(time.Now())
		errs := []error{err}
		for _, a := range args {
			place, err := deadletters.ParsePlace(a)
			errs = append(errs, err)
			filter.Places = append(filter.Places, place)
		}
		if f.most < 1 {
			errs = append(errs, fmt.Errorf("--max-attempts %d: want 1 or more", f.most))
		}
		if err := errors.Join(errs...); err != nil {
			return &exit{usage, err}
		}
		a, client, err := p.deadLetterTopic()
		if err != nil {
			return err
		}
		defer client.Close()
		return p.replay(cmd.Context(), a, client, &f, filter)
	}
	return cmd
}

func (p Process) replay(ctx context.Context, a *service.Access, client *admin.Client, f *replayFlags, filter deadletters.Filter) error {
	topic := a.Config.DeadLetterTopic
	if f.to == topic {
		return &exit{usage, fmt.Errorf("--to %s: is the topic of the dead letters: want another", f.to)}
	}
	list, plan, err := deadletters.Plan(ctx, client, topic, filter, deadletters.Options{To: f.to, MaxAttempts: f.most, Again: f.again, Limit: f.choose.limit})
	if err != nil {
		return fail(err)
	}
	if len(filter.Places) > 0 && list.Matched == 0 {
		return fail(fmt.Errorf("topic %s: no dead letter at these places", topic))
	}
	var replayErr error
	if f.apply {
		r := deadletters.Replayer{Brokers: a.Config.Brokers, Transport: a.Transport, Topic: topic, Client: client}
		replayErr = r.Replay(ctx, plan)
	}
	write := writeReplay
	if f.output.or(p.Stdout) == text {
		write = replayTable
	}
	if err := p.written(write(p.Stdout, plan, f.apply)); err != nil {
		return err
	}
	if replayErr != nil {
		return fail(replayErr)
	}
	return nil
}

// replayed is what becomes of a dead letter, as NDJSON has it.
type replayed struct {
	listedLetter
	To      string `json:"to"`
	Attempt int    `json:"attempt"` // the number of this replay, from 1
	Done    bool   `json:"done"`    // it was written; false in a dry run
	Refused string `json:"refused,omitempty"`
}

func writeReplay(w io.Writer, plan []deadletters.Outcome, _ bool) error {
	e := encoder(w)
	for i := range plan {
		o := &plan[i]
		if err := e.Encode(replayed{listedOf(&o.Letter), o.To, o.Attempt, o.Done, o.Refused}); err != nil {
			return err
		}
	}
	return nil
}

func replayTable(out io.Writer, plan []deadletters.Outcome, applied bool) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	if len(plan) > 0 {
		fmt.Fprintln(w, "PLACE\tREASON\tRECORD\tTO\tATTEMPT\tOUTCOME")
	}
	done, refused := 0, 0
	for i := range plan {
		o := &plan[i]
		outcome := "would be replayed"
		switch {
		case o.Refused != "":
			refused++
			outcome = "refused: " + o.Refused
		case o.Done:
			done++
			outcome = "replayed"
		case applied:
			outcome = "not replayed"
		}
		fmt.Fprintf(w, "%s\t%s\t%s/%d:%d\t%s\t%d\t%s\n", o.Letter.Place, cell(string(o.Letter.Reason)), cell(o.Letter.Topic),
			o.Letter.Partition, o.Letter.Offset, cell(o.To), o.Attempt, cell(outcome))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if len(plan) > 0 {
		fmt.Fprintln(out)
	}
	end := fmt.Sprintf("dry run: %s would be replayed, %d refused; --apply does it", count(len(plan)-refused, "dead letter"), refused)
	if applied {
		end = fmt.Sprintf("%s replayed, %d refused", count(done, "dead letter"), refused)
		if left := len(plan) - done - refused; left > 0 {
			end += fmt.Sprintf(", %d not", left)
		}
	}
	_, err := fmt.Fprintln(out, end)
	return err
}
