package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regtrap/regtrap/cmd/internal/build"
	"github.com/regtrap/regtrap/cmd/internal/cli"
)

// TestPageOfExplainShowsWhatExplainSays runs the commands of the page on its
// rule and its events.
func TestPageOfExplainShowsWhatExplainSays(t *testing.T) {
	path, err := filepath.Abs("../../../docs/explain.md")
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(string(data), "```")
	t.Chdir(t.TempDir())
	if err := os.Mkdir("rules", 0o755); err != nil {
		t.Fatal(err)
	}
	// Blocks are at the odd places: the rule, the events, other records.
	files := []string{"rules/office.yml", "events.ndjson", "other.ndjson"}
	for i := 1; i < len(blocks); i += 2 {
		if _, text, _ := strings.Cut(blocks[i], "\n"); !strings.HasPrefix(text, "$ ") {
			if len(files) == 0 {
				t.Fatalf("one block too many: %s", text)
			}
			if err := os.WriteFile(files[0], []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			files = files[1:]
		}
	}
	if len(files) > 0 {
		t.Fatalf("the page has no %s", files[0])
	}
	commands := 0
	for i := 1; i < len(blocks); i += 2 {
		kind, text, _ := strings.Cut(blocks[i], "\n")
		line, _, _ := strings.Cut(text, "\n")
		command, ok := strings.CutPrefix(line, "$ regtrap ")
		if !ok {
			continue
		}
		commands++
		var out, errs bytes.Buffer
		p := cli.Process{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Build: build.Info{Version: "v1.2.3"}}
		if status := cli.Main(context.Background(), p, strings.Fields(command)); status != 0 || errs.Len() > 0 {
			t.Fatalf("%s: status %d, %s", command, status, errs.String())
		}
		got := strings.TrimSuffix(out.String(), "\n")
		if kind == "json" {
			got = lastRules(t, out.Bytes())
		}
		blocks[i] = kind + "\n" + line + "\n" + got + "\n"
	}
	want := strings.Join(blocks, "```")
	if commands != 4 {
		t.Errorf("%d commands: want 4", commands)
	}
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if d := cmp.Diff(want, string(data)); d != "" {
		t.Error(d)
	}
}

// lastRules returns the rules of the last object, indented.
func lastRules(t *testing.T, lines []byte) string {
	t.Helper()
	var record struct{ Rules json.RawMessage }
	for line := range bytes.Lines(lines) {
		if err := json.Unmarshal(line, &record); err != nil {
			t.Fatal(err)
		}
	}
	var b bytes.Buffer
	if err := json.Indent(&b, record.Rules, "", "  "); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
