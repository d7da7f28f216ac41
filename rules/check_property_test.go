package rules

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/regtrap/regtrap/matcher"
	"github.com/regtrap/regtrap/schemas"
)

// judged makes random tests and events that meet often, on fields of every
// kind that facts tells apart.
type judged struct{ *rand.Rand }

func one[T any](g judged, from ...T) T { return from[g.IntN(len(from))] }

func (g judged) field() schemas.Field {
	return one(g, schemas.RegistryPath, schemas.RegistryPath, schemas.RegistryKey, schemas.RegistryValue, schemas.RegistryHive,
		schemas.RegistryDataStrings, schemas.RegistryDataStrings, schemas.RegistryDataType, schemas.ProcessExecutable, schemas.ProcessName,
		schemas.ProcessPID, schemas.EventCode, schemas.UserID, schemas.UserName, schemas.HostName, schemas.EventType, schemas.EventAction,
		schemas.SysmonEventType, schemas.SysmonEventID, schemas.EventCategory, schemas.HostOSType, schemas.ProcessArgs)
}

func (g judged) path() string {
	path := one(g, `HKLM`, `HKLM`, `HKU\S-1-5-21-1`, `HKEY_USERS\.DEFAULT`, `HKCU`, `HKCR`, `\REGISTRY\MACHINE`, `\REGISTRY\USER\S-1-5-21-1_Classes`, `HKLM\\System`, `HKCC`, `run`)
	for range g.IntN(4) {
		path += `\` + one(g, "Software", "Classes", "run", "b", "WOW6432Node", "System", "ControlSet001", "CurrentControlSet", "%%a", "")
	}
	if g.IntN(4) == 0 {
		path += one(g, `\(Default)`, `\`, `\run`)
	}
	return path
}

func (g judged) text(f schemas.Field) string {
	switch f {
	case schemas.RegistryPath, schemas.RegistryKey, schemas.RegistryValue, schemas.RegistryHive:
		return g.path()
	case schemas.RegistryDataStrings:
		return one(g, "1", "DWORD (0x00000001)", "QWORD (0x00000000-0x00000002)", "", "(Empty)", "Binary Data", "run", "b", `C:\b\run`, "2", "%%a")
	case schemas.RegistryDataType:
		return one(g, "REG_SZ", "REG_DWORD", "REG_BINARY", "reg_sz", "b")
	case schemas.ProcessExecutable:
		return one(g, `C:\b\run`, `\Device\HarddiskVolume2\b\run`, `\\?\C:\run`, `run`, `C:\`, `\Device\HarddiskVolume2\`)
	case schemas.ProcessPID, schemas.EventCode, schemas.SysmonEventID:
		return one(g, "1", "0x1", "2", "12", "13", "4657", "b")
	case schemas.UserID, schemas.UserName:
		return one(g, "S-1-5-18", "S-1-5-21-1", "SYSTEM", "run", "b")
	}
	return one(g, "run", "b", "RUN", "change", "creation", "SetValue", "CreateKey", "registry", "windows", "rename", "")
}

// fields of which an event may have several elements, and no number in each.
var several = []schemas.Field{schemas.HostName, schemas.ProcessArgs}

func (g judged) event() *schemas.Event {
	fields := map[schemas.Field][]string{schemas.RegistryPath: {g.path()}}
	for f := range schemas.Field(schemas.NumFields) {
		if f == schemas.RegistryPath || g.IntN(3) == 0 {
			continue
		}
		fields[f] = []string{g.text(f)}
		if slices.Contains(several, f) && g.IntN(2) == 0 {
			fields[f] = append(fields[f], g.text(f))
		}
	}
	if g.IntN(6) == 0 { // a list of strings
		fields[schemas.RegistryDataType] = []string{"REG_MULTI_SZ"}
		fields[schemas.RegistryDataStrings] = []string{g.text(schemas.HostName), g.text(schemas.HostName)}
	}
	return schemas.BuildEvent(fields, schemas.Action(g.IntN(int(schemas.Queried)+1)))
}

func (g judged) pattern(f schemas.Field) matcher.Pattern {
	var tokens []matcher.Token
	star := matcher.Token{Kind: matcher.Star}
	literal := func() {
		s := g.text(f)
		if n := len(s); n > 0 && g.IntN(3) == 0 {
			s = s[g.IntN(n):]
		}
		tokens = append(tokens, matcher.Token{Kind: matcher.Literal, Literal: s})
	}
	switch g.IntN(7) {
	case 0, 1:
		literal()
	case 2:
		tokens = append(tokens, star)
		literal()
	case 3:
		literal()
		tokens = append(tokens, star)
	case 4:
		tokens = append(tokens, star)
		literal()
		tokens = append(tokens, star)
	case 5:
		literal()
		tokens = append(tokens, one(g, star, matcher.Token{Kind: matcher.AnyChar}))
		literal()
	default:
		tokens = append(tokens, star, matcher.Token{Kind: matcher.Literal, Literal: one(g, `\run`, `\b`, `\`, `\(Default)`, `\S-1-5-18`, `\.DEFAULT`, `\ControlSet001`, `s\run`)})
	}
	return matcher.NewPattern(tokens...)
}

func (g judged) leaf() matcher.Expr {
	f := g.field()
	op := matcher.CompareOp(g.IntN(5))
	switch g.IntN(12) {
	case 0:
		return matcher.Exists{Field: f}
	case 1, 2:
		return matcher.Compare{Field: one(g, f, schemas.RegistryDataStrings, schemas.ProcessPID), Op: op, Number: int64(g.IntN(4) - 1)}
	case 3:
		return matcher.Length{Field: f, Op: op, Number: int64(g.IntN(6) - 1)}
	case 4:
		return matcher.Keyword{Pattern: g.pattern(f)}
	}
	return matcher.Match{Field: f, Pattern: g.pattern(f), Cased: g.IntN(4) == 0}
}

func (g judged) condition(depth int, leaves []matcher.Expr) matcher.Expr {
	if depth == 0 || g.IntN(4) == 0 {
		if g.IntN(20) == 0 {
			return matcher.Bool(g.IntN(2) == 0)
		}
		return one(g, leaves...)
	}
	if g.IntN(3) == 0 {
		return matcher.Not{X: g.condition(depth-1, leaves)}
	}
	var parts []matcher.Expr
	for range 1 + g.IntN(3) {
		parts = append(parts, g.condition(depth-1, leaves))
	}
	if g.IntN(2) == 0 {
		return matcher.And(parts)
	}
	return matcher.Or(parts)
}

// truthTable evaluates conditions on events.
func truthTable(t *testing.T, conditions []matcher.Expr, events []*schemas.Event) [][]bool {
	t.Helper()
	var list []matcher.Rule
	for _, c := range conditions {
		list = append(list, matcher.Rule{Condition: c, Actions: schemas.AllActions})
	}
	set, err := matcher.Compile(list)
	if err != nil {
		t.Fatal(err)
	}
	m := set.NewMatcher()
	table := make([][]bool, len(conditions))
	for i := range table {
		table[i] = make([]bool, len(events))
	}
	for k, ev := range events {
		for _, i := range m.Match(nil, ev) {
			table[i][k] = true
		}
	}
	return table
}

func TestWhatIsSaidOfTwoTestsHoldsOnEveryEvent(t *testing.T) {
	g := judged{rand.New(rand.NewPCG(7, 3))}
	var events []*schemas.Event
	for range 1500 {
		events = append(events, g.event())
	}
	known := newFacts()
	counts := map[string]int{}
	for range 40 {
		var leaves []matcher.Expr
		for range 120 {
			leaves = append(leaves, g.leaf())
		}
		table := truthTable(t, leaves, events)
		for i, a := range leaves {
			truths := known.of(a)
			for k, ev := range events {
				if got := truths[ev.Action]; got == never && table[i][k] || got == always && !table[i][k] {
					f, _ := fieldOf(a)
					t.Fatalf("%v on %v: holds %v, against what is known: %+v", a, ev.Action, table[i][k], ev.Values(f))
				} else if got != unknown {
					counts["known"]++
				}
			}
			for n, b := range leaves {
				if i == n {
					continue
				}
				apart, within := excludes(a, b), implies(a, b)
				if !apart && !within {
					continue
				}
				counts["pairs"]++
				for k, ev := range events {
					if f, _ := fieldOf(a); apart && table[i][k] && table[n][k] {
						t.Fatalf("%v and %v both hold: %+v", a, b, ev.Values(f))
					} else if within && table[i][k] && !table[n][k] {
						t.Fatalf("%v holds and %v does not: %+v", a, b, ev.Values(f))
					} else if table[i][k] || table[n][k] {
						counts["decided"]++
					}
				}
			}
		}
	}
	if counts["known"] < 1000 || counts["pairs"] < 500 || counts["decided"] < 1000 {
		t.Errorf("too little was said to show anything: %v", counts)
	}
}

func TestWhatIsSaidOfConditionsHoldsOnEveryEvent(t *testing.T) {
	g := judged{rand.New(rand.NewPCG(3, 5))}
	var events []*schemas.Event
	for range 400 {
		events = append(events, g.event())
	}
	known := newFacts()
	nevers, alwayses, parts := 0, 0, 0
	for range 60 {
		var conditions []matcher.Expr
		for range 30 {
			var leaves []matcher.Expr
			for range 5 {
				leaves = append(leaves, g.leaf())
			}
			conditions = append(conditions, g.condition(4, leaves))
		}
		table := truthTable(t, conditions, events)
		for i, c := range conditions {
			j := newJudge(known, newPlaces("f.yml"), "r", words{}, c, schemas.AllActions)
			may, _ := j.possible([]claim{{j.root, true}})
			mayNot, _ := j.possible([]claim{{j.root, false}})
			if !may {
				nevers++
			}
			if !mayNot {
				alwayses++
			}
			for k, ev := range events {
				if f := table[i][k]; f && !may || !f && !mayNot {
					t.Fatalf("%v holds %v: judged that it may %v, may not %v\n%v", c, f, may, mayNot, ev.Action)
				}
			}
			j.condition()
			j.patterns()
			parts += len(j.found)
		}
	}
	if nevers < 50 || alwayses < 50 || parts < 500 {
		t.Errorf("%d never, %d always, %d findings: too few to show anything", nevers, alwayses, parts)
	}
}
