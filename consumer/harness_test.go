package consumer_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kfake"
	"go.uber.org/goleak"

	"github.com/regtrap/regtrap/consumer"
)

// kfakeLoop is the embedded broker's own loop: it may outlive Close by what it
// is about to answer, and is no leak of ours.
const kfakeLoop = "github.com/twmb/franz-go/pkg/kfake.(*Cluster).run"

func TestMain(m *testing.M) { goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction(kfakeLoop)) }

const group = "g"

// place is one record's place.
type place struct {
	topic     string
	partition int
	offset    int64
}

// log is what the handlers of some consumers were given. It is safe for all
// goroutines.
type log struct {
	mu      sync.Mutex
	seen    map[place]int
	last    map[place]int64 // of each topic and partition (offset 0): the last offset handled
	unsorts int             // records handled behind a later one, by one handler
	changed chan struct{}   // closed and replaced with every Handle
}

func newLog() *log {
	return &log{seen: make(map[place]int), last: make(map[place]int64), changed: make(chan struct{})}
}

func (l *log) add(topic string, partition int, records []consumer.Record) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range records {
		l.seen[place{topic, partition, r.Offset}]++
		l.last[place{topic, partition, 0}] = r.Offset
	}
	close(l.changed)
	l.changed = make(chan struct{})
}

// await waits until n different records were handled.
func (l *log) await(t *testing.T, n int) {
	t.Helper()
	timeout := time.After(30 * time.Second)
	for {
		l.mu.Lock()
		have, changed := len(l.seen), l.changed
		l.mu.Unlock()
		if have >= n {
			return
		}
		select {
		case <-changed:
		case <-timeout:
			t.Fatalf("%d of %d records handled", have, n)
		}
	}
}

func (l *log) repeated() (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, times := range l.seen {
		if times > 1 {
			n++
		}
	}
	return n
}

// handlerFunc makes a Handler of a function.
type handlerFunc func(ctx context.Context, records []consumer.Record) error

func (f handlerFunc) Handle(ctx context.Context, records []consumer.Record) error {
	return f(ctx, records)
}

// recording returns a maker of handlers that write to l, and check the order.
func recording(l *log) func(string, int) consumer.Handler {
	return func(topic string, partition int) consumer.Handler {
		next := int64(-1)
		return handlerFunc(func(ctx context.Context, records []consumer.Record) error {
			for _, r := range records {
				if next >= 0 && r.Offset != next {
					l.mu.Lock()
					l.unsorts++
					l.mu.Unlock()
				}
				next = r.Offset + 1
			}
			l.add(topic, partition, records)
			return nil
		})
	}
}

func newCluster(t testing.TB, opts ...kfake.Opt) *kfake.Cluster {
	t.Helper()
	c, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(1), kfake.GroupMinSessionTimeout(100 * time.Millisecond)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// running is a consumer that runs.
type running struct {
	*consumer.Consumer
	t    testing.TB
	stop context.CancelFunc
	done chan error
}

func start(t testing.TB, c *kfake.Cluster, topics []string, handler func(string, int) consumer.Handler, change ...func(*consumer.Config)) *running {
	t.Helper()
	background, end := context.WithCancel(context.Background())
	config := consumer.Config{
		Brokers: c.ListenAddrs(), Topics: topics, Group: group,
		Transport:      &kafka.Transport{MetadataTTL: 100 * time.Millisecond, MetadataTopics: topics, Context: background},
		Dialer:         &kafka.Dialer{Timeout: 5 * time.Second},
		SessionTimeout: 2 * time.Second, CommitInterval: 50 * time.Millisecond,
		NewHandler: handler, Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	}
	for _, f := range change {
		f(&config)
	}
	co, err := consumer.New(config)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	r := &running{Consumer: co, t: t, stop: stop, done: make(chan error, 1)}
	go func() { r.done <- co.Run(ctx) }()
	t.Cleanup(func() {
		r.end()
		config.Transport.CloseIdleConnections()
		end()
	})
	return r
}

// end stops the consumer and waits until it has left.
func (r *running) end() {
	r.stop()
	if err, ok := <-r.done; ok {
		close(r.done)
		if err != nil {
			r.t.Errorf("Run: %v", err)
		}
	}
}

// until waits for a state of the consumer.
func (r *running) until(what string, ok func(consumer.Status) bool) {
	r.t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for {
		s := r.Status()
		if ok(s) {
			return
		}
		if time.Now().After(deadline) {
			r.t.Fatalf("waited for %s: %+v", what, s)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func produce(t testing.TB, c *kfake.Cluster, topic string, partitions, n int) {
	t.Helper()
	transport := new(kafka.Transport)
	defer transport.CloseIdleConnections()
	client := &kafka.Client{Addr: kafka.TCP(c.ListenAddrs()...), Transport: transport}
	for p := range partitions {
		for done := 0; done < n; {
			var batch []kafka.Record
			for ; len(batch) < 100 && done < n; done++ {
				batch = append(batch, kafka.Record{Time: time.UnixMilli(1_700_000_000_000 + int64(done)), Key: kafka.NewBytes([]byte("k")), Value: kafka.NewBytes(fmt.Appendf(nil, "%s-%d-%06d", topic, p, done))})
			}
			res, err := client.Produce(context.Background(), &kafka.ProduceRequest{Topic: topic, Partition: p, RequiredAcks: kafka.RequireAll, Records: kafka.NewRecordReader(batch...)})
			if err == nil {
				err = res.Error
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
}

// commits returns the group's committed offset of every partition of a topic.
func commits(c *kfake.Cluster, topic string) map[int32]int64 {
	offsets := make(map[int32]int64)
	if g := c.GroupInfo(group); g != nil {
		for p, commit := range g.Commits[topic] {
			offsets[p] = commit.Offset
		}
	}
	return offsets
}

// grow gives a topic more partitions.
func grow(t testing.TB, c *kfake.Cluster, topic string, partitions int32) {
	t.Helper()
	transport := new(kafka.Transport)
	defer transport.CloseIdleConnections()
	client := &kafka.Client{Addr: kafka.TCP(c.ListenAddrs()...), Transport: transport}
	if _, err := client.CreatePartitions(context.Background(), &kafka.CreatePartitionsRequest{Topics: []kafka.TopicPartitionsConfig{{Name: topic, Count: partitions}}}); err != nil {
		t.Fatal(err)
	}
}
