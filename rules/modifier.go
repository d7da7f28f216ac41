package rules

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/regtrap/regtrap/schemas"
)

// test is how the values of one item are compared: what its key says, read
// from left to right.
type test struct {
	keyword bool // no field: all fields that are searched
	field   schemas.Field
	// changes of each value in their order: contains, startswith, endswith,
	// windash, base64, base64offset, wide, utf16, utf16be, expand.
	changes  []string
	kind     string // re, exists, gt, gte, lt, lte, cidr, fieldref, or "" for text
	position string // contains, startswith or endswith, if one is there
	flags    string // of re
	cased    bool
	all      bool
	neq      bool
}

const allModifiers = "contains, startswith, endswith, all, cased, neq, exists, windash, wide, utf16, utf16le, utf16be, base64, base64offset, re (i, m, s), gt, gte, lt, lte, cidr, fieldref"

// test reads "Field|modifier|…".
func (r *reader) test(key *yaml.Node) (t test, ok bool) {
	names := strings.Split(key.Value, "|")
	bad := func(code Code, what, want string) (test, bool) {
		r.problem(key, code, fmt.Sprintf("%s: %s", key.Value, what), want)
		return t, false
	}
	if t.keyword = names[0] == ""; !t.keyword {
		if t.field, ok = schemas.FieldBySigma(names[0]); !ok {
			return bad(CodeField, fmt.Sprintf("field %q is not one of a registry event", names[0]), cmp.Or(nearest(names[0], sigmaNames()), "TargetObject, Details, Image, EventType, User, …"))
		}
	}
	for i, m := range names[1:] {
		if slices.Contains(names[1:i+1], m) {
			return bad(CodeModifier, fmt.Sprintf("modifier %q twice", m), "each modifier once")
		}
		if code, what, want := t.add(m); code != "" {
			return bad(code, what, want)
		}
	}
	switch {
	case t.keyword && t.kind != "" && t.kind != "re":
		return bad(CodeModifier, fmt.Sprintf("modifier %q without a field", t.kind), "a field before it")
	case t.kind == "exists" && (t.all || t.neq):
		return bad(CodeModifier, "modifier exists stands alone", "exists: true or exists: false")
	}
	return t, true
}

// add adds a modifier, or says what is wrong with it. Each stands in for a
// type: text becomes an expression, a number, a network or a field, and from
// then on only what fits that type may follow.
func (t *test) add(m string) (code Code, what, want string) {
	bad := func(what string, args ...any) (Code, string, string) {
		return CodeModifier, fmt.Sprintf(what, args...), allModifiers
	}
	switch m {
	case "all":
		t.all = true
	case "neq":
		t.neq = true
	case "contains", "startswith", "endswith":
		switch {
		case t.position != "":
			return bad("modifiers %q and %q exclude each other", t.position, m)
		case t.kind != "" && t.kind != "fieldref":
			return bad("modifiers %q and %q exclude each other", t.kind, m)
		}
		t.position = m
		t.changes = append(t.changes, m)
	case "cased":
		if t.kind != "" {
			return bad("modifier cased does not go with %s", t.kind)
		}
		t.cased = true
	case "windash", "wide", "utf16", "utf16le", "utf16be", "base64", "base64offset", "expand":
		if t.kind != "" {
			return bad("modifiers %q and %q exclude each other", t.kind, m)
		}
		if strings.HasPrefix(m, "base64") && t.position != "" {
			return CodeModifier, fmt.Sprintf("modifier %q behind %q: a wildcard cannot be encoded", m, t.position), m + "|" + t.position
		}
		t.changes = append(t.changes, m)
	case "re", "exists", "gt", "gte", "lt", "lte", "cidr", "fieldref":
		switch {
		case t.kind != "":
			return bad("modifiers %q and %q exclude each other", t.kind, m)
		case m == "fieldref" && t.position != "":
			return CodeModifier, fmt.Sprintf("modifier fieldref behind %q", t.position), "fieldref|" + t.position
		case len(t.changes) > 0:
			return bad("modifiers %q and %q exclude each other", t.changes[0], m)
		case t.cased:
			return bad("modifier cased does not go with %s", m)
		}
		t.kind = m
	case "i", "m", "s", "ignorecase", "multiline", "dotall":
		if t.kind != "re" {
			return CodeModifier, fmt.Sprintf("modifier %q without re before it", m), "re|" + m
		}
		t.flags += map[string]string{"i": "i", "ignorecase": "i", "m": "m", "multiline": "m", "s": "s", "dotall": "s"}[m]
	case "minute", "hour", "day", "week", "month", "year":
		return CodeUnsupported, fmt.Sprintf("modifier %q is not supported: no field of a registry event is a date", m), "a test on another field"
	default:
		names := strings.FieldsFunc(allModifiers, func(r rune) bool { return strings.ContainsRune(" ,()", r) })
		return CodeModifier, fmt.Sprintf("modifier %q is unknown", m), cmp.Or(nearest(m, names), allModifiers)
	}
	return "", "", ""
}
