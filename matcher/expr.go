package matcher

import (
	"regexp"

	"github.com/regtrap/regtrap/schemas"
)

// An Expr is a condition on one event. The set of types is sealed: And, Or,
// Not, Bool, Match, Regexp, Compare, Length and Exists. Expressions are
// immutable once built and may be shared.
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
	// equality or wildcards, by Pattern. It has no meaning to matching.
	Op string
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

// Compare tests the number of any numeric element of Field.
type Compare struct {
	Field  schemas.Field
	Op     CompareOp
	Number int64
}

// Length tests the length, in code points, of the wire text of any element.
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
func (Bool) isExpr()    {}
func (Match) isExpr()   {}
func (Regexp) isExpr()  {}
func (Compare) isExpr() {}
func (Length) isExpr()  {}
func (Exists) isExpr()  {}
