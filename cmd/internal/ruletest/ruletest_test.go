package ruletest_test

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/regtrap/regtrap/cmd/internal/ruletest"
	"github.com/regtrap/regtrap/rules"
)

func load(t testing.TB, c rules.Config) *rules.Snapshot {
	t.Helper()
	s, problems, err := rules.Load(c)
	if err != nil || len(problems) > 0 {
		t.Fatal(err, problems)
	}
	return s
}

func TestEveryRuleOfThePackHasTestsAndPassesThem(t *testing.T) {
	s := load(t, rules.Config{Pack: true})
	files, err := filepath.Glob("../../../rules/testdata/pack/*.test.yml")
	if err != nil {
		t.Fatal(err)
	}
	match, other := make(map[string]int), make(map[string]int)
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		cases, err := ruletest.Parse(file, data)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range ruletest.Run(s, cases) {
			if !r.Passed {
				t.Error(r.Text())
			}
			if r.Fires {
				match[r.RuleID]++
			} else {
				other[r.RuleID]++
			}
		}
	}
	for _, rule := range s.Rules {
		if match[rule.ID] == 0 || other[rule.ID] == 0 {
			t.Errorf("%s: %d events that must match, %d that must not", rule.Name, match[rule.ID], other[rule.ID])
		}
	}
}

const shellRule = `title: Shell set by a tool
id: 3d4a2c70-7d5c-4b0e-9f6f-0d7f2f1c4a10
level: high
logsource: {category: registry_event, product: windows}
detection:
    selection:
        TargetObject|endswith: '\Shell'
    filter:
        Image: C:\Windows\explorer.exe
    condition: selection and not filter
`

// write puts files into a folder of their own.
func write(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestEventsAreGivenAsFieldsOfBothVocabulariesAndRaw(t *testing.T) {
	dir := write(t, map[string]string{
		"shell.yml":        shellRule,
		"events/one.xml":   `<Event><System><EventID>13</EventID></System><EventData><Data Name='TargetObject'>HKLM\a\Shell</Data></EventData></Event>`,
		"events/many.json": `[{"EventID":13,"TargetObject":"HKLM\\a\\b"},{"EventID":1},{"EventID":13,"TargetObject":"HKLM\\a\\Shell"}]`,
		"shell.test.yml": `
match:
  - TargetObject: HKLM\a\Shell
  - registry.path: \REGISTRY\MACHINE\a\shell
    process.executable: C:\Temp\x.exe
    process.code_signature.trusted: "false"
  - registry.value: Shell
  - registry.key: a\b\Shell
    event.action: creation
  - NewName: HKLM\a\b
    TargetObject: HKLM\a\Shell
  - TargetObject: HKLM\a\Shell
    User: CORP\ana
    process.code_signature.trusted: "true"
  - TargetObject: HKLM\a\Shell
    Details: 0x10
    EventID: 13
  - {TargetObject: 'HKLM\a\Shell', Image: null, Details: ''}
  - raw: '{"EventID":13,"TargetObject":"HKLM\\a\\Shell"}'
  - file: events/one.xml
  - {name: one of many, file: events/many.json}
no_match:
  - TargetObject: HKLM\a\Shell
    Image: C:\Windows\explorer.exe
  - registry.path: HKLM\a\Shell
    registry.data.strings: [a, b]
    process.name: explorer.exe
    process.executable: C:\Windows\explorer.exe
`})
	file := filepath.Join(dir, "shell.test.yml")
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	cases, err := ruletest.Parse(file, data)
	if err != nil {
		t.Fatal(err)
	}
	results := ruletest.Run(load(t, rules.Config{Pack: true, Paths: []string{dir}}), cases)
	for _, r := range results {
		if !r.Passed {
			t.Error(r.Text())
		}
	}
	if len(results) != 13 || results[10].Name != "one of many" || results[0].Name != "match 1" {
		t.Errorf("%d results: %+v", len(results), results)
	}
}

func TestMistakesAreNamedWithTheirPlace(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"match: [", "no YAML"},
		{"[]", "t.test.yml:1:1: not a map"},
		{"", "holds no test"},
		{"rule: [a]\nmatch: []", "t.test.yml:1:7: rule is no text"},
		{"matches:\n  - a: b", `t.test.yml:1:1: "matches" is no part of a test: rule, match, no_match`},
		{"match: {}", "t.test.yml:1:8: match is no list"},
		{"match: [a]", "the event is no map"},
		{"match:\n  - name: x", "t.test.yml:2:5: the event has no fields"},
		{"match:\n  - TargetObjekt: x", `t.test.yml:2:5: "TargetObjekt" is no field of a registry event: as in TargetObject`},
		{"match:\n  - TargetObject: HKLM\\a\n    raw: x", `t.test.yml:2:5: field "TargetObject" beside raw telemetry`},
		{"match:\n  - raw: x\n    file: y", "t.test.yml:3:11: file is given twice"},
		{"match:\n  - file: nothing.json", "t.test.yml:2:11: stat "},
		{"match:\n  - TargetObject: HKLM\\a\\b\n    registry.path: HKLM\\a\\b", "t.test.yml:3:5: TargetObject and registry.path are the same field"},
		{"match:\n  - NewName: HKLM\\a\n    process.code_signature.trusted: true", "no source has both NewName and process.code_signature.trusted"},
		{"match:\n  - TargetObject: HKLM\\a\\b\n    registry.hive: HKEY_USERS", `registry.hive "HKEY_USERS" would be read as ["HKLM"]`},
		{"match:\n  - TargetObject: HKLM\\a\\b\n    event.category: null", "event.category would not be null but [\"registry\"]"},
		{"match:\n  - TargetObject: HKLM\\a\\b\n    Image: C:\\x.exe\n    process.name: null", "process.name would not be null but [\"x.exe\"]"},
		{"match:\n  - TargetObject: {a: b}", "TargetObject is neither a text nor a list of texts"},
	} {
		_, err := ruletest.Parse("t.test.yml", []byte(tt.text))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q: %v, want %s", tt.text, err, tt.want)
		}
	}
}

func TestACaseThatCannotBeRunSaysWhy(t *testing.T) {
	s := load(t, rules.Config{Pack: true})
	for _, tt := range []struct{ text, want string }{
		{"match: [{TargetObject: 'HKLM\\a\\b'}]", "no rule is loaded from t.yml, t.yaml, t.toml"},
		{"rule: nobody\nmatch: [{TargetObject: 'HKLM\\a\\b'}]", `rule "nobody" is not loaded`},
		{"rule: 8d14b915-4351-460e-9c3a-1fd366b620a1\nmatch: [{raw: '{\"EventID\":1}'}]", "holds no registry event"},
		{"rule: 8d14b915-4351-460e-9c3a-1fd366b620a1\nmatch: [{raw: '{\"EventID\"'}]", "a record cannot be read: malformed_json"},
		{"rule: 8d14b915-4351-460e-9c3a-1fd366b620a1\nmatch: [{TargetObject: 'HKLM\\a\\b'}]", "the rule did not fire"},
	} {
		cases, err := ruletest.Parse("t.test.yml", []byte(tt.text))
		if err != nil {
			t.Fatal(err)
		}
		r := ruletest.Run(s, cases)[0]
		if r.Passed || !strings.Contains(r.Failure(), tt.want) {
			t.Errorf("%s: %q, want %q", tt.text, r.Failure(), tt.want)
		}
	}
}

func TestRegressionTestsOfSigmaHQAreRead(t *testing.T) {
	info := `id: 0d9a8a2c-3a4d-4f7c-9d8e-1f2a3b4c5d6e
description: N/A
rule_metadata:
    - id: 3d4a2c70-7d5c-4b0e-9f6f-0d7f2f1c4a10
      title: Shell set by a tool
regression_tests_info:
    - {name: Positive Detection Test, type: evtx, provider: Microsoft-Windows-Sysmon, match_count: %d, path: regression_data/rules/shell/%s.evtx}
`
	event := `{"Event":{"System":{"EventID":13,"Channel":"Microsoft-Windows-Sysmon/Operational"},"EventData":{"EventType":"SetValue","TargetObject":"HKLM\\a\\Shell"}}}`
	dir := write(t, map[string]string{
		"rules/shell.yml":                              shellRule,
		"regression_data/rules/shell/info.yml":         fmt.Sprintf(info, 1, "3d4a2c70"),
		"regression_data/rules/shell/3d4a2c70.json":    event + "\n" + event,
		"regression_data/rules/too_few/info.yml":       fmt.Sprintf(info, 3, "3d4a2c70"),
		"regression_data/rules/without_json/info.yml":  fmt.Sprintf(info, 1, "nothing"),
		"regression_data/rules/without_json/other.txt": "",
	})
	s := load(t, rules.Config{Paths: []string{dir}}) // an info.yml is no rule
	for name, want := range map[string]string{"shell": "", "too_few": "the rule fired on 2 events, want 3 or more", "without_json": "no file regression_data/rules/shell/nothing.json"} {
		file := filepath.Join(dir, "regression_data", "rules", name, "info.yml")
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		cases, err := ruletest.Parse(file, data)
		got := ""
		if err != nil {
			got = err.Error()
		} else {
			got = ruletest.Run(s, cases)[0].Failure()
		}
		if got != want && (want == "" || !strings.Contains(filepath.ToSlash(got), want)) {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestJUnitCountsAndExplains(t *testing.T) {
	cases, err := ruletest.Parse("t.test.yml", []byte("rule: 8d14b915-4351-460e-9c3a-1fd366b620a1\nmatch:\n  - TargetObject: HKLM\\a\\b]]>\n  - raw: '{}'\nno_match:\n  - TargetObject: HKLM\\a\\b\n"))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := ruletest.WriteJUnit(&out, ruletest.Run(load(t, rules.Config{Pack: true}), cases)); err != nil {
		t.Fatal(err)
	}
	var report struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
		Errors   int `xml:"errors,attr"`
		Suites   []struct {
			Name  string `xml:"name,attr"`
			Cases []struct {
				Name    string  `xml:"name,attr"`
				Failure *string `xml:"failure"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal(out.Bytes(), &report); err != nil {
		t.Fatal(err)
	}
	if report.Tests != 3 || report.Failures != 1 || report.Errors != 1 || len(report.Suites) != 1 || len(report.Suites[0].Cases) != 3 {
		t.Fatalf("%+v", report)
	}
	if f := report.Suites[0].Cases[0].Failure; f == nil || !strings.Contains(*f, "the first thing that failed") || !strings.Contains(*f, `HKLM\a\b]]>`) {
		t.Errorf("failure: %v", f)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("match:\n  - TargetObject: HKLM\\a\\b\n    Details: [a]\nno_match:\n  - raw: '{}'\n")
	f.Add("rule: x\nmatch:\n  - {registry.value: a, event.type: deletion, registry.data.strings: [a, 1, null]}\n")
	f.Add("match: &a\n  - *a\n")
	s := load(f, rules.Config{Pack: true})
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, "file") {
			return // reads files
		}
		cases, err := ruletest.Parse("t.test.yml", []byte(text))
		if err == nil && len(cases) == 0 {
			t.Error("no case and no error")
		}
		for _, r := range ruletest.Run(s, cases) {
			if !r.Passed && r.Failure() == "" {
				t.Errorf("%+v: no reason", r)
			}
		}
	})
}

func Example() {
	s, _, err := rules.Load(rules.Config{Pack: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	cases, err := ruletest.Parse("shell.test.yml", []byte(`
rule: Detect WMI Registry Persistence via Winlogon Shell Modification
match:
  - TargetObject: HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon\Shell
    Image: C:\Windows\System32\wbem\WmiPrvSE.exe
    Details: explorer.exe, C:\Temp\u.exe
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, r := range ruletest.Run(s, cases) {
		fmt.Println(r.Name, r.Passed)
	}
	// Output: match 1 true
}
