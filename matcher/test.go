package matcher

import "strconv"

// Test is what a leaf of a condition tests, in words for people.
type Test struct {
	Field    string // ECS's name, or Sigma's where ECS has none; "any" of a keyword
	Operator string // as the rule's author wrote it, where he did
	Pattern  string // see Pattern.String; a number; a regular expression
}

// TestOf returns what a leaf tests, and false for every other expression.
func TestOf(x Expr) (Test, bool) {
	switch x := x.(type) {
	case Match:
		return Test{x.Field.String(), operator(x), x.Pattern.String()}, true
	case Keyword:
		return Test{"any", "keyword", x.Pattern.String()}, true
	case Regexp:
		return Test{x.Field.String(), "regexp", x.Re.String()}, true
	case Compare:
		return Test{x.Field.String(), x.Op.String(), strconv.FormatInt(x.Number, 10)}, true
	case Length:
		return Test{x.Field.String(), "length " + x.Op.String(), strconv.FormatInt(x.Number, 10)}, true
	case Exists:
		return Test{Field: x.Field.String(), Operator: "exists"}, true
	case Relation:
		return testOfRelation(x), true
	}
	return Test{}, false
}

// testOfRelation shows what compares a field with something as that, and
// anything else as a whole under the first field that it names.
func testOfRelation(x Relation) Test {
	t := Test{Field: "none", Operator: "where", Pattern: termText(x.Term)}
	if refs := x.Refs(); len(refs) > 0 {
		t.Field = refs[0].String()
	}
	call, ok := x.Term.(Call)
	if !ok || len(call.Args) != 2 {
		return t
	}
	if ref, ok := call.Args[0].(Ref); ok {
		t = Test{Field: ref.String(), Operator: call.Name, Pattern: termText(call.Args[1])}
		if x.Op != "" {
			t.Operator = x.Op
		}
	}
	return t
}

// operator names a test whose author wrote a pattern and no operator.
func operator(x Match) string {
	if x.Op != "" {
		return x.Op
	}
	if _, pure := x.Pattern.pure(); pure {
		return "equals"
	}
	return "wildcard"
}
