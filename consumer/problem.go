package consumer

import (
	"errors"
	"fmt"
	"strings"

	"github.com/segmentio/kafka-go"

	"github.com/regtrap/regtrap/internal/diagnose"
)

// groupProblem says why there is no generation, in words that an operator can
// act on.
func groupProblem(err error, group string) string {
	switch {
	case errors.Is(err, kafka.GroupAuthorizationFailed):
		return fmt.Sprintf("group %s: this user may not join it: grant READ on the group", group)
	case errors.Is(err, kafka.TopicAuthorizationFailed):
		return "this user may not read the topics: grant READ and DESCRIBE on them"
	case errors.Is(err, kafka.GroupCoordinatorNotAvailable), errors.Is(err, kafka.NotCoordinatorForGroup), errors.Is(err, kafka.GroupLoadInProgress):
		return fmt.Sprintf("group %s: its coordinator is not ready", group)
	case errors.Is(err, kafka.RebalanceInProgress):
		return fmt.Sprintf("group %s: rebalancing", group)
	case errors.Is(err, kafka.InvalidSessionTimeout):
		return fmt.Sprintf("group %s: the brokers do not allow this session timeout: check REGTRAP_SESSION_TIMEOUT against group.min.session.timeout.ms and group.max.session.timeout.ms", group)
	case errors.Is(err, kafka.InconsistentGroupProtocol):
		return fmt.Sprintf("group %s: its other members are no regtrap: choose another REGTRAP_GROUP", group)
	}
	_, words := diagnose.Connection(err)
	return words
}

// fetchProblem says why a partition brings nothing. stale is set when the
// leader has to be asked for again, unreadable when the next batch cannot be
// read, which waiting does not cure.
func fetchProblem(err error, p partition) (reason, words string, stale, unreadable bool) {
	switch {
	case damaged(err):
		return "unreadable", fmt.Sprintf("the batch at this offset cannot be read: %v: restore it from a replica, or skip it with regtrap offsets set --to readable", err), false, true
	case errors.Is(err, kafka.NotLeaderForPartition), errors.Is(err, kafka.LeaderNotAvailable), errors.Is(err, kafka.FencedLeaderEpoch),
		errors.Is(err, kafka.UnknownLeaderEpoch), errors.Is(err, kafka.ReplicaNotAvailable), errors.Is(err, kafka.BrokerNotAvailable),
		strings.Contains(err.Error(), "mismatching leaders"), strings.Contains(err.Error(), "no leader"):
		return "leader", "the partition is between leaders", true, false
	case errors.Is(err, kafka.UnknownTopicOrPartition), strings.Contains(err.Error(), "topic not found"), strings.Contains(err.Error(), "topic partition not found"):
		return "missing_topic", fmt.Sprintf("topic %s is gone", p.topic), true, false
	case errors.Is(err, kafka.TopicAuthorizationFailed):
		return diagnose.Authorization, fmt.Sprintf("topic %s: this user may not read it: grant READ on the topic", p.topic), false, false
	}
	reason, words = diagnose.Connection(err)
	return reason, words, true, false
}

// damaged reports whether an answer arrived and could not be taken apart.
// kafka-go gives these errors, and those of the codecs, as text only.
func damaged(err error) bool {
	if errors.Is(err, kafka.InvalidMessage) { // CORRUPT_MESSAGE: the broker's own view
		return true
	}
	for _, text := range []string{"crc32 checksum mismatch", "unsupported compression codec", "unsupported message version",
		"impossible record set", "zstd:", "snappy:", "s2:", "lz4:", "gzip:", "flate:", "xerial"} {
		if strings.Contains(err.Error(), text) {
			return true
		}
	}
	return false
}
