package rules

import (
	_ "embed"
	"regexp"
	"slices"
	"strings"
)

// attackTable holds all tactics, techniques and sub-techniques of ATT&CK
// Enterprise 19, and those that ended before it under their last name, since
// rules go on naming them: a line each, ID and name, sorted by id after a head
// of comments. rules/testdata/attack.py writes it.
//
//go:embed attack.txt
var attackTable string

// formerTactics are names that rules still give to tactics: TA0005 is Stealth
// since ATT&CK 19, and a rule that says Defense Evasion keeps the name.
const formerTactics = "TA0005 Defense Evasion\n"

var (
	techniqueTag = regexp.MustCompile(`^attack\.(t[0-9]{4})(?:\.([0-9]{3}))?$`)
	// otherTag is a group, software, campaign, mitigation or data source.
	otherTag = regexp.MustCompile(`^(?:[gscm]|ds)[0-9]{4}$`)
)

// threat reads the ATT&CK tags of a rule: attack.persistence (also with _ for
// - and as attack.ta0003), attack.t1547, attack.t1547.001. A sub-technique
// brings its technique along. Groups, software and unknown tactics remain
// tags. unknown are the numbers of tags that name what is not in the table.
func threat(tags []string) (t Threat, unknown []int) {
	for i, tag := range tags {
		tag = strings.ToLower(tag)
		name, ok := strings.CutPrefix(tag, "attack.")
		if !ok {
			continue
		}
		if m := techniqueTag.FindStringSubmatch(tag); m != nil {
			id := strings.ToUpper(m[1])
			ref := technique(id)
			t.Techniques = addThreat(t.Techniques, ref)
			if m[2] != "" {
				ref = technique(id + "." + m[2])
				t.Subtechniques = addThreat(t.Subtechniques, ref)
			}
			if ref.Name == "" {
				unknown = append(unknown, i)
			}
			continue
		}
		if ref, ok := tactic(name); ok {
			t.Tactics = addThreat(t.Tactics, ref)
		} else if !otherTag.MatchString(name) {
			unknown = append(unknown, i)
		}
	}
	return t, unknown
}

// technique refers to a technique or sub-technique by its id in upper case;
// without a name when the table lacks it.
func technique(id string) ThreatReference {
	return ThreatReference{id, attackName(id), "https://attack.mitre.org/techniques/" + strings.ReplaceAll(id, ".", "/") + "/"}
}

// addThreat appends ref unless its id is there.
func addThreat(refs []ThreatReference, ref ThreatReference) []ThreatReference {
	if slices.ContainsFunc(refs, func(r ThreatReference) bool { return r.ID == ref.ID }) {
		return refs
	}
	return append(refs, ref)
}

// tactic finds a tactic by its id or its name, in any case and with spaces, -
// or _ between the words: Sigma's tags (defense-impairment) and Elastic's
// names (Defense Impairment) alike.
func tactic(name string) (ThreatReference, bool) {
	slug := strings.NewReplacer("_", "-", " ", "-").Replace(strings.ToLower(name))
	tactics := attackTable[strings.LastIndex(attackTable, "\nT1"):]
	for line := range strings.Lines(formerTactics + tactics) {
		id, known, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok || !strings.HasPrefix(id, "TA") {
			continue
		}
		if byID := strings.ToLower(id) == slug; byID || strings.ReplaceAll(strings.ToLower(known), " ", "-") == slug {
			if byID {
				known = attackName(id)
			}
			return ThreatReference{id, known, "https://attack.mitre.org/tactics/" + id + "/"}, true
		}
	}
	return ThreatReference{}, false
}

// attackName returns the name of a tactic or technique by its id in upper
// case, or "". It halves the table: the lines are sorted.
func attackName(id string) string {
	lines := attackTable
	for lines != "" {
		middle := strings.LastIndexByte(lines[:len(lines)/2], '\n') + 1
		line, rest, _ := strings.Cut(lines[middle:], "\n")
		key, name, _ := strings.Cut(line, " ")
		switch {
		case key == id:
			return name
		case key < id: // the comments too
			lines = rest
		default:
			lines = lines[:middle]
		}
	}
	return ""
}
