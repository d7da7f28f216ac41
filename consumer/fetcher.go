package consumer

import (
	"context"
	"log/slog"
	"maps"
	"net"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"
)

const (
	// maxWait is how long a leader holds a request for which it has no data.
	maxWait = 500 * time.Millisecond
	// requestsPerLeader may be in flight at once: a partition that becomes
	// ready while idle ones wait for data is asked for in another request.
	requestsPerLeader = 3
	// leadersFor is how long a view of the leaders is used unless it proves wrong.
	leadersFor = 5 * time.Second
	// refreshFirst and refreshLast bound how often failing requests may have the
	// metadata asked for anew, which costs all users of the transport their idle
	// connections: at once after a leader moved, rarely while one stays away.
	refreshFirst = 250 * time.Millisecond
	refreshLast  = 30 * time.Second
)

// fetcher asks the leaders for data of the owned partitions of one assignment
// and puts it into their queues.
type fetcher struct {
	config  *Config
	client  *kafka.Client
	brokers kafka.RoundTripper // config.Transport
	addr    net.Addr
	budget  *budget
	metrics *metrics
	beats   *beats
	logger  *slog.Logger
	parts   []*owned
	wake    chan struct{} // holds one token when there may be something to ask for

	inFlight sync.WaitGroup

	mu       sync.Mutex
	leaders  map[partition]int
	asked    time.Time     // when leaders was
	stale    bool          // leaders proved wrong
	refresh  time.Duration // least time until stale leaders are asked for again
	requests map[int]int   // in flight, by leader
}

func (f *fetcher) notify() {
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

// run works until ctx is done, and returns when no request is in flight.
func (f *fetcher) run(ctx context.Context) {
	defer f.beats.end("fetcher")
	defer f.inFlight.Wait()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for ctx.Err() == nil {
		f.beats.beat("fetcher")
		f.lead(ctx)
		freed, pause := f.dispatch(ctx)
		timer.Reset(pause)
		select {
		case <-f.wake:
		case <-freed:
		case <-timer.C:
		case <-ctx.Done():
		}
	}
}

// lead renews the view of who leads which partition.
func (f *fetcher) lead(ctx context.Context) {
	f.mu.Lock()
	age := time.Since(f.asked)
	wrong := f.stale && age > max(f.refresh, refreshFirst)
	f.mu.Unlock()
	if !wrong && age < leadersFor {
		return
	}
	if wrong {
		// The transport's own view is as old as ours; with new connections it
		// asks anew.
		f.config.Transport.CloseIdleConnections()
	}
	topics := make(map[string]bool)
	var names []string
	for _, p := range f.parts {
		if !topics[p.topic] {
			topics[p.topic] = true
			names = append(names, p.topic)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, f.config.requestTimeout())
	defer cancel()
	res, err := f.client.Metadata(ctx, &kafka.MetadataRequest{Topics: names})
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = time.Now()
	if err != nil {
		return // stale stays, and the partitions' own requests say why
	}
	before := f.leaders
	f.leaders = make(map[partition]int)
	for _, t := range res.Topics {
		for _, p := range t.Partitions {
			if p.Error == nil && p.Leader.Host != "" {
				f.leaders[partition{t.Name, p.ID}] = p.Leader.ID
			}
		}
	}
	switch {
	case !maps.Equal(before, f.leaders):
		f.refresh = 0
	case wrong: // it was not the leaders, or there is none yet
		f.refresh = min(max(2*f.refresh, refreshFirst), refreshLast)
	}
	f.stale = false
}

// dispatch sends a request to each leader of partitions that are ready for
// data. It returns a channel to wait for when memory was short, and for how
// long there is nothing else to do.
func (f *fetcher) dispatch(ctx context.Context) (freed <-chan struct{}, pause time.Duration) {
	now := time.Now()
	pause = time.Second
	ready := make(map[int][]*owned)
	f.mu.Lock()
	leaders := f.leaders
	f.mu.Unlock()
	for _, p := range f.parts {
		wants, again := p.wants(now)
		if !wants {
			if d := again.Sub(now); d > 0 {
				pause = min(pause, d)
			}
			continue
		}
		leader, ok := leaders[p.partition]
		if !ok {
			p.ask()
			f.failed(p, kafka.LeaderNotAvailable)
			pause = min(pause, refreshFirst)
			continue
		}
		if p.alone() {
			leader = -1 - leader // a request of its own; see unreadable batches
		}
		ready[leader] = append(ready[leader], p)
	}
	least := int64(f.config.FetchBytes)
	for leader, list := range ready {
		size := len(list)
		if leader < 0 {
			leader, size = -1-leader, 1
		}
		for ; len(list) > 0 && f.slot(leader); list = list[size:] {
			size = min(size, len(list))
			reserved, wait := f.budget.reserve(least, min(least*int64(size), max(least, f.config.BudgetBytes/16)))
			if wait != nil {
				f.release(leader)
				return wait, pause
			}
			part := list[:size:size]
			offsets := make([]int64, size)
			for i, p := range part {
				offsets[i] = p.ask()
			}
			f.inFlight.Go(func() {
				defer f.notify()
				defer f.release(leader)
				f.request(ctx, part, offsets, reserved)
			})
		}
	}
	return nil, pause
}

func (f *fetcher) slot(leader int) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.requests[leader] >= requestsPerLeader {
		return false
	}
	if f.requests == nil {
		f.requests = make(map[int]int)
	}
	f.requests[leader]++
	return true
}

func (f *fetcher) release(leader int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.requests[leader]--
}
