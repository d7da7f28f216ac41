package matcher

import "github.com/regtrap/regtrap/schemas"

// A Trace says how a condition came to its truth on one event: a tree of the
// form of the condition. It refers to the event's texts and is valid as long
// as the event is.
type Trace struct {
	Expr  Expr
	Holds bool
	// Value is the text that made a leaf hold; nil for inner nodes and for
	// leaves that do not hold or hold without a value (Bool).
	Value *schemas.Value
	Parts []*Trace
}

// Reasons returns the leaves that made the condition hold, in the order of
// the condition: leaves that hold, below nodes that hold, below no Not.
func (t *Trace) Reasons() []*Trace { return nil }
