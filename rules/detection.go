package rules

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/regtrap/regtrap/matcher"
	"github.com/regtrap/regtrap/schemas"
)

// detection reads a rule's detection: its selections and its condition. It
// returns nil when there was a problem.
func (r *reader) detection(node *yaml.Node) matcher.Expr {
	before := len(r.problems)
	var selections []selection
	var condition *yaml.Node
	for name, value := range r.mapping(node, "detection") {
		switch name.Value {
		case "condition":
			condition = value
		case "timeframe":
			r.problem(name, "timeframe: correlation over time is not supported", "a condition on one event")
		default:
			if e := r.selection(value, name.Value); e != nil {
				selections = append(selections, selection{name.Value, e})
			}
		}
	}
	if len(r.problems) > before {
		return nil
	}
	if condition == nil {
		r.problem(node, "detection without a condition", "condition: selection")
		return nil
	}
	var parts []matcher.Expr
	for _, n := range r.oneOrMore(condition, "condition") {
		e, err := parseCondition(n.Value, selections)
		if err != nil {
			r.problem(n, err.Error(), "names of selections joined by and, or, not, ( ), 1 of NAME*, all of NAME*, 1 of them")
			continue
		}
		parts = append(parts, e)
	}
	if len(r.problems) > before {
		return nil
	}
	return or(parts)
}

// selection reads a map of field tests (all must hold) or a list of such maps
// (one must hold).
func (r *reader) selection(node *yaml.Node, name string) matcher.Expr {
	switch node.Kind {
	case yaml.MappingNode:
		var parts []matcher.Expr
		for key, value := range r.mapping(node, "selection "+name) {
			if e := r.item(key, value); e != nil {
				parts = append(parts, e)
			}
		}
		if len(node.Content) == 0 {
			r.problem(node, fmt.Sprintf("selection %s is empty", name), "field: value")
		}
		return and(parts)
	case yaml.SequenceNode:
		var parts []matcher.Expr
		for _, n := range node.Content {
			if n.Kind != yaml.MappingNode {
				r.problem(n, fmt.Sprintf("selection %s: keyword searches (values without a field) are not supported", name), "field: value")
				return nil
			}
			parts = append(parts, r.selection(n, name))
		}
		if len(parts) == 0 {
			r.problem(node, fmt.Sprintf("selection %s is empty", name), "field: value")
		}
		return or(parts)
	}
	r.problem(node, fmt.Sprintf("selection %s: keyword searches (values without a field) are not supported", name), "field: value")
	return nil
}

// test is how the values of one item are compared.
type test struct {
	field    schemas.Field
	modifier string // contains, startswith, endswith, re, exists, gt, gte, lt, lte or none
	flags    string // of re
	cased    bool
	all      bool
	neq      bool
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
		r.problem(node, fmt.Sprintf("%s has a map as its value", key.Value), "a value or a list of values")
		return nil
	case yaml.SequenceNode:
		values = node.Content
		if len(values) == 0 {
			r.problem(node, fmt.Sprintf("%s has an empty list", key.Value), "at least one value")
			return nil
		}
	}
	var parts []matcher.Expr
	for _, v := range values {
		if e := r.value(t, key, v); e != nil {
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

// test reads "Field|modifier|…".
func (r *reader) test(key *yaml.Node) (t test, ok bool) {
	names := strings.Split(key.Value, "|")
	bad := func(what, want string) (test, bool) {
		r.problem(key, fmt.Sprintf("%s: %s", key.Value, what), want)
		return t, false
	}
	if names[0] == "" {
		return bad("keyword searches (values without a field) are not supported", "field: value")
	}
	t.field, ok = schemas.FieldBySigma(names[0])
	if !ok {
		return bad(fmt.Sprintf("field %q is not one of a registry event", names[0]), "TargetObject, Details, Image, EventType, User, …")
	}
	for i, m := range names[1:] {
		if slices.Contains(names[1:i+1], m) {
			return bad(fmt.Sprintf("modifier %q twice", m), "each modifier once")
		}
		switch m {
		case "contains", "startswith", "endswith", "re", "exists", "gt", "gte", "lt", "lte":
			if t.modifier != "" {
				return bad(fmt.Sprintf("modifiers %q and %q exclude each other", t.modifier, m), "one of them")
			}
			t.modifier = m
		case "i", "m", "s", "ignorecase", "multiline", "dotall":
			if t.modifier != "re" {
				return bad(fmt.Sprintf("modifier %q without re before it", m), "re|"+m)
			}
			flag := map[string]string{"ignorecase": "i", "multiline": "m", "dotall": "s"}[m]
			t.flags += cmp.Or(flag, m)
		case "all":
			t.all = true
		case "cased":
			t.cased = true
		case "neq":
			t.neq = true
		default:
			return bad(fmt.Sprintf("modifier %q is not supported", m), "contains, startswith, endswith, all, cased, exists, re (i, m, s), gt, gte, lt, lte, neq")
		}
	}
	text := t.modifier == "" || t.modifier == "contains" || t.modifier == "startswith" || t.modifier == "endswith"
	if t.cased && !text {
		return bad(fmt.Sprintf("modifier cased does not go with %s", t.modifier), "no |cased (re is case-sensitive already)")
	}
	if t.modifier == "exists" && (t.all || t.neq) {
		return bad("modifier exists stands alone", "exists: true or exists: false")
	}
	return t, true
}

// value reads one value of an item.
func (r *reader) value(t test, key, node *yaml.Node) matcher.Expr {
	if node.Kind != yaml.ScalarNode {
		r.problem(node, fmt.Sprintf("%s has a nested list or map as a value", key.Value), "text, a number or null")
		return nil
	}
	bad := func(want string) matcher.Expr {
		r.problem(node, fmt.Sprintf("%s: %q is not a value for it", key.Value, node.Value), want)
		return nil
	}
	null := node.ShortTag() == "!!null"
	switch t.modifier {
	case "exists":
		var yes bool
		if node.ShortTag() != "!!bool" || node.Decode(&yes) != nil {
			return bad("true or false")
		}
		if yes {
			return matcher.Exists{Field: t.field}
		}
		return matcher.Not{X: matcher.Exists{Field: t.field}}
	case "gt", "gte", "lt", "lte":
		n, err := parseInteger(node.Value)
		if err != nil || null {
			return bad("an integer, decimal or 0x and hexadecimal")
		}
		op := map[string]matcher.CompareOp{"gt": matcher.Greater, "gte": matcher.GreaterEqual, "lt": matcher.Less, "lte": matcher.LessEqual}[t.modifier]
		return matcher.Compare{Field: t.field, Op: op, Number: n}
	case "re":
		if null {
			return bad("a regular expression")
		}
		source := node.Value
		if t.flags != "" {
			source = "(?" + t.flags + ")" + source
		}
		re, err := regexp.Compile(source)
		if err != nil {
			return bad("a regular expression in RE2 syntax (" + err.Error() + ")")
		}
		return matcher.Regexp{Field: t.field, Re: re}
	}
	if null {
		if t.modifier != "" {
			return bad("text, since null has no part; or null without |" + t.modifier)
		}
		return matcher.Not{X: matcher.Exists{Field: t.field}}
	}
	return matcher.Match{Field: t.field, Pattern: parsePattern(node.Value, t.modifier), Cased: t.cased, Op: t.modifier}
}

// parseInteger reads a number as YAML 1.2 writes it: a leading zero does not
// make it octal.
func parseInteger(s string) (int64, error) {
	if digits, ok := strings.CutPrefix(s, "0x"); ok {
		n, err := strconv.ParseUint(digits, 16, 63)
		return int64(n), err
	}
	return strconv.ParseInt(s, 10, 64)
}
