package consumer

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/segmentio/kafka-go"
)

// Config configures a Consumer.
type Config struct {
	Brokers []string // host:port, at least one
	Topics  []string // at least one; may not exist yet
	Group   string   // consumer group id
	// Transport holds the connections of fetches, commits and metadata, with
	// TLS and SASL. Its MetadataTopics must include Topics, or be empty.
	Transport *kafka.Transport
	Dialer    *kafka.Dialer // connections of group membership, with TLS and SASL

	Start Start // where a group that has never committed begins; default Earliest
	// SessionTimeout is how long the group waits for a member that has fallen
	// silent; default 10s. Brokers allow 6s to 30m unless told otherwise.
	SessionTimeout time.Duration
	CommitInterval time.Duration // default 1s; what lies behind the last commit is read again after a crash
	FetchBytes     int           // asked for a partition and fetch, as compressed by its producer; default 1 MiB
	BudgetBytes    int64         // decompressed bytes of all batches in hand; default 64 MiB

	// NewHandler makes the handler of a partition, once an assignment.
	NewHandler func(topic string, partition int) Handler
	Logger     *slog.Logger
}

// Start is where a group without commits begins.
type Start uint8

const (
	Earliest Start = iota // the log's start
	Latest                // the log's end, decided by topic: see the package documentation
)

// withDefaults returns c with its defaults, or all its mistakes.
func (c Config) withDefaults() (Config, error) {
	var errs []error
	mistake := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("consumer: "+format, args...))
	}
	if len(c.Brokers) == 0 {
		mistake("Brokers is empty: want at least one host:port")
	}
	if len(c.Topics) == 0 {
		mistake("Topics is empty: want at least one topic")
	}
	if c.Group == "" {
		mistake("Group is empty: want a consumer group id")
	}
	if c.Transport == nil {
		mistake("Transport is nil")
	}
	if c.Dialer == nil {
		mistake("Dialer is nil")
	}
	if c.NewHandler == nil {
		mistake("NewHandler is nil")
	}
	if c.Logger == nil {
		mistake("Logger is nil")
	}
	if c.Start > Latest {
		mistake("Start is %d: want Earliest or Latest", c.Start)
	}
	duration := func(name string, d *time.Duration, byDefault time.Duration) {
		switch {
		case *d == 0:
			*d = byDefault
		case *d < 0:
			mistake("%s is %v: want a positive duration", name, *d)
		}
	}
	duration("SessionTimeout", &c.SessionTimeout, 10*time.Second)
	duration("CommitInterval", &c.CommitInterval, time.Second)
	if c.FetchBytes == 0 {
		c.FetchBytes = 1 << 20
	}
	if c.BudgetBytes == 0 {
		c.BudgetBytes = 64 << 20
	}
	if c.FetchBytes < 0 || c.FetchBytes > 1<<30 {
		mistake("FetchBytes is %d: want 1 to %d", c.FetchBytes, 1<<30)
	}
	if c.BudgetBytes < int64(c.FetchBytes) {
		mistake("BudgetBytes is %d: want at least FetchBytes, %d", c.BudgetBytes, c.FetchBytes)
	}
	return c, errors.Join(errs...)
}

// drain is how long a batch in hand may take to finish when its partition is
// taken away. Heartbeats end with the generation, so it stays well below the
// session timeout: a drain of 7 s at a session of 6 s was thrown out.
func (c *Config) drain() time.Duration { return c.SessionTimeout / 2 }

// requestTimeout limits every request but fetches: no call of kafka-go has a
// deadline of its own.
func (c *Config) requestTimeout() time.Duration { return max(c.SessionTimeout/4, time.Second) }
