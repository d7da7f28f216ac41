package schemas_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regtrap/regtrap/schemas"
)

// minimalRecord is a registry event of one line.
const minimalRecord = `{"EventId":13,"EventType":"SetValue","TargetObject":"HKLM\\Software\\A\\b","Details":"x","Image":"C:\\a.exe"}`

// outcomes reads one value and names each step: the path of an event, the
// reason of anything else.
func outcomes(d *schemas.Decoder, value string) []string {
	var got []string
	d.Reset([]byte(value))
	for {
		ev, out := d.Next()
		switch out.Kind {
		case schemas.End:
			return got
		case schemas.Registry:
			got = append(got, fmt.Sprintf("%d %s", ev.Index, ev.DisplayPath()))
		default:
			got = append(got, string(out.Reason))
		}
	}
}

func TestEveryRecordOfAValueIsReadOrNamed(t *testing.T) {
	const m, path = minimalRecord, `HKLM\Software\A\b`
	for name, c := range map[string]struct {
		value string
		want  []string
	}{
		"null":                  {"", []string{"empty"}},
		"white space":           {" \r\n\t", []string{"empty"}},
		"byte order mark":       {"\xef\xbb\xbf" + m + "\n", []string{"0 " + path}},
		"lines":                 {m + "\r\n\n" + m + "\n", []string{"0 " + path, "1 " + path}},
		"one after the other":   {m + m, []string{"0 " + path, "1 " + path}},
		"array":                 {"[" + m + ", 7, {}," + m + "]", []string{"0 " + path, "unknown_shape", "unknown_shape", "3 " + path}},
		"empty array":           {"[]", nil},
		"records":               {`{"records":[` + m + `,` + m + `]}`, []string{"0 " + path, "1 " + path}},
		"text":                  {"Mar  3 ws-041 {}", []string{"not_document"}},
		"a number":              {"13", []string{"not_document"}},
		"syslog":                {"<134>Mar  3 10:11:12 fw-1 kernel: drop", []string{"not_document"}},
		"xml of another kind":   {"<html><p/></html>\n", []string{"unknown_shape"}},
		"alert":                 {`{"event.kind":"alert",` + m[1:], []string{"alert"}},
		"another channel":       {`{"Channel":"Application",` + m[1:], []string{"not_registry"}},
		"unknown":               {`{"a":1}`, []string{"unknown_shape"}},
		"missing path":          {`{"EventID":13,"Channel":"Microsoft-Windows-Sysmon/Operational"}`, []string{"missing_path"}},
		"malformed, then good":  {`{"a":"` + "\n" + m, []string{"malformed_json", "1 " + path}},
		"open array":            {"[" + m, []string{"0 " + path, "malformed_json"}},
		"broken element":        {"[\n" + m + ",\n{bad},\n" + m + "\n]", []string{"0 " + path, "malformed_json", "2 " + path}},
		"rubbish behind":        {m + "}", []string{"0 " + path, "malformed_json"}},
		"deep":                  {strings.Repeat("[", 500), []string{"limit"}},
		"id with fraction":      {strings.Replace(m, "13", `"13.0"`, 1), []string{"0 " + path}},
		"id with space":         {strings.Replace(m, "13", `" 13 "`, 1), []string{"0 " + path}},
		"id that is another's":  {strings.Replace(m, "13", `13.5`, 1), []string{"not_registry"}},
		"null id":               {`{"EventID":null,"winlog":{"channel":"Microsoft-Windows-Sysmon/Operational","event_data":` + m + `}}`, []string{"0 " + path}},
		"duplicate, last is it": {`{"TargetObject":"HKLM\\x",` + m[1:], []string{"0 " + path}},
		"null does not erase":   {m[:len(m)-1] + `,"TargetObject":null}`, []string{"0 " + path}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, outcomes(schemas.NewDecoder(), c.value)); diff != "" {
				t.Errorf("%q (-want +read)\n%s", c.value, diff)
			}
		})
	}
}

func TestLimitsEndInADeadLetterOrACut(t *testing.T) {
	if got := outcomes(schemas.Limits{Events: 2}.NewDecoder(), "{}{}{}{}"); !cmp.Equal(got, []string{"unknown_shape", "unknown_shape", "limit"}) {
		t.Errorf("more events than allowed: %q", got)
	}
	if got := outcomes(schemas.Limits{Events: 2}.NewDecoder(), "{}{} "); len(got) != 2 {
		t.Errorf("as many events as allowed: %q", got)
	}
	if got := outcomes(schemas.Limits{ValueBytes: 10}.NewDecoder(), minimalRecord); !cmp.Equal(got, []string{"limit"}) {
		t.Errorf("a value too large: %q", got)
	}
	d := schemas.Limits{FieldBytes: 40}.NewDecoder()
	d.Reset([]byte(strings.Replace(minimalRecord, `"x"`, `"`+strings.Repeat(`\\ä`, 40)+`"`, 1)))
	ev, _ := d.Next()
	if v, _ := ev.First(schemas.RegistryDataStrings); !ev.Truncated() || v != strings.Repeat(`\ä`, 10) {
		t.Errorf("a long text: truncated %v, %q", ev.Truncated(), v)
	}
}

func TestDeadLetterSaysWhereAndWhat(t *testing.T) {
	d := schemas.NewDecoder()
	d.Reset([]byte(`{"a" 1}`))
	_, out := d.Next()
	if want := `offset 5: found '1' where ':' should be`; out.Detail != want {
		t.Errorf("detail %q, want %q", out.Detail, want)
	}
}

func TestBadTextIsKept(t *testing.T) {
	for raw, want := range map[string]string{
		"a\x00\x01b": "a\x00\x01b", `a\u0000`: "a\x00", "a\xff\xfeb": "a\ufffd\ufffdb",
		`\ud83d\ude00`: "😀", `\ud83dx`: "\ufffdx", `\ude00\ud83d`: "\ufffd\ufffd", `%%a%%%`: "%a%%",
	} {
		d := schemas.NewDecoder()
		d.Reset([]byte(strings.Replace(minimalRecord, `"x"`, `"`+raw+`"`, 1)))
		ev, out := d.Next()
		if ev == nil {
			t.Errorf("%q: lost: %+v", raw, out)
		} else if v, _ := ev.First(schemas.RegistryDataStrings); v != want {
			t.Errorf("%q: read %q, want %q", raw, v, want)
		}
	}
}

func TestDataLostToAnXMLErrorIsReadFromTheOriginal(t *testing.T) {
	const record = `{"error":{"message":"XML syntax error on line 1: invalid UTF-8"},"winlog":{"channel":"Microsoft-Windows-Sysmon/Operational","event_id":13,` +
		`"event_data":{"EventType":"SetValue","TargetObject":"HKLM\\Software\\A\\b"}},"event":{"original":"<Event xmlns='x'><EventData><Data Name='EventType'>SetValue</Data><Data Name=\"Details\">a&amp;` + "\x02\xff" + `</Data></EventData></Event>"}}`
	d := schemas.NewDecoder()
	d.Reset([]byte(record))
	ev, out := d.Next()
	if ev == nil {
		t.Fatalf("lost: %+v", out)
	}
	if v, _ := ev.First(schemas.RegistryDataStrings); v != "a&\x02\ufffd" {
		t.Errorf("read %q", v)
	}
}

func TestBuiltEventHasTheDecodersDerivations(t *testing.T) {
	ev := schemas.BuildEvent(map[schemas.Field][]string{
		schemas.RegistryPath:        {`HKCU\Software\A\b`},
		schemas.RegistryDataStrings: {"DWORD (0x00000004)"},
		schemas.ProcessName:         {"wmiprvse.exe"},
		schemas.UserFull:            {`NT-AUTORITÄT\SYSTEM`},
	}, schemas.ValueSet)
	for f, want := range map[schemas.Field]string{
		schemas.UserID: "S-1-5-18", schemas.UserDomain: "NT AUTHORITY", schemas.RegistryDataStrings: "4", schemas.RegistryHive: "HKEY_USERS",
		schemas.ProcessExecutable: `\wmiprvse.exe`, schemas.SysmonEventID: "13", schemas.RegistryPath: `HKEY_USERS\S-1-5-18\Software\A\b`,
	} {
		found := false
		for _, v := range ev.Values(f) {
			found = found || v.Text == want
		}
		if !found {
			t.Errorf("%v: %+v lacks %q", f, ev.Values(f), want)
		}
	}
}

func TestEveryFieldHasANameThatFindsIt(t *testing.T) {
	for f := range schemas.Field(schemas.NumFields) {
		if f.String() == "" {
			t.Errorf("field %d has no name", f)
		}
		if n := f.ECS(); n != "" {
			if g, ok := schemas.FieldByECS(n); !ok || g != f {
				t.Errorf("%s finds %v", n, g)
			}
		}
		if n := f.Sigma(); n != "" {
			if g, ok := schemas.FieldBySigma(n); !ok || g != f {
				t.Errorf("%s finds %v", n, g)
			}
		}
	}
}

func ExampleDecoder() {
	d := schemas.NewDecoder()
	d.Reset([]byte(minimalRecord))
	for {
		ev, out := d.Next()
		if out.Kind == schemas.End {
			break
		}
		if ev != nil {
			fmt.Println(ev.Shape, ev.Action, ev.DisplayPath())
		}
	}
	// Output: sysmon_minimal value set HKLM\Software\A\b
}

func ExampleBuildEvent() {
	ev := schemas.BuildEvent(map[schemas.Field][]string{
		schemas.RegistryPath: {`HKLM\Software\A\b`}, schemas.RegistryDataStrings: {"DWORD (0x00000004)"},
	}, schemas.ValueSet)
	for _, v := range ev.Values(schemas.RegistryDataStrings) {
		fmt.Println(v.Text)
	}
	// Output:
	// DWORD (0x00000004)
	// 0x00000004
	// 4
}
