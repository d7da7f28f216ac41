package cli_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/regtrap/regtrap/cmd/internal/build"
	"github.com/regtrap/regtrap/cmd/internal/cli"
)

// patience bounds the failure of a test that waits; none takes that long when
// it passes.
const patience = 30 * time.Second

const busGroup = "regtrap"

// bus is an embedded broker, with the topics of a service.
type bus struct {
	*kfake.Cluster
	t      *testing.T
	client *kafka.Client
	env    []string // of the commands
}

func newBus(t *testing.T, opts ...kfake.Opt) *bus {
	t.Helper()
	opts = append([]kfake.Opt{
		kfake.NumBrokers(1), kfake.SeedTopics(2, "winlog"), kfake.SeedTopics(1, "regtrap.alerts", "regtrap.dead-letters"),
	}, opts...)
	c, err := kfake.NewCluster(opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	transport := &kafka.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &bus{c, t, &kafka.Client{Addr: kafka.TCP(c.ListenAddrs()...), Transport: transport, Timeout: patience}, []string{
		"REGTRAP_BROKERS=" + strings.Join(c.ListenAddrs(), ","), "REGTRAP_TOPICS=winlog", "REGTRAP_GROUP=" + busGroup,
		"REGTRAP_SESSION_TIMEOUT=6s", "REGTRAP_COMMIT_INTERVAL=100ms", "REGTRAP_HTTP_ADDR=127.0.0.1:0",
	}}
}

// produce writes records to a partition.
func (b *bus) produce(topic string, partition int, records ...kafka.Record) {
	b.t.Helper()
	res, err := b.client.Produce(b.t.Context(), &kafka.ProduceRequest{
		Topic: topic, Partition: partition, RequiredAcks: kafka.RequireAll, Records: kafka.NewRecordReader(records...),
	})
	if err == nil {
		err = res.Error
	}
	if err != nil {
		b.t.Fatal(err)
	}
}

// message is one record of a topic.
type message struct {
	partition  int
	offset     int64
	key, value []byte
	headers    map[string]string
}

// messages returns all that is in a topic.
func (b *bus) messages(topic string) []message {
	b.t.Helper()
	var list []message
	for _, p := range b.PartitionInfos(topic) {
		for next := int64(0); next < p.HighWatermark; {
			res, err := b.client.Fetch(b.t.Context(), &kafka.FetchRequest{
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
				m := message{partition: int(p.Partition), offset: r.Offset, headers: make(map[string]string)}
				for _, h := range r.Headers {
					m.headers[h.Key] = string(h.Value)
				}
				if m.key, err = kafka.ReadAll(r.Key); err != nil {
					b.t.Fatal(err)
				}
				if m.value, err = kafka.ReadAll(r.Value); err != nil {
					b.t.Fatal(err)
				}
				list = append(list, m)
				next = r.Offset + 1
			}
		}
	}
	return list
}

// committed waits until the group has committed the end of every partition of
// winlog.
func (b *bus) committed() {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), patience)
	defer cancel()
	_, err := b.WaitGroupInfo(ctx, busGroup, func(g *kfake.GroupInfo) bool {
		return g != nil && !slices.ContainsFunc(b.PartitionInfos("winlog"), func(p *kfake.PartitionInfo) bool {
			return p.HighWatermark > 0 && g.Commits["winlog"][p.Partition].Offset != p.HighWatermark
		})
	})
	if err != nil {
		b.t.Fatalf("the group has not committed the ends: %v", err)
	}
}

// run runs `regtrap run` until stop, or the end of the test.
func (b *bus) run() (stop func()) {
	b.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan int, 1)
	var log bytes.Buffer
	go func() {
		done <- cli.Main(ctx, cli.Process{Env: b.env, Stdout: io.Discard, Stderr: &log, Build: build.Info{Version: "v1.2.3"}}, []string{"run"})
	}()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if status := <-done; status != 0 {
			b.t.Errorf("run: status %d\n%s", status, log.String())
		}
	}
	b.t.Cleanup(stop)
	return stop
}

// works runs the service until it has handled all there is.
func (b *bus) works() {
	b.t.Helper()
	stop := b.run()
	b.committed()
	stop()
}

// result is what a command printed, and its exit status.
type result struct {
	status   int
	out, err string
}

// regtrap runs a command.
func (b *bus) regtrap(args ...string) result {
	b.t.Helper()
	return command(b.t.Context(), b.env, args...)
}

func command(ctx context.Context, env []string, args ...string) result {
	var out, errs bytes.Buffer
	status := cli.Main(ctx, cli.Process{Env: env, Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Build: build.Info{Version: "v1.2.3"}}, args)
	return result{status, out.String(), errs.String()}
}
