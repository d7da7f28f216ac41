package consumer

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/fetch"
)

// at makes the records of a batch, one an offset.
func at(offsets ...int64) protocol.RecordReader {
	var list []protocol.Record
	for _, o := range offsets {
		list = append(list, protocol.Record{Offset: o, Time: time.UnixMilli(1000 + o), Value: protocol.NewBytes(fmt.Appendf(nil, "v%d", o))})
	}
	return protocol.NewRecordReader(list...)
}

func batchOf(base, producer int64, offsets ...int64) *protocol.RecordBatch {
	b := &protocol.RecordBatch{BaseOffset: base, ProducerID: producer, PartitionLeaderEpoch: 4, Records: at(offsets...)}
	if producer >= 0 {
		b.Attributes = protocol.Transactional
	}
	return b
}

// marker ends a transaction: type 0 aborts it, 1 commits it.
func marker(offset, producer int64, kind uint16) *protocol.ControlBatch {
	key := binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(nil, 0), kind)
	return &protocol.ControlBatch{BaseOffset: offset, ProducerID: producer, Records: protocol.NewRecordReader(
		protocol.Record{Offset: offset, Key: protocol.NewBytes(key), Value: protocol.NewBytes(make([]byte, 6))})}
}

func answer(aborted []fetch.ResponseTransaction, parts ...protocol.RecordReader) *fetch.ResponsePartition {
	a := &fetch.ResponsePartition{AbortedTransactions: aborted, LastStableOffset: 1000, HighWatermark: 1000}
	if len(parts) > 0 {
		a.RecordSet.Records = &protocol.RecordStream{Records: parts}
	}
	return a
}

func TestReadBatch(t *testing.T) {
	for name, test := range map[string]struct {
		offset int64
		answer *fetch.ResponsePartition
		want   []int64
		next   int64
		probe  bool
	}{
		"nothing":                     {5, answer(nil), nil, 5, false},
		"all of a batch":              {5, answer(nil, batchOf(5, -1, 5, 6, 7)), []int64{5, 6, 7}, 8, false},
		"the rest of a batch":         {6, answer(nil, batchOf(5, -1, 5, 6, 7)), []int64{6, 7}, 8, false},
		"holes left by compaction":    {5, answer(nil, batchOf(5, -1, 6, 9), batchOf(12, -1, 12)), []int64{6, 9, 12}, 13, false},
		"only a marker":               {5, answer(nil, marker(5, 1, 1)), nil, 6, false},
		"a marker at the end":         {5, answer(nil, batchOf(5, 1, 5), marker(6, 1, 1)), []int64{5}, 7, false},
		"an emptied batch":            {5, answer(nil, batchOf(5, -1)), nil, 5, true},
		"a compacted tail":            {7, answer(nil, batchOf(5, -1, 5, 6)), nil, 7, true},
		"an aborted transaction":      {5, answer([]fetch.ResponseTransaction{{ProducerID: 1, FirstOffset: 5}}, batchOf(5, 1, 5, 6), marker(7, 1, 0), batchOf(8, 1, 8)), []int64{8}, 9, false},
		"two producers, one aborted":  {5, answer([]fetch.ResponseTransaction{{ProducerID: 1, FirstOffset: 5}}, batchOf(5, 1, 5), batchOf(6, 2, 6), marker(7, 1, 0), marker(8, 2, 1)), []int64{6}, 9, false},
		"aborted before this answer":  {8, answer([]fetch.ResponseTransaction{{ProducerID: 1, FirstOffset: 5}}, batchOf(8, 1, 8), marker(9, 1, 0), batchOf(10, 1, 10), marker(11, 1, 1)), []int64{10}, 12, false},
		"aborted later in the answer": {5, answer([]fetch.ResponseTransaction{{ProducerID: 1, FirstOffset: 7}}, batchOf(5, 1, 5), marker(6, 1, 1), batchOf(7, 1, 7), marker(8, 1, 0)), []int64{5}, 9, false},
		"aborted, twice":              {5, answer([]fetch.ResponseTransaction{{ProducerID: 1, FirstOffset: 5}, {ProducerID: 1, FirstOffset: 7}}, batchOf(5, 1, 5), marker(6, 1, 0), batchOf(7, 1, 7), marker(8, 1, 0), batchOf(9, -1, 9)), []int64{9}, 10, false},
	} {
		t.Run(name, func(t *testing.T) {
			b, probe, err := readBatch(test.answer, test.offset)
			if err != nil {
				t.Fatal(err)
			}
			var got []int64
			for _, r := range b.records {
				got = append(got, r.Offset)
				if want := fmt.Sprintf("v%d", r.Offset); string(r.Value) != want || r.Key != nil || r.Time.UnixMilli() != 1000+r.Offset {
					t.Errorf("record %+v", r)
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" || b.next != test.next || probe != test.probe {
				t.Errorf("next %d, probe %v, want %d, %v; offsets:\n%s", b.next, probe, test.next, test.probe, diff)
			}
			if n := len(got); n > 0 && (b.note.Offset != got[n-1] || b.note.Time != 1000+got[n-1]) {
				t.Errorf("note %+v behind record %d", b.note, got[n-1])
			}
		})
	}
}

func TestANullValueIsNotAnEmptyOne(t *testing.T) {
	b, _, err := readBatch(answer(nil, &protocol.RecordBatch{Records: protocol.NewRecordReader(
		protocol.Record{Offset: 0},
		protocol.Record{Offset: 1, Key: protocol.NewBytes([]byte{}), Value: protocol.NewBytes([]byte{})},
	)}), 0)
	if err != nil || len(b.records) != 2 {
		t.Fatal(b, err)
	}
	if r := b.records[0]; r.Key != nil || r.Value != nil {
		t.Errorf("null became %v, %v", r.Key, r.Value)
	}
	if r := b.records[1]; r.Key == nil || r.Value == nil {
		t.Errorf("empty became %v, %v", r.Key, r.Value)
	}
}

// compacted is a broker whose partition holds an emptied batch and another
// behind it: every offset inside a batch is answered with the whole batch.
type compacted struct {
	base, end int64 // the emptied batch has offsets base to end-1
	requests  int
}

func (c *compacted) RoundTrip(_ context.Context, _ net.Addr, req kafka.Request) (kafka.Response, error) {
	c.requests++
	offset := req.(*fetch.Request).Topics[0].Partitions[0].FetchOffset
	part := batchOf(c.base, -1)
	if offset >= c.end {
		part = batchOf(c.end, -1, c.end)
	}
	return &fetch.Response{Topics: []fetch.ResponseTopic{{Topic: "a", Partitions: []fetch.ResponsePartition{*answer(nil, part)}}}}, nil
}

func TestProbeFindsTheEndOfACompactedBatch(t *testing.T) {
	for _, test := range []compacted{{base: 5, end: 6}, {base: 5, end: 777}, {base: 0, end: 1000}, {base: 998, end: 999}} {
		f := &fetcher{config: &Config{FetchBytes: 1, SessionTimeout: time.Minute}, brokers: &test}
		got, err := f.probe(t.Context(), &owned{partition: partition{"a", 0}}, test.base, test.base, 1000)
		if err != nil || got != test.end {
			t.Errorf("%+v: got %d, %v", test, got, err)
		}
		if test.requests > 11 {
			t.Errorf("%d requests to search a thousand offsets", test.requests)
		}
	}
}

func TestBudgetBoundsAndGivesBack(t *testing.T) {
	b := newBudget(100)
	if n, wait := b.reserve(10, 60); n != 60 || wait != nil {
		t.Errorf("reserved %d", n)
	}
	if n, wait := b.reserve(10, 60); n != 40 || wait != nil {
		t.Errorf("reserved %d of what is left", n)
	}
	n, wait := b.reserve(10, 60)
	if n != 0 || wait == nil {
		t.Fatalf("reserved %d beyond the budget", n)
	}
	b.change(-30)
	select {
	case <-wait:
	default:
		t.Error("memory given back wakes nobody")
	}
	if n, _ := b.reserve(10, 60); n != 30 {
		t.Errorf("reserved %d of 30", n)
	}
	b.change(500) // an answer unpacked to more than was thought
	if n, wait := b.reserve(10, 60); n != 0 || wait == nil {
		t.Errorf("reserved %d over the limit", n)
	}
	b.change(-600)
	if n, _ := b.reserve(1000, 2000); n != 1000 {
		t.Errorf("an empty budget gives %d, want the least that works", n)
	}
}
