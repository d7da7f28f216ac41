package rules

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestPatternsThatMatchNothingAreFound(t *testing.T) {
	for _, tt := range []struct{ item, want string }{ // what is said behind the code; the pattern's own text in front is left out
		{`TargetObject|startswith: 'HKML\SOFTWARE\'`, `no path begins with "HKML"; want HKLM`},
		{`TargetObject|startswith: 'HKEY_LOCAL_MACHIN\'`, `no path begins with "HKEY_LOCAL_MACHIN"; want HKEY_LOCAL_MACHINE`},
		{`TargetObject|startswith: '\REGISTRY\MACHNE\'`, `no path begins with "\\REGISTRY\\MACHNE"; want \REGISTRY\MACHINE`},
		{`TargetObject|startswith: '\REGISTRY\A\'`, ""},
		{`TargetObject|startswith: 'registry\machine\'`, ""},
		{`TargetObject|startswith: 'hklm\software'`, ""},
		{`TargetObject|startswith: 'HKEY_CLASSES_ROOT\CLSID\'`, ""},
		{`TargetObject|startswith: 'HKLM'`, ""},
		{`TargetObject|startswith: 'HK'`, ""},
		{`TargetObject|startswith: 'HKX'`, `no path begins with "HKX"; want HKU`},
		{`TargetObject: 'HKU\\*\Environment\UserInitMprLogonScript'`, ""},
		{`TargetObject: 'HKEY_USER*\Environment\UserInitMprLogonScript'`, ""},
		{`TargetObject|startswith: '\SOFTWARE\Corp\'`, `no path begins with "\\SOFTWARE": they begin with a hive`},
		{`TargetObject: 'SOFTWARE\Corp\a'`, `no path begins with "SOFTWARE": they begin with a hive`},
		{`TargetObject|contains: 'SOFTWARE\Corp\a'`, ""},
		{`TargetObject|endswith: 'HKML\a'`, ""}, // a key may be called so
		{`TargetObject|contains: 'HKLM/SOFTWARE/Corp'`, `the separator of registry paths is the backslash, not the slash of "HKLM/SOFTWARE/Corp"; want HKLM\SOFTWARE\Corp`},
		{`TargetObject|contains: 'HKEY_LOCAL_MACHINE/SOFTWARE'`, `the separator of registry paths is the backslash, not the slash of "HKEY_LOCAL_MACHINE/SOFTWARE"; want HKEY_LOCAL_MACHINE\SOFTWARE`},
		{`TargetObject|contains: '/CurrentVersion/Run/'`, `the separator of registry paths is the backslash, not the slash of "/CurrentVersion/Run/"; want \CurrentVersion\Run\`},
		{`TargetObject|contains: 'Software/Microsoft'`, `the separator of registry paths is the backslash, not the slash of "Software/Microsoft"; want Software\Microsoft`},
		{`TargetObject|contains: 'HKLM\SYSTEM/Corp'`, `the separator of registry paths is the backslash, not the slash of "SYSTEM/Corp"; want HKLM\SYSTEM\Corp`},
		{`TargetObject|contains: '\Content Type\application/x-corp'`, ""},
		{`TargetObject|contains: '/AppData/Local/Microsoft/Windows/INetCache/'`, ""}, // of a trusted document
		{`TargetObject|contains: 'Software\Corp\a/b'`, ""},
		{`TargetObject|contains: 'SOFTWARE\\\\Corp'`, `the separators of registry paths are single, and these are doubled; want SOFTWARE\Corp`},
		{`TargetObject|contains: 'SOFTWARE\\Corp'`, ""},            // an escape of one
		{`TargetObject|contains: '\\\\fileserver\\share'`, ""},     // the name of a value
		{`TargetObject|contains: '\Devices\\\\\\printserver'`, ""}, // a key, and such a name
		{`TargetObject: 'HKU\*\Software\Corp\a'`, `\* is a star itself, without a backslash, and no key is called "HKU*"; want \\*, a backslash and any text`},
		{`TargetObject|contains: '\Services\*\ImagePath'`, `\* is a star itself, without a backslash, and no key is called "Services*"; want \\*, a backslash and any text`},
		{`TargetObject|contains: '\Services\*'`, `\* is a star itself, without a backslash, and no key is called "Services*"; want \\*, a backslash and any text`},
		{`TargetObject|contains: '\Classes\\\*\shell'`, ""},
		{`TargetObject|contains: 'Corp\a\*b'`, ""},
		{`TargetObject|startswith: 'HKCR\\\*\shellex\'`, ""},
		{`TargetObject|contains: '\HardenedPaths\\\*\SYSVOL'`, ""},
		{`TargetObject: "HKLM\\SOFTWARE\run"`, `a path has no character '\r'; want a backslash, which is written \\ where \n, \r and \t are escapes`},
		{`TargetObject|endswith: '\CurrentVersion\Run'`, `a key ends so, and the path of a value goes on with its name; want contains, and a backslash at the end`},
		{`TargetObject: 'HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Run'`, `a key ends so, and the path of a value goes on with its name; want contains, and a backslash at the end`},
		{`TargetObject: 'HKCU\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon'`, `a key ends so, and the path of a value goes on with its name; want contains, and a backslash at the end`},
		{`TargetObject|endswith: '\Windows\Run'`, ""},    // a value of Windows
		{`TargetObject|endswith: '\Winlogon\Shell'`, ""}, // a value, and a key
		{`TargetObject|endswith: '\Run'`, ""},            // of a key that is not told
		{`TargetObject|contains: '\CurrentVersion\Run'`, ""},
		{`TargetObject|endswith: '\CurrentVersion\Run\'`, ""}, // its unnamed value
		{`Details: 'DWORD (00000001)'`, `no source writes an integer so; want DWORD (0x00000001)`},
		{`Details: 'DWORD (0x1)'`, `no source writes an integer so; want DWORD (0x00000001)`},
		{`Details: 'DWORD(0x00000001)'`, `no source writes an integer so; want DWORD (0x00000001)`},
		{`Details: 'dword:1'`, `no source writes an integer so; want DWORD (0x00000001)`},
		{`Details: 'QWORD (0x0000000100000002)'`, `no source writes an integer so; want QWORD (0x00000001-0x00000002)`},
		{`Details: 'DWORD (0x00000001)'`, ""},
		{`Details: 'dword (0x0000000A)'`, ""},
		{`Details: 'QWORD (0x00000000-0x00000001)'`, ""},
		{`Details|contains: 'DWORD (0x'`, ""},
		{`Details: 'DWORD'`, ""},
		{`Details: '1'`, ""},
		{`ParentImage: 'reg.exe'`, `the path of a program begins with its drive; want endswith, and '\reg.exe'`},
		{`ParentImage: '\reg.exe'`, `the path of a program begins with its drive; want endswith, and '\reg.exe'`},
		{`ParentImage|endswith: 'reg.exe'`, ""},
		{`ParentImage: 'System'`, ""},
		{`ParentImage: 'C:\reg.exe'`, ""},
		{`ParentImage|startswith: 'C:/Windows/'`, `the paths of programs have backslashes; want C:\Windows\`},
	} {
		t.Run(tt.item, func(t *testing.T) {
			detection := "  s:\n    " + tt.item + "\n    Image: x\n  condition: s\n"
			got := ""
			for _, p := range checked(t, map[string]string{"f.yml": ruleOf("registry_set", detection)}).Problems {
				_, what, _ := strings.Cut(p.What, `": `)
				got = what + "; want " + p.Want
				if p.Code != CodePattern || p.Line != 7 || p.Column != strings.Index(tt.item, ": ")+7 {
					t.Errorf("%v: code %s", p, p.Code)
				}
			}
			if !strings.HasPrefix(got, tt.want) || tt.want == "" && got != "" {
				t.Errorf("found %q, want %q", got, tt.want)
			}
		})
	}
}

func TestKeysAreNoMistakeWhereKeysAreMeant(t *testing.T) {
	for _, category := range []string{"registry_add", "registry_delete", "registry_event", "registry_rename"} {
		r := checked(t, map[string]string{"f.yml": ruleOf(category, "  s: {TargetObject|endswith: '\\CurrentVersion\\Run'}\n  condition: s\n")})
		if len(r.Problems) > 0 {
			t.Errorf("%s: %v", category, r.Problems)
		}
	}
}

func TestPatternsOfQueriesThatMatchNothingAreFound(t *testing.T) {
	for _, tt := range []struct{ query, want string }{
		{`registry where registry.path : ("HKLM\\a\\*", "HKML\\a\\*")`, `9:47 pattern: registry.path : "HKML\a\*": no path begins with "HKML"`},
		{`registry where registry.path : """HKLM\\SOFTWARE\\a"""`, `9:32 pattern: registry.path : "HKLM\\SOFTWARE\\a": the separators of registry paths are single, and these are doubled`},
		{`registry where registry.path : "HKLM\\SOFTWARE\new\\*"`, `9:32 pattern: registry.path : "HKLM\SOFTWARE[0a]ew\*": a path has no character '\n'`},
		{`registry where registry.path : "HKLM\\*\\a"`, ""},
		{`registry where startsWith(registry.path, "HKML\\")`, `9:16 pattern: registry.path startsWith "HKML\*": no path begins with "HKML"`},
		{`registry where registry.key : "HKLM\\Software\\a"`, `9:31 pattern: registry.key : "HKLM\Software\a": the key begins behind the hive, and so never with "HKLM"`},
		{`registry where registry.key : "\\Software\\a"`, `9:31 pattern: registry.key : "\Software\a": the key begins behind the hive and its backslash`},
		{`registry where registry.key : "Software\\a"`, ""},
		{`registry where registry.data.type == "REG_DWROD" and registry.path : "*\\a\\*"`, `9:16 pattern: registry.data.type == "REG_DWROD": no value has this type`},
		{`registry where registry.data.type : ("REG_SZ", "DWORD") and registry.path : "*\\a\\*"`, `9:48 pattern: registry.data.type : "DWORD": no value has this type`},
		{`registry where registry.data.type : "reg_sz" and registry.path : "*\\a\\*"`, ""},
		{`registry where process.name == "reg*" and registry.path : "*\\a\\*"`, `9:16 pattern: process.name == "reg[*]": == takes no wildcards: the star is a star itself`},
		{`registry where registry.path in ("HKLM\\a\\b", "HKLM\\a\\*")`, `9:48 pattern: registry.path in ("HKLM\a\[*]"): in takes no wildcards: the star is a star itself`},
		{`registry where registry.path == "HKCR\\*\\shell\\a\\(Default)"`, ""},
		{`registry where registry.data.strings == "*" and registry.path : "*\\a\\*"`, ""},
		{`registry where process.name : "C:\\Windows\\reg.exe" and registry.path : "*\\a\\*"`, `9:31 pattern: process.name : "C:\Windows\reg.exe": the name of a program has no folder`},
		{`registry where process.executable : ("reg.exe", "?:\\Windows\\reg.exe") and registry.path : "*\\a\\*"`, `9:38 pattern: process.executable : "reg.exe": the path of a program begins with its drive`},
		{`registry where registry.path : "HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Run" and registry.data.strings != null`, `9:32 pattern: registry.path : "HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Run": a key ends so, and the path of a value goes on with its name`},
		{`registry where registry.path : "HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Run" and event.type == "change"`, ""}, // a key that is renamed
	} {
		t.Run(tt.query, func(t *testing.T) {
			compare(t, tt.want, found(checked(t, map[string]string{"f.toml": queryOf(tt.query)})))
		})
	}
}

func TestExceptionsAreJudged(t *testing.T) {
	rule := ruleOf("registry_set", "  s: {TargetObject|contains: corp}\n  condition: s\n")
	exception := func(selection, condition string) string {
		return fmt.Sprintf("title: Known\nlogsource: {category: registry_set}\nfilter:\n  rules: any\n  k: %s\n  condition: %s\n", selection, condition)
	}
	for _, tt := range []struct{ name, exception, want string }{
		{"good", exception("{Image: x}", "not k"), ""},
		{"a misspelled path", exception("{TargetObject|startswith: 'HKML\\a'}", "not k"), `5:32 pattern: TargetObject|startswith "HKML\a": no path begins with "HKML"`},
		{"an action of another log source", exception("{EventType: DeleteKey, Image: x}", "not k"), `5:18 never-true: EventType "DeleteKey" holds on no event that the rule is about`},
		{"all events", exception("{TargetObject|contains: ''}", "not k"), "6:14 never-true: exception \"Known\" leaves no event to its rules\n7:14 never-true: its exceptions leave the rule nothing to fire on"},
		{"all events of the rule", exception("{TargetObject|contains: cor}", "not k"), `7:14 never-true: its exceptions leave the rule nothing to fire on: what meets TargetObject|contains "corp" meets TargetObject|contains "cor", which is excluded`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := checked(t, map[string]string{"f.yml": rule, "x.yml": tt.exception})
			slices.SortFunc(r.Problems, func(a, b Problem) int { return a.Line - b.Line })
			compare(t, tt.want, found(r))
		})
	}
}

func TestProblemsComeByFileLineAndColumn(t *testing.T) {
	rule := ruleOf("registry_set", "  s: {TargetObject|startswith: ['HKML\\a', 'HKXX\\b'], Details: 'DWORD (1)'}\n  u: {Image: x}\n  condition: s\n")
	r := checked(t, map[string]string{
		"b.yml": rule, "a.yml": "title: [\n", "c.yml": rule,
		"d.yml": strings.Replace(rule, "condition: s", "condition: t", 1),
		"e.yml": strings.Replace(rule, "title: Small", "title: Other", 1),
	})
	var got []string
	for _, p := range r.Problems {
		got = append(got, fmt.Sprintf("%s:%d:%d %s %s", p.File, p.Line, p.Column, p.Severity(), p.Code))
	}
	want := []string{
		"a.yml:1:0 error syntax",
		"b.yml:6:33 warning pattern", "b.yml:6:43 warning pattern", "b.yml:6:63 warning pattern", "b.yml:7:3 warning unused-selection",
		"c.yml:1:1 error duplicate-content", "d.yml:8:14 error condition", "e.yml:2:5 error duplicate-id",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
	if n := r.Rejected(); n != 4 {
		t.Errorf("%d rejected, want 4", n)
	}
	if line, ok := r.Line(r.Problems[4]); !ok || line != "  u: {Image: x}" {
		t.Errorf("line %q, %v", line, ok)
	}
}

// TestCheckChangesNothingOfWhatRuns compares with Load.
func TestCheckChangesNothingOfWhatRuns(t *testing.T) {
	config := Config{Pack: true, Paths: []string{"testdata/sigma", "testdata/elastic"}}
	for _, name := range []string{"REGTRAP_SIGMA_RULES", "REGTRAP_ELASTIC_RULES"} {
		if path := os.Getenv(name); path != "" {
			config.Paths = append(config.Paths, path)
		}
	}
	s, _, err := Load(config)
	if err != nil {
		t.Fatal(err)
	}
	r, err := Check(config)
	if err != nil {
		t.Fatal(err)
	}
	if r.Snapshot.Hash != s.Hash || len(r.Snapshot.Rules) != len(s.Rules) || len(s.Rules) < 5 {
		t.Errorf("%d rules %s, want %d rules %s", len(r.Snapshot.Rules), r.Snapshot.Hash, len(s.Rules), s.Hash)
	}
	for i, rule := range s.Rules {
		if a, b := rule.Condition.String(), r.Snapshot.Rules[i].Condition.String(); a != b {
			t.Errorf("%s: condition %s, want %s", rule.Name, b, a)
		}
		if rule.places != nil {
			t.Errorf("%s: what runs keeps the places of its parts", rule.Name)
		}
	}
}

func TestPackHasNoProblems(t *testing.T) {
	r, err := Check(Config{Pack: true})
	if err != nil || len(r.Problems) > 0 {
		t.Error(r.Problems, err)
	}
}

func TestEveryCodeIsDescribed(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "problem.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var declared []string
	ast.Inspect(file, func(n ast.Node) bool {
		if v, ok := n.(*ast.ValueSpec); ok && strings.HasPrefix(v.Names[0].Name, "Code") {
			text, err := strconv.Unquote(v.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			declared = append(declared, text)
		}
		return true
	})
	var described []string
	for _, c := range Codes() {
		described = append(described, string(c.Code))
		if got := (Problem{Code: c.Code, Warning: c.Severity != "error"}).Severity(); got != c.Severity {
			t.Errorf("%s is described as %s, and its problems are %s", c.Code, c.Severity, got)
		}
	}
	if !slices.Equal(declared, described) || len(declared) < 20 {
		t.Errorf("declared %q\ndescribed %q", declared, described)
	}
}
