package service

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/regtrap/regtrap/consumer"
	"github.com/regtrap/regtrap/producer"
)

// stuckAfter is how long a loop may go without its heartbeat before the
// process counts as deadlocked. It is far above every deadline of an IO:
// waiting for Kafka must never restart a pod.
const stuckAfter = 2 * time.Minute

// busy says since when a partition's records are being read, without any IO.
// It is safe for all goroutines.
type busy struct{ since atomic.Int64 } // Unix nanoseconds; 0: not

func (b *busy) begin(now time.Time) { b.since.Store(now.UnixNano()) }
func (b *busy) end()                { b.since.Store(0) }

// health answers whether the process makes progress and whether it is ready.
// It is safe for all goroutines.
type health struct {
	consumer func() consumer.Status
	output   func() producer.Status
	now      func() time.Time
	began    time.Time
	grace    time.Duration // how long a member counts as ready while the group rebalances
	stopping atomic.Bool
	poison   func(topic string, partition int) breakerState // nil: nobody looks

	mu     sync.Mutex
	member time.Time // last seen as a member with partitions or a healthy standby
	busy   map[topicPartition]*busy
}

type topicPartition struct {
	topic     string
	partition int
}

func newHealth(c func() consumer.Status, p func() producer.Status, now func() time.Time, grace time.Duration) *health {
	return &health{consumer: c, output: p, now: now, began: now(), grace: grace, busy: make(map[topicPartition]*busy)}
}

// partition returns the busy of a partition that was assigned just now.
func (h *health) partition(topic string, partition int) *busy {
	h.mu.Lock()
	defer h.mu.Unlock()
	b := new(busy)
	h.busy[topicPartition{topic, partition}] = b
	return b
}

// Liveness is the body of /healthz.
type Liveness struct {
	Alive   bool     `json:"alive"`
	Reasons []string `json:"reasons"` // empty when alive
}

// liveness is false only when a loop has not come round for stuckAfter.
func (h *health) liveness() Liveness {
	l := Liveness{Reasons: []string{}}
	now := h.now()
	progress := h.consumer().Progress
	if progress.Before(h.began) {
		progress = h.began // has not begun yet
	}
	if d := now.Sub(progress); d > stuckAfter {
		l.Reasons = append(l.Reasons, fmt.Sprintf("the consumer's loop has stood still for %s", d.Round(time.Second)))
	}
	h.mu.Lock()
	for _, tp := range slices.SortedFunc(maps.Keys(h.busy), compareTopicPartition) {
		since := h.busy[tp].since.Load()
		if d := now.Sub(time.Unix(0, since)); since != 0 && d > stuckAfter {
			l.Reasons = append(l.Reasons, fmt.Sprintf("the worker of %s/%d has been reading one batch for %s",
				tp.topic, tp.partition, d.Round(time.Second)))
		}
	}
	h.mu.Unlock()
	l.Alive = len(l.Reasons) == 0
	return l
}

func compareTopicPartition(a, b topicPartition) int {
	if a.topic != b.topic {
		if a.topic < b.topic {
			return -1
		}
		return 1
	}
	return a.partition - b.partition
}

// Readiness is the body of /readyz.
type Readiness struct {
	Ready         bool             `json:"ready"`
	Reasons       []string         `json:"reasons"` // why it is not ready, for an operator; empty when it is
	Member        bool             `json:"member"`  // of a generation of the group
	Standby       bool             `json:"standby"` // without partitions, others own them
	MissingTopics []string         `json:"missing_topics"`
	Partitions    []PartitionState `json:"partitions"`
	Output        OutputState      `json:"output"`
}

// PartitionState is what one owned partition is doing.
type PartitionState struct {
	Topic      string `json:"topic"`
	Partition  int    `json:"partition"`
	State      string `json:"state"`
	Watermark  int64  `json:"watermark"` // next offset to handle
	Committed  int64  `json:"committed"`
	End        int64  `json:"end"`                   // of the log, as last seen
	WaitingFor string `json:"waiting_for,omitempty"` // empty when all is well
	Warning    string `json:"warning,omitempty"`     // what does not keep it from working; empty when there is nothing
}

// OutputState is whether alerts and dead letters can be written.
type OutputState struct {
	Writable   bool       `json:"writable"`
	WaitingFor string     `json:"waiting_for,omitempty"`
	Since      *time.Time `json:"since,omitempty"`
}

// readiness says whether this member does its part. It looks at the group
// through a grace period: a rebalance leaves every member without partitions
// for a moment, and that is no news.
func (h *health) readiness() Readiness {
	c, p, now := h.consumer(), h.output(), h.now()
	r := Readiness{
		Reasons: []string{}, MissingTopics: []string{}, Partitions: []PartitionState{},
		Member: c.Joined, Standby: c.Joined && len(c.Partitions) == 0 && c.OthersOwn,
		Output: OutputState{Writable: !p.Waiting, WaitingFor: p.Problem},
	}
	r.MissingTopics = append(r.MissingTopics, c.Missing...)
	not := func(format string, args ...any) { r.Reasons = append(r.Reasons, fmt.Sprintf(format, args...)) }

	if h.stopping.Load() {
		not("shutting down")
	}
	healthy := c.Joined && c.Problem == "" && (len(c.Partitions) > 0 || c.OthersOwn)
	if !h.graced(healthy, now) {
		switch {
		case c.Problem != "":
			not("consumer: %s", c.Problem)
		case !c.Joined:
			not("consumer: not a member of the group yet")
		case len(c.Missing) > 0:
			not("consumer: no partitions: missing topics %q", c.Missing)
		default:
			not("consumer: no partitions, and no other member owns any")
		}
	}
	for _, s := range c.Partitions {
		r.Partitions = append(r.Partitions, PartitionState{s.Topic, s.Partition, s.State, s.Watermark, s.Committed, s.End, s.Problem, h.warning(s)})
		if s.Problem != "" {
			not("%s/%d at offset %d: %s", s.Topic, s.Partition, s.Watermark, s.Problem)
		}
	}
	if p.Waiting {
		not("output: %s", p.Problem)
		if !p.Since.IsZero() {
			since := p.Since.UTC()
			r.Output.Since = &since
		}
	}
	r.Ready = len(r.Reasons) == 0
	return r
}

// graced reports whether membership is healthy, or was within the grace.
func (h *health) graced(healthy bool, now time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if healthy {
		h.member = now
		return true
	}
	return !h.member.IsZero() && now.Sub(h.member) < h.grace
}

// warning is what an operator should know of a partition that works.
func (h *health) warning(s consumer.PartitionStatus) string {
	if h.poison == nil {
		return ""
	}
	return h.poison(s.Topic, s.Partition).warning()
}
