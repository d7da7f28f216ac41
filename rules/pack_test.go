package rules

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regtrap/regtrap/matcher"
	"github.com/regtrap/regtrap/schemas"
)

var update = flag.Bool("update", false, "write the golden files")

// The ids of the pack.
const (
	stdRegProv = "aa7e06c3-9791-4142-a0b9-8751f87e372a"
	runKeys    = "8d14b915-4351-460e-9c3a-1fd366b620a1"
	imagePath  = "b6784097-0c38-4e11-b62e-75b62939982f"
	shell      = "2873508b-e074-4346-a06e-d455b691aec2"
	elastic    = "70d12c9c-0dbd-4a1a-bc44-1467502c9cf6"
)

// loadPack loads the pack alone.
func loadPack(t testing.TB) *Snapshot {
	t.Helper()
	s, problems, err := Load(Config{Pack: true})
	if err != nil || len(problems) > 0 {
		t.Fatal(problems, err)
	}
	return s
}

// packRule returns a rule of the pack.
func packRule(t testing.TB, id string) *Rule {
	t.Helper()
	for _, r := range loadPack(t).Rules {
		if r.ID == id {
			return r
		}
	}
	t.Fatalf("the pack has no rule %s", id)
	return nil
}

func TestPack(t *testing.T) {
	var b bytes.Buffer
	for _, r := range loadPack(t).Rules {
		dump(&b, r)
	}
	golden(t, "testdata/pack.golden", b.Bytes())
}

// golden compares got with a file, or writes it under -update.
func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Errorf("%s (-update writes it anew):\n%s", file, d)
	}
}

// dump writes all of a rule but its note, whose headings stand for it.
func dump(b *bytes.Buffer, r *Rule) {
	line := func(name string, value any) { fmt.Fprintf(b, "%s: %v\n", name, value) }
	list := func(name string, values []string) {
		for _, v := range values {
			line(name, v)
		}
	}
	fmt.Fprintf(b, "== %s\n", r.Name)
	line("id", r.ID)
	line("file", fmt.Sprintf("%s:%d", r.File, r.Line))
	line("ruleset", r.Ruleset)
	line("description", r.Description)
	line("author", r.Author)
	line("license", r.License)
	line("status", r.Status)
	line("version", r.Version)
	line("severity", fmt.Sprintf("%s, risk %d", r.Severity, r.RiskScore))
	list("reference", r.References)
	list("false positive", r.FalsePositives)
	list("tag", r.Tags)
	list("supersedes", r.Supersedes)
	for _, ref := range slices.Concat(r.Threat.Tactics, r.Threat.Techniques, r.Threat.Subtechniques) {
		line("threat", fmt.Sprintf("%s %q %s", ref.ID, ref.Name, ref.URL))
	}
	for n := range strings.Lines(r.Note) {
		if strings.HasPrefix(n, "#") {
			line("note", strings.TrimSpace(n))
		}
	}
	for a := schemas.ActionUnknown; a <= schemas.Queried; a++ {
		if r.Actions.Has(a) {
			line("action", int(a))
		}
	}
	and, ok := bare(r.Condition).(matcher.And)
	if !ok {
		and = matcher.And{r.Condition}
	}
	for _, part := range and {
		or, ok := part.(matcher.Or)
		if !ok {
			line("and", part)
			continue
		}
		for i, p := range or {
			line([]string{"and either", "        or"}[min(i, 1)], p)
		}
	}
	b.WriteByte('\n')
}

// bare is a condition without the name that it stands under.
func bare(x matcher.Expr) matcher.Expr {
	if named, ok := x.(matcher.Named); ok {
		return named.X
	}
	return x
}

// locations returns the patterns that a rule of the pack has for the path.
func locations(t *testing.T, id string) []string {
	t.Helper()
	var paths []string
	var walk func(matcher.Expr)
	walk = func(e matcher.Expr) {
		switch e := e.(type) {
		case matcher.And:
			for _, p := range e {
				walk(p)
			}
		case matcher.Or:
			for _, p := range e {
				walk(p)
			}
		case matcher.Named:
			walk(e.X)
		case matcher.Match:
			if e.Field == schemas.RegistryPath {
				paths = append(paths, strings.ReplaceAll(show(e.Pattern), "‹*›", "*"))
			}
		}
	}
	walk(packRule(t, id).Condition)
	return paths
}

func TestSpecialCasesSupersedeTheFirstRuleAndAllSupersedeElastics(t *testing.T) {
	for id, want := range map[string][]string{
		stdRegProv: {elastic},
		runKeys:    {stdRegProv, elastic},
		imagePath:  {stdRegProv, elastic},
		shell:      {stdRegProv, elastic},
	} {
		if d := cmp.Diff(want, packRule(t, id).Supersedes); d != "" {
			t.Errorf("%s:\n%s", id, d)
		}
	}
}
