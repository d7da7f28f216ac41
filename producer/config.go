package producer

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/segmentio/kafka-go"
)

// Config configures a Producer.
type Config struct {
	Brokers []string // host:port of brokers to begin with
	// Transport is how brokers are reached: dialer, TLS, SASL, timeouts. The
	// producer opens connections of its own like it, for its topics alone.
	Transport *kafka.Transport
	Topics    []string // the topics that messages may go to
	// Guarded are further topics that the guarantee rests on, as that of the
	// group's offsets: how they are replicated is looked at as that of Topics
	// is, but nothing waits for them.
	Guarded []string
	Logger  *slog.Logger

	// RequestTimeout limits one produce request, the wait for replicas
	// included; default 10s. A request that it cuts short may still be written,
	// so shorter means more repetitions, not more speed.
	RequestTimeout time.Duration
	// BatchBytes limits the messages of one request before compression;
	// default 900,000. Above the topic's max.message.bytes every batch is
	// refused and halved until it fits.
	BatchBytes int
	BackoffMin time.Duration // between attempts, doubling with jitter; default 100ms
	BackoffMax time.Duration // default 10s
}

// withDefaults returns c with its defaults, or all its mistakes.
func (c Config) withDefaults() (Config, error) {
	var errs []error
	mistake := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if len(c.Brokers) == 0 {
		mistake("producer: Brokers is empty: want at least one host:port")
	}
	if len(c.Topics) == 0 {
		mistake("producer: Topics is empty: want the topics that messages may go to")
	}
	if c.Transport == nil {
		mistake("producer: Transport is nil")
	}
	if c.Logger == nil {
		mistake("producer: Logger is nil")
	}
	duration := func(name string, d *time.Duration, byDefault time.Duration) {
		switch {
		case *d == 0:
			*d = byDefault
		case *d < 0:
			mistake("producer: %s is %v: want a positive duration", name, *d)
		}
	}
	duration("RequestTimeout", &c.RequestTimeout, 10*time.Second)
	duration("BackoffMin", &c.BackoffMin, 100*time.Millisecond)
	duration("BackoffMax", &c.BackoffMax, 10*time.Second)
	switch {
	case c.BatchBytes == 0:
		c.BatchBytes = 900_000
	case c.BatchBytes < 0:
		mistake("producer: BatchBytes is %d: want a positive number of bytes", c.BatchBytes)
	}
	if c.BackoffMin > c.BackoffMax {
		mistake("producer: BackoffMin %v is above BackoffMax %v", c.BackoffMin, c.BackoffMax)
	}
	return c, errors.Join(errs...)
}
