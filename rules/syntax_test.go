package rules

import (
	"strings"
	"testing"
)

// The YAML library tells lines from 0 or 1, and of the first line none.
func TestSyntaxIsWrongWhereItIs(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"parser", "title: x\n\n\nx: [}\n", "f.yml:4: no YAML: did not find expected node content: valid YAML: "},
		{"scanner", "title: x\n\n\tx: y\n", "f.yml:3: no YAML: found a tab character that violates indentation"},
		{"first line", "[1, 2\n\n", "f.yml:1: no YAML: did not find expected ',' or ']'"},
		{"scanner on the first line", `"a": "\q"`, "f.yml:1: no YAML: found unknown escape character"},
		{"at the end", "title: x\nid: [\n\n\n", "f.yml:2: no YAML: "},
		{"blank lines before", "\n\n\ntitle: x\nid: [\n\n", "f.yml:5: no YAML: "},
		{"anchor", "title: x\nid: *id\n", "f.yml:2:5: no YAML: unknown anchor 'id' referenced"},
		{"Windows-1252", "title: x\nauthor: J. Mu\xf1oz\n", "f.yml:2:14: no YAML: byte 0xf1 is not UTF-8: text in UTF-8"},
		{"control character", "title: x\nauthor: é\x01\n", "f.yml:2:10: no YAML: control character U+0001: "},
		{"second document", sigmaRule() + "---\ntitle: x\nid: }\n", "f.yml:14: no YAML: "},
	} {
		s, problems := loadText(t, "f.yml", tt.text)
		if len(problems) == 0 || !strings.HasPrefix(problems[len(problems)-1].String(), tt.want) {
			t.Errorf("%s: %v: want %s", tt.name, problems, tt.want)
		}
		if want := strings.Count(tt.text, "Small rule"); len(s.Rules) != want {
			t.Errorf("%s: %d rules: want %d", tt.name, len(s.Rules), want)
		}
	}
}

func TestRulesMayBeWrittenWithMarksAndCarriageReturns(t *testing.T) {
	for name, text := range map[string]string{
		"byte order mark": "\ufeff" + sigmaRule(),
		"CRLF":            strings.ReplaceAll(sigmaRule(), "\n", "\r\n"),
	} {
		if s, problems := loadText(t, "f.yml", text); len(s.Rules) != 1 || len(problems) > 0 || s.Rules[0].Name != "Small rule" {
			t.Errorf("%s: %v", name, problems)
		}
	}
}
