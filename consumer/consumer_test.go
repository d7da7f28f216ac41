package consumer_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/sasl/scram"
	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/regtrap/regtrap/consumer"
)

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
	grow(t, c, "a", 3)
	r.until("the new partitions", func(s consumer.Status) bool { return len(s.Partitions) == 3 })
	produce(t, c, "a", 3, 10)
	l.await(t, 20+30)
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
