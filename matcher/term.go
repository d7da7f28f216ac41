package matcher

import (
	"math"
	"strconv"
	"strings"

	"github.com/regtrap/regtrap/schemas"
)

// A Relation is a test between values that are computed from an event: two
// fields compared with each other, functions, arithmetic. It holds when Term
// is true for some choice of one text of each field that Term names; the same
// field is the same text wherever it stands in it. It does not hold when one
// of the fields is null.
//
// No literal is filed for it, so a rule that hangs on relations alone is
// evaluated on every event; and functions that make texts allocate.
type Relation struct {
	Term Term
	// Op is the operator as the rule's author wrote it, as in Match.
	Op string
}

func (Relation) isExpr() {}

func (x Relation) String() string { return "where " + termText(x.Term) }

// A Term has a value on an event: a text, a number, true or false, or null
// when it has none. The set of types is sealed: Ref, Text, Integer, Decimal,
// Bool and Call.
type Term interface {
	String() string
	isTerm()
}

// Ref is one text of a field, and its number when it is Numeric. An opaque
// text is null; a whole-value text can be compared, and is null to functions.
type Ref struct{ Field schemas.Field }

// Text is a constant.
type Text string

// Integer is a constant.
type Integer int64

// Decimal is a constant, a finite one.
type Decimal float64

// Call is a function of its arguments, null when one of them is null or has no
// value that the function is for. Those of EQL (Elasticsearch, EQL function
// reference) have their names there:
//
//	add subtract multiply divide modulo   of two numbers; of two integers an integer
//	between concat indexOf length number string substring
//	startsWith endsWith stringContains    of a text and its part
//	cidrMatch                             of a text and networks, constant texts
//
// and further there are
//
//	equal less lessEqual greater greaterEqual   of two values: numbers, else texts
//	known                                       of any value: true
//	like                                        of a text and a pattern, a constant text as ParsePattern reads it, with single percent signs
//	matches                                     of a text and a regular expression, a constant text
//
// Positions and lengths are in code points.
type Call struct {
	Name string
	Fold bool // texts are compared without case
	Args []Term
}

func (Ref) isTerm()     {}
func (Text) isTerm()    {}
func (Integer) isTerm() {}
func (Decimal) isTerm() {}
func (Bool) isTerm()    {}
func (Call) isTerm()    {}

func (x Ref) String() string     { return x.Field.String() }
func (x Text) String() string    { return quote(string(x)) }
func (x Integer) String() string { return strconv.FormatInt(int64(x), 10) }
func (x Decimal) String() string { return decimal(float64(x)) }

func (x Call) String() string {
	var b strings.Builder
	b.WriteString(x.Name)
	if x.Fold {
		b.WriteByte('~')
	}
	b.WriteByte('(')
	for i, a := range x.Args {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(termText(a))
	}
	b.WriteByte(')')
	return b.String()
}

func termText(x Term) string {
	if x == nil {
		return "nil"
	}
	return x.String()
}

// decimal writes a number so that it is not taken for an integer.
func decimal(f float64) string {
	s := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(s, ".") && !math.IsInf(f, 0) && !math.IsNaN(f) {
		s += ".0"
	}
	return s
}

// Refs returns the fields that a relation names, each once, in the order in
// which they first stand there.
func (x Relation) Refs() []schemas.Field {
	var list []schemas.Field
	var walk func(Term)
	walk = func(t Term) {
		switch t := t.(type) {
		case Ref:
			for _, f := range list {
				if f == t.Field {
					return
				}
			}
			list = append(list, t.Field)
		case Call:
			for _, a := range t.Args {
				walk(a)
			}
		}
	}
	walk(x.Term)
	return list
}

// function is what is known of a function.
type function struct {
	name     string
	min, max int // arguments
}

// functionOf returns the function that a Call names.
func functionOf(name string) (function, bool) {
	for _, f := range [...]function{
		{"equal", 2, 2}, {"less", 2, 2}, {"lessEqual", 2, 2}, {"greater", 2, 2}, {"greaterEqual", 2, 2}, {"known", 1, 1},
		{"add", 2, 2}, {"subtract", 2, 2}, {"multiply", 2, 2}, {"divide", 2, 2}, {"modulo", 2, 2},
		{"between", 3, 4}, {"cidrMatch", 2, math.MaxInt}, {"concat", 1, math.MaxInt}, {"indexOf", 2, 3}, {"length", 1, 1},
		{"number", 1, 2}, {"string", 1, 1}, {"substring", 2, 3},
		{"startsWith", 2, 2}, {"endsWith", 2, 2}, {"stringContains", 2, 2}, {"like", 2, 2}, {"matches", 2, 2},
	} {
		if f.name == name {
			return f, true
		}
	}
	return function{}, false
}
