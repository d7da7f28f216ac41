package consumer

import (
	"context"
	"time"

	"github.com/segmentio/kafka-go"
)

// Record is one Kafka record. Key, Value and Headers are valid until Handle
// returns.
type Record struct {
	Offset     int64
	Time       time.Time // the record's timestamp, UTC
	Key, Value []byte    // nil where the record has none
	Headers    []kafka.Header
}

// Handler handles the records of one partition. The consumer makes one for
// every assignment of a partition and calls it from one goroutine.
type Handler interface {
	// Handle returns nil when everything that the records caused is durable:
	// only then is their offset committed. It returns an error only when ctx
	// is done; anything else it retries itself. After an error before that it
	// is called again with the same records.
	Handle(ctx context.Context, records []Record) error
}

// partition names one partition of a topic.
type partition struct {
	topic string
	id    int
}

func comparePartitions(a, b partition) int {
	switch {
	case a.topic < b.topic:
		return -1
	case a.topic > b.topic:
		return 1
	}
	return a.id - b.id
}
