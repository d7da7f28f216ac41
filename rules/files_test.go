package rules

import (
	"os"
	"path/filepath"
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
