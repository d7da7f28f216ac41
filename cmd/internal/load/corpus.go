package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/segmentio/kafka-go"
	"golang.org/x/sync/errgroup"

	"github.com/regtrap/regtrap/cmd/internal/sample"
)

// maxLine is beyond the largest record that regtrap reads.
const maxLine = 32 << 20

// newFeed invents the same records each time.
func newFeed() *sample.Feed {
	return sample.New(20260304, time.Date(2026, 3, 4, 10, 0, 0, 0, time.UTC))
}

// readCorpus returns the lines of a file, or invented records, one attack in 200.
func readCorpus(file string) (list [][]byte, err error) {
	if file == "" {
		feed := newFeed()
		for i := range 20_000 {
			r := feed.Benign()
			if i%200 == 199 {
				r = feed.Attack()
			}
			list = append(list, r.Value)
		}
		return list, nil
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	buffered := bufio.NewReaderSize(f, 1<<20)
	var r io.Reader = buffered
	if magic, _ := buffered.Peek(2); string(magic) == "\x1f\x8b" {
		if r, err = gzip.NewReader(buffered); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
	}
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 1<<20), maxLine)
	for lines.Scan() {
		if len(lines.Bytes()) > 0 {
			list = append(list, bytes.Clone(lines.Bytes()))
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%s: no records: want NDJSON, plain or gzip", file)
	}
	return list, nil
}

func codecs() map[string]kafka.Compression {
	return map[string]kafka.Compression{"none": 0, "gzip": kafka.Gzip, "snappy": kafka.Snappy, "lz4": kafka.Lz4, "zstd": kafka.Zstd}
}

// topicNames are those of one measurement.
type topicNames struct{ in, alerts, dead, group string }

// newTopics creates topics that nothing else uses.
func (b *bench) newTopics(ctx context.Context, partitions int) (topicNames, error) {
	b.topics++
	t := topicNames{fmt.Sprintf("load-%d", b.topics), fmt.Sprintf("load-%d.alerts", b.topics), fmt.Sprintf("load-%d.dead", b.topics), fmt.Sprintf("load-%d", b.topics)}
	err := errors.Join(
		b.cluster.CreateTopic(ctx, t.in, partitions),
		b.cluster.CreateTopic(ctx, t.alerts, 1),
		b.cluster.CreateTopic(ctx, t.dead, 1))
	return t, err
}

// batchBytes is how much telemetry one produce request carries, before
// compression: what a busy shipper sends.
const batchBytes = 256 << 10

// fill writes n records of the corpus, over and over, evenly over the partitions.
func (b *bench) fill(ctx context.Context, topic string, partitions, n int) error {
	group, ctx := errgroup.WithContext(ctx)
	client := b.cluster.Client()
	for p := range partitions {
		group.Go(func() error {
			for i := p; i < n; {
				var batch []kafka.Record
				for size := 0; i < n && size < batchBytes; i += partitions {
					value := b.corpus[i%len(b.corpus)]
					batch = append(batch, kafka.Record{Value: kafka.NewBytes(value)})
					size += len(value)
				}
				if _, err := b.produce(ctx, client, topic, p, batch); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}

// produce writes a batch and returns the offset of its first record.
func (b *bench) produce(ctx context.Context, client *kafka.Client, topic string, partition int, batch []kafka.Record) (int64, error) {
	res, err := client.Produce(ctx, &kafka.ProduceRequest{
		Topic: topic, Partition: partition, RequiredAcks: kafka.RequireAll, Compression: codecs()[b.codec],
		Records: kafka.NewRecordReader(batch...),
	})
	if err == nil {
		err = res.Error
	}
	if err != nil {
		return 0, fmt.Errorf("producing to %s: %w", topic, err)
	}
	return res.BaseOffset, nil
}
