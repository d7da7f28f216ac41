package rules

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regtrap/regtrap/schemas"
)

func TestARuleOfElasticsIsReadWhole(t *testing.T) {
	s, problems, err := Load(Config{Paths: []string{"testdata/elastic"}})
	if err != nil || len(problems) > 0 || len(s.Rules) != 1 {
		t.Fatal(err, problems, len(s.Rules))
	}
	r := s.Rules[0]
	ref := func(id, name, url string) []ThreatReference {
		return []ThreatReference{{id, name, "https://attack.mitre.org/" + url}}
	}
	want := &Rule{
		ID: "3d4a2c70-7d5c-4b0e-9f6f-0d7f2f1c4a11", Name: "Shell Set by a Tool", Description: "A tool sets the shell.", Author: "Ana, Bo", License: "Apache-2.0",
		Status: "stable", Version: "2026/03/04", References: []string{"https://example.org/shell"}, FalsePositives: []string{"Kiosks."},
		Tags: []string{"Domain: Endpoint", "Tactic: Persistence"}, Note: "## Triage\n\nWho ran the tool?", Severity: Medium, RiskScore: 50, Ruleset: "elastic",
		File: "testdata/elastic/shell_set_by_tool.toml", Line: 7,
		Threat: Threat{ref("TA0003", "Persistence", "tactics/TA0003/"), ref("T1547", "Boot or Logon Autostart Execution", "techniques/T1547/"), ref("T1547.004", "Winlogon Helper DLL", "techniques/T1547/004/")},
	}
	got := *r
	got.Condition, got.Actions, got.Warnings, got.digest, got.Hash = nil, 0, nil, nil, ""
	if d := cmp.Diff(want, &got, cmp.AllowUnexported(Rule{})); d != "" {
		t.Error(d)
	}
	if want := schemas.ActionSet(schemas.ValueSet, schemas.KeyRenamed, schemas.ValueRenamed, schemas.ActionUnknown); r.Actions != want {
		t.Errorf("actions %b, want %b", r.Actions, want)
	}
	if len(r.Warnings) != 1 || r.Warnings[0].Line != 32 || r.Warnings[0].Column != 64 || r.Warnings[0].Code != CodeNeverTrue {
		t.Errorf("warnings: %+v", r.Warnings)
	}
}

// elasticText is a rule with a query.
func elasticText(query string) string {
	return "[metadata]\nmaturity = \"production\"\n[rule]\nrule_id = \"3d4a2c70-7d5c-4b0e-9f6f-0d7f2f1c4a12\"\nname = \"Small\"\nseverity = \"low\"\ntype = \"eql\"\nquery = '''\n" + query + "\n'''\n"
}

func TestElasticProblemsNameFileLineAndColumn(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"[rule", "e.toml:1:"},
		{"[metadata]\n", "e.toml: the file holds no [rule]"},
		{strings.Replace(elasticText("registry where true"), `"low"`, `"lo"`, 1), `e.toml:6:1: severity "lo" is unknown: low, medium, high, critical`},
		{strings.Replace(elasticText("registry where true"), `"eql"`, `"esql"`, 1), `e.toml:7:1: rules of type "esql" are not supported`},
		{strings.Replace(elasticText("registry where true"), "3d4a2c70", "3d4a", 1), `e.toml:4:1: rule_id`},
		{strings.Replace(elasticText("registry where true"), `name = "Small"`, "", 1), `the rule has no name`},
		{elasticText("registry where a == 'x'"), `e.toml:9:21: a text in single quotes`},
		{elasticText("registry where a == 1\n  and b = 2"), `e.toml:10:9: "=" is no operator`},
		{elasticText("sequence [registry where true]"), `e.toml:9:1: "sequence" relates several events`},
		{elasticText("process where true"), `e.toml:9:1: events of the category "process" are none of the registry`},
		{elasticText("registry where sqrt(user.name) == 1"), `e.toml:9:16: the function sqrt is not known`},
		{elasticText("registry where length~(user.name) == 1"), `e.toml:9:16: length~: the function compares no texts`},
		{elasticText("registry where substring(user.name) == \"a\""), `e.toml:9:16: substring(user.name) has 1 arguments: 2 to 3`},
		{elasticText("registry where length(user.name) == \"1\""), `e.toml:9:37: length(user.name) is compared with "1": one is a number, the other a text`},
		{elasticText("registry where length(5) == 1"), `e.toml:9:23: 5 is a number, argument 1 of length: a text`},
		{elasticText("registry where length(user.name)"), `e.toml:9:16: length(user.name) is a number, neither true nor false`},
		{elasticText("registry where user.name > null"), `e.toml:9:28: null beside >`},
		{elasticText("registry where user.name == (user.id == host.name)"), `e.toml:9:30: user.id == host.name is true or false: as a value it is not supported`},
		{elasticText("registry where cidrMatch(user.name, \"10.0.0.0\")"), `e.toml:9:37: "10.0.0.0" is no network`},
		{elasticText("registry where wildcard(user.name, user.id)"), `e.toml:9:36: user.id as a pattern of wildcard: a text in quotes`},
		{elasticText("registry where length(user.name) : \"1\""), `e.toml:9:16: length(user.name) is a number, and : is about texts`},
		{elasticText("registry where concat(user.id, user.name, host.name, host.id, registry.path) == \"a\""), `more than 4 fields`},
		{elasticText("registry where registry.path regex \"a~b\""), `e.toml:9:36: regular expression "a~b": the operator "~" is not supported`},
		{strings.Replace(elasticText("registry where a == 'x'"), "'''\nregistry where a == 'x'\n'''", `"registry where = 1"`, 1), `e.toml:8:25: "="`},
	} {
		_, problems := loadText(t, "e.toml", tt.text)
		all := fmt.Sprint(problems)
		if !strings.Contains(all, tt.want) {
			t.Errorf("%s\n%s, want %s", tt.text, all, tt.want)
		}
	}
}

// Each row of the semantics: a query, and the events that it holds on.
func TestQueriesMeanWhatElasticsearchMeans(t *testing.T) {
	const (
		one   = `{"event":{"module":"endpoint","category":"registry","action":"modification"},"registry":{"path":"HKLM\\A\\Value","value":"Value","data":{"strings":["Abc"]}},"process":{"name":"x.exe","pid":4,"code_signature":{"trusted":true}}}`
		two   = `{"event":{"module":"endpoint","category":"registry","action":"modification"},"registry":{"path":"HKLM\\A\\Value","value":"Value","data":{"strings":["a","b"]}}}`
		none  = `{"event":{"module":"endpoint","category":"registry","action":"modification"},"registry":{"path":"HKLM\\A\\Value","value":"Value","data":{"strings":[]}},"process":{"name":"X.EXE"}}`
		dword = `{"EventID":13,"TargetObject":"HKLM\\A\\Value","Details":"DWORD (0x00000004)"}`
	)
	events := map[string]string{"one": one, "two": two, "none": none, "dword": dword}
	for query, want := range map[string]string{
		`registry.data.strings == "Abc"`:                                "one",
		`registry.data.strings == "abc"`:                                "",
		`registry.data.strings : "abc"`:                                 "one",
		`registry.data.strings like "A*"`:                               "one",
		`registry.data.strings like "a*"`:                               "two",
		`registry.data.strings like~ ("A?C", "x")`:                      "one",
		`registry.data.strings == "A*"`:                                 "",
		`registry.data.strings != "Abc"`:                                "dword none two",
		`registry.data.strings != "a"`:                                  "dword none one",
		`registry.data.strings == null`:                                 "none",
		`registry.data.strings != null`:                                 "dword one two",
		`null == registry.data.strings`:                                 "none",
		`not process.name : "x.exe"`:                                    "dword two",
		`process.name == "x.exe"`:                                       "one",
		`process.name in ("y", "x.exe")`:                                "one",
		`process.name in~ ("y", "x.EXE")`:                               "none one",
		`process.name not in ("x.exe")`:                                 "dword none two",
		`registry.data.strings regex "A.c"`:                             "one",
		`registry.data.strings regex "b"`:                               "two",
		`registry.data.strings regex~ "a.?[b-d]*"`:                      "one two",
		`registry.data.strings == "4"`:                                  "dword",
		`registry.data.strings in ("0x00000004")`:                       "dword",
		`registry.data.strings == 4`:                                    "dword",
		`registry.data.strings > 3 and registry.data.strings <= 4`:      "dword",
		`3 < registry.data.strings`:                                     "dword",
		`length(registry.data.strings) == 1`:                            "two",
		`length(registry.data.strings) > 2`:                             "dword one",
		`process.code_signature.trusted == true`:                        "one",
		`process.code_signature.trusted`:                                "one",
		`process.code_signature.trusted != true`:                        "dword none two",
		`startsWith(registry.data.strings, "A")`:                        "one",
		`startsWith~(registry.data.strings, "A")`:                       "one two",
		`endsWith(registry.value, "lue") and ?nothing == null`:          "dword none one two",
		`stringContains~(registry.data.strings, "B")`:                   "one two",
		`file.nothing : "x"`:                                            "",
		`not file.nothing : "x"`:                                        "dword none one two",
		`process.name == concat("x.", "exe")`:                           "one",
		`concat(process.name, ":", registry.value) == "x.exe:Value"`:    "one",
		`concat(process.name, "!") : "X.exe?"`:                          "none one",
		`concat(process.name, "!") like "X.E*"`:                         "none",
		`concat(process.name, "!") regex~ "x.exe."`:                     "none one",
		`concat(process.name, "!") == null`:                             "dword two",
		`concat(process.name, "!") != null`:                             "none one",
		`process.name == registry.data.strings`:                         "",
		`process.name != registry.data.strings`:                         "dword none one two",
		`registry.data.strings == process.pid`:                          "",
		`registry.data.strings + 1 == 5`:                                "dword",
		`-registry.data.strings < -3.5`:                                 "dword",
		`registry.data.strings * 2 > registry.data.strings + 3.5`:       "dword",
		`7 > length(registry.data.strings) + 4`:                         "two",
		`length(registry.value) > length(registry.data.strings)`:        "one two",
		`registry.data.strings > "Abb"`:                                 "dword one two",
		`indexOf(registry.path, "A") == 5`:                              "dword none one two",
		`substring(registry.path, -5) in~ ("VALUE", "x")`:               "dword none one two",
		`startsWith~(registry.data.strings, substring("xAB", 1))`:       "one",
		`startsWith(registry.path, concat("HKLM", "\\"))`:               "dword none one two",
		`endsWith(registry.path, registry.value)`:                       "dword none one two",
		`startsWith(process.name, "x") == true`:                         "one",
		`startsWith(process.name, "x") == false`:                        "none",
		`not startsWith(process.name, "x")`:                             "dword none two",
		`number("4") == registry.data.strings`:                          "dword",
		`string(process.pid) == "4"`:                                    "one",
		`between(registry.path, "\\", "\\") == "A"`:                     "dword none one two",
		`cidrMatch(registry.data.strings, "10.0.0.0/8")`:                "",
		`wildcard(process.name, "x.*", "y")`:                            "one",
		`match~(process.name, "x\\.[e]xe")`:                             "none one",
		`nothing.there + 1 == 2 or concat(?nothing, "a") == "a"`:        "",
		`concat(?nothing, "a") == null`:                                 "dword none one two",
		`1 + 1 == 2`:                                                    "dword none one two",
		`5 / 2 == 2.5`:                                                  "",
		`registry.path : "HKLM\\a\\*" and event.category == "registry"`: "dword none one two",
		`registry.path : "HKLM\\A\\V?lue"`:                              "dword none one two",
		`registry.path : "\\REGISTRY\\MACHINE\\A\\Value"`:               "dword none one two",
	} {
		s, problems := loadText(t, "e.toml", elasticText("any where "+query))
		if len(problems) > 0 {
			t.Errorf("%s: %v", query, problems)
			continue
		}
		var got []string
		for _, name := range []string{"dword", "none", "one", "two"} {
			d := schemas.NewDecoder()
			d.Reset([]byte(events[name]))
			ev, out := d.Next()
			if out.Kind != schemas.Registry {
				t.Fatalf("%s: %+v", name, out)
			}
			if len(s.Set.NewMatcher().Match(nil, ev)) > 0 {
				got = append(got, name)
			}
		}
		if g := strings.Join(got, " "); g != want {
			t.Errorf("%s: holds on %q, want %q", query, g, want)
		}
	}
}

// The words by which the actions of a rule are narrowed are those of the events.
func TestActionsAreNarrowedByTheWordsOfEvents(t *testing.T) {
	for action, id := range map[string]schemas.Action{
		"SetValue": schemas.ValueSet, "CreateKey": schemas.KeyCreated, "DeleteKey": schemas.KeyDeleted, "DeleteValue": schemas.ValueDeleted, "RenameKey": schemas.KeyRenamed,
	} {
		d := schemas.NewDecoder()
		number := map[byte]int{'S': 13, 'C': 12, 'D': 12, 'R': 14}[action[0]]
		d.Reset(fmt.Appendf(nil, `{"EventID":%d,"EventType":%q,"TargetObject":"HKLM\\A\\B","NewName":"HKLM\\A\\C"}`, number, action))
		ev, _ := d.Next()
		if ev == nil || ev.Action != id {
			t.Errorf("%s: %+v", action, ev)
			continue
		}
		for _, f := range []schemas.Field{schemas.EventType, schemas.EventAction} {
			if text, _ := ev.First(f); text != actionWords(f)[id] {
				t.Errorf("%s: %v is %q, and %q in narrowing", action, f, text, actionWords(f)[id])
			}
		}
	}
}

// All of Elastic's rules load, when REGTRAP_ELASTIC_RULES says where they are.
func TestPublicElasticRulesLoad(t *testing.T) {
	path := os.Getenv("REGTRAP_ELASTIC_RULES")
	if path == "" {
		path = "testdata/elastic"
	}
	files, err := filepath.Glob(filepath.Join(path, "*.toml"))
	if err != nil || len(files) == 0 {
		t.Fatal(path, err)
	}
	s, problems, err := Load(Config{Paths: []string{path}})
	if err != nil || len(problems) > 0 || len(s.Rules) != len(files) {
		t.Fatalf("%d of %d load: %v %v", len(s.Rules), len(files), problems, err)
	}
}
