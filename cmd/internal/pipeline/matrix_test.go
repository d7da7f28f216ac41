package pipeline_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/regtrap/regtrap/cmd/internal/pipeline"
	"github.com/regtrap/regtrap/cmd/internal/sample"
	"github.com/regtrap/regtrap/enrich"
	"github.com/regtrap/regtrap/registry"
	"github.com/regtrap/regtrap/schemas"
)

// The matrix: every autostart location, in every spelling and letter case, as
// every source writes it, in every form. Each case must raise one alert, of
// the right rule; and what differs from it in one thing, none.

const (
	matrixSID = "S-1-5-21-1004336348-1177238915-682003330-1041"
	provider  = `C:\Windows\System32\wbem\WmiPrvSE.exe`
)

// images returns the spellings of the provider host's image.
func images() []string {
	return []string{provider, `C:\WINDOWS\system32\wbem\WMIPRVSE.EXE`, `c:\windows\syswow64\wbem\wmiprvse.exe`, `\Device\HarddiskVolume3\Windows\System32\wbem\WmiPrvSE.exe`}
}

// locations returns a path for every location, canonical but for a control set
// of number 001.
func locations() []string {
	var list []string
	for i, l := range registry.Locations() {
		value := []string{"updater", "OneDrive Sync", "100% free", `{5D1F}\x`}[i%4]
		list = append(list, sample.Concrete(l.Pattern, matrixSID, "UpdaterSvc", value))
	}
	return list
}

// spelled returns every way in which sources write the head and the control
// set of a path.
func spelled(path string) []string {
	heads := map[string][]string{
		`HKLM\`:       {`HKLM\`, `HKEY_LOCAL_MACHINE\`, `\REGISTRY\MACHINE\`, `REGISTRY\MACHINE\`, `MACHINE\`},
		`HKEY_USERS\`: {`HKEY_USERS\`, `HKU\`, `\REGISTRY\USER\`, `REGISTRY\USER\`, `USER\`},
	}
	var list []string
	for head, others := range heads {
		if rest, ok := strings.CutPrefix(path, head); ok {
			for _, other := range others {
				list = append(list, other+rest)
			}
		}
	}
	if rest, ok := strings.CutPrefix(path, `HKEY_USERS\`+matrixSID+`\`); ok {
		list = append(list, `HKCU\`+rest, `HKEY_CURRENT_USER\`+rest)
		for _, head := range heads[`HKEY_USERS\`] {
			list = append(list, head+`.DEFAULT\`+rest, head+`S-1-5-18\`+rest)
		}
	}
	for _, p := range slices.Clone(list) {
		if strings.Contains(p, "ControlSet001") {
			list = append(list, strings.Replace(p, "ControlSet001", "CurrentControlSet", 1), strings.Replace(p, "ControlSet001", "ControlSet002", 1))
		}
	}
	return list
}

// cases returns a path in several letter cases.
func cases(path string, rng *rand.Rand) []string {
	mixed := []byte(path)
	for i, c := range mixed {
		if rng.IntN(2) == 0 && ('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z') {
			mixed[i] = c ^ 0x20
		}
	}
	return []string{path, strings.ToLower(path), strings.ToUpper(path), string(mixed)}
}

func change(path string) *sample.Change {
	c := &sample.Change{Time: at(7), Host: "ws-041.corp.example", User: "ana", SID: matrixSID, Image: provider, PID: 5580, Data: sample.Text(`C:\ProgramData\u.exe -k %TEMP%`)}
	c.SetPath(path)
	return c
}

func matrixWorker(t *testing.T) *pipeline.Worker {
	c := config(t)
	c.Options = enrich.Options{Version: "test"}
	return pipeline.NewWorker(c)
}

// eachSource runs a test of every source, several at a time, each with a
// random source of its own.
func eachSource(t *testing.T, run func(t *testing.T, s sample.Source, w *pipeline.Worker, rng *rand.Rand)) {
	for i, s := range sample.Sources() {
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			run(t, s, matrixWorker(t), rand.New(rand.NewPCG(uint64(i), 0x6d6174726978)))
		})
	}
}

func TestEveryLocationAlertsOnceInEverySpellingShapeAndForm(t *testing.T) {
	var n, sources atomic.Int64
	t.Run("sources", func(t *testing.T) {
		eachSource(t, func(t *testing.T, s sample.Source, w *pipeline.Worker, rng *rand.Rand) {
			sources.Add(1)
			images, changes := images(), 0
			if !s.Tells(sample.SetValue) {
				t.Fatal("tells of no value that was set")
			}
			for _, path := range locations() {
				want := sample.Expected(path)
				for _, wire := range spelled(path) {
					for _, wire := range cases(wire, rng) {
						c := change(wire)
						c.Image = images[changes%len(images)]
						changes++
						doc := s.Write(c)
						for _, form := range sample.Forms() {
							n.Add(1)
							value := doc.Render(form, rng)
							r := w.Record(enrich.Source{Topic: "t", Value: value})
							if s.NoProcess {
								if len(r.Alerts) != 0 || missing(r)&schemas.MissingProcess == 0 {
									t.Fatalf("%s, %s: %d alerts, outcomes %+v\n%s", wire, form, len(r.Alerts), r.Outcomes, value)
								}
								continue
							}
							if problem := wrong(r, want, s.Shape, path, wire); problem != "" {
								t.Fatalf("%s, %s: %s\n%s", wire, form, problem, value)
							}
						}
					}
				}
			}
		})
	})
	t.Logf("%d cases of %d sources", n.Load(), sources.Load())
}

// wrong says what is not as it must be in what an attack caused.
func wrong(r *pipeline.Result, rule, shape, path, wire string) string {
	switch {
	case r.DeadLetter != nil:
		return fmt.Sprintf("a dead letter: %+v", *r.DeadLetter)
	case len(r.Alerts) != 1:
		return fmt.Sprintf("%d alerts, outcomes %+v", len(r.Alerts), r.Outcomes)
	}
	a := r.Alerts[0]
	switch got := strings.ToLower(a.Registry.Path); {
	case a.Rule.Name != rule:
		return fmt.Sprintf("fired %q, want %q", a.Rule.Name, rule)
	case a.Regtrap.Shape != shape:
		return fmt.Sprintf("read as %s, want %s", a.Regtrap.Shape, shape)
	case a.User != nil && a.User.ID != "" && a.User.ID != matrixSID:
		return fmt.Sprintf("done by %q", a.User.ID)
	case a.Host.Name != "ws-041.corp.example" && shape != "sysmon_minimal":
		return fmt.Sprintf("on host %q", a.Host.Name)
	case a.Process.PID != 5580 && shape != "crowdstrike":
		return fmt.Sprintf("by process %d", a.Process.PID)
	case got != strings.ToLower(canonicalOf(path, wire, a.User)):
		return fmt.Sprintf("path %s, want %s", a.Registry.Path, canonicalOf(path, wire, a.User))
	}
	return ""
}

// canonicalOf is the path of the alert of a path spelled as wire, by user.
func canonicalOf(path, wire string, user *schemas.AlertUser) string {
	wire = strings.ToLower(wire)
	if strings.Contains(wire, "currentcontrolset") {
		path = strings.Replace(path, "ControlSet001", "CurrentControlSet", 1)
	}
	if strings.Contains(wire, "controlset002") {
		path = strings.Replace(path, "ControlSet001", "ControlSet002", 1)
	}
	if strings.Contains(wire, `\.default\`) || strings.Contains(wire, `\s-1-5-18\`) {
		path = strings.Replace(path, matrixSID, "S-1-5-18", 1)
	}
	if strings.HasPrefix(wire, `hkcu\`) || strings.HasPrefix(wire, `hkey_current_user\`) {
		if user == nil || user.ID == "" {
			path = strings.Replace(path, matrixSID, "CURRENT_USER", 1)
		}
	}
	return path
}

func missing(r *pipeline.Result) (m schemas.Missing) {
	for _, o := range r.Outcomes {
		m |= o.Missing
	}
	return m
}

func registryEvents(r *pipeline.Result) (n int) {
	for _, o := range r.Outcomes {
		if o.Kind == schemas.Registry {
			n++
		}
	}
	return n
}
