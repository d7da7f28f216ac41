package consumer

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol/fetch"
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

// request asks for partitions of one leader and hands the answer on.
func (f *fetcher) request(ctx context.Context, parts []*owned, offsets []int64, reserved int64) {
	hold := int64(0) // what the answer really holds
	defer func() { f.budget.change(hold - reserved) }()
	answers, err := f.fetch(ctx, parts, offsets, reserved, maxWait)
	if ctx.Err() != nil {
		return // the assignment ends: what has come now is another's to fetch
	}
	if err != nil {
		for _, p := range parts {
			if damaged(err) && len(parts) > 1 {
				p.isolate() // one of them: each is asked for alone to find out which
				continue
			}
			f.failed(p, err)
		}
		return
	}
	for i, p := range parts {
		a, ok := answers[p.partition]
		if !ok {
			f.failed(p, fmt.Errorf("no answer for partition %d of topic %s", p.id, p.topic))
			continue
		}
		b, err := f.take(ctx, p, offsets[i], a)
		if err != nil {
			closeAnswer(a)
			if ctx.Err() == nil {
				f.failed(p, err)
			}
			continue
		}
		p.answered(b.next, a.HighWatermark)
		if b.next == offsets[i] {
			continue
		}
		hold += b.bytes
		f.metrics.records.WithLabelValues(p.topic).Add(float64(len(b.records)))
		f.metrics.bytes.WithLabelValues(p.topic).Add(float64(b.bytes))
		p.queue <- b // has room: ask is only called then, and only one request asks
	}
}

// take reads one partition's answer.
func (f *fetcher) take(ctx context.Context, p *owned, offset int64, a *fetch.ResponsePartition) (*batch, error) {
	if a.ErrorCode != 0 {
		err := kafka.Error(a.ErrorCode)
		if err != kafka.OffsetOutOfRange {
			return nil, err
		}
		next, err2 := f.reset(ctx, p, offset)
		if err2 != nil {
			return nil, err2
		}
		return &batch{next: next, note: commitNote{Epoch: -1, Time: -1}}, nil
	}
	b, probe, err := readBatch(a, offset)
	if err != nil {
		return nil, err
	}
	if probe && offset < a.LastStableOffset {
		if b.next, err = f.probe(ctx, p, offset, firstBase(a), a.LastStableOffset); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// reset decides where a partition goes on whose offset the log does not have
// any more.
func (f *fetcher) reset(ctx context.Context, p *owned, offset int64) (int64, error) {
	first, last, err := listOffsets(ctx, f.client, f.config.requestTimeout(), []partition{p.partition})
	if err != nil {
		return 0, err
	}
	d := decide(position{committed: offset, first: first[p.partition], last: last[p.partition]}, Earliest)
	report(f.logger, f.metrics, p.partition, offset, d)
	return d.offset, nil
}

// fetch sends one request, to partitions of one leader, and returns the
// answers by partition.
func (f *fetcher) fetch(ctx context.Context, parts []*owned, offsets []int64, size int64, wait time.Duration) (map[partition]*fetch.ResponsePartition, error) {
	ctx, cancel := context.WithTimeout(ctx, wait+f.config.requestTimeout())
	defer cancel()
	req := &fetch.Request{
		ReplicaID:      -1,
		MaxWaitTime:    int32(wait.Milliseconds()),
		MinBytes:       1,
		MaxBytes:       int32(min(size, 1<<30)),
		IsolationLevel: 1,  // read committed
		SessionEpoch:   -1, // no fetch session: each request names its partitions
	}
	topics := make(map[string]int)
	for i, p := range parts {
		at, ok := topics[p.topic]
		if !ok {
			at = len(req.Topics)
			topics[p.topic] = at
			req.Topics = append(req.Topics, fetch.RequestTopic{Topic: p.topic})
		}
		req.Topics[at].Partitions = append(req.Topics[at].Partitions, fetch.RequestPartition{
			Partition: int32(p.id), CurrentLeaderEpoch: -1, FetchOffset: offsets[i], LogStartOffset: -1,
			PartitionMaxBytes: int32(min(size, int64(f.config.FetchBytes))),
		})
	}
	m, err := f.brokers.RoundTrip(ctx, f.addr, req)
	if err != nil {
		return nil, err
	}
	res, ok := m.(*fetch.Response)
	if !ok {
		return nil, fmt.Errorf("answer of type %T to a fetch", m)
	}
	if res.ErrorCode != 0 {
		return nil, kafka.Error(res.ErrorCode)
	}
	answers := make(map[partition]*fetch.ResponsePartition)
	for i := range res.Topics {
		t := &res.Topics[i]
		for j := range t.Partitions {
			answers[partition{t.Topic, int(t.Partitions[j].Partition)}] = &t.Partitions[j]
		}
	}
	return answers, nil
}

// failed notes a failed fetch, unless ctx's end is what failed it.
func (f *fetcher) failed(p *owned, err error) {
	reason, words, stale, unreadable := fetchProblem(err, p.partition)
	f.metrics.fetchErrors.WithLabelValues(reason).Inc()
	if stale {
		f.mu.Lock()
		f.stale = true
		f.mu.Unlock()
	}
	state := stateFailing
	if unreadable {
		state = stateUnreadable
	}
	if p.failed(state, words, pause) {
		level := slog.LevelWarn
		if unreadable {
			level = slog.LevelError
		}
		f.logger.Log(context.Background(), level, "partition waits", "topic", p.topic, "partition", p.id, "offset", p.position(), "state", state, "problem", words)
	}
}

// pause is the time before the next attempt after so many failures: up to two
// seconds, with jitter.
func pause(failures int) time.Duration {
	d := min(100*time.Millisecond<<min(failures-1, 10), 2*time.Second)
	return d/2 + rand.N(d/2+1)
}
