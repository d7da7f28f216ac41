package schemas

import (
	"encoding/json"
	"strings"
	"testing"
)

// padded fills what of a record is marked by PAD, so that it has size bytes.
func padded(t *testing.T, record, with string, size int) []byte {
	t.Helper()
	n := size - len(record) + len("PAD")
	if n < 0 || !strings.Contains(record, "PAD") {
		t.Fatalf("%q has no room for %d bytes", record, size)
	}
	return []byte(strings.Replace(record, "PAD", strings.Repeat(with, n), 1))
}

// Records as large as the limit are read, whatever they are.
func TestRecordsUpToTheLimitAreRead(t *testing.T) {
	const (
		members = `"EventID":13,"Channel":"Microsoft-Windows-Sysmon/Operational","TargetObject":"HKLM\\Software\\A\\b","Image":"C:\\a.exe"`
		xml     = `<Event><System><EventID>13</EventID></System><EventData><Data Name='x'>PAD</Data><Data Name='TargetObject'>HKLM\Software\A\b</Data></EventData></Event>`
		longXML = `<Event><System><EventID>13</EventID></System><EventData><Data Name='TargetObject'>HKLM\Software\A\b</Data><Data Name='Details'>PAD</Data></EventData></Event>`
	)
	inText, err := json.Marshal(xml)
	if err != nil {
		t.Fatal(err)
	}
	limits := DefaultLimits()
	if limits.ValueBytes != 16<<20 {
		t.Fatalf("the limit is %d bytes", limits.ValueBytes)
	}
	d := NewDecoder()
	for name, c := range map[string]struct {
		record string
		cut    bool
	}{
		"JSON, padding first":  {`{"pad":"PAD",` + members + `}`, false},
		"JSON, padding last":   {`{` + members + `,"pad":["PAD"]}`, false},
		"JSON, white space":    {`{` + members + `}` + "PAD", false},
		"JSON, long data":      {`{` + members + `,"Details":"PAD"}`, true},
		"XML":                  {xml, false},
		"XML, long data":       {longXML, true},
		"XML in a text":        {`{"message":` + string(inText) + `}`, false},
		"XML in a text in HEC": {`{"sourcetype":"x","event":{"message":` + string(inText) + `}}`, false},
		"JSON in records":      {`{"records":[{"pad":"PAD"},{` + members + `}]}`, false},
		"JSON in an array":     {`["PAD",{` + members + `}]`, false},
	} {
		t.Run(name, func(t *testing.T) {
			with := "p"
			if strings.HasSuffix(c.record, "PAD") {
				with = "\n"
			}
			value := padded(t, c.record, with, limits.ValueBytes)
			d.Reset(value)
			var found *Event
			for {
				ev, out := d.Next()
				if out.Kind == End {
					break
				}
				if out.Kind == Dead {
					t.Fatalf("%+v", out)
				}
				if ev != nil {
					found = ev.Clone()
				}
			}
			if found == nil || found.DisplayPath() != `HKLM\Software\A\b` {
				t.Fatalf("read %v", found)
			}
			if text, _ := found.First(RegistryDataStrings); found.Truncated() != c.cut || c.cut && text != strings.Repeat("p", limits.FieldBytes) {
				t.Errorf("truncated %v, data of %d bytes", found.Truncated(), len(text))
			}
			d.Reset(append(value, ' '))
			ev, out := d.Next()
			if ev != nil || out.Reason != DeadLimit || out.Detail != "the value has more than 16777216 bytes" {
				t.Errorf("a byte more: %v %+v", ev, out)
			}
			if _, out := d.Next(); out.Kind != End {
				t.Errorf("then %+v", out)
			}
		})
	}
}

// What one large record needed is given back with the next.
func TestMemoryOfALargeRecordIsGivenBack(t *testing.T) {
	limits := Limits{ArenaRetains: 1 << 12, FieldBytes: 1 << 20}
	d := limits.NewDecoder()
	long := strings.Repeat(`\u0041`, 1<<14)
	for _, value := range []string{
		`{"EventID":13,"TargetObject":"HKLM\\a","Details":"` + long + `"}`,
		`{"EventID":13,"TargetObject":"HKLM\\a","` + long + `":1}`,
		`{"EventID":13,"TargetObject":"HKLM\\a","Channel":"` + strings.Repeat(`\u0020`, 1<<14) + `"}`,
		`{"message":"{\"EventID\":13,\"TargetObject\":\"HKLM\\\\a\",\"Details\":\"` + long + `\"}"}`,
	} {
		d.Reset([]byte(value))
		if ev, out := d.Next(); ev == nil || ev.Truncated() {
			t.Fatalf("%.60s: %v %+v", value, ev, out)
		}
		if cap(d.arena) <= limits.ArenaRetains && cap(d.rec.key) <= limits.ArenaRetains {
			t.Errorf("%.60s needed no memory", value)
		}
		d.Reset([]byte("{}"))
		if cap(d.arena) > limits.ArenaRetains || cap(d.rec.key) > limits.ArenaRetains {
			t.Errorf("%.60s: kept %d and %d bytes", value, cap(d.arena), cap(d.rec.key))
		}
		for _, text := range d.texts {
			if cap(text) > limits.ArenaRetains {
				t.Errorf("%.60s: kept a text of %d bytes", value, cap(text))
			}
		}
	}
}

// Nor does a line of JSON that is damaged, be it XML that is behind.
func TestRecordsBehindADamagedLineAreRead(t *testing.T) {
	d := NewDecoder()
	for _, good := range []string{wrappedDocuments[1].text, wrappedDocuments[3].text, wrappedDocuments[0].text} {
		for _, bad := range []string{"{", `{"a":"`, `{"a":"x}`, `{"EventID":1,"a":`, "[x", `{"a":1}}`, "{x\ny"} {
			d.Reset([]byte(bad + "\n" + good + "\n"))
			found := false
			for {
				ev, out := d.Next()
				if out.Kind == End {
					break
				}
				found = found || ev != nil && ev.DisplayPath() == `HKLM\Software\A\b`
			}
			if !found {
				t.Errorf("lost behind %q: %q", bad, good)
			}
		}
	}
}

// An event that is cut off swallows no other behind it.
func TestEventsBehindOneThatIsCutOffAreRead(t *testing.T) {
	const good = `<Event><System><EventID>13</EventID></System><EventData><Data Name='TargetObject'>HKLM\Software\A\b</Data></EventData></Event>`
	d := NewDecoder()
	for at := 1; at < len(good); at++ {
		for _, between := range []string{"", "\n", "</Event>"} {
			value := good[:at] + between + good + "\n" + good
			d.Reset([]byte(value))
			n := 0
			for {
				ev, out := d.Next()
				if out.Kind == End {
					break
				}
				if ev != nil && ev.DisplayPath() == `HKLM\Software\A\b` {
					n++
				}
			}
			if begun := at >= len("<Event>"); n < 2 && begun {
				t.Errorf("%d events of two behind %q", n, good[:at]+between)
			}
		}
	}
}
