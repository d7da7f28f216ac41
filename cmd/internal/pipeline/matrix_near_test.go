package pipeline_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/regtrap/regtrap/cmd/internal/pipeline"
	"github.com/regtrap/regtrap/cmd/internal/sample"
	"github.com/regtrap/regtrap/enrich"
	"github.com/regtrap/regtrap/registry"
)

// near is a change that differs from an attack in one thing.
type near struct {
	name   string
	change *sample.Change
}

// nearMisses returns them for a path of the matrix. An event of every one of
// them must be read, and raise nothing.
func nearMisses(pattern, path string) []near {
	var list []near
	add := func(name, path string, edit func(*sample.Change)) {
		c := change(path)
		edit(c)
		c.SetPath(path)
		list = append(list, near{name, c})
	}
	same := func(*sample.Change) {}
	do := func(a sample.Action) func(*sample.Change) { return func(c *sample.Change) { c.Action = a } }

	for _, image := range []string{`C:\Windows\explorer.exe`, `C:\Windows\System32\wbem\WmiApSrv.exe`, `C:\Temp\NotWmiPrvSE.exe`, `C:\Temp\WmiPrvSE.exe.com`, `C:\Temp\WmiPrvSE.exe\x.exe`} {
		add("process "+image, path, func(c *sample.Change) { c.Image = image })
	}

	fixed := lastFixed(pattern)
	at := strings.LastIndex(path, fixed)

	// The key of the location, without the value.
	parent := path[:at]
	if strings.HasSuffix(pattern, `\*`) {
		parent += fixed
	}
	if !strings.HasSuffix(strings.ToLower(parent), `\winlogon\shell`) { // a location itself
		add("value in the place of the key", parent, same)
	}
	add("key created", parent, do(sample.CreateKey))
	add("key of the path created", path, do(sample.CreateKey))
	add("key of the path deleted", path, do(sample.DeleteKey))

	// A neighbour: the last fixed name of the location is longer, or shorter.
	for _, name := range []string{fixed + "x", fixed + " ", "x" + fixed[1:], fixed[:len(fixed)-1]} {
		if !strings.HasPrefix(name, `\`) {
			name = `\` + name
		}
		add("neighbour "+name, path[:at]+name+path[at+len(fixed):], same)
	}

	add("value deleted", path, do(sample.DeleteValue))
	add("value renamed", path, func(c *sample.Change) { c.Action, c.NewPath = sample.RenameValue, path+"2" })
	add("key renamed", parent, func(c *sample.Change) { c.Action, c.NewPath = sample.RenameKey, parent+"2" })
	add("value read", path, do(sample.Query))
	add("empty list", path, func(c *sample.Change) { c.Data = sample.Data{Type: "REG_MULTI_SZ"} })
	return list
}

// lastFixed is the last name of a location that is no wildcard, with its
// separator.
func lastFixed(pattern string) string {
	pattern = strings.TrimSuffix(pattern, `\*`)
	return pattern[strings.LastIndexByte(pattern, '\\'):]
}

func TestNoNearMissAlerts(t *testing.T) {
	var n atomic.Int64
	forms := sample.Forms()
	t.Run("sources", func(t *testing.T) {
		eachSource(t, func(t *testing.T, s sample.Source, w *pipeline.Worker, rng *rand.Rand) {
			paths := locations()
			for i, l := range registry.Locations() {
				for _, m := range nearMisses(l.Pattern, paths[i]) {
					if !s.Tells(m.change.Action) || m.name == "empty list" && !s.Lists {
						continue
					}
					full := m.change.Key
					if m.change.Value != "" {
						full += `\` + m.change.Value
					}
					for _, wire := range cases(s.Spell(full), rng) {
						c := *m.change
						c.SetPath(wire)
						doc := s.Write(&c)
						form := forms[n.Add(1)%int64(len(forms))]
						value := doc.Render(form, rng)
						if r := w.Record(enrich.Source{Topic: "t", Value: value}); len(r.Alerts) != 0 || r.DeadLetter != nil || registryEvents(r) != 1 {
							t.Fatalf("%s of %s, %s: %d alerts, %d registry events, dead letter %+v%s\n%s", m.name, l.Pattern, form, len(r.Alerts), registryEvents(r), r.DeadLetter, fired(r), value)
						}
					}
				}
			}
		})
	})
	t.Logf("%d cases", n.Load())
}

func fired(r *pipeline.Result) string {
	var b strings.Builder
	for _, a := range r.Alerts {
		fmt.Fprintf(&b, ", %s on %s", a.Rule.Name, a.Registry.Path)
	}
	return b.String()
}
