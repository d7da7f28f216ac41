// Package sample invents registry telemetry: mostly the daily noise of a
// Windows estate, and attacks through the WMI registry provider on every
// autostart location, as real shippers write them. The demo feeds it to the
// service, and tests know from it which alerts are due. It knows the shapes
// from the shippers' side and shares no table with the decoder.
package sample

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
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
	rng     *rand.Rand
	time    time.Time
	shapes  []string // each as likely as any other
	sources map[string][]Source
}

// New returns a feed whose first event happens at start.
func New(seed uint64, start time.Time) *Feed {
	f := &Feed{rng: rand.New(rand.NewPCG(seed, 0x7265677472617021)), time: start.UTC(), sources: make(map[string][]Source)}
	for _, s := range Sources() {
		f.sources[s.Shape] = append(f.sources[s.Shape], s)
	}
	f.shapes = slices.Sorted(maps.Keys(f.sources))
	return f
}

// Attack returns a value set by the WMI provider host in an autostart location.
func (f *Feed) Attack() Record {
	c := f.change()
	c.Image = f.pick(`C:\Windows\System32\wbem\WmiPrvSE.exe`, `C:\Windows\system32\wbem\wmiprvse.exe`, `C:\WINDOWS\SysWOW64\wbem\WMIPRVSE.EXE`)
	locations := registry.Locations()
	path := f.concrete(locations[f.rng.IntN(len(locations))].Pattern, c.SID)
	c.Data = Text(f.pick(
		`C:\Users\`+c.User+`\AppData\Local\Temp\u.exe`,
		`%SystemRoot%\Temp\svc.exe -k netsvcs`,
		`C:\ProgramData\s.exe`,
		`powershell.exe -w hidden -enc SQBFAFgA`,
		`rundll32.exe C:\ProgramData\a.dll,Start`,
	))
	r := f.write(c, path, func(s Source) bool { return !s.NoProcess })
	r.Rule = Expected(path)
	return r
}

// Benign returns a record that no rule of the pack may fire on: other events,
// other processes in the same places, the provider host in other places, keys
// created where values would be an attack.
func (f *Feed) Benign() Record {
	c := f.change()
	any := func(Source) bool { return true }
	switch f.rng.IntN(10) {
	case 0, 1, 2, 3:
		return f.processStart(c)
	case 4:
		return Record{Value: fmt.Appendf(nil, "<134>%s %s dhcpd: lease renewed", c.Time.Format(time.Stamp), c.Host), Key: c.Host}
	case 5: // an installer in a Run key
		c.Image = `C:\Windows\System32\msiexec.exe`
		c.Data = Text(`"C:\Program Files\Vendor\agent.exe" --tray`)
		return f.write(c, f.concrete(`HKLM\Software\Microsoft\Windows\CurrentVersion\Run\*`, c.SID), any)
	case 6: // the provider host where nothing starts
		c.Image = `C:\Windows\System32\wbem\WmiPrvSE.exe`
		c.Data = Text("20260304101112.000000+000")
		return f.write(c, `HKLM\SOFTWARE\Microsoft\WBEM\CIMOM\`+f.pick("LastServiceStart", "List of event-active namespaces"), any)
	case 7: // the provider host looks at a Run key: an event 12
		c.Image = `C:\Windows\system32\wbem\wmiprvse.exe`
		c.Action = CreateKey
		return f.write(c, `HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Run`, any)
	case 8: // and removes a value
		c.Image = `C:\Windows\system32\wbem\wmiprvse.exe`
		c.Action = DeleteValue
		return f.write(c, f.concrete(`HKEY_USERS\*\Software\Microsoft\Windows\CurrentVersion\Run\*`, c.SID), any)
	default:
		c.Image = `C:\Windows\explorer.exe`
		c.Data = Data{Type: "REG_BINARY", Strings: []string{""}}
		return f.write(c, `HKEY_USERS\`+c.SID+`\Software\Microsoft\Windows\CurrentVersion\Explorer\RecentDocs\MRUListEx`, any)
	}
}

// Poison returns a record that begins well and cannot be read.
func (f *Feed) Poison() Record {
	c := f.change()
	c.Image = `C:\Windows\explorer.exe`
	c.Data = Text("on")
	r := f.write(c, `HKLM\SOFTWARE\Vendor\Setting`, func(s Source) bool { return s.Shape != "windows_xml" })
	r.Value, r.Shape, r.Poison = r.Value[:len(r.Value)*2/3], "", true
	return r
}

func (f *Feed) change() *Change {
	f.time = f.time.Add(time.Duration(1+f.rng.IntN(900)) * time.Millisecond)
	n := 1 + f.rng.IntN(60)
	return &Change{
		Time: f.time,
		Host: fmt.Sprintf("ws-%03d.corp.example", n),
		User: f.pick("ana", "ben", "chloe", "dmitri"),
		SID:  fmt.Sprintf("S-1-5-21-1004336348-1177238915-682003330-%d", 1000+n),
		PID:  4 * (200 + f.rng.IntN(3000)),
	}
}

// write lets one of the sources that want holds for tell of c. The path is
// canonical, but for a control set of number 001.
func (f *Feed) write(c *Change, path string, want func(Source) bool) Record {
	for {
		list := f.sources[f.pick(f.shapes...)]
		s := list[f.rng.IntN(len(list))]
		if !s.Tells(c.Action) || !want(s) {
			continue
		}
		c.SetPath(s.Spell(path))
		return Record{Value: s.Write(c).Render(AsIs, f.rng), Shape: s.Shape, Key: c.Host}
	}
}

// processStart is an event 1: most of what a bus carries.
func (f *Feed) processStart(c *Change) Record {
	e := &windowsEvent{Change: c, id: 1, channel: sysmonChannel, provider: sysmonProvider, message: "Process Create:", data: []pair{
		{"UtcTime", sysmonTime(c.Time)}, {"Image", `C:\Windows\System32\svchost.exe`}, {"ProcessId", fmt.Sprint(c.PID)},
		{"CommandLine", `C:\Windows\System32\svchost.exe -k netsvcs -p`}, {"User", domain + `\` + c.User}}}
	return Record{Value: winlogbeat8(e).Render(AsIs, f.rng), Key: c.Host}
}

func (f *Feed) pick(choices ...string) string { return choices[f.rng.IntN(len(choices))] }

// concrete puts names in the place of a location's wildcards.
func (f *Feed) concrete(pattern, sid string) string {
	return Concrete(pattern, sid, f.pick("UpdaterSvc", "WdiHelper", "AgentHost"), f.pick("updater", "OneDrive Sync", "{5D1F}", "100% free"))
}

// Concrete puts names in the place of the wildcards of a location's pattern:
// that of a service and that of a value.
func Concrete(pattern, sid, service, value string) string {
	path := strings.Replace(pattern, `HKEY_USERS\*`, `HKEY_USERS\`+sid, 1)
	path = strings.Replace(path, "*ControlSet*", "ControlSet001", 1)
	path = strings.Replace(path, `Services\*`, `Services\`+service, 1)
	path = strings.Replace(path, `LangBarAddin\*`, `LangBarAddin\{C2A4D4E8-1E3B-4C5A-9C55-0B5F3B1D7A11}`, 1)
	path = strings.Replace(path, `Extensions\*`, `Extensions\{7F1E2D3C-0A4B-4E5F-8D6C-112233445566}`, 1)
	return strings.Replace(path, "*", value, 1)
}

// Expected names the rule that must fire on a value that the provider host
// sets in an autostart location, whatever the spelling of its path.
func Expected(path string) string {
	p := strings.ToLower(path)
	contains := func(part string) bool { return strings.Contains(p, part) }
	switch {
	case slices.ContainsFunc([]string{`\currentversion\run\`, `\currentversion\runonce\`, `\currentversion\runonceex\`, `\policies\explorer\run\`}, contains):
		return RuleRunKeys
	case strings.HasSuffix(p, `\imagepath`):
		return RuleImagePath
	case strings.HasSuffix(p, `\winlogon\shell`):
		return RuleWinlogonShell
	}
	return RuleProvider
}
