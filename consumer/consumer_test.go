package consumer_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
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

	"github.com/regtrap/regtrap/consumer"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

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

func TestEverythingIsHandledOnceInOrderAndCommitted(t *testing.T) {
	c := newCluster(t, kfake.SeedTopics(8, "a"), kfake.SeedTopics(3, "b"))
	produce(t, c, "a", 8, 500)
	produce(t, c, "b", 3, 700)
	l := newLog()
	r := start(t, c, []string{"a", "b"}, recording(l))
	l.await(t, 8*500+3*700)
	r.end()
	if n := l.repeated(); n != 0 || l.unsorts != 0 {
		t.Errorf("%d records twice, %d out of order", n, l.unsorts)
	}
	for topic, want := range map[string]int64{"a": 500, "b": 700} {
		for p, offset := range commits(c, topic) {
			if offset != want {
				t.Errorf("%s/%d committed at %d, want %d", topic, p, offset, want)
			}
		}
	}
	// What was committed is not read again; what is new is.
	produce(t, c, "a", 8, 10)
	l = newLog()
	r = start(t, c, []string{"a", "b"}, recording(l))
	l.await(t, 80)
	r.end()
	if len(l.seen) != 80 {
		t.Errorf("%d records after the restart, want 80", len(l.seen))
	}
}

// Members come and go: nothing is lost, and nothing is committed that was not
// handled.
func TestMembersShareAndHandOver(t *testing.T) {
	c := newCluster(t, kfake.SeedTopics(6, "a"))
	l := newLog()
	first := start(t, c, []string{"a"}, recording(l))
	first.until("all partitions", func(s consumer.Status) bool { return len(s.Partitions) == 6 })
	produce(t, c, "a", 6, 300)
	second := start(t, c, []string{"a"}, recording(l))
	second.until("half of the partitions", func(s consumer.Status) bool { return len(s.Partitions) == 3 })
	first.until("the other half", func(s consumer.Status) bool { return len(s.Partitions) == 3 })
	produce(t, c, "a", 6, 300)
	first.end()
	second.until("all partitions", func(s consumer.Status) bool { return len(s.Partitions) == 6 })
	produce(t, c, "a", 6, 300)
	l.await(t, 6*900)
	second.end()
	for p, offset := range commits(c, "a") {
		if offset != 900 {
			t.Errorf("partition %d committed at %d, want 900", p, offset)
		}
	}
}

func TestAThirdMemberOfTwoPartitionsStandsBy(t *testing.T) {
	c := newCluster(t, kfake.SeedTopics(1, "a"))
	one := start(t, c, []string{"a"}, recording(newLog()))
	one.until("its partition", func(s consumer.Status) bool { return len(s.Partitions) == 1 })
	two := start(t, c, []string{"a"}, recording(newLog()))
	two.until("standby", func(s consumer.Status) bool { return s.Joined && len(s.Partitions) == 0 && s.OthersOwn })
}

// A batch whose handler is slower than the drain is abandoned: not committed,
// and delivered again.
func TestASlowBatchIsAbandonedAndRedelivered(t *testing.T) {
	c := newCluster(t, kfake.SeedTopics(1, "a"))
	produce(t, c, "a", 1, 50)
	entered := make(chan struct{})
	r := start(t, c, []string{"a"}, func(string, int) consumer.Handler {
		return handlerFunc(func(ctx context.Context, records []consumer.Record) error {
			close(entered)
			<-ctx.Done()
			return ctx.Err()
		})
	})
	<-entered
	r.end()
	if got := commits(c, "a"); got[0] > 0 {
		t.Errorf("committed at %d though nothing was handled", got[0])
	}
	l := newLog()
	start(t, c, []string{"a"}, recording(l))
	l.await(t, 50)
}

// A batch in hand may finish within the drain, and is committed then.
func TestABatchInHandIsFinishedOnShutdown(t *testing.T) {
	c := newCluster(t, kfake.SeedTopics(1, "a"))
	produce(t, c, "a", 1, 50)
	entered, finish := make(chan struct{}), make(chan struct{})
	r := start(t, c, []string{"a"}, func(string, int) consumer.Handler {
		return handlerFunc(func(ctx context.Context, records []consumer.Record) error {
			close(entered)
			<-finish
			return ctx.Err()
		})
	}, func(c *consumer.Config) { c.SessionTimeout = 20 * time.Second })
	<-entered
	r.stop()
	close(finish)
	r.end()
	if got := commits(c, "a"); got[0] != 50 {
		t.Errorf("committed at %d, want 50", got[0])
	}
}

func TestMissingTopicsAreNamedAndPickedUp(t *testing.T) {
	c := newCluster(t, kfake.SeedTopics(1, "a"))
	l := newLog()
	r := start(t, c, []string{"later"}, recording(l))
	r.until("the missing topic", func(s consumer.Status) bool {
		return slices.Contains(s.Missing, "later") && strings.Contains(s.Problem, "later")
	})
	if c.TopicInfo("later") != nil {
		t.Error("the consumer created the topic")
	}
	if err := c.CreateTopic("later", 2, nil); err != nil {
		t.Fatal(err)
	}
	produce(t, c, "later", 2, 20)
	l.await(t, 40)
	r.until("no problem", func(s consumer.Status) bool { return s.Problem == "" && len(s.Missing) == 0 })
}

func TestAMissingTopicDoesNotStopTheOthersAndNewPartitionsAreRead(t *testing.T) {
	c := newCluster(t, kfake.SeedTopics(1, "a"))
	produce(t, c, "a", 1, 20)
	l := newLog()
	r := start(t, c, []string{"a", "later"}, recording(l))
	l.await(t, 20)
	transport := new(kafka.Transport)
	defer transport.CloseIdleConnections()
	client := &kafka.Client{Addr: kafka.TCP(c.ListenAddrs()...), Transport: transport}
	if _, err := client.CreatePartitions(t.Context(), &kafka.CreatePartitionsRequest{Topics: []kafka.TopicPartitionsConfig{{Name: "a", Count: 3}}}); err != nil {
		t.Fatal(err)
	}
	r.until("the new partitions", func(s consumer.Status) bool { return len(s.Partitions) == 3 })
	transport.CloseIdleConnections()
	produce(t, c, "a", 3, 10)
	l.await(t, 20+30)
}

func TestALeaderMoves(t *testing.T) {
	c := newCluster(t, kfake.NumBrokers(3), kfake.SeedTopics(3, "a"))
	l := newLog()
	start(t, c, []string{"a"}, recording(l))
	for round := range 4 {
		produce(t, c, "a", 3, 100)
		l.await(t, 300*(round+1))
		for p := range int32(3) {
			if err := c.MoveTopicPartition("a", p, (c.LeaderFor("a", p)+1)%3); err != nil {
				t.Fatal(err)
			}
		}
	}
	produce(t, c, "a", 3, 100)
	l.await(t, 1500)
	if n := l.repeated(); n != 0 || l.unsorts != 0 {
		t.Errorf("%d records twice, %d out of order", n, l.unsorts)
	}
}

func TestFailingRequestsAreRepeated(t *testing.T) {
	for name, faults := range map[string][]kfake.Fault{
		"fetch": {
			{Keys: []kmsg.Key{kmsg.Fetch}, Topic: "a", Err: kerr.NotLeaderForPartition, Count: 3},
			{Keys: []kmsg.Key{kmsg.Fetch}, Topic: "a", Err: kerr.KafkaStorageError, Count: 3},
			{Keys: []kmsg.Key{kmsg.Fetch}, Topic: "a", Err: kerr.UnknownServerError, Count: 3},
			{Keys: []kmsg.Key{kmsg.Fetch}, Topic: "a", Err: kerr.UnknownTopicOrPartition, Count: 2},
		},
		"offsets": {
			{Keys: []kmsg.Key{kmsg.ListOffsets}, Topic: "a", Err: kerr.LeaderNotAvailable, Count: 3},
			{Keys: []kmsg.Key{kmsg.OffsetFetch}, Group: group, Err: kerr.NotCoordinator, Count: 2},
		},
		"group": {
			{Keys: []kmsg.Key{kmsg.JoinGroup}, Group: group, TopLevel: true, Err: kerr.CoordinatorNotAvailable, Count: 2},
			{Keys: []kmsg.Key{kmsg.SyncGroup}, Group: group, TopLevel: true, Err: kerr.RebalanceInProgress, Count: 1},
			{Keys: []kmsg.Key{kmsg.Heartbeat}, Group: group, TopLevel: true, Err: kerr.RebalanceInProgress, Count: 1},
		},
		"commit": {
			{Keys: []kmsg.Key{kmsg.OffsetCommit}, Topic: "a", Err: kerr.CoordinatorLoadInProgress, Count: 3},
			{Keys: []kmsg.Key{kmsg.OffsetCommit}, Topic: "a", Err: kerr.IllegalGeneration, Count: 1},
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t, kfake.SeedTopics(2, "a"))
			produce(t, c, "a", 2, 200)
			c.Fault(faults...)
			l := newLog()
			r := start(t, c, []string{"a"}, recording(l))
			l.await(t, 400)
			r.until("commits to the end", func(consumer.Status) bool {
				return maps.Equal(commits(c, "a"), map[int32]int64{0: 200, 1: 200})
			})
		})
	}
}

// One partition that does not answer keeps no other from being read.
func TestPartitionsAreIndependent(t *testing.T) {
	c := newCluster(t, kfake.SeedTopics(3, "a"))
	produce(t, c, "a", 3, 100)
	c.Fault(
		kfake.Fault{Keys: []kmsg.Key{kmsg.ListOffsets}, Topic: "a", Partitions: []int32{1}, Err: kerr.LeaderNotAvailable, Count: -1},
		kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Topic: "a", Partitions: []int32{2}, Err: kerr.TopicAuthorizationFailed, Count: -1},
	)
	l := newLog()
	r := start(t, c, []string{"a"}, recording(l))
	l.await(t, 100)
	r.until("the others to say what they wait for", func(s consumer.Status) bool {
		return len(s.Partitions) == 3 && s.Partitions[0].Problem == "" && s.Partitions[1].Problem != "" && strings.Contains(s.Partitions[2].Problem, "grant READ")
	})
}

func TestOffsetsOutsideTheLog(t *testing.T) {
	c := newCluster(t, kfake.SeedTopics(1, "a"))
	produce(t, c, "a", 1, 100)
	l := newLog()
	r := start(t, c, []string{"a"}, recording(l))
	l.await(t, 100)
	r.end()
	// Retention overtakes the group.
	produce(t, c, "a", 1, 100)
	if err := c.DeleteRecords("a", 0, 150); err != nil {
		t.Fatal(err)
	}
	l = newLog()
	r = start(t, c, []string{"a"}, recording(l))
	l.await(t, 50)
	r.end()
	// The topic is created anew, and shorter.
	if err := c.DeleteTopic("a"); err != nil {
		t.Fatal(err)
	}
	if err := c.CreateTopic("a", 1, nil); err != nil {
		t.Fatal(err)
	}
	produce(t, c, "a", 1, 30)
	l = newLog()
	r = start(t, c, []string{"a"}, recording(l))
	l.await(t, 30)
	r.end()
	if got := commits(c, "a"); got[0] != 30 {
		t.Errorf("committed at %d, want 30", got[0])
	}
}

func TestLatestIsDecidedByTopic(t *testing.T) {
	latest := func(c *consumer.Config) { c.Start = consumer.Latest }
	c := newCluster(t, kfake.SeedTopics(2, "a"), kfake.SeedTopics(1, "b"))
	produce(t, c, "a", 2, 100)
	l := newLog()
	r := start(t, c, []string{"a"}, recording(l), latest)
	r.until("the end committed at once", func(consumer.Status) bool {
		return maps.Equal(commits(c, "a"), map[int32]int64{0: 100, 1: 100})
	})
	produce(t, c, "a", 2, 10)
	l.await(t, 20)
	r.end()
	if len(l.seen) != 20 {
		t.Errorf("%d records, want only the 20 new ones", len(l.seen))
	}
	// A new partition of a topic that the group knows is read from its start.
	transport := new(kafka.Transport)
	defer transport.CloseIdleConnections()
	client := &kafka.Client{Addr: kafka.TCP(c.ListenAddrs()...), Transport: transport}
	if _, err := client.CreatePartitions(t.Context(), &kafka.CreatePartitionsRequest{Topics: []kafka.TopicPartitionsConfig{{Name: "a", Count: 3}}}); err != nil {
		t.Fatal(err)
	}
	transport.CloseIdleConnections()
	produce(t, c, "a", 3, 5)
	l = newLog()
	r = start(t, c, []string{"a"}, recording(l), latest)
	l.await(t, 15)
	r.end()
}

func TestAWrongPasswordIsSaid(t *testing.T) {
	c := newCluster(t, kfake.SeedTopics(1, "a"), kfake.EnableSASL(), kfake.Superuser("SCRAM-SHA-256", "app", "right"))
	r := start(t, c, []string{"a"}, recording(newLog()), func(c *consumer.Config) {
		m, err := scram.Mechanism(scram.SHA256, "app", "wrong")
		if err != nil {
			t.Fatal(err)
		}
		c.Transport.SASL, c.Dialer.SASLMechanism = m, m
	})
	r.until("the problem", func(s consumer.Status) bool { return strings.Contains(s.Problem, "REGTRAP_SASL") })
}

func TestProgressGoesOnWhileAHandlerWaits(t *testing.T) {
	c := newCluster(t, kfake.SeedTopics(1, "a"))
	produce(t, c, "a", 1, 5)
	entered := make(chan struct{})
	r := start(t, c, []string{"a"}, func(string, int) consumer.Handler {
		return handlerFunc(func(ctx context.Context, records []consumer.Record) error {
			close(entered)
			<-ctx.Done()
			return ctx.Err()
		})
	})
	<-entered
	began := time.Now()
	r.until("heartbeats of all loops", func(s consumer.Status) bool { return s.Progress.After(began) })
	r.until("the state", func(s consumer.Status) bool { return s.Partitions[0].State == "handling" })
}

func TestNewReportsAllMistakesAtOnce(t *testing.T) {
	_, err := consumer.New(consumer.Config{SessionTimeout: -1, CommitInterval: -1, FetchBytes: 5, BudgetBytes: 1, Start: 9})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"Brokers", "Topics", "Group", "Transport", "Dialer", "NewHandler", "Logger", "SessionTimeout", "CommitInterval", "BudgetBytes", "Start"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q does not name %s", err, want)
		}
	}
}

func ExampleConsumer() {
	cluster := kfake.MustCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "telemetry"))
	defer cluster.Close()
	transport := new(kafka.Transport)
	defer transport.CloseIdleConnections()
	c, err := consumer.New(consumer.Config{
		Brokers: cluster.ListenAddrs(), Topics: []string{"telemetry"}, Group: "regtrap",
		Transport: transport, Dialer: &kafka.Dialer{},
		NewHandler: func(topic string, partition int) consumer.Handler {
			return handlerFunc(func(ctx context.Context, records []consumer.Record) error { return nil })
		},
		Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- c.Run(ctx) }()
	for !c.Status().Joined {
		time.Sleep(time.Millisecond)
	}
	stop()
	fmt.Println(<-done)
	// Output: <nil>
}
