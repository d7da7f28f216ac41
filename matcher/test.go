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
	}
	return Test{}, false
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
