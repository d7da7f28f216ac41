package pipeline_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/regtrap/regtrap/cmd/internal/sample"
	"github.com/regtrap/regtrap/matcher"
	"github.com/regtrap/regtrap/registry"
	"github.com/regtrap/regtrap/schemas"
)

// A wish is what a condition asks of the fields of an event, on one of the ways
// on which it comes true. It is made from the condition alone, so that a rule's
// own patterns say which events must make it fire.
type wish struct {
	rng   *rand.Rand
	texts map[schemas.Field][]matcher.Pattern // all are to match
	not   map[schemas.Field][]matcher.Pattern // none is to match
	null  map[schemas.Field]bool
}

// of asks for x, or for the contrary.
func (w *wish) of(x matcher.Expr, holds bool) {
	switch x := x.(type) {
	case matcher.And:
		w.parts(x, holds, holds)
	case matcher.Or:
		w.parts(x, holds, !holds)
	case matcher.Not:
		w.of(x.X, !holds)
	case matcher.Named:
		w.of(x.X, holds)
	case matcher.Match:
		if holds {
			w.texts[x.Field] = append(w.texts[x.Field], x.Pattern)
		} else {
			w.not[x.Field] = append(w.not[x.Field], x.Pattern)
		}
	case matcher.Exists:
		w.null[x.Field] = !holds
	}
}

// parts asks for all parts, or for one of them.
func (w *wish) parts(parts []matcher.Expr, holds, all bool) {
	if all || len(parts) == 0 {
		for _, p := range parts {
			w.of(p, holds)
		}
		return
	}
	w.of(parts[w.rng.IntN(len(parts))], holds)
}

// fillers stand for stars.
var fillers = [...]string{"x", "updater", `a\b`, "7", "", "{4d36e972-e325-11ce-bfc1-08002be10318}"}

// concrete is a text that the pattern matches.
func (w *wish) concrete(p matcher.Pattern) string {
	var b strings.Builder
	for _, t := range p.Tokens() {
		switch t.Kind {
		case matcher.Star:
			b.WriteString(fillers[w.rng.IntN(len(fillers))])
		case matcher.AnyChar:
			b.WriteString("c")
		default:
			b.WriteString(t.Literal)
		}
	}
	return b.String()
}

// text is a text that, with some luck, all patterns on the field match: the one
// that is bound to the beginning first, then those that are bound to nothing.
func (w *wish) text(f schemas.Field) (string, bool) {
	patterns := slices.Clone(w.texts[f])
	if len(patterns) == 0 {
		return "", false
	}
	w.rng.Shuffle(len(patterns), func(i, j int) { patterns[i], patterns[j] = patterns[j], patterns[i] })
	star := func(p matcher.Pattern, at int) int {
		if t := p.Tokens(); len(t) > 0 && t[at*(len(t)-1)].Kind == matcher.Star {
			return 1
		}
		return 0
	}
	// Bound at the beginning: 0; at neither end: 2; at the end: 3.
	order := func(p matcher.Pattern) int { return 2*star(p, 0) + 1 - star(p, 1) }
	slices.SortStableFunc(patterns, func(a, b matcher.Pattern) int {
		return order(a) - order(b)
	})
	var text string
	for _, p := range patterns {
		next := w.concrete(p)
		if strings.Contains(strings.ToLower(text), strings.ToLower(next)) && order(p) == 2 {
			continue
		}
		text = overlap(text, next)
	}
	return text, true
}

// overlap joins two texts; what the first ends with and the second begins with
// stands once.
func overlap(a, b string) string {
	for n := min(len(a), len(b)); n > 0; n-- {
		if strings.EqualFold(a[len(a)-n:], b[:n]) {
			return a + b[n:]
		}
	}
	return a + b
}

// heads are where a path may begin when no pattern says.
var heads = [...]string{`HKLM\SOFTWARE\`, `HKEY_USERS\` + matrixSID + `\Software\`, `HKLM\SYSTEM\ControlSet001\Services\`}

// change is an event that the wish asks for.
func (w *wish) change(actions schemas.Actions) (*sample.Change, bool) {
	c := &sample.Change{Time: at(7), Host: "ws-041.corp.example", User: "ana", SID: matrixSID, Image: `C:\Temp\tool.exe`, PID: 5580, Data: sample.Text(`C:\ProgramData\u.exe`)}
	kinds := map[schemas.Action]sample.Action{
		schemas.ValueSet: sample.SetValue, schemas.KeyCreated: sample.CreateKey, schemas.KeyDeleted: sample.DeleteKey,
		schemas.ValueDeleted: sample.DeleteValue, schemas.KeyRenamed: sample.RenameKey, schemas.ValueRenamed: sample.RenameValue,
	}
	var able []sample.Action
	for from, to := range kinds {
		if actions.Has(from) {
			able = append(able, to)
		}
	}
	if len(able) == 0 {
		return nil, false
	}
	slices.Sort(able)
	c.Action = able[w.rng.IntN(len(able))]

	path, ok := w.text(schemas.RegistryPath)
	if !ok {
		path = `HKLM\SOFTWARE\x`
	}
	if key, ok := w.text(schemas.RegistryKey); ok {
		path = `HKLM\` + strings.Trim(key, `\`)
		if _, named := w.texts[schemas.RegistryValue]; !named {
			path += `\x`
		}
	}
	if value, ok := w.text(schemas.RegistryValue); ok && !strings.HasSuffix(strings.ToLower(path), strings.ToLower(`\`+value)) {
		path = strings.TrimSuffix(path, `\`) + `\` + value
	}
	if !rooted(path) {
		path = heads[w.rng.IntN(len(heads))] + strings.TrimLeft(path, `\`)
	}
	path = strings.Replace(path, `HKEY_USERS\*`, `HKEY_USERS\`+matrixSID, 1)
	if strings.Count(path, `\`) == 0 || strings.HasSuffix(path, `\`) && c.Action != sample.SetValue {
		return nil, false
	}
	c.NewPath = path + "2"
	if to, ok := w.text(schemas.RegistryNewPath); ok {
		if !rooted(to) {
			to = heads[w.rng.IntN(len(heads))] + strings.TrimLeft(to, `\`)
		}
		c.NewPath = to
	}
	c.SetPath(path)

	if data, ok := w.text(schemas.RegistryDataStrings); ok {
		c.Data = sample.Text(data)
		if n, ok := integer(data); ok && w.rng.IntN(2) == 0 {
			c.Data = sample.Number(n)
		}
	}
	if image, ok := w.text(schemas.ProcessExecutable); ok {
		c.Image = image
	}
	if name, ok := w.text(schemas.ProcessName); ok {
		c.Image = `C:\Temp\` + name
	}
	if sid, ok := w.text(schemas.UserID); ok {
		c.SID = sid
	}
	if user, ok := w.text(schemas.UserName); ok {
		c.User = user
	}
	return c, utf8.ValidString(path)
}

// rooted reports whether a path begins with a hive.
func rooted(path string) bool {
	var p registry.Path
	p.Set(path, registry.Context{})
	return strings.HasPrefix(p.Canonical(), "HK") || strings.HasPrefix(strings.ToUpper(path), `\REGISTRY\`)
}

// integer reads data as sources write integers.
func integer(s string) (uint64, bool) {
	s = strings.TrimSuffix(strings.TrimPrefix(strings.ToLower(s), "dword ("), ")")
	n, err := strconv.ParseUint(s, 0, 64)
	return n, err == nil
}

// means is the obvious evaluator: what a condition means, test by test, with
// nothing compiled.
func means(x matcher.Expr, ev *schemas.Event) bool {
	switch x := x.(type) {
	case matcher.And:
		return !slices.ContainsFunc(x, func(p matcher.Expr) bool { return !means(p, ev) })
	case matcher.Or:
		return slices.ContainsFunc(x, func(p matcher.Expr) bool { return means(p, ev) })
	case matcher.Not:
		return !means(x.X, ev)
	case matcher.Named:
		return means(x.X, ev)
	case matcher.Bool:
		return bool(x)
	case matcher.Exists:
		return len(ev.Values(x.Field)) > 0
	case matcher.Match:
		return slices.ContainsFunc(ev.Values(x.Field), func(v schemas.Value) bool {
			return slices.ContainsFunc(patternSpellings(x), func(p matcher.Pattern) bool {
				pure := !slices.ContainsFunc(p.Tokens(), func(t matcher.Token) bool { return t.Kind != matcher.Literal })
				return (pure || !v.Whole && !v.Opaque) && globs(p.Tokens(), v.Text, x.Cased)
			})
		})
	case matcher.Regexp:
		return slices.ContainsFunc(ev.Values(x.Field), func(v schemas.Value) bool {
			return !v.Whole && !v.Opaque && x.Re.MatchString(v.Text)
		})
	case matcher.Compare:
		return slices.ContainsFunc(ev.Values(x.Field), func(v schemas.Value) bool {
			return v.Numeric && ordered(x.Op, int64(v.Number), x.Number)
		})
	case matcher.Length:
		// Of every element the source's own text counts, which is its first; an
		// element of which one text is empty is empty, and hidden data has a
		// length above 0 that nobody knows.
		elements := make(map[uint16][]schemas.Value)
		for _, v := range ev.Values(x.Field) {
			elements[v.Element] = append(elements[v.Element], v)
		}
		for _, texts := range elements {
			n := int64(utf8.RuneCountInString(texts[0].Text))
			if slices.ContainsFunc(texts, func(v schemas.Value) bool { return v.Text == "" }) {
				n = 0
			}
			if texts[0].Opaque && (x.Op == matcher.Greater && x.Number < 1 || x.Op == matcher.GreaterEqual && x.Number < 2) || !texts[0].Opaque && ordered(x.Op, n, x.Number) {
				return true
			}
		}
		return false
	}
	panic(fmt.Sprintf("%T", x))
}

func ordered(op matcher.CompareOp, a, b int64) bool {
	return map[matcher.CompareOp]bool{matcher.Less: a < b, matcher.LessEqual: a <= b, matcher.Equal: a == b, matcher.GreaterEqual: a >= b, matcher.Greater: a > b}[op]
}

// patternSpellings are a pattern and, on a path, the pattern with its head in
// canonical spelling.
func patternSpellings(x matcher.Match) []matcher.Pattern {
	tokens := slices.Clone(x.Pattern.Tokens())
	if x.Field.Undoubled() {
		for i := range tokens {
			tokens[i].Literal = strings.ReplaceAll(tokens[i].Literal, "%%", "%")
		}
	}
	list := []matcher.Pattern{matcher.NewPattern(tokens...)}
	if x.Field.IsPath() && len(tokens) > 0 && tokens[0].Kind == matcher.Literal {
		if head, ok := registry.CanonicalHead(tokens[0].Literal); ok {
			var all []matcher.Token
			for i, h := range head {
				if i > 0 {
					all = append(all, matcher.Token{Kind: matcher.Star})
				}
				all = append(all, matcher.Token{Literal: h})
			}
			list = append(list, matcher.NewPattern(append(all, tokens[1:]...)...))
		}
	}
	return list
}

// globs tries everything.
func globs(tokens []matcher.Token, text string, cased bool) bool {
	if len(tokens) == 0 {
		return text == ""
	}
	switch t := tokens[0]; t.Kind {
	case matcher.Star:
		for i := range len(text) + 1 {
			if (i == len(text) || utf8.RuneStart(text[i])) && globs(tokens[1:], text[i:], cased) {
				return true
			}
		}
		return false
	case matcher.AnyChar:
		_, size := utf8.DecodeRuneInString(text)
		return text != "" && globs(tokens[1:], text[size:], cased)
	default:
		n := len(t.Literal)
		if len(text) < n || !cased && !strings.EqualFold(text[:n], t.Literal) || cased && text[:n] != t.Literal {
			return false
		}
		return globs(tokens[1:], text[n:], cased)
	}
}
