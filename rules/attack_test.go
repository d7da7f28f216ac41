package rules

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestThreatFromTags(t *testing.T) {
	const site = "https://attack.mitre.org/"
	got := threat([]string{
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
}

func TestEveryTacticIsFoundByNameAndID(t *testing.T) {
	n := 0
	for line := range strings.Lines(strings.TrimSpace(tacticNames)) {
		id, name, _ := strings.Cut(strings.TrimSpace(line), " ")
		for _, tag := range []string{
			strings.ReplaceAll(strings.ToLower(name), " ", "-"),
			strings.ReplaceAll(strings.ToLower(name), " ", "_"),
			strings.ToLower(id),
		} {
			if ref, ok := tactic(tag); !ok || ref.ID != id {
				t.Errorf("tactic(%q) = %v, %v, want %s", tag, ref, ok, id)
			}
		}
		n++
	}
	if n != 16 {
		t.Errorf("%d names, want those of 15 tactics and Defense Evasion", n)
	}
}

func TestTechniqueTableIsSortedAndHasTheParents(t *testing.T) {
	last := ""
	for line := range strings.Lines(strings.TrimSpace(techniqueNames)) {
		id, name, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok || id <= last || name == "" {
			t.Errorf("%q after %s", line, last)
		}
		if parent, _, sub := strings.Cut(id, "."); sub && attackName(parent) == "" {
			t.Errorf("%s without %s", id, parent)
		}
		last = id
	}
}
