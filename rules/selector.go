package rules

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// Selector fits some rules. Its text is KEY=VALUE:
//
//	level=high       that severity
//	level=medium+    that severity or more
//	status=test      Sigma's status, Elastic's maturity as one; empty: rules that say none
//	tag=attack.t1547*  a tag, or an ATT&CK technique or tactic of the rule
//	id=UUID
//	file=NAME        the path, or the end of it after a separator
//	ruleset=sigma    pack, sigma or elastic
//
// In tag and file * is any text and ? one character. Only file compares case.
type Selector struct {
	From  string // the flag or variable that it is from, for messages
	key   string
	value string
	most  Severity // of key level: the greatest that fits
	least Severity
}

// String is KEY=VALUE.
func (s Selector) String() string { return s.key + "=" + s.value }

// selectorKeys are what a rule can be chosen by.
var selectorKeys = [...]string{"level", "status", "tag", "id", "file", "ruleset"}

// statuses are Sigma's, which the maturities of Elastic's rules become.
var statuses = [...]string{"stable", "test", "experimental", "deprecated", "unsupported"}

var rulesets = [...]string{"pack", "sigma", "elastic"}

// SelectorForm is what a selector must look like, for help and errors.
const SelectorForm = "KEY=VALUE, KEY one of level (also medium+), status, tag, id, file, ruleset"

// ParseSelector reads KEY=VALUE. The error is a *ChoiceError.
func ParseSelector(from, text string) (Selector, error) {
	wrong := func(what, want string) (Selector, error) {
		return Selector{}, &ChoiceError{from, text, what, want}
	}
	key, value, ok := strings.Cut(text, "=")
	s := Selector{From: from, key: strings.ToLower(strings.TrimSpace(key)), value: strings.TrimSpace(value)}
	switch {
	case !ok:
		return wrong("no =", SelectorForm)
	case !slices.Contains(selectorKeys[:], s.key):
		return wrong(fmt.Sprintf("rules have no %q", s.key), SelectorForm)
	case s.value == "" && s.key != "status":
		return wrong("no value", SelectorForm)
	}
	if s.key != "file" {
		s.value = strings.ToLower(s.value)
	}
	switch s.key {
	case "level":
		level, more := strings.CutSuffix(s.value, "+")
		i := slices.Index(severities(), level)
		if i < 0 {
			return wrong(fmt.Sprintf("level %q is unknown", level), strings.Join(severities(), ", ")+"; with + behind it that and more")
		}
		s.least, s.most = Severity(i), Severity(i)
		if more {
			s.most = Critical
		}
	case "id":
		if !uuid.MatchString(s.value) {
			return wrong("no UUID", "the id of a rule")
		}
	case "ruleset":
		if !slices.Contains(rulesets[:], s.value) {
			return wrong("no such ruleset", strings.Join(rulesets[:], ", "))
		}
	case "status":
		if s.value != "" && !slices.Contains(statuses[:], s.value) {
			return wrong("no such status", strings.Join(statuses[:], ", ")+", or nothing for rules without one")
		}
	case "tag":
		s.value = dashed(s.value)
	case "file":
		s.value = filepath.ToSlash(s.value)
	}
	return s, nil
}

// fits reports whether the rule is one of those that s means.
func (s *Selector) fits(r *Rule) bool {
	switch s.key {
	case "level":
		return s.least <= r.Severity && r.Severity <= s.most
	case "status":
		return strings.EqualFold(r.Status, s.value)
	case "tag":
		return slices.ContainsFunc(chosenBy(r), func(tag string) bool { return glob(s.value, tag) })
	case "id":
		return r.ID == s.value
	case "file":
		return fileFits(s.value, filepath.ToSlash(r.File))
	}
	return r.Ruleset == s.value
}

// fileFits compares the pattern with the path and with each part of it that
// follows a separator: a.yml, deprecated/*, /etc/rules/*.
func fileFits(pattern, path string) bool {
	for {
		if glob(pattern, path) {
			return true
		}
		_, rest, ok := strings.Cut(path, "/")
		if !ok {
			return false
		}
		path = rest
	}
}

// chosenBy are the tags of a rule, and its place in ATT&CK by id and by the
// tag that Sigma gives it: an Elastic rule has no such tags.
func chosenBy(r *Rule) []string {
	var tags []string
	for _, t := range r.Tags {
		tags = append(tags, dashed(strings.ToLower(t)))
	}
	for _, list := range [][]ThreatReference{r.Threat.Tactics, r.Threat.Techniques, r.Threat.Subtechniques} {
		for _, ref := range list {
			id := strings.ToLower(ref.ID)
			tags = append(tags, id, "attack."+id)
		}
	}
	for _, ref := range r.Threat.Tactics {
		// By every name that it has or had: rules of different years are of one
		// tactic.
		names := []string{ref.Name, attackName(ref.ID)}
		for line := range strings.Lines(formerTactics) {
			if id, name, _ := strings.Cut(strings.TrimSpace(line), " "); id == ref.ID {
				names = append(names, name)
			}
		}
		for _, name := range names {
			tags = append(tags, "attack."+strings.ReplaceAll(strings.ToLower(name), " ", "-"))
		}
	}
	return tags
}

// dashed is a tag as Sigma writes it since version 2: privilege-escalation.
func dashed(tag string) string { return strings.ReplaceAll(tag, "_", "-") }

// glob reports whether text is what pattern says: * any text, ? one character.
// It goes back only to the last star, so its time is at most the product of
// the two lengths.
func glob(pattern, text string) bool {
	p, t := []rune(pattern), []rune(text)
	i, j, star, mark := 0, 0, -1, 0
	for j < len(t) {
		switch {
		case i < len(p) && p[i] == '*':
			star, mark = i, j
			i++
		case i < len(p) && (p[i] == '?' || p[i] == t[j]):
			i, j = i+1, j+1
		case star >= 0:
			mark++
			i, j = star+1, mark
		default:
			return false
		}
	}
	for i < len(p) && p[i] == '*' {
		i++
	}
	return i == len(p)
}
