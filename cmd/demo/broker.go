package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/regtrap/regtrap/cmd/internal/sample"
)

// The topics of the demo.
const (
	telemetryTopic  = "telemetry"
	alertsTopic     = "regtrap.alerts"
	deadLetterTopic = "regtrap.dead-letters"
)

// partitions of the telemetry topic.
const partitions = 4

// broker is the embedded broker, and a client of it.
type broker struct {
	cluster *kfake.Cluster
	client  *kafka.Client
}

func startBroker() (*broker, error) {
	cluster, err := kfake.NewCluster(
		kfake.NumBrokers(1),
		kfake.SeedTopics(partitions, telemetryTopic),
		kfake.SeedTopics(2, alertsTopic),
		kfake.SeedTopics(1, deadLetterTopic),
	)
	if err != nil {
		return nil, fmt.Errorf("starting the embedded broker: %w", err)
	}
	return &broker{cluster, &kafka.Client{Addr: kafka.TCP(cluster.ListenAddrs()...), Timeout: 10 * time.Second}}, nil
}

func (b *broker) addresses() []string { return b.cluster.ListenAddrs() }

func (b *broker) close() { b.cluster.Close() }

// send writes records round-robin over the partitions, the first to partition
// first.
func (b *broker) send(ctx context.Context, first int, records ...sample.Record) error {
	var batches [partitions][]kafka.Record
	for i, r := range records {
		p := (first + i) % partitions
		batches[p] = append(batches[p], kafka.Record{Time: time.Now(), Key: kafka.NewBytes([]byte(r.Key)), Value: kafka.NewBytes(r.Value)})
	}
	for p, batch := range batches {
		if len(batch) == 0 {
			continue
		}
		res, err := b.client.Produce(ctx, &kafka.ProduceRequest{
			Topic: telemetryTopic, Partition: p, RequiredAcks: kafka.RequireAll, Records: kafka.NewRecordReader(batch...),
		})
		if err == nil {
			err = res.Error
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// message is one record of an output topic.
type message struct {
	partition int
	offset    int64
	key       []byte
	value     []byte
	headers   []kafka.Header
}

// receive reads all that is in a topic now.
func (b *broker) receive(ctx context.Context, topic string) ([]message, error) {
	var list []message
	for _, p := range b.cluster.PartitionInfos(topic) {
		for next := int64(0); next < p.HighWatermark; {
			got, err := b.fetch(ctx, topic, int(p.Partition), next)
			if err != nil {
				return nil, fmt.Errorf("reading topic %s: %w", topic, err)
			}
			list = append(list, got...)
			next += int64(len(got))
		}
	}
	return list, nil
}

func (b *broker) fetch(ctx context.Context, topic string, partition int, offset int64) ([]message, error) {
	res, err := b.client.Fetch(ctx, &kafka.FetchRequest{
		Topic: topic, Partition: partition, Offset: offset, MinBytes: 1, MaxBytes: 1 << 20, MaxWait: 100 * time.Millisecond,
	})
	if err == nil {
		err = res.Error
	}
	if err != nil {
		return nil, err
	}
	var list []message
	for {
		r, err := res.Records.ReadRecord()
		if errors.Is(err, io.EOF) {
			return list, nil
		}
		if err != nil {
			return nil, err
		}
		m := message{partition: partition, offset: r.Offset, headers: r.Headers}
		if m.key, err = kafka.ReadAll(r.Key); err != nil {
			return nil, err
		}
		if m.value, err = kafka.ReadAll(r.Value); err != nil {
			return nil, err
		}
		list = append(list, m)
	}
}

// feedSlowly sends a record now and then until ctx is done, and lets the story
// tell of each alert as it comes.
func (b *broker) feedSlowly(ctx context.Context, feed *sample.Feed, s *story) error {
	alerts := make(map[int]int64)
	for _, p := range b.cluster.PartitionInfos(alertsTopic) {
		alerts[int(p.Partition)] = p.HighWatermark
	}
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for i := 0; ; i++ {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		record := feed.Benign()
		if i%50 == 49 {
			record = feed.Attack()
		}
		if err := b.send(ctx, i, record); err != nil {
			return ignoreDone(ctx, err)
		}
		for p, offset := range alerts {
			got, err := b.fetch(ctx, alertsTopic, p, offset)
			if err != nil {
				return ignoreDone(ctx, err)
			}
			alerts[p] += int64(len(got))
			for _, m := range got {
				a, err := m.alert()
				if err != nil {
					return err
				}
				s.alert(a)
			}
		}
	}
}

// ignoreDone drops the error of a call that ctx cut short.
func ignoreDone(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}
