package schemas_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regtrap/regtrap/schemas"
)

// A record of Winlogbeat or Elastic Agent whose XML the shipper could not parse:
// $members are those of winlog that survived, $xml is the event.
const failedRecord = `{"@timestamp":"2026-03-04T10:11:12.345Z","error":{"message":"XML syntax error on line 1: illegal character code U+0000"},` +
	`"host":{"name":"collector-01"},"user":{"id":"S-1-5-18"},"event":{"original":$xml,"kind":"event"},"winlog":{$members},"message":"Registry value set"}`

// failedXML is the event.
const failedXML = `<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='Microsoft-Windows-Sysmon'/><EventID>13</EventID>` +
	`<TimeCreated SystemTime='2026-03-04T10:11:12.3456789Z'/><EventRecordID>77</EventRecordID><Channel>Microsoft-Windows-Sysmon/Operational</Channel>` +
	`<Computer>ws-041.corp.example</Computer><Security UserID='S-1-5-18'/></System><EventData><Data Name='RuleName'>-</Data><Data Name='EventType'>SetValue</Data>` +
	`<Data Name='UtcTime'>2026-03-04 10:11:12.300</Data><Data Name='ProcessGuid'>{a158f72c-0ad0-5db5-0000-00100fc90900}</Data><Data Name='ProcessId'>5580</Data>` +
	`<Data Name='Image'>C:\Windows\system32\wbem\wmiprvse.exe</Data><Data Name='TargetObject'>HKLM\System\CurrentControlSet\Services\a &amp; b` + "\x01" + `\ImagePath</Data>` +
	`<Data Name='Details'>C:\u.exe` + "\x00" + ` -x</Data><Data Name='User'>CORP\ana</Data></EventData></Event>`

func failed(winlog, xml string) string {
	text, err := json.Marshal(xml)
	if err != nil {
		panic(err)
	}
	return strings.NewReplacer("$members", winlog, "$xml", string(text)).Replace(failedRecord)
}

// shown lists fields of an event, those that it lacks left out.
func shown(ev *schemas.Event) map[string]string {
	all := make(map[string]string)
	for _, f := range []schemas.Field{
		schemas.RegistryPath, schemas.RegistryNewPath, schemas.RegistryDataStrings, schemas.SysmonEventType, schemas.EventCode, schemas.EventProvider,
		schemas.Channel, schemas.ProcessExecutable, schemas.ProcessPID, schemas.ProcessEntityID, schemas.UserID, schemas.UserFull, schemas.HostName, schemas.SourceID,
	} {
		if text, ok := ev.First(f); ok {
			all[f.String()] = text
		}
	}
	_, all["time"] = ev.Time()
	all["shape"], all["action"] = ev.Shape.String(), ev.Action.String()
	return all
}

func TestWhatTheShipperLostIsReadFromTheOriginal(t *testing.T) {
	whole := map[string]string{
		"registry.path": `HKLM\System\CurrentControlSet\Services\a & b` + "\x01" + `\ImagePath`, "registry.data.strings": "C:\\u.exe\x00 -x",
		"EventType": "SetValue", "event.code": "13", "event.provider": "Microsoft-Windows-Sysmon", "winlog.channel": "Microsoft-Windows-Sysmon/Operational",
		"process.executable": `C:\Windows\system32\wbem\wmiprvse.exe`, "process.pid": "5580", "process.entity_id": "{a158f72c-0ad0-5db5-0000-00100fc90900}",
		"User": `CORP\ana`, "host.name": "ws-041.corp.example", "regtrap.event.id": "77", "time": "UtcTime", "shape": "winlogbeat", "action": "value set",
	}
	with := func(changes ...string) map[string]string {
		m := make(map[string]string)
		for k, v := range whole {
			m[k] = v
		}
		for i := 0; i < len(changes); i += 2 {
			if m[changes[i]] = changes[i+1]; changes[i+1] == "" {
				delete(m, changes[i])
			}
		}
		return m
	}
	const channel = `"channel":"Microsoft-Windows-Sysmon/Operational"`
	const system = channel + `,"event_id":"13","provider_name":"Microsoft-Windows-Sysmon","computer_name":"ws-041.corp.example","record_id":77,"user":{"identifier":"S-1-5-18"}`
	const early = `"RuleName":"-","EventType":"SetValue","UtcTime":"2026-03-04 10:11:12.300","ProcessGuid":"{a158f72c-0ad0-5db5-0000-00100fc90900}","ProcessId":"5580","Image":"C:\\Windows\\system32\\wbem\\wmiprvse.exe"`
	for name, c := range map[string]struct {
		value string
		want  map[string]string
	}{
		"the path and what follows": {failed(system+`,"event_data":{`+early+`}`, failedXML), whole},
		"the data":                  {failed(system+`,"event_data":{`+early+`,"TargetObject":"HKLM\\a\\b"}`, failedXML), with("registry.path", `HKLM\a\b`)},
		"empty texts":               {failed(system+`,"event_data":{`+early+`,"TargetObject":"","Details":""}`, failedXML), whole},
		"all data":                  {failed(system, failedXML), whole},
		"all but the channel":       {failed(channel, failedXML), whole},
		"all but the provider":      {failed(`"provider_name":"Microsoft-Windows-Sysmon"`, failedXML), whole},
		"all but the host":          {failed(`"event_id":13,"computer_name":"other.corp.example"`, failedXML), with("host.name", "other.corp.example")},
		"all of winlog":             {failed(``, failedXML), with("shape", "windows_xml")},
		"the user": {failed(system+`,"event_data":{`+early+`,"TargetObject":"HKLM\\a\\b","Details":"DWORD (0x00000001)"}`, failedXML),
			with("registry.path", `HKLM\a\b`, "registry.data.strings", "DWORD (0x00000001)")},
		"nothing": {failed(system+`,"event_data":{`+early+`,"TargetObject":"HKLM\\a\\b","Details":"x","User":"CORP\\bob"}`, failedXML),
			with("registry.path", `HKLM\a\b`, "registry.data.strings", "x", "User", `CORP\bob`)},
		"a new name": {failed(channel, strings.NewReplacer("<EventID>13", "<EventID>14", "SetValue", "RenameValue", "'Details'", "'NewName'").Replace(failedXML)),
			with("action", "value renamed", "EventType", "RenameValue", "event.code", "14", "NewName", "C:\\u.exe\x00 -x", "registry.data.strings", "")},
		"what was done": {failed(system[:len(channel)]+`,"event_id":12`, strings.NewReplacer("SetValue", "DeleteValue").Replace(failedXML)),
			with("action", "value deleted", "EventType", "DeleteValue", "event.code", "12", "registry.data.strings", "")},
		"with a prolog":     {failed(channel, "\ufeff<?xml version='1.0' encoding='utf-16'?>\r\n"+failedXML), whole},
		"both quotes":       {failed(channel, strings.ReplaceAll(failedXML, "'", `"`)), whole},
		"cut in the middle": {failed(channel, failedXML[:strings.Index(failedXML, "<Data Name='User'>")+len("<Data Name='User'>CO")]), with("User", "")},
		"behind much text":  {failed(channel, strings.Replace(failedXML, "<EventData>", "<EventData><Data Name='x'>"+strings.Repeat("&lt; ", 1<<17)+"</Data>", 1)), whole},
		"an array of errors": {strings.Replace(failed(channel, failedXML), `"XML syntax error on line 1: illegal character code U+0000"`,
			`["no publisher metadata", "failed to read: xml syntax error"]`, 1), whole},
		"4657": {failed(`"channel":"Security","provider_name":"Microsoft-Windows-Security-Auditing","event_id":4657`, `<Event><System><EventID>4657</EventID></System><EventData><Data Name='SubjectUserSid'>S-1-5-21-1-2-3-1001</Data>`+
			`<Data Name='ObjectName'>\REGISTRY\MACHINE\SOFTWARE\A</Data><Data Name='ObjectValueName'>b</Data><Data Name='OperationType'>%%1905</Data>`+
			`<Data Name='NewValueType'>%%1873</Data><Data Name='NewValue'>x</Data><Data Name='ProcessId'>0x10</Data><Data Name='ProcessName'>C:\a.exe</Data></EventData></Event>`),
			map[string]string{"registry.path": `\REGISTRY\MACHINE\SOFTWARE\A\b`, "registry.data.strings": "x", "EventType": "SetValue", "event.code": "4657",
				"event.provider": "Microsoft-Windows-Security-Auditing", "winlog.channel": "Security", "process.executable": `C:\a.exe`, "process.pid": "0x10",
				"user.id": "S-1-5-21-1-2-3-1001", "time": "@timestamp", "shape": "winlogbeat", "action": "value set"}},
	} {
		t.Run(name, func(t *testing.T) {
			inText, _ := json.Marshal(c.value)
			for _, value := range []string{
				c.value, "[" + c.value + "]", `{"records":[` + c.value + "]}", `{"message":` + string(inText) + "}",
				`{"sourcetype":"x","time":1,"event":` + c.value + "}", strings.Replace(c.value, `"winlog":{"`, `"winlog.`, 1)[:0] + c.value + minimalRecord,
			} {
				d := schemas.NewDecoder()
				d.OverwriteEvents()
				d.Reset([]byte(value))
				ev, out := d.Next()
				if ev == nil {
					t.Fatalf("lost: %+v", out)
				}
				if diff := cmp.Diff(c.want, shown(ev)); diff != "" {
					t.Errorf("%.40s (-want +read)\n%s", value, diff)
				}
				if ev.Truncated() {
					t.Error("truncated")
				}
				if ev, out := d.Next(); out.Kind != schemas.End && ev == nil {
					t.Errorf("then %+v", out)
				}
			}
		})
	}
}

func TestOriginalThatCannotBeReadEitherIsADeadLetterThatSaysSo(t *testing.T) {
	const channel = `"channel":"Microsoft-Windows-Sysmon/Operational"`
	beforePath := failedXML[:strings.Index(failedXML, "<Data Name='TargetObject'>")]
	noOriginal := strings.Replace(failed(channel+`,"event_id":13`, ""), `"original":"",`, "", 1)
	for name, c := range map[string]struct {
		value  string
		reason schemas.Reason
		detail string
	}{
		"cut before the path": {failed(channel+`,"event_id":13`, beforePath), schemas.DeadMissingPath,
			"a registry event without TargetObject; the shipper met an XML syntax error, and event.original cannot be read: offset 660: the value ends where the end of an element should be"},
		"bad before the path": {failed(channel+`,"event_id":13`, beforePath+"</Date>"), schemas.DeadMissingPath,
			"a registry event without TargetObject; the shipper met an XML syntax error, and event.original cannot be read: offset 662: found 'D' where the end of the element EventData should be"},
		"not XML": {failed(channel+`,"event_id":13`, "Registry value set"), schemas.DeadMissingPath,
			"a registry event without TargetObject; the shipper met an XML syntax error, and event.original holds no <Event>"},
		"not there": {noOriginal, schemas.DeadMissingPath,
			"a registry event without TargetObject; the shipper met an XML syntax error, and event.original is not there"},
		"without a path": {failed(channel+`,"event_id":13`, "<Event></Event>"), schemas.DeadMissingPath, "a registry event without TargetObject"},
		"the id is lost": {failed(channel, "<Event><System>"), schemas.DeadMalformedXML,
			"the shipper met an XML syntax error and lost the event id, and event.original cannot be read: offset 15: the value ends where the end of an element should be"},
		"the id is another's": {failed(channel, strings.Replace(failedXML, "<EventID>13", "<EventID>1", 1)), schemas.SkipOther, ""},
		"another log":         {failed(`"channel":"System"`, "<Event>"), schemas.SkipOther, ""},
	} {
		t.Run(name, func(t *testing.T) {
			d := schemas.NewDecoder()
			d.Reset([]byte(c.value + "\n" + minimalRecord))
			ev, out := d.Next()
			if ev != nil || out.Reason != c.reason || out.Detail != c.detail || out.Shape != schemas.ShapeWinlogbeat {
				t.Errorf("read %v, %s %q of %s, want %s %q", ev != nil, out.Reason, out.Detail, out.Shape, c.reason, c.detail)
			}
			if ev, out := d.Next(); ev == nil {
				t.Errorf("the record behind is lost: %+v", out)
			}
		})
	}
	// Without that error event.original is read in the place of the record.
	value := strings.Replace(failed(channel+`,"event_id":13`, failedXML), "XML syntax error", "no publisher", 1)
	if got := outcomes(schemas.NewDecoder(), value); len(got) != 1 || !strings.Contains(got[0], `a & b\x01\ImagePath`) && !strings.Contains(got[0], "ImagePath") {
		t.Errorf("another error: %q", got)
	}
}

func TestReadingTheOriginalAllocatesNothing(t *testing.T) {
	d := schemas.NewDecoder()
	value := []byte(failed(`"channel":"Microsoft-Windows-Sysmon/Operational"`, failedXML))
	read := func() {
		d.Reset(value)
		if ev, _ := d.Next(); ev == nil || len(ev.Values(schemas.RegistryPath)) == 0 {
			t.Fatal("lost")
		}
	}
	read()
	if n := testing.AllocsPerRun(100, read); n != 0 {
		t.Errorf("%v allocations a record, want none", n)
	}
}
