// Package sample invents registry telemetry: mostly the daily noise of a
// Windows estate, and attacks through the WMI registry provider on every
// autostart location, in the shapes and spellings of real shippers. The demo
// feeds it to the service, and the tests on a real broker know from it which
// alerts are due.
package sample

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/regtrap/regtrap/registry"
)

// Names of the rules of the built-in pack that an attack makes fire.
const (
	RuleProvider      = "Persistence via WMI Standard Registry Provider"
	RuleRunKeys       = "Detect WMI Registry Persistence via Run Keys"
	RuleImagePath     = "Detect WMI Registry Persistence via Service ImagePath Modification"
	RuleWinlogonShell = "Detect WMI Registry Persistence via Winlogon Shell Modification"
)

// Record is one Kafka value.
type Record struct {
	Value  []byte
	Shape  string // as the decoder names it; empty for what it does not read
	Key    string // Kafka key: the host
	Rule   string // name of the one rule of the pack that must fire; empty when none may
	Poison bool   // must end in the dead letters
}

// Feed invents records. The same seed gives the same records. It is for one
// goroutine.
type Feed struct {
	rng  *rand.Rand
	time time.Time
}

// New returns a feed whose first event happens at start.
func New(seed uint64, start time.Time) *Feed {
	return &Feed{rng: rand.New(rand.NewPCG(seed, 0x7265677472617021)), time: start.UTC()}
}

// write is one value written to the registry, before any source spells it.
type write struct {
	time            time.Time
	host, user, sid string
	image           string
	pid             int
	path            string // canonical, with a control set of number 001
	value           string // last part of path
	data            string
	action          string // SetValue, CreateKey, DeleteValue

}

// Attack returns a value set by the WMI provider host in an autostart location.
func (f *Feed) Attack() Record {
	w := f.write()
	w.image = f.pick(`C:\Windows\System32\wbem\WmiPrvSE.exe`, `C:\Windows\system32\wbem\wmiprvse.exe`, `C:\WINDOWS\SysWOW64\wbem\WMIPRVSE.EXE`)
	locations := registry.Locations()
	w.setPath(f.concrete(locations[f.rng.IntN(len(locations))].Pattern, w.sid))
	w.data = f.pick(
		`C:\Users\`+w.user+`\AppData\Local\Temp\u.exe`,
		`%SystemRoot%\Temp\svc.exe -k netsvcs`,
		`C:\ProgramData\s.exe`,
		`powershell.exe -w hidden -enc SQBFAFgA`,
		`rundll32.exe C:\ProgramData\a.dll,Start`,
	)
	r := f.render(w)
	r.Rule = expected(w.path)
	return r
}

// Benign returns a record that no rule of the pack may fire on: other events,
// other processes in the same places, the provider host in other places, keys
// created where values would be an attack.
func (f *Feed) Benign() Record {
	w := f.write()
	switch f.rng.IntN(10) {
	case 0, 1, 2, 3:
		return f.processStart(w)
	case 4:
		return Record{Value: fmt.Appendf(nil, "<134>%s %s dhcpd: lease renewed", w.time.Format(time.Stamp), w.host), Key: w.host}
	case 5: // an installer in a Run key
		w.image = `C:\Windows\System32\msiexec.exe`
		w.setPath(f.concrete(`HKLM\Software\Microsoft\Windows\CurrentVersion\Run\*`, w.sid))
		w.data = `"C:\Program Files\Vendor\agent.exe" --tray`
	case 6: // the provider host where nothing starts
		w.image = `C:\Windows\System32\wbem\WmiPrvSE.exe`
		w.setPath(`HKLM\SOFTWARE\Microsoft\WBEM\CIMOM\` + f.pick("LastServiceStart", "List of event-active namespaces"))
		w.data = "20260304101112.000000+000"
	case 7: // the provider host looks at a Run key: an event 12
		w.image = `C:\Windows\system32\wbem\wmiprvse.exe`
		w.setPath(`HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Run`)
		w.action = "CreateKey"
	case 8: // and removes a value
		w.image = `C:\Windows\system32\wbem\wmiprvse.exe`
		w.setPath(f.concrete(`HKEY_USERS\*\Software\Microsoft\Windows\CurrentVersion\Run\*`, w.sid))
		w.action = "DeleteValue"
	default:
		w.image = `C:\Windows\explorer.exe`
		w.setPath(`HKEY_USERS\` + w.sid + `\Software\Microsoft\Windows\CurrentVersion\Explorer\RecentDocs\MRUListEx`)
		w.data = "Binary Data"
	}
	return f.render(w)
}

// Poison returns a record that begins well and cannot be read.
func (f *Feed) Poison() Record {
	w := f.write()
	w.image = `C:\Windows\explorer.exe`
	w.setPath(`HKLM\SOFTWARE\Vendor\Setting`)
	w.data = "on"
	r := f.render(w)
	r.Value, r.Shape, r.Poison = r.Value[:len(r.Value)*2/3], "", true
	return r
}

func (f *Feed) write() write {
	f.time = f.time.Add(time.Duration(1+f.rng.IntN(900)) * time.Millisecond)
	n := 1 + f.rng.IntN(60)
	return write{
		time:   f.time,
		host:   fmt.Sprintf("ws-%03d.corp.example", n),
		user:   f.pick("ana", "ben", "chloe", "dmitri"),
		sid:    fmt.Sprintf("S-1-5-21-1004336348-1177238915-682003330-%d", 1000+n),
		pid:    4 * (200 + f.rng.IntN(3000)),
		action: "SetValue",
	}
}

func (f *Feed) pick(choices ...string) string { return choices[f.rng.IntN(len(choices))] }

// concrete puts names in the place of a location's wildcards.
func (f *Feed) concrete(pattern, sid string) string {
	path := strings.Replace(pattern, `HKEY_USERS\*`, `HKEY_USERS\`+sid, 1)
	path = strings.Replace(path, "*ControlSet*", "ControlSet001", 1)
	path = strings.Replace(path, `Services\*`, `Services\`+f.pick("UpdaterSvc", "WdiHelper", "AgentHost"), 1)
	path = strings.Replace(path, `LangBarAddin\*`, `LangBarAddin\{C2A4D4E8-1E3B-4C5A-9C55-0B5F3B1D7A11}`, 1)
	path = strings.Replace(path, `Extensions\*`, `Extensions\{7F1E2D3C-0A4B-4E5F-8D6C-112233445566}`, 1)
	return strings.Replace(path, "*", f.pick("updater", "OneDrive Sync", "{5D1F}", "100% free"), 1)
}

func (w *write) setPath(path string) {
	w.path = path
	w.value = path[strings.LastIndexByte(path, '\\')+1:]
}

// expected names the rule that must fire on a value set by the provider host.
func expected(path string) string {
	p := strings.ToLower(path)
	switch {
	case strings.Contains(p, `\currentversion\run\`), strings.Contains(p, `\currentversion\runonce\`),
		strings.Contains(p, `\currentversion\runonceex\`), strings.Contains(p, `\policies\explorer\run\`):
		return RuleRunKeys
	case strings.HasSuffix(p, `\imagepath`):
		return RuleImagePath
	case strings.HasSuffix(p, `\winlogon\shell`):
		return RuleWinlogonShell
	}
	return RuleProvider
}
