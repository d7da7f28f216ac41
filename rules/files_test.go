package rules

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAnEmptyFileIsNoticed(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"a.yml": sigmaRule(), "b.yml": "", "c.yml": " \n", "d.yml": "# nothing\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, problems, err := Load(Config{Paths: []string{dir}})
	if err != nil || len(s.Rules) != 1 || len(problems) != 2 {
		t.Fatal(problems, err)
	}
	for i, name := range []string{"b.yml", "c.yml"} {
		if p := problems[i]; p.File != filepath.Join(dir, name) || !p.Warning || p.Code != CodeFile || p.What != "the file is empty" {
			t.Errorf("%+v: want a warning of %s", p, name)
		}
	}
}

func TestFingerprintTellsWhatLoadWouldRead(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	paths := []string{dir}
	seen := make(map[[32]byte]string)
	changed := func(what string, want bool) {
		t.Helper()
		f := Read(paths).Fingerprint()
		if before, known := seen[f]; known == want {
			t.Errorf("%s: changed is %v (as %q): want %v", what, !known, before, want)
		}
		seen[f] = what
	}
	changed("empty folder", true)
	write("a.yml", sigmaRule())
	changed("a file", true)
	write("a.yml", sigmaRule())
	changed("the same again", false)
	write("notes.txt", "x")
	changed("a file that is no rule's", false)
	write(".a.yml.swp", "x")
	changed("an editor's file", false)
	write("a.yml", sigmaRule("low", "high"))
	changed("an edit", true)
	write("b.yml", "")
	changed("an empty file", true)
	paths = append(paths, filepath.Join(dir, "none"))
	changed("a path that does not exist", true)
	changed("still", false)
}

func TestEveryPathThatCannotBeReadIsNamedAsItWasGiven(t *testing.T) {
	dir := t.TempDir()
	for link, target := range map[string]string{"loop.yml": "loop.yml", "gone.yml": "nowhere", "README": "elsewhere"} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	_, _, err := Load(Config{Paths: []string{dir, filepath.Join(dir, "none"), ""}})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		"rules: " + filepath.Join(dir, "README") + ": " + filepath.Join(dir, "elsewhere") + ": ",
		"rules: " + filepath.Join(dir, "gone.yml") + ": " + filepath.Join(dir, "nowhere") + ": ",
		"rules: " + filepath.Join(dir, "loop.yml") + ": ",
		"rules: " + filepath.Join(dir, "none") + ": ",
		`rules: "": no path: want a file or a folder`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v\nwant %s", err, want)
		}
	}
}

// An editor or a tool writes a file of another name and renames it.
func TestFilesThatComeAndGoWhileAFolderIsReadAreNoError(t *testing.T) {
	dir := t.TempDir()
	rule, temporary := filepath.Join(dir, "a.yml"), filepath.Join(dir, "a.yml.tmp")
	if err := os.WriteFile(rule, []byte(sigmaRule()), 0o600); err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() {
		for range 2000 {
			if err := os.WriteFile(temporary, []byte(sigmaRule()), 0o600); err != nil {
				done <- err
				return
			}
			if err := os.Rename(temporary, rule); err != nil {
				done <- err
				return
			}
		}
		close(done)
	}()
	for reads := 1; ; reads++ {
		f := Read([]string{dir})
		if f.err != nil || len(f.sources) != 1 {
			t.Fatalf("read %d: %d files, %v", reads, len(f.sources), f.err)
		}
		select {
		case err, failed := <-done:
			if failed {
				t.Fatal(err)
			}
			return
		default:
		}
	}
}

func TestTestsOfRulesAreNoRules(t *testing.T) {
	for name, text := range map[string]string{
		"a.test.yml": "match: []\n",
		"info.yml":   "id: 6f9619ff-8b86-4d01-b42d-00cf4fc964ff\nrule_metadata:\n    - id: x\n# regression_tests_info:\n",
		"INFO.yml":   "regression_tests_info: []\n",
	} {
		dir := t.TempDir()
		for file, text := range map[string]string{name: text, "rule.yml": sigmaRule()} {
			if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if s, problems, err := Load(Config{Paths: []string{dir}}); err != nil || len(problems) > 0 || len(s.Rules) != 1 {
			t.Errorf("%s: %v, %v", name, problems, err)
		}
	}
}

func TestAByteOrderMarkIsNoPartOfARule(t *testing.T) {
	dir := t.TempDir()
	elastic, err := os.ReadFile("testdata/elastic/shell_set_by_tool.toml")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"a.toml": string(elastic), "b.yml": sigmaRule(), "c.yml": ""} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("\ufeff"+text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, problems, err := Load(Config{Paths: []string{dir}})
	if err != nil || len(s.Rules) != 2 || len(problems) != 1 || problems[0].What != "the file is empty" {
		t.Errorf("%v, %v", problems, err)
	}
}
