package consumer

import (
	"context"
	"errors"
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

	// committing is held by a commit: of two at once the coordinator might take
	// the older one last, and the group's offset would go back.
	committing sync.Mutex
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

// insist hands records to the handler until it has handled them. A handler
// gives up only when ctx is done; one that does so before is asked again, since
// to go on without it would lose records, and to stop would stop the partition.
func (a *assignment) insist(ctx context.Context, p *owned, handler Handler, records []Record) bool {
	for failures := 1; ; failures++ {
		err := handler.Handle(ctx, records)
		if err == nil || ctx.Err() != nil {
			p.gaveUp("")
			return err == nil
		}
		if p.gaveUp("its handler gave up, and is asked again: " + err.Error()) {
			a.logger.Error("handler gave up: it is asked again", "topic", p.topic, "partition", p.id, "offset", records[0].Offset, "error", err)
		}
		select {
		case <-time.After(pause(failures)):
		case <-a.draining:
			return false
		case <-ctx.Done():
			return false
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
		if !a.insist(ctx, p, handler, chunk) {
			return false
		}
		last := chunk[len(chunk)-1]
		p.handled(last.Offset+1, noteOf(last.Offset, b.note.Epoch, last.Time))
	}
	p.handled(b.next, b.note)
	return true
}
