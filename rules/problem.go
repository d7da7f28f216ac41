package rules

import (
	"fmt"
	"strings"
)

// Problem is what is wrong with a rule, an exception or a rule file. What has
// one is left out, unless it is a Warning.
type Problem struct {
	File   string
	Line   int    // from 1; 0 when the whole file is meant
	Column int    // from 1, in code points; 0 when the whole line is meant
	Rule   string // title or id, when it got that far
	Code   Code
	// Warning says that the rule runs nevertheless.
	Warning bool
	What    string // what is wrong, with the offending text
	Want    string // what would be right
}

// Code tells kinds of problems apart, for machines: it does not change with
// the words.
type Code string

// The codes of what leaves a rule out.
const (
	CodeFile             Code = "file"              // a file that is none of rules, or too large
	CodeSyntax           Code = "syntax"            // no YAML, no TOML, no EQL
	CodeAttribute        Code = "attribute"         // an attribute that is missing or has a wrong value
	CodeLogsource        Code = "logsource"         // events that are none of the registry
	CodeField            Code = "field"             // a field that registry events do not have
	CodeModifier         Code = "modifier"          // a modifier, operator or function that is unknown or misused
	CodeValue            Code = "value"             // a value that cannot be compared in this way
	CodeCondition        Code = "condition"         // a condition that does not parse or names what is not there
	CodeUnsupported      Code = "unsupported"       // valid, and beyond one event or beyond regtrap
	CodeLimit            Code = "limit"             // larger than a rule may be
	CodeDuplicateID      Code = "duplicate-id"      // another rule has the id
	CodeDuplicateContent Code = "duplicate-content" // another rule says the same
)

// The codes of warnings.
const (
	CodeNeverTrue       Code = "never-true"       // a condition, or a part of one, that no event makes true
	CodeAlwaysTrue      Code = "always-true"      // a condition that every event makes true
	CodeNoShape         Code = "no-shape"         // a field that no source of registry events carries
	CodePattern         Code = "pattern"          // a pattern that no path matches in any spelling
	CodeEveryEvent      Code = "every-event"      // no literal is necessary, so the rule is evaluated on every event
	CodeUnusedSelection Code = "unused-selection" // a selection that no condition names
	CodeException       Code = "exception"        // an exception that applies to no loaded rule
	CodeChoice          Code = "choice"           // a choice or an override that no rule answers to
	CodeAttack          Code = "attack"           // an ATT&CK tactic or technique that is not in the table
	CodeOtherCategory   Code = "other-category"   // a part of a query on any event that is about none of the registry
)

// Severity is error, warning, or note: a note is about a rule that is right, as
// its author may well want it.
func (p Problem) Severity() string {
	switch {
	case !p.Warning:
		return "error"
	case p.Code == CodeEveryEvent || p.Code == CodeOtherCategory:
		return "note"
	}
	return "warning"
}

// String is the problem on one line, FILE:LINE:COLUMN: WHAT: WANT.
func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d", p.Line)
		if p.Column > 0 {
			fmt.Fprintf(&b, ":%d", p.Column)
		}
	}
	if p.Warning {
		b.WriteString(": warning")
	}
	fmt.Fprintf(&b, ": %s: %s", p.What, p.Want)
	return b.String()
}
