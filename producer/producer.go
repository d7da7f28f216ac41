package producer

import (
	"cmp"
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
	config    Config
	transport *kafka.Transport // of its own: see ownTransport
	client    *kafka.Client
	metrics   *metrics
	state     state

	mu        sync.Mutex // guards all below
	lanes     map[partition]*lane
	refreshed time.Time // when the view of leaders was last thrown away
	throttled time.Time // until when a broker said it would hold requests back
}

// New returns a Producer, or all mistakes of c joined. It does not connect.
func New(c Config) (*Producer, error) {
	c, err := c.withDefaults()
	if err != nil {
		return nil, err
	}
	transport := ownTransport(c.Transport, slices.Concat(c.Topics, c.Guarded))
	return &Producer{
		config:    c,
		transport: transport,
		client:    &kafka.Client{Addr: kafka.TCP(c.Brokers...), Transport: transport},
		metrics:   newMetrics(),
		lanes:     make(map[partition]*lane),
	}, nil
}

// Publish returns when every message is acknowledged by all in-sync replicas,
// except those that the broker will never take because of their size: their
// indexes are returned, in ascending order. It retries everything else until
// ctx is done; then the error says what it waited for, and any part of the
// messages may have been written. Nothing is sent after Publish returns, but a
// request that was under way then may still be written, for RequestTimeout at
// most. The messages' memory is the caller's again in any case.
//
// Messages for one partition are written in their order: when one must be
// retried, those behind it wait. Concurrent calls share requests.
func (p *Producer) Publish(ctx context.Context, messages []Message) (oversize []int, err error) {
	wait := backoff.NewExponentialBackOff()
	wait.InitialInterval, wait.MaxInterval = p.config.BackoffMin, p.config.BackoffMax
	todo := make([]int, len(messages))
	for i := range todo {
		todo[i] = i
	}
	waiting := p.state.newWaiter()
	defer waiting.done()
	words := "" // why the last attempt failed that ctx did not cut short
	for {
		left, large, why := p.attempt(ctx, messages, todo)
		oversize = append(oversize, large...)
		if len(left) == 0 {
			slices.Sort(oversize)
			return oversize, nil
		}
		if len(left) < len(todo) {
			wait.Reset() // the output works, if not for all
		}
		todo = left
		if ctx.Err() == nil {
			var reason string
			reason, words = problem(why.cause, why.topic)
			p.metrics.retries.WithLabelValues(reason).Inc()
			if waiting.says(words) {
				p.config.Logger.Warn("output unavailable", "topic", why.topic, "problem", words, "messages", len(todo))
			}
			if reason == reasonLeader {
				p.refresh()
			}
		}
		pause := time.NewTimer(wait.NextBackOff())
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			if words == "" {
				words = "the brokers have not answered yet"
			}
			return nil, fmt.Errorf("%d messages not acknowledged: %s: %w", len(todo), words, context.Cause(ctx))
		}
	}
}

// refusal is why a topic did not take its messages.
type refusal struct {
	topic string
	cause error
}

// attempt sends messages[i] for each i in todo, and returns those that must be
// sent again, in order, and those that are too large. Of several refusals it
// returns that of the first topic and partition, so that repeated attempts at
// the same give the same words; it is nil when nothing is left.
func (p *Producer) attempt(ctx context.Context, messages []Message, todo []int) (left, large []int, why *refusal) {
	refused := func(topic string, err error) {
		if why == nil || topic < why.topic {
			why = &refusal{topic, err}
		}
	}
	deliveries := make(map[partition]*delivery)
	for topic, indexes := range byTopic(messages, todo) {
		n, err := p.partitions(ctx, topic)
		if err = cmp.Or(ctx.Err(), err); err != nil {
			left = append(left, indexes...)
			refused(topic, err)
			continue
		}
		for _, i := range indexes {
			key := messages[i].Key
			if key == nil {
				key = messages[i].Value
			}
			at := partition{topic, partitionOf(key, n)}
			d := deliveries[at]
			if d == nil {
				d = &delivery{messages: messages, done: make(chan struct{})}
				deliveries[at] = d
			}
			d.left = append(d.left, i)
		}
	}
	for at, d := range deliveries {
		p.lane(at).add(d)
	}
	order := slices.SortedFunc(maps.Keys(deliveries), func(a, b partition) int {
		return cmp.Or(cmp.Compare(a.topic, b.topic), cmp.Compare(a.id, b.id))
	})
	for _, at := range order {
		d := deliveries[at]
		select {
		case <-d.done:
		case <-ctx.Done():
			p.lane(at).abandon(d)
		}
		left, large = append(left, d.left...), append(large, d.large...)
		if len(d.left) > 0 {
			refused(at.topic, cmp.Or(d.err, ctx.Err()))
		}
	}
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

// lane returns the one lane to a partition.
func (p *Producer) lane(at partition) *lane {
	p.mu.Lock()
	defer p.mu.Unlock()
	l := p.lanes[at]
	if l == nil {
		l = &lane{producer: p, at: at}
		p.lanes[at] = l
	}
	return l
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

// produce sends one request, and returns nil when all in-sync replicas have
// the messages.
func (p *Producer) produce(ctx context.Context, at partition, messages []Message) error {
	ctx, cancel := context.WithTimeout(ctx, p.config.RequestTimeout)
	defer cancel()
	began := time.Now()
	list := records(messages)
	size := 0
	for i := range list {
		list[i].Time = began
		size += len(messages[i].Value)
	}
	res, err := p.client.Produce(ctx, &kafka.ProduceRequest{
		Topic:        at.topic,
		Partition:    at.id,
		RequiredAcks: kafka.RequireAll,
		Records:      kafka.NewRecordReader(list...),
		// Alerts of one rule repeat its whole text. They are few, so the
		// ratio counts, not the speed.
		Compression: kafka.Zstd,
	})
	p.metrics.duration.Observe(time.Since(began).Seconds())
	if err != nil {
		if p.heldBack(began) && isTimeout(err) {
			err = errors.Join(kafka.ThrottlingQuotaExceeded, err)
		}
		return err
	}
	if res.Throttle > 0 {
		p.mu.Lock()
		p.throttled = time.Now().Add(res.Throttle)
		p.mu.Unlock()
	}
	if res.Error != nil {
		return errors.Join(res.Error, recordErrors(res.RecordErrors))
	}
	p.metrics.messages.WithLabelValues(at.topic).Add(float64(len(messages)))
	p.metrics.bytes.WithLabelValues(at.topic).Add(float64(size))
	return nil
}

// heldBack reports whether a request that began then was held back for a
// quota. A broker does not refuse such a request: it told the delay with the
// answer before, and reads nothing for so long.
func (p *Producer) heldBack(began time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return began.Before(p.throttled)
}

// recordErrors joins what the broker says of single records.
func recordErrors(m map[int]error) error {
	var errs []error
	for _, i := range slices.Sorted(maps.Keys(m)) {
		errs = append(errs, fmt.Errorf("record %d of the batch: %w", i, m[i]))
	}
	return errors.Join(errs...)
}

// Close closes the producer's connections as they fall idle.
func (p *Producer) Close() { p.transport.CloseIdleConnections() }

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
