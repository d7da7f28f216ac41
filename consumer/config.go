// Package consumer reads Kafka topics as a member of a consumer group and
// commits an offset only behind records that are handled.
package consumer

import (
	"log/slog"
	"time"

	"github.com/segmentio/kafka-go"
)

// Config configures a Consumer.
type Config struct {
	Brokers   []string         // host:port, at least one
	Topics    []string         // at least one; may not exist yet
	Group     string           // consumer group id
	Transport *kafka.Transport // connections of fetches, commits and metadata, with TLS and SASL
	Dialer    *kafka.Dialer    // connections of group membership, with TLS and SASL

	Start          Start         // where a group that has never committed begins
	SessionTimeout time.Duration // default 10s, at least 6s with Kafka's defaults
	CommitInterval time.Duration // default 1s
	FetchBytes     int           // asked for a partition and fetch, bytes; default 1 MiB
	BudgetBytes    int64         // decompressed bytes of all batches in hand; default 64 MiB

	NewHandler func(topic string, partition int) Handler
	Logger     *slog.Logger
}

// Start is where a group without commits begins.
type Start uint8

const (
	Earliest Start = iota // the log's start
	Latest                // the log's end, decided by topic: see the package documentation
)
