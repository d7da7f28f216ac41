package rules

import (
	"regexp"
	"strings"
	"testing"

	"github.com/regtrap/regtrap/schemas"
)

// holds loads a rule of the given detection and reports whether it fires on an
// event with these data.
func holds(t *testing.T, detection, data string) bool {
	t.Helper()
	head, _, _ := strings.Cut(sigmaRule(), "detection:")
	s, problems := loadText(t, "f.yml", head+"detection: "+detection)
	if len(problems) > 0 {
		t.Fatalf("%s: %v", detection, problems)
	}
	ev := setValue(map[schemas.Field][]string{schemas.RegistryPath: {`HKLM\a\b`}, schemas.RegistryDataStrings: {data}, schemas.ProcessExecutable: {`C:\tool.exe`}})
	return len(s.Set.NewMatcher().Match(nil, ev)) == 1
}

func TestModifiersMeanWhatTheSpecificationSays(t *testing.T) {
	for _, tt := range []struct{ item, yes, no string }{
		{`Details: 'a*c'`, "ABC", "abcd"},
		{`Details: 'a?c'`, "abc", "ac"},
		{`Details|cased: aB`, "aB", "ab"},
		{`Details|contains: b`, "abc", "ac"},
		{`Details|startswith: a`, "abc", "ba"},
		{`Details|endswith: c`, "abc", "cb"},
		{`Details|contains|all: [a, c]`, "abc", "ab"},
		{`Details|neq: a`, "b", "A"},
		{`Details|exists: true`, "", "none"},
		{`Details|re: 'b.d'`, "abcde", "ABCDE"},
		{`Details|re|i: 'b.d'`, "ABCDE", "abde"},
		{`Details|re|m: '^b$'`, "a\nb", "ab"},
		{`Details|re|s: 'a.b'`, "a\nb", "ab"},
		{`Details|windash: '-a'`, "/a", "+a"},
		{`Details|windash: '/a'`, "―a", "a"},
		{`Details|windash: '—a'`, "-a", "–-a"},
		{`Details|windash: 'x-a -b'`, "x-a /b", "x/a -b"},
		{`Details|windash|contains|all: [' -a', ' -b']`, "x /a –b", "x /a b"},
		{`Details|base64: 'ping'`, "cGluZw==", "ping"},
		{`Details|base64|cased: 'ping'`, "cGluZw==", "cgluzw=="},
		{`Details|base64offset|contains: 'http://'`, "eHg" + "gaHR0cDovL2E", "http://"},
		{`Details|base64offset|contains: '/bin/sh'`, "eC9iaW4vc2g=", "eC9ib2IvY2F0"},
		{`Details|wide|base64|contains: 'ab'`, "xYQBiAA==", "YWI="},
		{`Details|utf16le|base64: 'ж'`, "NgQ=", "BDY="},
		{`Details|utf16be|base64: 'ж'`, "BDY=", "NgQ="},
		{`Details|utf16|base64: 'a'`, "//5hAA==", "YQA="},
		{`Details|cidr: 10.2.0.0/15`, "10.3.2.3", "10.4.0.1"},
		{`Details|cidr: 192.168.7.128/25`, "192.168.7.200", "192.168.7.127"},
		{`Details|cidr: 0.0.0.0/0`, "255.255.255.255", "256.1.1.1"},
		{`Details|cidr: 10.1.2.3/32`, "10.1.2.3", "110.1.2.3"},
		{`Details|cidr: 10.1.2.3`, "10.1.2.3", "10.1.2.30"},
		{`Details|cidr: 'fe80::/10'`, "FEBF::1", "10.0.0.1"},
		{`Details|cidr: '::1'`, "0:0::1", "::2"},
		{`Details|cidr: '::/0'`, "::", "a::text"},
		{`Details|cidr: 10.0.0.0/8`, "::ffff:10.1.2.3", "10.01.2.3"},
		{`Details|fieldref: Image`, `c:\TOOL.exe`, `C:\tool.exe2`},
		{`Details|fieldref|contains: Image`, `"c:\TOOL.exe" /s`, `C:\tool`},
		{`Details|fieldref|startswith: Image`, `c:\TOOL.exe /s`, `"C:\tool.exe"`},
		{`Details|fieldref|endswith: Image`, `\??\c:\TOOL.exe`, `C:\tool.exe /s`},
		{`Details|fieldref|neq: Image`, `other`, `c:\tool.exe`},
		{`Details|fieldref: [User, Image]`, `c:\tool.exe`, `other`},
		{`Details|fieldref|neq: User`, `other`, "none"},
		{`Image|fieldref|endswith: Details`, `TOOL.exe`, `tool`},
		{`Details|expand: '\%x% *'`, "%x% y", `\%x% y`},
		{`Details: '%x%'`, "%x%", "y"},
		{`Details|gt: 3`, "DWORD (0x00000004)", "DWORD (0x00000003)"},
		{`Details|gte: 0x4`, "DWORD (0x00000004)", "DWORD (0x00000003)"},
		{`Details|lt: 4`, "DWORD (0x00000003)", "DWORD (0x00000004)"},
		{`Details|lte: 3`, "DWORD (0x00000003)", "DWORD (0x00000004)"},
		{`'|all': [one, two]`, "two and one", "one"},
		{`'|cased': One`, "is One", "is one"},
		{`'|startswith': on`, "one", "tone"},
		{`'|endswith': on`, "ton", "tone"},
		{`'|re': '^o.e$'`, "one", "tone"},
		{`'|contains|neq': one`, "two", "tone"},
	} {
		detection := "{s: {" + tt.item + "}, condition: s}"
		if !holds(t, detection, tt.yes) {
			t.Errorf("%s does not match %q", tt.item, tt.yes)
		}
		if tt.no != "none" && holds(t, detection, tt.no) {
			t.Errorf("%s matches %q", tt.item, tt.no)
		}
	}
}

func TestKeywordsAreFoundInAnyField(t *testing.T) {
	for _, tt := range []struct {
		selection string
		want      bool
	}{
		{`one`, true}, {`[none, one]`, true}, {`[none, zero]`, false}, {`'t*l.EXE'`, true}, {`'HKLM\a'`, true},
		{`'o?e'`, true}, {`'\*'`, false}, {`[zero, {Details|endswith: here}]`, true}, {`registry_set`, false},
	} {
		if got := holds(t, "{s: "+tt.selection+", condition: s}", "one is here"); got != tt.want {
			t.Errorf("%s: %v", tt.selection, got)
		}
	}
}

func TestCombinationsThatMakeNoSenseAreRefused(t *testing.T) {
	for _, tt := range []struct {
		item string
		code Code
		want string
	}{
		{`Details|startswith|endswith: a`, CodeModifier, `"startswith" and "endswith" exclude each other`},
		{`Details|contains|re: a`, CodeModifier, `"contains" and "re" exclude each other`},
		{`Details|re|contains: a`, CodeModifier, `"re" and "contains" exclude each other`},
		{`Details|base64|re: a`, CodeModifier, `"base64" and "re" exclude each other`},
		{`Details|gt|lt: 1`, CodeModifier, `"gt" and "lt" exclude each other`},
		{`Details|cased|re: a`, CodeModifier, "cased does not go with re"},
		{`Details|cased|gt: 1`, CodeModifier, "cased does not go with gt"},
		{`Details|contains|base64: a`, CodeModifier, `"base64" behind "contains"`},
		{`Details|endswith|fieldref: Image`, CodeModifier, `fieldref behind "endswith"`},
		{`Details|cased|fieldref: Image`, CodeModifier, "cased does not go with fieldref"},
		{`Details|fieldref: Imag`, CodeField, `field "Imag" is not one of a registry event`},
		{`Details|fieldref: null`, CodeField, `field "null" is not one of a registry event`},
		{`Details|exists|neq: true`, CodeModifier, "exists stands alone"},
		{`Details|base64: 'a*'`, CodeValue, "text without wildcards"},
		{`Details|base64: ''`, CodeValue, "text without wildcards"},
		{`Details|base64offset|contains: a`, CodeValue, "too short"},
		{`Details|utf16: a`, CodeValue, "its encoding is no text"},
		{`Details|windash: '-a -a -a -a -a -a'`, CodeValue, "more than 625 alternatives"},
		{`Details|expand: 'a%Servers%b'`, CodeValue, "placeholder %Servers% has no value"},
		{`Details|cidr: 10.0.0`, CodeValue, "no network"},
		{`Details|cidr: 10.0.0.1/8`, CodeValue, "bits set behind its prefix"},
		{`Details|cidr: 'fe80::1%eth0'`, CodeValue, "no network"},
		{`Details|cidr: 'fe80::1/10'`, CodeValue, "bits set behind its prefix"},
		{`Details|week: 3`, CodeUnsupported, `"week" is not supported`},
		{`'|gt': 1`, CodeModifier, `"gt" without a field`},
		{`'|contains': ''`, CodeValue, "is in every event"},
	} {
		_, problems := loadText(t, "f.yml", sigmaRule("Details: x", tt.item))
		if len(problems) != 1 || problems[0].Code != tt.code || !strings.Contains(problems[0].What, tt.want) || problems[0].Line != 10 || problems[0].Column < 9 {
			t.Errorf("%s: %v, want %s: %s", tt.item, problems, tt.code, tt.want)
		}
	}
}

func TestConditionProblemsPointAtTheWord(t *testing.T) {
	for _, tt := range []struct{ condition, want string }{
		{"condition: selection and selektion", "f.yml:11:30: "},
		{"condition: 'selection and selektion'", "f.yml:11:31: "},
		{"condition: \"selection\\x20and selektion\"", "f.yml:11:16: "}, // an escape: the scalar
		{"condition: >\n        selection and\n        selektion", "f.yml:13:9: "},
		{"condition: |-\n        selection and\n          (selektion)", "f.yml:13:12: "},
		{"condition: selection\n        and selektion", "f.yml:12:13: "},
		{"condition: [selection, selektion]", "f.yml:11:28: "},
		{"condition: selection |\n       count() > 5", "f.yml:11:26: "},
		{"condition: selection and (selection", "f.yml:11:40: "},
		{"ж: {Details: a}\n    condition: selection or ж", "f.yml:12:29: "},
	} {
		_, problems := loadText(t, "f.yml", sigmaRule("condition: selection", tt.condition))
		if len(problems) != 1 || !strings.HasPrefix(problems[0].String(), tt.want) || problems[0].Code == "" {
			t.Errorf("%q: %v, want %s", tt.condition, problems, tt.want)
		}
	}
}

func TestSelectionThatNoConditionNamesIsAWarning(t *testing.T) {
	s, problems := loadText(t, "f.yml", sigmaRule("    condition", "    other: {Details: y}\n    _part: {Details: z}\n    condition", "condition: selection", "condition: 1 of sel*"))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	var got []string
	for _, w := range s.Rules[0].Warnings {
		if w.Code != CodeUnusedSelection || !w.Warning {
			t.Errorf("%+v", w)
		}
		got = append(got, w.String())
	}
	want := regexp.MustCompile(`^f.yml:11:5: warning: no condition names selection other: .*\nf.yml:12:5: warning: no condition names selection _part: .*$`)
	if !want.MatchString(strings.Join(got, "\n")) {
		t.Errorf("%q", got)
	}
}
