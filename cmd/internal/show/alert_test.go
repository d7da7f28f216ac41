package show_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/regtrap/regtrap/cmd/internal/show"
	"github.com/regtrap/regtrap/schemas"
)

func alert() *schemas.Alert {
	value := "updater"
	return &schemas.Alert{
		Timestamp: time.Date(2026, 3, 4, 10, 11, 12, 300e6, time.UTC),
		Event:     schemas.AlertEvent{ID: "d2e9f162a39a7f25af48349bd3e619ec"},
		Rule:      schemas.AlertRule{Name: "Persistence via WMI Standard Registry Provider"},
		Threat: &schemas.AlertThreat{Technique: &schemas.AlertTechnique{
			ID: []string{"T1547", "T1047"}, Name: []string{"Boot or Logon Autostart Execution", "Windows Management Instrumentation"},
			Subtechnique: &schemas.AlertThreatRef{ID: []string{"T1547.001"}, Name: []string{"Registry Run Keys / Startup Folder"}},
		}},
		Registry: schemas.AlertRegistry{
			Path: `HKEY_USERS\S-1-5-21-1-2-3-1001\Software\Microsoft\Windows\CurrentVersion\Run\updater`, Value: &value,
			Data: &schemas.AlertRegistryData{Strings: []string{`C:\Temp\u.exe`}},
		},
		Process: &schemas.AlertProcess{Executable: `C:\Windows\System32\wbem\WmiPrvSE.exe`, PID: 5580},
		User:    &schemas.AlertUser{Domain: "CORP", Name: "ana"},
		Host:    schemas.AlertHost{Name: "ws-041"},
		Regtrap: schemas.AlertRegtrap{
			Severity: "high", Shape: "nxlog", Source: schemas.AlertSource{Topic: "telemetry", Partition: 3, Offset: 54},
			Registry: schemas.AlertWireRegistry{Path: `HKU\S-1-5-21-1-2-3-1001\Software\Microsoft\Windows\CurrentVersion\Run\updater`},
		},
	}
}

func ExampleAlert() {
	fmt.Print(show.Alert(alert(), "published to", "alerts"))
	// Output:
	// HIGH  Persistence via WMI Standard Registry Provider
	//   when         2026-03-04 10:11:12.300 UTC
	//   who          CORP\ana on ws-041 through C:\Windows\System32\wbem\WmiPrvSE.exe (process 5580)
	//   where        HKEY_USERS\S-1-5-21-1-2-3-1001\Software\Microsoft\Windows\CurrentVersion\Run\updater
	//   on the wire  HKU\S-1-5-21-1-2-3-1001\Software\Microsoft\Windows\CurrentVersion\Run\updater
	//   would start  C:\Temp\u.exe
	//   technique    T1547.001 Registry Run Keys / Startup Folder, T1047 Windows Management Instrumentation
	//   read from    telemetry, partition 3, offset 54, index 0, as nxlog
	//   alert        d2e9f162a39a7f25af48349bd3e619ec
	//   published to alerts
}

func TestTelemetryCannotSteerTheTerminal(t *testing.T) {
	a := alert()
	a.Registry.Data.Strings = []string{"\x1b]0;owned\a\r\nHIGH  forged", "\u202egnp.exe"}
	text := show.Alert(a)
	if strings.ContainsAny(text, "\x1b\a\r\u202e") || strings.Contains(text, "\nHIGH  forged") {
		t.Errorf("%q", text)
	}
}

func TestAnAlertThatKnowsLittleIsShown(t *testing.T) {
	a := &schemas.Alert{Regtrap: schemas.AlertRegtrap{Severity: "low", Registry: schemas.AlertWireRegistry{Opaque: true}}}
	if text := show.Alert(a); !strings.Contains(text, "not shown by the source") {
		t.Errorf("%q", text)
	}
}
