package ruletest

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/regtrap/regtrap/cmd/internal/explain"
	"github.com/regtrap/regtrap/rules"
)

// Result is how a case came out.
type Result struct {
	Case
	RuleID, RuleName string
	Passed           bool
	// Err says why the case could not be run.
	Err error
	// Why explains a failure: every event, with every test of the rule.
	Why []explain.Record
	// Fired is the number of events on which the rule fired.
	Fired int
}

// Run runs cases on loaded rules, in their order. What counts is whether the
// rule itself fires, exceptions included, whether or not its alert is folded
// into that of another.
func Run(s *rules.Snapshot, cases []Case) []Result {
	results := make([]Result, len(cases))
	for i, c := range cases {
		results[i] = run(s, c)
	}
	return results
}

func run(s *rules.Snapshot, c Case) Result {
	r := Result{Case: c}
	rule, err := c.find(s)
	if err != nil {
		r.Err = err
		return r
	}
	r.RuleID, r.RuleName = rule.ID, rule.Name
	records := explain.New(s, explain.Config{Rules: []string{rule.ID}}).Value(c.Value)
	events := 0
	for _, record := range records {
		if record.Event == nil {
			if record.Outcome == "dead_letter" {
				r.Err = fmt.Errorf("a record cannot be read: %s: %s", record.Reason, record.Detail)
				return r
			}
			continue
		}
		events++
		if record.Rules[0].Fired {
			r.Fired++
		}
	}
	if events == 0 {
		reason := "it is empty"
		if len(records) > 0 {
			reason = records[0].Reason
		}
		r.Err = fmt.Errorf("the telemetry holds no registry event (%s): want one at least", reason)
		return r
	}
	r.Passed = c.Fires == (r.Fired > 0) && r.Fired >= c.Count
	if !r.Passed {
		r.Why = records
	}
	return r
}

// find returns the rule that the case is about.
func (c *Case) find(s *rules.Snapshot) (*rules.Rule, error) {
	var found []*rules.Rule
	for _, rule := range s.Rules {
		switch {
		case c.Rule != "" && (strings.EqualFold(rule.ID, c.Rule) || strings.EqualFold(rule.Name, c.Rule)),
			c.Rule == "" && slices.ContainsFunc(c.Beside, func(file string) bool { return filepath.Clean(rule.File) == filepath.Clean(file) }):
			found = append(found, rule)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return nil, fmt.Errorf("%d rules could be meant, %q and %q among them: want rule: with an id", len(found), found[0].Name, found[1].Name)
	case c.Rule != "":
		return nil, fmt.Errorf("rule %q is not loaded: want the id or the name of a rule of the pack, of --rules or beside the test", c.Rule)
	}
	return nil, fmt.Errorf("no rule is loaded from %s: want rule: with an id, or the test beside its rule", strings.Join(c.Beside, ", "))
}

// Failure says what is wrong, in a line.
func (r *Result) Failure() string {
	switch {
	case r.Err != nil:
		return r.Err.Error()
	case r.Passed:
		return ""
	case r.Count > 1:
		return fmt.Sprintf("the rule fired on %d events, want %d or more", r.Fired, r.Count)
	case r.Fires:
		return "the rule did not fire"
	}
	return "the rule fired"
}

// Text is a failed result for people: the case, and why.
func (r *Result) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "FAIL %s:%d: %s", r.File, r.Line, r.Name)
	if r.RuleName != "" {
		fmt.Fprintf(&b, " of %s", r.RuleName)
	}
	fmt.Fprintf(&b, ": %s\n", r.Failure())
	for i := range r.Why {
		for line := range strings.Lines(r.Why[i].Text()) {
			if line != "\n" {
				b.WriteString("    " + line)
			}
		}
	}
	return b.String()
}
