package explain

import (
	"slices"
	"strings"

	"github.com/regtrap/regtrap/matcher"
	"github.com/regtrap/regtrap/schemas"
)

// Node is a condition, or a part of one, and how it came out.
type Node struct {
	// Kind is and, or, not, named, constant or test.
	Kind  string `json:"kind"`
	Name  string `json:"name,omitempty"` // the author's: of a selection, of an exception
	Holds bool   `json:"holds"`
	// Blamed marks the first thing that made the rule fail.
	Blamed bool `json:"blamed,omitempty"`

	// Of a test.
	Field    string `json:"field,omitempty"`
	Operator string `json:"operator,omitempty"`
	Pattern  string `json:"pattern,omitempty"`
	// Value made the test hold.
	Value *Value `json:"value,omitempty"`
	// Values were compared and did not; none means that the field is null. Of
	// a keyword, which is looked for in all fields, there are none.
	Values []Value `json:"values,omitempty"`
	// Others are the texts of the other fields that the test names, by their
	// names; null when the event lacks the field.
	Others map[string][]Value `json:"others,omitempty"`

	Parts []*Node `json:"parts,omitempty"`
}

// tree turns a trace into nodes.
func tree(ev *schemas.Event, t *matcher.Trace) *Node {
	n := &Node{Holds: t.Holds}
	for _, p := range t.Parts {
		n.Parts = append(n.Parts, tree(ev, p))
	}
	switch x := t.Expr.(type) {
	case matcher.Named:
		n.Kind, n.Name = "named", x.Name
	case matcher.And:
		n.Kind = "and"
	case matcher.Or:
		n.Kind = "or"
	case matcher.Not:
		n.Kind = "not"
	case matcher.Bool:
		n.Kind = "constant"
	default:
		n.Kind = "test"
		test, ok := matcher.TestOf(x)
		if !ok {
			n.Pattern = x.String()
			break
		}
		n.Field, n.Operator, n.Pattern = test.Field, test.Operator, test.Pattern
		fields := fieldsOf(x)
		if t.Value != nil {
			v := value(t.Value)
			n.Value = &v
		} else if len(fields) > 0 {
			n.Values = compared(ev, fields[0], x)
		}
		for i, f := range fields {
			if i == 1 {
				n.Others = make(map[string][]Value)
			}
			if i > 0 {
				n.Others[f.String()] = values(ev, f)
			}
		}
	}
	return n
}

// fieldsOf returns the fields that a test looks at, the one by which it is
// shown first; none of a keyword.
func fieldsOf(x matcher.Expr) []schemas.Field {
	switch x := x.(type) {
	case matcher.Match:
		return []schemas.Field{x.Field}
	case matcher.Regexp:
		return []schemas.Field{x.Field}
	case matcher.Compare:
		return []schemas.Field{x.Field}
	case matcher.Length:
		return []schemas.Field{x.Field}
	case matcher.Exists:
		return []schemas.Field{x.Field}
	case matcher.Relation:
		return x.Refs()
	}
	return nil
}

func values(ev *schemas.Event, f schemas.Field) []Value {
	var list []Value
	for i := range ev.Values(f) {
		list = append(list, value(&ev.Values(f)[i]))
	}
	return list
}

// compared returns the texts of a field that a test is compared with: the
// decimal text of an integer by tests of the whole value alone.
func compared(ev *schemas.Event, f schemas.Field, x matcher.Expr) []Value {
	part := false
	switch x := x.(type) {
	case matcher.Regexp:
		part = true
	case matcher.Match:
		part = slices.ContainsFunc(x.Pattern.Tokens(), func(t matcher.Token) bool { return t.Kind != matcher.Literal })
	}
	var list []Value
	for i := range ev.Values(f) {
		if v := &ev.Values(f)[i]; !part || !v.Whole {
			list = append(list, value(v))
		}
	}
	return list
}

// value copies a text: the event's memory is the decoder's.
func value(v *schemas.Value) Value {
	return Value{Text: strings.Clone(v.Text), Spelling: v.Spelling.String(), Opaque: v.Opaque}
}

// blame returns the node of the first thing that made t fail: in an And the
// first part that fails, in an Or the part that came nearest, or the Or itself
// when it is a list of patterns; of a Not what should not have held, or of one
// in a Not, as in != null, what should have.
func blame(t *matcher.Trace, n *Node) *Node {
	switch t.Expr.(type) {
	case matcher.Named:
		return blame(t.Parts[0], n.Parts[0])
	case matcher.Not:
		if _, again := t.Parts[0].Expr.(matcher.Not); again {
			return blame(t.Parts[0].Parts[0], n.Parts[0].Parts[0])
		}
	case matcher.And:
		for i, p := range t.Parts {
			if !p.Holds {
				return blame(p, n.Parts[i])
			}
		}
	case matcher.Or:
		best, most, tests := -1, -1.0, true
		for i, p := range t.Parts {
			tests = tests && n.Parts[i].Kind == "test"
			if share := near(p); share > most {
				best, most = i, share
			}
		}
		if !tests && best >= 0 {
			return blame(t.Parts[best], n.Parts[best])
		}
	}
	return n
}

// near returns the share of a condition's tests that went its way: 1 when it
// holds.
func near(t *matcher.Trace) float64 {
	if t.Holds {
		return 1
	}
	switch t.Expr.(type) {
	case matcher.Named:
		return near(t.Parts[0])
	case matcher.And:
		sum := 0.0
		for _, p := range t.Parts {
			sum += near(p)
		}
		return sum / float64(len(t.Parts))
	case matcher.Or:
		best := 0.0
		for _, p := range t.Parts {
			best = max(best, near(p))
		}
		return best
	}
	return 0
}
