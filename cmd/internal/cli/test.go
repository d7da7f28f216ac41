package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/regtrap/regtrap/cmd/internal/ruletest"
	"github.com/regtrap/regtrap/rules"
)

// testFlags are the flags of test.
type testFlags struct {
	rules  ruleFlags
	output *output
	junit  string
}

func (p Process) test() *cobra.Command {
	var f testFlags
	cmd := &cobra.Command{
		Use:   "test PATH…",
		Short: "Run the tests that stand beside rules",
		Long: `test runs the tests of every PATH, a file NAME.test.yml beside the rules NAME.yml
or NAME.toml, those rules, or a folder with some, read recursively; SigmaHQ's regression tests,
info.yml beside events in JSON, as well. The rules are those of PATH, of --rules
and of the pack.

A failure is shown with every test of the rule's condition. Exit status 1 when a
test fails, cannot be run, or there is none.`,
		Args: cobra.MinimumNArgs(1),
	}
	f.rules.add(cmd)
	f.output = p.outputFlag(cmd)
	cmd.Flags().StringVar(&f.junit, "junit", "", "write the results as JUnit XML to `FILE`, - is standard output in place of the text (default none)")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := spareReport(f.junit); err != nil {
			return &exit{usage, err}
		}
		return p.runTests(&f, args)
	}
	return cmd
}

// runTests finds the tests, runs them and reports.
func (p Process) runTests(f *testFlags, paths []string) error {
	files, err := ruletest.Find(paths)
	if err != nil {
		return fail(err)
	}
	var cases []ruletest.Case
	var broken []ruletest.Result
	for _, file := range files {
		more, err := ruletest.ParseFile(file)
		cases = append(cases, more...)
		if err != nil {
			broken = append(broken, ruletest.Result{Case: ruletest.Case{File: file, Name: "the file"}, Err: err})
		}
	}
	snapshot, err := p.loadTested(&f.rules, paths)
	if err != nil {
		return err
	}
	results := ruletest.Run(snapshot, cases)
	if err := p.reportTests(f, snapshot, results, broken); err != nil {
		return err
	}
	for _, r := range broken {
		p.complain(r.Err)
	}
	failures := 0
	for i := range results {
		if !results[i].Passed {
			failures++
		}
	}
	switch {
	case len(broken) > 0 || failures > 0:
		return &exit{status: failed}
	case len(cases) == 0:
		return fail(fmt.Errorf("no test in %s: want a file NAME.test.yml beside the rules, see regtrap help test", strings.Join(paths, ", ")))
	}
	return nil
}

// loadTested loads the rules: those of the tests' own folders too, and of files
// beside a single test.
func (p Process) loadTested(f *ruleFlags, paths []string) (*rules.Snapshot, error) {
	config := f.config()
	for _, path := range paths {
		info, err := os.Stat(path)
		switch {
		case err == nil && info.IsDir():
			config.Paths = append(config.Paths, path)
		case err == nil && strings.EqualFold(filepath.Base(path), "info.yml"):
		default:
			stem := strings.TrimSuffix(strings.TrimSuffix(path, filepath.Ext(path)), ".test")
			for _, ext := range []string{".yml", ".yaml", ".toml"} {
				if info, err := os.Stat(stem + ext); err == nil && info.Mode().IsRegular() {
					config.Paths = append(config.Paths, stem+ext)
				}
			}
		}
	}
	snapshot, problems, err := rules.Load(config)
	if err != nil {
		return nil, fail(err)
	}
	for _, problem := range problems {
		if problem.Code != rules.CodeFile || !slices.Contains(paths, problem.File) { // a folder of tests need not hold rules
			p.complain(errors.New(problem.String()))
		}
	}
	if len(snapshot.Rules) == 0 {
		return nil, fail(errNoRules)
	}
	return snapshot, nil
}

// reportTests writes the results. Files that cannot be read are in the XML
// alone: a build server sees nothing else.
func (p Process) reportTests(f *testFlags, s *rules.Snapshot, results, broken []ruletest.Result) error {
	var report bytes.Buffer
	if f.junit != "" {
		if err := ruletest.WriteJUnit(&report, slices.Concat(results, broken)); err != nil {
			return fail(err)
		}
		if f.junit != "-" {
			if err := os.WriteFile(f.junit, report.Bytes(), 0o644); err != nil {
				return fail(err)
			}
		}
	}
	switch {
	case f.junit == "-":
		_, err := p.Stdout.Write(report.Bytes())
		return p.written(err)
	case f.output.or(p.Stdout) == ndjson:
		return p.written(testLines(p.Stdout, results))
	}
	tested, passed := make(map[string]bool), 0
	for i := range results {
		r := &results[i]
		tested[r.RuleID] = true
		if r.Passed {
			passed++
			continue
		}
		if _, err := io.WriteString(p.Stdout, r.Text()); err != nil {
			return p.written(err)
		}
	}
	untested := 0
	for _, rule := range s.Rules {
		if !tested[rule.ID] {
			untested++
		}
	}
	_, err := fmt.Fprintf(p.Stdout, "%s, %d passed, %d failed; %s, %d without a test\n",
		plural(len(results), "test"), passed, len(results)-passed, plural(len(s.Rules), "rule"), untested)
	return p.written(err)
}

// testLines writes an object a test.
func testLines(w io.Writer, results []ruletest.Result) error {
	e := encoder(w)
	for i := range results {
		r := &results[i]
		err := e.Encode(map[string]any{
			"file": r.File, "line": r.Line, "test": r.Name, "rule": r.RuleID, "rule_name": r.RuleName,
			"passed": r.Passed, "failure": r.Failure(), "fired": r.Fired, "why": r.Why,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// spareReport reports that the file for the results holds something else, most
// likely a test whose name was read as that of --junit.
func spareReport(file string) error {
	if file == "" || file == "-" {
		return nil
	}
	// A pipe or a terminal would be read for ever.
	if info, err := os.Stat(file); err != nil || !info.Mode().IsRegular() {
		return nil
	}
	begin, err := os.ReadFile(file)
	if err != nil || len(begin) == 0 || bytes.Contains(begin[:min(len(begin), 200)], []byte("<testsuites")) {
		return nil
	}
	return fmt.Errorf("--junit %s: the file holds something other than JUnit XML: give a new file, or - for standard output", file)
}
