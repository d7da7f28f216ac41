// Package show writes alerts for people.
package show

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/regtrap/regtrap/schemas"
)

// Alert returns a readable block: who, where, what it would start, which rule,
// which technique, where the record was read. Text of the telemetry, which an
// attacker partly writes, cannot steer the terminal: what does not print is
// escaped. More rows, name and text in turn, are added at the end.
func Alert(a *schemas.Alert, more ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s  %s\n", strings.ToUpper(a.Regtrap.Severity), Printable(a.Rule.Name))
	row := func(name, text string) {
		if text != "" {
			fmt.Fprintf(&b, "  %-12s %s\n", name, Printable(text))
		}
	}
	row("when", a.Timestamp.Format("2006-01-02 15:04:05.000 UTC"))
	row("who", who(a))
	row("where", a.Registry.Path)
	if wire := a.Regtrap.Registry.Path; wire != a.Registry.Path {
		row("on the wire", wire)
	}
	switch d := a.Registry.Data; {
	case a.Regtrap.Registry.Opaque:
		row("would start", "not shown by the source")
	case d != nil:
		row("would start", strings.Join(d.Strings, ", "))
	}
	row("technique", techniques(a.Threat))
	row("related", strings.Join(a.Regtrap.RelatedRules, ", "))
	src := a.Regtrap.Source
	row("read from", fmt.Sprintf("%s, partition %d, offset %d, index %d, as %s", src.Topic, src.Partition, src.Offset, src.Index, a.Regtrap.Shape))
	row("alert", a.Event.ID)
	for i := 0; i+1 < len(more); i += 2 {
		row(more[i], more[i+1])
	}
	return b.String()
}

func who(a *schemas.Alert) string {
	var parts []string
	if u := a.User; u != nil {
		switch {
		case u.Name != "" && u.Domain != "":
			parts = append(parts, u.Domain+`\`+u.Name)
		case u.Name != "":
			parts = append(parts, u.Name)
		default:
			parts = append(parts, u.ID)
		}
	}
	if a.Host.Name != "" {
		parts = append(parts, "on "+a.Host.Name)
	}
	if p := a.Process; p != nil {
		name := p.Executable
		if name == "" {
			name = p.Name
		}
		if name != "" {
			parts = append(parts, "through "+name)
		}
		if p.PID != 0 {
			parts = append(parts, fmt.Sprintf("(process %d)", p.PID))
		}
	}
	return strings.Join(parts, " ")
}

// techniques lists what the alert is about; a sub-technique speaks for its
// technique.
func techniques(t *schemas.AlertThreat) string {
	if t == nil || t.Technique == nil {
		return ""
	}
	var list, ids []string
	if sub := t.Technique.Subtechnique; sub != nil {
		for i, id := range sub.ID {
			list, ids = append(list, strings.TrimSpace(id+" "+sub.Name[i])), append(ids, id)
		}
	}
	for i, id := range t.Technique.ID {
		if !hasPrefix(ids, id+".") {
			list = append(list, strings.TrimSpace(id+" "+t.Technique.Name[i]))
		}
	}
	return strings.Join(list, ", ")
}

func hasPrefix(list []string, prefix string) bool {
	for _, s := range list {
		if strings.HasPrefix(s, prefix) {
			return true
		}
	}
	return false
}

// Printable escapes what does not print.
func Printable(s string) string {
	var b strings.Builder
	for _, r := range s {
		if unicode.IsPrint(r) {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, `\u{%x}`, r)
		}
	}
	return b.String()
}
