package matcher

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/regtrap/regtrap/schemas"
)

// An Expr is a condition on one event. The set of types is sealed: And, Or,
// Not, Named, Bool, Match, Keyword, Regexp, Compare, Length, Exists and
// Relation.
// Expressions are immutable once built and may be shared.
//
// String writes an expression in the notation that Parse reads.
type Expr interface {
	String() string
	isExpr()
}

// And is true when every part is; the empty And is true.
type And []Expr

// Or is true when one part is; the empty Or is false.
type Or []Expr

// Not is true when X is not. A test on a null field is false, so Not of it is
// true: EQL's and Sigma's semantics.
type Not struct{ X Expr }

// Named is X under the name that the rule's author gave it: a selection of a
// Sigma rule, an exception. The name is shown by traces; it has no meaning to
// matching and no place in the notation of Parse.
type Named struct {
	Name string
	X    Expr
}

// Bool is a constant.
type Bool bool

// Match tests any text of any element of Field against Pattern, whole text
// against whole pattern.
type Match struct {
	Field   schemas.Field
	Pattern Pattern
	Cased   bool // compare Text, not Folded
	// Op is the operator as the rule's author wrote it ("contains",
	// "endswith", ":"), shown in regtrap.matched; the empty string means
	// equality or wildcards, by Pattern. It has no meaning to matching and no
	// place in the notation of Parse.
	Op string
}

// Keyword tests any text of every field that IsSearched: it holds when one
// matches Pattern. No literal is filed for it, so a rule that hangs on keywords
// alone is evaluated on every event.
type Keyword struct {
	Pattern Pattern
	Cased   bool
}

// Regexp searches any text of Field for Re. The author of the tree anchors it
// and sets its flags.
type Regexp struct {
	Field schemas.Field
	Re    *regexp.Regexp
}

// CompareOp is a numeric comparison.
type CompareOp uint8

const (
	Less CompareOp = iota
	LessEqual
	Equal
	GreaterEqual
	Greater
)

var compareOps = [...]string{Less: "<", LessEqual: "<=", Equal: "==", GreaterEqual: ">=", Greater: ">"}

// String returns the operator as rule languages write it: "<", "<=", "==",
// ">=" or ">".
func (op CompareOp) String() string {
	if int(op) < len(compareOps) {
		return compareOps[op]
	}
	return fmt.Sprintf("CompareOp(%d)", uint8(op))
}

// holds reports whether "x op y" does, by the sign of x-y.
func (op CompareOp) holds(sign int) bool {
	switch op {
	case Less:
		return sign < 0
	case LessEqual:
		return sign <= 0
	case Equal:
		return sign == 0
	case GreaterEqual:
		return sign >= 0
	default:
		return sign > 0
	}
}

// Compare tests the number of any numeric element of Field.
type Compare struct {
	Field  schemas.Field
	Op     CompareOp
	Number int64
}

// Length tests the length, in code points, of the wire text of any element.
// An element that has the empty text among its texts is empty, so its length
// is 0 however the source writes that. Opaque data has an unknown length
// above 0.
type Length struct {
	Field  schemas.Field
	Op     CompareOp
	Number int64
}

// Exists is true when Field has a value: data that exists may be empty.
type Exists struct{ Field schemas.Field }

func (And) isExpr()     {}
func (Or) isExpr()      {}
func (Not) isExpr()     {}
func (Named) isExpr()   {}
func (Bool) isExpr()    {}
func (Match) isExpr()   {}
func (Keyword) isExpr() {}
func (Regexp) isExpr()  {}
func (Compare) isExpr() {}
func (Length) isExpr()  {}
func (Exists) isExpr()  {}

func (x And) String() string   { return list("all", " and ", x) }
func (x Or) String() string    { return list("any", " or ", x) }
func (x Not) String() string   { return "not " + text(x.X) }
func (x Named) String() string { return text(x.X) }
func (x Bool) String() string  { return strconv.FormatBool(bool(x)) }

func (x Match) String() string {
	op := ":"
	if x.Cased {
		op = "like"
	}
	return fmt.Sprintf("%v %s %s", x.Field, op, quote(x.Pattern.String()))
}

func (x Keyword) String() string {
	op := ":"
	if x.Cased {
		op = "like"
	}
	return fmt.Sprintf("any %s %s", op, quote(x.Pattern.String()))
}

func (x Regexp) String() string {
	if x.Re == nil {
		return fmt.Sprintf("%v matches nil", x.Field)
	}
	return fmt.Sprintf("%v matches %s", x.Field, quote(x.Re.String()))
}

func (x Compare) String() string { return fmt.Sprintf("%v %v %d", x.Field, x.Op, x.Number) }
func (x Length) String() string  { return fmt.Sprintf("length(%v) %v %d", x.Field, x.Op, x.Number) }
func (x Exists) String() string  { return fmt.Sprintf("%v exists", x.Field) }

// list writes two parts and more as (a and b), fewer as all(a): what joins
// them would not show.
func list(name, join string, parts []Expr) string {
	var b strings.Builder
	if len(parts) < 2 {
		b.WriteString(name)
	}
	b.WriteByte('(')
	for i, p := range parts {
		if i > 0 {
			b.WriteString(join)
		}
		b.WriteString(text(p))
	}
	b.WriteByte(')')
	return b.String()
}

func text(x Expr) string {
	if x == nil {
		return "nil"
	}
	return x.String()
}

// quote doubles quotes and leaves the rest, so that paths stay readable.
func quote(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }
