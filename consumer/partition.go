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
	stateFailing    = "failing"    // fetches or the handler fail, and are repeated
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
	refusal   string // why the handler gave up; empty when it did not
	state     string
	problem   string
	failures  int
	isolated  bool // asked for alone: a neighbour's batch, or its own, cannot be read

	// fetched is of the last record that was fetched. It must still be the one
	// at its place when suspect is set: after a failure the log may be another.
	fetched commitNote
	suspect bool
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

// answered notes the result of a request: where to go on, and the last record.
func (p *owned) answered(b *batch, end int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked, p.suspect = false, false
	if b.note.Time >= 0 || p.fetched.Offset >= b.next {
		p.fetched = b.note
	}
	p.fetch = b.next
	if end >= 0 { // none in the answer that an offset is out of range
		p.end = end
	}
	p.again, p.failures, p.isolated = time.Time{}, 0, false
	p.state, p.problem = stateFetching, ""
}

// doubt has the last record compared before the next answer is believed.
func (p *owned) doubt() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.suspect = true
}

// last returns the note of the last record that was fetched, and whether it has
// to be compared.
func (p *owned) last() (note commitNote, suspect bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.fetched, p.suspect && p.fetched.Time >= 0
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
	// A batch without a record leaves the note of the last one, unless the
	// partition went back: then that record is none of this log.
	if note.Time >= 0 || p.note.Offset >= next {
		p.note = note
	}
}

// gaveUp notes why the handler gave up, and reports whether that is news.
func (p *owned) gaveUp(why string) (news bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	news = p.refusal != why
	p.refusal = why
	return news
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
	switch {
	case p.refusal != "":
		s.State, s.Problem = stateFailing, p.refusal
	case p.handling && p.problem == "":
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
