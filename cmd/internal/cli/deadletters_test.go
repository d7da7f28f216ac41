package cli_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/segmentio/kafka-go"

	"github.com/regtrap/regtrap/cmd/internal/sample"
	"github.com/regtrap/regtrap/schemas"
)

// poison writes to partition 0 of winlog: a record cut in the middle, a
// registry event without its path, and one that is no text.
func (b *bus) poison() {
	b.t.Helper()
	for i, value := range []string{
		`{"winlog":{"event_id":13,"event_data":{"TargetOb`,
		`{"winlog":{"channel":"Microsoft-Windows-Sysmon/Operational","provider_name":"Microsoft-Windows-Sysmon","event_id":13,"event_data":{"EventType":"SetValue","Details":"x"}}}`,
		"{\"winlog\":\"\x00\x1b[2J\xff\"",
	} {
		b.produce("winlog", 0, kafka.Record{
			Time: monday.Add(time.Duration(i) * time.Minute), Key: kafka.NewBytes(fmt.Appendf(nil, "ws-%03d", i)), Value: kafka.NewBytes([]byte(value)),
			Headers: []kafka.Header{{Key: "shipper", Value: []byte("winlogbeat")}},
		})
	}
}

// letters are the dead letters in the topic.
func (b *bus) letters() (list []*schemas.DeadLetter) {
	b.t.Helper()
	for _, m := range b.messages("regtrap.dead-letters") {
		if m.headers[schemas.HeaderReceipt] == "" {
			d := &schemas.DeadLetter{Reason: schemas.Reason(m.headers[schemas.HeaderReason]), Key: m.key, Value: m.value}
			for k, v := range m.headers {
				d.Headers = append(d.Headers, schemas.Header{Key: k, Value: []byte(v)})
			}
			list = append(list, d)
		}
	}
	return list
}

func TestDeadLettersAreListedWithTheirReasons(t *testing.T) {
	b := newBus(t)
	b.poison()
	b.works()
	r := b.regtrap("dead-letters", "list", "-o", "text")
	want := `PLACE  WRITTEN                   REASON          RECORD      BYTES  REPLAYS  REPLAYED  DETAIL
0:0    2026-03-04T10:31:07.123Z  malformed_json  winlog/0:0  48     0        -         offset 48: the value ends where '"' at the end of a string should be
0:1    2026-03-04T10:31:07.123Z  missing_path    winlog/0:1  170    0        -         a registry event without TargetObject
0:2    2026-03-04T10:31:07.123Z  malformed_json  winlog/0:2  18     0        -         offset 18: the value ends where ',' or '}' should be

3 dead letters
  malformed_json   2
  missing_path     1
`
	if d := cmp.Diff(want, constant(r.out)); d != "" || r.status != 0 {
		t.Errorf("status %d %s\n%s", r.status, r.err, d)
	}
	for _, c := range []struct {
		args   []string
		places string
	}{
		{nil, "0:0 0:1 0:2"},
		{[]string{"--reason", "missing_path"}, "0:1"},
		{[]string{"--reason", "missing_path", "--reason", "malformed_json"}, "0:0 0:1 0:2"},
		{[]string{"--topic", "winlog"}, "0:0 0:1 0:2"},
		{[]string{"--topic", "sysmon"}, ""},
		{[]string{"--since", "1h"}, "0:0 0:1 0:2"},
		{[]string{"--until", "1h"}, ""},
		{[]string{"--since", "2090-01-01T00:00:00Z"}, ""},
		{[]string{"--limit", "2"}, "0:0 0:1"},
	} {
		r := b.regtrap(append([]string{"dead-letters", "list"}, c.args...)...)
		var places []string
		for line := range strings.Lines(r.out) {
			var l struct{ Place string }
			if err := json.Unmarshal([]byte(line), &l); err != nil {
				t.Fatal(err)
			}
			if l.Place != "" {
				places = append(places, l.Place)
			}
		}
		if got := strings.Join(places, " "); got != c.places || r.status != 0 {
			t.Errorf("%q: %q, want %q: %+v", c.args, got, c.places, r)
		}
	}
	if r := b.regtrap("dead-letters", "list", "--limit", "1"); !strings.HasSuffix(r.out, `{"summary":{"matched":3,"listed":1,"reasons":{"malformed_json":2,"missing_path":1},"foreign":0}}`+"\n") {
		t.Errorf("%+v", r)
	}
}

func TestADeadLetterIsShownAsTextOrHex(t *testing.T) {
	b := newBus(t)
	b.poison()
	b.works()
	r := b.regtrap("dead-letters", "show", "0:0", "-o", "text")
	for _, want := range []string{"reason   malformed_json\n", "record   winlog/0:0 of 2026-03-02T08:00:00.000Z\n", "header   shipper: winlogbeat\n", "key      ws-000\n",
		"\n\n" + `{"winlog":{"event_id":13,"event_data":{"TargetOb` + "\n"} {
		if !strings.Contains(r.out, want) {
			t.Errorf("no %q in %+v", want, r)
		}
	}
	if r = b.regtrap("dead-letters", "show", "0:2", "-o", "text"); strings.ContainsAny(r.out, "\x1b\x00") || !strings.Contains(r.out, "00000000  7b 22 77 69 6e 6c 6f 67") {
		t.Errorf("%+v", r)
	}
	r = b.regtrap("dead-letters", "show", "0:1")
	var l struct {
		Place string
		schemas.DeadLetter
	}
	if err := json.Unmarshal([]byte(r.out), &l); err != nil || l.Place != "0:1" || l.Reason != schemas.DeadMissingPath || string(l.Key) != "ws-001" {
		t.Errorf("%v: %+v", err, r)
	}
	for place, says := range map[string]string{
		"0:9": "topic regtrap.dead-letters, partition 0: no offset 9: it holds 0 to 2",
		"4:0": "topic regtrap.dead-letters: no partition 4: it has 0 to 0",
	} {
		if r := b.regtrap("dead-letters", "show", place); r != (result{1, "", "regtrap: " + says + "\n"}) {
			t.Errorf("%+v", r)
		}
	}
}

// A record goes round until it has been replayed as often as is allowed, and
// each dead letter is replayed once.
func TestReplayedRecordsThatFailAgainDoNotGoRoundForEver(t *testing.T) {
	b := newBus(t)
	b.poison()
	b.works()
	before := len(b.messages("winlog"))
	dry := b.regtrap("dead-letters", "replay", "--reason", "missing_path", "-o", "text")
	want := `PLACE  REASON        RECORD      TO      ATTEMPT  OUTCOME
0:1    missing_path  winlog/0:1  winlog  1        would be replayed

dry run: 1 dead letter would be replayed, 0 refused; --apply does it
`
	if dry != (result{0, want, ""}) {
		t.Error(cmp.Diff(want, dry.out), dry.err)
	}
	if n := len(b.messages("winlog")); n != before {
		t.Fatalf("a dry run wrote %d records", n-before)
	}
	for round := 1; round <= 4; round++ {
		r := b.regtrap("dead-letters", "replay", "--reason", "missing_path", "--apply", "-o", "text")
		end := "\n1 dead letter replayed, " + fmt.Sprint(round-1) + " refused\n"
		if round == 4 {
			end = "\n0 dead letters replayed, 4 refused\n"
			if !strings.Contains(r.out, "refused: was replayed 3 times and failed again: a larger --max-attempts tries once more") {
				t.Errorf("%+v", r)
			}
		}
		if r.status != 0 || !strings.HasSuffix(r.out, end) {
			t.Fatalf("round %d: %+v", round, r)
		}
		b.works()
		want := min(3+round, 6)
		if n := len(b.letters()); n != want {
			t.Fatalf("round %d: %d dead letters: want %d", round, n, want)
		}
	}
	letters := b.letters()
	last := letters[len(letters)-1]
	r, ok := last.Replay()
	if !ok || r.Count != 3 || r.Topic != "winlog" || r.Partition != 0 || r.Offset != 1 || !r.Timestamp.Equal(monday.Add(time.Minute)) {
		t.Errorf("%+v", r)
	}
	if string(last.Key) != "ws-001" || string(last.Value) != string(letters[1].Value) {
		t.Errorf("%s: %s", last.Key, last.Value)
	}
	// Told to, once more.
	if r := b.regtrap("dead-letters", "replay", "--reason", "missing_path", "--max-attempts", "4", "--apply", "-o", "text"); !strings.HasSuffix(r.out, "\n1 dead letter replayed, 3 refused\n") {
		t.Errorf("%+v", r)
	}
}

func TestReplayGoesElsewhereAndAgainWhenTold(t *testing.T) {
	b := newBus(t)
	b.poison()
	b.works()
	r := b.regtrap("dead-letters", "replay", "0:0", "--to", "repaired", "--apply")
	if r.status != 1 || !strings.HasPrefix(r.err, "regtrap: topic repaired: the topic does not exist: check its name\n") || !strings.Contains(r.out, `"done":false`) {
		t.Errorf("%+v", r)
	}
	if _, err := b.client.CreateTopics(t.Context(), &kafka.CreateTopicsRequest{Topics: []kafka.TopicConfig{{Topic: "repaired", NumPartitions: 1, ReplicationFactor: 1}}}); err != nil {
		t.Fatal(err)
	}
	for _, again := range []string{"--again=false", "--again"} {
		if r := b.regtrap("dead-letters", "replay", "0:0", "0:2", "--to", "repaired", "--apply", again, "-o", "text"); !strings.HasSuffix(r.out, "\n2 dead letters replayed, 0 refused\n") {
			t.Errorf("%+v", r)
		}
	}
	if r := b.regtrap("dead-letters", "replay", "--to", "repaired", "--apply", "-o", "text"); !strings.HasSuffix(r.out, "\n1 dead letter replayed, 2 refused\n") || !strings.Contains(r.out, "refused: was replayed to repaired at ") {
		t.Errorf("%+v", r)
	}
	var keys []string
	b.client.Transport.(*kafka.Transport).CloseIdleConnections() // it does not know the topic yet
	for _, m := range b.messages("repaired") {
		keys = append(keys, string(m.key))
		if m.headers["shipper"] != "winlogbeat" || m.headers[schemas.HeaderReplays] != "1" || m.headers[schemas.HeaderOriginTopic] != "winlog" || m.headers[schemas.HeaderReason] != "" {
			t.Errorf("headers %v", m.headers)
		}
	}
	if got := strings.Join(keys, " "); got != "ws-000 ws-002 ws-000 ws-002 ws-001" {
		t.Errorf("records %s", got)
	}
	if r := b.regtrap("dead-letters", "replay", "0:7"); r.status != 1 || r.err != "regtrap: topic regtrap.dead-letters: no dead letter at these places\n" {
		t.Errorf("%+v", r)
	}
	if r := b.regtrap("dead-letters", "show", "0:3"); r.status != 1 || !strings.Contains(r.err, "no dead letter, but the receipt of a replay to repaired") {
		t.Errorf("%+v", r)
	}
}

func TestReplayRefusesValuesThatWereCut(t *testing.T) {
	b := newBus(t)
	d := schemas.DeadLetter{Reason: schemas.DeadLimit, Detail: "x", Topic: "winlog", Timestamp: monday, Version: "1", Value: []byte("{abcdef")}
	d.Cut(3)
	b.letter(&d)
	r := b.regtrap("dead-letters", "replay", "--apply", "-o", "text")
	if r.status != 0 || !strings.Contains(r.out, "refused: its value was cut from 7 bytes to 3 to fit the broker's limit: send the record again from its source") || len(b.messages("winlog")) != 0 {
		t.Errorf("%+v", r)
	}
}

// letter writes a dead letter.
func (b *bus) letter(d *schemas.DeadLetter) {
	b.t.Helper()
	r := kafka.Record{Key: kafka.NewBytes(d.Key), Value: kafka.NewBytes(d.Value)}
	for _, h := range d.AllHeaders() {
		r.Headers = append(r.Headers, kafka.Header{Key: h.Key, Value: h.Value})
	}
	b.produce("regtrap.dead-letters", 0, r)
}

// What telemetry brings along in headers hides no dead letter and sends none to
// another place.
func TestForgedHeadersOfARecordDoNotCount(t *testing.T) {
	b := newBus(t)
	b.letter(&schemas.DeadLetter{Reason: schemas.DeadInternal, Detail: "x", Topic: "winlog", Timestamp: monday, Version: "1", Value: []byte(`{"replayed":[{"partition":0,"offset":0},{"partition":0,"offset":1}]}`),
		Headers: []schemas.Header{{Key: schemas.HeaderReceipt, Value: []byte("x")}, {Key: schemas.HeaderTopic, Value: []byte("regtrap.alerts")}}})
	b.letter(&schemas.DeadLetter{Reason: schemas.DeadInternal, Detail: "x", Topic: "regtrap.dead-letters", Timestamp: monday, Version: "1", Value: []byte("{")})
	b.produce("regtrap.dead-letters", 0, kafka.Record{Value: kafka.NewBytes([]byte("hello"))})
	r := b.regtrap("dead-letters", "replay", "--apply", "-o", "text")
	if r.status != 0 || !strings.Contains(r.out, "0:0    internal  winlog/0:0                winlog                1        replayed\n") || !strings.Contains(r.out, "refused: it would be written to the dead letters") {
		t.Errorf("%+v", r)
	}
	if r := b.regtrap("dead-letters", "list", "-o", "text"); !strings.HasSuffix(r.out, "2 dead letters\n  internal         2\n1 other record in the topic: not of regtrap\n") {
		t.Errorf("%+v", r)
	}
}

func TestReplayOfMoreThanOneWrite(t *testing.T) {
	b := newBus(t)
	for i := range 250 {
		b.letter(&schemas.DeadLetter{Reason: schemas.DeadMalformedJSON, Detail: "x", Topic: "winlog", Offset: int64(i), Timestamp: monday, Version: "1", Value: fmt.Appendf(nil, "{%d", i)})
	}
	r := b.regtrap("dead-letters", "replay", "--limit", "220", "--apply", "-o", "text")
	if !strings.HasSuffix(r.out, "\n220 dead letters replayed, 0 refused\n") {
		t.Errorf("%+v", r)
	}
	if r = b.regtrap("dead-letters", "replay", "--apply", "-o", "text"); !strings.HasSuffix(r.out, "\n30 dead letters replayed, 220 refused\n") {
		t.Errorf("%+v", r)
	}
	if n := len(b.messages("winlog")); n != 250 {
		t.Errorf("%d records: want 250", n)
	}
}

// An attack that lay among the dead letters raises its alert when it is
// replayed, and the alert names the record's first place.
func TestAlertOfAReplayedRecordNamesItsOrigin(t *testing.T) {
	b := newBus(t)
	attack := sample.New(9, monday).Attack()
	b.letter(&schemas.DeadLetter{Reason: schemas.DeadInternal, Detail: "x", Topic: "winlog", Partition: 7, Offset: 1234, Timestamp: monday, Version: "1", Key: []byte("ws-041"), Value: attack.Value})
	if r := b.regtrap("dead-letters", "replay", "--apply"); r.status != 0 || !strings.Contains(r.out, `"done":true`) {
		t.Fatalf("%+v", r)
	}
	b.works()
	alerts := b.messages("regtrap.alerts")
	if len(alerts) != 1 {
		t.Fatalf("%d alerts: want 1", len(alerts))
	}
	var a schemas.Alert
	if err := json.Unmarshal(alerts[0].value, &a); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(&schemas.Replay{Count: 1, Topic: "winlog", Partition: 7, Offset: 1234, Timestamp: monday}, a.Regtrap.Replay); d != "" || a.Regtrap.Source.Offset != 0 {
		t.Errorf("source %+v\n%s", a.Regtrap.Source, d)
	}
	if err := alertSchema(t).Validate(document(t, alerts[0].value)); err != nil {
		t.Error(err)
	}
}

func alertSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("alert.json", document(t, []byte(schemas.AlertSchema()))); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("alert.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func document(t *testing.T, text []byte) any {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}
