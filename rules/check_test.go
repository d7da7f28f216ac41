package rules

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// checked writes files, checks them, and returns the problems without the name
// of the folder.
func checked(t *testing.T, files map[string]string) *Report {
	t.Helper()
	folder := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r, err := Check(Config{Paths: []string{folder}})
	if err != nil {
		t.Fatal(err)
	}
	for i := range r.Problems {
		if rel, ok := strings.CutPrefix(r.Problems[i].File, folder+"/"); ok {
			r.Problems[i].File = rel
			r.sources[rel] = []byte(files[rel])
		}
	}
	return r
}

// found is problems without their file, as LINE:COLUMN code: what.
func found(r *Report) []string {
	var list []string
	for _, p := range r.Problems {
		list = append(list, fmt.Sprintf("%d:%d %s: %s", p.Line, p.Column, p.Code, p.What))
	}
	return list
}

// ruleOf is a rule of a category with a detection, which begins on line 6.
func ruleOf(category, detection string) string {
	return fmt.Sprintf("title: Small\nid: 6f9619ff-8b86-4d01-b42d-00cf4fc964ff\nlevel: low\nlogsource: {category: %s}\ndetection:\n%s", category, detection)
}

// queryOf is a rule of Elastic's. Its query begins on line 9.
func queryOf(query string) string {
	return "[metadata]\nmaturity = \"production\"\n[rule]\nrule_id = \"6f9619ff-8b86-4d01-b42d-00cf4fc964ff\"\nname = \"Small\"\nseverity = \"low\"\ntype = \"eql\"\nquery = '''\n" + query + "\n'''\n"
}

func TestConditionsThatNeverHoldAreFound(t *testing.T) {
	const path = "  p: {TargetObject|contains: corp}\n"
	for _, tt := range []struct{ name, category, detection, want string }{
		{"a selection and its negation", "registry_set", path + "  condition: p and not p\n",
			`7:14 never-true: the rule never fires: TargetObject|contains "corp" must hold and must not`},
		{"two different selections", "registry_set", path + "  q: {TargetObject|contains: acme}\n  condition: p and not q\n", ""},
		{"an exclusion that is wider", "registry_set", path + "  q: {TargetObject|contains: cor}\n  condition: p and not q\n",
			`8:14 never-true: the rule never fires: what meets TargetObject|contains "corp" meets TargetObject|contains "cor", which is excluded`},
		{"an exclusion that is narrower", "registry_set", path + "  q: {TargetObject|contains: corp1}\n  condition: p and not q\n", ""},
		{"an exclusion of every alternative", "registry_set", "  p: {Image|endswith: ['\\a.exe', '\\b.exe']}\n  q: {Image|endswith: [a.exe, b.exe]}\n  condition: p and not q\n",
			`8:14 never-true: the rule never fires: what meets Image|endswith "\b.exe" meets Image|endswith "b.exe", which is excluded`},
		{"an exclusion of one alternative", "registry_set", "  p: {Image|endswith: ['\\a.exe', '\\b.exe']}\n  q: {Image|endswith: b.exe}\n  condition: p and not q\n",
			`6:34 never-true: Image|endswith "\b.exe" never holds here: what meets Image|endswith "\b.exe" meets Image|endswith "b.exe", which is excluded`},
		{"maps and their negation", "registry_set", "  p:\n    - {Image: x, Details: y}\n    - {Image: z}\n  condition: p and not p\n",
			`9:14 never-true: the rule never fires: Details "y" must hold and must not`},
		{"two images", "registry_set", "  p: {Image|endswith: '\\a.exe'}\n  q: {Image|endswith: '\\b.exe'}\n  condition: all of them\n",
			`8:14 never-true: the rule never fires: Image|endswith "\a.exe" and Image|endswith "\b.exe" exclude each other`},
		{"one of two images", "registry_set", "  p: {Image|endswith: '\\a.exe'}\n  q: {Image|endswith: '\\b.exe'}\n  condition: 1 of them\n", ""},
		{"ends of which one may be the other's", "registry_set", "  p: {Image|endswith|all: ['a.exe', '\\aa.exe']}\n  condition: p\n", ""},
		{"two names of values", "registry_set", "  p: {TargetObject|endswith|all: ['\\Corp\\a', '\\Corp\\b']}\n  condition: p\n",
			`7:14 never-true: the rule never fires: TargetObject|endswith "\Corp\a" and TargetObject|endswith "\Corp\b" exclude each other`},
		{"the unnamed value has two names", "registry_set", "  p: {TargetObject|endswith|all: ['\\Corp\\', '\\Corp\\(Default)']}\n  condition: p\n", ""},
		{"a user's classes have two names", "registry_add", "  p: {TargetObject|endswith|all: ['_Classes', '\\Classes']}\n  condition: p\n", ""},
		{"the current user is any user", "registry_add", "  p: {TargetObject: HKCU}\n  q: {TargetObject|endswith: '\\Corp'}\n  condition: p and q\n", ""},
		{"numbers that are apart", "registry_set", "  p: {Details|gt: 5}\n  q: {Details|lt: 3}\n  condition: p and q\n",
			"8:14 every-event\n8:14 never-true: the rule never fires: Details > 5 and Details < 3 exclude each other"},
		{"numbers that meet", "registry_set", path + "  q: {Details|gt: 5}\n  r: {Details|lt: 7}\n  condition: p and q and r\n", ""},
		{"no number is below 0", "registry_set", "  p: {TargetObject|contains: corp, Details|lt: 0}\n  condition: p\n",
			"6:48 never-true: Details < 0: there is no such number, so the rule never fires"},
		{"an image is no number", "registry_set", "  p: {TargetObject|contains: corp, Image|gt: 1}\n  condition: p\n",
			"6:46 never-true: Image > 1: Image is no number, so the rule never fires"},
		{"null and a text", "registry_set", path + "  q: {Image: null}\n  r: {Image|endswith: '\\a.exe'}\n  condition: p and q and r\n",
			`9:14 never-true: the rule never fires: what meets Image|endswith "\a.exe" meets Image exists, which is excluded`},
		{"null or a text", "registry_set", path + "  q: {Image: [null, x]}\n  condition: p and q\n", ""},
		{"an action of another log source", "registry_set", path + "  q: {EventType: CreateKey}\n  condition: p and q\n",
			`7:18 never-true: EventType "CreateKey" holds on no event that the rule is about, so the rule never fires`},
		{"the same in an exclusion", "registry_set", path + "  q: {EventType: CreateKey, Image: x}\n  condition: p and not q\n",
			`7:18 never-true: EventType "CreateKey" holds on no event that the rule is about`},
		{"an action of the log source", "registry_event", path + "  q: {EventType: createkey}\n  condition: p and q\n", ""},
		{"an action that is none", "registry_event", path + "  q: {EventType: [SetValue, CreateValue]}\n  condition: p and q\n",
			`7:29 never-true: EventType "CreateValue" holds on no registry event`},
		{"an id of no event", "registry_event", path + "  q: {EventID: [13, 4657]}\n  condition: p and q\n",
			`7:21 never-true: EventID "4657" holds on no registry event`},
		{"data of keys", "registry_add", path + "  q: {Details: x}\n  condition: p and q\n",
			`7:16 never-true: Details "x": only an event that sets a value has data, so the rule never fires`},
		{"a new name of what is set", "registry_set", path + "  q: {NewName|contains: x}\n  condition: p and q\n",
			`7:25 no-shape: NewName|contains "x": only an event that renames a key or a value has a new name`},
		{"a new name of what is renamed", "registry_rename", path + "  q: {NewName|contains: x}\n  condition: p and q\n", ""},
		{"data of some events", "registry_event", path + "  q: {Details: x}\n  condition: p and q\n", ""},
		{"data where no value is set", "registry_event", path + "  q: {EventType: DeleteKey, Details: x}\n  condition: p and q\n",
			`8:14 never-true: the rule never fires: no event meets all of EventType "DeleteKey", Details "x"`},
		{"data where no value is set, in an alternative", "registry_event", path + "  q: {EventType: DeleteKey, Details: x}\n  r: {EventType: SetValue}\n  condition: p and (q or r)\n",
			`7:3 never-true: selection q never holds here: no event meets all of EventType "DeleteKey", Details "x"`},
		{"an exclusion that never applies", "registry_set", "  p: {Image|endswith: '\\a.exe'}\n  q: {Image|endswith: '\\b.exe', Details: x}\n  condition: p and not q\n",
			`7:3 never-true: selection q excludes nothing: Image|endswith "\a.exe" and Image|endswith "\b.exe" exclude each other`},
		{"one of several exclusions that never applies", "registry_set", "  p: {Image|endswith: '\\a.exe'}\n  f1: {Image|endswith: '\\b.exe', Details: x}\n  f2: {Details: y}\n  condition: p and not 1 of f*\n",
			`7:3 never-true: selection f1 excludes nothing: Image|endswith "\a.exe" and Image|endswith "\b.exe" exclude each other`},
		{"an exclusion that another one covers", "registry_set", path + "  q: {Image|contains: a}\n  r: {Image: ab}\n  condition: p and not q and not r\n", ""},
		{"a test twice", "registry_set", path + "  q: {TargetObject|contains: corp, Image: x}\n  condition: p and q\n", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := found(checked(t, map[string]string{"f.yml": ruleOf(tt.category, tt.detection)}))
			compare(t, tt.want, got)
		})
	}
}

// compare compares problems with lines, of which one may be the beginning of a
// problem's.
func compare(t *testing.T, want string, got []string) {
	t.Helper()
	var lines []string
	if want != "" {
		lines = strings.Split(want, "\n")
	}
	for i := range got {
		if i < len(lines) && strings.HasPrefix(got[i], lines[i]+": ") {
			got[i] = lines[i]
		}
	}
	if d := cmp.Diff(lines, got); d != "" {
		t.Error(d)
	}
}

func TestConditionsThatAlwaysHoldAreFound(t *testing.T) {
	const path = "  p: {TargetObject|contains: corp}\n"
	for _, tt := range []struct{ name, detection, want string }{
		{"a selection or its negation", path + "  condition: p or not p\n",
			"7:14 always-true: the rule fires on every event of its log source\n7:14 every-event"},
		{"any path", "  p: {TargetObject: '*'}\n  condition: p\n", "7:14 always-true\n7:14 every-event"},
		{"an empty text in a list", "  p: {TargetObject|contains: [corp, '']}\n  condition: p\n",
			"6:37 always-true: TargetObject|contains \"\" holds for every TargetObject, whatever else is in the list\n7:14 always-true\n7:14 every-event"},
		{"an empty text in a list that narrows nothing", path + "  q: {Image|endswith: [x, '']}\n  condition: p and q\n",
			`7:27 always-true: Image|endswith "" holds for every Image, whatever else is in the list`},
		{"a field that is there", path + "  q: {Image: '*'}\n  condition: p and q\n", ""},
		{"the log source again", path + "  q: {EventType: SetValue}\n  condition: p and q\n", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			compare(t, tt.want, found(checked(t, map[string]string{"f.yml": ruleOf("registry_set", tt.detection)})))
		})
	}
}

func TestQueriesAreJudgedInTheirPlaces(t *testing.T) {
	for _, tt := range []struct{ name, query, want string }{
		{"nothing wrong", `registry where host.os.type == "windows" and event.type == "change" and registry.path : "HKLM\\a\\*" and registry.data.strings != null`, ""},
		{"another type of event", `registry where event.type in ("change", "start") and registry.path : "*\\a\\*"`,
			`9:41 never-true: event.type in ("start") holds on no registry event`},
		{"another type of event alone", `registry where event.type == "start" and registry.path : "*\\a\\*"`,
			`9:16 never-true: event.type == "start" holds on no registry event, so the rule never fires`},
		{"two types of event", `registry where event.type == "change" and event.type == "creation"`,
			"9:16 never-true: the rule never fires: no event meets all of event.type == \"change\", event.type == \"creation\""},
		{"a type that data has already", `registry where event.type in ("creation", "change") and registry.data.strings : "a"`, ""},
		{"an exclusion that data has already", `registry where event.action != "deletion" and registry.data.strings : "a"`, ""},
		{"another category", "any where (event.category == \"process\" and event.type == \"start\" and process.args : \"x\") or\n(event.category == \"registry\" and registry.path : \"*\\\\a\\\\*\")",
			`9:12 other-category: event.category == "process" holds on no registry event`},
		{"a field of another category", `any where registry.path : "*\\a\\*" and not dns.question.name : "a"`,
			`9:45 other-category`},
		{"a field that is misspelled", `any where registry.path : "*\\a\\*" and not process.nam : "a"`,
			`9:45 no-shape`},
		{"a field that may be missing", `any where registry.path : "*\\a\\*" and not ?dns.question.name : "a"`, ""},
		{"two processes", `registry where process.name : "a*" and process.name == "b.exe"`,
			`9:16 never-true: the rule never fires: process.name : "a*" and process.name == "b.exe" exclude each other`},
		{"a process and all", `registry where process.name : "a.exe" and not process.name : "*.exe"`,
			`9:16 never-true: the rule never fires: what meets process.name : "a.exe" meets process.name : "*.exe", which is excluded`},
		{"a field that is misspelled, alone", `registry where event.type == "change" and registry.pth : "*\\a\\*"`,
			"9:16 never-true: the rule never fires: no event of it meets a test of a field that is always null\n9:43 no-shape"},
		{"lengths", `registry where registry.path : "*\\a\\*" and length(registry.value) > 5 and length(registry.value) < 5`,
			`9:16 never-true: the rule never fires: length(registry.value) > 5 and length(registry.value) < 5 exclude each other`},
		{"lengths of several strings", `registry where registry.path : "*\\a\\*" and length(registry.data.strings) > 5 and length(registry.data.strings) < 5`, ""},
		{"a hive of another name", `registry where registry.hive : ("HKLM", "HKCU") and registry.path : "*\\a\\*"`,
			`9:41 never-true: registry.hive : "HKCU" holds on no registry event: the hive is that of the canonical path`},
		{"a hive in lower case, with case", `registry where registry.hive == "hklm" and registry.path : "*\\a\\*"`,
			`9:16 never-true: registry.hive == "hklm" holds on no registry event: the hive is that of the canonical path, so the rule never fires`},
		{"a process of a number", `registry where process.pid == 4 and registry.path : "*\\a\\*"`, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			compare(t, tt.want, found(checked(t, map[string]string{"f.toml": queryOf(tt.query)})))
		})
	}
}
