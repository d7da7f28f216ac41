//go:build kafka

package kafkatest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/regtrap/regtrap/cmd/internal/kafkatest"
	"github.com/regtrap/regtrap/cmd/internal/sample"
	"github.com/regtrap/regtrap/schemas"
)

// message is one record of a topic, read whole.
type message struct {
	topic      string
	partition  int
	offset     int64
	time       time.Time
	key, value []byte
	headers    []kafka.Header
}

func (m message) header(key string) string {
	for _, h := range m.headers {
		if h.Key == key {
			return string(h.Value)
		}
	}
	return ""
}

func (m message) deadLetter(t *testing.T) *schemas.DeadLetter {
	t.Helper()
	var headers []schemas.Header
	for _, h := range m.headers {
		headers = append(headers, schemas.Header{Key: h.Key, Value: h.Value})
	}
	d, err := schemas.ParseDeadLetter(m.key, m.value, headers)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// produced is where a record landed.
type produced struct {
	sample.Record
	partition int
	offset    int64
}

// produce writes records round-robin over the partitions, with a header, and
// returns where each landed.
func produce(t *testing.T, c *kafkatest.Cluster, topic string, partitions int, records []sample.Record) []produced {
	t.Helper()
	var list []produced
	for partition := range partitions {
		for first := partition; first < len(records); {
			var batch []kafka.Record
			var landed []sample.Record
			for ; first < len(records) && len(batch) < 200; first += partitions {
				r := records[first]
				batch = append(batch, kafka.Record{Key: kafka.NewBytes([]byte(r.Key)), Value: kafka.NewBytes(r.Value),
					Headers: []kafka.Header{{Key: "shipper", Value: []byte("sample")}}})
				landed = append(landed, r)
			}
			res, err := c.Client().Produce(t.Context(), &kafka.ProduceRequest{
				Topic: topic, Partition: partition, RequiredAcks: kafka.RequireAll, Records: kafka.NewRecordReader(batch...),
			})
			if err != nil {
				t.Fatal(err)
			}
			if res.Error != nil {
				t.Fatal(res.Error)
			}
			for i, r := range landed {
				list = append(list, produced{Record: r, partition: partition, offset: res.BaseOffset + int64(i)})
			}
		}
	}
	return list
}

// ends returns the end offset of every partition.
func ends(t *testing.T, c *kafkatest.Cluster, topic string) map[int]int64 {
	t.Helper()
	ctx := t.Context()
	meta, err := c.Client().Metadata(ctx, &kafka.MetadataRequest{Topics: []string{topic}})
	if err != nil {
		t.Fatal(err)
	}
	var ask []kafka.OffsetRequest
	for _, p := range meta.Topics[0].Partitions {
		ask = append(ask, kafka.LastOffsetOf(p.ID))
	}
	res, err := c.Client().ListOffsets(ctx, &kafka.ListOffsetsRequest{Topics: map[string][]kafka.OffsetRequest{topic: ask}})
	if err != nil {
		t.Fatal(err)
	}
	list := make(map[int]int64)
	for _, p := range res.Topics[topic] {
		if p.Error != nil {
			t.Fatal(p.Error)
		}
		list[p.Partition] = p.LastOffset
	}
	return list
}

// read returns everything that is in a topic now.
func read(t *testing.T, c *kafkatest.Cluster, topic string) []message {
	t.Helper()
	var list []message
	for partition, end := range ends(t, c, topic) {
		for offset := int64(0); offset < end; {
			res, err := c.Client().Fetch(t.Context(), &kafka.FetchRequest{
				Topic: topic, Partition: partition, Offset: offset, MinBytes: 1, MaxBytes: 1 << 20, MaxWait: time.Second,
			})
			if err = errors.Join(err, res.Error); err != nil {
				t.Fatal(err)
			}
			for {
				r, err := res.Records.ReadRecord()
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				m := message{topic: topic, partition: partition, offset: r.Offset, time: r.Time, headers: r.Headers}
				if m.key, err = kafka.ReadAll(r.Key); err != nil {
					t.Fatal(err)
				}
				if m.value, err = kafka.ReadAll(r.Value); err != nil {
					t.Fatal(err)
				}
				if r.Offset >= offset {
					list = append(list, m)
					offset = r.Offset + 1
				}
			}
		}
	}
	return list
}

// committed waits until the group has committed the end of every partition.
func committed(t *testing.T, c *kafkatest.Cluster, tp topics) {
	t.Helper()
	want := ends(t, c, tp.in)
	var partitions []int
	for p := range want {
		partitions = append(partitions, p)
	}
	waitFor(t, "offsets committed to the end", func() (bool, string) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		res, err := c.Client().OffsetFetch(ctx, &kafka.OffsetFetchRequest{GroupID: tp.group, Topics: map[string][]int{tp.in: partitions}})
		if err == nil {
			err = res.Error
		}
		if err != nil {
			return false, err.Error()
		}
		state, all := "", len(res.Topics[tp.in]) == len(want)
		for _, p := range res.Topics[tp.in] {
			state += fmt.Sprintf("%d: %d of %d ", p.Partition, p.CommittedOffset, want[p.Partition])
			all = all && p.CommittedOffset == want[p.Partition]
		}
		return all, state
	})
}
