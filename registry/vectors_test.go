package registry_test

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/regtrap/regtrap/registry"
)

// A vectorFile is testdata/spellings.json, whose expected texts are stated by
// hand: no test writes it.
type vectorFile struct {
	Format   int               `json:"format"`
	About    string            `json:"about"`
	Fields   map[string]string `json:"fields"`
	Paths    []pathVector      `json:"paths"`
	Heads    []headVector      `json:"heads"`
	Matches  []matchVector     `json:"matches"`
	Percent  []percentVector   `json:"percent"`
	Folds    []foldVector      `json:"folds"`
	Identity []identityStep    `json:"identity"`
}

// A given is what is stated with a path.
type given struct {
	Rule       string  `json:"rule"`
	Why        string  `json:"why"`
	Path       string  `json:"path"`
	ValueEvent bool    `json:"value_event"`
	ValueName  *string `json:"value_name"`
	SID        string  `json:"sid"`
}

func (g given) context() registry.Context {
	return registry.Context{SID: g.SID, Value: g.name(), HasValue: g.ValueName != nil, ValueEvent: g.ValueEvent}
}

func (g given) name() string {
	if g.ValueName == nil {
		return ""
	}
	return *g.ValueName
}

func (g given) flags() uint8 {
	var f uint8
	if g.ValueEvent {
		f |= 1
	}
	if g.ValueName != nil {
		f |= 2
	}
	return f
}

type pathVector struct {
	given
	Canonical string     `json:"canonical"`
	Display   string     `json:"display"`
	Spellings spelledOut `json:"spellings"`
	Hive      string     `json:"hive"`
	Key       string     `json:"key"`
	DefendKey string     `json:"defend_key"`
	Value     *string    `json:"value"`
}

type spelledOut struct {
	Wire      *string  `json:"wire"`
	Canonical *string  `json:"canonical"`
	Sysmon    *string  `json:"sysmon"`
	Defend    *string  `json:"defend"`
	Derived   []string `json:"derived"`
}

// texts returns "kind text" for each spelling, sorted.
func (s spelledOut) texts() []string {
	var all []string
	for kind, text := range map[string]*string{"wire": s.Wire, "canonical": s.Canonical, "sysmon": s.Sysmon, "defend": s.Defend} {
		if text != nil {
			all = append(all, kind+" "+*text)
		}
	}
	for _, text := range s.Derived {
		all = append(all, "derived "+text)
	}
	slices.Sort(all)
	return all
}

type headVector struct {
	Rule    string   `json:"rule"`
	Why     string   `json:"why"`
	Literal string   `json:"literal"`
	Pieces  []string `json:"pieces"`
}

type matchVector struct {
	given
	Pattern string `json:"pattern"`
	Matches bool   `json:"matches"`
}

type percentVector struct {
	Rule    string `json:"rule"`
	Why     string `json:"why"`
	Written string `json:"written"`
	Read    string `json:"read"`
}

type foldVector struct {
	Rule  string `json:"rule"`
	Why   string `json:"why"`
	A     string `json:"a"`
	B     string `json:"b"`
	Equal bool   `json:"equal"`
}

type identityStep struct {
	Rule    string `json:"rule"`
	Match   string `json:"match"`
	Replace string `json:"replace"`
}

func vectors(tb testing.TB) *vectorFile {
	tb.Helper()
	text, err := os.ReadFile("testdata/spellings.json")
	if err != nil {
		tb.Fatal(err)
	}
	var file vectorFile
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.DisallowUnknownFields()
	if err := d.Decode(&file); err != nil {
		tb.Fatal(err)
	}
	return &file
}

func TestPathVectors(t *testing.T) {
	var p registry.Path
	for i, v := range vectors(t).Paths {
		ctx := v.context()
		p.Set(v.Path, ctx)
		check := func(what, got, want string) {
			t.Helper()
			if got != want {
				t.Errorf("path %d, %q (%s): %s %q, want %q", i, v.Path, v.Why, what, got, want)
			}
		}
		check("canonical", p.Canonical(), v.Canonical)
		check("Canonicalize", registry.Canonicalize(v.Path, ctx), v.Canonical)
		display := v.Display
		if display == "" {
			display = v.Canonical
		}
		check("display", p.Display(), display)
		check("hive", p.Hive(), v.Hive)
		check("key", p.Keys()[0].Text, v.Key)
		defendKey := ""
		if len(p.Keys()) > 1 {
			defendKey = p.Keys()[1].Text
		}
		check("defend_key", defendKey, v.DefendKey)
		name, ok := p.ValueName()
		if ok != (v.Value != nil) {
			t.Errorf("path %d, %q (%s): value %q %t", i, v.Path, v.Why, name, ok)
		} else if ok {
			check("value", name, *v.Value)
		}
		var got []string
		for _, s := range p.Spellings() {
			got = append(got, s.Spelling.String()+" "+s.Text)
		}
		slices.Sort(got)
		if want := v.Spellings.texts(); !slices.Equal(got, want) {
			t.Errorf("path %d, %q (%s): spellings\n\t%s, want\n\t%s", i, v.Path, v.Why, strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
		}
		compare(t, &p, v.Path, ctx)
		returns(t, &p, ctx)
	}
}

func TestHeadVectors(t *testing.T) {
	for i, v := range vectors(t).Heads {
		pieces, ok := registry.CanonicalHead(v.Literal)
		if !slices.Equal(pieces, v.Pieces) || ok != (v.Pieces != nil) {
			t.Errorf("head %d, %q (%s): %q %t, want %q", i, v.Literal, v.Why, pieces, ok, v.Pieces)
		}
	}
}

func TestMatchVectors(t *testing.T) {
	var p registry.Path
	for i, v := range vectors(t).Matches {
		p.Set(v.Path, v.context())
		if matches(&p, v.Pattern) != v.Matches {
			t.Errorf("match %d (%s): pattern %s, path %s: %t, want %t: %q", i, v.Why, v.Pattern, v.Path, !v.Matches, v.Matches, p.Spellings())
		}
	}
}

func TestPercentVectors(t *testing.T) {
	for i, v := range vectors(t).Percent {
		if got := registry.Undouble(v.Written); got != v.Read {
			t.Errorf("percent %d (%s): %q, want %q", i, v.Why, got, v.Read)
		}
	}
}

func TestFoldVectors(t *testing.T) {
	for i, v := range vectors(t).Folds {
		if equal := registry.Fold(v.A) == registry.Fold(v.B); equal != v.Equal {
			t.Errorf("fold %d (%s): %q and %q equal: %t, want %t", i, v.Why, v.A, v.B, equal, v.Equal)
		}
	}
}
