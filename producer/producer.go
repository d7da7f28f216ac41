// Package producer writes messages to Kafka and returns when all in-sync
// replicas have them.
package producer

import (
	"context"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/segmentio/kafka-go"
)

// Config configures a Producer.
type Config struct {
	Brokers   []string
	Transport *kafka.Transport
	Topics    []string // the topics that messages may go to: their metadata is kept
	Logger    *slog.Logger

	RequestTimeout time.Duration // of one produce request; default 10s
	BatchBytes     int           // of one request before compression; default 900 kB
	BackoffMin     time.Duration // default 100ms
	BackoffMax     time.Duration // default 10s
}

// Message is one message. Messages of one key go to one partition (murmur2).
type Message struct {
	Topic      string
	Key, Value []byte
	Headers    []kafka.Header
}

// Producer writes messages. It is safe for all goroutines.
type Producer struct{}

// New returns a Producer, or all mistakes of c joined. It does not connect.
func New(c Config) (*Producer, error) { return new(Producer), nil }

// Publish returns when every message is acknowledged by all in-sync replicas,
// except those that the broker will never take because of their size: their
// indexes are returned. It retries everything else until ctx is done; then
// the error says what it waited for, and any part of the messages may have
// been written.
func (p *Producer) Publish(ctx context.Context, messages []Message) (tooLarge []int, err error) {
	return nil, nil
}

// Run watches the output topics until ctx is done: that they exist, and how
// many replicas they have.
func (p *Producer) Run(ctx context.Context) error { <-ctx.Done(); return nil }

// Status returns the state of the output now. It is safe at any time.
func (p *Producer) Status() Status { return Status{} }

// Collectors returns the producer's metrics.
func (p *Producer) Collectors() []prometheus.Collector { return nil }

// Close closes idle connections.
func (p *Producer) Close() {}

// Status is a snapshot of a Producer.
type Status struct {
	Waiting bool      // a Publish is being retried, or a topic is missing
	Problem string    // what it waits for, in words that an operator can act on
	Since   time.Time // since when
}
