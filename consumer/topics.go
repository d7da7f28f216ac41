package consumer

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/segmentio/kafka-go"
)

// watchEvery is how often the topics are looked at. The transport renews its
// own view every few seconds, so this asks no broker.
const watchEvery = time.Second

// layout is which topics there are, with how many partitions each.
type layout struct {
	partitions map[string]int
	missing    []string // configured, and not there
	forbidden  []string // configured, and this user may not see them
}

func (l layout) equal(o layout) bool { return maps.Equal(l.partitions, o.partitions) }

// lacks reports whether something of o is not in l.
func (l layout) lacks(o layout) bool {
	for topic, n := range o.partitions {
		if l.partitions[topic] < n {
			return true
		}
	}
	return false
}

// problem says what is wrong with the topics, "" when there is something to read.
func (l layout) problem() string {
	if len(l.partitions) > 0 {
		return ""
	}
	var parts []string
	if len(l.missing) > 0 {
		parts = append(parts, fmt.Sprintf("no topic to read: these do not exist: %s: create them, or correct REGTRAP_TOPICS", strings.Join(l.missing, ", ")))
	}
	if len(l.forbidden) > 0 {
		parts = append(parts, fmt.Sprintf("no topic to read: this user may not describe %s: grant READ and DESCRIBE on them", strings.Join(l.forbidden, ", ")))
	}
	return strings.Join(parts, "; ")
}

// look asks for the configured topics by name, which creates none: kafka-go's
// own partition watcher asks brokers to create what is missing.
func (c *Consumer) look(ctx context.Context) (layout, error) {
	ctx, cancel := context.WithTimeout(ctx, c.config.requestTimeout())
	defer cancel()
	res, err := c.client.Metadata(ctx, &kafka.MetadataRequest{Topics: c.config.Topics})
	if err != nil {
		return layout{}, err
	}
	l := layout{partitions: make(map[string]int)}
	for _, t := range res.Topics {
		switch {
		case errors.Is(t.Error, kafka.UnknownTopicOrPartition), errors.Is(t.Error, kafka.InvalidTopic):
			l.missing = append(l.missing, t.Name)
		case errors.Is(t.Error, kafka.TopicAuthorizationFailed):
			l.forbidden = append(l.forbidden, t.Name)
		case t.Error != nil && !errors.Is(t.Error, kafka.LeaderNotAvailable):
			return layout{}, t.Error
		case len(t.Partitions) > 0:
			l.partitions[t.Name] = len(t.Partitions)
		}
	}
	slices.Sort(l.missing)
	slices.Sort(l.forbidden)
	return l, nil
}

// awaitTopics returns the topics that exist, as soon as one does. The error is
// ctx's.
func (c *Consumer) awaitTopics(ctx context.Context) (layout, error) {
	for {
		c.beats.beat("topics")
		l, err := c.look(ctx)
		switch {
		case ctx.Err() != nil:
			return layout{}, ctx.Err()
		case err != nil:
			c.problem(groupProblem(err, c.config.Group))
		default:
			c.saw(l)
			if len(l.partitions) > 0 {
				c.beats.end("topics")
				return l, nil
			}
			c.problem(l.problem())
		}
		select {
		case <-time.After(watchEvery):
		case <-ctx.Done():
			return layout{}, ctx.Err()
		}
	}
}

// What must be seen how often in a row before it is believed: a topic that
// vanishes for a moment while brokers restart would cost a rebalance each time.
const (
	looksToGrow   = 2
	looksToShrink = 10
)

// watchTopics returns when there are other topics or partitions than in l, or
// when ctx is done.
func (c *Consumer) watchTopics(ctx context.Context, l layout) {
	defer c.beats.end("watch")
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	changed := 0
	for {
		c.beats.beat("watch")
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		now, err := c.look(ctx)
		if err != nil {
			continue // the fetcher says what is wrong with the brokers
		}
		c.saw(now)
		if now.equal(l) {
			changed = 0
			continue
		}
		enough := looksToGrow
		if now.lacks(l) {
			enough = looksToShrink
		}
		if changed++; changed >= enough {
			c.config.Logger.Info("topics changed: joining again", "topics", slices.Sorted(maps.Keys(now.partitions)))
			return
		}
	}
}
