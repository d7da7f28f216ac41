package rules

import (
	"fmt"
	"strings"
	"testing"

	"github.com/regtrap/regtrap/matcher"
	"github.com/regtrap/regtrap/schemas"
)

// testSelections are a … and names with stars in mind; each is a Compare with
// a number of its own, so that an expression shows which it is.
func testSelections() []selection {
	var list []selection
	for i, name := range []string{"a", "b", "c", "sel_x", "sel_y", "filter-main", "_hidden", "not_this", "all", "1"} {
		list = append(list, selection{name: name, expr: matcher.Compare{Field: schemas.RegistryDataStrings, Op: matcher.Equal, Number: int64(i)}})
	}
	return list
}

// showCondition writes a condition over testSelections fully parenthesised.
func showCondition(e matcher.Expr) string {
	group := func(parts []matcher.Expr, op string) string {
		var texts []string
		for _, p := range parts {
			texts = append(texts, showCondition(p))
		}
		return "(" + strings.Join(texts, op) + ")"
	}
	switch e := e.(type) {
	case matcher.And:
		return group(e, " and ")
	case matcher.Or:
		return group(e, " or ")
	case matcher.Not:
		return "not " + showCondition(e.X)
	case matcher.Named:
		return showCondition(e.X)
	case matcher.Compare:
		return testSelections()[e.Number].name
	}
	return fmt.Sprintf("?%T", e)
}

func TestConditionBindsTightestFirst(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"a", "a"},
		{"a and b and c", "(a and b and c)"},
		{"a or b and c", "(a or (b and c))"},
		{"a and b or c", "((a and b) or c)"},
		{"(a or b) and c", "((a or b) and c)"},
		{"not a and b", "(not a and b)"},
		{"not (a and b)", "not (a and b)"},
		{"not not a", "not not a"},
		{"a and not b or c", "((a and not b) or c)"},
		{"a and not 1 of sel_*", "(a and not (sel_x or sel_y))"},
		{"all of sel_*", "(sel_x and sel_y)"},
		{"any of sel_*", "(sel_x or sel_y)"},
		{"1 of sel_x", "sel_x"},
		{"all of *_x or a", "(sel_x or a)"},
		{"1 of s*_*x", "sel_x"},
		{"1 of them", "(a or b or c or sel_x or sel_y or filter-main or not_this or all or 1)"},
		{"1 of _*", "_hidden"},
		{"1 of *", "(a or b or c or sel_x or sel_y or filter-main or not_this or all or 1)"},
		{"_hidden", "_hidden"},
		{"filter-main and not_this", "(filter-main and not_this)"},
		{"all and 1", "(all and 1)"},
		{"(((a)))", "a"},
		{"\n a\n  and\tb ", "(a and b)"},
	} {
		e, err := parseCondition(tt.text, testSelections(), budget())
		if err != nil {
			t.Errorf("%q: %v", tt.text, err)
		} else if got := showCondition(e); got != tt.want {
			t.Errorf("%q = %s, want %s", tt.text, got, tt.want)
		}
	}
}

func TestConditionErrorsNameTheOffendingText(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"", "the condition is empty"},
		{"  ", "the condition is empty"},
		{"d", `"d"`},
		{"a b", `"b" does not belong after "a"`},
		{"a and", "ends where a selection is expected"},
		{"and a", `"and" where a selection is expected`},
		{"(a", "closing parenthesis"},
		{"a)", `")" does not belong`},
		{"()", `")" where a selection is expected`},
		{"a AND b", `"AND": operators are written in lower case`},
		{"NOT a", "operators are written in lower case"},
		{"a | count() > 5", `aggregations ("| count() > 5")`},
		{"near a", `"near", which is not supported`},
		{"2 of sel_*", `"2 of"`},
		{"1 of nothing*", "means no selection"},
		{"1 of", `"1 of"`},
		{"1 of (a)", `"1 of"`},
		{"sel_*", `"sel_*" without`},
		{"a & b", `unexpected "& b"`},
		{strings.Repeat("(", 200) + "a" + strings.Repeat(")", 200), "nested more than 100 deep"},
		{strings.Repeat("not ", 200) + "a", "nested more than 100 deep"},
	} {
		e, err := parseCondition(tt.text, testSelections(), budget())
		if err == nil {
			t.Errorf("%q is taken as %s", tt.text, showCondition(e))
		} else if !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q: error %q does not say %q", tt.text, err, tt.want)
		}
	}
}

func FuzzConditionReadsWhatItShows(f *testing.F) {
	for _, s := range []string{"a", "a and not (b or c)", "1 of sel_*", "all of them", "not not a", "a | count()", "((a)"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		e, err := parseCondition(text, testSelections(), budget())
		if err != nil {
			return
		}
		shown := showCondition(e)
		again, err := parseCondition(shown, testSelections(), budget())
		if err != nil {
			if strings.Contains(err.Error(), "deep") {
				return // parentheses that the text did not need
			}
			t.Fatalf("%q shows as %q, which is refused: %v", text, shown, err)
		}
		if got := showCondition(again); got != shown {
			t.Errorf("%q shows as %q, and that as %q", text, shown, got)
		}
	})
}

// budget is more than any condition of the tests needs.
func budget() *int {
	n := 10_000
	return &n
}
