package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/regtrap/regtrap/cmd/internal/build"
	"github.com/regtrap/regtrap/cmd/internal/cli"
	"github.com/regtrap/regtrap/cmd/internal/sarif"
)

var update = flag.Bool("update", false, "rewrite golden files")

// check runs check and returns its exit status and what it wrote.
func check(args ...string) (status int, stdout, stderr string) {
	var out, errs bytes.Buffer
	p := cli.Process{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Build: build.Info{Version: "v1.2.3"}}
	status = cli.Main(context.Background(), p, append([]string{"check"}, args...))
	return status, out.String(), errs.String()
}

func sarifSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	data, err := os.ReadFile("../sarif/testdata/subset.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("sarif.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("sarif.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSARIFOfCheckIsAsTheStandardAsks(t *testing.T) {
	status, out, stderr := check("--no-pack", "--output", "sarif", "--exclude", "tag=no-such-tag", "testdata/check")
	if status != 0 || stderr != "" {
		t.Fatalf("exit status %d: %s", status, stderr)
	}
	const golden = "testdata/check.sarif"
	if *update {
		if err := os.WriteFile(golden, []byte(out), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), out); d != "" {
		t.Error(d)
	}
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(out))
	if err != nil {
		t.Fatal(err)
	}
	if err := sarifSchema(t).Validate(doc); err != nil {
		t.Error(err)
	}
	var log sarif.Log
	if err := json.Unmarshal([]byte(out), &log); err != nil {
		t.Fatal(err)
	}
	if n := log.Runs[0].Invocations[0].Notifications; len(n) != 1 || n[0].Level != "warning" || !strings.HasPrefix(n[0].Message.Text, "--exclude: ") {
		t.Errorf("notifications %v, want one of --exclude", n)
	}
	var levels []string
	for _, r := range log.Runs[0].Results {
		levels = append(levels, r.Level)
		if got := log.Runs[0].Tool.Driver.Rules[r.RuleIndex].ID; got != r.RuleID {
			t.Errorf("%s has the index of %s", r.RuleID, got)
		}
		for _, l := range r.Locations {
			if _, err := os.Stat(filepath.FromSlash(l.Physical.Artifact.URI)); err != nil {
				t.Error(err)
			}
		}
	}
	if d := cmp.Diff([]string{"warning", "error", "note"}, levels); d != "" {
		t.Error(d)
	}
}

func TestSARIFNamesFilesRelativeToTheFolderOfTheProcess(t *testing.T) {
	path, err := filepath.Abs("testdata/check/level.yml")
	if err != nil {
		t.Fatal(err)
	}
	status, out, _ := check("--output", "sarif", "--strict", path)
	if status != 1 {
		t.Errorf("exit status %d, want 1", status)
	}
	if !strings.Contains(out, `"uri": "testdata/check/level.yml"`) {
		t.Errorf("no relative URI in %s", out)
	}
}

func TestSARIFIsWrittenAlsoWhenNoRuleIsLeft(t *testing.T) {
	status, out, stderr := check("--no-pack", "-o", "sarif", "testdata/check/level.yml")
	if status != 1 || !strings.Contains(stderr, "no rule can be used") {
		t.Errorf("exit status %d: %s", status, stderr)
	}
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(out))
	if err != nil {
		t.Fatal(err)
	}
	if err := sarifSchema(t).Validate(doc); err != nil {
		t.Error(err)
	}
}

// TestCaretIsBelowTheColumn writes a problem into lines of every length.
func TestCaretIsBelowTheColumn(t *testing.T) {
	for _, tt := range []struct{ name, before, after string }{
		{"short", "", ""},
		{"letters of several bytes", "ÄÖ€", ""},
		{"long before", strings.Repeat("x", 200), ""},
		{"long after", "", strings.Repeat("x", 200)},
		{"long on both sides", strings.Repeat("ä", 200), strings.Repeat("x", 200)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rule := "title: T\nid: 5b8b1c1e-2f3a-4a7e-9a36-9f3c1d6a2b04\nlevel: low\nlogsource: {category: registry_set}\ndetection:\n" +
				"  s: {Image: '" + tt.before + "a', TargetObject|startswith: 'HKML\\', Details: '" + tt.after + "b'}\n  condition: s\n"
			file := filepath.Join(t.TempDir(), "f.yml")
			if err := os.WriteFile(file, []byte(rule), 0o600); err != nil {
				t.Fatal(err)
			}
			_, out, _ := check("--no-pack", "-o", "text", file)
			lines := strings.Split(out, "\n")
			i := slices.IndexFunc(lines, func(l string) bool { return strings.HasSuffix(l, "^") })
			if i < 1 {
				t.Fatalf("no caret in\n%s", out)
			}
			line, caret := []rune(lines[i-1]), []rune(lines[i])
			if at := len(caret) - 1; !strings.HasPrefix(string(line[at:]), `'HKML\'`) || len(line) > 140 {
				t.Errorf("the caret is elsewhere:\n%s", out)
			}
		})
	}
}
