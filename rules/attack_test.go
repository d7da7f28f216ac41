package rules

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestThreatFromTags(t *testing.T) {
	const site = "https://attack.mitre.org/"
	got, unknown := threat([]string{
		"attack.persistence", "attack.privilege_escalation", "attack.privilege-escalation", "attack.TA0002",
		"attack.defense-impairment", "attack.command-and-control", "attack.defense_evasion", "attack.stealth",
		"attack.t1547.001", "attack.t1547", "attack.t9999.001", "attack.g0049", "attack.s0111", "attack.nonsense",
		"attack.t1547.1", "cve.2024-1", "detection.threat-hunting", "persistence",
	})
	want := Threat{
		Tactics: []ThreatReference{
			{"TA0003", "Persistence", site + "tactics/TA0003/"},
			{"TA0004", "Privilege Escalation", site + "tactics/TA0004/"},
			{"TA0002", "Execution", site + "tactics/TA0002/"},
			{"TA0112", "Defense Impairment", site + "tactics/TA0112/"},
			{"TA0011", "Command and Control", site + "tactics/TA0011/"},
			{"TA0005", "Defense Evasion", site + "tactics/TA0005/"},
		},
		Techniques: []ThreatReference{
			{"T1547", "Boot or Logon Autostart Execution", site + "techniques/T1547/"},
			{"T9999", "", site + "techniques/T9999/"},
		},
		Subtechniques: []ThreatReference{
			{"T1547.001", "Registry Run Keys / Startup Folder", site + "techniques/T1547/001/"},
			{"T9999.001", "", site + "techniques/T9999/001/"},
		},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]int{10, 13, 14}, unknown); d != "" { // T9999.001, nonsense, t1547.1
		t.Error(d)
	}
}

// attackLines returns the table without its head.
func attackLines() []string {
	return slices.DeleteFunc(strings.Split(strings.TrimSpace(attackTable), "\n"), func(l string) bool { return l[0] == '#' })
}

func TestEveryTacticIsFoundByNameAndID(t *testing.T) {
	n := 0
	for _, line := range append(attackLines(), strings.TrimSpace(formerTactics)) {
		id, name, _ := strings.Cut(line, " ")
		if !strings.HasPrefix(id, "TA") {
			continue
		}
		n++
		for _, tag := range []string{
			name,
			strings.ReplaceAll(strings.ToLower(name), " ", "-"),
			strings.ReplaceAll(strings.ToLower(name), " ", "_"),
			strings.ToLower(id),
		} {
			if ref, ok := tactic(tag); !ok || ref.ID != id {
				t.Errorf("tactic(%q) = %v, %v, want %s", tag, ref, ok, id)
			}
		}
	}
	if n != 16 {
		t.Errorf("%d names, want those of 15 tactics and Defense Evasion", n)
	}
	if ref, _ := tactic("ta0005"); ref.Name != "Stealth" {
		t.Errorf("TA0005 is %s", ref.Name)
	}
	if ref, ok := tactic(""); ok {
		t.Errorf("no name is %v", ref)
	}
}

func TestAttackTableIsSortedAndEveryLineIsFound(t *testing.T) {
	last, techniques := "", 0
	for _, line := range attackLines() {
		id, name, ok := strings.Cut(line, " ")
		if !ok || id <= last || name == "" || attackName(id) != name {
			t.Errorf("%q after %s, found as %q", line, last, attackName(id))
		}
		if parent, _, sub := strings.Cut(id, "."); sub && attackName(parent) == "" {
			t.Errorf("%s without %s", id, parent)
		}
		last = id
		techniques++
	}
	if techniques < 850 {
		t.Errorf("%d lines, want all of ATT&CK Enterprise", techniques)
	}
	for _, id := range []string{"", "T", "T0000", "T1562.999", "TA9999", "ZZ"} {
		if name := attackName(id); name != "" {
			t.Errorf("%q is %q", id, name)
		}
	}
}

func TestUnknownAttackTagsAreKeptAndReported(t *testing.T) {
	s, problems := loadText(t, "f.yml", sigmaRule()+"tags: [attack.persistance, attack.t1547.001,\n    attack.t1999, attack.g0010, attack.s0001]\n")
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	var got []string
	for _, w := range s.Rules[0].Warnings {
		got = append(got, w.String())
		if w.Code != CodeAttack || w.Rule != "Small rule" {
			t.Errorf("%+v", w)
		}
	}
	want := []string{
		`f.yml:12:8: warning: ATT&CK has no "persistance": a tactic or technique of ATT&CK Enterprise 19`,
		`f.yml:13:5: warning: ATT&CK has no "t1999": a tactic or technique of ATT&CK Enterprise 19`,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if r := s.Rules[0]; len(r.Tags) != 5 || len(r.Threat.Techniques) != 2 {
		t.Errorf("tags %v, threat %v", r.Tags, r.Threat)
	}
}
