package matcher

import (
	"cmp"
	"unicode/utf8"

	"github.com/regtrap/regtrap/schemas"
)

// values is what a Matcher reads of an event: *schemas.Event.
type values interface {
	// Values returns the texts of a field, the wire's own text of an element
	// first; none means that the field is null.
	Values(schemas.Field) []schemas.Value
}

// A leaf is one test, shared by all rules that make it.
type leaf struct {
	test  Expr // Match, Keyword, Regexp, Compare, Length, Exists or Relation
	field schemas.Field
	cased bool
	// alternatives of a Match: the pattern, and on a path the pattern with
	// its head in canonical spelling. The leaf holds when one matches. Those of
	// a Regexp are only for the index: one must match where the leaf holds.
	alternatives []wildcard
	relation     *relation // of a Relation
	// covered lists the rules that are evaluated when the leaf holds. A leaf
	// with filed set is in its field's index of that kind under a literal of
	// each alternative: it is false unless the index has hit.
	covered []int32
	filed   [kinds]bool
}

// find returns the first text that makes the leaf hold. It is the one place
// that says what a test means; Match and Explain both come here.
func (l *leaf) find(ev values) (*schemas.Value, bool) {
	switch l.test.(type) {
	case Keyword:
		return l.search(ev)
	case Relation:
		return l.relation.find(ev)
	}
	vs := ev.Values(l.field)
	switch test := l.test.(type) {
	case Match:
		for i := range vs {
			if l.matches(&vs[i]) {
				return &vs[i], true
			}
		}
	case Regexp:
		for i := range vs {
			if v := &vs[i]; !v.Whole && !v.Opaque && test.Re.MatchString(v.Text) {
				return v, true
			}
		}
	case Compare:
		for i := range vs {
			if v := &vs[i]; v.Numeric && test.Op.holds(compare(v.Number, test.Number)) {
				return v, true
			}
		}
	case Length:
		for i := range vs {
			// The wire's own text is the first of its element.
			if i > 0 && vs[i].Element == vs[i-1].Element {
				continue
			}
			if lengthHolds(vs[i:], test) {
				return &vs[i], true
			}
		}
	case Exists:
		if len(vs) > 0 {
			return &vs[0], true
		}
	}
	return nil, false
}

// search is find of a Keyword.
func (l *leaf) search(ev values) (*schemas.Value, bool) {
	for f := range schemas.Field(schemas.NumFields) {
		if !f.IsSearched() {
			continue
		}
		vs := ev.Values(f)
		for i := range vs {
			if l.matches(&vs[i]) {
				return &vs[i], true
			}
		}
	}
	return nil, false
}

func (l *leaf) matches(v *schemas.Value) bool {
	text := v.Folded
	if l.cased {
		text = v.Text
	}
	for i := range l.alternatives {
		w := &l.alternatives[i]
		if (w.pure || !v.Whole && !v.Opaque) && w.matches(text) {
			return true
		}
	}
	return false
}

// compare returns the sign of a-b.
func compare(a uint64, b int64) int {
	if b < 0 {
		return 1
	}
	return cmp.Compare(a, uint64(b))
}

// lengthHolds tests the element that vs begins with.
func lengthHolds(vs []schemas.Value, test Length) bool {
	if vs[0].Opaque {
		// Somewhere above 0: certain only of what holds for 1 and all above.
		switch test.Op {
		case Greater:
			return test.Number < 1
		case GreaterEqual:
			return test.Number <= 1
		}
		return false
	}
	return test.Op.holds(cmp.Compare(int64(elementLength(vs)), test.Number))
}

// elementLength is the length of the element that vs begins with.
func elementLength(vs []schemas.Value) int {
	for i := range vs {
		if vs[i].Element != vs[0].Element {
			break
		}
		if vs[i].Text == "" {
			return 0
		}
	}
	return utf8.RuneCountInString(vs[0].Text)
}
