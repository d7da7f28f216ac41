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
	in := func(record, text string) string { return strings.ReplaceAll(record, "$", text) }
	for name, c := range map[string]struct {
		record string
		action schemas.Action
		field  schemas.Field
		want   string // texts of the field, joined by |
	}{
		"a read by its type":        {in(defend, `"type":["access"],"action":"modification"`) + "}}", schemas.Queried, schemas.EventAction, "query"},
		"bytes beside strings":      {in(defend, `"action":"modification"`) + `,"data":{"type":"REG_BINARY","bytes":"AQI=","strings":["\u0001\u0002"]}}}`, schemas.ValueSet, schemas.RegistryDataStrings, "Binary Data"},
		"bytes of another type":     {in(defend, `"action":"modification"`) + `,"data":{"type":"REG_SZ","bytes":"AQI=","strings":["x"]}}}`, schemas.ValueSet, schemas.RegistryDataStrings, "x"},
		"a key that ends in one":    {strings.ReplaceAll(in(row, `HKEY_LOCAL_MACHINE\\SOFTWARE\\A\\`), "%", `C:\\Windows\\`), schemas.ValueSet, schemas.RegistryPath, `HKEY_LOCAL_MACHINE\SOFTWARE\A\b|HKLM\SOFTWARE\A\b`},
		"a folder that ends in one": {strings.ReplaceAll(in(row, `HKEY_LOCAL_MACHINE\\SOFTWARE\\A`), "%", `C:\\Windows\\`), schemas.ValueSet, schemas.ProcessExecutable, `C:\Windows\a.exe`},
		"a value renamed":           {in(s1, "Registry Value Rename"), schemas.ValueRenamed, schemas.EventAction, "rename"},
		"a key opened":              {in(end, "registry_open_event"), schemas.Queried, schemas.EventAction, "query"},
		"a value read":              {in(end, "registry_read_event"), schemas.Queried, schemas.EventAction, "query"},
		"a key renamed":             {in(end, "registry_rename_event"), schemas.KeyRenamed, schemas.EventAction, "rename"},
		"lines as Windows indents":  {in(multi, `one\r\n\t\t\ttwo\r\n`), schemas.ValueSet, schemas.RegistryDataStrings, "one|two"},
		"a reference to no letter":  {in(xml, "a&#x110000;b&#1114112;c&#x100000041;"), schemas.ValueSet, schemas.RegistryDataStrings, "a&#x110000;b&#1114112;c&#x100000041;"},
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
