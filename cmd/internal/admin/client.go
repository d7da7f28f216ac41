// Package admin asks a cluster single questions for the commands of an
// operator: what is in a log, what has a group committed, who is in it. Every
// request has a deadline, and every error says in one line what to do.
package admin

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"

	"github.com/regtrap/regtrap/internal/diagnose"
)

// requestTimeout limits one request with its repetitions. A person waits.
const requestTimeout = 10 * time.Second

// retryEvery is the pause before a question is asked again whose answer was
// that the cluster is not ready for it yet.
const retryEvery = 200 * time.Millisecond

// Client asks one cluster. It is safe for all goroutines.
type Client struct {
	kafka     *kafka.Client
	transport *kafka.Transport
	addr      addr
	timeout   time.Duration
}

// addr is the address of the brokers to begin with.
type addr interface {
	Network() string
	String() string
}

// New returns a client for some topics, with a transport like the given one, but
// connections of its own. Close it.
func New(brokers []string, like *kafka.Transport, topics ...string) *Client {
	t := &kafka.Transport{
		Dial: like.Dial, DialTimeout: like.DialTimeout, IdleTimeout: like.IdleTimeout, MetadataTTL: like.MetadataTTL,
		// What is not named here does not exist for kafka-go; without any name it
		// pulls all topics of the cluster.
		MetadataTopics: topics,
		ClientID:       like.ClientID, TLS: like.TLS, SASL: like.SASL, Resolver: like.Resolver, Context: like.Context,
	}
	a := kafka.TCP(brokers...)
	return &Client{kafka: &kafka.Client{Addr: a, Transport: t}, transport: t, addr: a, timeout: requestTimeout}
}

// Close closes the connections.
func (c *Client) Close() { c.transport.CloseIdleConnections() }

// ask asks until there is an answer, or an error that time does not cure, or
// the deadline. about is what the question is about, for the error.
func ask[T any](ctx context.Context, c *Client, about string, question func(ctx context.Context) (T, error)) (T, error) {
	within, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	for {
		answer, err := question(within)
		if err == nil {
			return answer, nil
		}
		if notReady(err) {
			select {
			case <-time.After(retryEvery):
				continue
			case <-within.Done():
			}
		}
		if ctx.Err() != nil {
			return answer, context.Cause(ctx)
		}
		return answer, problem(err, about)
	}
}

// notReady reports whether an error may pass in a moment.
func notReady(err error) bool {
	for _, code := range []kafka.Error{
		kafka.GroupCoordinatorNotAvailable, kafka.NotCoordinatorForGroup, kafka.GroupLoadInProgress,
		kafka.LeaderNotAvailable, kafka.NotLeaderForPartition, kafka.ReplicaNotAvailable,
	} {
		if errors.Is(err, code) {
			return true
		}
	}
	return false
}

// Problem is an error of a request.
type Problem struct {
	// General is set when any other request would fail in the same way: there is
	// no connection, or no right to one.
	General bool

	words string
	cause error
}

// Error says in one line what it is about, what is wrong and what to do.
func (p *Problem) Error() string { return p.words }

// Unwrap returns what the broker or the connection said.
func (p *Problem) Unwrap() error { return p.cause }

func problem(err error, about string) error {
	var words string
	general := false
	switch {
	case errors.Is(err, kafka.UnknownTopicOrPartition), errors.Is(err, kafka.InvalidTopic):
		words = "the topic does not exist: check its name"
	case errors.Is(err, kafka.TopicAuthorizationFailed):
		words = "this user may not read or describe the topic: grant READ and DESCRIBE on it"
	case errors.Is(err, kafka.GroupAuthorizationFailed):
		words = "this user may not use the group: grant READ and DESCRIBE on it"
	case errors.Is(err, protocol.ErrNoLeader), errors.Is(err, protocol.ErrNoPartition), errors.Is(err, kafka.LeaderNotAvailable), errors.Is(err, kafka.NotLeaderForPartition), errors.Is(err, kafka.ReplicaNotAvailable):
		words = "a partition has no leader: bring the brokers of its replicas back"
	case errors.Is(err, kafka.OffsetOutOfRange):
		words = "the log does not hold this offset"
	case Damaged(err):
		words = fmt.Sprintf("the batch at this offset cannot be read: %v", err)
	case errors.Is(err, kafka.UnknownMemberId), errors.Is(err, kafka.IllegalGeneration), errors.Is(err, kafka.RebalanceInProgress):
		words = "a member has joined the group: stop all members first"
	default:
		var reason string
		reason, words = diagnose.Connection(err)
		general = reason != diagnose.Refused
	}
	return &Problem{general, fmt.Sprintf("%s: %s", about, words), err}
}

// General reports whether an error is a Problem that any other request would
// meet as well.
func General(err error) bool {
	var p *Problem
	return errors.As(err, &p) && p.General
}

// Damaged reports whether an answer arrived and a batch in it could not be
// taken apart. kafka-go gives these errors, and those of the codecs, as text.
func Damaged(err error) bool {
	if errors.Is(err, kafka.InvalidMessage) { // CORRUPT_MESSAGE: the broker's own view
		return true
	}
	var p *Problem
	if errors.As(err, &p) {
		err = p.cause
	}
	for _, text := range []string{"crc32 checksum mismatch", "unsupported compression codec", "unsupported message version",
		"impossible record set", "zstd:", "snappy:", "s2:", "lz4:", "gzip:", "flate:", "xerial"} {
		if err != nil && strings.Contains(err.Error(), text) {
			return true
		}
	}
	return false
}
