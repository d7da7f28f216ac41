package rules

import (
	"go.yaml.in/yaml/v3"

	"github.com/regtrap/regtrap/matcher"
)

// places says where the parts of a rule stand in its file. Only Check notes
// them: they are many, and what runs needs none.
type places struct {
	file      string
	id        place
	condition place
	names     map[string]place      // selections
	tests     map[testInFile]place  // the first of those that are alike
	foreign   map[place]foreignName // fields of a query that registry events do not have
	any       bool                  // the query is on events of any category
}

// testInFile is a test by its notation, and the selection that it stands in.
type testInFile struct{ selection, notation string }

// foreignName is a field of other events, or a mistake.
type foreignName struct{ name, nearest string }

func newPlaces(file string) *places {
	return &places{file: file, names: make(map[string]place), tests: make(map[testInFile]place), foreign: make(map[place]foreignName)}
}

// note says that what became x stands at a place. A nil *places notes nothing.
func (p *places) note(selection string, x matcher.Expr, at place) {
	if p == nil || x == nil {
		return
	}
	for test := range testsOf(x) {
		key := testInFile{selection, test.String()}
		if _, ok := p.tests[key]; !ok {
			p.tests[key] = at
		}
	}
}

// conditionAt says where a condition stands: the first, of a list.
func (p *places) conditionAt(node *yaml.Node) {
	if p == nil {
		return
	}
	if node.Kind == yaml.SequenceNode && len(node.Content) > 0 {
		node = node.Content[0]
	}
	p.condition = place{node.Line, node.Column}
}

// idAt says where the id stands.
func (p *places) idAt(at place) {
	if p != nil {
		p.id = at
	}
}

// name says where a selection begins.
func (p *places) name(selection string, at place) {
	if p != nil {
		p.names[selection] = at
	}
}

// testsOf yields the tests of a condition, in their order.
func testsOf(x matcher.Expr) func(yield func(matcher.Expr) bool) {
	return func(yield func(matcher.Expr) bool) { eachTest(x, yield) }
}

func eachTest(x matcher.Expr, yield func(matcher.Expr) bool) bool {
	switch x := x.(type) {
	case matcher.And:
		for _, part := range x {
			if !eachTest(part, yield) {
				return false
			}
		}
	case matcher.Or:
		for _, part := range x {
			if !eachTest(part, yield) {
				return false
			}
		}
	case matcher.Not:
		return eachTest(x.X, yield)
	case matcher.Named:
		return eachTest(x.X, yield)
	case matcher.Bool, nil:
	default:
		return yield(x)
	}
	return true
}
