package consumer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"
)

// handleRecords is how many records one Handle gets at most: with few, the
// watermark moves often and a drain is short; with many, a call costs little.
const handleRecords = 1000

// assignment is what a member owns during one generation. It is made, run once
// and dropped.
type assignment struct {
	config     *Config
	client     *kafka.Client
	metrics    *metrics
	beats      *beats
	logger     *slog.Logger
	generation int32
	member     string
	topics     map[string]int // partitions of each topic, owned or not
	parts      []*owned
	fetcher    *fetcher
	budget     *budget

	// draining is closed when no further batch may be begun.
	draining chan struct{}
}

func (c *Consumer) newAssignment(generation int32, member string, list []partition, topics map[string]int) *assignment {
	a := &assignment{
		config: &c.config, client: c.client, metrics: c.metrics, beats: &c.beats, logger: c.config.Logger,
		generation: generation, member: member, topics: topics,
		budget: newBudget(c.config.BudgetBytes), draining: make(chan struct{}),
	}
	for _, p := range list {
		a.parts = append(a.parts, &owned{
			partition: p, queue: make(chan *batch, 1), committed: -1, state: stateStarting,
			note: commitNote{Epoch: -1, Time: -1},
		})
	}
	slices.SortFunc(a.parts, func(x, y *owned) int { return comparePartitions(x.partition, y.partition) })
	a.fetcher = &fetcher{
		config: a.config, client: a.client, brokers: a.config.Transport, addr: a.client.Addr, budget: a.budget, metrics: a.metrics,
		beats: a.beats, logger: a.logger, parts: a.parts, wake: make(chan struct{}, 1),
	}
	return a
}

// errAbandoned says that the coordinator does not know this member and
// generation any more: what it holds is another's.
var errAbandoned = errors.New("the group has gone on without this member")

// run works until ctx is done, then drains and commits. It returns
// errAbandoned when the generation is lost, else nil.
func (a *assignment) run(ctx context.Context) error {
	reading, stopReading := context.WithCancel(ctx)
	defer stopReading()
	// Handlers outlive ctx by the drain.
	handling, stopHandling := context.WithCancel(context.WithoutCancel(ctx))
	defer stopHandling()

	var fetching, workers sync.WaitGroup
	fetching.Go(func() { a.begin(reading) })
	fetching.Go(func() { a.fetcher.run(reading) })
	for _, p := range a.parts {
		workers.Go(func() { a.work(handling, p) })
	}

	lost := a.commitRegularly(ctx)
	close(a.draining)
	stopReading()
	done := make(chan struct{})
	go func() {
		workers.Wait()
		close(done)
	}()
	drained := time.NewTimer(a.config.drain())
	defer drained.Stop()
	if !lost {
		select {
		case <-done:
		case <-drained.C:
			a.logger.Warn("batches in hand are abandoned, and will be redelivered", "limit", a.config.drain().String())
		}
	}
	stopHandling()
	// A handler that does not heed its context keeps its goroutine, but not the
	// partition: nobody commits what it does from here on.
	select {
	case <-done:
	case <-time.After(time.Second):
	}
	fetching.Wait()
	if lost {
		return errAbandoned
	}
	// The last commit must reach the coordinator before it forgets us.
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), a.config.requestTimeout())
	defer cancel()
	if err := a.commit(last); errors.Is(err, errAbandoned) {
		return err
	}
	return nil
}

// begin finds where each partition begins, and tries until ctx is done: one
// without a leader keeps no other from beginning.
func (a *assignment) begin(ctx context.Context) {
	defer a.beats.end("offsets")
	pending, said := a.parts, ""
	for failures := 1; len(pending) > 0 && ctx.Err() == nil; failures++ {
		var err error
		pending, err = a.tryBegin(ctx, pending)
		a.fetcher.notify()
		if err == nil || ctx.Err() != nil {
			continue
		}
		words := groupProblem(err, a.config.Group)
		for _, p := range pending {
			p.failed(stateStarting, words, pause)
		}
		if words != said {
			said = words
			a.logger.Warn("start offsets cannot be read", "partitions", len(pending), "problem", words)
		}
		select {
		case <-time.After(pause(failures)):
		case <-ctx.Done():
		}
	}
}

// tryBegin begins those of parts that it can, and returns the others and why.
func (a *assignment) tryBegin(ctx context.Context, parts []*owned) (left []*owned, err error) {
	a.beats.beat("offsets")
	done, err := fetchCommits(ctx, a.client, a.config.requestTimeout(), a.config.Group, a.topics)
	if err != nil {
		return parts, err
	}
	first, last, err := a.offsets(ctx, parts)
	latest := false
	for _, p := range parts {
		if _, ok := last[p.partition]; !ok {
			left = append(left, p)
			continue
		}
		at := position{committed: -1, first: first[p.partition], last: last[p.partition], topicCommitted: done.topic(p.topic, a.generation)}
		note := commitNote{Epoch: -1, Time: -1}
		if c, ok := done[p.partition]; ok && c.CommittedOffset >= 0 {
			at.committed, note = c.CommittedOffset, parseNote(c.Metadata)
			a.beats.beat("offsets")
			recreated, recreatedErr := a.recreated(ctx, p, note, at)
			if recreatedErr != nil {
				left, err = append(left, p), recreatedErr
				continue
			}
			at.recreated = recreated
		}
		d := decide(at, a.config.Start)
		report(a.logger, a.metrics, p.partition, at.committed, d)
		p.begin(d, at, note, a.generation)
		latest = latest || d.latest
	}
	if latest {
		if commitErr := a.commit(ctx); commitErr != nil {
			// What was decided stands: the next commit carries it.
			a.logger.Warn("the end of the log is not committed yet", "error", commitErr.Error())
		}
	}
	return left, err
}

// offsets lists first offset and end of parts, of all at once, or of those that
// answer when asked one by one.
func (a *assignment) offsets(ctx context.Context, parts []*owned) (first, last map[partition]int64, err error) {
	var list []partition
	for _, p := range parts {
		list = append(list, p.partition)
	}
	first, last, err = listOffsets(ctx, a.client, a.config.requestTimeout(), list)
	if err == nil || len(list) == 1 {
		return first, last, err
	}
	first, last = make(map[partition]int64), make(map[partition]int64)
	var errs []error
	for _, p := range list {
		a.beats.beat("offsets")
		f, l, err := listOffsets(ctx, a.client, a.config.requestTimeout(), []partition{p})
		if err != nil {
			errs = append(errs, err)
			continue
		}
		first[p], last[p] = f[p], l[p]
	}
	return first, last, errors.Join(errs...)
}

// recreated reports whether the record of a commit's note is another one now:
// then the topic was deleted and created anew. It is not asked for a record
// that the log does not have.
func (a *assignment) recreated(ctx context.Context, p *owned, note commitNote, at position) (bool, error) {
	if note.Time < 0 || note.Offset < at.first || note.Offset >= at.last {
		return false, nil
	}
	answers, err := a.fetcher.fetch(ctx, []*owned{p}, []int64{note.Offset}, 1, 0)
	if err != nil {
		return false, err
	}
	answer, ok := answers[p.partition]
	if !ok || answer.ErrorCode != 0 {
		return false, fmt.Errorf("topic %s, partition %d: reading the last handled record: %w", p.topic, p.id, kafka.Error(answer.ErrorCode))
	}
	b, _, err := readBatch(answer, note.Offset)
	if err != nil {
		return false, nil // the fetch of what follows will say so
	}
	if len(b.records) == 0 || b.records[0].Offset != note.Offset {
		return false, nil // compacted away: it cannot be told
	}
	r := b.records[0]
	return r.Time.UnixMilli() != note.Time, nil
}

// begin puts a partition where it begins.
func (p *owned) begin(d decision, at position, note commitNote, generation int32) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fetch, p.watermark, p.end = d.offset, d.offset, at.last
	p.state, p.problem, p.failures = stateFetching, "", 0
	p.committed = at.committed
	p.note = commitNote{Epoch: -1, Time: -1}
	if d.reason == atCommitted {
		p.note = note
	}
	p.note.Latest = 0
	if d.latest {
		p.note.Latest = generation
	}
}

// work handles the batches of one partition until ctx is done or the
// assignment drains.
func (a *assignment) work(ctx context.Context, p *owned) {
	handler := a.config.NewHandler(p.topic, p.id)
	for {
		select {
		case <-a.draining:
			return
		default:
		}
		select {
		case <-a.draining:
			return
		case b := <-p.queue:
			a.fetcher.notify()
			p.inHand(true)
			ok := a.handle(ctx, p, handler, b)
			p.inHand(false)
			a.budget.change(-b.bytes)
			a.fetcher.notify()
			if !ok {
				return
			}
		}
	}
}

// handle takes a batch through its handler, and reports whether all of it was
// handled. The watermark moves only behind a Handle that returned nil: that is
// the guarantee.
func (a *assignment) handle(ctx context.Context, p *owned, handler Handler, b *batch) bool {
	for chunk := range slices.Chunk(b.records, handleRecords) {
		select {
		case <-a.draining:
			return false // what is handled is committed, the rest is redelivered
		default:
		}
		if err := handler.Handle(ctx, chunk); err != nil {
			if ctx.Err() == nil {
				p.failed(stateFailing, "its handler gave up before its time: the partition waits for a rebalance or a restart", pause)
				a.logger.Error("handler gave up before its time: the partition waits for a rebalance or a restart", "topic", p.topic, "partition", p.id, "error", err)
			}
			return false
		}
		last := chunk[len(chunk)-1]
		p.handled(last.Offset+1, noteOf(last.Offset, b.note.Epoch, last.Time))
	}
	p.handled(b.next, b.note)
	return true
}

// commitRegularly commits until ctx is done, or until the generation is lost.
func (a *assignment) commitRegularly(ctx context.Context) (lost bool) {
	defer a.beats.end("committer")
	tick := time.NewTicker(min(a.config.CommitInterval, time.Second))
	defer tick.Stop()
	next := time.Now().Add(a.config.CommitInterval)
	for {
		a.beats.beat("committer")
		select {
		case <-ctx.Done():
			return false
		case <-tick.C:
		}
		if time.Now().Before(next) {
			continue
		}
		next = time.Now().Add(a.config.CommitInterval)
		if err := a.commit(ctx); errors.Is(err, errAbandoned) {
			a.logger.Warn("generation lost: what was not committed will be redelivered", "generation", a.generation)
			return true
		}
	}
}

// commit commits the watermarks that moved, as the owning member and
// generation: a zombie's commit is refused by the coordinator.
func (a *assignment) commit(ctx context.Context) error {
	req := &kafka.OffsetCommitRequest{
		GroupID: a.config.Group, GenerationID: int(a.generation), MemberID: a.member,
		Topics: make(map[string][]kafka.OffsetCommit),
	}
	sent := make(map[*owned]int64)
	for _, p := range a.parts {
		if offset, note, ok := p.uncommitted(); ok {
			sent[p] = offset
			req.Topics[p.topic] = append(req.Topics[p.topic], kafka.OffsetCommit{Partition: p.id, Offset: offset, Metadata: note.String()})
		}
	}
	if len(sent) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, a.config.requestTimeout())
	defer cancel()
	res, err := a.client.OffsetCommit(ctx, req)
	if err == nil {
		err = a.committed(res, sent)
	}
	result := "ok"
	if err != nil {
		result = "failed"
		if lostGeneration(err) {
			result, err = "abandoned", errAbandoned
		}
		a.logger.Warn("commit failed", "generation", a.generation, "error", err.Error())
	}
	a.metrics.commits.WithLabelValues(result).Inc()
	return err
}

// committed notes what the coordinator took.
func (a *assignment) committed(res *kafka.OffsetCommitResponse, sent map[*owned]int64) error {
	refused := make(map[partition]error)
	for topic, parts := range res.Topics {
		for _, p := range parts {
			if p.Error != nil {
				refused[partition{topic, p.Partition}] = p.Error
			}
		}
	}
	var errs []error
	for p, offset := range sent {
		if err := refused[p.partition]; err != nil {
			errs = append(errs, fmt.Errorf("topic %s, partition %d: %w", p.topic, p.id, err))
			continue
		}
		p.commit(offset)
	}
	return errors.Join(errs...)
}

// lostGeneration reports whether the coordinator has replaced this member or
// generation. REBALANCE_IN_PROGRESS is no such error: it asks to join again,
// and heartbeats say so as well.
func lostGeneration(err error) bool {
	return errors.Is(err, kafka.IllegalGeneration) || errors.Is(err, kafka.UnknownMemberId) || errors.Is(err, kafka.FencedInstanceID)
}
