package service

import (
	"context"
	"fmt"
	"log/slog"
	"math/bits"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/regtrap/regtrap/consumer"
)

// When most of what arrives on a partition is poison, a shipper is broken, or a
// topic is not what it is thought to be. That is said loudly, and once: the
// partition goes on, for the next record may be sound.
const (
	breakerWindow = 256 // records that are looked at, the last ones
	breakerLeast  = 100 // records before anything is said
	// breakerQuiet ends what the window would hold on to: on a partition where
	// nothing arrives any more, the last records stay the last.
	breakerQuiet = 10 * time.Minute
	// breakerEvery is how often the log repeats itself.
	breakerEvery = time.Minute
)

// breaker watches one partition: it opens when more than half of the last 256
// records are poison, 100 at least, and closes when less than a quarter is, or
// when none has come for ten minutes. add and publish are the handler's alone;
// state is for all goroutines.
type breaker struct {
	window [breakerWindow / 64]uint64 // a bit a record, 1 is poison
	next   int                        // the record that is looked at next, in the window
	seen   int                        // records in the window
	fresh  bool                       // poison has come since publish

	mu    sync.Mutex
	now   breakerState
	since time.Time // the last poison
}

// breakerState is what a breaker says of its partition.
type breakerState struct {
	open         bool
	poison, seen int // of the records in the window
}

// add notes a record.
func (b *breaker) add(poison bool) {
	word, bit := b.next/64, uint64(1)<<(b.next%64)
	b.window[word] &^= bit
	if poison {
		b.window[word] |= bit
		b.fresh = true
	}
	b.next = (b.next + 1) % breakerWindow
	b.seen = min(b.seen+1, breakerWindow)
}

// publish makes what was added known.
func (b *breaker) publish(now time.Time) {
	poison := 0
	for _, w := range b.window {
		poison += bits.OnesCount64(w)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fresh {
		b.since, b.fresh = now, false
	}
	b.now.poison, b.now.seen = poison, b.seen
	switch {
	case b.seen >= breakerLeast && 2*poison > b.seen:
		b.now.open = true
	case 4*poison < b.seen:
		b.now.open = false
	}
}

// state returns what is known of the partition at a time.
func (b *breaker) state(now time.Time) breakerState {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.now
	s.open = s.open && now.Sub(b.since) < breakerQuiet
	return s
}

// breakers are those of all partitions that this member was ever given. They
// are a prometheus.Collector, of the partitions that it owns now. They are safe
// for all goroutines.
type breakers struct {
	owned func() []consumer.PartitionStatus
	now   func() time.Time

	mu   sync.Mutex
	list map[topicPartition]*breaker
	told map[topicPartition]bool // the log has said of these that they are open
	said time.Time               // when it did so last
}

func newBreakers(owned func() []consumer.PartitionStatus, now func() time.Time) *breakers {
	return &breakers{owned: owned, now: now, list: make(map[topicPartition]*breaker), told: make(map[topicPartition]bool)}
}

// partition returns the breaker of a partition that was assigned just now.
func (b *breakers) partition(topic string, partition int) *breaker {
	b.mu.Lock()
	defer b.mu.Unlock()
	one := new(breaker)
	b.list[topicPartition{topic, partition}] = one
	return one
}

// state returns what is known of a partition.
func (b *breakers) state(topic string, partition int) breakerState {
	b.mu.Lock()
	one := b.list[topicPartition{topic, partition}]
	b.mu.Unlock()
	if one == nil {
		return breakerState{}
	}
	return one.state(b.now())
}

// warning is for /readyz: empty when the breaker is closed.
func (s breakerState) warning() string {
	if !s.open {
		return ""
	}
	return fmt.Sprintf("most of what arrives is poison: %d of the last %d records went to the dead letters", s.poison, s.seen)
}

// report logs which partitions are open: when the first opens, and then once a
// minute for all of them. It logs the end of each that it named.
func (b *breakers) report(ctx context.Context, l *slog.Logger) {
	now := b.now()
	var lines, ended []string
	isOpen := make(map[topicPartition]bool)
	for _, p := range b.owned() {
		if s := b.state(p.Topic, p.Partition); s.open {
			tp := topicPartition{p.Topic, p.Partition}
			isOpen[tp] = true
			lines = append(lines, fmt.Sprintf("%s: %d of the last %d records", tp, s.poison, s.seen))
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for tp := range b.told {
		if !isOpen[tp] {
			delete(b.told, tp)
			ended = append(ended, tp.String())
		}
	}
	if len(ended) > 0 {
		slices.Sort(ended)
		l.LogAttrs(ctx, slog.LevelInfo, "poison is the exception again, or the partition another member's", slog.String("partitions", strings.Join(ended, ", ")))
	}
	if len(lines) == 0 || !b.said.IsZero() && now.Sub(b.said) < breakerEvery {
		return
	}
	b.said = now
	b.told = isOpen
	l.LogAttrs(ctx, slog.LevelError, "most of what arrives is poison: the partitions go on, and it goes to the dead letters",
		slog.String("partitions", strings.Join(lines, "; ")))
}

// String is topic/partition.
func (tp topicPartition) String() string { return tp.topic + "/" + strconv.Itoa(tp.partition) }

var _ prometheus.Collector = (*breakers)(nil)

func (*breakers) desc() *prometheus.Desc {
	return prometheus.NewDesc("regtrap_partition_poisoned", "1 while most of the last records of the partition were poison, else 0.", []string{"topic", "partition"}, nil)
}

// Describe sends the description of the gauge.
func (b *breakers) Describe(ch chan<- *prometheus.Desc) { ch <- b.desc() }

// Collect sends the gauge of every partition that is owned now.
func (b *breakers) Collect(ch chan<- prometheus.Metric) {
	for _, p := range b.owned() {
		v := 0.0
		if b.state(p.Topic, p.Partition).open {
			v = 1
		}
		ch <- prometheus.MustNewConstMetric(b.desc(), prometheus.GaugeValue, v, p.Topic, strconv.Itoa(p.Partition))
	}
}
