package registry_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// page returns docs/spellings.md by section: the rows of the tables that show
// vectors, each a list of the cells' code spans.
func page(t *testing.T) map[string][][][]string {
	t.Helper()
	text, err := os.ReadFile("../docs/spellings.md")
	if err != nil {
		t.Fatal(err)
	}
	code := regexp.MustCompile("`([^`]*)`")
	sections := map[string][][][]string{}
	var id string
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if h, ok := strings.CutPrefix(line, "### "); ok {
			id = h
			sections[id] = nil
		} else if strings.HasPrefix(line, "## ") {
			id = ""
		} else if id != "" && strings.HasPrefix(line, "| `") {
			var row [][]string
			for _, cell := range strings.Split(strings.Trim(line, "|"), " | ") {
				var spans []string
				for _, m := range code.FindAllStringSubmatch(cell, -1) {
					spans = append(spans, m[1])
				}
				row = append(row, spans)
			}
			sections[id] = append(sections[id], row)
		}
	}
	return sections
}

func TestPageExplainsEveryRuleAndNoOther(t *testing.T) {
	files, err := filepath.Glob("../schemas/testdata/spellings/*.json")
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	var collect func(any)
	collect = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, x := range v {
				collect(x)
			}
		case map[string]any:
			if id, ok := v["rule"].(string); ok {
				used[id] = true
			}
			for key, x := range v {
				if key != "fields" { // explains the field rule
					collect(x)
				}
			}
		}
	}
	for _, name := range append(files, "testdata/spellings.json") {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var doc any
		if err := json.Unmarshal(text, &doc); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		collect(doc)
	}
	sections := page(t)
	for id := range used {
		if _, ok := sections[id]; !ok {
			t.Errorf("docs/spellings.md has no section %s", id)
		}
	}
	for id := range sections {
		if !used[id] {
			t.Errorf("docs/spellings.md explains %s, of which there is no vector", id)
		}
	}
}

func TestExamplesOnThePageAreVectors(t *testing.T) {
	file := vectors(t)
	examples := 0
	sections := page(t)
	for id, rows := range sections {
		for _, row := range rows {
			if len(row) != 2 || len(row[0]) != 1 {
				t.Errorf("%s: row %q", id, row)
				continue
			}
			given, want := row[0][0], row[1]
			var found bool
			switch id {
			case "pattern-head":
				found = slices.ContainsFunc(file.Heads, func(v headVector) bool {
					return v.Rule == id && v.Literal == given && slices.Equal(v.Pieces, want)
				})
			case "pattern-spellings":
				found = slices.ContainsFunc(file.Matches, func(v matchVector) bool {
					return v.Rule == id && v.Pattern == given && v.Matches && slices.Equal([]string{v.Path}, want)
				})
			default:
				found = slices.ContainsFunc(file.Paths, func(v pathVector) bool {
					return v.Rule == id && v.Path == given && slices.Equal([]string{v.Canonical}, want)
				})
			}
			if !found {
				t.Errorf("%s: %q → %q is no vector", id, given, want)
			}
			examples++
		}
	}
	if examples < 40 {
		t.Errorf("%d examples", examples)
	}
	for _, rule := range file.Paths {
		if len(sections[rule.Rule]) == 0 {
			t.Errorf("%s: no example", rule.Rule)
		}
	}
}

func TestEveryFieldOfTheVectorsIsExplained(t *testing.T) {
	text, err := os.ReadFile("testdata/spellings.json")
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]json.RawMessage
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for name, raw := range doc {
		var list []map[string]any
		if json.Unmarshal(raw, &list) != nil {
			continue
		}
		if len(list) == 0 {
			t.Errorf("%s is empty", name)
		}
		for _, v := range list {
			for field, x := range v {
				used[field] = true
				if s, ok := x.(string); (field == "why" || field == "rule") && (!ok || s == "") {
					t.Errorf("%s: %v has no %s", name, v, field)
				}
			}
		}
	}
	fields := vectors(t).Fields
	for field := range used {
		if fields[field] == "" {
			t.Errorf("field %s is not explained", field)
		}
	}
	for field := range fields {
		if !used[field] {
			t.Errorf("field %s is explained and not used", field)
		}
	}
}
