package schemas_test

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"testing"

	"github.com/regtrap/regtrap/registry"
	"github.com/regtrap/regtrap/schemas"
)

// A spellingVector says which texts the fields of an event have when a source
// states some of them. The files are written by hand; docs/spellings.md
// explains their rules.
type spellingVector struct {
	Rule   string              `json:"rule"`
	Why    string              `json:"why"`
	Fields map[string]string   `json:"fields"`
	Want   map[string][]string `json:"want"`
}

func TestSpellingsOfAccounts(t *testing.T) { testSpellings(t, "testdata/spellings/accounts.json") }

func TestSpellingsOfImages(t *testing.T) { testSpellings(t, "testdata/spellings/images.json") }

func testSpellings(t *testing.T, name string) {
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var list []spellingVector
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&list); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if len(list) == 0 {
		t.Fatalf("%s is empty", name)
	}
	byName := map[string]schemas.Field{}
	for f := range schemas.Field(schemas.NumFields) {
		byName[f.String()] = f
	}
	for i, v := range list {
		fields := map[schemas.Field][]string{}
		for field, text := range v.Fields {
			f, ok := byName[field]
			if !ok {
				t.Fatalf("%s: vector %d: no field %q", name, i, field)
			}
			fields[f] = []string{text}
		}
		ev := schemas.BuildEvent(fields, schemas.ValueSet)
		if len(v.Want) == 0 {
			t.Errorf("%s: vector %d (%s) expects nothing", name, i, v.Why)
		}
		for field, want := range v.Want {
			f, ok := byName[field]
			if !ok {
				t.Fatalf("%s: vector %d: no field %q", name, i, field)
			}
			var got []string
			for _, x := range ev.Values(f) {
				got = append(got, x.Text)
				if x.Element != 0 {
					t.Errorf("%s: vector %d (%s): %s: %q is another element, not another spelling", name, i, v.Why, field, x.Text)
				}
				if x.Folded != registry.Fold(x.Text) {
					t.Errorf("%s: vector %d: %s: %q folds to %q", name, i, field, x.Text, x.Folded)
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s: vector %d, %v (%s): %s is %q, want %q", name, i, v.Fields, v.Why, field, got, want)
			}
		}
	}
}
