package rules

import (
	"fmt"
	"slices"
	"strings"

	"github.com/regtrap/regtrap/matcher"
	"github.com/regtrap/regtrap/schemas"
)

// judge finds what can never be true, or always is, in one condition.
type judge struct {
	rule    string // name, for problems
	places  *places
	words   words
	facts   *facts
	root    *part
	leaves  []*leaf
	actions []schemas.Action // those that differ in what is known
	set     schemas.Actions  // all actions of the rule
	steps   int
	found   []Problem
}

// newJudge takes a condition apart. Its actions are those of the log source.
func newJudge(f *facts, p *places, rule string, w words, x matcher.Expr, actions schemas.Actions) *judge {
	c := conditionParts{facts: f, places: p, leaves: make(map[string]*leaf)}
	j := &judge{rule: rule, places: p, words: w, facts: f, root: c.part(x, ""), set: actions, steps: maxSteps}
	j.leaves = c.list
	seen := make(map[string]bool)
	for a := range everyAction {
		if !actions.Has(a) {
			continue
		}
		var b strings.Builder
		for _, l := range j.leaves {
			b.WriteByte('0' + byte(l.truths[a]))
		}
		if !seen[b.String()] {
			seen[b.String()] = true
			j.actions = append(j.actions, a)
		}
	}
	return j
}

func (j *judge) warn(at place, code Code, what, want string) {
	p := Problem{File: j.places.file, Line: at.line, Column: at.column, Rule: j.rule, Code: code, Warning: true, What: what, Want: want}
	if !slices.Contains(j.found, p) {
		j.found = append(j.found, p)
	}
}

// at is where a part stands.
func (j *judge) at(p *part) place {
	if p.named && p.kind != isLeaf {
		if at, ok := j.places.names[p.name]; ok {
			return at
		}
	}
	switch p.kind {
	case isLeaf:
		return p.at
	case isConstant:
	default:
		if slices.ContainsFunc(p.parts, func(q *part) bool { return q.named }) {
			break // the condition joins selections
		}
		for _, q := range p.parts {
			if at := j.at(q); at != j.places.condition {
				return at
			}
		}
	}
	return j.places.condition
}

// possible reports whether the claims may be true of an event, and why not.
func (j *judge) possible(claims []claim) (bool, []cause) {
	var causes []cause
	for _, a := range j.actions {
		s := solver{action: a, steps: &j.steps}
		if s.may(claims) {
			return true, nil
		}
		causes = append(causes, s.cause)
	}
	return false, causes
}

// condition judges the whole condition, then its parts.
func (j *judge) condition() {
	whole := []claim{{j.root, true}}
	if ok, causes := j.possible(whole); !ok {
		causes = j.blame(causes)
		only := onlyTest(causes)
		j.tests(only)
		if only == nil {
			j.warn(j.places.condition, CodeNeverTrue, "the rule never fires: "+j.because(causes), "a condition that some event makes true")
		}
		return
	}
	if ok, _ := j.possible([]claim{{j.root, false}}); !ok {
		j.warn(j.places.condition, CodeAlwaysTrue, "the rule fires on every event of its log source", "a condition that most events do not meet")
	}
	j.tests(nil)
	j.visit(j.root, nil, false)
}

// tests reports the tests that hold on no event of the rule. Several may stand
// in one place, what one value became: then none of them may hold. For want of
// the fatal one the rule never fires.
func (j *judge) tests(fatal *leaf) {
	type group struct {
		first *part
		may   bool
	}
	beside := make(map[*part]bool)
	j.besideOthers(j.root, beside)
	var order []place
	groups := make(map[place]*group)
	j.eachLeaf(j.root, func(p *part) {
		if beside[p] {
			return
		}
		at := j.at(p)
		g := groups[at]
		if g == nil {
			g = &group{first: p}
			groups[at], order = g, append(order, at)
		}
		g.may = g.may || slices.ContainsFunc(j.actions, func(a schemas.Action) bool { return p.leaf.truths[a] != never })
	})
	for _, at := range order {
		if g := groups[at]; !g.may && len(j.actions) > 0 {
			what, want := j.words.neverHolds(j, g.first.leaf)
			if g.first.leaf == fatal {
				what += ", so the rule never fires"
			}
			j.warn(at, CodeNeverTrue, what, want)
		}
	}
}

// besideOthers adds the tests that are joined to one of another category: they
// are about its events.
func (j *judge) besideOthers(p *part, beside map[*part]bool) {
	other := func(q *part) bool {
		return q.kind == isLeaf && len(q.leaf.fields) == 1 && q.leaf.fields[0] == schemas.EventCategory && q.leaf.truths[schemas.ValueSet] == never
	}
	if p.kind == allOf && slices.ContainsFunc(p.parts, other) {
		for _, q := range p.parts {
			if !other(q) {
				j.eachLeaf(q, func(l *part) { beside[l] = true })
			}
		}
		return
	}
	for _, q := range p.parts {
		j.besideOthers(q, beside)
	}
}

func (j *judge) eachLeaf(p *part, do func(*part)) {
	if p.kind == isLeaf {
		do(p)
	}
	for _, q := range p.parts {
		j.eachLeaf(q, do)
	}
}

// visit reports the parts of p that never hold where the claims around do. p
// itself may. excluding says that what p holds for is not what the rule is for.
func (j *judge) visit(p *part, around []claim, excluding bool) {
	if j.steps <= 0 {
		return
	}
	switch p.kind {
	case allOf:
		for i, q := range p.parts {
			if q.kind == isLeaf || q.kind == isConstant {
				continue
			}
			if j.steps -= len(p.parts); j.steps <= 0 {
				return
			}
			siblings := slices.Clone(around)
			for k, o := range p.parts {
				if k != i {
					siblings = append(siblings, claim{o, true})
				}
			}
			j.visit(q, siblings, excluding)
		}
	case anyOf:
		j.alternatives(p, around, excluding)
	case noneOf:
		q := p.parts[0]
		// That another exclusion says the same already is no matter.
		around = slices.DeleteFunc(slices.Clone(around), func(c claim) bool { return c.part.kind == noneOf })
		if ok, causes := j.possible(append(slices.Clone(around), claim{q, true})); ok {
			j.visit(q, around, !excluding)
		} else if !reported(q, causes) {
			j.useless(j.at(q), q, causes, !excluding)
		}
	}
}

// alternatives reports the parts of an "or" that never hold. Neighbours in one
// place are one alternative.
func (j *judge) alternatives(p *part, around []claim, excluding bool) {
	for i := 0; i < len(p.parts); {
		if j.steps <= 0 {
			return
		}
		first := p.parts[i]
		at := j.at(first)
		may := false
		var causes []cause
		for n := i; i < len(p.parts) && (i == n || first.kind == isLeaf && p.parts[i].kind == isLeaf && j.at(p.parts[i]) == at); i++ {
			q := p.parts[i]
			if q.kind == isLeaf && len(p.parts) > 1 && j.holdsForAll(q.leaf) {
				j.warn(at, CodeAlwaysTrue, fmt.Sprintf("%s holds for every %s, whatever else is in the list", j.words.test(q.leaf.x), j.words.field(q.leaf.fields[0])), "text to look for")
			}
			ok, because := j.possible(append(slices.Clone(around), claim{q, true}))
			may = may || ok
			causes = append(causes, because...)
			if ok {
				j.visit(q, around, excluding)
			}
		}
		if !may && !reported(first, causes) {
			j.useless(at, first, causes, excluding)
		}
	}
}

// useless reports a part that never holds where it stands: an alternative, or
// what is to be excluded.
func (j *judge) useless(at place, p *part, causes []cause, excluding bool) {
	what, want := "%s never holds here: %s", "an alternative that some event meets, or none"
	if excluding {
		what, want = "%s excludes nothing: %s", "an exclusion of events that the rest of the condition selects, or none"
	}
	j.warn(at, CodeNeverTrue, fmt.Sprintf(what, j.words.part(p), j.because(causes)), want)
}

// holdsForAll reports whether a test only asks whether its field is there,
// though it looks like one of its text.
func (j *judge) holdsForAll(l *leaf) bool {
	m, ok := l.x.(matcher.Match)
	return ok && isAnyText(m.Pattern) && m.Op != "" && m.Op != ":"
}

// reported reports whether a part needs no word of its own: because one test in
// it never holds, or a field in it is always null, which is said of that; or because it is a test of the action
// beside others that leave no choice, which is a way to be explicit.
func reported(p *part, causes []cause) bool {
	for _, c := range causes {
		switch {
		case c.a == nil || c.b != nil:
			return false
		case p.kind == isLeaf || c.a.part.kind == isConstant:
		case c.a.part.leaf == nil || c.a.part.leaf != causes[0].a.part.leaf:
			return false
		}
	}
	return len(causes) > 0
}

// blame looks for a part that alone makes the condition impossible, and returns
// why that is.
func (j *judge) blame(causes []cause) []cause {
	parts := []*part{j.root}
	for i := 0; i < len(parts); i++ {
		if parts[i].kind == allOf {
			parts = append(parts, parts[i].parts...)
			continue
		}
		if ok, alone := j.possible([]claim{{parts[i], true}}); !ok {
			return alone
		}
	}
	return causes
}

// onlyTest returns the test that is the only cause: it never holds.
func onlyTest(causes []cause) *leaf {
	for _, c := range causes {
		if c.a == nil || c.b != nil || !c.a.holds || c.a.part.leaf == nil || c.a.part.leaf != causes[0].a.part.leaf {
			return nil
		}
	}
	if len(causes) == 0 {
		return nil
	}
	return causes[0].a.part.leaf
}

// because is the causes in words.
func (j *judge) because(causes []cause) string {
	var single []string
	for _, c := range causes {
		switch {
		case c.a == nil:
		case c.b != nil:
			return j.words.pair(*c.a, *c.b)
		default:
			if text := j.words.claim(*c.a); !slices.Contains(single, text) {
				single = append(single, text)
			}
		}
	}
	switch len(single) {
	case 0:
		return "no event meets all of its tests"
	case 1:
		return "no event of it meets " + single[0]
	}
	return "no event meets all of " + strings.Join(single, ", ")
}
