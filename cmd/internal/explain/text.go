package explain

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/regtrap/regtrap/cmd/internal/show"
)

// nearest is how many rules that did not fire are shown with their cause when
// no tree was asked for.
const nearest = 5

// mostValues bounds how many texts of a field a failed test shows: a path has up
// to ten, most of them alike.
const mostValues = 4

// Text writes a record for people. A text of the telemetry cannot steer the
// terminal.
func (r *Record) Text() string {
	var b strings.Builder
	if r.Event == nil {
		fmt.Fprintf(&b, "%s: %s", strings.ReplaceAll(r.Outcome, "_", " "), r.Reason)
		if r.Detail != "" {
			fmt.Fprintf(&b, ": %s", show.Printable(r.Detail))
		}
		b.WriteByte('\n')
		return b.String()
	}
	r.Event.text(&b)
	silent := 0
	for i := range r.Rules {
		rule := &r.Rules[i]
		if rule.Tree == nil {
			if silent++; silent > nearest {
				continue
			}
		}
		b.WriteString(rule.Text())
	}
	if silent > 0 {
		fmt.Fprintf(&b, "\n%s did not fire: --rule ID shows every test of one, --all of all\n", plural(silent, "rule"))
	}
	return b.String()
}

func (e *Event) text(b *strings.Builder) {
	fmt.Fprintf(b, "%s, read as %s", e.Action, e.Shape)
	if e.Time != nil {
		fmt.Fprintf(b, ", at %s by %s", e.Time.Format("2006-01-02 15:04:05.000 UTC"), e.TimeSource)
	}
	b.WriteByte('\n')
	if len(e.Missing) > 0 {
		fmt.Fprintf(b, "  the source says nothing of: %s\n", strings.Join(e.Missing, ", "))
	}
	for _, name := range []string{"registry.path", "NewName", "registry.data.strings", "process.executable", "process.name", "User", "user.id", "host.name"} {
		for i, v := range e.Fields[name] {
			label := name
			if i > 0 {
				label = ""
			}
			fmt.Fprintf(b, "  %-22s %s\n", label, v.text())
		}
	}
}

func (v Value) text() string {
	s := show.Printable(v.Text)
	switch {
	case v.Text == "":
		s = "(empty)"
	case v.Opaque:
		s += "  (opaque)"
	}
	if v.Spelling != "wire" {
		s += "  (" + v.Spelling + ")"
	}
	return s
}

// Text writes what a rule makes of an event: one line and its cause, and the
// tree where there is one.
func (r *Rule) Text() string {
	var b strings.Builder
	mark, state := "✗", "did not fire"
	switch {
	case r.FoldedInto != "":
		mark, state = "✓", "fired, and is told of by the alert of "+r.FoldedInto
	case r.Fired:
		mark, state = "✓", "fired"
	}
	fmt.Fprintf(&b, "\n%s %s (%s, %s:%d) %s\n", mark, show.Printable(r.Name), r.ID, show.Printable(r.File), r.Line, state)
	if r.Because != "" {
		fmt.Fprintf(&b, "  because %s\n", r.Because)
	}
	if r.Tree != nil {
		r.Tree.text(&b, 1)
	}
	return b.String()
}

// because says in one sentence why the node did not go the rule's way.
func (n *Node) because() string {
	switch {
	case n.Kind == "not":
		return "what it excludes holds: " + n.Parts[0].reason()
	case n.Kind == "or" && len(n.Parts) > 0:
		first := n.Parts[0]
		if field, ok := n.list(); ok {
			return fmt.Sprintf("none of %d patterns matches %s: %s", len(n.Parts), field, first.compared())
		}
		return fmt.Sprintf("none of %d parts holds, as %s", len(n.Parts), first.label())
	case n.Kind == "test" && !n.Holds:
		return fmt.Sprintf("%s: %s", n.label(), n.compared())
	}
	return n.label()
}

// mostReasons bounds how many tests say why a part holds.
const mostReasons = 3

// reason says why a node holds, by its tests.
func (n *Node) reason() string {
	switch n.Kind {
	case "named":
		return n.label() + ": " + n.Parts[0].reason()
	case "and":
		var list []string
		for i, p := range n.Parts {
			if i == mostReasons {
				list = append(list, plural(len(n.Parts)-i, "more part"))
				break
			}
			list = append(list, p.reason())
		}
		return strings.Join(list, " and ")
	case "or":
		for _, p := range n.Parts {
			if p.Holds {
				return p.reason()
			}
		}
	case "not":
		if p := n.Parts[0]; p.Kind == "test" {
			return "not " + p.label() + " ← " + p.compared()
		}
		return "not " + n.Parts[0].label()
	case "test":
		if n.Value != nil {
			return n.label() + " ← " + n.found()
		}
	}
	return n.label()
}

// plural writes a number of things.
func plural(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return fmt.Sprintf("%d %s", n, thing)
}

// label is a node without its parts.
func (n *Node) label() string {
	switch n.Kind {
	case "named":
		return show.Printable(n.Name)
	case "test":
		if n.Field == "" {
			return show.Printable(n.Pattern)
		}
		s := n.Field + " " + n.Operator
		if n.Pattern != "" || n.Operator != "exists" {
			s += ` "` + show.Printable(n.Pattern) + `"`
		}
		return s
	case "constant":
		return fmt.Sprint(n.Holds)
	}
	return n.Kind
}

// found says what made a test hold.
func (n *Node) found() string { return n.Value.text() + n.others() }

// compared says what a test that does not hold was compared with.
func (n *Node) compared() string {
	if n.Operator == "keyword" {
		return "no field has it"
	}
	return join(n.Values) + n.others()
}

// others are the texts of the other fields that a test names.
func (n *Node) others() string {
	s := ""
	for _, name := range slices.Sorted(maps.Keys(n.Others)) {
		s += "; " + name + ": " + join(n.Others[name])
	}
	return s
}

// join writes texts of a field.
func join(values []Value) string {
	if len(values) == 0 {
		return "the field is null"
	}
	var texts []string
	for i, v := range values {
		if i == mostValues {
			texts = append(texts, fmt.Sprintf("and %d more", len(values)-i))
			break
		}
		texts = append(texts, v.text())
	}
	return strings.Join(texts, " | ")
}

func (n *Node) text(b *strings.Builder, depth int) {
	mark := "✗"
	if n.Holds {
		mark = "✓"
	}
	fmt.Fprintf(b, "%s%s %s", strings.Repeat("  ", depth), mark, n.label())
	switch {
	case n.Kind == "or" && !n.Holds:
		if _, ok := n.list(); ok {
			b.WriteString(" ← " + n.Parts[0].compared())
		}
	case n.Kind != "test":
	case n.Value != nil:
		b.WriteString(" ← " + n.found())
	case !n.Holds:
		b.WriteString(" ← " + n.compared())
	}
	if n.Blamed {
		b.WriteString("   ◀ the first thing that failed")
	}
	b.WriteByte('\n')
	field, list := n.list()
	others := 0
	for _, p := range n.Parts {
		switch {
		case !list:
			p.text(b, depth+1)
		case n.Holds && !p.Holds:
			others++
		case n.Holds:
			p.text(b, depth+1)
		default:
			fmt.Fprintf(b, "%s✗ %s\n", strings.Repeat("  ", depth+1), p.label())
		}
	}
	if others > 0 {
		fmt.Fprintf(b, "%s✗ %s of %s\n", strings.Repeat("  ", depth+1), plural(others, "other pattern"), field)
	}
}

// list returns the field of an Or that is a list of patterns, so that its values
// are written once and not with every pattern.
func (n *Node) list() (field string, ok bool) {
	if n.Kind != "or" || len(n.Parts) < 2 {
		return "", false
	}
	field = n.Parts[0].Field
	for _, p := range n.Parts {
		if p.Kind != "test" || p.Field != field || field == "" {
			return "", false
		}
	}
	return field, true
}
