package schemas_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regtrap/regtrap/schemas"
)

// dump writes everything that an event shows, a text a line.
func dump(ev *schemas.Event, out schemas.Outcome) string {
	var b strings.Builder
	if ev == nil {
		fmt.Fprintf(&b, "kind %d %s %s %s\n", out.Kind, out.Reason, out.Shape, out.Detail)
		return b.String()
	}
	at, source := ev.Time()
	fmt.Fprintf(&b, "%s %s at %s (%s) path %q key %q", ev.Shape, ev.Action, at.Format("2006-01-02T15:04:05.999999999Z07:00"), source, ev.DisplayPath(), ev.DisplayKey())
	if ev.Opaque() {
		b.WriteString(" opaque")
	}
	if ev.Truncated() {
		b.WriteString(" truncated")
	}
	b.WriteByte('\n')
	for f := range schemas.Field(schemas.NumFields) {
		for _, v := range ev.Values(f) {
			fmt.Fprintf(&b, "\t%s[%d] %s %q", f, v.Element, v.Spelling, v.Text)
			if v.Whole {
				b.WriteString(" whole")
			}
			if v.Opaque {
				b.WriteString(" opaque")
			}
			if v.Numeric {
				fmt.Fprintf(&b, " = %d", v.Number)
			}
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// dumpAll reads one value. The dumps are made only at the end, of clones, and
// the decoder overwrites what it showed: a clone that shares memory shows it.
func dumpAll(d *schemas.Decoder, value []byte) string {
	type step struct {
		ev  *schemas.Event
		out schemas.Outcome
	}
	var steps []step
	d.OverwriteEvents()
	d.Reset(value)
	for {
		ev, out := d.Next()
		if out.Kind == schemas.End {
			break
		}
		if ev != nil {
			ev = ev.Clone()
		}
		steps = append(steps, step{ev, out})
	}
	var b strings.Builder
	for i, s := range steps {
		if s.ev != nil && s.ev.Index != i {
			fmt.Fprintf(&b, "wrong index %d, want %d\n", s.ev.Index, i)
		}
		b.WriteString(dump(s.ev, s.out))
	}
	return b.String()
}

func shapeFiles(t testing.TB) []string {
	files, err := filepath.Glob("testdata/shapes/*.ndjson")
	if err != nil || len(files) != len(schemas.Shapes()) {
		t.Fatalf("%d fixture files for %d shapes (%v)", len(files), len(schemas.Shapes()), err)
	}
	return files
}

func TestShapesAreReadAsTheirGoldenFilesSay(t *testing.T) {
	for _, file := range shapeFiles(t) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			value, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := dumpAll(schemas.NewDecoder(), value)
			golden := strings.TrimSuffix(file, ".ndjson") + ".golden"
			if update() {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("(-golden +read)\n%s", diff)
			}
			name := strings.TrimSuffix(filepath.Base(file), ".ndjson")
			for line := range strings.Lines(got) {
				if line[0] != '\t' && !strings.HasPrefix(line, name+" ") {
					t.Errorf("read as another shape or not at all: %s", line)
				}
			}
		})
	}
}
