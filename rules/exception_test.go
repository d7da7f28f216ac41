package rules

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regtrap/regtrap/matcher"
	"github.com/regtrap/regtrap/schemas"
)

// exceptionText is a filter; replacements change it: old, new, old, new …
func exceptionText(replace ...string) string {
	return strings.NewReplacer(replace...).Replace(`title: Known installer
logsource:
    category: registry_set
    product: windows
filter:
    rules:
        - 6f9619ff-8b86-4d01-b42d-00cf4fc964ff
    known:
        Image|endswith: '\setup.exe'
    condition: not known
`)
}

// setValue is an event that sets a value.
func setValue(fields map[schemas.Field][]string) *schemas.Event {
	return schemas.BuildEvent(fields, schemas.ValueSet)
}

// titles returns the titles of what is left of the hits on an event.
func titles(s *Snapshot, ev *schemas.Event) []string {
	var names []string
	for _, h := range s.Fold(nil, s.Set.NewMatcher().Match(nil, ev)) {
		names = append(names, h.Rule.Name)
	}
	return names
}

func TestExceptionIsAddedToTheRulesThatItNames(t *testing.T) {
	other := sigmaRule("6f9619ff", "11111111", "Small", "Other", "Details: x", "Details: 'x*'", "title:", "name: other_rule\ntitle:")
	installer := setValue(map[schemas.Field][]string{schemas.RegistryPath: {`HKLM\a\b`}, schemas.RegistryDataStrings: {"x"}, schemas.ProcessExecutable: {`C:\setup.exe`}})
	malware := setValue(map[schemas.Field][]string{schemas.RegistryPath: {`HKLM\a\b`}, schemas.RegistryDataStrings: {"x"}, schemas.ProcessExecutable: {`C:\evil.exe`}})
	for _, tt := range []struct {
		name, rules, category string
		want                  []string
		warning               string
	}{
		{"by id", "[6F9619FF-8b86-4d01-b42d-00cf4fc964ff]", "registry_set", []string{"Other rule"}, ""},
		{"by title", "Small rule", "registry_set", []string{"Other rule"}, ""},
		{"by name", "[other_rule]", "registry_set", []string{"Small rule"}, ""},
		{"by both", "[other_rule, Small rule]", "registry_set", nil, ""},
		{"any", "any", "registry_set", nil, ""},
		{"an empty list is any", "[]", "registry_set", nil, ""},
		{"another log source", "any", "registry_add", []string{"Small rule", "Other rule"}, "x.yml:1:1: warning: exception \"Known installer\" applies to no loaded rule"},
		{"a rule of another log source", "other_rule", "registry_add", []string{"Small rule", "Other rule"}, `x.yml:6:12: warning: exception "Known installer" has log source registry_add, and rule "other_rule" another`},
		{"no such rule", "[other_rule, third]", "registry_set", []string{"Small rule"}, `x.yml:6:25: warning: exception "Known installer" names "third", which is no loaded rule`},
	} {
		text := exceptionText("\n        - 6f9619ff-8b86-4d01-b42d-00cf4fc964ff", " "+tt.rules, "registry_set", tt.category)
		// The exception stands before the rules: all files are read first.
		s, problems := loadText(t, "x.yml", text, "a.yml", sigmaRule(), "b.yml", other)
		if tt.warning == "" && len(problems) > 0 ||
			tt.warning != "" && (len(problems) != 1 || !strings.HasPrefix(problems[0].String(), tt.warning) || problems[0].Code != CodeException) {
			t.Errorf("%s: problems %v, want %q", tt.name, problems, tt.warning)
		}
		if d := cmp.Diff(tt.want, titles(s, installer)); d != "" {
			t.Errorf("%s: what is excepted:\n%s", tt.name, d)
		}
		if d := cmp.Diff([]string{"Small rule", "Other rule"}, titles(s, malware)); d != "" {
			t.Errorf("%s: what is not excepted:\n%s", tt.name, d)
		}
	}
}

func TestExceptionChangesTheHashOfItsRulesOnly(t *testing.T) {
	other := sigmaRule("6f9619ff", "11111111", "Small", "Other", "Details: x", "Details: y")
	plain, _ := loadText(t, "a.yml", sigmaRule(), "b.yml", other)
	x, y := exceptionText(), exceptionText("setup", "update", "Known", "Other")
	one, _ := loadText(t, "a.yml", sigmaRule(), "b.yml", other, "x.yml", x)
	if plain.Hash == one.Hash || plain.Rules[0].Hash == one.Rules[0].Hash || plain.Rules[1].Hash != one.Rules[1].Hash {
		t.Errorf("hashes %s %s %s, %s %s %s", plain.Hash, plain.Rules[0].Hash, plain.Rules[1].Hash, one.Hash, one.Rules[0].Hash, one.Rules[1].Hash)
	}
	two, _ := loadText(t, "a.yml", sigmaRule(), "b.yml", other, "x.yml", x, "y.yml", y)
	turned, _ := loadText(t, "y.yml", y+"---\n"+x, "b.yml", other, "a.yml", sigmaRule())
	if two.Hash == one.Hash || two.Hash != turned.Hash {
		t.Errorf("two exceptions: %s, in another order %s, one of them %s", two.Hash, turned.Hash, one.Hash)
	}
}

func TestExceptedSpecialCaseLeavesTheFirstRule(t *testing.T) {
	sources, err := packSources()
	if err != nil {
		t.Fatal(err)
	}
	sources = append(sources, source{name: "x.yml", data: []byte(exceptionText("6f9619ff-8b86-4d01-b42d-00cf4fc964ff", shell, "Image|endswith: '\\setup.exe'", "Details: kiosk.exe"))})
	s, problems, err := load(sources, Choice{})
	if err != nil || len(problems) > 0 {
		t.Fatal(problems, err)
	}
	for data, want := range map[string]string{
		"kiosk.exe": "Persistence via WMI Standard Registry Provider",
		"evil.exe":  "Detect WMI Registry Persistence via Winlogon Shell Modification",
	} {
		ev := setValue(map[schemas.Field][]string{
			schemas.RegistryPath:        {`HKU\S-1-5-21-1-2-3-1001\Software\Microsoft\Windows NT\CurrentVersion\Winlogon\Shell`},
			schemas.RegistryDataStrings: {data},
			schemas.ProcessExecutable:   {`C:\Windows\System32\wbem\WmiPrvSE.exe`},
		})
		if d := cmp.Diff([]string{want}, titles(s, ev)); d != "" {
			t.Errorf("%s:\n%s", data, d)
		}
	}
}

func TestExceptionOfALogSourceSparesOtherEventsOfARuleWithoutOne(t *testing.T) {
	known := matcher.Not{X: matcher.Match{Field: schemas.ProcessExecutable, Pattern: parsePattern("x", "")}}
	x := &exception{title: "x", category: "registry_delete", condition: known}
	want := `(not any(EventType : "DeleteKey" or EventType : "DeleteValue") or not process.executable : "x")`
	if got := x.added(&Rule{}).String(); got != strings.Replace(want, "any(", "(", 1) {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := x.added(&Rule{category: "registry_delete"}).String(); got != `not process.executable : "x"` {
		t.Errorf("a rule of the log source: %s", got)
	}
}

func TestExceptionProblems(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"no title", exceptionText("title: Known installer\n", ""), "x.yml:1:1: the exception has no title: "},
		{"no logsource", exceptionText("logsource", "logs"), "x.yml:1:1: the exception has no logsource: "},
		{"other logsource", exceptionText("registry_set", "process_creation"), `x.yml:3:15: logsource category "process_creation" holds no registry events: `},
		{"a rule too", exceptionText() + "detection:\n    a:\n        Details: x\n    condition: a\n", ": detection beside filter: a rule and an exception in one document: "},
		{"no rules", exceptionText("rules", "ruled"), "x.yml:6:5: the exception names no rules: "},
		{"empty rules", exceptionText("\n        - 6f9619ff-8b86-4d01-b42d-00cf4fc964ff", ""), "x.yml:6:5: the exception names no rules: "},
		{"no condition", exceptionText("    condition: not known\n", ""), "x.yml:6:5: filter without a condition: "},
		{"conditions", exceptionText("not known", "[not known]"), "x.yml:10:16: the condition of an exception is no text: "},
		{"unknown selection", exceptionText("not known", "not knwon"), `x.yml:10:20: the condition names "knwon"`},
		{"no filter map", "title: x\nlogsource: {product: windows}\nfilter: x\n", "x.yml:3:9: filter is no map: "},
		{"excludes nothing", exceptionText("not known", "known"), `x.yml:6:5: warning: exception "Known installer" excludes nothing: its rules fire only where its condition holds: condition: not selection`},
		{"twice", exceptionText() + "---\n" + exceptionText(), "x.yml:12:1: the same exception as x.yml:1, which applies: "},
		{"id twice", exceptionText("title", "id: 22222222-8b86-4d01-b42d-00cf4fc964ff\ntitle") + "---\n" + exceptionText("title", "id: 22222222-8b86-4d01-b42d-00cf4fc964ff\ntitle", "Known", "Other"), "x.yml:13:1: id 22222222-8b86-4d01-b42d-00cf4fc964ff is already that of exception"},
	} {
		_, problems := loadText(t, "x.yml", tt.text, "a.yml", sigmaRule())
		var all []string
		for _, p := range problems {
			all = append(all, p.String())
			if p.Code == "" {
				t.Errorf("%s: no code: %v", tt.name, p)
			}
		}
		if got := strings.Join(all, "\n"); !strings.Contains(got, tt.want) {
			t.Errorf("%s: no problem says %q:\n%s", tt.name, tt.want, got)
		}
	}
}

func TestSameRuleOfPackAndFolderRunsOnce(t *testing.T) {
	sources, err := packSources()
	if err != nil {
		t.Fatal(err)
	}
	s, problems, err := load(append(sources, source{name: "copy.yml", data: sources[0].data}), Choice{})
	if err != nil || len(s.Rules) != len(sources) || len(problems) != 1 || problems[0].Code != CodeDuplicateContent ||
		!strings.Contains(problems[0].String(), "copy.yml:1:1: the same rule as pack/") {
		t.Errorf("%d rules, %v, %v", len(s.Rules), problems, err)
	}
}

func TestSameDetectionUnderAnotherIDIsAWarning(t *testing.T) {
	s, problems := loadText(t, "a.yml", sigmaRule(), "b.yml", sigmaRule("6f9619ff", "11111111", "Small", "Other", "selection", "sel"))
	if len(problems) > 0 || len(s.Rules) != 2 {
		t.Fatal(problems)
	}
	w := s.Rules[1].Warnings
	if len(w) != 1 || w[0].Code != CodeDuplicateContent || !w[0].Warning || !strings.Contains(w[0].String(), `the same detection as "Small rule" (a.yml:1)`) {
		t.Errorf("warnings %v", w)
	}
	s, _ = loadText(t, "a.yml", sigmaRule(), "b.yml", sigmaRule("6f9619ff", "11111111", "registry_set", "registry_add"))
	if w := s.Rules[1].Warnings; len(w) > 0 {
		t.Errorf("another log source: %v", w)
	}
}
