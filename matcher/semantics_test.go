package matcher

import (
	"fmt"
	"strings"
	"testing"

	"github.com/regtrap/regtrap/registry"
	"github.com/regtrap/regtrap/schemas"
)

// value is an element's text without more to say of it.
func value(text string) schemas.Value {
	return schemas.Value{Text: text, Folded: registry.Fold(text)}
}

// data are the values that the decoder makes of value data.
func data(kind string) record {
	v := value(kind)
	switch kind {
	case "null":
		return record{}
	case "number":
		hex, decimal := value("DWORD (0x00000004)"), value("4")
		hex.Numeric, hex.Number = true, 4
		decimal.Numeric, decimal.Number, decimal.Whole, decimal.Spelling = true, 4, true, registry.Derived
		return record{schemas.RegistryDataStrings: {hex, decimal}}
	case "huge":
		v.Numeric, v.Number = true, 1<<64-1
	case "opaque":
		v = value("Binary Data")
		v.Opaque = true
	case "empty":
		v = value("(Empty)")
		v.Whole = true
		none := value("")
		none.Spelling = registry.Derived
		return record{schemas.RegistryDataStrings: {v, none}}
	case "two":
		v = value("first")
		second := value("SECOND\nline")
		second.Element = 1
		return record{schemas.RegistryDataStrings: {v, second}}
	}
	return record{schemas.RegistryDataStrings: {v}}
}

func TestValueSemantics(t *testing.T) {
	tests := []struct {
		data  string
		holds string
		fails string
	}{
		{"null", `not $ : "a"|not $ : "*"|not $ exists|not $ > 0|not length($) == 0|not $ matches ""`,
			`$ : "a"|$ : "*"|$ : ""|$ exists|$ < 5|length($) < 1|$ matches ""`},
		{"number", `$ : "4"|$ : "dword (0x00000004)"|$ like "DWORD (0x00000004)"|$ : "*x0*4)"|$ == 4|$ >= 4|$ > -1|length($) == 18|$ matches "^DWORD"`,
			`$ : "4*"|$ : "*4"|$ : "?"|$ like "dword (0x00000004)"|$ > 4|$ < -1|length($) == 1|$ matches "^4"`},
		{"huge", `$ > 9223372036854775807|$ > -1`, `$ < 0|$ == -1|$ <= 9223372036854775807`},
		{"opaque", `$ exists|$ : "binary data"|length($) > 0|length($) >= 1|length($) >= -3`,
			`$ : "*"|$ : "binary*"|$ : "Binary?Data"|$ like "binary data"|$ matches "B"|length($) > 1|length($) == 11|length($) < 100|length($) <= 100|$ == 0`},
		{"empty", `$ exists|$ : "(empty)"|$ : ""|$ : "*"|length($) == 0`, `$ : "?*"|length($) == 7|$ : "(*"|length($) > 0`},
		{"two", `$ : "first"|$ : "second?line"|$ : "second*"|length($) == 5|length($) == 11|$ like "SECOND*"`,
			`$ : "first*line"|length($) == 16|$ like "second*"`},
		{"50%", `$ : "50%%"|$ : "50%"|$ : "*%%"`, `$ : "50"`},
	}
	for _, tt := range tests {
		ev := data(tt.data)
		for truth, conditions := range map[bool]string{true: tt.holds, false: tt.fails} {
			for c := range strings.SplitSeq(conditions, "|") {
				c = strings.ReplaceAll(c, "$", "registry.data.strings")
				set, err := Compile([]Rule{{mustParse(t, c), schemas.AllActions}})
				if err != nil {
					t.Fatal(err)
				}
				if got := len(set.NewMatcher().match(nil, schemas.ValueSet, ev)) == 1; got != truth {
					t.Errorf("%s on %s data: %v", c, tt.data, got)
				}
			}
		}
	}
}

func TestAPathPatternMatchesEverySourcesSpelling(t *testing.T) {
	const sid = "S-1-5-21-1-2-3-1001"
	run := `\Software\Microsoft\Windows\CurrentVersion\Run\updater`
	tests := []struct {
		pattern, path string
		want          bool
	}{
		{`HKEY_USERS\*\software\microsoft\windows\currentversion\run\*`, `HKU\` + sid + run, true},
		{`HKU\*\run\*`, `\REGISTRY\USER\` + sid + run, true},
		{`HKCU\Software\*\Run\*`, `HKU\` + sid + run, true},
		{`HKEY_CURRENT_USER\*\Run\*`, `HKEY_USERS\` + sid + run, true},
		{`\REGISTRY\MACHINE\SOFTWARE\Microsoft\Windows\CurrentVersion\Run\*`, `HKLM` + run, true},
		{`HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\*\ImagePath`, `HKLM\System\ControlSet002\Services\x\ImagePath`, true},
		{`HKLM\SYSTEM\*ControlSet*\Services\*\ImagePath`, `\REGISTRY\MACHINE\SYSTEM\ControlSet001\Services\x\ImagePath`, true},
		{`HKLM\Software\*`, `HKU\` + sid + run, false},
		{`HKCU\Software\*\Run\*`, `HKLM` + run, false},
	}
	for _, tt := range tests {
		ev := schemas.BuildEvent(map[schemas.Field][]string{schemas.RegistryPath: {tt.path}}, schemas.ValueSet)
		set, err := Compile([]Rule{{Match{Field: schemas.RegistryPath, Pattern: parsePattern(t, tt.pattern)}, schemas.AllActions}})
		if err != nil {
			t.Fatal(err)
		}
		m := set.NewMatcher()
		if got := len(m.Match(nil, ev)) == 1; got != tt.want {
			t.Errorf("%s matches %s = %v", tt.pattern, tt.path, got)
		}
		if got := m.Explain(ev, 0).Holds; got != tt.want {
			t.Errorf("explain: %s matches %s = %v", tt.pattern, tt.path, got)
		}
	}
}

func TestRulesOfOtherActionsDoNotMatch(t *testing.T) {
	ev := schemas.BuildEvent(map[schemas.Field][]string{schemas.RegistryPath: {`HKLM\Software\a`}}, schemas.KeyCreated)
	path := mustParse(t, `registry.path : "*\a"`)
	set, err := Compile([]Rule{
		{path, schemas.ActionSet(schemas.ValueSet)},
		{path, schemas.ActionSet(schemas.KeyCreated)},
		{Bool(true), schemas.ActionSet(schemas.ValueSet)},
		{Bool(true), schemas.ActionSet(schemas.KeyCreated, schemas.ValueSet)},
		{path, 0},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(set.NewMatcher().Match(nil, ev)); got != "[1 3]" {
		t.Errorf("rules %s", got)
	}
}

func TestCompileSaysWhatIsWrong(t *testing.T) {
	deep := Expr(Bool(true))
	for range maxDepth {
		deep = Not{deep}
	}
	tests := []struct {
		x    Expr
		want string
	}{
		{nil, "rule 1: condition is nil"},
		{And{Bool(true), nil}, "rule 1: condition is nil"},
		{deep, "nested more than 256 deep"},
		{Exists{Field: schemas.Field(schemas.NumFields)}, fmt.Sprintf("field %d: there are %[1]d", schemas.NumFields)},
		{Regexp{Field: schemas.FilePath}, "regular expression on file.path is nil"},
		{Compare{Field: schemas.FilePath, Op: 9}, "CompareOp(9) 0: want one of < <= == >= >"},
		{Match{Field: schemas.FilePath, Pattern: literal("a\xff")}, `literal "a\xff" is not UTF-8`},
		{Match{Field: schemas.FilePath, Pattern: NewPattern(Token{Kind: 7})}, "kind 7: want Literal, Star or AnyChar"},
	}
	for _, tt := range tests {
		if _, err := Compile([]Rule{{Condition: Bool(true)}, {Condition: tt.x}}); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%v: error %v, want %s", tt.x, err, tt.want)
		}
	}
}
