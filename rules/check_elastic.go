package rules

import (
	"github.com/regtrap/regtrap/rules/eql"
	"github.com/regtrap/regtrap/schemas"
)

// queryPlaces notes where the tests of a query stand: each of its parts is
// compiled once more by itself, and what comes of it stands where the part does.
func (e *elasticReader) queryPlaces(q *eql.Query) *places {
	p := newPlaces(e.file)
	p.any = q.Category == "any"
	p.id = e.at["rule_id"]
	at := func(pos eql.Pos) place {
		x := e.inQuery(pos, "", "", "")
		return place{x.Line, x.Column}
	}
	p.condition = at(q.Where.Start())
	compiler := eqlCompiler{report: func(eql.Pos, Code, bool, string, string) {}}
	note := func(x eql.Expr, pos eql.Pos) { p.note("", compiler.condition(x), at(pos)) }
	var walk func(eql.Expr)
	walk = func(x eql.Expr) {
		switch x := x.(type) {
		case eql.And:
			for _, y := range x.X {
				walk(y)
			}
		case eql.Or:
			for _, y := range x.X {
				walk(y)
			}
		case eql.Not:
			walk(x.X)
		case eql.Match:
			for _, pattern := range x.Patterns {
				note(eql.Match{Op: x.Op, Left: x.Left, Patterns: []eql.Text{pattern}}, pattern.Pos)
			}
		case eql.In:
			for _, v := range x.List {
				note(eql.In{Op: x.Op, Left: x.Left, List: []eql.Expr{v}}, v.Start())
			}
		default:
			note(x, x.Start())
		}
	}
	walk(q.Where)
	eachField(q.Where, func(f eql.Field) {
		if _, ok := schemas.FieldByECS(f.Name); !ok {
			p.foreign[at(f.Pos)] = foreignName{f.Name, nearest(f.Name, ecsNames())}
		}
	})
	return p
}

// ecsNames are the names of all fields that a query can test.
func ecsNames() []string {
	var names []string
	for f := range schemas.Field(schemas.NumFields) {
		if name := f.ECS(); name != "" {
			names = append(names, name)
		}
	}
	return names
}

// eachField calls do with every field of an expression.
func eachField(x eql.Expr, do func(eql.Field)) {
	switch x := x.(type) {
	case eql.And:
		for _, y := range x.X {
			eachField(y, do)
		}
	case eql.Or:
		for _, y := range x.X {
			eachField(y, do)
		}
	case eql.Not:
		eachField(x.X, do)
	case eql.Compare:
		eachField(x.Left, do)
		eachField(x.Right, do)
	case eql.Match:
		eachField(x.Left, do)
	case eql.In:
		eachField(x.Left, do)
		for _, y := range x.List {
			eachField(y, do)
		}
	case eql.Call:
		for _, y := range x.Args {
			eachField(y, do)
		}
	case eql.Arithmetic:
		eachField(x.Left, do)
		eachField(x.Right, do)
	case eql.Negative:
		eachField(x.X, do)
	case eql.Field:
		do(x)
	}
}
