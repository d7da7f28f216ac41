package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/regtrap/regtrap/rules"
)

// ruleFlags are the flags of every command that uses rules.
type ruleFlags struct {
	paths                            []string
	noPack                           bool
	include, exclude, severity, risk []string
	choice                           rules.Choice // read from the four
}

func (f *ruleFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringArrayVar(&f.paths, "rules", nil, "rule `PATH`: a Sigma file (.yml, .yaml), an Elastic one (.toml), or a folder read recursively; may be repeated (default none)")
	flags.BoolVar(&f.noPack, "no-pack", false, "leave the built-in pack out (default false)")
	flags.StringArrayVar(&f.include, "include", nil, "only rules with `KEY=VALUE`: "+selectorHelp+"; may be repeated: of each key one must fit (default all)")
	flags.StringArrayVar(&f.exclude, "exclude", nil, "no rules with `KEY=VALUE`, as for --include; may be repeated (default none)")
	flags.StringArrayVar(&f.severity, "severity", nil, "severity of one rule, `ID=LEVEL`; may be repeated (default what the rule says)")
	flags.StringArrayVar(&f.risk, "risk", nil, "risk score of one rule, `ID=SCORE`, 0 to 100; may be repeated (default what the rule says)")
	cmd.PreRunE = func(*cobra.Command, []string) error {
		var err error
		if f.choice, err = f.parse(); err != nil {
			return &exit{usage, err}
		}
		return nil
	}
}

const selectorHelp = "level (high, or high+ for that and more), status, tag, id, file or ruleset; * is any text in tag and file"

// parse reads what the flags choose. The error has every mistake.
func (f *ruleFlags) parse() (rules.Choice, error) {
	c, errs := rules.ParseChoice(rules.ChoiceTexts{
		Include: f.include, Exclude: f.exclude, Severity: f.severity, Risk: f.risk,
		IncludeFrom: "--include", ExcludeFrom: "--exclude", SeverityFrom: "--severity", RiskFrom: "--risk",
	})
	return c, errors.Join(errs...)
}

func (f *ruleFlags) config(more ...string) rules.Config {
	return rules.Config{Pack: !f.noPack, Paths: append(f.paths, more...), Choice: f.choice}
}

// errNoRules says that nothing would be detected.
var errNoRules = errors.New("no rule can be used: give --rules, or leave out --no-pack")

// load loads the rules, and complains of those that are left out.
func (p Process) load(f *ruleFlags) (*rules.Snapshot, error) {
	snapshot, problems, err := rules.Load(f.config())
	if err != nil {
		return nil, fail(err)
	}
	for _, problem := range problems {
		p.complain(errors.New(problem.String()))
	}
	if len(snapshot.Rules) == 0 {
		return nil, fail(errNoRules)
	}
	return snapshot, nil
}

func (p Process) rules() *cobra.Command {
	var f ruleFlags
	cmd := &cobra.Command{
		Use:   "rules",
		Short: "The rules that would run",
		Args:  cobra.NoArgs,
	}
	o := p.outputFlag(cmd)
	f.add(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		snapshot, err := p.load(&f)
		if err != nil {
			return err
		}
		if o.or(p.Stdout) == text {
			return p.written(p.ruleTable(snapshot))
		}
		e := encoder(p.Stdout)
		for _, r := range snapshot.Rules {
			if err := e.Encode(listed(r)); err != nil {
				return p.written(err)
			}
		}
		return nil
	}
	return cmd
}

func (p Process) ruleTable(snapshot *rules.Snapshot) error {
	w := tabwriter.NewWriter(p.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "SEVERITY\tRISK\tRULESET\tID\tNAME\tTECHNIQUES\tFILE")
	for _, r := range snapshot.Rules {
		fmt.Fprintf(w, "%s\t%d\t%s\t%s\t%s\t%s\t%s:%d\n", r.Severity, r.RiskScore, r.Ruleset, r.ID, r.Name,
			strings.Join(append(ids(r.Threat.Techniques), ids(r.Threat.Subtechniques)...), ","), r.File, r.Line)
	}
	return w.Flush()
}

// listedRule is a rule as `regtrap rules` lists it.
type listedRule struct {
	ID         string   `json:"id"`
	Name       string   `json:"name"`
	Severity   string   `json:"severity"`
	RiskScore  int      `json:"risk_score"`
	Status     string   `json:"status,omitempty"`
	Ruleset    string   `json:"ruleset"`
	Version    string   `json:"version,omitempty"`
	File       string   `json:"file"`
	Line       int      `json:"line"`
	Tactics    []string `json:"tactics"`
	Techniques []string `json:"techniques"`
	Supersedes []string `json:"supersedes"`
	Tags       []string `json:"tags"`
	Condition  string   `json:"condition"`
}

func listed(r *rules.Rule) listedRule {
	return listedRule{
		ID: r.ID, Name: r.Name, Severity: r.Severity.String(), RiskScore: r.RiskScore, Status: r.Status, Ruleset: r.Ruleset,
		Version: r.Version, File: r.File, Line: r.Line, Tactics: ids(r.Threat.Tactics),
		Techniques: append(ids(r.Threat.Techniques), ids(r.Threat.Subtechniques)...),
		Supersedes: append([]string{}, r.Supersedes...), Tags: append([]string{}, r.Tags...), Condition: r.Condition.String(),
	}
}

func ids(list []rules.ThreatReference) []string {
	names := []string{}
	for _, r := range list {
		names = append(names, r.ID)
	}
	return names
}

// encoder writes JSON as alerts are written: a document a line, no HTML escapes.
func encoder(w interface{ Write([]byte) (int, error) }) *json.Encoder {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e
}
