package rules

import (
	"fmt"
	"strings"
	"testing"
)

func TestMistakesComeWithWhatWasMostLikelyMeant(t *testing.T) {
	rule := ruleOf("registry_set", "  selection: {TargetObject|contains: corp}\n  condition: selection\n")
	rule = strings.Replace(rule, "level: low\n", "level: low\nstatus: test\ntags: [attack.t1112, corp]\n", 1)
	for _, tt := range []struct{ old, new, want string }{
		{"level: low", "level: Low", `3:8 error level "Low" is unknown: low`},
		{"level: low", "level: serious", `3:8 error level "serious" is unknown: informational, low, medium, high, critical`},
		{"level: low", "leval: low", `3:1 error the rule has no level, but leval: level`},
		{"status: test", "status: tset", `4:9 error status "tset" is unknown: test`},
		{"status: test", "staus: test", `4:1 warning staus is no attribute of Sigma, and is passed over: status`},
		{"status: test", "owner: ana", ""},
		{"status: test", "level: high", `4:1 error level stands twice in one map, first on line 3: one of them, or a list of values`},
		{"corp]", "t1547.001]", `5:22 warning tag "t1547.001" names no place in ATT&CK, as it lacks the namespace: attack.t1547.001`},
		{"corp]", "t1547.1]", ""},
		{"registry_set", "registry-set", `6:23 error logsource category "registry-set" holds no registry events: registry_set`},
		{"TargetObject", "targetobject", `8:15 error targetobject|contains: field "targetobject" is not one of a registry event: TargetObject`},
		{"TargetObject", "Hashes", `8:15 error Hashes|contains: field "Hashes" is not one of a registry event: TargetObject, Details, Image, EventType, User, …`},
		{"contains", "contain", `8:15 error TargetObject|contain: modifier "contain" is unknown: contains`},
		{"condition: selection", "condition: selektion", `9:14 error the condition names "selektion", which is no selection of this rule: selection`},
		{"condition: selection", "condition: not selection AND selection", `9:28 error the condition has "AND": operators are written in lower case`},
		{"condition: selection", "condition: 1 off selection", `9:14 error the condition has "1" without "of" behind it`},
		{"condition: selection", "condition: \"\\Corp\"", `9:0 error no YAML: found unknown escape character: single quotes: between double ones a backslash begins an escape`},
		{"  condition: selection", "   condition: selection", `8:0 error no YAML: did not find expected key: valid YAML: an indentation`},
		{"  condition: selection", "\tcondition: selection", `9:0 error no YAML: found character that cannot start any token: spaces where there is a tab`},
		{"title", "t\x00itle", "1:2 error no YAML: control character U+0000: text in UTF-8, without control characters"},
	} {
		t.Run(tt.new, func(t *testing.T) {
			got := ""
			for _, p := range checked(t, map[string]string{"f.yml": strings.Replace(rule, tt.old, tt.new, 1)}).Problems {
				got += fmt.Sprintf("%d:%d %s %s: %s", p.Line, p.Column, p.Severity(), p.What, p.Want)
			}
			if !strings.HasPrefix(got, tt.want) || tt.want == "" && got != "" {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestNearestIsWithinAThirdOfTheLetters(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"HKML", "HKLM"}, {"hklm", "HKLM"}, {"HKL", "HKLM"}, {"HKLM", ""}, {"SOFTWARE", ""}, {"", ""}, {"HKEY_USER", "HKEY_USERS"},
		{"REG_DWROD", "REG_DWORD"}, {"Straße", ""},
	} {
		if got := nearest(tt.text, []string{"HKLM", "HKEY_USERS", "REG_DWORD", "REG_QWORD"}); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.text, got, tt.want)
		}
	}
}
