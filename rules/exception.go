package rules

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/regtrap/regtrap/matcher"
	"github.com/regtrap/regtrap/schemas"
)

// exception is a Sigma filter (specification of filters 2.1): a condition that
// is added to rules written elsewhere. It survives their updates.
type exception struct {
	title, id string
	file      string
	line      int
	category  string // of the log source; empty means every
	any       bool   // all rules of the log source
	rules     []reference
	condition matcher.Expr
	digest    []byte
	places    *places // of Check alone
}

// reference is a rule's id, name or title, where an exception names it.
type reference struct {
	text         string
	line, column int
}

// exception reads a filter document, or returns nil when it cannot be used.
func (r *reader) exception(root *yaml.Node) *exception {
	x := &exception{file: r.file, line: root.Line}
	found := make(map[string]*yaml.Node)
	for key, value := range r.mapping(root, "the exception") {
		found[key.Value] = value
	}
	for _, name := range []string{"title", "logsource", "filter"} {
		if n := found[name]; n == nil || n.ShortTag() == "!!null" {
			r.problem(root, CodeAttribute, "the exception has no "+name, name+": …")
			delete(found, name)
		}
	}
	if found["detection"] != nil {
		r.problem(found["detection"], CodeAttribute, "detection beside filter: a rule and an exception in one document", "a document of its own for each, with --- between them")
	}
	if n := found["title"]; n != nil {
		x.title = strings.TrimSpace(r.text(n, "title"))
	}
	if n := found["id"]; n != nil {
		if x.id = strings.ToLower(strings.TrimSpace(r.text(n, "id"))); !uuid.MatchString(x.id) {
			r.problem(n, CodeAttribute, fmt.Sprintf("id %q is no UUID", n.Value), "id: as in "+`"6f9619ff-8b86-4d01-b42d-00cf4fc964ff"`)
		}
	}
	if n := found["logsource"]; n != nil {
		_, x.category = r.logsource(n, true)
	}
	if n := found["filter"]; n != nil {
		r.filter(x, n)
	}
	if len(r.problems) > 0 {
		return nil
	}
	return x
}

// filter reads what the exception adds, and to which rules.
func (r *reader) filter(x *exception, node *yaml.Node) {
	if node.Kind != yaml.MappingNode {
		r.problem(node, CodeAttribute, "filter is no map", "filter: with rules, selections and condition below it")
		return
	}
	var rules *yaml.Node
	for key, value := range r.mapping(node, "filter") {
		switch {
		case key.Value == "rules":
			rules = value
		case key.Value == "condition" && value.Kind != yaml.ScalarNode:
			r.problem(value, CodeCondition, "the condition of an exception is no text", "one condition")
			return
		}
	}
	x.condition = r.detection(node, "filter", "rules")
	if x.condition != nil && !negates(x.condition) {
		r.warn(node, CodeException, fmt.Sprintf("exception %q excludes nothing: its rules fire only where its condition holds", x.title),
			"condition: not selection, when selection says what to except")
	}
	switch {
	case rules == nil || rules.ShortTag() == "!!null":
		r.problem(node, CodeAttribute, "the exception names no rules", "rules: any, or a list of ids or names of rules")
		return
	case rules.Kind == yaml.ScalarNode && strings.EqualFold(rules.Value, "any"),
		rules.Kind == yaml.SequenceNode && len(rules.Content) == 0: // as in pySigma
		x.any = true
		return
	}
	for _, n := range r.oneOrMore(rules, "rules") {
		x.rules = append(x.rules, reference{n.Value, n.Line, n.Column})
	}
}

// negates reports whether a condition excludes anything: by not, neq, null or exists: false.
func negates(x matcher.Expr) bool {
	switch x := x.(type) {
	case matcher.Not:
		return true
	case matcher.And:
		return slices.ContainsFunc(x, negates)
	case matcher.Or:
		return slices.ContainsFunc(x, negates)
	case matcher.Named:
		return negates(x.X)
	}
	return false
}

// fits reports whether the exception's log source holds the rule's. As in
// pySigma, what it does not name it does not ask for. Rules that have no log
// source, Elastic's, watch all registry events: see added.
func (x *exception) fits(r *Rule) bool {
	return x.category == "" || r.category == "" || x.category == r.category
}

// names reports whether a reference is to a rule: by its id, by Sigma's
// attribute name, or by its title.
func (ref reference) names(r *Rule) bool {
	return strings.EqualFold(ref.text, r.ID) || ref.text == r.name && r.name != "" || ref.text == r.Name
}

// added is what the exception adds to a rule's condition. To a rule without a
// log source it adds it for the events of its own alone.
func (x *exception) added(r *Rule) matcher.Expr {
	c := x.condition
	if r.category == "" && x.category != "" && x.category != "registry_event" {
		var types []matcher.Expr
		for _, name := range map[string][]string{
			"registry_set":    {"SetValue"},
			"registry_add":    {"CreateKey"},
			"registry_delete": {"DeleteKey", "DeleteValue"},
			"registry_rename": {"RenameKey", "RenameValue"},
		}[x.category] {
			pattern := matcher.NewPattern(matcher.Token{Kind: matcher.Literal, Literal: name})
			types = append(types, matcher.Match{Field: schemas.SysmonEventType, Pattern: pattern})
		}
		c = matcher.Or{matcher.Not{X: or(types)}, c}
	}
	return matcher.Named{Name: x.title, X: c}
}

// addException adds an exception that was read completely.
func (c *collection) addException(x *exception) {
	problem := Problem{File: x.file, Line: x.line, Column: 1, Rule: x.title}
	for _, first := range c.exceptions {
		switch {
		case bytes.Equal(first.digest, x.digest):
			problem.Code = CodeDuplicateContent
			problem.What = fmt.Sprintf("the same exception as %s:%d, which applies", first.file, first.line)
			problem.Want = "one of the two"
		case x.id != "" && first.id == x.id:
			problem.Code = CodeDuplicateID
			problem.What = fmt.Sprintf("id %s is already that of exception %q (%s:%d)", x.id, first.title, first.file, first.line)
			problem.Want = "an id of its own"
		default:
			continue
		}
		c.problems = append(c.problems, problem)
		return
	}
	c.exceptions = append(c.exceptions, x)
}

// except applies the exceptions to the rules that were read, so before
// superseded rules fold: where a special case is excepted, the general rule
// still fires. The order of files does not matter: exceptions are applied in
// that of their digests.
func (c *collection) except() {
	slices.SortFunc(c.exceptions, func(a, b *exception) int { return bytes.Compare(a.digest, b.digest) })
	excepted := make(map[*Rule]bool)
	for _, x := range c.exceptions {
		unused := func(line, column int, what string) {
			c.problems = append(c.problems, Problem{
				File: x.file, Line: line, Column: column, Rule: x.title, Code: CodeException, Warning: true, What: what,
				Want: "the id or name of a rule that is loaded and has the exception's log source",
			})
		}
		applies := make(map[*Rule]bool)
		for _, ref := range x.rules {
			named, fit := false, false
			for _, r := range c.rules {
				if ref.names(r) {
					named = true
					if x.fits(r) {
						fit, applies[r] = true, true
					}
				}
			}
			switch {
			case !named && slices.ContainsFunc(c.choosing.out, ref.names): // a rule that is not chosen
			case !named:
				unused(ref.line, ref.column, fmt.Sprintf("exception %q names %q, which is no loaded rule", x.title, ref.text))
			case !fit:
				unused(ref.line, ref.column, fmt.Sprintf("exception %q has log source %s, and rule %q another", x.title, x.category, ref.text))
			}
		}
		for _, r := range c.rules {
			if x.any && x.fits(r) || applies[r] {
				applies[r] = true
				excepted[r] = true
				r.Condition = matcher.And{r.Condition, x.added(r)}
				sum := sha256.Sum256(append(slices.Clone(r.digest), x.digest...))
				r.digest = sum[:]
			}
		}
		if x.any && len(applies) == 0 {
			unused(x.line, 1, fmt.Sprintf("exception %q applies to no loaded rule", x.title))
		}
	}
	if c.checker != nil {
		for _, r := range c.rules {
			if excepted[r] {
				c.checker.excepted(r)
			}
		}
	}
}
