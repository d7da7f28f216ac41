package rules

import (
	"fmt"
	"strings"
	"testing"

	"github.com/regtrap/regtrap/matcher"
	"github.com/regtrap/regtrap/schemas"
)

// contains is a test that a path contains a text.
func contains(text string) matcher.Expr {
	star := matcher.Token{Kind: matcher.Star}
	return matcher.Match{Field: schemas.RegistryPath, Op: "contains", Pattern: matcher.NewPattern(star, matcher.Token{Kind: matcher.Literal, Literal: text}, star)}
}

func TestJudgingEndsWithItsSteps(t *testing.T) {
	var wanted, excluded matcher.Or
	for i := range 3000 {
		wanted = append(wanted, contains(fmt.Sprintf("a%dx", i)))
		excluded = append(excluded, contains(fmt.Sprintf("b%dx", i)))
	}
	excluded = append(excluded, contains("a2999x"))
	j := newJudge(newFacts(), newPlaces("f.yml"), "r", words{}, matcher.And{wanted, matcher.Not{X: excluded}}, schemas.ActionSet(schemas.ValueSet))
	j.condition()
	if j.steps > 0 {
		t.Errorf("%d steps are left of a rule that needs %d", j.steps, len(wanted)*len(excluded))
	}
	for _, p := range j.found {
		if !strings.Contains(p.What, "a2999x") {
			t.Error(p)
		}
	}
}

// TestContradictionsOfManyAlternativesAreProven proves by cases.
func TestContradictionsOfManyAlternativesAreProven(t *testing.T) {
	a, b, c := contains("a"), contains("b"), contains("c")
	not := func(x matcher.Expr) matcher.Expr { return matcher.Not{X: x} }
	for _, tt := range []struct {
		name  string
		x     matcher.Expr
		never bool
	}{
		{"empty or", matcher.Or{}, true},
		{"empty and", matcher.And{}, false},
		{"false", matcher.Bool(false), true},
		{"not true", not(matcher.Bool(true)), true},
		{"true", matcher.Bool(true), false},
		{"each pair excluded", matcher.And{matcher.Or{a, b}, matcher.Or{not(a), b}, matcher.Or{a, not(b)}, matcher.Or{not(a), not(b)}}, true},
		{"but for one", matcher.And{matcher.Or{a, b}, matcher.Or{not(a), b}, matcher.Or{a, not(b)}}, false},
		{"through a third", matcher.And{matcher.Or{a, b}, matcher.Or{not(a), c}, matcher.Or{not(b), c}, not(c)}, true},
		{"of selections", matcher.And{matcher.Named{Name: "s", X: matcher.Or{a, b}}, not(matcher.Named{Name: "s", X: matcher.Or{a, b}})}, true},
		{"double negation", matcher.And{a, not(not(not(a)))}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			j := newJudge(newFacts(), newPlaces("f.yml"), "r", words{}, tt.x, schemas.AllActions)
			if ok, _ := j.possible([]claim{{j.root, true}}); ok == tt.never {
				t.Errorf("%v: may be true: %v", tt.x, ok)
			}
		})
	}
}

func BenchmarkCheck(b *testing.B) {
	for b.Loop() {
		r, err := Check(Config{Pack: true})
		if err != nil || len(r.Problems) > 0 {
			b.Fatal(r.Problems, err)
		}
	}
}
