package rules

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/regtrap/regtrap/matcher"
	"github.com/regtrap/regtrap/schemas"
)

// words speaks of tests as the rule's author wrote them.
type words struct{ eql bool }

// field is the name of a field in the language of the rule.
func (w words) field(f schemas.Field) string {
	if name := f.Sigma(); name != "" && !w.eql {
		return name
	}
	return f.String()
}

// maxShown is how much of a pattern is shown, in code points.
const maxShown = 80

func shown(s string) string {
	if utf8.RuneCountInString(s) > maxShown {
		s = string([]rune(s)[:maxShown]) + "…"
	}
	return `"` + s + `"`
}

// test is one test.
func (w words) test(x matcher.Expr) string {
	switch x := x.(type) {
	case matcher.Match:
		return w.match(x)
	case matcher.Exists:
		if w.eql {
			return w.field(x.Field) + " != null"
		}
		return w.field(x.Field) + " exists"
	case matcher.Keyword:
		return "keyword " + shown(x.Pattern.String())
	case matcher.Regexp:
		return w.field(x.Field) + " " + shown(x.Re.String())
	case matcher.Compare:
		return fmt.Sprintf("%s %v %d", w.field(x.Field), x.Op, x.Number)
	case matcher.Length:
		return fmt.Sprintf("length(%s) %v %d", w.field(x.Field), x.Op, x.Number)
	}
	return shown(x.String())
}

func (w words) match(x matcher.Match) string {
	pattern := x.Pattern.String()
	if w.eql {
		op := x.Op
		if op == "" {
			op = ":"
		}
		if strings.HasPrefix(op, "in") {
			return fmt.Sprintf("%s %s (%s)", w.field(x.Field), op, shown(pattern))
		}
		return fmt.Sprintf("%s %s %s", w.field(x.Field), op, shown(pattern))
	}
	switch position := lastOf(x.Op); position {
	case "contains", "startswith", "endswith":
		if position != "startswith" {
			pattern = strings.TrimPrefix(pattern, "*")
		}
		if position != "endswith" {
			pattern = strings.TrimSuffix(pattern, "*")
		}
	}
	name := w.field(x.Field)
	if x.Op != "" {
		name += "|" + x.Op
	}
	if x.Cased {
		name += "|cased"
	}
	return name + " " + shown(pattern)
}

// lastOf is the last of modifiers.
func lastOf(op string) string { return op[strings.LastIndexByte(op, '|')+1:] }

// part is a part by its name, or by the tests that it begins with.
func (w words) part(p *part) string {
	switch {
	case p.named:
		return fmt.Sprintf("selection %s", p.name)
	case p.kind == isLeaf:
		return w.test(p.leaf.x)
	case p.kind == isConstant:
		return fmt.Sprint(p.value)
	case p.kind == noneOf:
		return "not " + w.part(p.parts[0])
	case len(p.parts) == 0:
		return "nothing"
	case len(p.parts) == 1:
		return w.part(p.parts[0])
	}
	join := " and "
	if p.kind == anyOf {
		join = " or "
	}
	first := w.part(p.parts[0]) + join
	if len(p.parts) == 2 {
		return first + w.part(p.parts[1])
	}
	return first + "…"
}

func (w words) claim(c claim) string {
	text := w.part(c.part)
	switch {
	case c.part.kind == isLeaf:
		text = w.test(c.part.leaf.x)
	case c.part.kind == isConstant && !c.part.value:
		text = "a test of a field that is always null"
	}
	if c.holds {
		return text
	}
	return "not " + text
}

// pair is two claims that exclude each other.
func (w words) pair(a, b claim) string {
	if !a.holds && b.holds {
		a, b = b, a
	}
	if a.holds != b.holds {
		if a.part.leaf == b.part.leaf {
			return fmt.Sprintf("%s must hold and must not", w.claim(a))
		}
		return fmt.Sprintf("what meets %s meets %s, which is excluded", w.claim(a), w.test(b.part.leaf.x))
	}
	return fmt.Sprintf("%s and %s exclude each other", w.claim(a), w.claim(b))
}

// neverHolds says why a test holds on no event of the rule, and what would.
func (w words) neverHolds(j *judge, l *leaf) (what, want string) {
	test := w.test(l.x)
	field := l.fields[0]
	name := w.field(field)
	m, isMatch := l.x.(matcher.Match)
	everywhere := !slices.ContainsFunc(l.truths[:], func(t truth) bool { return t != never })
	switch {
	case byAction(field):
		what = fmt.Sprintf("%s holds on no registry event", test)
		texts := j.texts(field, schemas.AllActions)
		if !everywhere {
			texts = j.texts(field, j.set)
			what = fmt.Sprintf("%s holds on no event that the rule is about", test)
		}
		if isMatch {
			if text, ok := pureText(m.Pattern.Tokens()); ok {
				if near := nearest(text, texts); near != "" {
					return what, w.equals(name, near)
				}
			}
		}
		if len(texts) == 0 {
			return what, "no test of " + name + " here"
		}
		return what, w.equals(name, texts...)
	case field == schemas.RegistryHive && isMatch:
		text, _ := pureText(m.Pattern.Tokens())
		return fmt.Sprintf("%s holds on no registry event: the hive is that of the canonical path", test), w.equals(name, wrongHive(text, m.Cased))
	case field == schemas.RegistryDataStrings || field == schemas.RegistryDataType:
		if !everywhere {
			return fmt.Sprintf("%s: only an event that sets a value has data", test), "category: registry_set, or no test of " + name
		}
	}
	if _, ok := l.x.(matcher.Compare); ok && !numeric(field) {
		return fmt.Sprintf("%s: %s is no number", test, name), "a text"
	}
	return fmt.Sprintf("%s: there is no such number", test), "a number from 0"
}

// equals is a test for texts.
func (w words) equals(name string, texts ...string) string {
	switch {
	case !w.eql:
		return name + ": " + strings.Join(texts, ", ")
	case len(texts) == 1:
		return name + ` == "` + texts[0] + `"`
	}
	return name + ` in ("` + strings.Join(texts, `", "`) + `")`
}

// texts are those of a field that hangs on the action.
func (j *judge) texts(f schemas.Field, actions schemas.Actions) []string {
	var list []string
	for a := range everyAction {
		if actions.Has(a) {
			for _, v := range j.facts.event[a].Values(f) {
				if !slices.Contains(list, v.Text) {
					list = append(list, v.Text)
				}
			}
		}
	}
	return list
}
