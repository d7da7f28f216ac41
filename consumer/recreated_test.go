package consumer_test

import (
	"context"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/regtrap/regtrap/consumer"
)

// A topic that is deleted, created anew and longer than before while it is
// read: the offset is in range, but of another log.
func TestATopicRecreatedWhileItIsReadIsReadFromItsStart(t *testing.T) {
	c := newCluster(t, kfake.SeedTopics(1, "a"))
	produce(t, c, "a", 1, 30)
	l := newLog()
	start(t, c, []string{"a"}, recording(l))
	l.await(t, 30)
	// No fetch is answered until the new topic has overtaken the old one.
	fault := c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Topic: "a", Err: kerr.UnknownTopicOrPartition, Count: -1})
	if err := c.DeleteTopic("a"); err != nil {
		t.Fatal(err)
	}
	if err := c.CreateTopic("a", 1, nil); err != nil {
		t.Fatal(err)
	}
	produceAt(t, c, "a", 1_800_000_000_000, 80)
	fault.Remove()
	l.await(t, 80)
	l.mu.Lock()
	defer l.mu.Unlock()
	for offset := range int64(30) {
		if l.seen[place{"a", 0, offset}] != 2 {
			t.Errorf("offset %d handled %d times: want the old record and the new one", offset, l.seen[place{"a", 0, offset}])
		}
	}
}

// A failure that is none of the log's costs no repetition.
func TestAfterAFailureTheSameLogGoesOn(t *testing.T) {
	c := newCluster(t, kfake.SeedTopics(1, "a"))
	produce(t, c, "a", 1, 30)
	l := newLog()
	start(t, c, []string{"a"}, recording(l))
	l.await(t, 30)
	c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Topic: "a", Err: kerr.UnknownTopicOrPartition, Count: 3})
	produce(t, c, "a", 1, 30)
	l.await(t, 60)
	if n := l.repeated(); n != 0 {
		t.Errorf("%d records twice", n)
	}
}

// OFFSET_OUT_OF_RANGE for an offset that is in range is repeated, with a pause,
// and moves nothing.
func TestAnOffsetThatIsInRangeAfterAllStays(t *testing.T) {
	c := newCluster(t, kfake.SeedTopics(1, "a"))
	produce(t, c, "a", 1, 30)
	l := newLog()
	r := start(t, c, []string{"a"}, recording(l))
	l.await(t, 30)
	fault := c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Topic: "a", Err: kerr.OffsetOutOfRange, Count: -1})
	r.until("the problem", func(s consumer.Status) bool { return s.Partitions[0].Problem != "" && s.Partitions[0].Watermark == 30 })
	fault.Remove()
	produce(t, c, "a", 1, 10)
	l.await(t, 40)
	if n := l.repeated(); n != 0 {
		t.Errorf("%d records twice", n)
	}
}

// produceAt writes n records from a time on, one a millisecond.
func produceAt(t *testing.T, c *kfake.Cluster, topic string, millis int64, n int) {
	t.Helper()
	transport := new(kafka.Transport)
	defer transport.CloseIdleConnections()
	client := &kafka.Client{Addr: kafka.TCP(c.ListenAddrs()...), Transport: transport}
	var batch []kafka.Record
	for i := range n {
		batch = append(batch, kafka.Record{Time: time.UnixMilli(millis + int64(i)), Value: kafka.NewBytes([]byte("new"))})
	}
	res, err := client.Produce(context.Background(), &kafka.ProduceRequest{Topic: topic, RequiredAcks: kafka.RequireAll, Records: kafka.NewRecordReader(batch...)})
	if err == nil {
		err = res.Error
	}
	if err != nil {
		t.Fatal(err)
	}
}
