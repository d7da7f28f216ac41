package rules

import (
	"github.com/regtrap/regtrap/matcher"
	"github.com/regtrap/regtrap/schemas"
)

// Rule is a detection: a condition and what an analyst is told when it fires.
// It is immutable.
type Rule struct {
	ID             string
	Name           string
	Description    string
	Author         string
	License        string
	Status         string // Sigma's: stable, test, experimental, …
	Version        string // the author's own version or date of change
	References     []string
	FalsePositives []string
	Tags           []string
	Note           string // investigation guide, Markdown
	Severity       Severity
	RiskScore      int    // 0 to 100
	Ruleset        string // pack or sigma
	Threat         Threat
	Supersedes     []string // ids of rules whose hits on the same event fold into this one's
	File           string   // as it was named to Load; of the pack "pack/NAME.yml"
	Line           int      // where the rule begins in File, from 1

	Condition matcher.Expr
	Actions   schemas.Actions // the actions of the log source
}

// Severity is Sigma's level.
type Severity uint8

const (
	Informational Severity = iota
	Low
	Medium
	High
	Critical
)

// String is the word of the Sigma specification, in lower case.
func (s Severity) String() string {
	return [...]string{"informational", "low", "medium", "high", "critical"}[s]
}

// Score is the risk score and event.severity of a rule that states none: 5, 21, 47, 73, 99.
func (s Severity) Score() int { return [...]int{5, 21, 47, 73, 99}[s] }

// Threat is a rule's place in MITRE ATT&CK.
type Threat struct {
	Tactics, Techniques, Subtechniques []ThreatReference
}

// ThreatReference names one tactic, technique or sub-technique.
type ThreatReference struct {
	ID   string // TA0003, T1547, T1547.001
	Name string // empty when regtrap does not know it
	URL  string // https://attack.mitre.org/…
}
