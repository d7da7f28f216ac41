package rules

import (
	"math"

	"github.com/regtrap/regtrap/matcher"
	"github.com/regtrap/regtrap/registry"
	"github.com/regtrap/regtrap/schemas"
)

// truth is what is known of a test on the events of one action.
type truth uint8

const (
	unknown truth = iota
	never
	always
)

// truths is what is known of a test by action.
type truths [schemas.Queried + 1]truth

// everyAction is every action, the unknown one too.
func everyAction(yield func(schemas.Action) bool) {
	for a := schemas.ActionUnknown; a <= schemas.Queried; a++ {
		if !yield(a) {
			return
		}
	}
}

// facts knows what is true of every event that a decoder makes.
type facts struct {
	known map[string]truths // by the notation of the test
	event [schemas.Queried + 1]*schemas.Event
}

func newFacts() *facts {
	f := &facts{known: make(map[string]truths)}
	for a := range everyAction {
		f.event[a] = schemas.BuildEvent(map[schemas.Field][]string{schemas.RegistryPath: {`HKLM\a\b`}}, a)
	}
	return f
}

// of returns what is known of a test.
func (f *facts) of(x matcher.Expr) truths {
	key := x.String()
	t, ok := f.known[key]
	if !ok {
		t = f.find(x)
		f.known[key] = t
	}
	return t
}

func (f *facts) find(x matcher.Expr) (t truths) {
	field, ok := fieldOf(x)
	if !ok {
		return t
	}
	switch {
	case byAction(field):
		// The texts hang on the action alone: matching says what comes of it.
		set, err := matcher.Compile([]matcher.Rule{{Condition: x, Actions: schemas.AllActions}})
		if err != nil {
			return t
		}
		m := set.NewMatcher()
		for a := range everyAction {
			if t[a] = never; len(m.Match(nil, f.event[a])) > 0 {
				t[a] = always
			}
		}
	case neverOf(x, field):
		for a := range everyAction {
			t[a] = never
		}
	case field == schemas.RegistryPath && isOfEvery(x):
		for a := range everyAction {
			t[a] = always
		}
	case field == schemas.RegistryDataStrings || field == schemas.RegistryDataType:
		for a := range everyAction {
			if a != schemas.ValueSet {
				t[a] = never
			}
		}
	}
	return t
}

// fieldOf returns the field of a test of one field.
func fieldOf(x matcher.Expr) (schemas.Field, bool) {
	switch x := x.(type) {
	case matcher.Match:
		return x.Field, true
	case matcher.Regexp:
		return x.Field, true
	case matcher.Compare:
		return x.Field, true
	case matcher.Length:
		return x.Field, true
	case matcher.Exists:
		return x.Field, true
	case matcher.Relation:
		if refs := x.Refs(); len(refs) == 1 {
			return refs[0], true
		}
	}
	return 0, false
}

// fieldsOf returns the fields of a test, none of a keyword.
func fieldsOf(x matcher.Expr) []schemas.Field {
	if r, ok := x.(matcher.Relation); ok {
		return r.Refs()
	}
	if f, ok := fieldOf(x); ok {
		return []schemas.Field{f}
	}
	return nil
}

// byAction reports whether the texts of a field hang on the action alone.
func byAction(f schemas.Field) bool {
	switch f {
	case schemas.EventCategory, schemas.EventType, schemas.EventAction, schemas.SysmonEventType, schemas.SysmonEventID, schemas.HostOSType:
		return true
	}
	return false
}

// numeric reports whether a field may be a number.
func numeric(f schemas.Field) bool {
	switch f {
	case schemas.RegistryDataStrings, schemas.ProcessPID, schemas.ProcessParentPID, schemas.EffectivePID, schemas.EventCode, schemas.SysmonEventID:
		return true
	}
	return false
}

// neverOf reports whether no event makes a test hold, whatever its action.
func neverOf(x matcher.Expr, field schemas.Field) bool {
	switch x := x.(type) {
	case matcher.Compare:
		lo, hi := interval(x.Op, x.Number)
		return !numeric(field) || lo > hi
	case matcher.Length:
		lo, hi := interval(x.Op, x.Number)
		return lo > hi
	case matcher.Match:
		if field != schemas.RegistryHive {
			return false
		}
		// The hive is that of the canonical path.
		text, ok := pureText(x.Pattern.Tokens())
		return ok && wrongHive(text, x.Cased) != ""
	}
	return false
}

// wrongHive returns how a hive is written that is not written so.
func wrongHive(text string, cased bool) string {
	right := ""
	switch registry.Fold(text) {
	case "hklm", "hkey_local_machine", "hkcr", "hkey_classes_root", "hkcc", "hkey_current_config":
		right = "HKLM"
	case "hku", "hkey_users", "hkcu", "hkey_current_user":
		right = "HKEY_USERS"
	}
	if right == text || !cased && registry.IsFold(text, registry.Fold(right)) {
		return ""
	}
	return right
}

// isOfEvery reports whether a test of a field that every event has always holds.
func isOfEvery(x matcher.Expr) bool {
	switch x := x.(type) {
	case matcher.Exists:
		return true
	case matcher.Match:
		return isAnyText(x.Pattern)
	case matcher.Length:
		lo, hi := interval(x.Op, x.Number)
		return lo == 0 && hi == math.MaxUint64
	}
	return false
}

// interval returns the numbers of which a comparison holds: lo to hi, none when
// lo is above hi.
func interval(op matcher.CompareOp, n int64) (lo, hi uint64) {
	if n < 0 {
		if op == matcher.Greater || op == matcher.GreaterEqual {
			return 0, math.MaxUint64
		}
		return 1, 0
	}
	switch u := uint64(n); op {
	case matcher.Less:
		if n == 0 {
			return 1, 0
		}
		return 0, u - 1
	case matcher.LessEqual:
		return 0, u
	case matcher.Equal:
		return u, u
	case matcher.GreaterEqual:
		return u, math.MaxUint64
	default:
		return u + 1, math.MaxUint64
	}
}

// excludes reports whether no event makes both tests hold.
func excludes(a, b matcher.Expr) bool {
	f, ok := fieldOf(a)
	g, ok2 := fieldOf(b)
	if !ok || !ok2 || f != g {
		return false
	}
	switch a := a.(type) {
	case matcher.Match:
		b, ok := b.(matcher.Match)
		return ok && excludesMatch(a, b)
	case matcher.Compare:
		b, ok := b.(matcher.Compare)
		return ok && apart(a.Op, a.Number, b.Op, b.Number)
	case matcher.Length:
		b, ok := b.(matcher.Length)
		return ok && oneElement(f) && apart(a.Op, a.Number, b.Op, b.Number)
	}
	return false
}

func apart(a matcher.CompareOp, m int64, b matcher.CompareOp, n int64) bool {
	lo, hi := interval(a, m)
	lo2, hi2 := interval(b, n)
	return max(lo, lo2) > min(hi, hi2)
}

func excludesMatch(a, b matcher.Match) bool {
	switch {
	case oneText(a.Field):
		return disjoint(a, b)
	case a.Field == schemas.RegistryValue:
		// The unnamed value has two texts, others have one.
		return disjoint(a, b) && !(takes(a, "") && takes(b, "(default)")) && !(takes(b, "") && takes(a, "(default)"))
	case oneEnd(a.Field):
		return endsApart(a, b)
	}
	return false
}

// endsApart reports whether two patterns want other last segments, however the
// text is spelled.
func endsApart(a, b matcher.Match) bool {
	ends, ok := lastSegments(a)
	others, ok2 := lastSegments(b)
	if !ok || !ok2 {
		return false
	}
	for _, x := range ends {
		for _, y := range others {
			if x == y || a.Field.IsPath() && respelled(x) && respelled(y) {
				return false
			}
		}
	}
	return true
}

func takes(m matcher.Match, text string) bool { return matchTokens(m.Pattern.Tokens(), text, true) }

// oneText reports whether a field has at most one text.
func oneText(f schemas.Field) bool {
	switch f {
	case schemas.RegistryHive, schemas.RegistryDataType, schemas.EventCode, schemas.UserID,
		schemas.ProcessName, schemas.ProcessParentName, schemas.EffectiveName:
		return true
	}
	return false
}

// oneElement reports whether the texts of a field are all spellings of one.
func oneElement(f schemas.Field) bool {
	switch f {
	case schemas.RegistryPath, schemas.RegistryValue, schemas.UserName, schemas.UserDomain, schemas.UserFull:
		return true
	}
	return oneText(f) || oneEnd(f)
}

// oneEnd reports whether all texts of a field end in the same segment, but for
// respelled.
func oneEnd(f schemas.Field) bool {
	switch f {
	case schemas.RegistryPath, schemas.ProcessExecutable, schemas.ProcessParentExecutable, schemas.EffectiveExecutable:
		return true
	}
	return false
}

// respelled reports whether the last segment of a path may have another
// spelling: where the path ends within what canonical spelling rewrites, and at
// the unnamed value.
func respelled(segment string) bool {
	switch segment {
	case "", "(default)", "wow6432node", "current", ".default", "current_user", "registry", "machine", "user", "users",
		"hklm", "hku", "hkcu", "hkcr", "hkcc":
		return true
	}
	for _, head := range []string{"hkey_", "s-", "controlset", "currentcontrolset"} {
		if len(segment) >= len(head) && segment[:len(head)] == head {
			return true
		}
	}
	const classes = "classes"
	return len(segment) >= len(classes) && segment[len(segment)-len(classes):] == classes
}

// implies reports whether b holds on every event on which a does.
func implies(a, b matcher.Expr) bool {
	f, ok := fieldOf(a)
	g, ok2 := fieldOf(b)
	if !ok || !ok2 || f != g {
		return false
	}
	switch b := b.(type) {
	case matcher.Exists:
		return true
	case matcher.Match:
		a, ok := a.(matcher.Match)
		return ok && includes(a, b)
	case matcher.Compare:
		a, ok := a.(matcher.Compare)
		return ok && inside(a.Op, a.Number, b.Op, b.Number)
	case matcher.Length:
		a, ok := a.(matcher.Length)
		return ok && inside(a.Op, a.Number, b.Op, b.Number)
	}
	return false
}

func inside(a matcher.CompareOp, m int64, b matcher.CompareOp, n int64) bool {
	lo, hi := interval(a, m)
	lo2, hi2 := interval(b, n)
	return lo2 <= lo && hi <= hi2
}
