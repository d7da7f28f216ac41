package enrich

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/regtrap/regtrap/schemas"
)

// messageText is how many bytes of a path or of data the message shows: it is
// a sentence, and the whole text is in its own field.
const messageText = 512

// message says in one sentence who did what, where, and which rule minds.
func message(action schemas.Action, a *schemas.Alert) string {
	var b strings.Builder
	b.WriteString(subject(a))
	b.WriteByte(' ')
	b.WriteString(verb(action))
	b.WriteByte(' ')
	b.WriteString(sentenceText(a.Registry.Path))
	switch {
	case a.Regtrap.Registry.NewPath != "":
		b.WriteString(" to " + sentenceText(a.Regtrap.Registry.NewPath))
	case action != schemas.ValueSet:
	case a.Regtrap.Registry.Opaque:
		b.WriteString(" to data that the source does not show")
	case a.Registry.Data != nil && len(a.Registry.Data.Strings) > 0:
		text := strings.Join(a.Registry.Data.Strings, ", ")
		if text == "" {
			text = "an empty string"
		}
		b.WriteString(" to " + sentenceText(text))
	}
	if a.Host.Name != "" {
		b.WriteString(" on " + sentenceText(a.Host.Name))
	}
	b.WriteString(" (" + sentenceText(a.Rule.Name) + ")")
	return b.String()
}

func subject(a *schemas.Alert) string {
	if p := a.Process; p != nil {
		switch {
		case p.Name != "":
			return sentenceText(p.Name)
		case p.Executable != "":
			return sentenceText(p.Executable)
		}
	}
	return "an unknown process"
}

func verb(action schemas.Action) string {
	switch action {
	case schemas.ValueSet:
		return "set"
	case schemas.KeyCreated:
		return "created"
	case schemas.KeyDeleted, schemas.ValueDeleted:
		return "deleted"
	case schemas.KeyRenamed, schemas.ValueRenamed:
		return "renamed"
	case schemas.Queried:
		return "read"
	}
	return "changed"
}

// sentenceText makes s fit for one line: what does not print becomes a space,
// and a long text is cut.
func sentenceText(s string) string {
	cut := false
	if len(s) > messageText {
		s, cut = truncate(s, messageText), true
	}
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, s)
	if cut {
		s += "…"
	}
	return s
}

// truncate returns at most n bytes of s and breaks no character.
func truncate(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
