package admin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/segmentio/kafka-go"
)

// Partitions returns the partitions of a topic, in ascending order.
func (c *Client) Partitions(ctx context.Context, topic string) ([]int, error) {
	return ask(ctx, c, "topic "+topic, func(ctx context.Context) ([]int, error) {
		res, err := c.kafka.Metadata(ctx, &kafka.MetadataRequest{Topics: []string{topic}})
		if err != nil {
			return nil, err
		}
		if len(res.Topics) != 1 {
			return nil, fmt.Errorf("%d topics in the answer for one", len(res.Topics))
		}
		t := res.Topics[0]
		if t.Error != nil {
			return nil, t.Error
		}
		if len(t.Partitions) == 0 {
			return nil, kafka.LeaderNotAvailable // a topic in the making
		}
		var list []int
		for _, p := range t.Partitions {
			list = append(list, p.ID)
		}
		slices.Sort(list)
		return list, nil
	})
}

// Bounds are the first offset of a log and its end, the offset that the next
// record gets.
type Bounds struct{ Start, End int64 }

// Bounds returns the bounds of partitions of a topic.
func (c *Client) Bounds(ctx context.Context, topic string, partitions []int) (map[int]Bounds, error) {
	start, err := c.list(ctx, topic, partitions, kafka.FirstOffsetOf, func(p kafka.PartitionOffsets) int64 { return p.FirstOffset })
	if err != nil {
		return nil, err
	}
	end, err := c.list(ctx, topic, partitions, kafka.LastOffsetOf, func(p kafka.PartitionOffsets) int64 { return p.LastOffset })
	if err != nil {
		return nil, err
	}
	bounds := make(map[int]Bounds)
	for id := range start {
		bounds[id] = Bounds{start[id], end[id]}
	}
	return bounds, nil
}

// At returns of partitions of a topic the first offset whose record has a
// timestamp at or after t; a partition without such a record is not in it.
func (c *Client) At(ctx context.Context, topic string, partitions []int, t time.Time) (map[int]int64, error) {
	offsets, err := c.list(ctx, topic, partitions,
		func(id int) kafka.OffsetRequest { return kafka.TimeOffsetOf(id, t) },
		func(p kafka.PartitionOffsets) int64 {
			for offset := range p.Offsets {
				return offset // -1 for none
			}
			return -1
		})
	maps.DeleteFunc(offsets, func(_ int, offset int64) bool { return offset < 0 })
	return offsets, err
}

func (c *Client) list(ctx context.Context, topic string, partitions []int, of func(int) kafka.OffsetRequest, pick func(kafka.PartitionOffsets) int64) (map[int]int64, error) {
	return ask(ctx, c, "topic "+topic, func(ctx context.Context) (map[int]int64, error) {
		req := &kafka.ListOffsetsRequest{Topics: make(map[string][]kafka.OffsetRequest)}
		for _, id := range partitions {
			req.Topics[topic] = append(req.Topics[topic], of(id))
		}
		res, err := c.kafka.ListOffsets(ctx, req)
		if err != nil {
			return nil, err
		}
		offsets := make(map[int]int64)
		for _, p := range res.Topics[topic] {
			if p.Error != nil {
				return nil, fmt.Errorf("partition %d: %w", p.Partition, p.Error)
			}
			offsets[p.Partition] = pick(p)
		}
		for _, id := range partitions {
			if _, ok := offsets[id]; !ok {
				return nil, fmt.Errorf("partition %d: no offset in the answer", id)
			}
		}
		return offsets, nil
	})
}

// Record is one record of a log, with memory of its own.
type Record struct {
	Offset     int64
	Time       time.Time // UTC
	Key, Value []byte    // nil where the record has none
	Headers    []kafka.Header
}

// fetchBytes is asked for at a time. A broker answers with one record at least,
// however large.
const fetchBytes = 1 << 20

// Records yields the records of a partition from offset from, and ends before
// offset to, which must not be past the log's end. After an error it ends.
func (c *Client) Records(ctx context.Context, topic string, partition int, from, to int64) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		for next := from; next < to; {
			list, err := c.fetch(ctx, topic, partition, next, fetchBytes)
			if errors.Is(err, kafka.OffsetOutOfRange) {
				// Retention may have taken what was about to be read.
				var b map[int]Bounds
				if b, err = c.Bounds(ctx, topic, []int{partition}); err == nil && b[partition].Start > next {
					next = b[partition].Start
					continue
				}
				err = cmp.Or(err, problem(kafka.OffsetOutOfRange, fmt.Sprintf("topic %s, partition %d, offset %d", topic, partition, next)))
			}
			if err != nil {
				yield(Record{}, err)
				return
			}
			for _, r := range list {
				if r.Offset >= to {
					return
				}
				if !yield(r, nil) {
					return
				}
				next = r.Offset + 1
			}
			if len(list) == 0 {
				// There is something, but no record: the mark that ends a
				// transaction, or what compaction left of a batch.
				next++
			}
		}
	}
}

// Readable returns the first offset from from on, but before to, at which
// something can be read. All offsets of a damaged batch are answered with that
// batch, and nothing tells how many it has, so each is tried: a search in larger
// steps could step over a whole batch that lies between two damaged ones.
func (c *Client) Readable(ctx context.Context, topic string, partition int, from, to int64) (int64, error) {
	for offset := from; offset < to; offset++ {
		_, err := c.fetch(ctx, topic, partition, offset, 1)
		if err == nil {
			return offset, nil
		}
		if !Damaged(err) {
			return 0, err
		}
	}
	return to, nil
}

// errThrottled says that a broker holds answers back because of a quota.
var errThrottled = errors.New("held back by a quota")

// fetch returns some records of a partition, from an offset on; none when
// nothing but marks begins there.
func (c *Client) fetch(ctx context.Context, topic string, partition int, offset int64, size int) ([]Record, error) {
	about := fmt.Sprintf("topic %s, partition %d, offset %d", topic, partition, offset)
	for {
		list, err := ask(ctx, c, about, func(ctx context.Context) ([]Record, error) {
			res, err := c.kafka.Fetch(ctx, &kafka.FetchRequest{
				Topic: topic, Partition: partition, Offset: offset, MinBytes: 1, MaxBytes: int64(size), MaxWait: time.Second,
				IsolationLevel: kafka.ReadCommitted,
			})
			if err != nil {
				return nil, err
			}
			if res.Error != nil {
				return nil, res.Error
			}
			list, err := readAll(res.Records, offset)
			if err == nil && len(list) == 0 && res.Throttle > 0 {
				select {
				case <-time.After(res.Throttle):
				case <-ctx.Done():
				}
				err = errThrottled
			}
			return list, err
		})
		if !errors.Is(err, errThrottled) {
			return list, err
		}
	}
}

// readAll copies the records from an offset on: an answer may begin before it.
func readAll(records kafka.RecordReader, from int64) ([]Record, error) {
	if c, ok := records.(io.Closer); ok {
		defer c.Close()
	}
	var list []Record
	for {
		r, err := records.ReadRecord()
		if errors.Is(err, io.EOF) {
			return list, nil
		}
		if err != nil {
			return nil, err
		}
		own := Record{Offset: r.Offset, Time: r.Time.UTC()}
		if own.Key, err = readBytes(r.Key); err != nil {
			return nil, err
		}
		if own.Value, err = readBytes(r.Value); err != nil {
			return nil, err
		}
		for _, h := range r.Headers {
			own.Headers = append(own.Headers, kafka.Header{Key: h.Key, Value: slices.Clone(h.Value)})
		}
		if r.Offset >= from {
			list = append(list, own)
		}
	}
}

func readBytes(b kafka.Bytes) ([]byte, error) {
	if b == nil {
		return nil, nil
	}
	defer b.Close()
	return kafka.ReadAll(b)
}
