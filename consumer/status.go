package consumer

import (
	"slices"
	"time"
)

// Status is a snapshot of a Consumer.
type Status struct {
	Joined     bool // member of a generation
	Partitions []PartitionStatus
	Missing    []string  // topics that do not exist, or that this user may not see
	Problem    string    // why there is no generation, in words that an operator can act on; empty when all is well
	Since      time.Time // when Problem began, or the generation
	// OthersOwn is set on a member without partitions when other members own
	// some: every partition of an existing topic is given to somebody.
	OthersOwn bool
	// Progress is the oldest heartbeat of the loops that run. Each comes round
	// every second or so, however long Kafka takes, so an old one means a
	// deadlock. Zero before Run.
	Progress time.Time
}

// PartitionStatus is the state of one owned partition.
type PartitionStatus struct {
	Topic     string
	Partition int
	Watermark int64  // next offset to handle
	Committed int64  // -1: nothing yet
	End       int64  // high watermark last seen
	State     string // starting, fetching, handling, unreadable or failing
	Problem   string // empty when all is well
}

// Status returns what the consumer is doing now. It is safe at any time.
func (c *Consumer) Status() Status {
	c.mu.Lock()
	a := c.assignment
	s := Status{
		Joined: a != nil, Problem: c.said, Since: c.since,
		Missing: slices.Concat(c.layout.missing, c.layout.forbidden),
	}
	topics := len(c.layout.partitions)
	c.mu.Unlock()
	s.Progress = c.beats.oldest()
	if a == nil {
		return s
	}
	for _, p := range a.parts {
		s.Partitions = append(s.Partitions, p.status())
	}
	s.OthersOwn = len(a.parts) == 0 && topics > 0
	return s
}
