package rules

import (
	"fmt"

	"go.yaml.in/yaml/v3"

	"github.com/regtrap/regtrap/matcher"
)

// detection reads a rule's detection, or an exception's filter: its selections
// and its condition. Keys in own are left to the caller. It returns nil when
// there was a problem.
func (r *reader) detection(node *yaml.Node, name string, own ...string) matcher.Expr {
	before := len(r.problems)
	var selections []selection
	var keys []*yaml.Node // of the selections
	var condition *yaml.Node
keys:
	for key, value := range r.mapping(node, name) {
		for _, k := range own {
			if key.Value == k {
				continue keys
			}
		}
		switch key.Value {
		case "condition":
			condition = value
			r.places.conditionAt(value)
		case "timeframe":
			r.problem(key, CodeUnsupported, "timeframe: correlation over time is not supported", "a condition on one event")
		default:
			r.selectionName = key.Value
			r.places.name(key.Value, place{key.Line, key.Column})
			e := r.selection(value, key.Value)
			if e == nil {
				e = matcher.Bool(false) // for the condition, which is judged too
			}
			selections = append(selections, selection{name: key.Value, expr: e})
			keys = append(keys, key)
		}
	}
	if condition == nil {
		if node.Kind == yaml.MappingNode { // else it is said already
			r.problem(node, CodeCondition, name+" without a condition", "condition: selection")
		}
		return nil
	}
	var parts []matcher.Expr
	budget := maxTests
	for _, n := range r.oneOrMore(condition, "condition") {
		e, err := parseCondition(n.Value, selections, &budget)
		if err != nil {
			r.conditionProblem(n, err)
			continue
		}
		parts = append(parts, e)
	}
	if len(r.problems) > before {
		return nil
	}
	if len(parts) == 0 {
		r.problem(condition, CodeCondition, "the list of conditions is empty", "condition: selection")
		return nil
	}
	for i, s := range selections {
		if !s.used {
			r.warn(keys[i], CodeUnusedSelection, fmt.Sprintf("no condition names selection %s", s.name), "a condition that does, or no such selection")
		}
	}
	return or(parts)
}

// selection reads a map of field tests (all must hold), a keyword, or a list
// of maps and keywords (one must hold).
func (r *reader) selection(node *yaml.Node, name string) matcher.Expr {
	var parts []matcher.Expr
	switch node.Kind {
	case yaml.MappingNode:
		for key, value := range r.mapping(node, "selection "+name) {
			if e := r.item(key, value); e != nil {
				parts = append(parts, e)
			}
		}
	case yaml.SequenceNode:
		for _, n := range node.Content {
			if n.Kind == yaml.SequenceNode {
				r.problem(n, CodeValue, fmt.Sprintf("selection %s has a list in a list", name), "a list of maps or of keywords")
				return nil
			}
			if e := r.selection(n, name); e != nil {
				parts = append(parts, e)
			}
		}
	default:
		e := r.value(test{keyword: true}, "selection "+name, node)
		r.places.note(r.selectionName, e, place{node.Line, node.Column})
		return e
	}
	if len(node.Content) == 0 {
		r.problem(node, CodeValue, fmt.Sprintf("selection %s is empty", name), "field: value, or keywords")
		return nil
	}
	if node.Kind == yaml.MappingNode {
		return and(parts)
	}
	return or(parts)
}

// item reads "Field|modifier|…: value" or a list of values.
func (r *reader) item(key, node *yaml.Node) matcher.Expr {
	t, ok := r.test(key)
	if !ok {
		return nil
	}
	values := []*yaml.Node{node}
	switch node.Kind {
	case yaml.MappingNode:
		r.problem(node, CodeValue, fmt.Sprintf("%s has a map as its value", key.Value), "a value or a list of values")
		return nil
	case yaml.SequenceNode:
		values = node.Content
		if len(values) == 0 {
			r.problem(node, CodeValue, fmt.Sprintf("%s has an empty list", key.Value), "at least one value")
			return nil
		}
	}
	var parts []matcher.Expr
	for _, v := range values {
		if e := r.value(t, key.Value, v); e != nil {
			r.places.note(r.selectionName, e, place{v.Line, v.Column})
			parts = append(parts, e)
		}
	}
	e := or(parts)
	if t.all {
		e = and(parts)
	}
	if t.neq {
		e = matcher.Not{X: e}
	}
	return e
}
