package ruletest_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regtrap/regtrap/cmd/internal/ruletest"
)

func TestFindReadsFoldersAsThoseOfRulesAre(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"a/x.yml": "", "a/x.test.yml": "", "a/y.test.yaml": "", "a/.hidden/z.test.yml": "", "a/.z.test.yml": "",
		"b/info.yml": "id: x\nregression_tests_info: []\n", "c/info.yml": "about: nothing\n", "d/w.test.yml": "",
	} {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for link, target := range map[string]string{"current": "a", "a/loop": "..", "a/gone": "nowhere", "d/v.test.yml": "w.test.yml"} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		paths []string
		want  string
	}{
		{[]string{"current"}, "current/loop/b/info.yml current/loop/d/v.test.yml current/x.test.yml current/y.test.yaml"},
		{[]string{"a/x.yml", "a/x.test.yml"}, "a/x.test.yml"},
		{[]string{"d", "b"}, "d/v.test.yml b/info.yml"},
		{[]string{"c/info.yml"}, "c/info.yml"}, // it was named
		{[]string{"c"}, ""},
	} {
		var paths []string
		for _, p := range tt.paths {
			paths = append(paths, filepath.Join(dir, filepath.FromSlash(p)))
		}
		files, err := ruletest.Find(paths)
		if err != nil {
			t.Fatal(err)
		}
		for i := range files {
			name, _ := filepath.Rel(dir, files[i])
			files[i] = filepath.ToSlash(name)
		}
		if d := cmp.Diff(tt.want, strings.Join(files, " ")); d != "" {
			t.Errorf("%v: %s", tt.paths, d)
		}
	}
}

func TestAnEventMayBeNamedTwiceAndLackAHost(t *testing.T) {
	cases, err := ruletest.Parse("x.test.yml", []byte("match:\n  - &e {TargetObject: 'HKLM\\a\\b', Computer: null}\nno_match: [*e]\n"))
	if err != nil || len(cases) != 2 {
		t.Fatal(cases, err)
	}
	for _, c := range cases {
		if strings.Contains(string(c.Value), "Computer") {
			t.Errorf("%s: want no host", c.Value)
		}
	}
}

func TestWhatIsNoRegularFileIsRefused(t *testing.T) {
	dir := t.TempDir()
	if _, err := ruletest.Parse(filepath.Join(dir, "x.test.yml"), []byte("match:\n  - file: .\n")); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("%v: want that a folder is none", err)
	}
}
