package producer

import (
	"errors"
	"fmt"

	"github.com/segmentio/kafka-go"

	"github.com/regtrap/regtrap/internal/diagnose"
)

// problem says an error of the output in words that an operator can act on:
// which topic, what is missing, what to do. The reason is a word of a fixed
// set, for metrics.
func problem(err error, topic string) (reason, words string) {
	switch {
	case errors.Is(err, kafka.TopicAuthorizationFailed):
		return diagnose.Authorization, fmt.Sprintf("topic %s: this user may not write to it: grant WRITE and DESCRIBE on the topic", topic)
	case errors.Is(err, kafka.UnknownTopicOrPartition):
		return "missing_topic", fmt.Sprintf("topic %s does not exist: create it; regtrap never does", topic)
	case errors.Is(err, kafka.NotEnoughReplicas), errors.Is(err, kafka.NotEnoughReplicasAfterAppend):
		return "replicas", fmt.Sprintf("topic %s: fewer replicas are in sync than min.insync.replicas asks for: bring brokers back", topic)
	case errors.Is(err, kafka.NotLeaderForPartition), errors.Is(err, kafka.LeaderNotAvailable), errors.Is(err, kafka.FencedLeaderEpoch), errors.Is(err, kafka.BrokerNotAvailable):
		return "leader", fmt.Sprintf("topic %s: a partition is between leaders", topic)
	case errors.Is(err, kafka.ThrottlingQuotaExceeded):
		return "quota", fmt.Sprintf("topic %s: this client is above its quota: raise it", topic)
	}
	reason, words = diagnose.Connection(err)
	if reason == diagnose.Refused || reason == diagnose.Timeout {
		words = fmt.Sprintf("topic %s: %s", topic, words)
	}
	return reason, words
}

// tooLarge reports whether the broker refuses the messages for their size.
func tooLarge(err error) bool {
	return errors.Is(err, kafka.MessageSizeTooLarge) || errors.Is(err, kafka.RecordListTooLarge)
}
