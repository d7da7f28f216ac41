package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/regtrap/regtrap/cmd/internal/sarif"
	"github.com/regtrap/regtrap/rules"
)

// sarifLog is the form of output that check has besides those of all commands.
const sarifLog output = "sarif"

// checkOutput is the flag --output of check.
type checkOutput struct{ output }

// Set reads the flag.
func (o *checkOutput) Set(s string) error {
	if output(s) == sarifLog {
		o.output = sarifLog
		return nil
	}
	if o.output.Set(s) != nil {
		return errors.New("want text, ndjson or sarif")
	}
	return nil
}

// Type names the values in the help.
func (o *checkOutput) Type() string { return "ndjson|text|sarif" }

func (p Process) check() *cobra.Command {
	var f ruleFlags
	var o checkOutput
	var strict bool
	cmd := &cobra.Command{
		Use:   "check [PATH…]",
		Short: "Compile rules and say what is wrong with them",
		Long: `check compiles the built-in pack and the rules of every PATH and --rules, and
says what is wrong with them, by file, line and column: errors, for which a rule
is left out; warnings, such as a condition that can never be true or a path that
no key has; and notes, about rules that are right and do not say all that their
author may think.

Exit status 1 when no rule can be used; with --strict also when there is an error
or a warning, but not for notes.`,
	}
	cmd.Flags().VarP(&o, "output", "o", "form of the output (default text on a terminal, else ndjson)")
	f.add(cmd)
	cmd.Flags().BoolVar(&strict, "strict", false, "exit with status 1 when there is an error or a warning (default false)")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		report, err := rules.Check(f.config(args...))
		if werr := p.written(p.report(o.or(p.Stdout), report)); werr != nil {
			return werr
		}
		switch {
		case err != nil:
			return fail(err)
		case len(report.Snapshot.Rules) == 0:
			return fail(errNoRules)
		case strict && report.Count("error")+report.Count("warning") > 0:
			return &exit{status: failed}
		}
		return nil
	}
	return cmd
}

// report writes the result of check.
func (p Process) report(o output, r *rules.Report) error {
	switch o {
	case sarifLog:
		folder, err := os.Getwd()
		if err != nil {
			return err
		}
		return checkSARIF(r, folder, p.Build.Version).Write(p.Stdout)
	case ndjson:
		return p.checkLines(r)
	}
	return checkText(p.Stdout, r)
}

// checkedProblem is a problem as check writes it in NDJSON.
type checkedProblem struct {
	File     string     `json:"file"`
	Line     int        `json:"line"`   // 0: the whole file
	Column   int        `json:"column"` // in code points; 0: the whole line
	Rule     string     `json:"rule"`
	Code     rules.Code `json:"code"`
	Severity string     `json:"severity"`
	Problem  string     `json:"problem"`
	Want     string     `json:"want"`
}

// checkedAll is the last line that check writes in NDJSON.
type checkedAll struct {
	Rules           int      `json:"rules"`
	Rejected        int      `json:"rejected"`
	Warnings        int      `json:"warnings"`
	Notes           int      `json:"notes"`
	AlwaysEvaluated []string `json:"always_evaluated"`
	RulesVersion    string   `json:"rules_version"`
}

func (p Process) checkLines(r *rules.Report) error {
	e := encoder(p.Stdout)
	for _, x := range r.Problems {
		if err := e.Encode(checkedProblem{x.File, x.Line, x.Column, x.Rule, x.Code, x.Severity(), x.What, x.Want}); err != nil {
			return err
		}
	}
	if r.Snapshot == nil {
		return nil
	}
	all := checkedAll{
		Rules: len(r.Snapshot.Rules), Rejected: r.Rejected(), Warnings: r.Count("warning"), Notes: r.Count("note"),
		AlwaysEvaluated: []string{}, RulesVersion: r.Snapshot.Hash,
	}
	for _, i := range r.Snapshot.Set.Always() {
		all.AlwaysEvaluated = append(all.AlwaysEvaluated, r.Snapshot.Rules[i].ID)
	}
	return e.Encode(all)
}

// checkText writes problems as compilers do: the line below, and a caret below
// the column.
func checkText(w io.Writer, r *rules.Report) error {
	for _, x := range r.Problems {
		var b strings.Builder
		b.WriteString(x.File)
		if x.Line > 0 {
			fmt.Fprintf(&b, ":%d", x.Line)
			if x.Column > 0 {
				fmt.Fprintf(&b, ":%d", x.Column)
			}
		}
		fmt.Fprintf(&b, ": %s: %s [%s]\n", x.Severity(), x.What, x.Code)
		if line, ok := r.Line(x); ok {
			excerpt(&b, line, x.Line, x.Column)
		}
		fmt.Fprintf(&b, "   = want: %s\n\n", x.Want)
		if _, err := io.WriteString(w, b.String()); err != nil {
			return err
		}
	}
	if r.Snapshot == nil {
		return nil
	}
	_, err := fmt.Fprintf(w, "%s can be used, %d rejected, %s, %s\n",
		plural(len(r.Snapshot.Rules), "rule"), r.Rejected(), plural(r.Count("warning"), "warning"), plural(r.Count("note"), "note"))
	return err
}

func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}

// Of a line longer than maxExcerpt, in code points, what is around the column
// is shown.
const maxExcerpt, beforeColumn = 120, 40

// excerpt writes a line of a file, and a caret below the column.
func excerpt(b *strings.Builder, line string, number, column int) {
	at := max(column-1, 0) // of the caret, in code points of line
	if utf8.RuneCountInString(line) > maxExcerpt {
		runes := []rune(line)
		from := max(min(at-beforeColumn, len(runes)-maxExcerpt), 0)
		to := min(from+maxExcerpt, len(runes))
		line = string(runes[from:to])
		at -= from
		if from > 0 {
			line, at = "…"+line, at+1
		}
		if to < len(runes) {
			line += "…"
		}
	}
	gutter := fmt.Sprintf("%5d", number)
	fmt.Fprintf(b, "%s | %s\n", gutter, printable(line))
	if column == 0 {
		return
	}
	fmt.Fprintf(b, "%s | ", strings.Repeat(" ", len(gutter)))
	for _, c := range line {
		if at--; at < 0 {
			break
		}
		if c != '\t' { // a tab is as wide below as above
			c = ' '
		}
		b.WriteRune(c)
	}
	b.WriteString("^\n")
}

// printable replaces what a terminal would obey.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r != '\t' && (r < 0x20 || 0x7f <= r && r < 0xa0) {
			return utf8.RuneError
		}
		return r
	}, s)
}

// checkSARIF is the report as a SARIF log of files below a folder.
func checkSARIF(r *rules.Report, folder, version string) *sarif.Log {
	driver := sarif.Driver{Name: "regtrap", Version: version}
	index := make(map[rules.Code]int)
	for i, c := range rules.Codes() {
		index[c.Code] = i
		driver.Rules = append(driver.Rules, sarif.Rule{
			ID: string(c.Code), ShortDescription: sarif.Text{Text: c.Short}, Help: sarif.Text{Text: c.Help}, Default: sarif.Configuration{Level: c.Severity},
		})
	}
	log := sarif.New(driver)
	run := &log.Runs[0]
	called := sarif.Invocation{Successful: r.Snapshot != nil && len(r.Snapshot.Rules) > 0}
	for _, x := range r.Problems {
		message := sarif.Text{Text: fmt.Sprintf("%s. Want: %s", x.What, x.Want)}
		if x.Code == rules.CodeChoice { // which is in a flag, not in a file
			message.Text = x.File + ": " + message.Text
			called.Notifications = append(called.Notifications, sarif.Notification{Level: x.Severity(), Message: message})
			continue
		}
		place := sarif.PhysicalLocation{Artifact: sarif.Artifact{URI: sarif.URI(folder, x.File)}}
		if x.Line > 0 {
			place.Region = &sarif.Region{StartLine: x.Line, StartColumn: x.Column}
		}
		run.Results = append(run.Results, sarif.Result{
			RuleID: string(x.Code), RuleIndex: index[x.Code], Level: x.Severity(), Message: message,
			Locations: []sarif.Location{{Physical: place}},
		})
	}
	run.Invocations = []sarif.Invocation{called}
	return log
}
