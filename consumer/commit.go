package consumer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/segmentio/kafka-go"
)

// errAbandoned says that the coordinator does not know this member and
// generation any more: what it holds is another's.
var errAbandoned = errors.New("the group has gone on without this member")

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
	a.committing.Lock()
	defer a.committing.Unlock()
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

// committed notes what the coordinator took: what its answer names, and no more.
func (a *assignment) committed(res *kafka.OffsetCommitResponse, sent map[*owned]int64) error {
	answers := make(map[partition]error)
	for topic, parts := range res.Topics {
		for _, p := range parts {
			answers[partition{topic, p.Partition}] = p.Error
		}
	}
	var errs []error
	for p, offset := range sent {
		err, ok := answers[p.partition]
		if !ok {
			err = errors.New("not in the coordinator's answer")
		}
		if err != nil {
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
