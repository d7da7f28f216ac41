package rules

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regtrap/regtrap/matcher"
)

// sigmaRule is a small rule; replacements change it: old, new, old, new …
func sigmaRule(replace ...string) string {
	return strings.NewReplacer(replace...).Replace(`title: Small rule
id: 6f9619ff-8b86-4d01-b42d-00cf4fc964ff
status: test
level: low
logsource:
    category: registry_set
    product: windows
detection:
    selection:
        Details: x
    condition: selection
`)
}

// loadText loads files given as name, text, name, text …
func loadText(t testing.TB, files ...string) (*Snapshot, []Problem) {
	t.Helper()
	var sources []source
	for i := 0; i < len(files); i += 2 {
		sources = append(sources, source{files[i], []byte(files[i+1]), false})
	}
	s, problems, err := load(sources, Choice{})
	if err != nil {
		t.Fatal(err)
	}
	return s, problems
}

func TestProblemsNameLineTextAndRemedy(t *testing.T) {
	alias := "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
	for i := 1; i < 8; i++ {
		alias += fmt.Sprintf("a%d: &a%d [*a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d]\n", i, i, i-1, i-1, i-1, i-1, i-1, i-1, i-1, i-1, i-1, i-1)
	}
	for _, tt := range []struct{ name, text, want string }{
		{"no title", sigmaRule("title: Small rule\n", ""), "f.yml:1:1: the rule has no title: "},
		{"no id", sigmaRule("id: 6f9619ff-8b86-4d01-b42d-00cf4fc964ff\n", ""), "f.yml:1:1: the rule has no id: "},
		{"empty level", sigmaRule("level: low", "level:"), "f.yml:1:1: the rule has no level: "},
		{"no logsource", sigmaRule("logsource:", "logs:"), "f.yml:1:1: the rule has no logsource: "},
		{"no detection", sigmaRule("detection:", "detect:"), "f.yml:1:1: the rule has no detection: "},
		{"no condition", sigmaRule("    condition: selection\n", ""), "f.yml:9:5: detection without a condition: "},
		{"id", sigmaRule("6f9619ff-", "x-"), `f.yml:2:5: id "x-8b86-4d01-b42d-00cf4fc964ff" is no UUID: `},
		{"level", sigmaRule("low", "severe"), `f.yml:4:8: level "severe" is unknown: informational, low, medium, high, critical`},
		{"status", sigmaRule("status: test", "status: done"), `f.yml:3:9: status "done" is unknown: `},
		{"category", sigmaRule("registry_set", "process_creation"), `f.yml:6:15: logsource category "process_creation" holds no registry events: registry_add, registry_delete, registry_event, registry_rename, registry_set`},
		{"no category", sigmaRule("    category: registry_set\n", ""), "f.yml:6:5: the logsource has no category: "},
		{"product", sigmaRule("windows", "linux"), `f.yml:7:14: logsource product "linux" has no registry: product: windows`},
		{"service", sigmaRule("product: windows", "service: sysmon"), `f.yml:7:5: logsource service "sysmon" is not supported: `},
		{"unknown field", sigmaRule("Details: x", "CommandLine2: x"), `f.yml:10:9: CommandLine2: field "CommandLine2" is not one of a registry event: `},
		{"modifier", sigmaRule("Details: x", "Details|dash: x"), `f.yml:10:9: Details|dash: modifier "dash" is unknown: `},
		{"time modifier", sigmaRule("Details: x", "Details|hour: 3"), `f.yml:10:9: Details|hour: modifier "hour" is not supported: `},
		{"fieldref", sigmaRule("Details: x", "Details|fieldref: Image|x"), `field "Image|x" is not one of a registry event`},
		{"expand", sigmaRule("Details: x", "Details|expand: '%x%'"), `f.yml:10:25: Details|expand: "%x%": placeholder %x% has no value: `},
		{"two modifiers", sigmaRule("Details: x", "Details|contains|endswith: x"), `f.yml:10:9: Details|contains|endswith: modifiers "contains" and "endswith" exclude each other: `},
		{"modifier twice", sigmaRule("Details: x", "Details|all|all: [x]"), `modifier "all" twice`},
		{"flag without re", sigmaRule("Details: x", "Details|i: x"), `modifier "i" without re before it`},
		{"cased re", sigmaRule("Details: x", "Details|re|cased: x"), `modifier cased does not go with re`},
		{"regular expression", sigmaRule("Details: x", "Details|re: '(?=x)'"), `f.yml:10:21: Details|re: "(?=x)" is not a value for it: a regular expression in RE2 syntax (`},
		{"exists", sigmaRule("Details: x", "Details|exists: 'true'"), `"true" is not a value for it: true or false`},
		{"number", sigmaRule("Details: x", "Details|gt: x"), `"x" is not a value for it: an integer`},
		{"null part", sigmaRule("Details: x", "Details|contains: null"), `"null" is not a value for it: text`},
		{"empty list", sigmaRule("Details: x", "Details: []"), "f.yml:10:18: Details has an empty list: "},
		{"map as value", sigmaRule("Details: x", "Details: {a: b}"), "f.yml:10:18: Details has a map as its value: "},
		{"list in list", sigmaRule("Details: x", "Details: [[a]]"), "f.yml:10:19: Details has a nested list or map"},
		{"list in selection", sigmaRule("\n        Details: x", " [[a], b]"), "f.yml:9:17: selection selection has a list in a list: "},
		{"null keyword", sigmaRule("\n        Details: x", " [a, null]"), `f.yml:9:20: selection selection: "null" is not a value for it: text: null is no keyword`},
		{"empty keyword", sigmaRule("\n        Details: x", " ''"), `f.yml:9:16: selection selection: keyword "" is in every event: `},
		{"keyword that exists", sigmaRule("Details: x", "'|exists': true"), `modifier "exists" without a field`},
		{"empty selection", sigmaRule("\n        Details: x", " {}"), "f.yml:9:16: selection selection is empty: "},
		{"detection that is a list", "title: x\nid: 6f9619ff-8b86-4d01-b42d-00cf4fc964ff\nlevel: low\nlogsource: {category: registry_set}\ndetection: []\n", "f.yml:5:12: detection is no map: "},
		{"timeframe", sigmaRule("    condition", "    timeframe: 5m\n    condition"), "f.yml:11:5: timeframe: "},
		{"aggregation", sigmaRule("condition: selection", "condition: selection | count() > 3"), `f.yml:11:26: condition "selection | count() > 3": aggregations`},
		{"unknown selection", sigmaRule("condition: selection", "condition: selektion"), `f.yml:11:16: the condition names "selektion", which is no selection of this rule: `},
		{"bad unused selection", sigmaRule("    condition", "    other:\n        Foo: x\n    condition"), `f.yml:12:9: Foo: field "Foo"`},
		{"collection", "action: global\n" + sigmaRule(), "f.yml:1:1: action: rule collections (action: global) ended"},
		{"correlation", "title: x\ncorrelation:\n    type: event_count\n", "f.yml:2:1: correlation rules are not supported: x: "},
		{"key twice", sigmaRule("    condition", "    selection:\n        Details: y\n    condition"), "f.yml:11:5: selection stands twice in one map, first on line 9: "},
		{"condition beside a bad selection", sigmaRule("Details: x", "Foo: x", "condition: selection", "condition: selektion"), `f.yml:11:16: the condition names "selektion"`},
		{"map as a key", "? {a: b}\n: c\n", "f.yml:1:3: a map or list is the key of a map: text as the key"},
		{"tag", sigmaRule("Details: x", "Details: !!binary eA=="), `"eA==" has the tag !!binary`},
		{"merge", sigmaRule("Details: x", "<<: {Details: x}"), `"<<" has the tag !!merge`},
		{"no YAML", "title: [\nid: x\n", "f.yml:"},
		{"no map", "- a\n- b\n", "f.yml:1:1: not a Sigma rule but a list or a text: "},
		{"alias bomb", alias, "the rule has more than 100000 values"},
		{"many tests", sigmaRule("Details: x", "Details|windash: ["+strings.Repeat("-a -a -a -a,", 161)+"]"), "f.yml:10:1947: the rule has more than 100000 tests"},
		{"selections meant often", sigmaRule("Details: x", "Details: ["+strings.Repeat("x,", 1000)+"]", "condition: selection", "condition: selection"+strings.Repeat(" or selection", 100)), "the rule has more than 100000 tests"},
		{"deep", "a: " + strings.Repeat("[", 50) + strings.Repeat("]", 50), "the rule is nested more than 32 deep"},
		{"risk score", sigmaRule() + "regtrap:\n    risk_score: 101\n", `f.yml:13:17: risk_score "101" is no score: an integer from 0 to 100`},
		{"supersedes", sigmaRule() + "regtrap:\n    supersedes: [that one]\n", `f.yml:13:18: supersedes "that one", which is no UUID: `},
		{"own attribute", sigmaRule() + "regtrap:\n    risk: 5\n", `f.yml:13:5: regtrap has no attribute "risk": risk_score, note, tags, supersedes`},
		{"second document", sigmaRule() + "---\ntitle: x\n", "f.yml:13:1: the rule has no id: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, problems := loadText(t, "f.yml", tt.text)
			var all []string
			for _, p := range problems {
				all = append(all, p.String())
				if strings.Contains(p.String(), tt.want) {
					return
				}
			}
			t.Errorf("no problem says %q:\n%s", tt.want, strings.Join(all, "\n"))
		})
	}
}

func TestRejectedRulesLeaveTheOthers(t *testing.T) {
	other := sigmaRule("6f9619ff", "11111111", "Small", "Other")
	s, problems := loadText(t, "a.yml", sigmaRule("low", "severe")+"---\n"+other, "b.yml", other+"---\n"+sigmaRule())
	var names []string
	for _, r := range s.Rules {
		names = append(names, fmt.Sprintf("%s %s:%d", r.Name, r.File, r.Line))
	}
	if d := cmp.Diff([]string{"Other rule a.yml:13", "Small rule b.yml:13"}, names); d != "" {
		t.Error(d)
	}
	if len(problems) != 2 || !strings.Contains(problems[1].String(), `b.yml:1:1: the same rule as a.yml:13, which runs: one of the two`) ||
		problems[0].Rule != "Small rule" {
		t.Errorf("problems: %v", problems)
	}
}

func TestDetectionBecomesAnExpression(t *testing.T) {
	for _, tt := range []struct{ detection, want string }{
		{`{s: {Details: 00000429}, condition: s}`, `registry.data.strings : "00000429"`},
		{`{s: {Details: 0x10}, condition: s}`, `registry.data.strings : "0x10"`},
		{`{s: {Details: [1, text, yes]}, condition: s}`, `(registry.data.strings : "1" or registry.data.strings : "text" or registry.data.strings : "yes")`},
		{`{s: {Details: null}, condition: s}`, `not registry.data.strings exists`},
		{`{s: {Details: [null, '']}, condition: s}`, `(not registry.data.strings exists or registry.data.strings : "")`},
		{`{s: {Details|exists: false}, condition: s}`, `not registry.data.strings exists`},
		{`{s: {Details|contains|all: [a, b]}, condition: s}`, `(registry.data.strings : "*a*" and registry.data.strings : "*b*")`},
		{`{s: {Details|contains|all: a}, condition: s}`, `registry.data.strings : "*a*"`},
		{`{s: {Details|neq: [a, b]}, condition: s}`, `not (registry.data.strings : "a" or registry.data.strings : "b")`},
		{`{s: {Details|cased: aB}, condition: s}`, `registry.data.strings like "aB"`},
		{`{s: {Details|re|i: 'a.c'}, condition: s}`, `registry.data.strings matches "(?i)a.c"`},
		{`{s: {Details|gte: 010, Details|lt: 0x20}, condition: s}`, `(registry.data.strings >= 10 and registry.data.strings < 32)`},
		{`{s: [{Details: a, Image: b}, {User: c}], condition: not s}`, `not ((registry.data.strings : "a" and process.executable : "b") or user : "c")`},
		{`{s: {Details: a}, t: {Details: b}, condition: [s, t]}`, `(registry.data.strings : "a" or registry.data.strings : "b")`},
		{`{s: &x {Details: a}, t: *x, condition: s and t}`, `(registry.data.strings : "a" and registry.data.strings : "a")`},
		{`{s: {EventID: [12, 13]}, condition: s}`, `(EventID : "12" or EventID : "13")`},
		{`{s: {Details|contains: 'a'}, unused: {Details: b}, condition: s}`, `registry.data.strings : "*a*"`},
	} {
		head, _, _ := strings.Cut(sigmaRule(), "detection:")
		s, problems := loadText(t, "f.yml", head+"detection: "+tt.detection)
		if len(problems) > 0 {
			t.Errorf("%s: %v", tt.detection, problems)
		} else if got := s.Rules[0].Condition.String(); !strings.EqualFold(got, tt.want) {
			t.Errorf("%s\n got %s\nwant %s", tt.detection, got, tt.want)
		}
	}
}

func TestOperatorIsKeptForTheAlert(t *testing.T) {
	s, _ := loadText(t, "f.yml", sigmaRule("Details:", "Details|endswith:"))
	if m := bare(s.Rules[0].Condition).(matcher.Match); m.Op != "endswith" {
		t.Errorf("Op is %q", m.Op)
	}
}

func TestHashIsOfTheRulesNotOfTheFiles(t *testing.T) {
	other := sigmaRule("6f9619ff", "11111111")
	hash := func(files ...string) string {
		s, problems := loadText(t, files...)
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		return s.Hash
	}
	want := hash("a.yml", sigmaRule(), "b.yml", other)
	for name, got := range map[string]string{
		"renamed and turned round": hash("x.yml", other, "y.yml", sigmaRule()),
		"in one file":              hash("a.yml", other+"---\n"+sigmaRule()),
		"commented":                hash("a.yml", "# hello\n"+sigmaRule("low", "'low' # really"), "b.yml", other),
	} {
		if got != want {
			t.Errorf("%s: the hash changes", name)
		}
	}
	for name, got := range map[string]string{
		"another level":    hash("a.yml", sigmaRule("low", "high"), "b.yml", other),
		"one rule less":    hash("a.yml", sigmaRule()),
		"quotes that tell": hash("a.yml", sigmaRule("Details: x", "Details: 'null'")),
		"null":             hash("a.yml", sigmaRule("Details: x", "Details: null")),
		"no rule":          hash(),
	} {
		if got == want {
			t.Errorf("%s: the hash stays", name)
		}
	}
	if len(want) != 16 {
		t.Errorf("hash %q", want)
	}
}

func TestFoldersAreReadRecursivelyAndOnce(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		name = filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	id := func(c string) string { return sigmaRule("6f9619ff", strings.Repeat(c, 8), "Small", c) }
	write("b.yml", id("b"))
	write("a/a.YAML", id("a"))
	write("a/notes.txt", "no rule")
	write(".git/x.yml", id("d"))
	write("..2026/mounted.yml", id("c"))
	if err := os.Symlink(filepath.Join("..2026", "mounted.yml"), filepath.Join(dir, "mounted.yml")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(dir, filepath.Join(dir, "a", "circle")); err != nil {
		t.Fatal(err)
	}
	write("old.toml", "")
	s, problems, err := Load(Config{Paths: []string{dir, filepath.Join(dir, "b.yml"), filepath.Join(dir, "a", "notes.txt")}})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range s.Rules {
		got = append(got, r.Name)
	}
	for _, p := range problems {
		got = append(got, strings.ReplaceAll(p.String(), dir, "DIR"))
	}
	want := []string{"a rule", "b rule", "c rule",
		"DIR/old.toml: warning: the file is empty: a rule, or no file",
		"DIR/a/notes.txt: no rule file here: a Sigma rule, .yml or .yaml, or one of Elastic's, .toml, or a folder with some",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}

	empty := t.TempDir()
	if _, problems, err := Load(Config{Paths: []string{empty}}); err != nil || len(problems) != 1 {
		t.Errorf("an empty folder: %v, %v", problems, err)
	}
	if _, _, err := Load(Config{Paths: []string{filepath.Join(empty, "none.yml")}}); err == nil {
		t.Error("a missing file is no error")
	}
	large := filepath.Join(empty, "large.yml")
	if err := os.WriteFile(large, make([]byte, maxFileSize+1), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, problems, err := Load(Config{Paths: []string{large}}); err != nil || len(problems) != 1 || !strings.Contains(problems[0].What, "larger than") {
		t.Errorf("a large file: %v, %v", problems, err)
	}
}

func FuzzLoadNeverPanics(f *testing.F) {
	f.Add([]byte(sigmaRule()))
	pack, err := packSources()
	if err != nil {
		f.Fatal(err)
	}
	for _, src := range pack {
		f.Add(src.data)
	}
	for _, file := range []string{"testdata/sigma/language.yml"} {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(exceptionText() + "---\n" + sigmaRule()))
	f.Add([]byte("a: &a [*a]"))
	f.Add([]byte("? {a: b}\n: c\n--- !x y"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, problems, err := load([]source{{"f.yml", data, false}}, Choice{})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range s.Rules {
			if r.ID == "" || r.Name == "" || r.Condition == nil || r.Actions == 0 {
				t.Errorf("incomplete rule %+v", r)
			}
		}
		for _, p := range problems {
			if p.What == "" || p.Want == "" || p.File != "f.yml" || p.Line < 0 || p.Code == "" || p.Column == 0 && p.Code != CodeSyntax {
				t.Errorf("incomplete problem %+v", p)
			}
		}
	})
}
