package consumer

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/segmentio/kafka-go"
)

// Consumer reads topics as a member of a group.
type Consumer struct {
	config   Config
	client   *kafka.Client
	metrics  *metrics
	balancer balancer
	beats    beats

	mu         sync.Mutex
	assignment *assignment // nil while there is no generation
	layout     layout
	said       string // problem
	since      time.Time
}

// New returns a Consumer, or all mistakes of c joined. It does not connect.
func New(c Config) (*Consumer, error) {
	c, err := c.withDefaults()
	if err != nil {
		return nil, err
	}
	return &Consumer{
		config:  c,
		client:  &kafka.Client{Addr: kafka.TCP(c.Brokers...), Transport: c.Transport},
		metrics: newMetrics(),
		since:   time.Now(),
	}, nil
}

// Run joins the group and handles records until ctx is done; then it drains,
// commits, leaves, and returns nil. It tries for ever: whatever is wrong with
// the brokers is in Status and the log. An error means that it could never
// work. Run is called once.
func (c *Consumer) Run(ctx context.Context) error {
	for {
		l, err := c.awaitTopics(ctx)
		if err != nil {
			return nil // ctx is done
		}
		if err := c.member(ctx, l); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return nil
		}
	}
}

// member is a member of the group until ctx is done or the topics change.
func (c *Consumer) member(ctx context.Context, l layout) error {
	names := slices.Sorted(maps.Keys(l.partitions))
	group, err := kafka.NewConsumerGroup(kafka.ConsumerGroupConfig{
		ID:      c.config.Group,
		Brokers: c.config.Brokers,
		Dialer:  c.config.Dialer,
		Topics:  names,
		// Range is what other versions and clients know, for a rolling upgrade.
		GroupBalancers: []kafka.GroupBalancer{&c.balancer, kafka.RangeGroupBalancer{}},
		// Half the session is for the drain; the rest of the group waits for it.
		HeartbeatInterval: min(time.Second, c.config.SessionTimeout/10),
		SessionTimeout:    c.config.SessionTimeout,
		RebalanceTimeout:  c.config.SessionTimeout,
		JoinGroupBackoff:  500 * time.Millisecond,
		Timeout:           c.config.requestTimeout(),
	})
	if err != nil {
		return fmt.Errorf("consumer: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	var watching sync.WaitGroup
	watching.Go(func() {
		c.watchTopics(ctx, l)
		cancel()
	})
	defer watching.Wait()
	defer cancel()
	left := make(chan struct{})
	leave := sync.OnceFunc(func() {
		go func() {
			group.Close()
			close(left)
		}()
	})
	for ctx.Err() == nil {
		c.beats.beat("member")
		next, stop := context.WithTimeout(ctx, time.Second)
		generation, err := group.Next(next)
		stop()
		switch {
		case err == nil:
			c.beats.end("member") // the loops of the generation have beats of their own
			c.generation(ctx, generation, l, leave)
		case next.Err() != nil:
		default:
			c.problem(groupProblem(err, c.config.Group))
		}
	}
	c.beats.end("member")
	leave()
	// Close may hang behind a peer; the group forgets us after the session
	// anyway.
	select {
	case <-left:
	case <-time.After(c.config.drain()):
		c.config.Logger.Warn("leaving the group takes too long: it will notice when the session ends")
	}
	return nil
}

// generation does the work of one generation, and returns when it is over.
func (c *Consumer) generation(ctx context.Context, g *kafka.Generation, l layout, leave func()) {
	var list []partition
	for topic, parts := range g.Assignments {
		for _, p := range parts {
			list = append(list, partition{topic, p.ID})
		}
	}
	c.balancer.own(list)
	c.metrics.rebalances.Inc()
	a := c.newAssignment(g.ID, g.MemberID, list, l.partitions)
	c.joined(a)
	c.config.Logger.Info("generation begins", "generation", g.ID, "member", g.MemberID, "partitions", len(list))
	over := make(chan struct{})
	g.Start(func(revoked context.Context) {
		defer close(over)
		work, stop := context.WithCancel(context.WithoutCancel(ctx))
		defer stop()
		// Two ends: the group rebalances, or we stop. On ours the generation, and
		// with it the heartbeats, lives on while the batches in hand are drained.
		ended := make(chan struct{})
		defer close(ended)
		go func() {
			select {
			case <-revoked.Done():
			case <-ctx.Done():
			case <-ended:
			}
			stop()
		}()
		err := a.run(work)
		c.left(a)
		if ctx.Err() != nil && err == nil {
			// To return ends the generation, and kafka-go would join the next one:
			// it is told to leave first.
			leave()
			<-revoked.Done()
		}
	})
	<-over
	c.config.Logger.Info("generation ends", "generation", g.ID)
}

// problem notes why there is no generation, and logs it when it is news.
func (c *Consumer) problem(words string) {
	c.mu.Lock()
	news := c.said != words
	if news {
		c.said, c.since = words, time.Now()
	}
	c.mu.Unlock()
	if news && words != "" {
		c.config.Logger.Error("input unavailable", "problem", words)
	}
}

func (c *Consumer) saw(l layout) {
	c.mu.Lock()
	before := c.layout
	c.layout = l
	c.mu.Unlock()
	if len(l.missing) > 0 && !slices.Equal(before.missing, l.missing) {
		c.config.Logger.Warn("topics missing", "topics", l.missing, "want", "create them, or correct REGTRAP_TOPICS; they are read as soon as they exist")
	}
	if len(l.forbidden) > 0 && !slices.Equal(before.forbidden, l.forbidden) {
		c.config.Logger.Warn("topics forbidden", "topics", l.forbidden, "want", "grant READ and DESCRIBE on them")
	}
}

func (c *Consumer) joined(a *assignment) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.assignment, c.said, c.since = a, "", time.Now()
}

func (c *Consumer) left(a *assignment) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.assignment == a {
		c.assignment, c.since = nil, time.Now()
	}
}

// Collectors returns the consumer's metrics.
func (c *Consumer) Collectors() []prometheus.Collector {
	return append(c.metrics.collectors(), &partitionCollector{c})
}
