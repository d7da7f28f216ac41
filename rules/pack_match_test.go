package rules

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regtrap/regtrap/registry"
	"github.com/regtrap/regtrap/schemas"
)

const (
	wmiHost = `C:\Windows\System32\wbem\WmiPrvSE.exe`
	sid     = `S-1-5-21-1-2-3-1001`
)

// event makes a registry event; no data is a field without an element.
func event(action schemas.Action, image, path string, data ...string) *schemas.Event {
	fields := map[schemas.Field][]string{
		schemas.RegistryPath:      {path},
		schemas.ProcessExecutable: {image},
		schemas.UserID:            {sid},
		schemas.HostName:          {"ws-041.corp.example"},
	}
	if len(data) > 0 {
		fields[schemas.RegistryDataStrings] = data
	}
	return schemas.BuildEvent(fields, action)
}

// fire returns the folded hits of the pack on an event, as "id(related …)".
func fire(s *Snapshot, ev *schemas.Event) string {
	return showHits(s.Fold(nil, s.Set.NewMatcher().Match(nil, ev)))
}

// spellings returns a path in the spellings of all sources.
func spellings(path string) []string {
	list := []string{path, strings.ToUpper(path), strings.ToLower(path)}
	if rest, ok := strings.CutPrefix(path, `HKLM\`); ok {
		for _, head := range []string{`HKEY_LOCAL_MACHINE\`, `\REGISTRY\MACHINE\`, `REGISTRY\MACHINE\`, `MACHINE\`} {
			list = append(list, head+rest)
		}
	}
	if rest, ok := strings.CutPrefix(path, `HKEY_USERS\`); ok {
		for _, head := range []string{`HKU\`, `\REGISTRY\USER\`, `USER\`} {
			list = append(list, head+rest)
		}
		if rest, ok := strings.CutPrefix(rest, sid+`\`); ok {
			list = append(list, `HKCU\`+rest, `HKEY_CURRENT_USER\`+rest)
		}
	}
	for _, p := range slices.Clone(list) {
		for _, set := range []string{"ControlSet001", "ControlSet002"} {
			if strings.Contains(p, "CurrentControlSet") {
				list = append(list, strings.Replace(p, "CurrentControlSet", set, 1))
			}
		}
	}
	return list
}

// example fills the stars of a location's pattern.
func example(pattern string) string {
	pattern = strings.Replace(pattern, `HKEY_USERS\*\`, `HKEY_USERS\`+sid+`\`, 1)
	pattern = strings.Replace(pattern, `*ControlSet*`, `CurrentControlSet`, 1)
	return strings.ReplaceAll(pattern, `*`, `Updater`)
}

func TestFirstRuleNamesExactlyTheAutostartLocations(t *testing.T) {
	var want []string
	for _, l := range registry.Locations() {
		want = append(want, l.Pattern)
	}
	if d := cmp.Diff(want, locations(t, stdRegProv)); d != "" {
		t.Error(d)
	}
}

func TestEveryLocationInEverySpellingGivesOneAlert(t *testing.T) {
	s := loadPack(t)
	for _, l := range registry.Locations() {
		want := stdRegProv
		switch path := example(l.Pattern); {
		case strings.Contains(path, `\Run\`), strings.Contains(path, `\RunOnce\`), strings.Contains(path, `\RunOnceEx\`):
			want = runKeys + "(" + stdRegProv + ")"
		case strings.HasSuffix(path, `\ImagePath`):
			want = imagePath + "(" + stdRegProv + ")"
		case strings.HasSuffix(path, `\Winlogon\Shell`):
			want = shell + "(" + stdRegProv + ")"
		}
		for _, path := range spellings(example(l.Pattern)) {
			if got := fire(s, event(schemas.ValueSet, wmiHost, path, `C:\ProgramData\u.exe`)); got != want {
				t.Errorf("%s: %q, want %q", path, got, want)
			}
		}
	}
}

func TestLocationsBeyondTheFirstRule(t *testing.T) {
	s := loadPack(t)
	const windows = `\Microsoft\Windows\CurrentVersion\`
	want := map[string]string{
		`HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon\Shell`:                        shell,
		`HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon\Shell\x`:                      "",
		`HKEY_USERS\` + sid + `\Software\Microsoft\Windows NT\CurrentVersion\Winlogon\Shell\x`:    stdRegProv,
		`HKEY_USERS\` + sid + `\Software\Microsoft\Windows NT\CurrentVersion\Winlogon\Shell2`:     "",
		`HKEY_USERS\` + sid + `\Software\Microsoft\Windows NT\CurrentVersion\Winlogon\Shell\`:     stdRegProv,
		`HKLM\SYSTEM\CurrentControlSet\Services\Spooler\Parameters\ImagePath`:                     imagePath + "(" + stdRegProv + ")",
		`HKLM\SYSTEM\CurrentControlSet\Services\Spooler\Start`:                                    "",
		`HKLM\SOFTWARE` + windows + `Run\(Default)`:                                               runKeys + "(" + stdRegProv + ")",
		`HKLM\SOFTWARE` + windows + `Run\Sub\Key`:                                                 runKeys + "(" + stdRegProv + ")",
		`HKLM\SOFTWARE` + windows + `Running\x`:                                                   "",
		`HKLM\SOFTWARE` + windows + `RunServices\x`:                                               "",
		`HKEY_USERS\.DEFAULT\Software` + windows + `Run\x`:                                        runKeys + "(" + stdRegProv + ")",
		`HKEY_USERS\` + sid + `\Software\Microsoft\Windows\CurrentVersion\Explorer\Run\x`:         "",
		`HKEY_USERS\` + sid + `\Software\Classes\Software\Microsoft\Command Processor\AutorunNot`: "",
	}
	for _, head := range []string{`HKLM\Software`, `HKEY_USERS\` + sid + `\Software`} {
		for _, key := range []string{"RunOnce", "RunOnceEx", `Policies\Explorer\Run`} {
			want[head+`\WOW6432Node`+windows+key+`\x`] = runKeys
		}
	}
	want[`HKEY_USERS\`+sid+`\Software\WOW6432Node`+windows+`Run\x`] = runKeys
	want[`HKLM\Software\WOW6432Node`+windows+`Run\x`] = runKeys + "(" + stdRegProv + ")"
	for path, want := range want {
		for _, path := range spellings(path) {
			if got := fire(s, event(schemas.ValueSet, wmiHost, path, "x")); got != want {
				t.Errorf("%s: %q, want %q", path, got, want)
			}
		}
	}
}

func TestPackFiresOnlyWhenTheWMIHostSetsData(t *testing.T) {
	s := loadPack(t)
	const path = `HKLM\Software\Microsoft\Windows\CurrentVersion\Run\Updater`
	yes := runKeys + "(" + stdRegProv + ")"
	for _, tt := range []struct {
		name string
		ev   *schemas.Event
		want string
	}{
		{"text", event(schemas.ValueSet, wmiHost, path, "x"), yes},
		{"image in capitals", event(schemas.ValueSet, strings.ToUpper(wmiHost), path, "x"), yes},
		{"image as a device path", event(schemas.ValueSet, `\Device\HarddiskVolume3\Windows\System32\wbem\WmiPrvSE.exe`, path, "x"), yes},
		{"an integer", event(schemas.ValueSet, wmiHost, path, "DWORD (0x00000004)"), yes},
		{"hidden data", event(schemas.ValueSet, wmiHost, path, "Binary Data"), yes},
		{"an empty text", event(schemas.ValueSet, wmiHost, path, "(Empty)"), yes},
		{"several texts", event(schemas.ValueSet, wmiHost, path, "a", "b"), yes},
		{"no data", event(schemas.ValueSet, wmiHost, path), ""},
		{"another process", event(schemas.ValueSet, `C:\Windows\regedit.exe`, path, "x"), ""},
		{"a like name", event(schemas.ValueSet, `C:\Temp\NotWmiPrvSE.exe`, path, "x"), ""},
		{"a longer name", event(schemas.ValueSet, wmiHost+".exe", path, "x"), ""},
		{"a key created", event(schemas.KeyCreated, wmiHost, path, "x"), ""},
		{"a value deleted", event(schemas.ValueDeleted, wmiHost, path, "x"), ""},
		{"a key deleted", event(schemas.KeyDeleted, wmiHost, path, "x"), ""},
		{"a value renamed", event(schemas.ValueRenamed, wmiHost, path, "x"), ""},
		{"a read", event(schemas.Queried, wmiHost, path, "x"), ""},
		{"an unknown action", event(schemas.ActionUnknown, wmiHost, path, "x"), ""},
	} {
		if got := fire(s, tt.ev); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestPackReadsWireRecords(t *testing.T) {
	s := loadPack(t)
	for _, tt := range []struct{ name, value, want string }{
		{"Elastic Defend, list of data empty", defend(`[]`), ""},
		{"Elastic Defend", defend(`["C:\\ProgramData\\u.exe"]`), runKeys + "(" + stdRegProv + ")"},
	} {
		d := schemas.NewDecoder()
		d.Reset([]byte(tt.value))
		ev, outcome := d.Next()
		if outcome.Kind != schemas.Registry {
			t.Fatalf("%s: %+v", tt.name, outcome)
		}
		if got := fire(s, ev); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// defend is a record of Elastic Defend's.
func defend(strings string) string {
	return fmt.Sprintf(`{"@timestamp":"2026-11-02T08:15:30.123Z",
		"agent":{"type":"endpoint"},"data_stream":{"dataset":"endpoint.events.registry"},
		"event":{"module":"endpoint","dataset":"endpoint.events.registry","provider":"endpoint","category":["registry"],"type":["change"],"action":"modification","kind":"event"},
		"host":{"name":"ws-041","os":{"type":"windows"}},
		"process":{"executable":"C:\\Windows\\System32\\wbem\\WmiPrvSE.exe","name":"WmiPrvSE.exe","pid":4312},
		"registry":{"path":"HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Run\\Updater","hive":"HKLM","key":"SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Run","value":"Updater","data":{"type":"REG_SZ","strings":%s}},
		"user":{"id":"S-1-5-18"}}`, strings)
}
