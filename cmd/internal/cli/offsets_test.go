package cli_test

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/regtrap/regtrap/cmd/internal/sample"
)

// attacks writes so many attacks to each partition of winlog, a minute apart.
func (b *bus) attacks(first time.Time, n int) {
	b.t.Helper()
	f := sample.New(7, first)
	for p := range 2 {
		for i := range n {
			r := f.Attack()
			b.produce("winlog", p, kafka.Record{Time: first.Add(time.Duration(i) * time.Minute), Key: kafka.NewBytes([]byte(r.Key)), Value: kafka.NewBytes(r.Value)})
		}
	}
}

// alertIDs counts the alerts by id.
func (b *bus) alertIDs() map[string]int {
	b.t.Helper()
	ids := make(map[string]int)
	for _, m := range b.messages("regtrap.alerts") {
		ids[string(m.key)]++
	}
	return ids
}

var monday = time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)

func TestOffsetsSetBackRaisesTheSameAlertsAgain(t *testing.T) {
	b := newBus(t)
	b.attacks(monday, 10)
	b.works()
	first := b.alertIDs()
	if len(first) != 20 {
		t.Fatalf("%d alerts: want 20", len(first))
	}

	dry := b.regtrap("offsets", "set", "--to", "earliest", "-o", "text")
	want := `TOPIC   PARTITION  COMMITTED  TO  CHANGE  START  END
winlog  0          10         0   -10     0      10
winlog  1          10         0   -10     0      10

dry run: nothing was changed; --apply does it
`
	if d := cmp.Diff(result{0, want, ""}, dry, cmp.AllowUnexported(result{})); d != "" {
		t.Error(d)
	}
	b.works()
	if ids := b.alertIDs(); !maps.Equal(ids, first) {
		t.Errorf("a dry run moved the group: %v", ids)
	}

	done := b.regtrap("offsets", "set", "--to", "earliest", "--apply")
	if done.status != 0 || strings.Count(done.out, `"offset":0,"change":-10,"applied":true`) != 2 {
		t.Errorf("%+v", done)
	}
	b.works()
	for id, n := range b.alertIDs() {
		if first[id] == 0 || n != 2 {
			t.Errorf("alert %s: %d times", id, n)
		}
	}
}

func TestOffsetsSetFindsEveryTarget(t *testing.T) {
	b := newBus(t)
	b.attacks(monday, 10)
	b.works()
	for _, c := range []struct {
		args []string
		want int64 // of partition 1
	}{
		{[]string{"--to", "earliest"}, 0},
		{[]string{"--to", "latest"}, 10},
		{[]string{"--to", "2026-03-02T08:04:00Z"}, 4},
		{[]string{"--to", "2026-03-02T09:03:30+01:00"}, 4},
		{[]string{"--to", "2030-01-01T00:00:00Z"}, 10},
		{[]string{"--to", "-" + time.Since(monday.Add(4*time.Minute+30*time.Second)).String()}, 5},
		{[]string{"--to", "7", "--partition", "1"}, 7},
		{[]string{"--to", "-3", "--partition", "1"}, 7},
		{[]string{"--to", "readable", "--partition", "1"}, 10},
	} {
		r := b.regtrap(append([]string{"offsets", "set"}, c.args...)...)
		var got int64 = -1
		for line := range strings.Lines(r.out) {
			var m struct{ Partition, Offset int64 }
			if err := json.Unmarshal([]byte(line), &m); err != nil {
				t.Fatal(err)
			}
			if m.Partition == 1 {
				got = m.Offset
			}
		}
		if r.status != 0 || got != c.want {
			t.Errorf("%q: offset %d, want %d: %+v", c.args, got, c.want, r)
		}
	}
}

func TestOffsetsSetSkipsOneRecord(t *testing.T) {
	b := newBus(t)
	b.attacks(monday, 3)
	if r := b.regtrap("offsets", "set", "--to", "1", "--partition", "0", "--apply"); r.status != 0 {
		t.Fatalf("%+v", r)
	}
	if r := b.regtrap("offsets", "set", "--to", "+1", "--partition", "0", "--apply"); r.status != 0 || !strings.Contains(r.out, `"committed":1,"offset":2,"change":1,"applied":true`) {
		t.Fatalf("%+v", r)
	}
	b.works()
	// The third record of partition 0, all of partition 1, from its start.
	if ids := b.alertIDs(); len(ids) != 4 {
		t.Errorf("%d alerts: want 4", len(ids))
	}
}

func TestOffsetsSetRefusesWhileTheGroupHasMembers(t *testing.T) {
	b := newBus(t)
	b.attacks(monday, 3)
	stop := b.run()
	b.committed()
	r := b.regtrap("offsets", "set", "--to", "earliest", "--apply")
	if r.status != 1 || r.out != "" || !strings.HasPrefix(r.err, "regtrap: group regtrap has 1 member: ") || !strings.Contains(r.err, "127.0.0.1") || strings.Count(r.err, "\n") != 1 {
		t.Errorf("%+v", r)
	}
	if r := b.regtrap("offsets", "set", "--to", "earliest"); r.status != 0 || !strings.HasPrefix(r.err, "regtrap: --apply would refuse: group regtrap has 1 member: ") {
		t.Errorf("%+v", r)
	}
	show := b.regtrap("offsets", "show", "-o", "text")
	if show.status != 0 || !strings.Contains(show.out, "group regtrap: Stable, 1 member\n") || !strings.Contains(show.out, "winlog/0, winlog/1") {
		t.Errorf("%+v", show)
	}
	stop()
	if n := b.GroupInfo(busGroup).Commits["winlog"][0].Offset; n != 3 {
		t.Errorf("offset %d is committed: want 3, untouched", n)
	}
}

func TestOffsetsSetRefusesWhatIsNotThere(t *testing.T) {
	b := newBus(t)
	b.attacks(monday, 3)
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"--to", "4", "--partition", "1"}, "topic winlog, partition 1: offset 4 is not in the log: want 0 to 3"},
		{[]string{"--to", "+1", "--partition", "1"}, "topic winlog, partition 1: nothing is committed, so there is nothing to shift by +1: name an offset"},
		{[]string{"--to", "1", "--partition", "5"}, "topic winlog: no partition 5: it has 0 to 1"},
		{[]string{"--to", "earliest", "--topic", "winlogs"}, "topic winlogs: the topic does not exist: check its name"},
	} {
		r := b.regtrap(append([]string{"offsets", "set", "--apply"}, c.args...)...)
		if want := (result{1, "", "regtrap: " + c.says + "\n"}); r != want {
			t.Errorf("%q: %+v, want %+v", c.args, r, want)
		}
	}
}

func TestOffsetsShowTellsOfEveryPartition(t *testing.T) {
	b := newBus(t)
	b.attacks(monday, 10)
	b.works()
	if r := b.regtrap("offsets", "set", "--to", "2026-03-02T08:06:00Z", "--partition", "1", "--apply"); r.status != 0 {
		t.Fatalf("%+v", r)
	}
	r := b.regtrap("offsets", "show")
	want := `{"group":"regtrap","topic":"winlog","partition":0,"committed":10,"log_start":0,"log_end":10,"lag":0,"next_record_time":null,"handled_time":"2026-03-02T08:09:00Z"}
{"group":"regtrap","topic":"winlog","partition":1,"committed":6,"log_start":0,"log_end":10,"lag":4,"next_record_time":"2026-03-02T08:06:00Z","handled_time":null}
{"group":"regtrap","state":"Empty","members":[]}
`
	if d := cmp.Diff(result{0, want, ""}, r, cmp.AllowUnexported(result{})); d != "" {
		t.Error(d)
	}
	r = b.regtrap("offsets", "show", "--topic", "winlog", "--topic", "other")
	if r.status != 1 || strings.Count(r.out, "\n") != 3 || r.err != "regtrap: topic other: the topic does not exist: check its name\n" {
		t.Errorf("%+v", r)
	}
}

func TestOffsetsNeedOnlyTheVariablesThatTheyUse(t *testing.T) {
	b := newBus(t)
	i := slices.IndexFunc(b.env, func(e string) bool { return strings.HasPrefix(e, "REGTRAP_TOPICS=") })
	b.env[i] = "REGTRAP_SESSION_TIMEOUT=soon"
	if r := b.regtrap("offsets", "show", "--topic", "winlog"); r.status != 0 {
		t.Errorf("%+v", r)
	}
	if r := b.regtrap("offsets", "show"); r.status != 2 || !strings.HasPrefix(r.err, "regtrap: REGTRAP_TOPICS: required") {
		t.Errorf("%+v", r)
	}
}

func TestOffsetsSayWhatIsWrongWithTheCluster(t *testing.T) {
	env := []string{"REGTRAP_BROKERS=127.0.0.1:1", "REGTRAP_TOPICS=winlog"}
	r := command(t.Context(), env, "offsets", "show")
	if r.status != 1 || !strings.HasPrefix(r.err, "regtrap: group regtrap: no connection with the brokers: check REGTRAP_BROKERS") || strings.Count(r.err, "\n") != 1 {
		t.Errorf("%+v", r)
	}
}

// damage answers every fetch of an offset of partition 0 in [from, to) with a
// batch of a wrong checksum, as a broker does whose disk is broken.
func (b *bus) damage(from, to int64) {
	b.ControlKey(int16(kmsg.Fetch), func(r kmsg.Request) (kmsg.Response, error, bool) {
		b.KeepControl()
		req := r.(*kmsg.FetchRequest)
		for _, topic := range req.Topics {
			for _, p := range topic.Partitions {
				if topic.Topic != "winlog" || p.Partition != 0 || p.FetchOffset < from || p.FetchOffset >= to {
					continue
				}
				batch := kmsg.RecordBatch{FirstOffset: from, Magic: 2, LastOffsetDelta: int32(to - from - 1), NumRecords: int32(to - from),
					ProducerID: -1, ProducerEpoch: -1, FirstSequence: -1, CRC: 1, Records: make([]byte, 30)}
				batch.Length = int32(len(batch.AppendTo(nil)) - 12)
				res := req.ResponseKind().(*kmsg.FetchResponse)
				res.Topics = []kmsg.FetchResponseTopic{{Topic: "winlog", Partitions: []kmsg.FetchResponseTopicPartition{{
					HighWatermark: 10, LastStableOffset: 10, PreferredReadReplica: -1, RecordBatches: batch.AppendTo(nil),
				}}}}
				return res, nil, true
			}
		}
		return nil, nil, false
	})
}

// The whole way past a batch that cannot be read: the service waits, show names
// it, set steps over it and over nothing else, and the service goes on.
func TestOffsetsSetStepsOverADamagedBatch(t *testing.T) {
	b := newBus(t)
	b.attacks(monday, 4)
	b.works()
	b.damage(4, 7)
	b.attacks(monday.Add(time.Hour), 6)
	stop := b.run()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if _, err := b.WaitGroupInfo(ctx, busGroup, func(g *kfake.GroupInfo) bool { return g != nil && g.Commits["winlog"][1].Offset == 10 }); err != nil {
		t.Fatalf("the other partition waits as well: %v", err)
	}
	stop()
	r := b.regtrap("offsets", "show", "-o", "text")
	if r.status != 0 || !strings.Contains(r.out, "\nwinlog/0: the next record cannot be read: topic winlog, partition 0, offset 4: the batch at this offset cannot be read: ") {
		t.Errorf("%+v", r)
	}
	r = b.regtrap("offsets", "set", "--to", "readable", "--partition", "0", "--apply")
	if r.status != 0 || !strings.Contains(r.out, `"committed":4,"offset":7,"change":3,"applied":true`) {
		t.Fatalf("%+v", r)
	}
	b.works()
	if ids := b.alertIDs(); len(ids) != 17 {
		t.Errorf("%d alerts: want all 20 but the three of the batch", len(ids))
	}
}

// One partition that cannot answer hides no other.
func TestOffsetsShowTheOtherPartitions(t *testing.T) {
	b := newBus(t)
	b.attacks(monday, 3)
	b.works()
	b.ControlKey(int16(kmsg.ListOffsets), func(r kmsg.Request) (kmsg.Response, error, bool) {
		b.KeepControl()
		req := r.(*kmsg.ListOffsetsRequest)
		if req.Topics[0].Partitions[0].Partition != 1 {
			return nil, nil, false
		}
		res := req.ResponseKind().(*kmsg.ListOffsetsResponse)
		res.Topics = []kmsg.ListOffsetsResponseTopic{{Topic: "winlog", Partitions: []kmsg.ListOffsetsResponseTopicPartition{{Partition: 1, ErrorCode: int16(kafka.KafkaStorageError)}}}}
		return res, nil, true
	})
	r := b.regtrap("offsets", "show", "-o", "text")
	want := "winlog  0          3          0      3    0    -            2026-03-02T08:02:00.000Z  -\nwinlog  1          3          -      -    -    -            2026-03-02T08:02:00.000Z  -\n\nwinlog/1: topic winlog: the broker refuses: "
	if r.status != 0 || !strings.Contains(r.out, want) {
		t.Errorf("%+v\nwant %s", r, want)
	}
}
