package service

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/regtrap/regtrap/rules"
)

// Mistake is what is wrong with one variable.
type Mistake struct {
	Variable string
	Value    string // as it was given; [redacted] for a secret
	What     string // what is wrong; empty: the value is not one of those allowed
	Want     string // what is allowed
}

// Error is one line: the variable, the value, what is wrong, what is allowed.
func (m Mistake) Error() string {
	var b strings.Builder
	b.WriteString(m.Variable)
	if m.Value != "" {
		fmt.Fprintf(&b, ": %q", m.Value)
	}
	if m.What != "" {
		b.WriteString(": " + m.What)
	}
	return b.String() + ": want " + m.Want
}

// ConfigError is every mistake of a configuration.
type ConfigError struct {
	Mistakes []Mistake
}

// Error has one line a mistake.
func (e *ConfigError) Error() string {
	lines := make([]string, len(e.Mistakes))
	for i, m := range e.Mistakes {
		lines[i] = m.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns the mistakes.
func (e *ConfigError) Unwrap() []error {
	errs := make([]error, len(e.Mistakes))
	for i, m := range e.Mistakes {
		errs[i] = m
	}
	return errs
}

// configError returns nil, or the mistakes in the order of Variables.
func configError(mistakes []Mistake) error {
	if len(mistakes) == 0 {
		return nil
	}
	place := make(map[string]int)
	for i, v := range Variables() {
		place[v.Name] = i
	}
	slices.SortStableFunc(mistakes, func(a, b Mistake) int { return place[a.Variable] - place[b.Variable] })
	return &ConfigError{mistakes}
}

// Validate returns a *ConfigError with every mistake of c, or nil. It reads
// the files of TLS and SASL.
func (c *Config) Validate() error { return configError(c.mistakes()) }

var (
	topicName = regexp.MustCompile(`^[A-Za-z0-9._-]{1,249}$`) // org.apache.kafka.common.internals.Topic
	labelName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_-]*$`)
)

func validTopic(name string) bool {
	return topicName.MatchString(name) && name != "." && name != ".."
}

// validLabel also refuses dots in names: ECS labels do not nest.
func validLabel(name, value string) bool {
	return labelName.MatchString(name) && value != ""
}

func validAddress(addr string, needHost bool, least int) bool {
	host, port, err := net.SplitHostPort(addr)
	if err != nil || needHost && host == "" {
		return false
	}
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && int(n) >= least
}

// mistakes checks each value and then those that must fit together.
func (c *Config) mistakes() []Mistake {
	var mistakes []Mistake
	settings := make(map[string]string)
	for _, s := range c.Settings() {
		settings[s.Variable] = s.Value
	}
	// check complains about a variable unless ok.
	check := func(ok bool, name, what string) {
		if !ok {
			v, _ := variable(name)
			mistakes = append(mistakes, Mistake{name, settings[name], what, v.Allowed})
		}
	}
	// item complains about one element of a list.
	item := func(ok bool, name, value, what string) {
		if !ok {
			v, _ := variable(name)
			mistakes = append(mistakes, Mistake{name, value, what, v.Allowed})
		}
	}
	within := func(name string, v, least, most time.Duration) { check(least <= v && v <= most, name, "") }

	check(len(c.Brokers) > 0, "REGTRAP_BROKERS", "required")
	for _, b := range c.Brokers {
		item(validAddress(b, true, 1), "REGTRAP_BROKERS", b, "no address of a broker")
	}
	check(len(c.Topics) > 0, "REGTRAP_TOPICS", "required")
	for i, t := range c.Topics {
		item(validTopic(t), "REGTRAP_TOPICS", t, "no name of a topic")
		item(!slices.Contains(c.Topics[:i], t), "REGTRAP_TOPICS", t, "is named twice")
	}
	check(validTopic(c.AlertsTopic), "REGTRAP_ALERTS_TOPIC", "")
	check(validTopic(c.DeadLetterTopic), "REGTRAP_DEAD_LETTER_TOPIC", "")
	// What is written there would be read again, and make more of it.
	check(!slices.Contains(c.Topics, c.AlertsTopic), "REGTRAP_ALERTS_TOPIC", "is one of REGTRAP_TOPICS: alerts would be read back")
	check(!slices.Contains(c.Topics, c.DeadLetterTopic), "REGTRAP_DEAD_LETTER_TOPIC", "is one of REGTRAP_TOPICS: dead letters would be read back for ever")
	check(c.AlertsTopic != c.DeadLetterTopic, "REGTRAP_DEAD_LETTER_TOPIC", "is REGTRAP_ALERTS_TOPIC as well")
	check(c.Group != "" && len(c.Group) <= 255, "REGTRAP_GROUP", "")
	if !c.Pack && len(c.Rules) == 0 {
		check(false, "REGTRAP_PACK", "without REGTRAP_RULES there is nothing to detect")
	}

	_, errs := c.choice()
	for _, err := range errs {
		var e *rules.ChoiceError
		if errors.As(err, &e) {
			mistakes = append(mistakes, Mistake{e.From, e.Value, e.What, e.Want})
		}
	}
	within("REGTRAP_RULES_POLL", c.RulesPoll, time.Second, time.Hour)

	// group.min.session.timeout.ms and group.max.session.timeout.ms of a
	// broker, as they are by default.
	within("REGTRAP_SESSION_TIMEOUT", c.SessionTimeout, 6*time.Second, 30*time.Minute)
	within("REGTRAP_COMMIT_INTERVAL", c.CommitInterval, 100*time.Millisecond, 5*time.Minute)
	within("REGTRAP_DRAIN_TIMEOUT", c.DrainTimeout, time.Second, time.Hour)
	check(64<<10 <= c.FetchBytes && c.FetchBytes <= 256<<20, "REGTRAP_FETCH_BYTES", "")
	check(c.FetchBytes <= c.BudgetBytes && c.BudgetBytes <= 64<<30, "REGTRAP_BUDGET_BYTES", "")
	check(validAddress(c.HTTPAddr, false, 0), "REGTRAP_HTTP_ADDR", "")
	check(slices.Contains([]string{"json", "text"}, c.LogFormat), "REGTRAP_LOG_FORMAT", "")

	for _, name := range slices.Sorted(maps.Keys(c.Labels)) {
		item(validLabel(name, c.Labels[name]), "REGTRAP_LABELS", name+"="+c.Labels[name], "no label")
	}
	c.checkTLS(check)
	c.checkSASL(check)
	return mistakes
}

// choice reads which rules run. The errors are its mistakes.
func (c *Config) choice() (rules.Choice, []error) {
	return rules.ParseChoice(rules.ChoiceTexts{
		Include: c.RulesInclude, Exclude: c.RulesExclude, Severity: c.RulesSeverity, Risk: c.RulesRisk,
		IncludeFrom: "REGTRAP_RULES_INCLUDE", ExcludeFrom: "REGTRAP_RULES_EXCLUDE",
		SeverityFrom: "REGTRAP_RULES_SEVERITY", RiskFrom: "REGTRAP_RULES_RISK",
	})
}
