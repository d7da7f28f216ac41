package producer

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/segmentio/kafka-go"
	"golang.org/x/sync/errgroup"
)

// Message is one message. Messages of one key go to one partition (murmur2, as
// the Java client chooses); messages without a key go by their value.
type Message struct {
	Topic      string
	Key, Value []byte
	Headers    []kafka.Header
}

// Producer writes messages. It is safe for all goroutines.
type Producer struct {
	config  Config
	client  *kafka.Client
	metrics *metrics
	state   state
	// lanes[topic/partition] is held by the one request in flight to that
	// partition: with two, a retry could put the first behind the second.
	lanes sync.Map // of partition to chan struct{}
}

// partition names one partition of an output topic.
type partition struct {
	topic string
	id    int
}

// New returns a Producer, or all mistakes of c joined. It does not connect.
func New(c Config) (*Producer, error) {
	c, err := c.withDefaults()
	if err != nil {
		return nil, err
	}
	return &Producer{
		config:  c,
		client:  &kafka.Client{Addr: kafka.TCP(c.Brokers...), Transport: c.Transport},
		metrics: newMetrics(),
	}, nil
}

// Publish returns when every message is acknowledged by all in-sync replicas,
// except those that the broker will never take because of their size: their
// indexes are returned, in ascending order. It retries everything else until
// ctx is done; then the error says what it waited for, and any part of the
// messages may have been written. Nothing is sent after Publish returns, but a
// request that was under way then may still be written by the broker.
//
// Messages for one partition are written in their order: when one must be
// retried, those behind it wait.
func (p *Producer) Publish(ctx context.Context, messages []Message) (oversize []int, err error) {
	wait := backoff.NewExponentialBackOff()
	wait.InitialInterval, wait.MaxInterval = p.config.BackoffMin, p.config.BackoffMax
	todo := make([]int, len(messages))
	for i := range todo {
		todo[i] = i
	}
	waiting := p.state.newWaiter()
	defer waiting.done()
	reason, words := "", "" // why the last attempt failed that ctx did not cut short
	for {
		left, large, err := p.attempt(ctx, messages, todo)
		oversize = append(oversize, large...)
		if len(left) == 0 {
			slices.Sort(oversize)
			return oversize, nil
		}
		if len(left) < len(todo) {
			wait.Reset() // the output works, if not for all
		}
		todo = left
		if ctx.Err() == nil || words == "" {
			reason, words = problem(err.cause, err.topic)
		}
		if ctx.Err() == nil {
			p.metrics.retries.WithLabelValues(reason).Inc()
			if waiting.says(words) {
				p.config.Logger.Warn("output unavailable", "topic", err.topic, "problem", words, "messages", len(todo))
			}
			if reason == "leader" || reason == "missing_topic" {
				p.config.Transport.CloseIdleConnections() // so that the next attempt asks anew who leads
			}
		}
		pause := time.NewTimer(wait.NextBackOff())
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return nil, fmt.Errorf("%d messages not acknowledged: %s: %w", len(todo), words, context.Cause(ctx))
		}
	}
}

// refusal is why a partition did not take its messages.
type refusal struct {
	topic string
	cause error
}

// attempt sends messages[i] for each i in todo, and returns those that must be
// sent again, in order, and those that are too large. The refusal is one of
// those met, nil when nothing is left.
func (p *Producer) attempt(ctx context.Context, messages []Message, todo []int) (left, large []int, why *refusal) {
	routes := make(map[partition][]int)
	for topic, indexes := range byTopic(messages, todo) {
		n, err := p.partitions(ctx, topic)
		if err != nil {
			left = append(left, indexes...)
			why = &refusal{topic, err}
			continue
		}
		for _, i := range indexes {
			key := messages[i].Key
			if key == nil {
				key = messages[i].Value
			}
			at := partition{topic, partitionOf(key, n)}
			routes[at] = append(routes[at], i)
		}
	}
	var mu sync.Mutex // guards left, large and why
	var group errgroup.Group
	for at, indexes := range routes {
		group.Go(func() error {
			unsent, tooBig, err := p.partition(ctx, at, messages, indexes)
			mu.Lock()
			defer mu.Unlock()
			left, large = append(left, unsent...), append(large, tooBig...)
			if err != nil {
				why = &refusal{at.topic, err}
			}
			return nil
		})
	}
	_ = group.Wait() // no function of the group returns an error
	slices.Sort(left)
	return left, large, why
}

func byTopic(messages []Message, todo []int) map[string][]int {
	m := make(map[string][]int)
	for _, i := range todo {
		m[messages[i].Topic] = append(m[messages[i].Topic], i)
	}
	return m
}

// partitions returns how many partitions a topic has.
func (p *Producer) partitions(ctx context.Context, topic string) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, p.config.RequestTimeout)
	defer cancel()
	res, err := p.client.Metadata(ctx, &kafka.MetadataRequest{Topics: []string{topic}})
	if err != nil {
		return 0, err
	}
	if len(res.Topics) != 1 {
		return 0, fmt.Errorf("%d topics in the answer for one", len(res.Topics))
	}
	t := &res.Topics[0]
	if t.Error != nil {
		return 0, t.Error
	}
	if len(t.Partitions) == 0 {
		return 0, kafka.LeaderNotAvailable // a topic in the making
	}
	return len(t.Partitions), nil
}

// partition sends messages to one partition, in order, a batch a request, and
// stops at the first batch that must be sent again.
func (p *Producer) partition(ctx context.Context, at partition, messages []Message, indexes []int) (left, large []int, err error) {
	lane, _ := p.lanes.LoadOrStore(at, make(chan struct{}, 1))
	select {
	case lane.(chan struct{}) <- struct{}{}:
		defer func() { <-lane.(chan struct{}) }()
	case <-ctx.Done():
		return indexes, nil, ctx.Err()
	}
	limit := p.config.BatchBytes
	for len(indexes) > 0 {
		n, size := 0, 0
		for n < len(indexes) && (n == 0 || size+messageBytes(&messages[indexes[n]]) <= limit) {
			size += messageBytes(&messages[indexes[n]])
			n++
		}
		err := p.produce(ctx, at, messages, indexes[:n])
		switch {
		case err == nil:
			indexes = indexes[n:]
		case tooLarge(err) && n == 1:
			p.metrics.tooLarge.WithLabelValues(at.topic).Inc()
			large = append(large, indexes[0])
			indexes = indexes[1:]
			limit = p.config.BatchBytes
		case tooLarge(err):
			limit = size / 2 // and so on until the one is alone that is too large
		default:
			return indexes, large, err
		}
	}
	return nil, large, nil
}

// messageBytes is about what a message takes in a batch.
func messageBytes(m *Message) int {
	n := len(m.Key) + len(m.Value) + 32
	for _, h := range m.Headers {
		n += len(h.Key) + len(h.Value) + 4
	}
	return n
}

// produce sends one batch, and returns nil when all in-sync replicas have it.
func (p *Producer) produce(ctx context.Context, at partition, messages []Message, indexes []int) error {
	ctx, cancel := context.WithTimeout(ctx, p.config.RequestTimeout)
	defer cancel()
	now := time.Now()
	records := make([]kafka.Record, len(indexes))
	size := 0
	for i, j := range indexes {
		m := &messages[j]
		records[i] = kafka.Record{Time: now, Key: kafka.NewBytes(m.Key), Value: kafka.NewBytes(m.Value), Headers: m.Headers}
		size += len(m.Value)
	}
	res, err := p.client.Produce(ctx, &kafka.ProduceRequest{
		Topic:        at.topic,
		Partition:    at.id,
		RequiredAcks: kafka.RequireAll,
		Records:      kafka.NewRecordReader(records...),
		// Alerts of one rule repeat its whole text. They are few, so the
		// ratio counts, not the speed.
		Compression: kafka.Zstd,
	})
	p.metrics.duration.Observe(time.Since(now).Seconds())
	if err != nil {
		return err
	}
	if res.Error != nil {
		return errors.Join(res.Error, recordErrors(res.RecordErrors))
	}
	p.metrics.messages.WithLabelValues(at.topic).Add(float64(len(indexes)))
	p.metrics.bytes.WithLabelValues(at.topic).Add(float64(size))
	return nil
}

// recordErrors joins what the broker says of single records.
func recordErrors(m map[int]error) error {
	var errs []error
	for _, i := range slices.Sorted(maps.Keys(m)) {
		errs = append(errs, fmt.Errorf("record %d of the batch: %w", i, m[i]))
	}
	return errors.Join(errs...)
}

// Close closes idle connections.
func (p *Producer) Close() { p.config.Transport.CloseIdleConnections() }

// Collectors returns the producer's metrics.
func (p *Producer) Collectors() []prometheus.Collector {
	return append(p.metrics.collectors(), prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "regtrap_output_waiting",
		Help: "1 while the output does not take messages or an output topic is missing, else 0.",
	}, func() float64 {
		if p.Status().Waiting {
			return 1
		}
		return 0
	}))
}
