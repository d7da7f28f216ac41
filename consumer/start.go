package consumer

import (
	"context"
	"errors"
	"time"
)

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

// recreated reports whether the log is another one than that of a commit.
func (a *assignment) recreated(ctx context.Context, p *owned, note commitNote, at position) (bool, error) {
	if note.Time < 0 || note.Offset < at.first || note.Offset >= at.last {
		return false, nil
	}
	return a.fetcher.otherLog(ctx, p, note)
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
	p.fetched = p.note
	p.note.Latest = 0
	if d.latest {
		p.note.Latest = generation
	}
}
