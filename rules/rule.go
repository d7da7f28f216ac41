// Package rules turns Sigma files into compiled conditions and the metadata of
// their alerts, and holds the built-in pack.
//
// Sigma rules and filters are read by specification 2.1; docs/sigma.md says
// what each part means here. A rule is read completely or not at all: what
// regtrap cannot do is a [Problem] that names it and its place, never a test
// that silently fails. Values are taken as they stand in the file: 00000429
// and 0x10 are no numbers until a numeric modifier asks.
//
// # Attributes of regtrap's own
//
// Sigma lets a rule carry attributes that the specification does not know.
// regtrap's are in one map:
//
//	regtrap:
//	    risk_score: 73      # 0 to 100; without it what the level says
//	    tags: [Host]        # the tags of the alert, in place of Sigma's
//	    supersedes: [ID, …] # rules whose alert folds into this one's, see Fold
//	    note: |             # investigation guide, Markdown
//	        …
//
// ATT&CK references always come from Sigma's tags.
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
	Ruleset        string // pack, sigma or elastic
	Threat         Threat
	Supersedes     []string // ids of rules whose hits on the same event fold into this one's
	File           string   // as it was named to Load; of the pack "pack/NAME.yml"
	Line           int      // where the rule begins in File, from 1
	Hash           string   // of the rule as it runs, overrides and exceptions included: hexadecimal, 16 digits

	Condition matcher.Expr
	Actions   schemas.Actions // the actions of the log source

	// Warnings are what was noticed in reading the rule: it runs nevertheless.
	Warnings []Problem

	name     string  // Sigma's attribute name, by which exceptions may refer to it
	category string  // of a Sigma rule's log source
	digest   []byte  // what Hash is the beginning of
	places   *places // of Check alone
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
