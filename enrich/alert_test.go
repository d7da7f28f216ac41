package enrich_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/regtrap/regtrap/enrich"
	"github.com/regtrap/regtrap/rules"
	"github.com/regtrap/regtrap/schemas"
)

var update = flag.Bool("update", false, "rewrite the examples of alerts")

var (
	kafkaTime = time.Date(2026, 3, 4, 10, 11, 13, 0, time.UTC)
	madeAt    = time.Date(2026, 3, 4, 10, 11, 13, 42e6, time.UTC)
)

func source(value string) enrich.Source {
	return enrich.Source{Topic: "windows-events", Partition: 3, Offset: 1042, Time: kafkaTime, Value: []byte(value)}
}

// userRules are rules of a user: keys created and renamed.
const userRules = `title: A service key is created
id: 7d0b4f5e-3f35-4c43-8a7e-0a3b6f1c2d01
status: test
description: Somebody creates a service.
author: Ana Example, Ben Example
logsource: {product: windows, category: registry_add}
detection:
  selection:
    TargetObject|contains: '\Services\'
  condition: selection
level: low
---
title: An autostart key is renamed
id: 7d0b4f5e-3f35-4c43-8a7e-0a3b6f1c2d02
status: test
description: Somebody renames a key into place.
logsource: {product: windows, category: registry_rename}
detection:
  selection:
    NewName|endswith: '\CurrentVersion\Run'
  condition: selection
level: medium
tags: [attack.persistence, attack.t1547.001]
---
title: Any value is set by a script host
id: 7d0b4f5e-3f35-4c43-8a7e-0a3b6f1c2d03
status: test
description: A script host writes.
logsource: {product: windows, category: registry_set}
detection:
  selection:
    Image|endswith: '\wscript.exe'
  condition: selection
level: informational
`

func load(t testing.TB) *rules.Snapshot {
	t.Helper()
	file := filepath.Join(t.TempDir(), "user.yml")
	if err := os.WriteFile(file, []byte(userRules), 0o644); err != nil {
		t.Fatal(err)
	}
	s, problems, err := rules.Load(rules.Config{Pack: true, Paths: []string{file}})
	if err != nil || len(problems) > 0 {
		t.Fatal(err, problems)
	}
	return s
}

// alerts takes a value the way that the pipeline does.
func alerts(t testing.TB, s *rules.Snapshot, src enrich.Source, opt enrich.Options) []*schemas.Alert {
	t.Helper()
	d := schemas.NewDecoder()
	d.OverwriteEvents()
	m := s.Set.NewMatcher()
	var list []*schemas.Alert
	d.Reset(src.Value)
	for {
		ev, out := d.Next()
		switch out.Kind {
		case schemas.End:
			return list
		case schemas.Registry:
			for _, hit := range s.Fold(nil, m.Match(nil, ev)) {
				list = append(list, enrich.Alert(ev, hit, m.Explain(ev, hit.Index), &src, s.Hash, madeAt, &opt))
			}
		}
	}
}

func sysmon(id, eventType, image, path, details string) string {
	return `{"@timestamp":"2026-03-04T11:11:12.345Z","host":{"name":"collector-1"},"winlog":{"channel":"Microsoft-Windows-Sysmon/Operational","provider_name":"Microsoft-Windows-Sysmon","event_id":` + id + `,"record_id":255953,"computer_name":"ws-041.corp.example","user":{"identifier":"S-1-5-18","name":"SYSTEM"},"event_data":{"RuleName":"-","EventType":"` + eventType + `","UtcTime":"2026-03-04 10:11:12.300","ProcessGuid":"{a158f72c-0ad0-5db5-0000-00100fc90900}","ProcessId":"5580","Image":"` + image + `","TargetObject":"` + path + `"` + details + `,"User":"CORP\\ana"}},"event":{"code":"` + id + `","provider":"Microsoft-Windows-Sysmon","kind":"event"},"message":"Registry value set:\nRuleName: -"}`
}

const wmi = `C:\\Windows\\system32\\wbem\\wmiprvse.exe`

// examples are one record each, for the rules and the kinds of data and path.
func examples() map[string]string {
	return map[string]string{
		"run-key-elastic-defend":       `{"@timestamp":"2026-03-04T10:11:12.345Z","event":{"kind":"event","module":"endpoint","dataset":"endpoint.events.registry","category":["registry"],"type":["change"],"action":"modification","id":"abc"},"host":{"id":"7f0c","name":"ws-041","os":{"type":"windows"}},"user":{"id":"S-1-5-21-1-2-3-1001","name":"ana","domain":"CORP"},"process":{"pid":5580,"name":"WmiPrvSE.exe","executable":"C:\\Windows\\System32\\wbem\\WmiPrvSE.exe","entity_id":"Nzc=","code_signature":{"exists":true,"trusted":true,"status":"trusted","subject_name":"Microsoft Windows"}},"Effective_process":{"executable":"C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe","name":"powershell.exe","pid":900,"entity_id":"OTAw"},"registry":{"hive":"HKEY_USERS","key":"S-1-5-21-1-2-3-1001\\Software\\Microsoft\\Windows\\CurrentVersion\\Run","value":"updater","path":"HKEY_USERS\\S-1-5-21-1-2-3-1001\\Software\\Microsoft\\Windows\\CurrentVersion\\Run\\updater","data":{"type":"REG_SZ","strings":["C:\\Users\\ana\\AppData\\Local\\Temp\\u.exe"]}}}`,
		"service-imagepath-winlogbeat": sysmon("13", "SetValue", wmi, `HKLM\\System\\CurrentControlSet\\Services\\Updater\\ImagePath`, `,"Details":"%%SystemRoot%%\\Temp\\u.exe"`),
		"service-dll-numbered-set":     sysmon("13", "SetValue", wmi, `\\REGISTRY\\MACHINE\\SYSTEM\\ControlSet002\\Services\\Updater\\Parameters\\ServiceDLL`, `,"Details":"C:\\ProgramData\\s.dll"`),
		"winlogon-shell-nxlog":         `{"EventTime":"2026-03-04 05:11:12","Hostname":"ws-041.corp.example","Keywords":-9223372036854775808,"EventType":"INFO","EventID":13,"SourceName":"Microsoft-Windows-Sysmon","ProcessID":2804,"Channel":"Microsoft-Windows-Sysmon/Operational","UserID":"S-1-5-18","Message":"Registry value set:\r\nRuleName: \r\nEventType: SetValue","UtcTime":"2026-03-04 10:11:12.300","Image":"C:\\Windows\\system32\\wbem\\wmiprvse.exe","ProcessId":5580,"TargetObject":"HKU\\S-1-5-21-1-2-3-1001\\Software\\Microsoft\\Windows NT\\CurrentVersion\\Winlogon\\Shell","Details":"explorer.exe, C:\\ProgramData\\s.exe","SourceModuleType":"im_msvistalog"}`,
		"run-key-security-4657":        `{"@timestamp":"2026-03-04T10:11:12.345Z","winlog":{"channel":"Security","provider_name":"Microsoft-Windows-Security-Auditing","event_id":"4657","computer_name":"ws-041.corp.example","event_data":{"SubjectUserSid":"S-1-5-21-1-2-3-1001","SubjectUserName":"ana","SubjectDomainName":"CORP","ObjectName":"\\REGISTRY\\MACHINE\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Run","ObjectValueName":"updater","OperationType":"%%1904","OldValueType":"-","OldValue":"-","NewValueType":"%%1873","NewValue":"C:\\Temp\\u.exe","ProcessId":"0x15cc","ProcessName":"C:\\Windows\\System32\\wbem\\WmiPrvSE.exe"}},"event":{"code":"4657"}}`,
		"unnamed-value":                sysmon("13", "SetValue", wmi, `HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\RunOnce\\(Default)`, `,"Details":"C:\\Temp\\u.exe"`),
		"integer-data":                 sysmon("13", "SetValue", wmi, `HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Run\\n`, `,"Details":"DWORD (0x00000004)"`),
		"opaque-data":                  sysmon("13", "SetValue", wmi, `HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Run\\b`, `,"Details":"Binary Data"`),
		"empty-data":                   sysmon("13", "SetValue", wmi, `HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Run\\e`, `,"Details":"(Empty)"`),
		"key-created":                  sysmon("12", "CreateKey", `C:\\Windows\\System32\\sc.exe`, `HKLM\\System\\CurrentControlSet\\Services\\Updater`, ``),
		"key-renamed":                  sysmon("14", "RenameKey", `C:\\Windows\\regedit.exe`, `HKU\\S-1-5-21-1-2-3-1001\\Software\\Microsoft\\Windows\\CurrentVersion\\Rum`, `,"NewName":"HKU\\S-1-5-21-1-2-3-1001\\Software\\Microsoft\\Windows\\CurrentVersion\\Run"`),
		"minimal":                      `{"EventId":13,"Image":"C:\\Windows\\System32\\wbem\\WmiPrvSE.exe","TargetObject":"HKLM\\Software\\Microsoft\\Windows\\CurrentVersion\\Run\\updater","Details":"C:\\Temp\\u.exe"}`,
	}
}

func TestExamplesAreCurrent(t *testing.T) {
	s := load(t)
	opt := enrich.Options{Version: "1.2.3", Labels: map[string]string{"tenant": "acme", "site": "vie"}}
	for name, record := range examples() {
		list := alerts(t, s, source(record), opt)
		if len(list) != 1 {
			t.Errorf("%s: %d alerts, want 1", name, len(list))
			continue
		}
		a := list[0]
		a.Regtrap.RulesVersion = "0123456789abcdef" // changes with every word of the pack
		line, err := a.AppendJSON(nil)
		if err != nil {
			t.Fatal(err)
		}
		valid(t, name, line)
		var b bytes.Buffer
		if err := json.Indent(&b, line, "", "  "); err != nil {
			t.Fatal(err)
		}
		b.WriteByte('\n')
		file := "../schemas/examples/alert-" + name + ".json"
		if *update {
			if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), b.String()); diff != "" {
			t.Errorf("%s is not current (-file +made); -update writes it anew:\n%s", file, diff)
		}
	}
}

// valid checks a document against the JSON Schema of alerts.
func valid(t testing.TB, name string, line []byte) {
	t.Helper()
	schema, err := jsonschema.UnmarshalJSON(strings.NewReader(schemas.AlertSchema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("alert.json", schema); err != nil {
		t.Fatal(err)
	}
	compiled, err := c.Compile("alert.json")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(line))
	if err != nil {
		t.Fatal(err)
	}
	if err := compiled.Validate(doc); err != nil {
		t.Errorf("%s: %v", name, err)
	}
}

// What a SOC reads first of each kind of data.
func TestMessageIsASentence(t *testing.T) {
	s := load(t)
	for name, want := range map[string]string{
		"run-key-elastic-defend":       `WmiPrvSE.exe set HKEY_USERS\S-1-5-21-1-2-3-1001\Software\Microsoft\Windows\CurrentVersion\Run\updater to C:\Users\ana\AppData\Local\Temp\u.exe on ws-041 (Detect WMI Registry Persistence via Run Keys)`,
		"service-imagepath-winlogbeat": `wmiprvse.exe set HKLM\System\CurrentControlSet\Services\Updater\ImagePath to %SystemRoot%\Temp\u.exe on ws-041.corp.example (Detect WMI Registry Persistence via Service ImagePath Modification)`,
		"integer-data":                 `wmiprvse.exe set HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Run\n to 4 on ws-041.corp.example (Detect WMI Registry Persistence via Run Keys)`,
		"opaque-data":                  `wmiprvse.exe set HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Run\b to data that the source does not show on ws-041.corp.example (Detect WMI Registry Persistence via Run Keys)`,
		"empty-data":                   `wmiprvse.exe set HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Run\e to an empty string on ws-041.corp.example (Detect WMI Registry Persistence via Run Keys)`,
		"key-created":                  `sc.exe created HKLM\System\CurrentControlSet\Services\Updater on ws-041.corp.example (A service key is created)`,
		"key-renamed":                  `regedit.exe renamed HKEY_USERS\S-1-5-21-1-2-3-1001\Software\Microsoft\Windows\CurrentVersion\Rum to HKEY_USERS\S-1-5-21-1-2-3-1001\Software\Microsoft\Windows\CurrentVersion\Run on ws-041.corp.example (An autostart key is renamed)`,
		"minimal":                      `WmiPrvSE.exe set HKLM\Software\Microsoft\Windows\CurrentVersion\Run\updater to C:\Temp\u.exe (Detect WMI Registry Persistence via Run Keys)`,
	} {
		list := alerts(t, s, source(examples()[name]), enrich.Options{})
		if len(list) != 1 || list[0].Message != want {
			t.Errorf("%s: %d alerts:\n got %s\nwant %s", name, len(list), list[0].Message, want)
		}
	}
}

func TestHostileTextStaysOnOneLineAndIsValid(t *testing.T) {
	s := load(t)
	record := sysmon("13", "SetValue", wmi, `HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Run\\a\u001b[2J\nb`, `,"Details":"`+"\xff"+`\u0000\n<script>&\ud800\u2028"`)
	list := alerts(t, s, source(record), enrich.Options{Original: true})
	if len(list) != 1 {
		t.Fatalf("%d alerts", len(list))
	}
	a := list[0]
	if strings.ContainsAny(a.Message, "\n\r\x00\x1b") {
		t.Errorf("message %q", a.Message)
	}
	line, err := a.AppendJSON(nil)
	if err != nil {
		t.Fatal(err)
	}
	valid(t, "hostile", line)
	if bytes.ContainsAny(line, "\n") || !bytes.Contains(line, []byte("<script>&")) {
		t.Errorf("line %s", line)
	}
	if a.Regtrap.Original != "" || string(a.Regtrap.OriginalBase64) != record {
		t.Errorf("the original is not kept byte for byte")
	}
}

func TestOriginalIsKeptAsTextWhenItIsText(t *testing.T) {
	record := examples()["minimal"]
	a := alerts(t, load(t), source(record), enrich.Options{Original: true})[0]
	if a.Regtrap.Original != record || a.Regtrap.OriginalBase64 != nil {
		t.Errorf("original %q", a.Regtrap.Original)
	}
}

// A time that JSON has no form for must not cost the alert.
func TestAbsurdTimesDoNotStopAnAlert(t *testing.T) {
	src := source(examples()["minimal"])
	src.Time = time.UnixMilli(1 << 60)
	a := alerts(t, load(t), src, enrich.Options{})[0]
	line, err := a.AppendJSON(nil)
	if err != nil {
		t.Fatal(err)
	}
	valid(t, "absurd time", line)
	if a.Regtrap.TimeSource != "ingested" || !a.Timestamp.Equal(madeAt) {
		t.Errorf("%v from %s", a.Timestamp, a.Regtrap.TimeSource)
	}
}

func TestTimestampComesFromTheEventThenFromKafka(t *testing.T) {
	s := load(t)
	a := alerts(t, s, source(examples()["winlogon-shell-nxlog"]), enrich.Options{})[0]
	if want := time.Date(2026, 3, 4, 10, 11, 12, 300e6, time.UTC); !a.Timestamp.Equal(want) || a.Regtrap.TimeSource != "UtcTime" {
		t.Errorf("%v from %s, want %v from UtcTime", a.Timestamp, a.Regtrap.TimeSource, want)
	}
	a = alerts(t, s, source(examples()["minimal"]), enrich.Options{})[0]
	if !a.Timestamp.Equal(kafkaTime) || a.Regtrap.TimeSource != "kafka" {
		t.Errorf("%v from %s, want %v from kafka", a.Timestamp, a.Regtrap.TimeSource, kafkaTime)
	}
}

func TestTheSameRecordGivesTheSameAlert(t *testing.T) {
	s := load(t)
	for name, record := range examples() {
		first := alerts(t, s, source(record), enrich.Options{})
		second := alerts(t, s, source(record), enrich.Options{})
		if diff := cmp.Diff(first, second); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
}

func TestEveryEventOfAValueHasItsOwnID(t *testing.T) {
	record := examples()["minimal"]
	list := alerts(t, load(t), source(record+"\n{\"a\":1}\n"+record), enrich.Options{})
	if len(list) != 2 || list[0].Event.ID == list[1].Event.ID || list[0].Regtrap.Source.Index != 0 || list[1].Regtrap.Source.Index != 2 {
		t.Errorf("%d alerts", len(list))
	}
}

func BenchmarkAlert(b *testing.B) {
	s := load(b)
	src := source(examples()["service-imagepath-winlogbeat"])
	d := schemas.NewDecoder()
	m := s.Set.NewMatcher()
	d.Reset(src.Value)
	ev, _ := d.Next()
	hits := s.Fold(nil, m.Match(nil, ev))
	for b.Loop() {
		enrich.Alert(ev, hits[0], m.Explain(ev, hits[0].Index), &src, s.Hash, madeAt, &enrich.Options{})
	}
}

// A value of many events is not carried by the alerts of all of them: that would
// take the square of its size.
func TestTheFirstAlertsOfALongValueCarryIt(t *testing.T) {
	line := examples()["minimal"] + "\n"
	value := strings.Repeat(line, 5<<20/len(line))
	list := alerts(t, load(t), source(value), enrich.Options{Original: true})
	if len(list) != strings.Count(value, "\n") {
		t.Fatalf("%d alerts", len(list))
	}
	for i, a := range list {
		if i < 3 && (a.Regtrap.Original != value || a.Regtrap.Trimmed != nil) {
			t.Fatalf("alert %d: %d bytes, trimmed %v", i, len(a.Regtrap.Original), a.Regtrap.Trimmed)
		}
		if i >= 3 && (a.Regtrap.Original != "" || !slices.Equal(a.Regtrap.Trimmed, []string{"regtrap.original"})) {
			t.Fatalf("alert %d: %d bytes, trimmed %v", i, len(a.Regtrap.Original), a.Regtrap.Trimmed)
		}
	}
}
