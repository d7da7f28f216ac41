package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/agnivade/levenshtein"
	"github.com/spf13/cobra"

	"github.com/regtrap/regtrap/cmd/internal/explain"
	"github.com/regtrap/regtrap/rules"
)

// explainFlags are the flags of explain.
type explainFlags struct {
	rules  ruleFlags
	output *output
	only   []string
	all    bool
}

func (p Process) explain() *cobra.Command {
	var f explainFlags
	cmd := &cobra.Command{
		Use:   "explain [FILE]",
		Short: "How each event was read, and why each rule did or did not fire",
		Long: `explain reads telemetry as match does and says of every record how it was read;
of a registry event every spelling of its path, and of the rules which fired and
why, and which came nearest and what first made them fail. FILE is as for match;
- or no FILE is standard input.

As text the rules that fired are shown with every test of their condition, and
the five that came nearest by the first thing that failed. As NDJSON, an object a
record, every rule is there.`,
		Args: cobra.MaximumNArgs(1),
	}
	f.rules.add(cmd)
	f.output = p.outputFlag(cmd)
	cmd.Flags().StringArrayVar(&f.only, "rule", nil, "only the rule of this `ID` or name, with every test; may be repeated (default all rules)")
	cmd.Flags().BoolVar(&f.all, "all", false, "every test of every rule (default false)")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		name := stdinName
		if len(args) > 0 {
			name = args[0]
		}
		return p.explainFile(cmd.Context(), &f, name)
	}
	return cmd
}

// explained is a record as explain writes it.
type explained struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Number int    `json:"record"` // its number in the file, from 0
	explain.Record
}

func (p Process) explainFile(ctx context.Context, f *explainFlags, name string) error {
	snapshot, err := p.load(&f.rules)
	if err != nil {
		return err
	}
	config := explain.Config{Trees: f.all}
	for _, want := range f.only {
		id, err := findRule(snapshot, want)
		if err != nil {
			return &exit{usage, err}
		}
		config.Rules = append(config.Rules, id)
	}
	x := explain.New(snapshot, config)
	var read atomic.Int64
	in, err := p.open(ctx, name, &read)
	if err != nil {
		return fail(err)
	}
	defer in.close()
	out := bufio.NewWriter(p.Stdout)
	s := newSplitter(in)
	var record []byte
	for n := 0; ; n++ {
		var line int
		record, line, err = s.next(record[:0])
		if errors.Is(err, io.EOF) {
			return p.written(out.Flush())
		}
		if err != nil {
			return fail(errors.Join(p.written(out.Flush()), fileError(name, err)))
		}
		for _, r := range x.Value(record) {
			if err := writeExplained(out, f.output.or(p.Stdout), explained{name, line, n, r}); err != nil {
				return p.written(err)
			}
		}
	}
}

func writeExplained(w io.Writer, o output, e explained) error {
	if o == ndjson {
		return encoder(w).Encode(e)
	}
	index := ""
	if e.Index > 0 {
		index = fmt.Sprintf(", event %d", e.Index)
	}
	_, err := fmt.Fprintf(w, "%s:%d%s: %s\n", e.File, e.Line, index, e.Text())
	return err
}

// findRule returns the id of the rule that has this id or name.
func findRule(s *rules.Snapshot, want string) (string, error) {
	var ids []string
	for _, r := range s.Rules {
		if strings.EqualFold(r.ID, want) {
			return r.ID, nil
		}
		if strings.EqualFold(r.Name, want) {
			ids = append(ids, r.ID)
		}
	}
	switch len(ids) {
	case 1:
		return ids[0], nil
	case 0:
		near := slices.MinFunc(s.Rules, func(a, b *rules.Rule) int { return distance(a, want) - distance(b, want) })
		return "", fmt.Errorf("--rule %q: no loaded rule has this id or name: the nearest is %s (%s)", want, near.ID, near.Name)
	}
	return "", fmt.Errorf("--rule %q: the name of several rules: one of %s", want, strings.Join(ids, ", "))
}

// distance is how far a rule's id or name is from what was asked for.
func distance(r *rules.Rule, want string) int {
	want = strings.ToLower(want)
	return min(levenshtein.ComputeDistance(strings.ToLower(r.Name), want), levenshtein.ComputeDistance(r.ID, want))
}
