package consumer

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/segmentio/kafka-go"
)

// Record is one Kafka record. Key, Value and Headers are valid until Handle
// returns.
type Record struct {
	Offset     int64
	Time       time.Time // the record's timestamp, UTC
	Key, Value []byte
	Headers    []kafka.Header
}

// Handler handles the records of one partition. The consumer makes one for
// every assignment of a partition and calls it from one goroutine.
type Handler interface {
	// Handle returns nil when everything that the records caused is durable:
	// only then is their offset committed. It returns an error only when ctx
	// is done; anything else it retries itself.
	Handle(ctx context.Context, records []Record) error
}

// Consumer reads topics as a member of a group.
type Consumer struct{}

// New returns a Consumer, or all mistakes of c joined.
func New(c Config) (*Consumer, error) { return new(Consumer), nil }

// Run joins the group and handles records until ctx is done; then it drains,
// commits, leaves, and returns nil. An error means that it could never work.
func (c *Consumer) Run(ctx context.Context) error { <-ctx.Done(); return nil }

// Status returns what the consumer is doing now. It is safe at any time.
func (c *Consumer) Status() Status { return Status{} }

// Collectors returns the consumer's metrics.
func (c *Consumer) Collectors() []prometheus.Collector { return nil }

// Status is a snapshot of a Consumer.
type Status struct {
	Joined     bool // member of a generation
	Partitions []PartitionStatus
	Missing    []string  // topics that do not exist
	Problem    string    // why there is no generation, in words that an operator can act on; empty when all is well
	Since      time.Time // when Problem began, or the generation
	OthersOwn  bool      // without partitions of its own: other members own some
	Progress   time.Time // last heartbeat of the consumer's own loops (liveness)
}

// PartitionStatus is the state of one owned partition.
type PartitionStatus struct {
	Topic     string
	Partition int
	Watermark int64 // next offset to handle
	Committed int64
	End       int64  // high watermark last seen
	State     string // fetching, handling, idle, unreadable, …
	Problem   string // empty when all is well
}
