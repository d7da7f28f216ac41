package main

import (
	"context"
	"fmt"
	"syscall"
	"time"

	"github.com/segmentio/kafka-go"
)

// scalingResult is the throughput of some workers with a partition each.
type scalingResult struct {
	Workers int       `json:"workers"`
	Records int       `json:"records"`
	Rates   []float64 `json:"records_per_second"` // an element a round
}

// scaling measures one, two and four workers.
func (b *bench) scaling(ctx context.Context) ([]scalingResult, error) {
	var list []scalingResult
	for _, n := range []int{1, 2, 4} {
		list = append(list, scalingResult{Workers: n, Records: b.records})
	}
	for range b.rounds {
		for i := range list {
			rate, err := b.throughput(ctx, list[i].Workers)
			if err != nil {
				return nil, err
			}
			list[i].Rates = append(list[i].Rates, rate)
			b.say("scaling: %d workers: %.0f records a second", list[i].Workers, rate)
		}
	}
	return list, nil
}

// throughput is the records a second of n workers that share n partitions. They
// join while the topic is empty and are frozen while it is filled, so nothing
// but reading is measured.
func (b *bench) throughput(ctx context.Context, n int) (float64, error) {
	t, err := b.newTopics(ctx, n)
	if err != nil {
		return 0, err
	}
	var workers []*worker
	defer func() {
		for _, w := range workers {
			w.kill()
		}
	}()
	for range n {
		// A worker uses all cores that there are: with one each, more workers show.
		w, err := b.regtrapRun(t, "REGTRAP_SESSION_TIMEOUT=5m", "GOMAXPROCS=1")
		if err != nil {
			return 0, err
		}
		workers = append(workers, w)
	}
	if err := b.awaitMembers(ctx, t, n); err != nil {
		return 0, err
	}
	if err := signalAll(workers, syscall.SIGSTOP); err != nil {
		return 0, err
	}
	if err := b.fill(ctx, t.in, n, b.records); err != nil {
		return 0, err
	}
	began := time.Now()
	if err := signalAll(workers, syscall.SIGCONT); err != nil {
		return 0, err
	}
	if err := b.await(ctx, t, n, int64(b.records)); err != nil {
		return 0, fmt.Errorf("%w\n%s", err, workers[0].stderr.Bytes())
	}
	return float64(b.records) / time.Since(began).Seconds(), nil
}

func signalAll(workers []*worker, s syscall.Signal) error {
	for _, w := range workers {
		if err := w.cmd.Process.Signal(s); err != nil {
			return err
		}
	}
	return nil
}

// awaitMembers waits until the group is stable with n members that own a
// partition each.
func (b *bench) awaitMembers(ctx context.Context, t topicNames, n int) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		res, err := b.cluster.Client().DescribeGroups(ctx, &kafka.DescribeGroupsRequest{GroupIDs: []string{t.group}})
		if err == nil && len(res.Groups) == 1 && owners(res.Groups[0]) == n {
			return nil
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("group %s has not settled: %w", t.group, ctx.Err())
		}
	}
}

// owners is how many members own a partition; 0 while the group rebalances.
func owners(g kafka.DescribeGroupsResponseGroup) (n int) {
	if g.GroupState != "Stable" {
		return 0
	}
	for _, m := range g.Members {
		for _, topic := range m.MemberAssignments.Topics {
			if len(topic.Partitions) > 0 {
				n++
				break
			}
		}
	}
	return n
}
