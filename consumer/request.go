package consumer

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol/fetch"
)

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
		if b.next != offsets[i] {
			hold += b.bytes
			f.metrics.records.WithLabelValues(p.topic).Add(float64(len(b.records)))
			f.metrics.bytes.WithLabelValues(p.topic).Add(float64(b.bytes))
			// Has room: ask is only called then, and only one request asks until
			// answered. So the batch is in the queue first: the next request's must
			// not overtake it, or the watermark would pass what is not handled.
			p.queue <- b
		}
		p.answered(b, a.HighWatermark)
	}
}

// take reads one partition's answer.
func (f *fetcher) take(ctx context.Context, p *owned, offset int64, a *fetch.ResponsePartition) (*batch, error) {
	if a.ErrorCode != 0 {
		err := kafka.Error(a.ErrorCode)
		if err != kafka.OffsetOutOfRange {
			return nil, err
		}
		return f.reset(ctx, p, offset, false)
	}
	last, suspect := p.last()
	if suspect {
		other, err := f.otherLog(ctx, p, last)
		if err != nil {
			return nil, err
		}
		if other {
			closeAnswer(a)
			return f.reset(ctx, p, offset, true)
		}
	}
	b, probe, err := readBatch(a, offset)
	if err != nil {
		return nil, err
	}
	if b.note.Epoch >= 0 && b.note.Epoch < last.Epoch {
		// Leader epochs only grow within a log (KIP-101).
		return f.reset(ctx, p, offset, true)
	}
	if probe && offset < a.LastStableOffset {
		if b.next, err = f.probe(ctx, p, offset, firstBase(a), a.LastStableOffset); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// reset decides where a partition goes on whose offset the log does not have
// any more, or whose log is another one than before.
func (f *fetcher) reset(ctx context.Context, p *owned, offset int64, recreated bool) (*batch, error) {
	first, last, err := listOffsets(ctx, f.client, f.config.requestTimeout(), []partition{p.partition})
	if err != nil {
		return nil, err
	}
	d := decide(position{committed: offset, first: first[p.partition], last: last[p.partition], recreated: recreated}, Earliest)
	if d.reason == atCommitted {
		// In range after all: another broker answered, or the leader had only
		// begun. The next request shows.
		return nil, kafka.OffsetOutOfRange
	}
	report(f.logger, f.metrics, p.partition, offset, d)
	return &batch{next: d.offset, note: commitNote{Epoch: -1, Time: -1}}, nil
}

// otherLog reports whether the record of a note is another one now: then the
// topic was deleted and created anew. A record that the log does not have tells
// nothing: it was compacted away, or the log is shorter, which reset sees.
func (f *fetcher) otherLog(ctx context.Context, p *owned, note commitNote) (bool, error) {
	answers, err := f.fetch(ctx, []*owned{p}, []int64{note.Offset}, 1, 0)
	if err != nil {
		return false, err
	}
	answer, ok := answers[p.partition]
	if !ok {
		return false, fmt.Errorf("no answer for partition %d of topic %s", p.id, p.topic)
	}
	switch err := kafka.Error(answer.ErrorCode); {
	case err == kafka.OffsetOutOfRange:
		return false, nil
	case answer.ErrorCode != 0:
		return false, fmt.Errorf("topic %s, partition %d: reading the last handled record: %w", p.topic, p.id, err)
	}
	b, _, err := readBatch(answer, note.Offset)
	if err != nil {
		closeAnswer(answer)
		return false, nil // the fetch of what follows will say so
	}
	if len(b.records) == 0 || b.records[0].Offset != note.Offset {
		return false, nil
	}
	return b.records[0].Time.UnixMilli() != note.Time, nil
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
		p.doubt() // a topic may have been deleted and created anew meanwhile
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
