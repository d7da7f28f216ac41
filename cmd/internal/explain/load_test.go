package explain_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/regtrap/regtrap/rules"
)

func load(t *testing.T, dir, text string) *rules.Snapshot {
	t.Helper()
	file := filepath.Join(dir, "rule.yml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s, problems, err := rules.Load(rules.Config{Paths: []string{file}})
	if err != nil || len(problems) > 0 {
		t.Fatal(err, problems)
	}
	return s
}
