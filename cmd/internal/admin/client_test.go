package admin

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

func newClient(t *testing.T, opts ...kfake.Opt) (*Client, *kfake.Cluster) {
	t.Helper()
	c, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(1), kfake.SeedTopics(1, "winlog")}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	client := New(c.ListenAddrs(), new(kafka.Transport), "winlog")
	t.Cleanup(client.Close)
	return client, c
}

func (c *Client) produce(t *testing.T, values ...string) {
	t.Helper()
	for i, v := range values {
		res, err := c.kafka.Produce(t.Context(), &kafka.ProduceRequest{Topic: "winlog", RequiredAcks: kafka.RequireAll,
			Records: kafka.NewRecordReader(kafka.Record{Time: time.UnixMilli(int64(1000 * (i + 1))), Value: kafka.NewBytes([]byte(v))})})
		if err == nil {
			err = res.Error
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func values(t *testing.T, c *Client, from, to int64) (list []string, err error) {
	t.Helper()
	for r, err := range c.Records(t.Context(), "winlog", 0, from, to) {
		if err != nil {
			return list, err
		}
		list = append(list, fmt.Sprintf("%d %s", r.Offset, r.Value))
	}
	return list, nil
}

func TestRecordsAreReadBetweenTwoOffsets(t *testing.T) {
	c, _ := newClient(t)
	c.produce(t, "a", "b", "c", "d")
	got, err := values(t, c, 1, 3)
	if err != nil || strings.Join(got, " ") != "1 b 2 c" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestRecordsThatRetentionTakesMeanwhileAreSteppedOver(t *testing.T) {
	c, cluster := newClient(t)
	c.produce(t, "a", "b", "c", "d")
	if err := cluster.DeleteRecords("winlog", 0, 2); err != nil {
		t.Fatal(err)
	}
	got, err := values(t, c, 0, 4)
	if err != nil || strings.Join(got, " ") != "2 c 3 d" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestAtFindsTheFirstRecordOfATime(t *testing.T) {
	c, _ := newClient(t)
	c.produce(t, "a", "b", "c")
	for ms, want := range map[int64]int64{0: 0, 1000: 0, 1001: 1, 3000: 2} {
		got, err := c.At(t.Context(), "winlog", []int{0}, time.UnixMilli(ms))
		if err != nil || got[0] != want {
			t.Errorf("at %d ms: %v, %v: want %d", ms, got, err, want)
		}
	}
	if got, err := c.At(t.Context(), "winlog", []int{0}, time.UnixMilli(3001)); err != nil || len(got) != 0 {
		t.Errorf("after the last record: %v, %v", got, err)
	}
}

// damage answers fetches of offsets in [from, to) with a batch of a wrong
// checksum, as a broker does whose disk is broken.
func damage(cluster *kfake.Cluster, from, to int64) {
	cluster.ControlKey(int16(kmsg.Fetch), func(r kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		req := r.(*kmsg.FetchRequest)
		p := req.Topics[0].Partitions[0]
		if p.FetchOffset < from || p.FetchOffset >= to {
			return nil, nil, false
		}
		batch := kmsg.RecordBatch{FirstOffset: from, Magic: 2, LastOffsetDelta: int32(to - from - 1), NumRecords: int32(to - from),
			ProducerID: -1, ProducerEpoch: -1, FirstSequence: -1, CRC: 1, Records: make([]byte, 30)}
		batch.Length = int32(len(batch.AppendTo(nil)) - 12)
		res := req.ResponseKind().(*kmsg.FetchResponse)
		res.Topics = []kmsg.FetchResponseTopic{{Topic: "winlog", TopicID: req.Topics[0].TopicID, Partitions: []kmsg.FetchResponseTopicPartition{{
			Partition: 0, HighWatermark: 6, LastStableOffset: 6, PreferredReadReplica: -1, RecordBatches: batch.AppendTo(nil),
		}}}}
		return res, nil, true
	})
}

func TestReadableIsBehindTheDamagedBatch(t *testing.T) {
	c, cluster := newClient(t)
	c.produce(t, "a", "b", "c", "d", "e", "f")
	damage(cluster, 2, 5)
	_, err := values(t, c, 2, 6)
	if !Damaged(err) || !strings.HasPrefix(err.Error(), "topic winlog, partition 0, offset 2: the batch at this offset cannot be read: ") {
		t.Fatalf("%v", err)
	}
	if at, err := c.Readable(t.Context(), "winlog", 0, 2, 6); err != nil || at != 5 {
		t.Errorf("readable at %d, %v: want 5", at, err)
	}
}

func TestReadableIsTheEndWhenNothingBehindItIs(t *testing.T) {
	c, cluster := newClient(t)
	c.produce(t, "a", "b", "c")
	damage(cluster, 1, 3)
	if at, err := c.Readable(t.Context(), "winlog", 0, 1, 3); err != nil || at != 3 {
		t.Errorf("readable at %d, %v: want 3", at, err)
	}
}

// A broker that takes connections and never answers costs a deadline, no more.
func TestABrokerThatDoesNotAnswerIsGivenUp(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c := New([]string{l.Addr().String()}, new(kafka.Transport), "winlog")
	defer c.Close()
	c.timeout = 100 * time.Millisecond
	_, err = c.Partitions(t.Context(), "winlog")
	if err == nil || err.Error() != "topic winlog: the brokers did not answer in time: check REGTRAP_BROKERS and the brokers' load" || !General(err) {
		t.Errorf("%v", err)
	}
}

func TestQuestionsAreRepeatedUntilTheClusterIsReady(t *testing.T) {
	c, _ := newClient(t)
	asked := 0
	answer, err := ask(t.Context(), c, "group g", func(context.Context) (string, error) {
		if asked++; asked < 3 {
			return "", kafka.GroupCoordinatorNotAvailable
		}
		return "yes", nil
	})
	if answer != "yes" || err != nil || asked != 3 {
		t.Errorf("%q, %v after %d questions", answer, err, asked)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("interrupted"))
	if _, err := ask(ctx, c, "group g", func(ctx context.Context) (string, error) { return "", ctx.Err() }); err == nil || err.Error() != "interrupted" {
		t.Errorf("%v", err)
	}
}

func TestProblemsSayWhatToDo(t *testing.T) {
	for err, want := range map[error]string{
		kafka.TopicAuthorizationFailed: "topic t: this user may not read or describe the topic: grant READ and DESCRIBE on it",
		kafka.GroupAuthorizationFailed: "topic t: this user may not use the group: grant READ and DESCRIBE on it",
		kafka.UnknownTopicOrPartition:  "topic t: the topic does not exist: check its name",
		kafka.UnknownMemberId:          "topic t: a member has joined the group: stop all members first",
		protocol.ErrNoLeader:           "topic t: a partition has no leader: bring the brokers of its replicas back",
		kafka.SASLAuthenticationFailed: "topic t: the brokers refuse the authentication: check REGTRAP_SASL_USERNAME, REGTRAP_SASL_PASSWORD and REGTRAP_SASL_MECHANISM",
	} {
		if got := problem(err, "topic t"); got.Error() != want || !errors.Is(got, err) {
			t.Errorf("%v: %q, want %q", err, got, want)
		}
	}
}
