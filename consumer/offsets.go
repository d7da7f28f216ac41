package consumer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/segmentio/kafka-go"
)

// position is what is known of a partition when it begins.
type position struct {
	committed int64 // -1: no commit
	// topicCommitted is set when the group has a commit for some partition of
	// the topic, other than those that members of this generation have just
	// made because of Latest.
	topicCommitted bool
	first, last    int64 // of the log: the earliest record, and the end
	recreated      bool  // the log is not the one that was committed
}

// decision is where a partition begins, and why.
type decision struct {
	offset int64
	reason string // a word of a fixed set, for metrics
	missed int64  // offsets that retention took before they were handled
	latest bool   // to be committed at once, as the package documentation says
}

// Reasons of a decision. The last three tell of something that went wrong.
const (
	atCommitted  = "committed"
	atEarliest   = "earliest"
	atLatest     = "latest"
	atNew        = "new_partition"
	atBelowStart = "below_start"
	atAboveEnd   = "above_end"
	atRecreated  = "recreated"
)

// decide says where a partition begins: the table of the package
// documentation.
func decide(p position, start Start) decision {
	switch {
	case p.committed < 0 && start == Earliest:
		return decision{offset: p.first, reason: atEarliest}
	case p.committed < 0 && p.topicCommitted:
		return decision{offset: p.first, reason: atNew}
	case p.committed < 0:
		return decision{offset: p.last, reason: atLatest, latest: true}
	case p.recreated:
		return decision{offset: p.first, reason: atRecreated}
	case p.committed < p.first:
		return decision{offset: p.first, reason: atBelowStart, missed: p.first - p.committed}
	case p.committed > p.last:
		return decision{offset: p.first, reason: atAboveEnd}
	}
	return decision{offset: p.committed, reason: atCommitted}
}

// report logs and counts a decision.
func report(logger *slog.Logger, m *metrics, p partition, committed int64, d decision) {
	m.starts.WithLabelValues(d.reason).Inc()
	attrs := []any{"topic", p.topic, "partition", p.id, "reason", d.reason, "offset", d.offset, "committed", committed}
	switch d.reason {
	case atBelowStart:
		m.missed.WithLabelValues(p.topic).Add(float64(d.missed))
		logger.Error("partition begins at another offset: retention took records before they were handled", append(attrs, "missed", d.missed)...)
	case atAboveEnd:
		logger.Error("partition begins at another offset: the log ends before the committed offset, so it was truncated or recreated", attrs...)
	case atRecreated:
		logger.Error("partition begins at another offset: the log is not the one that was committed, so its topic was recreated", attrs...)
	case atCommitted:
		logger.Debug("partition begins", attrs...)
	default:
		logger.Info("partition begins", attrs...)
	}
}

// listOffsets returns the first offset and the end of each partition.
func listOffsets(ctx context.Context, client *kafka.Client, timeout time.Duration, list []partition) (first, last map[partition]int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	ask := func(of func(int) kafka.OffsetRequest, pick func(kafka.PartitionOffsets) int64) (map[partition]int64, error) {
		req := &kafka.ListOffsetsRequest{Topics: make(map[string][]kafka.OffsetRequest)}
		for _, p := range list {
			req.Topics[p.topic] = append(req.Topics[p.topic], of(p.id))
		}
		res, err := client.ListOffsets(ctx, req)
		if err != nil {
			return nil, err
		}
		offsets := make(map[partition]int64)
		for topic, parts := range res.Topics {
			for _, p := range parts {
				if p.Error != nil {
					return nil, fmt.Errorf("topic %s, partition %d: %w", topic, p.Partition, p.Error)
				}
				offsets[partition{topic, p.Partition}] = pick(p)
			}
		}
		for _, p := range list {
			if _, ok := offsets[p]; !ok {
				return nil, fmt.Errorf("topic %s, partition %d: no offset in the answer", p.topic, p.id)
			}
		}
		return offsets, nil
	}
	first, err = ask(kafka.FirstOffsetOf, func(p kafka.PartitionOffsets) int64 { return p.FirstOffset })
	if err != nil {
		return nil, nil, err
	}
	last, err = ask(kafka.LastOffsetOf, func(p kafka.PartitionOffsets) int64 { return p.LastOffset })
	return first, last, err
}

// commits are what the group has committed, for all partitions of some topics.
type commits map[partition]kafka.OffsetFetchPartition

// fetchCommits asks for the group's commits of all partitions of the topics.
func fetchCommits(ctx context.Context, client *kafka.Client, timeout time.Duration, group string, topics map[string]int) (commits, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	req := &kafka.OffsetFetchRequest{GroupID: group, Topics: make(map[string][]int)}
	for topic, n := range topics {
		for id := range n {
			req.Topics[topic] = append(req.Topics[topic], id)
		}
	}
	res, err := client.OffsetFetch(ctx, req)
	if err != nil {
		return nil, err
	}
	if res.Error != nil {
		return nil, res.Error
	}
	list := make(commits)
	var errs []error
	for topic, parts := range res.Topics {
		for _, p := range parts {
			if p.Error != nil {
				errs = append(errs, fmt.Errorf("topic %s, partition %d: %w", topic, p.Partition, p.Error))
			}
			list[partition{topic, p.Partition}] = p
		}
	}
	return list, errors.Join(errs...)
}

// topic reports whether the group has a commit for some partition of a topic,
// leaving out those that members of this generation made because of Latest:
// they would make one member's decision depend on how fast another was.
func (c commits) topic(name string, generation int32) bool {
	for p, commit := range c {
		if p.topic == name && commit.CommittedOffset >= 0 && parseNote(commit.Metadata).Latest != generation {
			return true
		}
	}
	return false
}
