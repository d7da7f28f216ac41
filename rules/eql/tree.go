package eql

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Query is a query on one event.
type Query struct {
	Category string // of events, as in "registry"; "any" for all
	Pos      Pos    // of the category
	Where    Expr
}

// Expr is a part of a query. The set of types is sealed: And, Or, Not, Compare,
// Match, In, Call, Arithmetic, Negative, Field, Text, Number, Bool and Null.
type Expr interface {
	String() string
	Start() Pos
	precedence() int
}

// And is true when all of X are. There are two or more.
type And struct{ X []Expr }

// Or is true when one of X is. There are two or more.
type Or struct{ X []Expr }

// Not is the contrary of X.
type Not struct {
	X   Expr
	Pos Pos
}

// Compare compares two values.
type Compare struct {
	Op          string // == != < <= > >=
	Left, Right Expr
}

// Match compares a value with patterns: one, or a list of which one must match.
type Match struct {
	Op       string // : like like~ regex regex~
	Left     Expr
	Patterns []Text
	List     bool // in parentheses, also when there is one
}

// In tells whether a value is in a list.
type In struct {
	Op     string // in in~
	Negate bool   // not in, not in~
	Left   Expr
	List   []Expr
}

// Call is a function of values.
type Call struct {
	Name string
	Fold bool // name~: without case
	Args []Expr
	Pos  Pos
}

// Arithmetic is + - * / or % of two numbers.
type Arithmetic struct {
	Op          byte
	Left, Right Expr
}

// Negative is -X.
type Negative struct {
	X   Expr
	Pos Pos
}

// Field is a field of the event.
type Field struct {
	Name     string // dotted, as in registry.path
	Optional bool   // ?field: it need not exist
	Pos      Pos
}

// Text is a text in quotes.
type Text struct {
	Value string
	Pos   Pos
}

// Number is a number, as it is written.
type Number struct {
	Source string
	Pos    Pos
}

// Bool is true or false.
type Bool struct {
	Value bool
	Pos   Pos
}

// Null is the value of a field that is not there.
type Null struct{ Pos Pos }

// The precedences, from the loosest.
const (
	orLevel = iota + 1
	andLevel
	notLevel
	relationLevel
	sumLevel
	productLevel
	signLevel
	primaryLevel
)

func (Or) precedence() int      { return orLevel }
func (And) precedence() int     { return andLevel }
func (Not) precedence() int     { return notLevel }
func (Compare) precedence() int { return relationLevel }
func (Match) precedence() int   { return relationLevel }
func (In) precedence() int      { return relationLevel }
func (x Arithmetic) precedence() int {
	if x.Op == '+' || x.Op == '-' {
		return sumLevel
	}
	return productLevel
}
func (Negative) precedence() int { return signLevel }
func (Call) precedence() int     { return primaryLevel }
func (Field) precedence() int    { return primaryLevel }
func (Text) precedence() int     { return primaryLevel }
func (Number) precedence() int   { return primaryLevel }
func (Bool) precedence() int     { return primaryLevel }
func (Null) precedence() int     { return primaryLevel }

// Start returns where the expression begins, its parentheses not counted.
func (x And) Start() Pos        { return x.X[0].Start() }
func (x Or) Start() Pos         { return x.X[0].Start() }
func (x Not) Start() Pos        { return x.Pos }
func (x Compare) Start() Pos    { return x.Left.Start() }
func (x Match) Start() Pos      { return x.Left.Start() }
func (x In) Start() Pos         { return x.Left.Start() }
func (x Arithmetic) Start() Pos { return x.Left.Start() }
func (x Negative) Start() Pos   { return x.Pos }
func (x Call) Start() Pos       { return x.Pos }
func (x Field) Start() Pos      { return x.Pos }
func (x Text) Start() Pos       { return x.Pos }
func (x Number) Start() Pos     { return x.Pos }
func (x Bool) Start() Pos       { return x.Pos }
func (x Null) Start() Pos       { return x.Pos }

// String writes the query in one line.
func (q *Query) String() string {
	category := q.Category
	if !isName(category) {
		category = quote(category)
	}
	return category + " where " + q.Where.String()
}

func (x And) String() string { return joined(x.X, " and ", notLevel) }
func (x Or) String() string  { return joined(x.X, " or ", andLevel) }
func (x Not) String() string { return "not " + within(x.X, notLevel) }
func (x Compare) String() string {
	return within(x.Left, sumLevel) + " " + x.Op + " " + within(x.Right, sumLevel)
}

func (x Match) String() string {
	var list []string
	for _, p := range x.Patterns {
		list = append(list, p.String())
	}
	patterns := strings.Join(list, ", ")
	if x.List {
		patterns = "(" + patterns + ")"
	}
	return within(x.Left, sumLevel) + " " + x.Op + " " + patterns
}

func (x In) String() string {
	op := x.Op
	if x.Negate {
		op = "not " + op
	}
	return within(x.Left, sumLevel) + " " + op + " (" + arguments(x.List) + ")"
}

func (x Call) String() string {
	name := x.Name
	if x.Fold {
		name += "~"
	}
	return name + "(" + arguments(x.Args) + ")"
}

func (x Arithmetic) String() string {
	// The right side of a - b is taken before the operator of the same kind.
	return within(x.Left, x.precedence()) + " " + string(x.Op) + " " + within(x.Right, x.precedence()+1)
}

func (x Negative) String() string { return "-" + within(x.X, primaryLevel) }

func (x Field) String() string {
	var b strings.Builder
	if x.Optional {
		b.WriteByte('?')
	}
	parts := strings.Split(x.Name, ".")
	if slices.Contains(parts, "") { // dots that join nothing
		parts = []string{x.Name}
	}
	for i, part := range parts {
		if i > 0 {
			b.WriteByte('.')
		}
		if isName(part) && !isKeyword(part) {
			b.WriteString(part)
		} else {
			b.WriteString("`" + strings.ReplaceAll(part, "`", "``") + "`")
		}
	}
	return b.String()
}

func (x Text) String() string   { return quote(x.Value) }
func (x Number) String() string { return x.Source }
func (x Bool) String() string   { return strconv.FormatBool(x.Value) }
func (Null) String() string     { return "null" }

// within writes x, in parentheses when it binds looser than the place wants.
func within(x Expr, level int) string {
	if x.precedence() < level {
		return "(" + x.String() + ")"
	}
	return x.String()
}

func joined(list []Expr, op string, level int) string {
	var all []string
	for _, x := range list {
		all = append(all, within(x, level))
	}
	return strings.Join(all, op)
}

func arguments(list []Expr) string {
	var all []string
	for _, x := range list {
		all = append(all, x.String())
	}
	return strings.Join(all, ", ")
}

// quote writes a text in double quotes.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < 0x20 || r == 0x7f:
			fmt.Fprintf(&b, `\u{%02x}`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// isName reports whether s can be written without quotes.
func isName(s string) bool {
	for i := range len(s) {
		if !isNameByte(s[i], i == 0) {
			return false
		}
	}
	return s != ""
}

func isNameByte(c byte, first bool) bool {
	return c == '_' || c == '@' && first || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || !first && ('0' <= c && c <= '9' || c == '@')
}

// isKeyword reports whether a name means something else in a query.
func isKeyword(s string) bool {
	switch s {
	case "and", "or", "not", "in", "like", "regex", "null", "true", "false", "where", "by", "of", "any",
		"sequence", "sample", "join", "until", "with", "maxspan":
		return true
	}
	return false
}
