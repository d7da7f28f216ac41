package rules

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// graph makes a snapshot of rules 0 … n-1 in which edges[i] are superseded by i.
func graph(edges [][]int) *Snapshot {
	s := new(Snapshot)
	byID := make(map[string]*Rule)
	for i := range edges {
		r := &Rule{ID: fmt.Sprint(i)}
		for _, j := range edges[i] {
			r.Supersedes = append(r.Supersedes, fmt.Sprint(j))
		}
		byID[r.ID] = r
		s.Rules = append(s.Rules, r)
	}
	s.index(byID)
	return s
}

// showHits writes hits as "1(0 2) 3".
func showHits(hits []Hit) string {
	var texts []string
	for _, h := range hits {
		text := h.Rule.ID
		var related []string
		for _, r := range h.Related {
			related = append(related, r.ID)
		}
		if related != nil {
			text += "(" + strings.Join(related, " ") + ")"
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, " ")
}

func TestFold(t *testing.T) {
	for _, tt := range []struct {
		name  string
		edges [][]int
		hits  []int32
		want  string
	}{
		{"no hit", [][]int{nil}, nil, ""},
		{"one hit", [][]int{nil, {0}}, []int32{1}, "1"},
		{"the superseded one alone stays", [][]int{nil, {0}}, []int32{0}, "0"},
		{"strangers stay both", [][]int{nil, nil}, []int32{0, 1}, "0 1"},
		{"a special case takes the general one", [][]int{nil, {0}}, []int32{0, 1}, "1(0)"},
		{"two special cases both name it", [][]int{nil, {0}, {0}}, []int32{0, 1, 2}, "1(0) 2(0)"},
		{"a chain", [][]int{nil, {0}, {1}}, []int32{0, 1, 2}, "2(0 1)"},
		{"a chain whose middle did not fire", [][]int{nil, {0}, {1}}, []int32{0, 2}, "2(0)"},
		{"itself", [][]int{{0}, nil}, []int32{0, 1}, "0 1"},
		{"each other", [][]int{{1}, {0}}, []int32{0, 1}, "0 1"},
		{"a circle and one below it", [][]int{{1, 3}, {2}, {0}, nil}, []int32{0, 1, 2, 3}, "0(3) 1(3) 2(3)"},
		{"a circle and one above it", [][]int{{1}, {0}, {0}}, []int32{0, 1, 2}, "2(0 1)"},
		{"an unknown rule", [][]int{{77}, nil}, []int32{0, 1}, "0 1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := showHits(graph(tt.edges).Fold(nil, tt.hits)); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestFoldNeverLosesAnEvent(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		n := 1 + rng.IntN(8)
		edges := make([][]int, n)
		for i := range edges {
			for range rng.IntN(4) {
				edges[i] = append(edges[i], rng.IntN(n))
			}
		}
		var hits []int32
		for i := range n {
			if rng.IntN(3) > 0 {
				hits = append(hits, int32(i))
			}
		}
		kept := graph(edges).Fold(nil, hits)
		if len(hits) > 0 && len(kept) == 0 {
			t.Fatalf("edges %v, hits %v: nothing is left", edges, hits)
		}
		if !slices.IsSortedFunc(kept, func(a, b Hit) int { return int(a.Index - b.Index) }) {
			t.Fatalf("edges %v, hits %v: %s is not in rule order", edges, hits, showHits(kept))
		}
		for _, h := range hits {
			isKept := slices.ContainsFunc(kept, func(k Hit) bool { return k.Index == h })
			isRelated := slices.ContainsFunc(kept, func(k Hit) bool {
				return slices.ContainsFunc(k.Related, func(r *Rule) bool { return r.ID == fmt.Sprint(h) })
			})
			if isKept == isRelated {
				t.Fatalf("edges %v, hits %v: rule %d is kept %v, related %v in %s", edges, hits, h, isKept, isRelated, showHits(kept))
			}
		}
	}
}

func TestFoldAllocatesNothingForOneHit(t *testing.T) {
	s := graph([][]int{nil, {0}})
	dst := make([]Hit, 0, 4)
	hits := []int32{1}
	if n := testing.AllocsPerRun(100, func() { dst = s.Fold(dst[:0], hits) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
