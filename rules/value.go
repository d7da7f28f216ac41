package rules

import (
	"cmp"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/regtrap/regtrap/matcher"
	"github.com/regtrap/regtrap/schemas"
)

// value reads one value of an item.
func (r *reader) value(t test, key string, node *yaml.Node) matcher.Expr {
	if node.Kind != yaml.ScalarNode {
		r.problem(node, CodeValue, fmt.Sprintf("%s has a nested list or map as a value", key), "text, a number or null")
		return nil
	}
	bad := func(want string) matcher.Expr {
		r.problem(node, CodeValue, fmt.Sprintf("%s: %q is not a value for it", key, node.Value), want)
		return nil
	}
	null := node.ShortTag() == "!!null"
	switch t.kind {
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
		op := map[string]matcher.CompareOp{"gt": matcher.Greater, "gte": matcher.GreaterEqual, "lt": matcher.Less, "lte": matcher.LessEqual}[t.kind]
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
		return r.regexp(t, node, re)
	case "cidr":
		return r.network(t, key, node)
	case "fieldref":
		return r.fieldref(t, key, node)
	}
	if null {
		switch {
		case t.keyword:
			return bad("text: null is no keyword")
		case len(t.changes) > 0:
			return bad("text, since null has no part; or null without |" + t.changes[0])
		}
		return matcher.Not{X: matcher.Exists{Field: t.field}}
	}
	return r.pattern(t, key, node)
}

// room takes n of the tests that a rule may have.
func (r *reader) room(node *yaml.Node, n int) bool {
	if r.tests += n; r.tests > maxTests {
		r.problem(node, CodeLimit, fmt.Sprintf("the rule has more than %d tests", maxTests), "a smaller rule")
	}
	return r.tests <= maxTests
}

// pattern reads a text with wildcards.
func (r *reader) pattern(t test, key string, node *yaml.Node) matcher.Expr {
	values, err := change(parseWildcards(node.Value), t.changes)
	if err != nil {
		r.problem(node, CodeValue, fmt.Sprintf("%s: %q: %v", key, node.Value, err), "text that the modifiers can be applied to")
		return nil
	}
	if !r.room(node, len(values)) {
		return nil
	}
	var parts []matcher.Expr
	for _, tokens := range values {
		if t.keyword {
			// A keyword is found anywhere in a value, unless its modifiers
			// say where.
			if t.position == "" {
				star := matcher.Token{Kind: matcher.Star}
				tokens = slices.Concat([]matcher.Token{star}, tokens, []matcher.Token{star})
			}
			pattern := matcher.NewPattern(tokens...)
			if all := pattern.Tokens(); len(all) == 1 && all[0].Kind == matcher.Star {
				r.problem(node, CodeValue, fmt.Sprintf("%s: keyword %q is in every event", key, node.Value), "text to look for")
				return nil
			}
			parts = append(parts, matcher.Keyword{Pattern: pattern, Cased: t.cased})
			continue
		}
		parts = append(parts, matcher.Match{Field: t.field, Pattern: matcher.NewPattern(tokens...), Cased: t.cased, Op: strings.Join(t.changes, "|")})
	}
	return or(parts)
}

// regexp tests the item's field or, as a keyword, all that are searched.
func (r *reader) regexp(t test, node *yaml.Node, re *regexp.Regexp) matcher.Expr {
	if !t.keyword {
		return matcher.Regexp{Field: t.field, Re: re}
	}
	if !r.room(node, schemas.NumFields) {
		return nil
	}
	var parts []matcher.Expr
	for f := range schemas.Field(schemas.NumFields) {
		if f.IsSearched() {
			parts = append(parts, matcher.Regexp{Field: f, Re: re})
		}
	}
	return or(parts)
}

// network reads a network of IPv4 or IPv6; an address stands for itself alone.
func (r *reader) network(t test, key string, node *yaml.Node) matcher.Expr {
	prefix, err := netip.ParsePrefix(node.Value)
	if addr, e := netip.ParseAddr(node.Value); e == nil && addr.Zone() == "" {
		prefix, err = netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	switch {
	case err != nil:
		r.problem(node, CodeValue, fmt.Sprintf("%s: %q is no network", key, node.Value), "as in 10.0.0.0/8 or fe80::/10")
		return nil
	case prefix != prefix.Masked():
		r.problem(node, CodeValue, fmt.Sprintf("%s: %s has bits set behind its prefix", key, node.Value), prefix.Masked().String())
		return nil
	}
	call := matcher.Call{Name: "cidrMatch", Args: []matcher.Term{matcher.Ref{Field: t.field}, matcher.Text(prefix.String())}}
	return matcher.Relation{Term: call, Op: t.kind}
}

// fieldref compares two fields of the event; when one is absent, the test is
// test true.
func (r *reader) fieldref(t test, key string, node *yaml.Node) matcher.Expr {
	f, ok := schemas.FieldBySigma(node.Value)
	if !ok {
		r.problem(node, CodeField, fmt.Sprintf("%s: field %q is not one of a registry event", key, node.Value), cmp.Or(nearest(node.Value, sigmaNames()), "Image, User, Details, …"))
		return nil
	}
	functions := map[string]string{"": "equal", "contains": "stringContains", "startswith": "startsWith", "endswith": "endsWith"}
	call := matcher.Call{Name: functions[t.position], Fold: true, Args: []matcher.Term{matcher.Ref{Field: t.field}, matcher.Ref{Field: f}}}
	return matcher.Relation{Term: call, Op: t.kind}
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
