package pipeline_test

import (
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/regtrap/regtrap/cmd/internal/sample"
	"github.com/regtrap/regtrap/rules"
)

// twin is the same events as XML and as JSON.
type twin struct{ xml, json *corpus }

// xmlCorpora returns, each of n records, a bus of Sysmon's events, a fifth of them registry
// events, and registry events alone.
func xmlCorpora(tb testing.TB, pack *rules.Snapshot, n int) []twin {
	tb.Helper()
	var list []twin
	for _, kind := range []struct {
		name  string
		every int // so many records hold one registry event
	}{{"bus", 5}, {"registry_only", 1}} {
		t := twin{&corpus{name: kind.name, invented: true}, &corpus{name: kind.name + " as JSON", invented: true}}
		for i := range n {
			e := sysmonEvent(i, i%kind.every == 0)
			var in tally
			if e.id == 13 {
				in.events = 1
			}
			if e.attack {
				in.alerts = 1
			}
			t.xml.add(e.xml(), in)
			t.json.add(e.json(), in)
		}
		t.xml.ready(tb, pack)
		t.json.ready(tb, pack)
		list = append(list, t)
	}
	return list
}

// sysmon is an event of Sysmon before a sender writes it.
type sysmon struct {
	id, number int
	time       time.Time
	host       string
	data       [][2]string
	attack     bool
}

func sysmonEvent(i int, registryEvent bool) sysmon {
	rng := random(i)
	e := sysmon{number: 255000 + i, time: at(i), host: fmt.Sprintf("ws-%03d.corp.example", 1+rng.IntN(60))}
	guid := "{a158f72c-0ad0-5db5-0000-" + hex(rng, 12) + "}"
	utc := e.time.Format("2006-01-02 15:04:05.000")
	pid := strconv.Itoa(4 * (200 + rng.IntN(3000)))
	if registryEvent {
		e.id = 13
		image := pick(rng, `C:\Windows\explorer.exe`, `C:\Windows\System32\svchost.exe`, `C:\Windows\System32\msiexec.exe`)
		path := pick(rng, `HKLM\System\CurrentControlSet\Services\W32Time\Config\Status`, `HKU\S-1-5-21-1-2-3-1001\Software\Microsoft\Windows\CurrentVersion\Explorer\RecentDocs\MRUListEx`, `HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Run\agent`)
		if e.attack = i%500 == 0; e.attack {
			image, path = `C:\Windows\system32\wbem\wmiprvse.exe`, `HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Run\updater`
		}
		e.data = [][2]string{{"RuleName", "-"}, {"EventType", "SetValue"}, {"UtcTime", utc}, {"ProcessGuid", guid}, {"ProcessId", pid}, {"Image", image},
			{"TargetObject", path}, {"Details", pick(rng, "DWORD (0x00000001)", "Binary Data", `"C:\Program Files\Vendor & Sons\agent.exe" --tray`)}, {"User", `CORP\ana`}}
		return e
	}
	if rng.IntN(2) == 0 {
		e.id = 3
		e.data = [][2]string{{"RuleName", "-"}, {"UtcTime", utc}, {"ProcessGuid", guid}, {"ProcessId", pid}, {"Image", `C:\Windows\System32\svchost.exe`}, {"User", `NT AUTHORITY\NETWORK SERVICE`},
			{"Protocol", "tcp"}, {"Initiated", "true"}, {"SourceIsIpv6", "false"}, {"SourceIp", ip(rng)}, {"SourceHostname", e.host}, {"SourcePort", strconv.Itoa(49152 + rng.IntN(16000))}, {"SourcePortName", "-"},
			{"DestinationIsIpv6", "false"}, {"DestinationIp", ip(rng)}, {"DestinationHostname", "dc-1.corp.example"}, {"DestinationPort", "389"}, {"DestinationPortName", "ldap"}}
		return e
	}
	e.id = 1
	e.data = [][2]string{{"RuleName", "-"}, {"UtcTime", utc}, {"ProcessGuid", guid}, {"ProcessId", pid}, {"Image", `C:\Windows\System32\svchost.exe`}, {"FileVersion", "10.0.22621.1 (WinBuild.160101.0800)"},
		{"Description", "Host Process for Windows Services"}, {"Product", "Microsoft® Windows® Operating System"}, {"Company", "Microsoft Corporation"}, {"OriginalFileName", "svchost.exe"},
		{"CommandLine", `C:\Windows\system32\svchost.exe -k netsvcs -p -s "Schedule"`}, {"CurrentDirectory", `C:\Windows\system32\`}, {"User", `NT AUTHORITY\SYSTEM`}, {"LogonGuid", guid}, {"LogonId", "0x3e7"},
		{"TerminalSessionId", "0"}, {"IntegrityLevel", "System"}, {"Hashes", "MD5=" + hex(rng, 32) + ",SHA256=" + hex(rng, 64) + ",IMPHASH=" + hex(rng, 32)},
		{"ParentProcessGuid", guid}, {"ParentProcessId", "712"}, {"ParentImage", `C:\Windows\System32\services.exe`}, {"ParentCommandLine", `C:\Windows\system32\services.exe`}, {"ParentUser", `NT AUTHORITY\SYSTEM`}}
	return e
}

// xml is the event as Windows renders it.
func (e sysmon) xml() []byte {
	var b strings.Builder
	fmt.Fprintf(&b, `<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='Microsoft-Windows-Sysmon' Guid='{5770385f-c22a-43e0-bf4c-06f5698ffbd9}'/><EventID>%d</EventID><Version>2</Version><Level>4</Level><Task>%d</Task><Opcode>0</Opcode><Keywords>0x8000000000000000</Keywords><TimeCreated SystemTime='%s'/><EventRecordID>%d</EventRecordID><Correlation/><Execution ProcessID='2804' ThreadID='3516'/><Channel>Microsoft-Windows-Sysmon/Operational</Channel><Computer>%s</Computer><Security UserID='S-1-5-18'/></System><EventData>`,
		e.id, e.id, e.time.Format("2006-01-02T15:04:05.0000000Z"), e.number, e.host)
	for _, d := range e.data {
		fmt.Fprintf(&b, "<Data Name='%s'>", d[0])
		if err := xml.EscapeText(&b, []byte(d[1])); err != nil {
			panic(err) // a Builder takes everything
		}
		b.WriteString("</Data>")
	}
	b.WriteString("</EventData></Event>")
	return []byte(b.String())
}

// json is the event as Winlogbeat 8 writes it, without the message.
func (e sysmon) json() []byte {
	b := fmt.Appendf(nil, `{"@timestamp":"%s","@metadata":{"beat":"winlogbeat","type":"_doc","version":"8.17.3"},"ecs":{"version":"8.0.0"},"winlog":{"channel":"Microsoft-Windows-Sysmon/Operational","provider_name":"Microsoft-Windows-Sysmon","provider_guid":"{5770385f-c22a-43e0-bf4c-06f5698ffbd9}","event_id":"%d","version":2,"record_id":%d,"computer_name":"%s","user":{"identifier":"S-1-5-18","domain":"NT AUTHORITY","name":"SYSTEM","type":"User"},"process":{"pid":2804,"thread":{"id":3516}},"opcode":"Info","event_data":{`,
		e.time.Format("2006-01-02T15:04:05.000Z"), e.id, e.number, e.host)
	for i, d := range e.data {
		if i > 0 {
			b = append(b, ',')
		}
		b = fmt.Appendf(b, "%q:%q", d[0], d[1])
	}
	return fmt.Appendf(b, `}},"event":{"code":"%d","kind":"event","provider":"Microsoft-Windows-Sysmon","created":"%s"},"log":{"level":"information"},"host":{"name":"collector-1"}}`, e.id, e.time.Format("2006-01-02T15:04:06.000Z"))
}

// registryFeed returns a function that gives one registry event after another, in
// JSON.
func registryFeed() func() sample.Record {
	f := sample.New(1, at(0))
	n := 0
	return func() sample.Record {
		n++
		for {
			r := f.Benign()
			if n%20 == 0 {
				r = f.Attack()
			}
			if r.Shape != "" && r.Value[0] == '{' {
				return r
			}
		}
	}
}
