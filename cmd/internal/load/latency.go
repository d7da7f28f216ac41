package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"
	"golang.org/x/sync/errgroup"
)

// latencyResult is the time from producing a record to its alert.
type latencyResult struct {
	Full   float64 `json:"full_records_per_second"` // with producer and broker on the same machine
	Rate   float64 `json:"records_per_second"`
	Alerts int     `json:"alerts"`
	P50    float64 `json:"p50_ms"`
	P90    float64 `json:"p90_ms"`
	P99    float64 `json:"p99_ms"`
	Max    float64 `json:"max_ms"`
}

const (
	latencyPartitions = 2
	// tick is how often a partition gets a batch, with one attack in it.
	tick = 10 * time.Millisecond
	// warm is how long nothing is measured.
	warm = 3 * time.Second
)

// place is where a record landed.
type place struct {
	Partition int   `json:"partition"`
	Offset    int64 `json:"offset"`
}

// latencies measures at half of the rate that one worker keeps up with while
// the telemetry is produced.
func (b *bench) latencies(ctx context.Context) (*latencyResult, error) {
	t, err := b.newTopics(ctx, latencyPartitions)
	if err != nil {
		return nil, err
	}
	w, err := b.regtrapRun(t)
	if err != nil {
		return nil, err
	}
	defer w.kill()
	if err := b.awaitMembers(ctx, t, 1); err != nil {
		return nil, err
	}
	began := time.Now()
	if err := b.fill(ctx, t.in, latencyPartitions, b.records); err != nil {
		return nil, err
	}
	if err := b.await(ctx, t, latencyPartitions, int64(b.records)); err != nil {
		return nil, err
	}
	r := &latencyResult{Full: float64(b.records) / time.Since(began).Seconds()}
	r.Rate = r.Full / 2
	b.say("latency: full load is %.0f records a second", r.Full)

	sent, seen, err := b.openLoop(ctx, t, r.Rate)
	if err != nil {
		return nil, err
	}
	var times []time.Duration
	for p, at := range sent {
		arrived, ok := seen[p]
		if !ok {
			return nil, fmt.Errorf("no alert of the attack at %d/%d", p.Partition, p.Offset)
		}
		times = append(times, arrived.Sub(at))
	}
	if len(times) == 0 {
		return nil, errors.New("no alert was measured: want a longer -latency")
	}
	ms := func(q float64) float64 { return float64(quantile(times, q)) / float64(time.Millisecond) }
	r.Alerts, r.P50, r.P90, r.P99, r.Max = len(times), ms(0.5), ms(0.9), ms(0.99), ms(1)
	b.say("latency: p50 %.1f ms, p99 %.1f ms of %d alerts", r.P50, r.P99, r.Alerts)
	return r, nil
}

// openLoop produces at a rate whatever becomes of it, and returns when each
// attack was due and when its alert was read. A batch that is produced late
// counts from when it was due: a slow path cannot hide by slowing its source.
func (b *bench) openLoop(ctx context.Context, t topicNames, rate float64) (sent, seen map[place]time.Time, err error) {
	l := &loop{sent: make(map[place]time.Time), seen: make(map[place]time.Time)}
	reading, stop := context.WithCancel(ctx)
	defer stop()
	var reader errgroup.Group
	reader.Go(func() error { return b.readAlerts(reading, t, l) })
	feed := newFeed()
	var attacks [][]byte
	for range 1000 {
		attacks = append(attacks, feed.Attack().Value)
	}
	began := time.Now()
	producers, producing := errgroup.WithContext(ctx)
	for p := range latencyPartitions {
		producers.Go(func() error { return b.produceOnTime(producing, t, p, began, rate, attacks, l) })
	}
	err = producers.Wait()
	for end := time.Now().Add(30 * time.Second); err == nil && l.missing() > 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			err = fmt.Errorf("%d alerts have not come within 30 s", l.missing())
		}
	}
	stop()
	return l.sent, l.seen, errors.Join(err, reader.Wait())
}

// loop is what an open loop has sent and seen. It is safe for all goroutines.
type loop struct {
	mu         sync.Mutex
	sent, seen map[place]time.Time
}

func (l *loop) add(to map[place]time.Time, p place, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, ok := to[p]; !ok { // an alert that comes again came the first time
		to[p] = at
	}
}

// missing is how many alerts have not been seen.
func (l *loop) missing() (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for p := range l.sent {
		if _, ok := l.seen[p]; !ok {
			n++
		}
	}
	return n
}

// produceOnTime writes a batch every tick to one partition, an attack first.
func (b *bench) produceOnTime(ctx context.Context, t topicNames, p int, began time.Time, rate float64, attacks [][]byte, l *loop) error {
	client := b.cluster.Client()
	each, next := int(rate*tick.Seconds()/latencyPartitions), p
	for i := 0; ; i++ {
		// The partitions take turns: shippers do not send all at once.
		due := began.Add(time.Duration(i)*tick + tick*time.Duration(p)/latencyPartitions)
		if due.Sub(began) > warm+b.latency {
			return nil
		}
		select {
		case <-time.After(time.Until(due)):
		case <-ctx.Done():
			return ctx.Err()
		}
		batch := []kafka.Record{{Value: kafka.NewBytes(attacks[i%len(attacks)])}}
		for len(batch) < each {
			batch = append(batch, kafka.Record{Value: kafka.NewBytes(b.corpus[next%len(b.corpus)])})
			next += latencyPartitions
		}
		base, err := b.produce(ctx, client, t.in, p, batch)
		if err != nil {
			return err
		}
		if due.Sub(began) >= warm {
			l.add(l.sent, place{p, base}, due)
		}
	}
}

// readAlerts notes when each alert came, until ctx is done.
func (b *bench) readAlerts(ctx context.Context, t topicNames, l *loop) error {
	r := kafka.NewReader(kafka.ReaderConfig{Brokers: b.cluster.Plain(), Topic: t.alerts, MinBytes: 1, MaxBytes: 4 << 20, MaxWait: 250 * time.Millisecond})
	defer r.Close()
	for {
		m, err := r.ReadMessage(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		now := time.Now()
		var alert struct {
			Regtrap struct {
				Source place `json:"source"`
			} `json:"regtrap"`
		}
		if err := json.Unmarshal(m.Value, &alert); err != nil {
			return err
		}
		l.add(l.seen, alert.Regtrap.Source, now)
	}
}
