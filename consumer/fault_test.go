package consumer_test

import (
	"context"
	"errors"
	"maps"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/regtrap/regtrap/consumer"
)

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
	grow(t, c, "a", 3)
	produce(t, c, "a", 3, 5)
	l = newLog()
	r = start(t, c, []string{"a"}, recording(l), latest)
	l.await(t, 15)
	r.end()
}

// A handler keeps its promise or is asked again: no record may stop a partition.
func TestAHandlerThatGivesUpIsAskedAgain(t *testing.T) {
	c := newCluster(t, kfake.SeedTopics(1, "a"))
	produce(t, c, "a", 1, 50)
	l := newLog()
	refuse := make(chan bool, 1)
	refuse <- true
	good := recording(l)
	r := start(t, c, []string{"a"}, func(topic string, partition int) consumer.Handler {
		next := good(topic, partition)
		return handlerFunc(func(ctx context.Context, records []consumer.Record) error {
			no := <-refuse
			refuse <- no
			if no {
				return errors.New("disk full")
			}
			return next.Handle(ctx, records)
		})
	})
	r.until("the reason", func(s consumer.Status) bool {
		return len(s.Partitions) == 1 && s.Partitions[0].State == "failing" && strings.Contains(s.Partitions[0].Problem, "disk full") && s.Partitions[0].Watermark == 0
	})
	<-refuse
	refuse <- false
	l.await(t, 50)
	r.until("no problem", func(s consumer.Status) bool { return s.Partitions[0].Problem == "" })
}

// What the coordinator's answer leaves out is not committed, and is sent again.
func TestACommitThatIsNotAnsweredIsRepeated(t *testing.T) {
	c := newCluster(t, kfake.SeedTopics(2, "a"))
	produce(t, c, "a", 2, 50)
	requests := make(chan int, 100)
	left := 3
	c.ControlKey(int16(kmsg.OffsetCommit), func(req kmsg.Request) (kmsg.Response, error, bool) {
		if left--; left < 0 {
			return nil, nil, false
		}
		c.KeepControl()
		commit := req.(*kmsg.OffsetCommitRequest)
		requests <- len(commit.Topics[0].Partitions)
		return commit.ResponseKind(), nil, true // an answer without partitions
	})
	l := newLog()
	r := start(t, c, []string{"a"}, recording(l))
	l.await(t, 100)
	for range 3 {
		<-requests
	}
	r.until("both to be committed", func(s consumer.Status) bool {
		return maps.Equal(commits(c, "a"), map[int32]int64{0: 50, 1: 50}) && s.Partitions[0].Committed == 50 && s.Partitions[1].Committed == 50
	})
}
