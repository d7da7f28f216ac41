package producer

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/produce"
)

func TestProblemsNameWhatToDo(t *testing.T) {
	// What the client says without asking a broker.
	unsent := func(err error) error { return fmt.Errorf("kafka.(*Client).Produce: %w", produce.NewError(err)) }
	for _, test := range []struct {
		err           error
		reason, words string
	}{
		{kafka.UnknownTopicOrPartition, "missing_topic", "topic alerts does not exist: create it"},
		{unsent(protocol.NewErrNoTopic("alerts")), "missing_topic", "topic alerts does not exist: create it"},
		{kafka.TopicAuthorizationFailed, "authorization", "topic alerts: this user may not write to it: grant WRITE"},
		{kafka.NotEnoughReplicas, "replicas", "topic alerts: fewer replicas are in sync than min.insync.replicas"},
		{kafka.NotEnoughReplicasAfterAppend, "replicas", "bring brokers back"},
		{fmt.Errorf("wrapped: %w", kafka.NotLeaderForPartition), "leader", "topic alerts: a partition has no leader, or a new one"},
		{kafka.LeaderNotAvailable, "leader", "bring the brokers of its replicas back"},
		{kafka.BrokerNotAvailable, "leader", "no leader"},
		{unsent(protocol.NewErrNoLeader("alerts", 1)), "leader", "no leader"},
		{unsent(protocol.NewErrNoPartition("alerts", 1)), "leader", "no leader"},
		{kafka.ThrottlingQuotaExceeded, "quota", "topic alerts: this client is above its quota"},
		{errors.Join(kafka.ThrottlingQuotaExceeded, context.DeadlineExceeded), "quota", "raise it"},
		{kafka.KafkaStorageError, "storage", "topic alerts: the broker cannot write to its disk"},
		{kafka.InvalidRecord, "records", "topic alerts: the broker refuses a message as invalid: a compacted topic takes none without a key"},
		{kafka.InvalidTimestamp, "records", "message.timestamp.*"},
		{kafka.UnsupportedForMessageFormat, "refused", "topic alerts: the broker refuses"},
		{context.DeadlineExceeded, "timeout", "topic alerts: the brokers did not answer in time"},
		{kafka.RequestTimedOut, "timeout", "topic alerts: the brokers did not answer in time"},
		{kafka.SASLAuthenticationFailed, "authentication", "REGTRAP_SASL_PASSWORD"},
		{x509.UnknownAuthorityError{}, "tls", "REGTRAP_TLS_CA_FILE"},
		{&net.OpError{Op: "dial", Err: errors.New("connection refused")}, "network", "REGTRAP_BROKERS"},
	} {
		reason, words := problem(test.err, "alerts")
		if reason != test.reason || !strings.Contains(words, test.words) {
			t.Errorf("problem(%v) = %s, %q; want %s and %q", test.err, reason, words, test.reason, test.words)
		}
	}
}

func TestOnlySizeIsFinal(t *testing.T) {
	for _, err := range []error{kafka.MessageSizeTooLarge, fmt.Errorf("wrapped: %w", kafka.RecordListTooLarge)} {
		if !tooLarge(err) {
			t.Errorf("tooLarge(%v) = false", err)
		}
	}
	for _, err := range []error{kafka.InvalidRecord, kafka.InvalidTimestamp, kafka.PolicyViolation, kafka.UnknownTopicOrPartition, context.DeadlineExceeded} {
		if tooLarge(err) {
			t.Errorf("tooLarge(%v) = true", err)
		}
	}
}
