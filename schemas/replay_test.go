package schemas_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/regtrap/regtrap/schemas"
)

// A record that fails again and again keeps its origin, counts its replays, and
// has the headers of one replay only.
func TestReplaysAreCountedFromDeadLetterToDeadLetter(t *testing.T) {
	d := deadLetter()
	own := len(d.Headers)
	for n := range 4 {
		if r, ok := d.Replay(); ok != (n > 0) || r.Count != n {
			t.Fatalf("round %d: replay %+v, %t", n, r, ok)
		}
		r, headers := d.Replayed()
		want := schemas.Replay{Count: n + 1, Topic: "telemetry", Partition: 3, Offset: 42, Timestamp: time.Date(2026, 3, 4, 10, 11, 12, 345e6, time.UTC)}
		if diff := cmp.Diff(want, r); diff != "" {
			t.Fatalf("round %d: %s", n, diff)
		}
		if len(headers) != own+5 {
			t.Fatalf("round %d: headers %v", n, headers)
		}
		again := *d
		again.Headers, again.Offset, again.Partition = headers, 100+int64(n), 0
		parsed, err := schemas.ParseDeadLetter(again.Key, again.Value, again.AllHeaders())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(&again, parsed); diff != "" {
			t.Fatalf("round %d: %s", n, diff)
		}
		d = parsed
	}
}

func TestReplayHeadersThatSayNothingAreTheRecordsOwn(t *testing.T) {
	good := schemas.Replay{Count: 1, Topic: "telemetry", Timestamp: time.Unix(0, 0)}
	if _, rest, ok := schemas.ParseReplay(good.Headers()); !ok || len(rest) != 0 {
		t.Fatal("the headers of a replay are none")
	}
	for i, bad := range []string{"0", "", "-1", "x", "yesterday"} {
		h := good.Headers()
		h[i].Value = []byte(bad)
		if r, rest, ok := schemas.ParseReplay(h); ok || len(rest) != 5 {
			t.Errorf("%s %q: %+v", h[i].Key, bad, r)
		}
	}
	h := good.Headers()
	for _, topic := range []string{strings.Repeat("t", 250), "a b", "\xff", "a\nb"} {
		h[1].Value = []byte(topic)
		if _, _, ok := schemas.ParseReplay(h); ok {
			t.Errorf("%q is no name of a topic", topic)
		}
	}
	if _, _, ok := schemas.ParseReplay(good.Headers()[1:]); ok {
		t.Error("one header is missing")
	}
}

func TestDropHeadersKeepsTheCountOfReplays(t *testing.T) {
	d := deadLetter()
	_, d.Headers = d.Replayed()
	if !d.DropHeaders() {
		t.Error("there were other headers")
	}
	if r, ok := d.Replay(); !ok || r.Count != 1 || len(d.Headers) != 5 {
		t.Errorf("%+v", d.Headers)
	}
	if d.DropHeaders() {
		t.Error("there is nothing left to drop")
	}
	if d = deadLetter(); !d.DropHeaders() || d.Headers != nil || d.DropHeaders() {
		t.Errorf("%+v", d.Headers)
	}
}

func ExampleDeadLetter_Replayed() {
	d := schemas.DeadLetter{Topic: "winlog", Partition: 2, Offset: 17, Timestamp: time.Unix(1772612345, 0)}
	r, headers := d.Replayed()
	fmt.Println(r.Count, r.Topic, r.Partition, r.Offset)
	fmt.Printf("%s: %s\n", headers[0].Key, headers[0].Value)
	// Output:
	// 1 winlog 2 17
	// regtrap-replays: 1
}

// Whatever headers a record has, it can be replayed, and then says so once.
func FuzzReplayed(f *testing.F) {
	f.Add("3", "winlog", "0", "17", "2026-03-04T10:00:00Z")
	f.Add("9223372036854775807", "winlog", "0", "17", "2026-03-04T10:00:00Z")
	f.Add("1073741824", "winlog", "0", "17", "2026-03-04T10:00:00Z")
	f.Add("-1", "", "x", "", "")
	f.Fuzz(func(t *testing.T, count, topic, partition, offset, timestamp string) {
		d := schemas.DeadLetter{Topic: "telemetry", Offset: 5, Timestamp: time.Unix(1772612345, 0).UTC()}
		for i, v := range []string{count, topic, partition, offset, timestamp} {
			d.Headers = append(d.Headers, schemas.Header{Key: (&schemas.Replay{}).Headers()[i].Key, Value: []byte(v)})
		}
		before, had := d.Replay()
		r, headers := d.Replayed()
		if r.Count < 1 || had && r.Count != min(before.Count+1, 1<<30) || !had && (r.Count != 1 || r.Topic != "telemetry" || r.Offset != 5) {
			t.Fatalf("%+v after %+v", r, before)
		}
		again, _, ok := schemas.ParseReplay(headers)
		if !ok || cmp.Diff(r, again) != "" {
			t.Fatalf("%+v is read back as %+v, %t", r, again, ok)
		}
	})
}
