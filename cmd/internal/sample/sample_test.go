package sample_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/regtrap/regtrap/cmd/internal/sample"
	"github.com/regtrap/regtrap/schemas"
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
		if !json.Valid(r.Value) && r.Value[0] != '<' || r.Key == "" || r.Poison {
			t.Fatalf("attack %s", r.Value)
		}
	}
	if len(shapes) != len(schemas.Shapes()) || len(rules) != 4 {
		t.Errorf("%d shapes %v, rules %v", len(shapes), shapes, rules)
	}
}

func TestFormsHoldTheSameDocument(t *testing.T) {
	c := &sample.Change{Time: start, Host: "ws-041.corp.example", User: "ana", SID: "S-1-5-21-1-2-3-1001", Image: `C:\a.exe`, PID: 5580, Data: sample.Text("x <&> y")}
	c.SetPath(`HKLM\SOFTWARE\Vendor\On`)
	rng := rand.New(rand.NewPCG(1, 2))
	for _, s := range sample.Sources() {
		doc := s.Write(c)
		for _, form := range sample.Forms() {
			b := bytes.TrimPrefix(doc.Render(form, rng), []byte("\xef\xbb\xbf"))
			if b = bytes.TrimSpace(b); b[0] == '<' {
				d := xml.NewDecoder(bytes.NewReader(b))
				for {
					if _, err := d.Token(); err == io.EOF {
						break
					} else if err != nil {
						t.Fatalf("%s, %s: %v\n%s", s.Name, form, err, b)
					}
				}
				continue
			}
			for line := range bytes.Lines(b) {
				if !json.Valid(line) && !json.Valid(b) {
					t.Fatalf("%s, %s: no JSON: %s", s.Name, form, line)
				}
			}
		}
		orders := make(map[string]bool)
		for range 20 {
			orders[string(doc.Render(sample.Shuffled, rng))] = true
		}
		if len(orders) < 2 {
			t.Errorf("%s: the order is always the same", s.Name)
		}
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
	// nxlog Detect WMI Registry Persistence via Run Keys
	// true
}
