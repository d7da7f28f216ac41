package producer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// one is the only partition of these tests.
var one = partition{"alerts", 0}

func newOne(t testing.TB, change ...func(*Config)) (*Producer, *kfake.Cluster) {
	t.Helper()
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, one.topic))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	config := Config{
		Brokers: c.ListenAddrs(), Transport: &kafka.Transport{}, Topics: []string{one.topic},
		Logger: slog.New(slog.DiscardHandler), BackoffMin: time.Millisecond, BackoffMax: 20 * time.Millisecond,
	}
	for _, f := range change {
		f(&config)
	}
	p, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p, c
}

// gate stops the first produce request at the broker. It is there when the
// channel reached is closed, and goes on when open is called.
func gate(t *testing.T, c *kfake.Cluster) (reached chan struct{}, open func()) {
	reached, opened := make(chan struct{}), make(chan struct{})
	c.ControlKey(int16(kmsg.Produce), func(kmsg.Request) (kmsg.Response, error, bool) {
		c.DropControl()
		close(reached)
		c.SleepControl(func() { <-opened })
		return nil, nil, false
	})
	open = sync.OnceFunc(func() { close(opened) })
	t.Cleanup(open)
	return reached, open
}

func texts(values ...string) []Message {
	list := make([]Message, len(values))
	for i, v := range values {
		list[i] = Message{Topic: one.topic, Key: []byte("key"), Value: []byte(v)}
	}
	return list
}

// begin starts a Publish, and returns what it will return.
func begin(ctx context.Context, p *Producer, values ...string) <-chan error {
	done := make(chan error, 1)
	go func() {
		large, err := p.Publish(ctx, texts(values...))
		if len(large) > 0 {
			err = errors.Join(err, fmt.Errorf("too large: %v", large))
		}
		done <- err
	}()
	return done
}

func succeeds(t *testing.T, done <-chan error) {
	t.Helper()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// waitQueued waits until n deliveries are in the lane.
func waitQueued(l *lane, n int) {
	for {
		l.mu.Lock()
		got := len(l.queue)
		l.mu.Unlock()
		if got == n {
			return
		}
		runtime.Gosched()
	}
}

// written returns the values in the topic.
func written(t *testing.T, c *kfake.Cluster) (values []string) {
	t.Helper()
	transport := &kafka.Transport{}
	defer transport.CloseIdleConnections()
	client := &kafka.Client{Addr: kafka.TCP(c.ListenAddrs()...), Transport: transport}
	end := c.PartitionInfo(one.topic, 0).HighWatermark
	for offset := int64(0); offset < end; {
		res, err := client.Fetch(t.Context(), &kafka.FetchRequest{Topic: one.topic, Offset: offset, MinBytes: 1, MaxBytes: 1 << 20, MaxWait: time.Second})
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
			values, offset = append(values, string(b)), r.Offset+1
		}
	}
	return values
}

func TestPublishCallsShareARequest(t *testing.T) {
	p, c := newOne(t)
	requests := c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Observe: true, Count: -1})
	reached, open := gate(t, c)
	first := begin(t.Context(), p, "first")
	<-reached
	var others []<-chan error
	for i := range 100 {
		others = append(others, begin(t.Context(), p, fmt.Sprint(i, "a"), fmt.Sprint(i, "b")))
	}
	waitQueued(p.lane(one), 101)
	open()
	succeeds(t, first)
	for _, done := range others {
		succeeds(t, done)
	}
	if n := requests.Hits(); n != 2 {
		t.Errorf("%d requests, want 2", n)
	}
	values := written(t, c)
	if len(values) != 201 {
		t.Errorf("%d messages, want 201", len(values))
	}
	for i := range 100 {
		if a, b := slices.Index(values, fmt.Sprint(i, "a")), slices.Index(values, fmt.Sprint(i, "b")); a < 0 || b < a {
			t.Errorf("messages of Publish %d at %d and %d: want both, in order", i, a, b)
		}
	}
}

func TestARequestHoldsBatchBytes(t *testing.T) {
	p, c := newOne(t, func(c *Config) { c.BatchBytes = 1000 })
	requests := c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Observe: true, Count: -1})
	value := strings.Repeat("v", 465) // 500 with its key and what a record takes
	succeeds(t, begin(t.Context(), p, value, value, value, value, strings.Repeat("w", 5000), value))
	if n := requests.Hits(); n != 4 {
		t.Errorf("%d requests, want two of two messages and two of one", n)
	}
	if n := len(written(t, c)); n != 6 {
		t.Errorf("%d messages, want 6", n)
	}
}

func TestWhatIsAbandonedInTheQueueIsNotSent(t *testing.T) {
	p, c := newOne(t)
	reached, open := gate(t, c)
	first := begin(t.Context(), p, "first")
	<-reached
	ctx, cancel := context.WithCancel(t.Context())
	second := begin(ctx, p, "second")
	waitQueued(p.lane(one), 2)
	third := begin(t.Context(), p, "third")
	waitQueued(p.lane(one), 3)
	cancel()
	if err := <-second; !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "1 messages not acknowledged") {
		t.Errorf("error %v", err)
	}
	open()
	succeeds(t, first)
	succeeds(t, third)
	if got, want := written(t, c), []string{"first", "third"}; !slices.Equal(got, want) {
		t.Errorf("written %q, want %q", got, want)
	}
}

func TestTheLastToGoCancelsTheRequest(t *testing.T) {
	p, c := newOne(t)
	reached, _ := gate(t, c) // stays shut
	ctx, cancel := context.WithCancel(t.Context())
	done := begin(ctx, p, "a")
	<-reached
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "not answered yet") {
		t.Errorf("error %v", err)
	}
	l := p.lane(one)
	for sending := true; sending; runtime.Gosched() {
		l.mu.Lock()
		sending = l.sending
		l.mu.Unlock()
	}
}

// holding matches produce requests with a message that contains text.
func holding(t *testing.T, text string) func(kmsg.Request) bool {
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(decoder.Close)
	return func(req kmsg.Request) bool {
		for _, topic := range req.(*kmsg.ProduceRequest).Topics {
			for _, partition := range topic.Partitions {
				var b kmsg.RecordBatch
				if err := b.ReadFrom(partition.Records); err != nil {
					t.Errorf("batch: %v", err)
				}
				raw, err := decoder.DecodeAll(b.Records, nil)
				if err != nil {
					t.Errorf("records: %v", err)
				}
				if bytes.Contains(raw, []byte(text)) {
					return true
				}
			}
		}
		return false
	}
}

func TestAMessageRefusedAsInvalidKeepsOnlyItsPublishWaiting(t *testing.T) {
	p, c := newOne(t)
	fault := c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.InvalidRecord, Count: -1, When: holding(t, "poison")})
	reached, open := gate(t, c)
	first := begin(t.Context(), p, "first")
	<-reached
	poisoned := begin(t.Context(), p, "before", "poison", "behind")
	waitQueued(p.lane(one), 2)
	other := begin(t.Context(), p, "x", "y", "z")
	waitQueued(p.lane(one), 3) // in one request with the poison
	open()
	succeeds(t, first)
	succeeds(t, other)
	for !p.Status().Waiting {
		runtime.Gosched()
	}
	if s := p.Status(); !strings.Contains(s.Problem, "refuses a message as invalid") {
		t.Errorf("status %+v", s)
	}
	if got, want := written(t, c), []string{"first", "before", "x", "y", "z"}; !slices.Equal(got, want) {
		t.Errorf("written %q, want %q", got, want)
	}
	fault.Remove()
	succeeds(t, poisoned)
	if got, want := written(t, c), []string{"first", "before", "x", "y", "z", "poison", "behind"}; !slices.Equal(got, want) {
		t.Errorf("written %q, want %q", got, want)
	}
}

func TestCopiesAreIndependentAndKeepNull(t *testing.T) {
	key, value, header := []byte("key"), []byte("value"), []byte("header")
	list := []Message{
		{Key: key, Value: value, Headers: []kafka.Header{{Key: "h", Value: header}, {Key: "null"}}},
		{Value: []byte{}},
		{Key: []byte{}},
	}
	copyMemory(list, 1) // less than they take: the size is an estimate
	for _, b := range [][]byte{key, value, header} {
		clear(b)
	}
	if m := list[0]; string(m.Key) != "key" || string(m.Value) != "value" || string(m.Headers[0].Value) != "header" || m.Headers[1].Value != nil {
		t.Errorf("copy %q", m)
	}
	if m := list[1]; m.Key != nil || m.Value == nil {
		t.Errorf("copy %#v: want a null key and an empty value", m)
	}
	if m := list[2]; m.Key == nil || m.Value != nil {
		t.Errorf("copy %#v: want an empty key and a null value", m)
	}
}

// The client goes on writing a request after its context is done, so this finds
// memory that is used too long: under the race detector, or by mixed values.
func TestMemoryIsTheCallersWhenPublishReturns(t *testing.T) {
	p, c := newOne(t)
	for i := range 40 {
		list := make([]Message, 300)
		for j := range list {
			list[j] = Message{Topic: one.topic, Value: bytes.Repeat([]byte("a"), 400)}
		}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Duration(i)*50*time.Microsecond, cancel)
		if _, err := p.Publish(ctx, list); err != nil && !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		for j := range list {
			copy(list[j].Value, bytes.Repeat([]byte("b"), 400))
		}
		cancel()
	}
	for _, v := range written(t, c) {
		if strings.Contains(v, "b") {
			t.Fatalf("a message was written as %q", v)
		}
	}
}

// BenchmarkManyWorkers is 200 partition workers with an alert each, and a
// broker that waits 5 ms for its replicas.
func BenchmarkManyWorkers(b *testing.B) {
	p, c := newOne(b)
	c.ControlKey(int16(kmsg.Produce), func(kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		c.SleepControl(func() { time.Sleep(5 * time.Millisecond) })
		return nil, nil, false
	})
	for b.Loop() {
		var wg sync.WaitGroup
		for range 200 {
			wg.Go(func() {
				if _, err := p.Publish(b.Context(), texts("alert")); err != nil {
					b.Error(err)
				}
			})
		}
		wg.Wait()
	}
}
