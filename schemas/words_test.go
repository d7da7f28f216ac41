package schemas_test

import (
	"strings"
	"testing"

	"github.com/regtrap/regtrap/registry"
	"github.com/regtrap/regtrap/schemas"
)

// What sources say in other words, or write in another way, than in the fixtures.
func TestOtherWordsOfASource(t *testing.T) {
	const (
		defend = `{"event":{"module":"endpoint","category":["registry"],$},"process":{"name":"a.exe"},"registry":{"path":"HKLM\\SOFTWARE\\A\\b","value":"b"`
		row    = `{"ActionType":"RegistryValueSet","RegistryKey":"$","RegistryValueName":"b","RegistryValueType":"String","RegistryValueData":"x","InitiatingProcessFileName":"a.exe","InitiatingProcessFolderPath":"%"}`
		s1     = `{"event.category":"registry","event.type":"$","registry.keyPath":"MACHINE\\SOFTWARE\\A\\b","src.process.image.path":"C:\\a.exe"}`
		end    = `{"event_type_full":"registry_event","event_subtype_full":"$","registry_path":"HKLM\\SOFTWARE\\A\\b","registry_value":"b","process_path":"C:\\a.exe"}`
		multi  = `{"winlog":{"event_id":4657,"channel":"Security","event_data":{"ObjectName":"\\REGISTRY\\MACHINE\\SOFTWARE\\A","ObjectValueName":"b","OperationType":"%%1905","NewValueType":"%%1879","NewValue":"$"}}}`
		xml    = `<Event><System><EventID>13</EventID></System><EventData><Data Name='TargetObject'>HKLM\SOFTWARE\A\b</Data><Data Name='Details'>$</Data></EventData></Event>`
	)
	const (
		sysmon = `"Channel":"Microsoft-Windows-Sysmon/Operational","Computer":"ws"`
		data   = `"EventType":"SetValue","ProcessId":"5580","Image":"C:\\a.exe","TargetObject":"HKLM\\SOFTWARE\\A\\b","Details":"x","User":"CORP\\ana"`
		event  = `<Event><System><EventID>13</EventID><Channel>Microsoft-Windows-Sysmon/Operational</Channel></System><EventData><Data Name='TargetObject'>HKLM\\SOFTWARE\\A\\b</Data><Data Name='Details'>x</Data></EventData></Event>`
		path   = `HKLM\SOFTWARE\A\b`
		wazuh  = `{"win":{"system":{"eventID":"13","channel":"Microsoft-Windows-Sysmon/Operational"},"eventdata":{"targetObject":"HKLM\\\\SOFTWARE\\\\A\\\\b","details":"$"}}}`
		cortex = `{"event_type":"Registry Event","event_sub_type":4,"event_id":"412","action_registry_key_name":"HKEY_LOCAL_MACHINE\\SOFTWARE\\A","action_registry_value_name":"b","action_registry_data":"x"}`
		bare   = `{"event":{"module":"endpoint","category":["registry"],"action":"modification"},"process":{"name":"a.exe"},"registry":{"path":"HKLM\\SOFTWARE\\A$,"data":{"strings":["x"]}}}`
		named  = `HKLM\SOFTWARE\A|HKLM\SOFTWARE\A\(Default)|HKLM\SOFTWARE\A\`
	)
	in := func(record, text string) string { return strings.ReplaceAll(record, "$", text) }
	for name, c := range map[string]struct {
		record string
		action schemas.Action
		field  schemas.Field
		want   string // texts of the field, joined by |
	}{
		"a read by its type":         {in(defend, `"type":["access"],"action":"modification"`) + "}}", schemas.Queried, schemas.EventAction, "query"},
		"bytes beside strings":       {in(defend, `"action":"modification"`) + `,"data":{"type":"REG_BINARY","bytes":"AQI=","strings":["\u0001\u0002"]}}}`, schemas.ValueSet, schemas.RegistryDataStrings, "Binary Data"},
		"bytes of another type":      {in(defend, `"action":"modification"`) + `,"data":{"type":"REG_SZ","bytes":"AQI=","strings":["x"]}}}`, schemas.ValueSet, schemas.RegistryDataStrings, "x"},
		"a key that ends in one":     {strings.ReplaceAll(in(row, `HKEY_LOCAL_MACHINE\\SOFTWARE\\A\\`), "%", `C:\\Windows\\`), schemas.ValueSet, schemas.RegistryPath, `HKEY_LOCAL_MACHINE\SOFTWARE\A\b|HKLM\SOFTWARE\A\b`},
		"a folder that ends in one":  {strings.ReplaceAll(in(row, `HKEY_LOCAL_MACHINE\\SOFTWARE\\A`), "%", `C:\\Windows\\`), schemas.ValueSet, schemas.ProcessExecutable, `C:\Windows\a.exe`},
		"a value renamed":            {in(s1, "Registry Value Rename"), schemas.ValueRenamed, schemas.EventAction, "rename"},
		"a key opened":               {in(end, "registry_open_event"), schemas.Queried, schemas.EventAction, "query"},
		"a value read":               {in(end, "registry_read_event"), schemas.Queried, schemas.EventAction, "query"},
		"a key renamed":              {in(end, "registry_rename_event"), schemas.KeyRenamed, schemas.EventAction, "rename"},
		"lines as Windows indents":   {in(multi, `one\r\n\t\t\ttwo\r\n`), schemas.ValueSet, schemas.RegistryDataStrings, "one|two"},
		"a user's own hive":          {strings.ReplaceAll(in(row, `HKEY_CURRENT_USER\\S-1-5-21-1-2-3-1001\\SOFTWARE\\A`), "%", `C:\\`), schemas.ValueSet, schemas.RegistryPath, `HKEY_USERS\S-1-5-21-1-2-3-1001\SOFTWARE\A\b|HKU\S-1-5-21-1-2-3-1001\SOFTWARE\A\b`},
		"a user's own classes":       {strings.ReplaceAll(in(row, `HKEY_CURRENT_USER\\S-1-5-21-1-2-3-1001_Classes\\A`), "%", `C:\\`), schemas.ValueSet, schemas.RegistryKey, `S-1-5-21-1-2-3-1001\Software\Classes\A|S-1-5-21-1-2-3-1001_Classes\A`},
		"escaped quotes":             {in(wazuh, `\\\"C:\\\\Program Files\\\\u.exe\\\" -a`), schemas.ValueSet, schemas.RegistryDataStrings, `"C:\Program Files\u.exe" -a`},
		"not escaped":                {in(wazuh, `\"C:\\u.exe\" -a`), schemas.ValueSet, schemas.RegistryDataStrings, `"C:\u.exe" -a`},
		"the logger beside":          {`{"EventID":13,` + sysmon + `,"ProcessId":2804,"User":"NT AUTHORITY\\SYSTEM","EventType":"INFO","EventData":{` + data + `}}`, schemas.ValueSet, schemas.UserFull, `CORP\ana`},
		"the logger's process":       {`{"EventID":13,` + sysmon + `,"ProcessId":2804,"EventData":{` + data + `}}`, schemas.ValueSet, schemas.ProcessPID, `5580`},
		"a copy of the logger":       {`{"winlog":{"event_id":13,"channel":"Microsoft-Windows-Sysmon/Operational","event_data":{"TargetObject":"HKLM\\SOFTWARE\\A\\b","Details":"x"},"user":{"identifier":"S-1-5-18","name":"SYSTEM"}},"user":{"id":"S-1-5-18","name":"SYSTEM","domain":"NT AUTHORITY"}}`, schemas.ValueSet, schemas.UserID, ""},
		"an id of the sensor's own":  {cortex, schemas.ValueSet, schemas.RegistryPath, `HKEY_LOCAL_MACHINE\SOFTWARE\A\b|` + path},
		"no id":                      {`{` + sysmon + `,` + data + `}`, schemas.ValueSet, schemas.RegistryPath, path},
		"XML beside its header":      {`{"EventID":13,` + sysmon + `,"Xml":"` + event + `"}`, schemas.ValueSet, schemas.RegistryPath, path},
		"XML behind white space":     {`{"xml":"` + strings.Repeat(`\n \t`, 50) + event + `"}`, schemas.ValueSet, schemas.RegistryPath, path},
		"XML behind a comment":       {`{"xml":"<!-- forwarded, ` + strings.Repeat("long ", 50) + `-->` + event + `"}`, schemas.ValueSet, schemas.RegistryPath, path},
		"an empty list before":       {in(end, "registry_modify_event")[:len(in(end, "registry_modify_event"))-1] + `,"bytes_written_string_list":[],"bytes_written_string":"x"}`, schemas.ValueSet, schemas.RegistryDataStrings, "x"},
		"unnamed, Defend":            {in(bare, `","value":""`), schemas.ValueSet, schemas.RegistryPath, named},
		"unnamed, Endgame":           {`{"event_type_full":"registry_event","event_subtype_full":"registry_modify_event","registry_path":"HKLM\\SOFTWARE\\A","registry_value":"","bytes_written_string":"x"}`, schemas.ValueSet, schemas.RegistryPath, named},
		"unnamed, SentinelOne":       {`{"event.category":"registry","event.type":"Registry Value Modified","registry.keyPath":"HKLM\\SOFTWARE\\A","registry.valueName":"","registry.value":"x"}`, schemas.ValueSet, schemas.RegistryPath, named},
		"a name in another case":     {in(bare, `\\a\\b","value":"A\\B"`), schemas.ValueSet, schemas.RegistryValue, `a\b`},
		"an object that ends in one": {strings.ReplaceAll(strings.ReplaceAll(in(multi, "x"), `SOFTWARE\\A"`, `SOFTWARE\\A\\"`), "%%1879", "%%1873"), schemas.ValueSet, schemas.RegistryPath, `\REGISTRY\MACHINE\SOFTWARE\A\b|` + path},
		"a SID for a user":           {`{"EventID":13,` + sysmon + `,"TargetObject":"HKCU\\A\\b","Details":"x","User":"S-1-5-21-1-2-3-1001"}`, schemas.ValueSet, schemas.UserID, "S-1-5-21-1-2-3-1001"},
		"Splunk with an index":       {`{"index":"win","event":{"EventID":13,` + sysmon + `,` + data + `}}`, schemas.ValueSet, schemas.RegistryPath, path},
		"Splunk with a host":         {`{"host":"fwd","event":{"EventID":13,` + sysmon + `,` + data + `}}`, schemas.ValueSet, schemas.HostName, "ws"},
		"a reference to no letter":   {in(xml, "a&#x110000;b&#1114112;c&#x100000041;"), schemas.ValueSet, schemas.RegistryDataStrings, "a&#x110000;b&#1114112;c&#x100000041;"},
	} {
		d := schemas.NewDecoder()
		d.Reset([]byte(c.record))
		ev, out := d.Next()
		if ev == nil {
			t.Errorf("%s: %+v\n%s", name, out, c.record)
			continue
		}
		var texts []string
		for _, v := range ev.Values(c.field) {
			texts = append(texts, v.Text)
		}
		if got := strings.Join(texts, "|"); ev.Action != c.action || got != c.want {
			t.Errorf("%s: %s, %q, want %s, %q", name, ev.Action, got, c.action, c.want)
		}
	}
}

// The new path of a rename is read as the path is.
func TestANewPathIsReadAsThePathIs(t *testing.T) {
	ev := schemas.BuildEvent(map[schemas.Field][]string{
		schemas.RegistryPath:    {`HKU\S-1-5-21-1-2-3-1001\SOFTWARE\A\b`},
		schemas.RegistryNewPath: {`HKEY_CURRENT_USER\SOFTWARE\A\(Default)`},
		schemas.UserID:          {"S-1-5-21-1-2-3-1001"},
	}, schemas.ValueRenamed)
	got := make(map[registry.Spelling][]string)
	for _, v := range ev.Values(schemas.RegistryNewPath) {
		got[v.Spelling] = append(got[v.Spelling], v.Text)
	}
	const canonical = `HKEY_USERS\S-1-5-21-1-2-3-1001\SOFTWARE\A\(Default)`
	if len(got[registry.Canonical]) != 1 || got[registry.Canonical][0] != canonical {
		t.Errorf("canonical %q, want %q", got[registry.Canonical], canonical)
	}
	unnamed := strings.TrimSuffix(canonical, "(Default)")
	found := false
	for _, text := range got[registry.Derived] {
		found = found || text == unnamed
	}
	if !found {
		t.Errorf("derived %q, want %q among them", got[registry.Derived], unnamed)
	}
}
