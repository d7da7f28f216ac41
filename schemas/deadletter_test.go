package schemas_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/regtrap/regtrap/schemas"
)

// update reports whether golden files are to be rewritten; the flag belongs to
// whichever test file of the package comes first.
var update = func() func() bool {
	if flag.Lookup("update") == nil {
		flag.Bool("update", false, "rewrite golden files")
	}
	return func() bool { return flag.Lookup("update").Value.String() == "true" }
}()

func deadLetter() *schemas.DeadLetter {
	return &schemas.DeadLetter{
		Reason:    schemas.DeadMalformedJSON,
		Detail:    `byte 17: "x" where a comma or } is due`,
		Topic:     "telemetry",
		Partition: 3,
		Offset:    42,
		Timestamp: time.Date(2026, 3, 4, 10, 11, 12, 345e6, time.UTC),
		Version:   "1.2.3",
		Key:       []byte("ws-041"),
		Value:     []byte(`{"EventID":13,"x` + "\xff"),
		Headers:   []schemas.Header{{Key: "shipper", Value: []byte("nxlog")}, {Key: "regtrap-offset", Value: []byte("7")}},
	}
}

func TestDeadLetterExampleIsCurrent(t *testing.T) {
	d := deadLetter()
	d.Cut(10)
	line, err := d.AppendJSON(nil)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := json.Indent(&b, line, "", "  "); err != nil {
		t.Fatal(err)
	}
	b.WriteByte('\n')
	const file = "examples/deadletter-malformed-json.json"
	if update() {
		if err := os.WriteFile(file, b.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("%s is not current (-file +made):\n%s", file, diff)
	}
}

func TestDeadLetterSurvivesKafka(t *testing.T) {
	d := deadLetter()
	d.Cut(10)
	got, err := schemas.ParseDeadLetter(d.Key, d.Value, d.AllHeaders())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(d, got); diff != "" {
		t.Errorf("(-sent +received):\n%s", diff)
	}
	if d.Size != 17 || len(d.Value) != 10 {
		t.Errorf("cut to %d bytes of %d, want 10 of 17", len(d.Value), d.Size)
	}
}

// A dead letter that was fed back and is dead again tells of the second death.
func TestDeadLetterOfADeadLetterSpeaksOfTheLast(t *testing.T) {
	first := deadLetter()
	second := deadLetter()
	second.Topic, second.Offset, second.Headers = "regtrap.dead-letters", 99, first.AllHeaders()
	got, err := schemas.ParseDeadLetter(second.Key, second.Value, second.AllHeaders())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(second, got); diff != "" {
		t.Errorf("(-sent +received):\n%s", diff)
	}
}

func TestParseDeadLetterNamesTheBadHeader(t *testing.T) {
	headers := deadLetter().AllHeaders()
	for i, h := range headers {
		switch h.Key {
		case schemas.HeaderOffset, schemas.HeaderTimestamp:
			headers[i].Value = []byte("soon")
		case schemas.HeaderVersion:
			headers[i].Key = "regtrap-edition"
		}
	}
	_, err := schemas.ParseDeadLetter(nil, nil, headers)
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		`header regtrap-offset: "soon" is no decimal number`,
		`header regtrap-timestamp: "soon" is no RFC 3339 time`,
		`header regtrap-version is missing`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q does not say %q", err, want)
		}
	}
}

func FuzzParseDeadLetter(f *testing.F) {
	f.Add("regtrap-reason", "limit", "regtrap-offset", "12")
	f.Fuzz(func(t *testing.T, k1, v1, k2, v2 string) {
		headers := append(deadLetter().AllHeaders(), schemas.Header{Key: k1, Value: []byte(v1)}, schemas.Header{Key: k2, Value: []byte(v2)})
		d, err := schemas.ParseDeadLetter([]byte("k"), []byte("v"), headers)
		if err == nil && len(d.Headers) > len(headers) {
			t.Error("headers out of nowhere")
		}
	})
}

func ExampleDeadLetter() {
	d := schemas.DeadLetter{
		Reason:    schemas.DeadMissingPath,
		Detail:    "no TargetObject",
		Topic:     "telemetry",
		Timestamp: time.Date(2026, 3, 4, 10, 11, 12, 0, time.UTC),
		Version:   "1.2.3",
		Value:     []byte(`{"EventID":13}`),
	}
	for _, h := range d.AllHeaders() {
		fmt.Printf("%s: %s\n", h.Key, h.Value)
	}
	// Output:
	// regtrap-reason: missing_path
	// regtrap-detail: no TargetObject
	// regtrap-topic: telemetry
	// regtrap-partition: 0
	// regtrap-offset: 0
	// regtrap-timestamp: 2026-03-04T10:11:12Z
	// regtrap-version: 1.2.3
}
