package pipeline_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regtrap/regtrap/cmd/internal/sample"
	"github.com/regtrap/regtrap/enrich"
	"github.com/regtrap/regtrap/schemas"
)

// One and the same change must give one and the same alert, whoever tells of
// it: what a source does not say is left out, and only that.

// ecs is what an alert says of the change in ECS.
type ecs struct {
	Rule     string
	Time     string
	Type     []string
	Action   string
	Category []string
	Registry schemas.AlertRegistry
	Opaque   bool
	Process  schemas.AlertProcess
	User     schemas.AlertUser
	Host     string
	OS       string
}

func ecsOf(a *schemas.Alert) ecs {
	e := ecs{
		Rule: a.Rule.Name, Time: a.Timestamp.Format("15:04:05.000"), Type: a.Event.Type, Action: a.Event.Action, Category: a.Event.Category,
		Registry: a.Registry, Opaque: a.Regtrap.Registry.Opaque, Host: a.Host.Name, OS: a.Host.OS.Type,
	}
	if a.Process != nil {
		e.Process = schemas.AlertProcess{Executable: a.Process.Executable, Name: a.Process.Name, PID: a.Process.PID}
	}
	if a.User != nil {
		e.User = *a.User
	}
	return e
}

func TestTheAlertIsTheSameWhicheverSourceTells(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 0x73616d65))
	w := matrixWorker(t)
	for _, data := range []sample.Data{
		sample.Text(`C:\ProgramData\u.exe -k %TEMP% "ä" <&>`),
		{Type: "REG_EXPAND_SZ", Strings: []string{`%SystemRoot%\u.exe`}},
		{Type: "REG_SZ", Strings: []string{""}},
		sample.Number(4),
		sample.Number(0xffffffff),
		sample.Number(0x1_0000_0004),
		{Type: "REG_BINARY", Strings: []string{"\x01\x02"}},
	} {
		for _, s := range sample.Sources() {
			if s.NoProcess {
				continue
			}
			c := change(s.Spell(`HKEY_USERS\` + matrixSID + `\Software\Microsoft\Windows\CurrentVersion\Run\100% free`))
			c.Data = data
			value := s.Write(c).Render(sample.AsIs, rng)
			r := w.Record(enrich.Source{Topic: "t", Value: value})
			if len(r.Alerts) != 1 {
				t.Errorf("%s, %+v: %d alerts, dead letter %v\n%s", s.Name, data, len(r.Alerts), r.DeadLetter, value)
				continue
			}
			got, want := ecsOf(r.Alerts[0]), wantECS(c)
			lack(s, &got, &want)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s, %+v (-want +got):\n%s\n%s", s.Name, data, diff, value)
			}
		}
	}
}

// wantECS is what a source that knows all says of a change below Run.
func wantECS(c *sample.Change) ecs {
	name := c.Value
	e := ecs{
		Rule: sample.RuleRunKeys, Time: c.Time.Format("15:04:05.000"), Type: []string{"change"}, Action: "modification", Category: []string{"registry"},
		Registry: schemas.AlertRegistry{
			Path:  `HKEY_USERS\` + matrixSID + `\Software\Microsoft\Windows\CurrentVersion\Run\100% free`,
			Hive:  "HKEY_USERS",
			Key:   matrixSID + `\Software\Microsoft\Windows\CurrentVersion\Run`,
			Value: &name,
			Data:  &schemas.AlertRegistryData{Type: c.Data.Type, Strings: c.Data.Strings},
		},
		Process: schemas.AlertProcess{Executable: c.Image, Name: "WmiPrvSE.exe", PID: uint64(c.PID)},
		User:    schemas.AlertUser{ID: c.SID, Name: c.User, Domain: "CORP"},
		Host:    c.Host,
		OS:      "windows",
	}
	switch c.Data.Type {
	case "REG_BINARY":
		e.Registry.Data.Strings, e.Opaque = nil, true
	case "REG_DWORD", "REG_QWORD":
		e.Registry.Data.Strings = []string{map[uint64]string{4: "4", 0xffffffff: "4294967295", 0x1_0000_0004: "4294967300"}[c.Data.Number]}
	}
	return e
}

// lack takes out of both what the source cannot tell.
func lack(s sample.Source, got, want *ecs) {
	audit := strings.HasSuffix(s.Name, ", 4657")
	sysmon := !audit && s.Shape != "elastic_defend" && s.Shape != "defender" && s.Shape != "crowdstrike" && s.Shape != "sentinelone" && s.Shape != "endgame" && s.Shape != "cortex"
	if sysmon {
		want.User.ID = "" // Sysmon names the user
		if t := want.Registry.Data.Type; t == "REG_SZ" || t == "REG_EXPAND_SZ" || t == "REG_BINARY" {
			want.Registry.Data.Type = "" // Sysmon does not say which
		}
	}
	if want.Registry.Data.Type == "" && want.Registry.Data.Strings == nil {
		want.Registry.Data = nil
	}
	switch s.Shape {
	case "sysmon_minimal":
		want.Host = ""
		if sysmon {
			want.User = schemas.AlertUser{}
		}
		if audit {
			got.Time = want.Time // it has none
		}
	case "crowdstrike":
		want.User.Domain, want.Process.PID = "", 0
		if s.Name == "CrowdStrike ASEP" {
			want.Process.Executable = ""
		}
	case "fluent_bit":
		if s.Name == "Fluent Bit, old Sysmon" {
			want.User = schemas.AlertUser{}
		}
	case "sentinelone":
		want.User.ID = ""
	}
}
