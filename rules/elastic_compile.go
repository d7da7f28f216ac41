package rules

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

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
		return c.equal(x, eql.Bool{Value: true}, "==")
	case eql.Compare:
		return c.compare(x)
	case eql.Match:
		return c.match(x)
	case eql.In:
		var parts []matcher.Expr
		for _, v := range x.List {
			parts = append(parts, c.equal(x.Left, v, x.Op))
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

// mirror is the operator with its sides exchanged.
func mirror(op string) string {
	switch op[0] {
	case '<':
		return ">" + op[1:]
	case '>':
		return "<" + op[1:]
	}
	return op
}

func (c *eqlCompiler) compare(x eql.Compare) matcher.Expr {
	if constant(x.Left) && !constant(x.Right) {
		x = eql.Compare{Op: mirror(x.Op), Left: x.Right, Right: x.Left}
	}
	if x.Op == "==" || x.Op == "!=" {
		return negated(c.equal(x.Left, x.Right, "=="), x.Op == "!=")
	}
	n, ok := integerOf(x.Right)
	if !ok {
		return c.reject(x.Right, CodeValue, fmt.Sprintf("%s behind %s", x.Right, x.Op), "an integer")
	}
	return c.number(x.Left, x.Op, n)
}

// number compares a field, or its length, with an integer.
func (c *eqlCompiler) number(left eql.Expr, op string, n int64) matcher.Expr {
	ops := map[string]matcher.CompareOp{"<": matcher.Less, "<=": matcher.LessEqual, "==": matcher.Equal, ">=": matcher.GreaterEqual, ">": matcher.Greater}
	switch left := left.(type) {
	case eql.Field:
		f, ok := c.field(left)
		if !ok {
			return matcher.Bool(false)
		}
		return matcher.Compare{Field: f, Op: ops[op], Number: n}
	case eql.Call:
		if left.Name == "length" && len(left.Args) == 1 {
			if arg, ok := left.Args[0].(eql.Field); ok {
				f, ok := c.field(arg)
				if !ok {
					return matcher.Bool(false)
				}
				return matcher.Length{Field: f, Op: ops[op], Number: n}
			}
		}
	}
	return c.unsupported(left)
}

func (c *eqlCompiler) unsupported(x eql.Expr) matcher.Expr {
	if f, ok := x.(eql.Field); ok {
		c.field(f)
		return matcher.Bool(false)
	}
	return c.reject(x, CodeUnsupported, fmt.Sprintf("%s is not supported here", x), "a field compared with texts, numbers, true, false or null; length(field)")
}

// equal compares with a constant.
func (c *eqlCompiler) equal(left, right eql.Expr, op string) matcher.Expr {
	if n, ok := integerOf(right); ok {
		x := c.number(left, "==", n)
		if f, isField := left.(eql.Field); isField && x != matcher.Expr(matcher.Bool(false)) {
			field, _ := schemas.FieldByECS(f.Name)
			return matcher.Or{x, matcher.Match{Field: field, Pattern: literalPattern(strconv.FormatInt(n, 10)), Op: op}}
		}
		return x
	}
	left2, ok := left.(eql.Field)
	if !ok {
		return c.unsupported(left)
	}
	f, ok := c.field(left2)
	if _, null := right.(eql.Null); null {
		if !ok {
			return matcher.Bool(true)
		}
		return matcher.Not{X: matcher.Exists{Field: f}}
	}
	if !ok {
		return matcher.Bool(false)
	}
	switch right := right.(type) {
	case eql.Text:
		return matcher.Match{Field: f, Pattern: literalPattern(right.Value), Cased: op != "in~", Op: op}
	case eql.Bool:
		return matcher.Match{Field: f, Pattern: literalPattern(strconv.FormatBool(right.Value)), Op: op}
	}
	return c.reject(right, CodeUnsupported, fmt.Sprintf("a field compared with %s", right), "a text, a number, true, false or null")
}

// match compiles the operators that take patterns.
func (c *eqlCompiler) match(x eql.Match) matcher.Expr {
	left, ok := x.Left.(eql.Field)
	if !ok {
		return c.unsupported(x.Left)
	}
	f, ok := c.field(left)
	if !ok {
		return matcher.Bool(false)
	}
	var parts []matcher.Expr
	for _, p := range x.Patterns {
		switch x.Op {
		case "regex", "regex~":
			re, err := luceneRegexp(p.Value, x.Op == "regex~")
			if err != nil {
				return c.reject(p, CodeValue, fmt.Sprintf("regular expression %q: %v", p.Value, err), "Lucene's syntax without its optional operators")
			}
			parts = append(parts, matcher.Regexp{Field: f, Re: re})
		default:
			parts = append(parts, matcher.Match{Field: f, Pattern: eqlPattern(p.Value), Cased: x.Op == "like", Op: x.Op})
		}
	}
	return or(parts)
}

// call compiles the functions that are true or false.
func (c *eqlCompiler) call(x eql.Call) matcher.Expr {
	star := matcher.Token{Kind: matcher.Star}
	ends := map[string][2]bool{"startsWith": {false, true}, "endsWith": {true, false}, "stringContains": {true, true}}
	before, ok := ends[x.Name]
	if !ok || len(x.Args) != 2 {
		return c.reject(x, CodeUnsupported, fmt.Sprintf("the function %s with %d arguments is not supported here", x.Name, len(x.Args)), "startsWith, endsWith and stringContains of a field and a text; length of a field")
	}
	f, isField := x.Args[0].(eql.Field)
	s, isText := x.Args[1].(eql.Text)
	if !isField || !isText {
		return c.reject(x, CodeUnsupported, fmt.Sprintf("%s is not supported here", x), x.Name+" of a field and a text")
	}
	field, ok := c.field(f)
	if !ok {
		return matcher.Bool(false)
	}
	tokens := []matcher.Token{{Kind: matcher.Literal, Literal: s.Value}}
	if before[0] {
		tokens = append([]matcher.Token{star}, tokens...)
	}
	if before[1] {
		tokens = append(tokens, star)
	}
	return matcher.Match{Field: field, Pattern: matcher.NewPattern(tokens...), Cased: !x.Fold, Op: x.Name}
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

func constant(x eql.Expr) bool {
	switch x := x.(type) {
	case eql.Text, eql.Number, eql.Bool, eql.Null:
		return true
	case eql.Negative:
		return constant(x.X)
	}
	return false
}

// integerOf returns the integer that a constant is.
func integerOf(x eql.Expr) (int64, bool) {
	sign := ""
	if neg, ok := x.(eql.Negative); ok {
		sign, x = "-", neg.X
	}
	n, ok := x.(eql.Number)
	if !ok {
		return 0, false
	}
	v, err := strconv.ParseInt(sign+n.Source, 10, 64)
	return v, err == nil
}

func literalPattern(s string) matcher.Pattern {
	return matcher.NewPattern(matcher.Token{Kind: matcher.Literal, Literal: s})
}

// eqlPattern reads EQL's wildcards: * any text, ? one character; there is no
// escape for them.
func eqlPattern(s string) matcher.Pattern {
	var tokens []matcher.Token
	for s != "" {
		n := strings.IndexAny(s, "*?")
		if n < 0 {
			n = len(s)
		}
		tokens = append(tokens, matcher.Token{Kind: matcher.Literal, Literal: s[:n]})
		if s = s[n:]; s == "" {
			break
		}
		kind := matcher.Star
		if s[0] == '?' {
			kind = matcher.AnyChar
		}
		tokens, s = append(tokens, matcher.Token{Kind: kind}), s[1:]
	}
	return matcher.NewPattern(tokens...)
}

// luceneRegexp translates a regular expression of Lucene's, which matches whole
// texts and knows neither anchors nor groups of its own.
func luceneRegexp(s string, fold bool) (*regexp.Regexp, error) {
	var b strings.Builder
	b.WriteString("(?s")
	if fold {
		b.WriteByte('i')
	}
	b.WriteString(")^(?:")
	class := false
	for i := 0; i < len(s); i++ {
		switch ch := s[i]; {
		case ch == '\\' && i+1 < len(s):
			i++
			switch {
			case strings.IndexByte("dDwWsS", s[i]) >= 0:
				b.WriteString(`\` + s[i:i+1])
			case s[i] < 0x80:
				b.WriteString(regexp.QuoteMeta(s[i : i+1]))
			default:
				b.WriteByte(s[i])
			}
		case class:
			if ch == '[' || ch == '&' {
				b.WriteByte('\\')
			}
			b.WriteByte(ch)
			class = ch != ']'
		case ch == '[':
			class = true
			b.WriteByte(ch)
			if strings.HasPrefix(s[i+1:], "^") {
				b.WriteByte('^')
				i++
			}
		case ch == '^' || ch == '$':
			b.WriteString(`\` + s[i:i+1])
		case strings.IndexByte(`~#@&<>"`, ch) >= 0:
			return nil, fmt.Errorf("the operator %q is not supported", string(ch))
		case ch == '?' && i > 0 && strings.IndexByte("*+?}", s[i-1]) >= 0 && (i < 2 || s[i-2] != '\\'), ch == '+' && i > 0 && strings.IndexByte("*+?}", s[i-1]) >= 0 && (i < 2 || s[i-2] != '\\'):
			return nil, fmt.Errorf("%q: there are no lazy and no possessive repetitions", s[i-1:i+1])
		case ch == '(' && strings.HasPrefix(s[i:], "(?"):
			return nil, fmt.Errorf("%q: there are no flags and no named groups", s[i:min(i+3, len(s))])
		default:
			b.WriteByte(ch)
		}
	}
	b.WriteString(")$")
	return regexp.Compile(b.String())
}

// actionsOf returns the actions on which x may hold, and those on which it may
// not: tests of event.type and event.action are decided by the action alone.
func actionsOf(x matcher.Expr) (may, mayNot schemas.Actions) {
	switch x := x.(type) {
	case matcher.And:
		may = schemas.AllActions
		for _, p := range x {
			m, n := actionsOf(p)
			may, mayNot = may&m, mayNot|n
		}
		return may, mayNot
	case matcher.Or:
		mayNot = schemas.AllActions
		for _, p := range x {
			m, n := actionsOf(p)
			may, mayNot = may|m, mayNot&n
		}
		return may, mayNot
	case matcher.Not:
		may, mayNot = actionsOf(x.X)
		return mayNot, may
	case matcher.Named:
		return actionsOf(x.X)
	case matcher.Bool:
		if x {
			return schemas.AllActions, 0
		}
		return 0, schemas.AllActions
	case matcher.Match:
		words := actionWords(x.Field)
		if words == nil {
			return schemas.AllActions, schemas.AllActions
		}
		tokens := x.Pattern.Tokens()
		if len(tokens) != 1 || tokens[0].Kind != matcher.Literal {
			return schemas.AllActions, schemas.AllActions
		}
		for action, word := range words {
			if word == tokens[0].Literal || !x.Cased && strings.EqualFold(word, tokens[0].Literal) {
				may |= schemas.ActionSet(action)
			}
		}
		// An event of which it is not said what was done has neither field.
		return may | schemas.ActionSet(schemas.ActionUnknown), schemas.AllActions &^ may
	}
	return schemas.AllActions, schemas.AllActions
}

// actionWords are the texts of event.type and event.action.
func actionWords(f schemas.Field) map[schemas.Action]string {
	words := map[schemas.Action][2]string{
		schemas.ValueSet: {"change", "modification"}, schemas.KeyCreated: {"creation", "creation"},
		schemas.KeyDeleted: {"deletion", "deletion"}, schemas.ValueDeleted: {"deletion", "deletion"},
		schemas.KeyRenamed: {"change", "rename"}, schemas.ValueRenamed: {"change", "rename"}, schemas.Queried: {"access", "query"},
	}
	i := slices.Index([]schemas.Field{schemas.EventType, schemas.EventAction}, f)
	if i < 0 {
		return nil
	}
	list := make(map[schemas.Action]string)
	for a, w := range words {
		list[a] = w[i]
	}
	return list
}
