package sample_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/regtrap/regtrap/cmd/internal/sample"
)

var start = time.Date(2026, 3, 4, 10, 0, 0, 0, time.UTC)

func TestTheSameSeedGivesTheSameRecords(t *testing.T) {
	a, b, other := sample.New(1, start), sample.New(1, start), sample.New(2, start)
	differs := false
	for range 500 {
		r := a.Attack()
		if s := b.Attack(); string(r.Value) != string(s.Value) || r.Rule != s.Rule {
			t.Fatal("records of one seed differ")
		}
		differs = differs || string(other.Attack().Value) != string(r.Value)
	}
	if !differs {
		t.Error("records of two seeds are the same")
	}
}

func TestAttacksComeInEveryShapeAndForEveryRule(t *testing.T) {
	f := sample.New(1, start)
	shapes, rules := make(map[string]int), make(map[string]int)
	for range 2000 {
		r := f.Attack()
		shapes[r.Shape]++
		rules[r.Rule]++
		if !json.Valid(r.Value) || r.Key == "" || r.Poison {
			t.Fatalf("attack %s", r.Value)
		}
	}
	if len(shapes) != 8 || len(rules) != 4 {
		t.Errorf("shapes %v, rules %v", shapes, rules)
	}
}

func TestPoisonCannotBeRead(t *testing.T) {
	f := sample.New(1, start)
	for range 500 {
		if r := f.Poison(); json.Valid(r.Value) || r.Value[0] != '{' || !r.Poison {
			t.Fatalf("poison %s", r.Value)
		}
	}
}

func ExampleFeed() {
	f := sample.New(7, start)
	r := f.Attack()
	fmt.Println(r.Shape, r.Rule)
	fmt.Println(f.Benign().Rule == "")
	// Output:
	// elastic_defend Detect WMI Registry Persistence via Run Keys
	// true
}
