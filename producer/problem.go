package producer

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"

	"github.com/regtrap/regtrap/internal/diagnose"
)

// Reasons of problem beside those of diagnose.Connection.
const (
	reasonMissing  = "missing_topic"
	reasonReplicas = "replicas"
	reasonLeader   = "leader"
	reasonQuota    = "quota"
	reasonStorage  = "storage"
	reasonRecords  = "records"
)

// problem says an error of the output in words that an operator can act on:
// which topic, what is missing, what to do. The reason is a word of a fixed
// set, for metrics.
func problem(err error, topic string) (reason, words string) {
	switch {
	case errors.Is(err, kafka.TopicAuthorizationFailed):
		return diagnose.Authorization, fmt.Sprintf("topic %s: this user may not write to it: grant WRITE and DESCRIBE on the topic", topic)
	case errors.Is(err, kafka.UnknownTopicOrPartition), errors.Is(err, protocol.ErrNoTopic):
		return reasonMissing, fmt.Sprintf("topic %s does not exist: create it; regtrap never does", topic)
	case errors.Is(err, kafka.NotEnoughReplicas), errors.Is(err, kafka.NotEnoughReplicasAfterAppend):
		return reasonReplicas, fmt.Sprintf("topic %s: fewer replicas are in sync than min.insync.replicas asks for: bring brokers back", topic)
	case betweenLeaders(err):
		return reasonLeader, fmt.Sprintf("topic %s: a partition has no leader, or a new one: if it lasts, bring the brokers of its replicas back", topic)
	case errors.Is(err, kafka.ThrottlingQuotaExceeded):
		return reasonQuota, fmt.Sprintf("topic %s: this client is above its quota: raise it", topic)
	case errors.Is(err, kafka.KafkaStorageError):
		return reasonStorage, fmt.Sprintf("topic %s: the broker cannot write to its disk: look at its disks and log", topic)
	case refusesRecords(err):
		return reasonRecords, fmt.Sprintf("topic %s: the broker refuses a message as invalid: a compacted topic takes none without a key, and the topic may check timestamps: look at cleanup.policy and message.timestamp.* of the topic: %v", topic, err)
	}
	reason, words = diagnose.Connection(err)
	if reason == diagnose.Refused || reason == diagnose.Timeout {
		words = fmt.Sprintf("topic %s: %s", topic, words)
	}
	return reason, words
}

// betweenLeaders reports whether another broker leads the partition, or none:
// asking anew who does may help. The client finds out by itself, without a
// request, when its view of the cluster has no leader.
func betweenLeaders(err error) bool {
	for _, code := range []error{
		kafka.NotLeaderForPartition, kafka.LeaderNotAvailable, kafka.FencedLeaderEpoch, kafka.BrokerNotAvailable,
		kafka.ReplicaNotAvailable, protocol.ErrNoLeader, protocol.ErrNoPartition,
	} {
		if errors.Is(err, code) {
			return true
		}
	}
	return false
}

// refusesRecords reports whether the broker refuses messages for what is in
// them. Who can change the topic can end that, so they are not given back, but
// waited for like an output that is away.
func refusesRecords(err error) bool {
	return errors.Is(err, kafka.InvalidRecord) || errors.Is(err, kafka.InvalidTimestamp)
}

// isTimeout reports whether no answer came in time.
func isTimeout(err error) bool {
	var network net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &network) && network.Timeout()
}

// tooLarge reports whether the broker refuses the messages for their size.
func tooLarge(err error) bool {
	return errors.Is(err, kafka.MessageSizeTooLarge) || errors.Is(err, kafka.RecordListTooLarge)
}
