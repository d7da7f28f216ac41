package rules

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/regtrap/regtrap/matcher"
	"github.com/regtrap/regtrap/registry"
	"github.com/regtrap/regtrap/schemas"
)

// newNames reports tests of the new name in a rule that is about no rename.
func (j *judge) newNames() {
	if j.set.Has(schemas.KeyRenamed) || j.set.Has(schemas.ValueRenamed) {
		return
	}
	j.eachLeaf(j.root, func(p *part) {
		if slices.Contains(p.leaf.fields, schemas.RegistryNewPath) {
			j.warn(j.at(p), CodeNoShape, fmt.Sprintf("%s: only an event that renames a key or a value has a new name", j.words.test(p.leaf.x)), "category: registry_rename, or registry_event")
		}
	})
}

// patterns reports patterns that match no text that their field ever has.
func (j *judge) patterns() {
	j.eachLeaf(j.root, func(p *part) {
		m, ok := p.leaf.x.(matcher.Match)
		if !ok {
			return
		}
		var what, want string
		switch m.Field {
		case schemas.RegistryPath, schemas.RegistryNewPath:
			if what, want = pathPattern(m.Pattern.Tokens(), j.words.eql); what == "" && m.Field == schemas.RegistryPath {
				what, want = j.keyOfValues(m)
			}
		case schemas.RegistryKey:
			what, want = keyPattern(m.Pattern.Tokens())
		case schemas.ProcessExecutable, schemas.ProcessParentExecutable, schemas.EffectiveExecutable:
			what, want = imagePattern(m.Pattern.Tokens(), j.words.eql)
		case schemas.ProcessName, schemas.ProcessParentName, schemas.EffectiveName:
			what, want = namePattern(m.Pattern.Tokens())
		case schemas.RegistryDataStrings:
			what, want = dataPattern(m.Pattern.Tokens())
		case schemas.RegistryDataType:
			what, want = typePattern(m.Pattern.Tokens())
		}
		if star := m.Op == "==" || m.Op == "in" || m.Op == "in~"; star && what == "" && m.Field != schemas.RegistryDataStrings {
			what, want = starOfQuery(m)
		}
		if what != "" {
			j.warn(j.at(p), CodePattern, fmt.Sprintf("%s: %s", j.words.test(m), what), want)
		}
	})
}

// pathPattern says why no path in any spelling matches a pattern.
func pathPattern(tokens []matcher.Token, eql bool) (what, want string) {
	for _, t := range tokens {
		if t.Kind != matcher.Literal {
			continue
		}
		if what, want = pathLiteral(t.Literal, eql); what != "" {
			return what, want
		}
	}
	if len(tokens) == 0 || tokens[0].Kind != matcher.Literal {
		return "", ""
	}
	open := len(tokens) > 1 // what follows the literal may be anything
	return pathHead(tokens[0].Literal, open)
}

// pathLiteral judges a literal anywhere in the pattern of a path.
func pathLiteral(s string, eql bool) (what, want string) {
	if i := strings.IndexFunc(s, func(r rune) bool { return r < 0x20 || r == 0x7f }); i >= 0 {
		return fmt.Sprintf("a path has no character %q", s[i]), `a backslash, which is written \\ where \n, \r and \t are escapes`
	}
	if slash := forwardSlash(s); slash != "" {
		return fmt.Sprintf("the separator of registry paths is the backslash, not the slash of %q", slash), strings.ReplaceAll(s, "/", `\`)
	}
	for i := 1; i+2 < len(s); i++ {
		if s[i] == '\\' && s[i+1] == '\\' && s[i-1] != '\\' && s[i+2] != '\\' {
			return "the separators of registry paths are single, and these are doubled", strings.ReplaceAll(s, `\\`, `\`)
		}
	}
	if !eql {
		if star := literalStar(s); star != "" {
			return fmt.Sprintf(`\* is a star itself, without a backslash, and no key is called %q`, star), `\\*, a backslash and any text`
		}
	}
	return "", ""
}

// forwardSlash returns the part of a literal that separates keys by slashes,
// keys that no file or address is called. Other slashes are left alone: the
// names of keys and values may have them.
func forwardSlash(s string) string {
	if !strings.Contains(s, "/") {
		return ""
	}
	above := ""
	for run := range strings.SplitSeq(s, `\`) {
		segments := strings.Split(registry.Fold(run), "/")
		if len(segments) > 1 && isHive(above) && (segments[0] == "software" || segments[0] == "system") {
			return run
		}
		above = segments[0]
		for i, segment := range segments[1:] {
			switch before := segments[i]; {
			case isHive(before), isKeyOnly(before), isKeyOnly(segment),
				before == "software" && (segment == "microsoft" || segment == "classes" || segment == "policies"):
				return run
			}
		}
	}
	return ""
}

func isHive(folded string) bool {
	return strings.HasPrefix(folded, "hkey_") || slices.Contains([]string{"hklm", "hku", "hkcu", "hkcr", "hkcc"}, folded)
}

func isKeyOnly(folded string) bool {
	return slices.Contains([]string{"currentversion", "currentcontrolset", "controlset001", "wow6432node"}, folded)
}

// literalStar returns the segment of a literal that ends with a star. Sigma takes
// the backslash of \* for an escape, so KEY\*\NAME looks for a key "KEY*". Where
// the star stands alone, as in \Classes\\\*\shell, it is meant.
func literalStar(s string) string {
	for segment := range strings.SplitSeq(s, `\`) {
		if len(segment) > 1 && strings.HasSuffix(segment, "*") {
			return segment
		}
	}
	return ""
}

// pathHead judges the literal with which a pattern begins, which must begin as
// some path does. open says that a wildcard follows it.
func pathHead(s string, open bool) (what, want string) {
	head, complete := s, !open
	if i := strings.IndexByte(s[min(1, len(s)):], '\\'); i >= 0 {
		head, complete = s[:i+1], true
		if f := registry.Fold(head); f == `\registry` || f == `registry` {
			rest := s[len(head)+1:]
			if k := strings.IndexByte(rest, '\\'); k >= 0 {
				head = s[:len(head)+1+k]
			} else {
				head, complete = s, !open
			}
		}
	}
	fold := registry.Fold(head)
	for _, h := range registry.Heads() {
		if h = registry.Fold(h); h == fold || !complete && strings.HasPrefix(h, fold) {
			return "", ""
		}
	}
	if near := nearest(head, registry.Heads()); near != "" {
		return fmt.Sprintf("no path begins with %q", head), near
	}
	if head == "" {
		return "no path is empty", `HKLM\… or HKU\…, or a wildcard`
	}
	if s[0] == '\\' {
		return fmt.Sprintf("no path begins with %q: they begin with a hive", head), `a wildcard before it (endswith, contains), or the hive: HKLM\…, HKU\…`
	}
	return fmt.Sprintf("no path begins with %q: they begin with a hive", head), `HKLM\…, HKU\…, HKCR\…, or a wildcard before it`
}

// keyPattern judges a pattern of registry.key, which lies between the hive and
// the name of the value.
func keyPattern(tokens []matcher.Token) (what, want string) {
	if len(tokens) == 0 || tokens[0].Kind != matcher.Literal {
		return "", ""
	}
	s := tokens[0].Literal
	head, rest, ok := strings.Cut(s, `\`)
	if f := registry.Fold(head); ok && (f == "hklm" || f == "hku" || f == "hkcu" || f == "hkcr" || f == "hkcc" || strings.HasPrefix(f, "hkey_")) {
		return fmt.Sprintf("the key begins behind the hive, and so never with %q", head), rest
	}
	if s[0] == '\\' {
		return "the key begins behind the hive and its backslash", s[1:]
	}
	return "", ""
}

// starOfQuery judges a text with a star behind an operator that takes no
// wildcards. A key may be called so, as the one for all files below Classes.
func starOfQuery(m matcher.Match) (what, want string) {
	text, _ := pureText(m.Pattern.Tokens())
	above := ""
	for segment := range strings.SplitSeq(registry.Fold(text), `\`) {
		if strings.Contains(segment, "*") && !(segment == "*" && (above == "hkcr" || above == "hkey_classes_root" || strings.HasSuffix(above, "classes"))) {
			return fmt.Sprintf("%s takes no wildcards: the star is a star itself", m.Op), "like, or : without case"
		}
		above = segment
	}
	return "", ""
}

// imagePattern judges a pattern of the path of a program.
func imagePattern(tokens []matcher.Token, eql bool) (what, want string) {
	for _, t := range tokens {
		if strings.Contains(t.Literal, ":/") {
			return "the paths of programs have backslashes", strings.ReplaceAll(t.Literal, "/", `\`)
		}
	}
	text, ok := pureText(tokens)
	if !ok || !strings.HasSuffix(registry.Fold(text), ".exe") || strings.LastIndexByte(text, '\\') > 0 {
		return "", ""
	}
	name := strings.TrimPrefix(text, `\`)
	if eql {
		return "the path of a program begins with its drive", fmt.Sprintf(`"*\\%s", or process.name`, name)
	}
	return "the path of a program begins with its drive", fmt.Sprintf(`endswith, and '\%s'`, name)
}

// namePattern judges a pattern of the name of a program's file.
func namePattern(tokens []matcher.Token) (what, want string) {
	for _, t := range tokens {
		if i := strings.LastIndexByte(t.Literal, '\\'); i >= 0 {
			return "the name of a program has no folder", "process.executable, or " + t.Literal[i+1:]
		}
	}
	return "", ""
}

var (
	sysmonInteger = regexp.MustCompile(`(?i)^(DWORD \(0x[0-9a-f]{8}\)|QWORD \(0x[0-9a-f]{8}-0x[0-9a-f]{8}\))$`)
	likeInteger   = regexp.MustCompile(`(?i)^([DQ])WORD\s*[:(]?\s*\(?(0x)?([0-9a-f]+)(-0x([0-9a-f]+))?\)?$`)
)

// dataPattern judges a whole text of value data that looks like an integer as
// Sysmon writes it, and is written otherwise.
func dataPattern(tokens []matcher.Token) (what, want string) {
	text, ok := pureText(tokens)
	if !ok || sysmonInteger.MatchString(text) {
		return "", ""
	}
	m := likeInteger.FindStringSubmatch(text)
	if m == nil {
		return "", ""
	}
	what = "no source writes an integer so"
	digits := strings.TrimLeft(m[3], "0")
	switch {
	case strings.EqualFold(m[1], "Q") && m[5] == "" && len(digits) <= 16:
		digits = strings.Repeat("0", 16-len(digits)) + digits
		return what, fmt.Sprintf("QWORD (0x%s-0x%s)", digits[:8], digits[8:])
	case strings.EqualFold(m[1], "D") && m[4] == "" && len(digits) <= 8:
		return what, fmt.Sprintf("DWORD (0x%s)", strings.Repeat("0", 8-len(digits))+digits)
	}
	return what, "DWORD (0x00000001), or QWORD (0x00000000-0x00000001)"
}

// valueTypes are the names of types in winnt.h.
func valueTypes() []string {
	return []string{
		"REG_NONE", "REG_SZ", "REG_EXPAND_SZ", "REG_BINARY", "REG_DWORD", "REG_DWORD_BIG_ENDIAN", "REG_LINK", "REG_MULTI_SZ",
		"REG_RESOURCE_LIST", "REG_FULL_RESOURCE_DESCRIPTOR", "REG_RESOURCE_REQUIREMENTS_LIST", "REG_QWORD",
	}
}

func typePattern(tokens []matcher.Token) (what, want string) {
	text, ok := pureText(tokens)
	if !ok || slices.ContainsFunc(valueTypes(), func(t string) bool { return strings.EqualFold(t, text) }) {
		return "", ""
	}
	if near := nearest(text, valueTypes()); near != "" {
		return "no value has this type", near
	}
	if near := nearest("REG_"+text, valueTypes()); near != "" || slices.Contains(valueTypes(), "REG_"+strings.ToUpper(text)) {
		if near == "" {
			near = "REG_" + strings.ToUpper(text)
		}
		return "no value has this type", near
	}
	if len(text) >= 4 && strings.EqualFold(text[:4], "REG_") {
		return "no value has this type", strings.Join(valueTypes(), ", ")
	}
	return "", ""
}

// keyOfValues judges a pattern that ends with a known key, in a rule that is
// about values: their paths go on.
func (j *judge) keyOfValues(m matcher.Match) (what, want string) {
	tokens := m.Pattern.Tokens()
	if len(tokens) == 0 || tokens[len(tokens)-1].Kind != matcher.Literal {
		return "", ""
	}
	ends := spelled(m)
	last := ends[len(ends)-1]
	tail := strings.TrimPrefix(registry.Fold(last[len(last)-1].Literal), `\`)
	if strings.Count(tail, `\`) == 0 {
		return "", ""
	}
	for _, key := range knownKeys() {
		if (key == tail || strings.HasSuffix(key, `\`+tail)) && j.setsOnly() {
			want := `\* at the end`
			if !j.words.eql {
				want = `contains, and a backslash at the end`
			}
			return "a key ends so, and the path of a value goes on with its name", want
		}
	}
	return "", ""
}

// setsOnly reports whether the rule can fire on events that set a value alone.
func (j *judge) setsOnly() bool {
	for a := range everyAction {
		s := solver{action: a, steps: &j.steps}
		if a != schemas.ValueSet && j.set.Has(a) && s.may([]claim{{j.root, true}}) {
			return false
		}
	}
	return true
}

// knownKeys are keys of which values are set, and which are no values: those of
// the catalogue of autostart locations and those above them, folded.
func knownKeys() []string {
	var keys, values []string
	for _, l := range registry.Locations() {
		path := registry.Fold(l.Pattern)
		key, many := strings.CutSuffix(path, `\*`)
		if !many {
			values = append(values, path)
		}
		for ; strings.Contains(key, `\`); key = key[:strings.LastIndexByte(key, '\\')] {
			last := key[strings.LastIndexByte(key, '\\')+1:]
			if key != path && !strings.Contains(last, "*") && !slices.Contains(keys, key) {
				keys = append(keys, key)
			}
		}
	}
	return slices.DeleteFunc(keys, func(key string) bool { return slices.Contains(values, key) })
}
