package admin

import (
	"context"
	"errors"
	"fmt"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	protocolconsumer "github.com/segmentio/kafka-go/protocol/consumer"
	"github.com/segmentio/kafka-go/protocol/describegroups"
)

// Commit is what a group has committed for a partition.
type Commit struct {
	Offset   int64 // -1: nothing
	Metadata string
}

// Commits returns what a group has committed for partitions of a topic.
func (c *Client) Commits(ctx context.Context, group, topic string, partitions []int) (map[int]Commit, error) {
	return ask(ctx, c, "group "+group, func(ctx context.Context) (map[int]Commit, error) {
		res, err := c.kafka.OffsetFetch(ctx, &kafka.OffsetFetchRequest{GroupID: group, Topics: map[string][]int{topic: partitions}})
		if err == nil {
			err = res.Error
		}
		list := make(map[int]Commit)
		if errors.Is(err, kafka.GroupIdNotFound) {
			res, err = new(kafka.OffsetFetchResponse), nil // nobody has joined it yet
		}
		if err != nil {
			return nil, err
		}
		for _, p := range res.Topics[topic] {
			if p.Error != nil {
				return nil, fmt.Errorf("topic %s, partition %d: %w", topic, p.Partition, p.Error)
			}
			list[p.Partition] = Commit{p.CommittedOffset, p.Metadata}
		}
		for _, id := range partitions {
			if _, ok := list[id]; !ok {
				list[id] = Commit{Offset: -1}
			}
		}
		return list, nil
	})
}

// Commit commits offsets for a group that has no members: brokers refuse it for
// any other, so no member can join in between. The metadata is empty, so the
// consumer begins exactly there: it has no record to compare the log with.
func (c *Client) Commit(ctx context.Context, group string, offsets map[string]map[int]int64) error {
	req := &kafka.OffsetCommitRequest{GroupID: group, GenerationID: -1, Topics: make(map[string][]kafka.OffsetCommit)}
	for topic, list := range offsets {
		for id, offset := range list {
			req.Topics[topic] = append(req.Topics[topic], kafka.OffsetCommit{Partition: id, Offset: offset})
		}
	}
	_, err := ask(ctx, c, "group "+group, func(ctx context.Context) (struct{}, error) {
		res, err := c.kafka.OffsetCommit(ctx, req)
		if err != nil {
			return struct{}{}, err
		}
		var errs []error
		for topic, list := range res.Topics {
			for _, p := range list {
				if p.Error != nil {
					errs = append(errs, fmt.Errorf("topic %s, partition %d: %w", topic, p.Partition, p.Error))
				}
			}
		}
		return struct{}{}, errors.Join(errs...)
	})
	return err
}

// Group is a consumer group.
type Group struct {
	State   string // as Kafka names it: Empty, Stable, PreparingRebalance, CompletingRebalance or Dead
	Members []Member
}

// Member is a member of a group.
type Member struct {
	ID       string
	ClientID string
	Host     string
	Assigned map[string][]int // partitions by topic
}

// Group describes a group. One that nobody has heard of is Dead.
func (c *Client) Group(ctx context.Context, group string) (Group, error) {
	return ask(ctx, c, "group "+group, func(ctx context.Context) (Group, error) {
		m, err := c.transport.RoundTrip(ctx, c.addr, &describegroups.Request{Groups: []string{group}})
		if err != nil {
			return Group{}, err
		}
		res, ok := m.(*describegroups.Response)
		if !ok || len(res.Groups) != 1 {
			return Group{}, fmt.Errorf("answer of type %T to a question about one group", m)
		}
		found := res.Groups[0]
		switch err := kafka.Error(found.ErrorCode); {
		case err == kafka.GroupIdNotFound:
			return Group{State: "Dead"}, nil
		case found.ErrorCode != 0:
			return Group{}, err
		}
		g := Group{State: found.GroupState}
		for _, m := range found.Members {
			g.Members = append(g.Members, Member{m.MemberID, m.ClientID, m.ClientHost, assigned(m.MemberAssignment)})
		}
		return g, nil
	})
}

// assigned reads an assignment; one that is no consumer's has no partitions.
func assigned(b []byte) map[string][]int {
	var a protocolconsumer.Assignment
	if len(b) == 0 || protocol.Unmarshal(b, protocolconsumer.MaxVersionSupported, &a) != nil {
		return nil
	}
	list := make(map[string][]int)
	for _, t := range a.AssignedPartitions {
		for _, id := range t.Partitions {
			list[t.Topic] = append(list[t.Topic], int(id))
		}
	}
	return list
}
