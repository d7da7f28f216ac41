package rules

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Choice says which of the rules that can be used run, and as how severe. The
// zero Choice is all of them, as they are.
type Choice struct {
	// Include: of each key that is named, one selector must fit. Exclude: none
	// may fit.
	Include, Exclude []Selector
	Overrides        []Override
}

// ChoiceError is what is wrong with the text of a selector or an override.
type ChoiceError struct {
	From  string // the flag or variable
	Value string // the text
	What  string
	Want  string
}

// Error is one line.
func (e *ChoiceError) Error() string {
	return fmt.Sprintf("%s: %q: %s: want %s", e.From, e.Value, e.What, e.Want)
}

// Override gives the rule of an id another severity or risk score.
type Override struct {
	From string // the flag or variable that it is from, for messages
	ID   string

	severity *Severity
	risk     *int
}

// ParseSeverityOverride reads ID=LEVEL. The error is a *ChoiceError.
func ParseSeverityOverride(from, text string) (Override, error) {
	want := "ID=LEVEL, LEVEL one of " + strings.Join(severities(), ", ")
	o, value, err := parseOverride(from, text, want)
	if err != nil {
		return Override{}, err
	}
	i := slices.Index(severities(), strings.ToLower(value))
	if i < 0 {
		return Override{}, &ChoiceError{from, text, fmt.Sprintf("level %q is unknown", value), want}
	}
	s := Severity(i)
	o.severity = &s
	return o, nil
}

// ParseRiskOverride reads ID=SCORE. The error is a *ChoiceError.
func ParseRiskOverride(from, text string) (Override, error) {
	const want = "ID=SCORE, SCORE an integer from 0 to 100"
	o, value, err := parseOverride(from, text, want)
	if err != nil {
		return Override{}, err
	}
	n, err := strconv.Atoi(value)
	if err != nil || n < 0 || n > 100 {
		return Override{}, &ChoiceError{from, text, fmt.Sprintf("%q is no score", value), want}
	}
	o.risk = &n
	return o, nil
}

func parseOverride(from, text, want string) (Override, string, error) {
	id, value, ok := strings.Cut(text, "=")
	o := Override{From: from, ID: strings.ToLower(strings.TrimSpace(id))}
	if !ok {
		return o, "", &ChoiceError{from, text, "no =", want}
	}
	if !uuid.MatchString(o.ID) {
		return o, "", &ChoiceError{from, text, fmt.Sprintf("%q is no UUID", o.ID), want}
	}
	return o, strings.TrimSpace(value), nil
}

// ChoiceTexts are the texts of a choice, and where they are from: the names of
// flags or variables.
type ChoiceTexts struct {
	Include, Exclude, Severity, Risk                 []string
	IncludeFrom, ExcludeFrom, SeverityFrom, RiskFrom string
}

// ParseChoice reads the texts of a choice. The errors are all its mistakes,
// each a *ChoiceError.
func ParseChoice(t ChoiceTexts) (Choice, []error) {
	var c Choice
	var errs []error
	selectors := func(from string, texts []string) (list []Selector) {
		for _, text := range texts {
			s, err := ParseSelector(from, text)
			if err != nil {
				errs = append(errs, err)
				continue
			}
			list = append(list, s)
		}
		return list
	}
	overrides := func(from string, texts []string, parse func(from, text string) (Override, error)) {
		seen := make(map[string]bool)
		for _, text := range texts {
			o, err := parse(from, text)
			switch {
			case err != nil:
				errs = append(errs, err)
			case seen[o.ID]:
				errs = append(errs, &ChoiceError{from, text, "the id is given twice", "each id once"})
			default:
				seen[o.ID] = true
				c.Overrides = append(c.Overrides, o)
			}
		}
	}
	c.Include = selectors(t.IncludeFrom, t.Include)
	c.Exclude = selectors(t.ExcludeFrom, t.Exclude)
	overrides(t.SeverityFrom, t.Severity, ParseSeverityOverride)
	overrides(t.RiskFrom, t.Risk, ParseRiskOverride)
	return c, errs
}

// choosing applies a Choice to the rules as they are read, and remembers what
// came of it.
type choosing struct {
	choice     Choice
	read       int     // rules that could be used
	chosen     int     // of them
	fit        []bool  // by selector, those that include first: fits a rule that could be used
	overridden []bool  // by override: there is a rule of its id
	out        []*Rule // rules that could be used and are not chosen
}

func newChoosing(c Choice) *choosing {
	return &choosing{choice: c, fit: make([]bool, len(c.Include)+len(c.Exclude)), overridden: make([]bool, len(c.Overrides))}
}

// admit reports whether a rule runs. It changes the rule as the overrides say.
//
// It comes before the rule takes its id, so that a rule that is not chosen
// leaves the place to another of that id; after the overrides, so that a level
// is chosen by what alerts will say; and before rules supersede each other, so
// that a rule that is out leaves the others their alerts.
func (c *choosing) admit(r *Rule) bool {
	c.read++
	c.override(r)
	var named, met [len(selectorKeys)]bool
	for i := range c.choice.Include {
		s := &c.choice.Include[i]
		key := slices.Index(selectorKeys[:], s.key)
		named[key] = true
		if s.fits(r) {
			met[key], c.fit[i] = true, true
		}
	}
	in := named == met
	for i := range c.choice.Exclude {
		if s := &c.choice.Exclude[i]; s.fits(r) {
			in, c.fit[len(c.choice.Include)+i] = false, true
		}
	}
	if in {
		c.chosen++
	} else {
		c.out = append(c.out, r)
	}
	return in
}

// override gives a rule its severity and risk before it is chosen, hashed or
// compiled. A risk score that was that of the severity follows it, unless it
// is given too. An override that changes nothing leaves the hash alone.
func (c *choosing) override(r *Rule) {
	severity, risk := r.Severity, r.RiskScore
	for i, o := range c.choice.Overrides {
		if o.ID != r.ID {
			continue
		}
		c.overridden[i] = true
		if o.severity != nil {
			if risk == severity.Score() && r.RiskScore == risk {
				r.RiskScore = o.severity.Score()
			}
			r.Severity = *o.severity
		}
	}
	for _, o := range c.choice.Overrides {
		if o.ID == r.ID && o.risk != nil {
			r.RiskScore = *o.risk
		}
	}
	if r.Severity != severity || r.RiskScore != risk {
		h := sha256.New()
		fmt.Fprintf(h, "%x severity %s risk %d", r.digest, r.Severity, r.RiskScore)
		r.digest = h.Sum(nil)
	}
}

// problems are what no rule answered to. Levels, statuses and rulesets are
// not among them: no rule need be deprecated for deprecated rules to be out.
func (c *choosing) problems() []Problem {
	var problems []Problem
	warn := func(from, what, want string) {
		problems = append(problems, Problem{File: from, Code: CodeChoice, Warning: true, What: what, Want: want})
	}
	for i, s := range slices.Concat(c.choice.Include, c.choice.Exclude) {
		if !c.fit[i] {
			switch s.key {
			case "id":
				warn(s.From, fmt.Sprintf("%s: no rule has this id", s), "the id of a rule that is read")
			case "tag":
				warn(s.From, fmt.Sprintf("%s: no rule has such a tag", s), "a tag of a rule that is read; * is any text")
			case "file":
				warn(s.From, fmt.Sprintf("%s: no rule is from such a file", s), "a path as regtrap rules shows it, or its end; * is any text")
			}
		}
	}
	for i, o := range c.choice.Overrides {
		if !c.overridden[i] {
			warn(o.From, fmt.Sprintf("%s: no rule has this id", o.ID), "the id of a rule that is read")
		}
	}
	return problems
}

// err says that the choice leaves nothing to run.
func (c *choosing) err() error {
	if c.read == 0 || c.chosen > 0 {
		return nil
	}
	var by []string
	for _, s := range slices.Concat(c.choice.Include, c.choice.Exclude) {
		by = append(by, s.From+" "+s.String())
	}
	verb := "leaves"
	if len(by) > 1 {
		verb = "leave"
	}
	return fmt.Errorf("rules: %s %s none of the %d rules: want a choice that some rule fits", strings.Join(by, ", "), verb, c.read)
}
