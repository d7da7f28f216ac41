package cli_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regtrap/regtrap/rules"
)

// TestPageOfCheckShowsWhatCheckSays runs the commands of the page on its rules,
// and writes the table of codes.
func TestPageOfCheckShowsWhatCheckSays(t *testing.T) {
	path, err := filepath.Abs("../../../docs/check.md")
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	page := string(data)
	_, rest, ok := strings.Cut(page, "```yaml\n")
	rule, _, ok2 := strings.Cut(rest, "```")
	if !ok || !ok2 || !strings.Contains(rule, "meduim") {
		t.Fatal("the page has no rule with a mistake")
	}
	t.Chdir(t.TempDir())
	if err := os.Mkdir("rules", 0o755); err != nil {
		t.Fatal(err)
	}
	write := func(text string) {
		if err := os.WriteFile("rules/corp.yml", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const command = "$ regtrap check --no-pack --output text rules\n"
	want := page
	block := func(from int, out string) int {
		at := strings.Index(want[from:], "```text\n"+command)
		if at < 0 {
			t.Fatal("the page has no such command")
		}
		at += from + len("```text\n"+command)
		end := at + strings.Index(want[at:], "```")
		want = want[:at] + out + want[end:]
		return at + len(out)
	}

	write(rule)
	_, broken, _ := check("--no-pack", "--output", "text", "rules")
	at := block(0, broken)
	_, lines, _ := check("--no-pack", "--output", "ndjson", "rules")
	write(strings.Replace(rule, "meduim", "medium", 1))
	_, mended, _ := check("--no-pack", "--output", "text", "rules")
	block(at, mended)

	var table strings.Builder
	table.WriteString("| code | | |\n| --- | --- | --- |\n")
	for _, c := range rules.Codes() {
		fmt.Fprintf(&table, "| `%s` | %s | %s. %s |\n", c.Code, c.Severity, c.Short, c.Help)
	}
	const begin, end = "<!-- codes -->\n", "<!-- end -->"
	from, to := strings.Index(want, begin)+len(begin), strings.Index(want, end)
	want = want[:from] + table.String() + want[to:]

	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		page = want
	}
	if d := cmp.Diff(want, page); d != "" {
		t.Error(d)
	}

	// The objects of the page are those that are written, but for the version.
	for line := range strings.Lines(lines) {
		var object map[string]any
		if err := json.Unmarshal([]byte(line), &object); err != nil {
			t.Fatal(err)
		}
		if object["severity"] == "warning" {
			continue
		}
		if version, ok := object["rules_version"].(string); ok {
			line = strings.Replace(line, version, "…", 1)
		}
		if !strings.Contains(page, line) {
			t.Errorf("the page lacks %s", line)
		}
	}
}
