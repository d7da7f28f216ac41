package producer_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/sasl/scram"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.uber.org/goleak"

	"github.com/regtrap/regtrap/producer"
)

// kfakeLoop is the embedded broker's own loop: it may outlive Close by what it
// is about to answer, and is no leak of ours.
const kfakeLoop = "github.com/twmb/franz-go/pkg/kfake.(*Cluster).run"

func TestMain(m *testing.M) { goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction(kfakeLoop)) }

const topic = "alerts"

func newCluster(t testing.TB, opts ...kfake.Opt) *kfake.Cluster {
	t.Helper()
	c, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(1), kfake.SeedTopics(3, topic)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// newProducer returns a producer that tries again at once.
func newProducer(t testing.TB, c *kfake.Cluster, change ...func(*producer.Config)) *producer.Producer {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	config := producer.Config{
		Brokers:    c.ListenAddrs(),
		Transport:  &kafka.Transport{MetadataTTL: 100 * time.Millisecond, Context: ctx},
		Topics:     []string{topic},
		Logger:     slog.New(slog.NewTextHandler(io.Discard, nil)),
		BackoffMin: time.Millisecond,
		BackoffMax: 20 * time.Millisecond,
	}
	for _, f := range change {
		f(&config)
	}
	p, err := producer.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close(); cancel() })
	return p
}

func message(i int) producer.Message {
	return producer.Message{
		Topic: topic, Key: fmt.Appendf(nil, "key-%d", i%50), Value: fmt.Appendf(nil, "value-%06d", i),
		Headers: []kafka.Header{{Key: "n", Value: fmt.Append(nil, i)}},
	}
}

func messages(n int) []producer.Message {
	list := make([]producer.Message, n)
	for i := range list {
		list[i] = message(i)
	}
	return list
}

// read returns the values of each partition, in order.
func read(t testing.TB, c *kfake.Cluster) [][]string {
	t.Helper()
	transport := &kafka.Transport{}
	defer transport.CloseIdleConnections()
	client := &kafka.Client{Addr: kafka.TCP(c.ListenAddrs()...), Transport: transport}
	var partitions [][]string
	for _, p := range c.PartitionInfos(topic) {
		var values []string
		for offset := int64(0); offset < p.HighWatermark; {
			res, err := client.Fetch(t.Context(), &kafka.FetchRequest{Topic: topic, Partition: int(p.Partition), Offset: offset, MinBytes: 1, MaxBytes: 1 << 20, MaxWait: time.Second})
			if err = errors.Join(err, res.Error); err != nil {
				t.Fatal(err)
			}
			for {
				r, err := res.Records.ReadRecord()
				if err != nil {
					break
				}
				b, err := kafka.ReadAll(r.Value)
				if err != nil {
					t.Fatal(err)
				}
				values = append(values, string(b))
				offset = r.Offset + 1
			}
		}
		partitions = append(partitions, values)
	}
	return partitions
}

func publish(t testing.TB, p *producer.Producer, list []producer.Message) []int {
	t.Helper()
	oversize, err := p.Publish(t.Context(), list)
	if err != nil {
		t.Fatal(err)
	}
	return oversize
}

func count(partitions [][]string) (n int) {
	for _, p := range partitions {
		n += len(p)
	}
	return n
}

func TestPublishWritesEverythingOnceAndInOrder(t *testing.T) {
	c := newCluster(t)
	p := newProducer(t, c, func(c *producer.Config) { c.BatchBytes = 2000 })
	if oversize := publish(t, p, messages(1000)); oversize != nil {
		t.Errorf("too large: %v", oversize)
	}
	got := read(t, c)
	if n := count(got); n != 1000 {
		t.Errorf("%d messages, want 1000", n)
	}
	for i, values := range got {
		if len(values) == 0 || !slices.IsSorted(values) {
			t.Errorf("partition %d has %d messages, sorted: %v", i, len(values), slices.IsSorted(values))
		}
	}
}

func TestPublishRetriesWhateverMayEnd(t *testing.T) {
	for _, e := range []*kerr.Error{
		kerr.NotLeaderForPartition, kerr.NotEnoughReplicas, kerr.NotEnoughReplicasAfterAppend, kerr.RequestTimedOut,
		kerr.UnknownTopicOrPartition, kerr.TopicAuthorizationFailed, kerr.ThrottlingQuotaExceeded, kerr.KafkaStorageError,
		kerr.InvalidRecord, kerr.UnknownServerError,
	} {
		t.Run(e.Message, func(t *testing.T) {
			c := newCluster(t)
			fault := c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: topic, Err: e, Count: 5})
			p := newProducer(t, c)
			publish(t, p, messages(200))
			seen := make(map[string]bool)
			for _, values := range read(t, c) {
				for _, v := range values {
					seen[v] = true
				}
			}
			if len(seen) != 200 {
				t.Errorf("%d different messages, want 200", len(seen))
			}
			if fault.Hits() != 5 {
				t.Errorf("the fault hit %d times, want 5", fault.Hits())
			}
			if s := p.Status(); s.Waiting {
				t.Errorf("still waiting: %+v", s)
			}
		})
	}
}

func TestPublishSaysWhatItWaitsForAndGivesUpWithItsContext(t *testing.T) {
	c := newCluster(t)
	c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: topic, Err: kerr.NotEnoughReplicas, Count: -1})
	p := newProducer(t, c)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := p.Publish(ctx, messages(1))
		done <- err
	}()
	for !p.Status().Waiting {
		select {
		case err := <-done:
			t.Fatalf("Publish returned: %v", err)
		case <-time.After(time.Millisecond):
		}
	}
	if s := p.Status(); !strings.Contains(s.Problem, "min.insync.replicas") || s.Since.IsZero() {
		t.Errorf("status %+v", s)
	}
	cancel()
	err := <-done
	if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "min.insync.replicas") {
		t.Errorf("error %v", err)
	}
	if s := p.Status(); s.Waiting {
		t.Errorf("still waiting: %+v", s)
	}
}

func TestAMessageTooLargeDoesNotHarmItsNeighbours(t *testing.T) {
	c := newCluster(t)
	if err := c.CreateTopic("small", 1, map[string]string{"max.message.bytes": "20000"}); err != nil {
		t.Fatal(err)
	}
	noise := make([]byte, 60_000) // does not compress
	rng := rand.NewChaCha8([32]byte{1})
	for i := range noise {
		noise[i] = byte(rng.Uint64())
	}
	list := messages(100)
	for i := range list {
		list[i].Topic = "small"
	}
	list[3].Value, list[98].Value = noise, noise
	p := newProducer(t, c, func(c *producer.Config) { c.Topics = []string{"small"} })
	if got, want := publish(t, p, list), []int{3, 98}; !slices.Equal(got, want) {
		t.Errorf("too large: %v, want %v", got, want)
	}
	if n := c.PartitionInfo("small", 0).HighWatermark; n != 98 {
		t.Errorf("%d messages written, want 98", n)
	}
}

func TestAMissingTopicIsWaitedFor(t *testing.T) {
	c := newCluster(t)
	p := newProducer(t, c, func(c *producer.Config) { c.Topics = []string{"late"} })
	ctx, cancel := context.WithCancel(t.Context())
	watch := make(chan error, 1)
	go func() { watch <- p.Run(ctx) }()
	done := make(chan error, 1)
	go func() {
		_, err := p.Publish(t.Context(), []producer.Message{{Topic: "late", Key: []byte("k"), Value: []byte("v")}})
		done <- err
	}()
	for !strings.Contains(p.Status().Problem, "topic late does not exist") {
		time.Sleep(time.Millisecond)
	}
	if err := c.CreateTopic("late", 1, nil); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	for p.Status().Waiting {
		time.Sleep(time.Millisecond)
	}
	cancel()
	if err := <-watch; err != nil {
		t.Error(err)
	}
}

func TestTopicsThatAreNotSafeAreNamed(t *testing.T) {
	c := newCluster(t, kfake.SeedTopics(1, "offsets"))
	warned := make(chan string, 10)
	p := newProducer(t, c, func(c *producer.Config) {
		c.Guarded = []string{"offsets", "absent"}
		c.Logger = slog.New(slog.NewTextHandler(writerFunc(func(b []byte) {
			warned <- string(b)
		}), nil))
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	for _, topic := range []string{topic, "offsets"} {
		if line := <-warned; !strings.Contains(line, "topic="+topic) || !strings.Contains(line, "min.insync.replicas 1") {
			t.Errorf("warning %q, want one of topic %s", line, topic)
		}
	}
	if s := p.Status(); s.Waiting {
		t.Errorf("waits for %+v", s)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

type writerFunc func(b []byte)

func (f writerFunc) Write(b []byte) (int, error) { f(b); return len(b), nil }

func TestAWrongPasswordIsSaid(t *testing.T) {
	c := newCluster(t, kfake.EnableSASL(), kfake.Superuser("SCRAM-SHA-512", "app", "right"))
	p := newProducer(t, c, func(c *producer.Config) {
		mechanism, err := scram.Mechanism(scram.SHA512, "app", "wrong")
		if err != nil {
			t.Fatal(err)
		}
		c.Transport.SASL = mechanism
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	for !p.Status().Waiting {
		time.Sleep(time.Millisecond)
	}
	if s := p.Status(); !strings.Contains(s.Problem, "REGTRAP_SASL") {
		t.Errorf("status %+v", s)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestManyPublishAtOnce(t *testing.T) {
	c := newCluster(t)
	p := newProducer(t, c)
	var wg sync.WaitGroup
	for g := range 16 {
		wg.Go(func() {
			list := make([]producer.Message, 50)
			for i := range list {
				list[i] = message(g*50 + i)
			}
			if _, err := p.Publish(t.Context(), list); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := count(read(t, c)); n != 800 {
		t.Errorf("%d messages, want 800", n)
	}
}

func TestNewReportsAllMistakesAtOnce(t *testing.T) {
	_, err := producer.New(producer.Config{RequestTimeout: -1, BatchBytes: -1, BackoffMin: time.Hour})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"Brokers", "Topics", "Transport", "Logger", "RequestTimeout", "BatchBytes", "BackoffMin"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q does not name %s", err, want)
		}
	}
}

func ExampleProducer() {
	cluster := kfake.MustCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "alerts"))
	defer cluster.Close()
	p, err := producer.New(producer.Config{
		Brokers:   cluster.ListenAddrs(),
		Transport: &kafka.Transport{},
		Topics:    []string{"alerts"},
		Logger:    slog.New(slog.DiscardHandler),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer p.Close()
	oversize, err := p.Publish(context.Background(), []producer.Message{{Topic: "alerts", Key: []byte("id"), Value: []byte("{}")}})
	fmt.Println(len(oversize), err)
	fmt.Println(cluster.PartitionInfo("alerts", 0).HighWatermark)
	// Output:
	// 0 <nil>
	// 1
}

func BenchmarkPublish(b *testing.B) {
	c := newCluster(b)
	p := newProducer(b, c)
	list := make([]producer.Message, 1000)
	for i := range list {
		list[i] = message(i)
		list[i].Value = []byte(strings.Repeat(`{"rule":"Persistence"}`, 70))
	}
	b.SetBytes(int64(len(list) * len(list[0].Value)))
	for b.Loop() {
		publish(b, p, list)
	}
}
