package schemas_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/regtrap/regtrap/schemas"
)

// What tells a record, and what is read of it beside its texts, may be escaped
// like any text: .NET's encoder writes a plus as \u002B.
func TestEscapesHideNothing(t *testing.T) {
	const json = `{"EventID":13,"Channel":"Microsoft-Windows-Sysmon/Operational","SystemTime":"2026-03-04T11:11:12.5+01:00","TargetObject":"HKLM\\Software\\A\\b","Details":"x"}`
	const xml = `<Event><System><EventID>13</EventID><Channel>Microsoft-Windows-Sysmon/Operational</Channel><TimeCreated SystemTime='2026-03-04T11:11:12.5+01:00'/></System>` +
		`<EventData><Data Name='TargetObject'>HKLM\Software\A\b</Data></EventData></Event>`
	for name, value := range map[string]string{
		"JSON":                        json,
		"a plus":                      strings.Replace(json, "+01", `\u002B01`, 1),
		"a colon":                     strings.Replace(json, ":11:12", `\u003a11:12`, 1),
		"an id":                       strings.Replace(json, "13", `"1\u0033"`, 1),
		"an id with space":            strings.Replace(json, "13", `"\t13\n"`, 1),
		"a channel":                   strings.Replace(json, "Sysmon/", `\u0053ysmon\/`, 1),
		"XML":                         xml,
		"a plus in XML":               strings.Replace(xml, "+01", `&#x2B;01`, 1),
		"a plus in XML, with zeros":   strings.Replace(xml, "+01", `&#x00000000000000002b;01`, 1),
		"an id in XML":                strings.Replace(xml, ">13", `>&#49;3`, 1),
		"an id behind a comment":      strings.Replace(xml, ">13", `><!-- Sysmon --> 13`, 1),
		"an id in a section":          strings.Replace(xml, ">13", `><![CDATA[13]]>`, 1),
		"a channel in XML":            strings.Replace(xml, "Sysmon/", `&#83;ysmon/`, 1),
		"a channel in a section":      strings.Replace(xml, ">Microsoft-Windows-Sysmon/", `><![CDATA[Microsoft-Windows-Sysmon]]>/`, 1),
		"a channel behind a comment":  strings.Replace(xml, ">Micro", `><!-- x -->Micro`, 1),
		"a channel of one in another": strings.Replace(xml, "Sysmon/", `Sysmon<?x ?>/`, 1),
	} {
		d := schemas.NewDecoder()
		d.Reset([]byte(value))
		ev, out := d.Next()
		if ev == nil {
			t.Errorf("%s: lost: %+v", name, out)
			continue
		}
		if at, source := ev.Time(); strings.TrimPrefix(source, "@") != "SystemTime" || !at.Equal(time.Date(2026, 3, 4, 10, 11, 12, 5e8, time.UTC)) {
			t.Errorf("%s: time %v from %q", name, at, source)
		}
	}
}

func TestEventsWithinOtherXMLAreRead(t *testing.T) {
	const event = `<Event><System><EventID>13</EventID></System><EventData><Data Name='TargetObject'>HKLM\Software\A\b</Data></EventData></Event>`
	const path = `HKLM\Software\A\b`
	for value, want := range map[string][]string{
		"<Events>" + event + "\n" + event + "</Events>":                           {"0 " + path, "1 " + path},
		"<e:Events xmlns:e='x'>" + event + "</e:Events>\n":                        {"0 " + path},
		"<?xml version='1.0'?>\n<QueryResult>" + event + event + "</QueryResult>": {"unknown_shape", "1 " + path, "2 " + path},
		"<a><b>\n" + event + "</b></a>" + event:                                   {"unknown_shape", "1 " + path, "2 " + path},
		"<!-- x -->" + event + "<!-- y -->":                                       {"0 " + path},
		event + "<?x y?>\n" + minimalRecord:                                       {"0 " + path, "1 " + path},
	} {
		if diff := cmp.Diff(want, outcomes(schemas.NewDecoder(), value)); diff != "" {
			t.Errorf("%s (-want +read)\n%s", value, diff)
		}
	}
}
