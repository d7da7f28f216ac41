package rules

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/regtrap/regtrap/schemas"
)

// Report is what Check found.
type Report struct {
	// Snapshot is what would run; nil when nothing can.
	Snapshot *Snapshot
	// Problems are errors, warnings and notes by file, line and column.
	Problems []Problem

	sources map[string][]byte
}

// Check reads and compiles as Load does, and looks closer: at conditions that
// no event, or every event, meets, at patterns that match nothing, at rules
// that are evaluated on every event. It changes nothing of what runs. The
// report is also there when there is an error, with the problems so far.
func Check(c Config) (*Report, error) { return Read(c.Paths).Check(c) }

// Check is the function of that name on the files. It does not look at
// c.Paths.
func (f *Files) Check(c Config) (*Report, error) {
	r := &Report{sources: make(map[string][]byte), Problems: slices.Clone(f.problems)}
	sources, err := f.all(c)
	if err != nil {
		return r, err
	}
	for _, src := range sources {
		r.sources[src.name] = src.data
	}
	all := collection{choosing: newChoosing(c.Choice), checker: &checker{facts: newFacts()}}
	snapshot, problems, err := all.load(sources)
	r.Problems = append(r.Problems, problems...)
	if err == nil {
		r.Snapshot = snapshot
		for _, rule := range snapshot.Rules {
			r.Problems = append(r.Problems, rule.Warnings...)
		}
		for _, i := range snapshot.Set.Always() {
			r.Problems = append(r.Problems, everyEvent(snapshot.Rules[i]))
		}
	}
	slices.SortStableFunc(r.Problems, func(a, b Problem) int {
		return cmp.Or(strings.Compare(a.File, b.File), a.Line-b.Line, a.Column-b.Column, strings.Compare(string(a.Code), string(b.Code)), strings.Compare(a.What, b.What))
	})
	r.Problems = slices.Compact(r.Problems)
	return r, err
}

// Line returns the text of the line that a problem is on, and false when it is
// on none.
func (r *Report) Line(p Problem) (string, bool) {
	data, ok := r.sources[p.File]
	if !ok || p.Line < 1 {
		return "", false
	}
	for range p.Line - 1 {
		i := bytes.IndexByte(data, '\n')
		if i < 0 {
			return "", false
		}
		data = data[i+1:]
	}
	line, _, _ := bytes.Cut(data, []byte("\n"))
	return strings.ToValidUTF8(string(bytes.TrimSuffix(line, []byte("\r"))), "\uFFFD"), true
}

// Count returns how many problems are of a severity.
func (r *Report) Count(severity string) int {
	n := 0
	for _, p := range r.Problems {
		if p.Severity() == severity {
			n++
		}
	}
	return n
}

// Rejected returns how many rules and exceptions cannot be used. A file that
// cannot be read at all counts as one.
func (r *Report) Rejected() int {
	type document struct{ file, rule string }
	seen := make(map[document]bool)
	for _, p := range r.Problems {
		if !p.Warning {
			seen[document{p.File, p.Rule}] = true
		}
	}
	return len(seen)
}

// checker looks closer at what a collection holds.
type checker struct{ facts *facts }

// rules judges the rules as their authors wrote them, without exceptions.
func (k *checker) rules(list []*Rule) {
	for _, r := range list {
		p := r.places
		k.relabel(r)
		actions := r.Actions
		if r.Ruleset == "elastic" {
			// Its actions come from the condition itself.
			actions = schemas.AllActions
		}
		j := newJudge(k.facts, p, r.Name, words{eql: r.Ruleset == "elastic"}, r.Condition, actions)
		j.condition()
		j.patterns()
		j.newNames()
		r.Warnings = append(slices.Clip(r.Warnings), k.noteOthers(p, j.found)...)
	}
}

// exceptions judges exceptions by themselves.
func (k *checker) exceptions(list []*exception) []Problem {
	var problems []Problem
	for _, x := range list {
		actions := schemas.AllActions
		if a, ok := categories()[x.category]; ok {
			actions = a
		}
		j := newJudge(k.facts, x.places, x.title, words{}, x.condition, actions)
		if ok, _ := j.possible([]claim{{j.root, true}}); ok {
			j.tests(nil)
			j.visit(j.root, nil, false)
		} else {
			j.warn(x.places.condition, CodeNeverTrue, fmt.Sprintf("exception %q leaves no event to its rules", x.title), "not, and a selection that says what to except")
		}
		j.patterns()
		problems = append(problems, j.found...)
	}
	return problems
}

// excepted reports the rules that their exceptions leave nothing, though each
// exception by itself leaves some events.
func (k *checker) excepted(r *Rule) {
	if slices.ContainsFunc(r.Warnings, func(p Problem) bool { return p.Code == CodeNeverTrue }) {
		return
	}
	j := newJudge(k.facts, r.places, r.Name, words{eql: r.Ruleset == "elastic"}, r.Condition, r.Actions)
	if ok, causes := j.possible([]claim{{j.root, true}}); !ok {
		j.warn(r.places.condition, CodeNeverTrue, "its exceptions leave the rule nothing to fire on: "+j.because(causes), "exceptions of some of its events")
		r.Warnings = append(r.Warnings, j.found...)
	}
}

// everyEvent says that a rule has no literal to be found by.
func everyEvent(r *Rule) Problem {
	p := Problem{
		File: r.File, Line: r.Line, Rule: r.Name, Code: CodeEveryEvent, Warning: true,
		What: "no text is necessary to the condition, so the rule is evaluated on every event of its actions",
		Want: "a test of some text that is joined by and: contains, endswith, a value",
	}
	if r.places != nil {
		p.Line, p.Column = r.places.condition.line, r.places.condition.column
	}
	return p
}

// relabel tells, of the fields that registry events do not have, mistakes from
// those of other events, which a query on any event may name.
func (k *checker) relabel(r *Rule) {
	r.Warnings = slices.Clone(r.Warnings)
	for i := range r.Warnings {
		p := &r.Warnings[i]
		f, ok := r.places.foreign[place{p.Line, p.Column}]
		switch {
		case !ok || p.Code != CodeNeverTrue:
		case f.nearest != "":
			p.Code, p.Want = CodeNoShape, f.nearest
		case !r.places.any:
			p.Code = CodeNoShape
		default:
			p.Code, p.Want = CodeOtherCategory, "nothing: this part of the query is about other events"
		}
	}
}

// noteOthers makes notes of what a query on any event says of other categories.
func (k *checker) noteOthers(p *places, found []Problem) []Problem {
	if p.any {
		for i := range found {
			if found[i].Code == CodeNeverTrue && strings.HasPrefix(found[i].What, "event.category ") {
				found[i].Code = CodeOtherCategory
				found[i].Want = "nothing: this part of the query is about other events"
			}
		}
	}
	return found
}
