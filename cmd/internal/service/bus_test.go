package service

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kfake"
	"go.uber.org/goleak"

	"github.com/regtrap/regtrap/cmd/internal/build"
	"github.com/regtrap/regtrap/cmd/internal/sample"
	"github.com/regtrap/regtrap/producer"
)

// kfakeLoop is the embedded broker's own loop: it may outlive Close by what it
// is about to answer, and is no leak of ours.
const kfakeLoop = "github.com/twmb/franz-go/pkg/kfake.(*Cluster).run"

func TestMain(m *testing.M) { goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction(kfakeLoop)) }

// patience is how long a test waits for what must come. It bounds a failure;
// no test takes that long when it passes.
const patience = 30 * time.Second

const testGroup = "regtrap-test"

// bus is an embedded broker.
type bus struct {
	*kfake.Cluster
	t      *testing.T
	client *kafka.Client
}

func newBus(t *testing.T, opts ...kfake.Opt) *bus {
	t.Helper()
	c, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(1), kfake.SeedTopics(3, "winlog")}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return &bus{c, t, testClient(t, c)}
}

// testClient returns a client that knows nothing of the cluster yet.
func testClient(t *testing.T, c *kfake.Cluster) *kafka.Client {
	transport := &kafka.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &kafka.Client{Addr: kafka.TCP(c.ListenAddrs()...), Transport: transport, Timeout: patience}
}

func outputs() kfake.Opt { return kfake.SeedTopics(2, "regtrap.alerts", "regtrap.dead-letters") }

// place is where a record lies.
type place struct {
	topic     string
	partition int
	offset    int64
}

// sent is what lies in the topic winlog. The broker numbers records from 0.
type sent map[place]sample.Record

// send writes records round-robin over the three partitions of winlog.
func (b *bus) send(all sent, records []sample.Record) {
	b.t.Helper()
	if err := b.produce(b.t.Context(), all, records); err != nil {
		b.t.Fatal(err)
	}
}

// produce is send for other goroutines than the test's.
func (b *bus) produce(ctx context.Context, all sent, records []sample.Record) error {
	next := make([]int64, 3)
	for p := range all {
		next[p.partition] = max(next[p.partition], p.offset+1)
	}
	batches := make([][]kafka.Record, 3)
	for i, r := range records {
		p := i % 3
		all[place{"winlog", p, next[p]}] = r
		next[p]++
		batches[p] = append(batches[p], kafka.Record{
			Time: time.Now(), Key: kafka.NewBytes([]byte(r.Key)), Value: kafka.NewBytes(r.Value),
			Headers: []kafka.Header{{Key: "shipper", Value: []byte("winlogbeat")}},
		})
	}
	for p, batch := range batches {
		res, err := b.client.Produce(ctx, &kafka.ProduceRequest{
			Topic: "winlog", Partition: p, RequiredAcks: kafka.RequireAll, Records: kafka.NewRecordReader(batch...),
		})
		if err == nil {
			err = res.Error
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// received returns all that is in a topic.
func (b *bus) received(topic string) []producer.Message {
	b.t.Helper()
	var list []producer.Message
	client := testClient(b.t, b.Cluster) // the topic may be new
	for _, p := range b.PartitionInfos(topic) {
		for next := int64(0); next < p.HighWatermark; {
			res, err := client.Fetch(b.t.Context(), &kafka.FetchRequest{
				Topic: topic, Partition: int(p.Partition), Offset: next, MinBytes: 1, MaxBytes: 8 << 20, MaxWait: 100 * time.Millisecond,
			})
			if err == nil {
				err = res.Error
			}
			if err != nil {
				b.t.Fatal(err)
			}
			for {
				r, err := res.Records.ReadRecord()
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					b.t.Fatal(err)
				}
				m := producer.Message{Topic: topic, Headers: r.Headers}
				if m.Key, err = kafka.ReadAll(r.Key); err != nil {
					b.t.Fatal(err)
				}
				if m.Value, err = kafka.ReadAll(r.Value); err != nil {
					b.t.Fatal(err)
				}
				list = append(list, m)
				next = r.Offset + 1
			}
		}
	}
	return list
}

// committed waits until the group has committed the end of every partition.
func (b *bus) committed() {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), patience)
	defer cancel()
	ends := make(map[int32]int64)
	for _, p := range b.PartitionInfos("winlog") {
		ends[p.Partition] = p.HighWatermark
	}
	_, err := b.WaitGroupInfo(ctx, testGroup, func(g *kfake.GroupInfo) bool {
		if g == nil {
			return false // nobody has joined it yet
		}
		for p, end := range ends {
			if g.Commits["winlog"][p].Offset != end {
				return false
			}
		}
		return true
	})
	if err != nil {
		b.t.Fatalf("the group has not committed the ends %v: %v", ends, err)
	}
}

// running is a Service that runs.
type running struct {
	*Service
	t    *testing.T
	log  *lockedBuffer
	stop func() error
}

func testConfig(b *bus) Config {
	c := Default()
	c.Brokers, c.Topics, c.Group, c.HTTPAddr = b.ListenAddrs(), []string{"winlog"}, testGroup, "127.0.0.1:0"
	c.SessionTimeout, c.CommitInterval = 6*time.Second, 100*time.Millisecond
	return c
}

// start runs a service until stop, or the end of the test.
func start(t *testing.T, c Config) *running {
	t.Helper()
	log := new(lockedBuffer)
	s, err := New(c, build.Info{Version: "1.2.3", Commit: "abc", GoVersion: "go1.26"}, newLogger(log, slog.LevelDebug, "json"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	stop := sync.OnceValue(func() error {
		cancel()
		return <-done
	})
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Errorf("Run: %v\n%s", err, log)
		}
		if t.Failed() {
			t.Logf("log:\n%s", log)
		}
	})
	return &running{Service: s, t: t, log: log, stop: stop}
}

// get asks the service over HTTP.
func (r *running) get(path string) (status int, body string) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet, "http://"+r.Addr().String()+path, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	transport := &http.Transport{DisableKeepAlives: true}
	res, err := transport.RoundTrip(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

// readiness waits until /readyz answers what ok accepts.
func (r *running) readiness(what string, ok func(Readiness) bool) Readiness {
	r.t.Helper()
	var last string
	var got Readiness
	eventually(r.t, func() bool {
		_, last = r.get("/readyz")
		got = Readiness{}
		if err := json.Unmarshal([]byte(last), &got); err != nil {
			r.t.Fatal(err)
		}
		return ok(got)
	}, func() string { return fmt.Sprintf("readiness never %s: %s", what, last) })
	return got
}

// eventually polls: what is looked at has no event to wait for.
func eventually(t *testing.T, ok func() bool, failure func() string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatal(failure())
		}
	}
}

// lockedBuffer is a log that is read while it is written.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func (b *lockedBuffer) contains(s string) bool { return strings.Contains(b.String(), s) }
