// Package cli is the command line of regtrap: streams in, exit status out.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/regtrap/regtrap/cmd/internal/build"
	"github.com/regtrap/regtrap/cmd/internal/service"
)

// Exit statuses.
const (
	ok      = 0
	failed  = 1 // an unreadable file, a rule set that cannot be used, output closed other than by its reader
	usage   = 2
	alerted = 3 // --fail-on-alert, and there was one
)

// Process is what a command sees of the process that it runs in.
type Process struct {
	Env    []string // as os.Environ
	Stdin  io.Reader
	Stdout io.Writer
	Stderr io.Writer
	Build  build.Info
}

// exit ends a command with a status. The error, if any, is printed.
type exit struct {
	status int
	err    error
}

func (e *exit) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit status %d", e.status)
	}
	return e.err.Error()
}

func fail(err error) error { return &exit{failed, err} }

// Main runs the command line args, without the program's name, and returns the
// exit status. Errors are on p.Stderr, one line each.
func Main(ctx context.Context, p Process, args []string) int {
	root := p.root()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	var e *exit
	switch {
	case err == nil:
		return ok
	case errors.As(err, &e):
		if e.err != nil {
			p.complain(e.err)
		}
		return e.status
	default: // cobra's own: flags, arguments, commands
		p.complain(fmt.Errorf("%w: see regtrap help", err))
		return usage
	}
}

// complain prints an error, each of its lines as one of ours.
func (p Process) complain(err error) {
	for line := range strings.Lines(err.Error()) {
		fmt.Fprintf(p.Stderr, "regtrap: %s\n", strings.TrimSuffix(line, "\n"))
	}
}

func (p Process) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "regtrap",
		Short: "A tripwire for Windows registry persistence on Kafka",
		Long: `regtrap reads Windows registry telemetry, matches it against detection rules and
writes alerts: from Kafka to Kafka (run), or from files to standard output (match).

Exit status: 0 done; 1 it failed; 2 wrong usage; 3 match --fail-on-alert, and there was one.`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			return errors.New("no command")
		},
	}
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetIn(p.Stdin)
	root.SetOut(p.Stdout)
	root.SetErr(p.Stderr)
	root.SetHelpCommand(help(root))
	root.AddCommand(p.run(), p.match(), p.explain(), p.test(), p.check(), p.rules(), p.offsets(), p.deadLetters(), p.version())
	return root
}

// help replaces cobra's own, which shows a page and succeeds when it is asked
// about a command that does not exist.
func help(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]…",
		Short: "Help about any command",
		RunE: func(cmd *cobra.Command, args []string) error {
			about, rest, err := root.Find(args)
			if err != nil {
				return err
			}
			if len(rest) > 0 {
				return fmt.Errorf("unknown command %q for %q", rest[0], about.CommandPath())
			}
			about.InitDefaultHelpFlag()
			return about.Help()
		},
	}
}

func (p Process) run() *cobra.Command {
	return &cobra.Command{
		Use:   "run",
		Short: "The service: telemetry topics in, alerts topic out",
		Long: `run joins a consumer group, reads the topics of REGTRAP_TOPICS and publishes alerts.
It is configured by environment variables alone:

` + variableHelp() + `
It ends on SIGTERM or an interrupt: batches in hand are finished and committed.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			err := service.Run(cmd.Context(), p.Env, p.Stderr, p.Build)
			var mistake *service.ConfigError
			switch {
			case err == nil:
				return nil
			case errors.As(err, &mistake):
				return &exit{usage, err}
			}
			return fail(err)
		},
	}
}

// variableHelp lists the variables of run.
func variableHelp() string {
	var b strings.Builder
	for _, v := range service.Variables() {
		byDefault := "default none"
		switch {
		case v.Required:
			byDefault = "required"
		case v.Default != "":
			byDefault = "default " + v.Default
		}
		fmt.Fprintf(&b, "  %s\n      %s: %s (%s)\n", v.Name, v.Meaning, v.Allowed, byDefault)
	}
	return b.String()
}

func (p Process) version() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Version, commit and Go version",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			_, err := fmt.Fprintln(p.Stdout, p.Build)
			return p.written(err)
		},
	}
}

// written turns an error of standard output into an exit.
func (p Process) written(err error) error {
	if err == nil || closedByReader(err) {
		return nil
	}
	return fail(fmt.Errorf("standard output: %w", err))
}

// output is the value of --output.
type output string

const (
	ndjson output = "ndjson"
	text   output = "text"
)

// String, Set and Type make output a flag.
func (o *output) String() string { return string(*o) }

// Set reads the flag.
func (o *output) Set(s string) error {
	switch output(s) {
	case ndjson, text:
		*o = output(s)
		return nil
	}
	return errors.New("want ndjson or text")
}

// Type names the values in the help.
func (o *output) Type() string { return "ndjson|text" }

// outputFlag adds --output to a command.
func (p Process) outputFlag(cmd *cobra.Command) *output {
	o := new(output)
	cmd.Flags().VarP(o, "output", "o", "form of the output (default text on a terminal, else ndjson)")
	return o
}

// or returns what was asked for, else text on a terminal and ndjson otherwise.
func (o *output) or(w io.Writer) output {
	switch {
	case *o != "":
		return *o
	case terminal(w):
		return text
	}
	return ndjson
}

func terminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
