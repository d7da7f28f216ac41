package rules

import (
	"fmt"
	"strconv"

	"github.com/regtrap/regtrap/matcher"
	"github.com/regtrap/regtrap/rules/eql"
	"github.com/regtrap/regtrap/schemas"
)

// eqlCompiler turns the tree of a query into a condition, with Elasticsearch's
// semantics: a test on a missing field is false, so its negation is true; of
// several values any may match; != is the negation of ==.
type eqlCompiler struct {
	report func(at eql.Pos, code Code, warning bool, what, want string)
	failed bool
}

func (c *eqlCompiler) reject(x eql.Expr, code Code, what, want string) matcher.Expr {
	c.failed = true
	c.report(x.Start(), code, false, what, want)
	return matcher.Bool(false)
}

// query compiles a query, and says on which actions it can be true.
func (c *eqlCompiler) query(q *eql.Query) (matcher.Expr, schemas.Actions) {
	if q.Category != "registry" && q.Category != "any" {
		c.report(q.Pos, CodeLogsource, false, fmt.Sprintf("events of the category %q are none of the registry", q.Category), "registry where …, or any where …")
		return nil, 0
	}
	x := c.condition(q.Where)
	may, _ := actionsOf(x)
	return x, may
}

// condition compiles what is true or false.
func (c *eqlCompiler) condition(x eql.Expr) matcher.Expr {
	switch x := x.(type) {
	case eql.And:
		return matcher.And(c.conditions(x.X))
	case eql.Or:
		return matcher.Or(c.conditions(x.X))
	case eql.Not:
		return matcher.Not{X: c.condition(x.X)}
	case eql.Bool:
		return matcher.Bool(x.Value)
	case eql.Field: // of a boolean
		return c.compare(eql.Compare{Op: "==", Left: x, Right: eql.Bool{Value: true, Pos: x.Pos}})
	case eql.Compare:
		return c.compare(x)
	case eql.Match:
		return c.match(x)
	case eql.In:
		var parts []matcher.Expr
		for _, v := range x.List {
			parts = append(parts, c.compareEqual(x.Left, v, x.Op))
		}
		return negated(or(parts), x.Negate)
	case eql.Call:
		return c.call(x)
	}
	return c.reject(x, CodeCondition, fmt.Sprintf("%s is neither true nor false", x), "a comparison")
}

func (c *eqlCompiler) conditions(list []eql.Expr) []matcher.Expr {
	var parts []matcher.Expr
	for _, x := range list {
		parts = append(parts, c.condition(x))
	}
	return parts
}

func negated(x matcher.Expr, not bool) matcher.Expr {
	if not {
		return matcher.Not{X: x}
	}
	return x
}

// order is an operator that orders values.
type order struct {
	op       matcher.CompareOp
	function string
}

var orders = map[string]order{
	"<": {matcher.Less, "less"}, "<=": {matcher.LessEqual, "lessEqual"}, "==": {matcher.Equal, "equal"},
	">=": {matcher.GreaterEqual, "greaterEqual"}, ">": {matcher.Greater, "greater"},
}

// mirrored is the operator with its sides exchanged.
func mirrored(op string) string {
	switch op[0] {
	case '<':
		return ">" + op[1:]
	case '>':
		return "<" + op[1:]
	}
	return op
}

// compare compiles a comparison of two values.
func (c *eqlCompiler) compare(x eql.Compare) matcher.Expr {
	if x.Op == "==" || x.Op == "!=" {
		return negated(c.compareEqual(x.Left, x.Right, "=="), x.Op == "!=")
	}
	left, right, op, ok := c.sides(x.Left, x.Right, x.Op)
	if !ok {
		return matcher.Bool(false)
	}
	for _, v := range []value{left, right} {
		if v.kind == truthValue || v.source == (eql.Null{Pos: v.source.Start()}) {
			return c.reject(v.source, CodeValue, fmt.Sprintf("%s beside %s", v.source, x.Op), "a number or a text")
		}
	}
	if left.term == nil || right.term == nil {
		return matcher.Bool(false)
	}
	if n, ok := right.term.(matcher.Integer); ok {
		switch left := left.term.(type) {
		case matcher.Ref:
			return matcher.Compare{Field: left.Field, Op: orders[op].op, Number: int64(n)}
		case matcher.Call:
			if ref, ok := left.Args[0].(matcher.Ref); ok && left.Name == "length" {
				return matcher.Length{Field: ref.Field, Op: orders[op].op, Number: int64(n)}
			}
		}
	}
	return c.relation(x, orders[op].function, false, op, left.term, right.term)
}

// sides compiles both sides of a comparison, a constant as the right one.
func (c *eqlCompiler) sides(a, b eql.Expr, op string) (left, right value, _ string, ok bool) {
	left, ok = c.value(a)
	right, fine := c.value(b)
	if !ok || !fine {
		return left, right, op, false
	}
	if left.kind != anyValue && right.kind != anyValue && left.kind != nullValue && right.kind != nullValue && left.kind != right.kind {
		c.reject(b, CodeValue, fmt.Sprintf("%s is compared with %s: one is a %s, the other a %s", left.source, right.source, left.kind, right.kind), "values of one kind")
		return left, right, op, false
	}
	if left.constant() && !right.constant() {
		return right, left, mirrored(op), true
	}
	return left, right, op, true
}

// compareEqual compiles == and in, of which in~ is without case.
func (c *eqlCompiler) compareEqual(a, b eql.Expr, op string) matcher.Expr {
	left, right, _, ok := c.sides(a, b, op)
	switch {
	case !ok:
		return matcher.Bool(false)
	case isNull(right.source):
		return c.null(left)
	case isNull(left.source):
		return c.null(right)
	case left.term == nil || right.term == nil: // nothing is equal to null
		return matcher.Bool(false)
	}
	ref, isRef := left.term.(matcher.Ref)
	call, isCall := left.term.(matcher.Call)
	switch constant := right.term.(type) {
	case matcher.Integer:
		if isRef {
			return matcher.Or{
				matcher.Compare{Field: ref.Field, Op: matcher.Equal, Number: int64(constant)},
				matcher.Match{Field: ref.Field, Pattern: literalPattern(strconv.FormatInt(int64(constant), 10)), Op: op},
			}
		}
		if isCall && call.Name == "length" {
			if ref, ok := call.Args[0].(matcher.Ref); ok {
				return matcher.Length{Field: ref.Field, Op: matcher.Equal, Number: int64(constant)}
			}
		}
	case matcher.Text:
		if isRef {
			return matcher.Match{Field: ref.Field, Pattern: literalPattern(string(constant)), Cased: op != "in~", Op: op}
		}
	case matcher.Bool:
		if isRef {
			return matcher.Match{Field: ref.Field, Pattern: literalPattern(constant.String()), Op: op}
		}
	}
	return c.relation(a, "equal", op == "in~", op, left.term, right.term)
}

func isNull(x eql.Expr) bool {
	_, ok := x.(eql.Null)
	return ok
}

// null tests whether a value is null.
func (c *eqlCompiler) null(v value) matcher.Expr {
	switch term := v.term.(type) {
	case nil:
		return matcher.Bool(true)
	case matcher.Ref:
		return matcher.Not{X: matcher.Exists(term)}
	}
	return matcher.Not{X: c.relation(v.source, "known", false, "", v.term)}
}

// relation tests terms with a function, now when they are all constants.
func (c *eqlCompiler) relation(x eql.Expr, function string, fold bool, op string, args ...matcher.Term) matcher.Expr {
	r := matcher.Relation{Term: matcher.Call{Name: function, Fold: fold, Args: args}, Op: op}
	if len(r.Refs()) == 0 {
		return matcher.Bool(matcher.Constant(r.Term) == matcher.Bool(true))
	}
	if err := r.Check(); err != nil {
		return c.reject(x, CodeUnsupported, err.Error(), "a smaller expression")
	}
	return r
}

// match compiles the operators that take patterns.
func (c *eqlCompiler) match(x eql.Match) matcher.Expr {
	left, ok := c.value(x.Left)
	if !ok {
		return matcher.Bool(false)
	}
	if left.kind != textValue && left.kind != anyValue && left.kind != nullValue {
		return c.reject(x.Left, CodeValue, fmt.Sprintf("%s is a %s, and %s is about texts", x.Left, left.kind, x.Op), "a text")
	}
	var parts []matcher.Expr
	for _, p := range x.Patterns {
		parts = append(parts, c.pattern(left, x.Op, p))
	}
	return or(parts)
}

// pattern compiles one pattern of :, like, like~, regex or regex~.
func (c *eqlCompiler) pattern(left value, op string, p eql.Text) matcher.Expr {
	ref, isRef := left.term.(matcher.Ref)
	if op == "regex" || op == "regex~" {
		re, err := luceneRegexp(p.Value, op == "regex~")
		switch {
		case err != nil:
			return c.reject(p, CodeValue, fmt.Sprintf("regular expression %q: %v", p.Value, err), "Lucene's syntax without its optional operators")
		case left.term == nil:
			return matcher.Bool(false)
		case isRef:
			return matcher.Regexp{Field: ref.Field, Re: re}
		}
		return c.relation(p, "matches", false, op, left.term, matcher.Text(re.String()))
	}
	pattern := eqlPattern(p.Value)
	switch {
	case left.term == nil:
		return matcher.Bool(false)
	case isRef:
		return matcher.Match{Field: ref.Field, Pattern: pattern, Cased: op == "like", Op: op}
	}
	return c.relation(p, "like", op != "like", op, left.term, matcher.Text(pattern.String()))
}

// call compiles the functions that are true or false.
func (c *eqlCompiler) call(x eql.Call) matcher.Expr {
	if pattern, ok := map[string]string{"wildcard": "like", "wildcard~": "like~", "match": "regex", "match~": "regex~"}[x.Name+tilde(x.Fold)]; ok {
		return c.patternCall(x, pattern)
	}
	v, ok := c.value(x)
	switch {
	case !ok || v.term == nil:
		return matcher.Bool(false)
	case v.kind != truthValue:
		return c.reject(x, CodeCondition, fmt.Sprintf("%s is a %s, neither true nor false", x, v.kind), "a comparison")
	}
	call, ok := v.term.(matcher.Call)
	if !ok { // constant
		return matcher.Bool(v.term == matcher.Bool(true))
	}
	ref, isRef := call.Args[0].(matcher.Ref)
	if part, ok := call.Args[1].(matcher.Text); ok && isRef && call.Name != "cidrMatch" {
		var tokens []matcher.Token
		if call.Name != "startsWith" {
			tokens = append(tokens, matcher.Token{Kind: matcher.Star})
		}
		tokens = append(tokens, matcher.Token{Kind: matcher.Literal, Literal: string(part)})
		if call.Name != "endsWith" {
			tokens = append(tokens, matcher.Token{Kind: matcher.Star})
		}
		return matcher.Match{Field: ref.Field, Pattern: matcher.NewPattern(tokens...), Cased: !call.Fold, Op: call.Name}
	}
	return c.relation(x, call.Name, call.Fold, call.Name, call.Args...)
}

func tilde(fold bool) string {
	if fold {
		return "~"
	}
	return ""
}

// patternCall compiles the functions that stood for operators before those
// were there: wildcard(a, "b*") is a like "b*", match(a, "b.*") a regex "b.*".
func (c *eqlCompiler) patternCall(x eql.Call, op string) matcher.Expr {
	m := eql.Match{Op: op}
	for i, a := range x.Args {
		text, ok := a.(eql.Text)
		switch {
		case i == 0:
			m.Left = a
		case !ok:
			return c.reject(a, CodeValue, fmt.Sprintf("%s as a pattern of %s", a, x.Name), "a text in quotes")
		default:
			m.Patterns = append(m.Patterns, text)
		}
	}
	if len(m.Patterns) == 0 {
		return c.reject(x, CodeModifier, fmt.Sprintf("%s has %d arguments", x.Name, len(x.Args)), "a value and patterns")
	}
	return c.match(m)
}

// field returns the field of an event. One that registry events do not have is
// null: what hangs on it never holds, which is said.
func (c *eqlCompiler) field(x eql.Field) (schemas.Field, bool) {
	f, ok := schemas.FieldByECS(x.Name)
	if !ok && !x.Optional {
		c.report(x.Pos, CodeNeverTrue, true, fmt.Sprintf("%s is null on every registry event: no test on it holds", x.Name), "a field of registry events, or nothing when the rule is about other events too")
	}
	return f, ok
}
