package consumer

import (
	"sync"
	"time"
)

// States of a partition, as Status shows them.
const (
	stateStarting   = "starting"   // its start offset is being found
	stateFetching   = "fetching"   // waiting for data
	stateHandling   = "handling"   // its handler has a batch
	stateUnreadable = "unreadable" // a batch that cannot be read is next
	stateFailing    = "failing"    // fetches fail, and are repeated
)

// owned is a partition during one assignment. The fetcher and its worker share
// it through mu; queue carries batches from the one to the other.
type owned struct {
	partition
	queue chan *batch // one batch beside the one in hand

	mu        sync.Mutex
	fetch     int64 // next offset to ask for
	watermark int64 // next offset to handle: everything below is durable
	note      commitNote
	committed int64 // -1: nothing yet
	end       int64 // high watermark last seen
	asked     bool  // part of a request, or its batch waits for the queue
	again     time.Time
	handling  bool
	state     string
	problem   string
	failures  int
	isolated  bool // asked for alone: a neighbour's batch, or its own, cannot be read
}

// wants reports whether the fetcher should ask for the partition now, and
// otherwise when it should, if it knows.
func (p *owned) wants(now time.Time) (bool, time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.asked || p.state == stateStarting || len(p.queue) == cap(p.queue) {
		return false, time.Time{}
	}
	return !now.Before(p.again), p.again
}

// ask marks the partition as part of a request, and returns where to read.
func (p *owned) ask() (offset int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = true
	return p.fetch
}

// answered notes the result of a request: next is where to go on.
func (p *owned) answered(next, end int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = false
	p.fetch, p.end = next, max(end, p.end)
	p.again, p.failures, p.isolated = time.Time{}, 0, false
	p.state, p.problem = stateFetching, ""
}

// failed notes that a request failed, and when to repeat it.
func (p *owned) failed(state, problem string, pause func(failures int) time.Duration) (news bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	news = p.problem != problem
	p.asked = false
	p.failures++
	p.again = time.Now().Add(pause(p.failures))
	p.state, p.problem = state, problem
	return news
}

// handled moves the watermark: the invariant of the package is that nothing
// else does, and that nothing below it is not durable.
func (p *owned) handled(next int64, note commitNote) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.watermark = next
	if note.Time >= 0 {
		p.note = note // else the batch held no record: the last one's note stands
	}
}

func (p *owned) inHand(on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.handling = on
}

// uncommitted returns the watermark when it is not committed yet.
func (p *owned) uncommitted() (offset int64, note commitNote, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.watermark, p.note, p.state != stateStarting && p.watermark != p.committed
}

func (p *owned) commit(offset int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.committed = offset
}

func (p *owned) status() PartitionStatus {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := PartitionStatus{
		Topic: p.topic, Partition: p.id, Watermark: p.watermark, Committed: p.committed, End: p.end,
		State: p.state, Problem: p.problem,
	}
	if p.handling && p.problem == "" {
		s.State = stateHandling
	}
	return s
}

// isolate has the partition asked for alone, until an answer of its own came.
func (p *owned) isolate() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked, p.isolated = false, true
}

func (p *owned) alone() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.isolated
}

// position is the next offset to ask for.
func (p *owned) position() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.fetch
}
