package offsets

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/regtrap/regtrap/cmd/internal/admin"
	"github.com/regtrap/regtrap/consumer"
)

// readers is how many partitions are read at a time for the time of their next
// record.
const readers = 8

// Standing is where a group stands in one partition.
type Standing struct {
	Topic       string
	Partition   int
	Committed   int64     // -1: nothing
	Start, End  int64     // of the log; -1: not known, Problem says why
	NextTime    time.Time // timestamp of the next record to handle; zero: none, or not known
	HandledTime time.Time // timestamp of the last record handled; zero: not known
	Member      string    // id of the member that owns the partition; empty: none
	Problem     string    // empty when all is well
}

// Lag is how many offsets lie from the committed one to the end, -1 when one of
// the two is not known.
func (s *Standing) Lag() int64 {
	if s.Committed < 0 || s.End < 0 {
		return -1
	}
	return max(s.End-max(s.Committed, s.Start), 0)
}

// Show returns where a group stands and the group itself. Topics that fail are
// left out and named by the error; the others are there all the same.
func Show(ctx context.Context, c *admin.Client, s Selection) ([]Standing, admin.Group, error) {
	g, err := c.Group(ctx, s.Group)
	if err != nil {
		return nil, g, err
	}
	owner := make(map[string]map[int]string)
	for _, m := range g.Members {
		for topic, ids := range m.Assigned {
			if owner[topic] == nil {
				owner[topic] = make(map[int]string)
			}
			for _, id := range ids {
				owner[topic][id] = m.ID
			}
		}
	}
	var list []Standing
	var errs []error
	for _, topic := range s.Topics {
		of, err := s.standings(ctx, c, topic)
		if err != nil {
			errs = append(errs, err)
			if admin.General(err) {
				break
			}
			continue
		}
		for i := range of {
			of[i].Member = owner[topic][of[i].Partition]
		}
		list = append(list, of...)
	}
	readNext(ctx, c, list)
	return list, g, errors.Join(errs...)
}

func (s *Selection) standings(ctx context.Context, c *admin.Client, topic string) ([]Standing, error) {
	ids, err := s.partitions(ctx, c, topic)
	if err != nil {
		return nil, err
	}
	// The commits first: the end can then only be further on.
	commits, err := c.Commits(ctx, s.Group, topic, ids)
	if err != nil {
		return nil, err
	}
	bounds, problems, err := eachBounds(ctx, c, topic, ids)
	if err != nil {
		return nil, err
	}
	var list []Standing
	for _, id := range ids {
		st := Standing{Topic: topic, Partition: id, Committed: commits[id].Offset, Start: bounds[id].Start, End: bounds[id].End}
		st.HandledTime, _ = consumer.HandledTime(commits[id].Metadata)
		switch {
		case problems[id] != nil:
			st.Start, st.End, st.Problem = -1, -1, problems[id].Error()
		case st.Committed >= 0 && st.Committed < st.Start:
			st.Problem = "below the log's start: retention took what was not handled"
		case st.Committed > st.End:
			st.Problem = "past the log's end: it was truncated, or the topic recreated"
		}
		list = append(list, st)
	}
	return list, nil
}

// eachBounds returns the bounds of all partitions at once or, when that fails,
// of each that answers alone: one without a leader hides no other.
func eachBounds(ctx context.Context, c *admin.Client, topic string, ids []int) (map[int]admin.Bounds, map[int]error, error) {
	bounds, err := c.Bounds(ctx, topic, ids)
	if err == nil || admin.General(err) || len(ids) == 1 {
		return bounds, nil, err
	}
	bounds = make(map[int]admin.Bounds)
	problems := make(map[int]error)
	for _, id := range ids {
		b, err := c.Bounds(ctx, topic, []int{id})
		if err != nil {
			problems[id] = err
			continue
		}
		bounds[id] = b[id]
	}
	if len(bounds) == 0 {
		return nil, nil, err
	}
	return bounds, problems, nil
}

// readNext reads of each partition the record that is next.
func readNext(ctx context.Context, c *admin.Client, list []Standing) {
	var group errgroup.Group
	group.SetLimit(readers)
	for i := range list {
		s := &list[i]
		if s.Lag() <= 0 {
			continue
		}
		group.Go(func() error {
			for r, err := range c.Records(ctx, s.Topic, s.Partition, max(s.Committed, s.Start), s.End) {
				if err != nil {
					s.Problem = "the next record cannot be read: " + err.Error()
				} else {
					s.NextTime = r.Time
				}
				break
			}
			return nil
		})
	}
	_ = group.Wait() // errors are in the standings
}
