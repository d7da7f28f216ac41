package main

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/regtrap/regtrap/consumer"
)

// worker is a program that consumes: regtrap, or the one that does nothing.
type worker struct {
	cmd    *exec.Cmd
	stderr bytes.Buffer
}

// regtrapRun starts `regtrap run`.
func (b *bench) regtrapRun(t topicNames, env ...string) (*worker, error) {
	w := &worker{cmd: exec.Command(b.regtrap, "run")}
	w.cmd.Env = append(os.Environ(),
		"REGTRAP_BROKERS="+strings.Join(b.cluster.Plain(), ","), "REGTRAP_TOPICS="+t.in, "REGTRAP_ALERTS_TOPIC="+t.alerts,
		"REGTRAP_DEAD_LETTER_TOPIC="+t.dead, "REGTRAP_GROUP="+t.group, "REGTRAP_COMMIT_INTERVAL=100ms",
		"REGTRAP_HTTP_ADDR=127.0.0.1:0", "REGTRAP_LOG_LEVEL=warn", "REGTRAP_RULES="+b.rules)
	w.cmd.Env = append(w.cmd.Env, env...)
	w.cmd.Stderr = &w.stderr
	return w, w.cmd.Start()
}

// noopRun starts this program as a consumer that does nothing with its records.
func (b *bench) noopRun(t topicNames) (*worker, error) {
	w := &worker{cmd: exec.Command(b.self, "-noop", strings.Join(b.cluster.Plain(), ","), "-topic", t.in, "-group", t.group)}
	w.cmd.Stderr = &w.stderr
	return w, w.cmd.Start()
}

// end stops the program as an operator would, and returns its CPU time.
func (w *worker) end() (time.Duration, error) {
	if err := w.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return 0, err
	}
	if err := w.cmd.Wait(); err != nil {
		return 0, fmt.Errorf("%s: %w\n%s", w.cmd.Path, err, w.stderr.Bytes())
	}
	return w.cmd.ProcessState.UserTime() + w.cmd.ProcessState.SystemTime(), nil
}

// kill ends it when something else failed.
func (w *worker) kill() {
	w.cmd.Process.Kill() // may have ended already
	w.cmd.Wait()
}

// committed returns the sum of the group's offsets.
func (b *bench) committed(ctx context.Context, t topicNames, partitions int) (sum int64, err error) {
	req := &kafka.OffsetFetchRequest{GroupID: t.group, Topics: map[string][]int{}}
	for p := range partitions {
		req.Topics[t.in] = append(req.Topics[t.in], p)
	}
	res, err := b.cluster.Client().OffsetFetch(ctx, req)
	if err != nil {
		return 0, err
	}
	for _, p := range res.Topics[t.in] {
		sum += max(p.CommittedOffset, 0)
	}
	return sum, nil
}

// await waits until the group has committed n records.
func (b *bench) await(ctx context.Context, t topicNames, partitions int, n int64) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	for {
		done, err := b.committed(ctx, t, partitions)
		if err == nil && done >= n {
			return nil
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("%d of %d records committed: %w", done, n, ctx.Err())
		}
	}
}

// noop consumes a topic with the consumer of regtrap, and does nothing with the
// records. It ends when ctx does.
func noop(ctx context.Context, brokers []string, topic, group string) error {
	transport := &kafka.Transport{MetadataTopics: []string{topic}}
	defer transport.CloseIdleConnections()
	c, err := consumer.New(consumer.Config{
		Brokers: brokers, Topics: []string{topic}, Group: group, Transport: transport, Dialer: &kafka.Dialer{},
		CommitInterval: 100 * time.Millisecond,
		NewHandler:     func(string, int) consumer.Handler { return nothing{} },
		Logger:         slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return err
	}
	return c.Run(ctx)
}

// nothing is a handler.
type nothing struct{}

func (nothing) Handle(context.Context, []consumer.Record) error { return nil }
