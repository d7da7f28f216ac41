package enrich_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regtrap/regtrap/enrich"
	"github.com/regtrap/regtrap/schemas"
)

// big returns an alert with texts of random length.
func big(t testing.TB, rng *rand.Rand) *schemas.Alert {
	record := strings.Replace(examples()["run-key-elastic-defend"], `u.exe"`, `u.exe `+strings.Repeat("ü", rng.IntN(20000))+`"`, 1)
	a := alerts(t, load(t), source(record), enrich.Options{Original: rng.IntN(2) == 0})[0]
	for range rng.IntN(300) {
		a.Registry.Data.Strings = append(a.Registry.Data.Strings, strings.Repeat("x", rng.IntN(500)))
	}
	a.Process.CommandLine = strings.Repeat("日本", rng.IntN(5000))
	return a
}

func TestTrimFitsAndKeepsWhatIdentifies(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 60 {
		a := big(t, rng)
		before := *a
		size := 2000 + rng.IntN(60000)
		done := enrich.Trim(a, size)
		line, err := a.AppendJSON(nil)
		if err != nil {
			t.Fatal(err)
		}
		if done != (len(line) <= size) {
			t.Fatalf("Trim to %d says %v and leaves %d bytes", size, done, len(line))
		}
		valid(t, fmt.Sprintf("trimmed to %d", size), line)
		if a.Event.ID != before.Event.ID || a.Rule.ID != before.Rule.ID || a.User.ID != before.User.ID ||
			!slices.Equal(a.Threat.Technique.ID, before.Threat.Technique.ID) || a.Regtrap.Source != before.Regtrap.Source {
			t.Errorf("an id was trimmed")
		}
		if len(a.Regtrap.Trimmed) > 0 && before.Regtrap.Original != "" && a.Regtrap.Trimmed[0] != "regtrap.original" {
			t.Errorf("trimmed %q: want the original first", a.Regtrap.Trimmed)
		}
		again := *a
		if enrich.Trim(&again, len(line)); cmp.Diff(again, *a) != "" {
			t.Errorf("Trim of what fits changes it")
		}
	}
}

func TestTrimTakesOriginalThenNoteThenTexts(t *testing.T) {
	a := alerts(t, load(t), source(examples()["minimal"]), enrich.Options{Original: true})[0]
	line, err := a.AppendJSON(nil)
	if err != nil {
		t.Fatal(err)
	}
	if !enrich.Trim(a, len(line)-1) || !slices.Equal(a.Regtrap.Trimmed, []string{"regtrap.original"}) || a.Regtrap.Note == "" {
		t.Errorf("trimmed %q", a.Regtrap.Trimmed)
	}
	line, err = a.AppendJSON(line[:0])
	if err != nil {
		t.Fatal(err)
	}
	if !enrich.Trim(a, len(line)-1) || !slices.Equal(a.Regtrap.Trimmed, []string{"regtrap.original", "regtrap.note"}) {
		t.Errorf("trimmed %q", a.Regtrap.Trimmed)
	}
	if enrich.Trim(a, 100) {
		t.Error("an alert of 100 bytes")
	}
	if a.Event.ID == "" || a.Message == "" {
		t.Error("nothing is left of it")
	}
}

func FuzzTrim(f *testing.F) {
	f.Add("C:\\u.exe", "ü\xff", 3000)
	s := load(f)
	f.Fuzz(func(t *testing.T, data, command string, size int) {
		a := alerts(t, s, source(examples()["minimal"]), enrich.Options{})[0]
		a.Registry.Data.Strings = []string{data, command}
		a.Process.CommandLine = command
		done := enrich.Trim(a, size)
		line, err := a.AppendJSON(nil)
		if err != nil || done != (len(line) <= size) {
			t.Errorf("Trim to %d says %v and leaves %d bytes: %v", size, done, len(line), err)
		}
	})
}
