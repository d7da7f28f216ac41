// Package service is what `regtrap run` and the demo both start: it reads the
// configuration, loads the rules, connects consumer, pipeline and producer,
// and shows metrics and health over HTTP.
//
//	consumer ─▶ handler ─▶ pipeline.Worker ─▶ messages ─▶ producer
//	   ▲           │                                          │
//	   └─ commit ◀─┴── nil when all is acknowledged ◀─────────┘
//
// The guarantee hangs on one rule, kept by handler.Handle: it returns nil
// only when every alert and dead letter of its records is acknowledged.
package service

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"os/signal"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"github.com/regtrap/regtrap/cmd/internal/build"
	"github.com/regtrap/regtrap/cmd/internal/pipeline"
	"github.com/regtrap/regtrap/consumer"
	"github.com/regtrap/regtrap/enrich"
	"github.com/regtrap/regtrap/producer"
	"github.com/regtrap/regtrap/rules"
)

// Service is one running regtrap: New makes it, Run runs it once.
type Service struct {
	config   Config
	logger   *slog.Logger
	now      func() time.Time
	rules    *ruleBook
	hangup   <-chan os.Signal // asks for a reload; nil in tests
	metrics  *metrics
	summary  *summary
	health   *health
	breakers *breakers
	registry *prometheus.Registry

	fingerprint fingerprint // of the rule files, as they were read last

	lastPanic atomic.Int64 // when a stack was last logged, Unix nanoseconds; 0: never

	connections *connections
	consumer    *consumer.Consumer
	producer    *producer.Producer
	listener    net.Listener // closed by Run
	server      *endpoints
}

// New checks the configuration, loads the rules and opens the HTTP address;
// brokers are first spoken to by Run. The error is a *ConfigError, or says
// which rule or address is wrong. A Service that New returned must be run: Run
// closes what New opened.
func New(c Config, info build.Info, logger *slog.Logger) (*Service, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	s := &Service{config: c, logger: logger, now: time.Now, metrics: newMetrics(), summary: newSummary(), rules: new(ruleBook)}
	var err error
	if err := s.loadRules(); err != nil {
		return nil, err
	}
	if s.connections, err = c.connections(); err != nil {
		return nil, err
	}
	s.producer, err = producer.New(producer.Config{
		Brokers: c.Brokers, Transport: s.connections.transport,
		Topics: []string{c.AlertsTopic, c.DeadLetterTopic}, Guarded: []string{offsetsTopic}, Logger: logger,
	})
	if err != nil {
		return nil, fmt.Errorf("producer: %w", err)
	}
	out := &output{
		alertsTopic: c.AlertsTopic, deadLetterTopic: c.DeadLetterTopic, version: info.Version,
		publisher: s.producer, rules: s.rules, metrics: s.metrics, summary: s.summary, now: s.now, wait: pause,
	}
	pipe := pipeline.Config{
		Options:  enrich.Options{Version: info.Version, Labels: c.Labels, Original: c.AlertOriginal},
		Now:      s.now,
		Panicked: s.panicked,
	}
	s.consumer, err = consumer.New(consumer.Config{
		Brokers: c.Brokers, Topics: c.Topics, Group: c.Group,
		Transport: s.connections.transport, Dialer: s.connections.dialer,
		Start: c.Start, SessionTimeout: c.SessionTimeout, CommitInterval: c.CommitInterval,
		FetchBytes: int(c.FetchBytes), BudgetBytes: int64(c.BudgetBytes),
		NewHandler: func(topic string, partition int) consumer.Handler {
			h := newHandler(topic, partition, out, s.health.partition(topic, partition), pipeline.NewWorker(pipe))
			h.breaker = s.breakers.partition(topic, partition)
			return h
		},
		Logger: logger,
	})
	if err != nil {
		return nil, fmt.Errorf("consumer: %w", err)
	}
	s.health = newHealth(s.consumer.Status, s.producer.Status, s.now, c.SessionTimeout)
	s.breakers = newBreakers(func() []consumer.PartitionStatus { return s.consumer.Status().Partitions }, s.now)
	s.health.poison = s.breakers.state
	s.registry, err = register(info, s.metrics, s.consumer.Collectors(), s.producer.Collectors(), []prometheus.Collector{s.breakers})
	if err != nil {
		return nil, err
	}
	s.server = &endpoints{health: s.health, rules: s.rules, registry: s.registry, info: info, settings: c.Settings(), pprof: c.PPROF}
	if s.listener, err = listen(c.HTTPAddr); err != nil {
		return nil, err
	}
	return s, nil
}

// Addr is the HTTP address that is really open, where REGTRAP_HTTP_ADDR says
// port 0 as well.
func (s *Service) Addr() net.Addr { return s.listener.Addr() }

// Rules returns the rules in force.
func (s *Service) Rules() *rules.Snapshot { return s.rules.current().snapshot }

// errDrain is the error of a shutdown that took too long. Nothing is lost by
// it: what was not finished is not committed, and will be redelivered.
var errDrain = errors.New("drain: not done within REGTRAP_DRAIN_TIMEOUT; what was not finished will be redelivered")

// Run works until ctx is done. Then it drains: the consumer finishes the
// batches in hand, commits and leaves, while producer and HTTP still work; all
// of it within the drain limit. It returns nil after such an end.
func (s *Service) Run(ctx context.Context) error {
	defer s.connections.close()
	server := newServer(s.server, s.logger)

	// The producer and the HTTP server outlive ctx: the drain needs the one,
	// and whoever watches the drain the other.
	rest, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	// A part that fails ends the consumer.
	work, fail := context.WithCancelCause(ctx)
	defer fail(nil)

	var group errgroup.Group
	background := func(name string, f func() error) {
		group.Go(func() error {
			err := f()
			if rest.Err() == nil {
				if err == nil {
					err = errors.New("ended before its time")
				}
				fail(fmt.Errorf("%s: %w", name, err))
			}
			return nil
		})
	}
	background("http", func() error { return server.Serve(s.listener) })
	background("output", func() error { return s.producer.Run(rest) })
	background("watch", func() error { return s.watch(rest) })
	background("rules", func() error { return s.watchRules(rest) })
	s.logger.Info("service started", "http_addr", s.Addr().String(), "config", settingsAttr(s.config.Settings()))

	err := s.consume(work, s.consumer.Run)
	if cause := context.Cause(work); err == nil && ctx.Err() == nil {
		err = cause
	}
	stop()
	shutdown(server)
	s.producer.Close()
	_ = group.Wait() // reported through fail
	s.summary.write(context.WithoutCancel(ctx), s.logger)
	if err == nil {
		s.logger.Info("service stopped")
	}
	return err
}

// consume runs the consumer until it has drained, or has not within the limit.
func (s *Service) consume(ctx context.Context, run func(context.Context) error) error {
	done := make(chan error, 1)
	go func() {
		err := run(ctx)
		switch {
		case err != nil && !errors.Is(err, context.Canceled):
			err = fmt.Errorf("consumer: %w", err)
		case ctx.Err() == nil:
			err = errors.New("consumer: ended before its time")
		default:
			err = nil
		}
		done <- err
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	s.health.stopping.Store(true)
	s.logger.Info("draining", "limit", s.config.DrainTimeout.String())
	limit := time.NewTimer(s.config.DrainTimeout)
	defer limit.Stop()
	select {
	case err := <-done:
		return err
	case <-limit.C:
		return errDrain
	}
}

// watch writes the summary, and looks at readiness every second: without
// that, the grace of a rebalance would hang on how often somebody asks.
func (s *Service) watch(ctx context.Context) error {
	look := time.NewTicker(time.Second)
	defer look.Stop()
	report := time.NewTicker(summaryEvery)
	defer report.Stop()
	ready := false
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-report.C:
			s.summary.write(ctx, s.logger)
		case <-look.C:
			s.breakers.report(ctx, s.logger)
			r := s.health.readiness()
			if r.Ready != ready {
				ready = r.Ready
				s.logger.Info("readiness changed", "ready", ready, "reasons", strings.Join(r.Reasons, "; "))
			}
		}
	}
}

// pause is the time between attempts at a message that no broker takes.
func pause(ctx context.Context) error {
	t := time.NewTimer(5*time.Second + rand.N(time.Second))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// panicked logs the stack of a panic, at most once in summaryEvery: a record
// that causes one seldom comes alone. Each is a dead letter and counted there.
func (s *Service) panicked(value any, stack []byte) {
	now, last := s.now().UnixNano(), s.lastPanic.Load()
	if last != 0 && now-last < int64(summaryEvery) || !s.lastPanic.CompareAndSwap(last, now) {
		return
	}
	s.logger.Error("panic while reading a record", "panic", fmt.Sprint(value), "stack", string(stack))
}

// Run is `regtrap run`: it reads the configuration from environ, logs to
// stderr, and runs the service until ctx is done. The error is for the person
// who started it, one line a mistake.
func Run(ctx context.Context, environ []string, stderr io.Writer, info build.Info) error {
	c, warnings, err := ParseConfig(environ)
	logger := newLogger(stderr, c.LogLevel, c.LogFormat)
	// Before the error: a misspelt variable is often why another is missing.
	for _, w := range warnings {
		logger.Warn("unknown variable", "variable", w.Variable, "nearest", w.Nearest)
	}
	if err != nil {
		return err
	}
	// Before the rules are read: from here on a hangup asks to read them again,
	// and ends nothing. On Windows it never comes.
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	logger.Info("regtrap starts", "version", info.Version, "commit", info.Commit, "go_version", info.GoVersion)
	s, err := New(c, info, logger)
	if err != nil {
		return err
	}
	s.hangup = hangup
	return s.Run(ctx)
}
