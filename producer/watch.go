package producer

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/regtrap/regtrap/internal/diagnose"
)

const (
	watchEvery  = 30 * time.Second // while the output topics are there
	watchAgain  = time.Second      // while one is missing
	minReplicas = 3
	minInSync   = 2
)

// Run watches the output topics until ctx is done: that they exist and can be
// asked for, and whether an acknowledged message survives the loss of a broker.
// It returns nil.
func (p *Producer) Run(ctx context.Context) error {
	warned := make(map[string]string) // what was last said of a topic's replicas
	for {
		pause := watchEvery
		words := p.lookAtAll(ctx, warned)
		if ctx.Err() != nil {
			return nil
		}
		if words != "" {
			pause = watchAgain
		}
		if p.state.watched(words) {
			if words != "" {
				p.config.Logger.Error("output unavailable", "problem", words)
			} else {
				p.config.Logger.Info("output available")
			}
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil
		}
	}
}

// lookAtAll says what is wrong with the output topics, nothing when all is well.
func (p *Producer) lookAtAll(ctx context.Context, warned map[string]string) string {
	var problems []string
	for _, topic := range p.config.Topics {
		err := p.look(ctx, topic, warned)
		if err == nil {
			continue
		}
		reason, words := problem(err, topic)
		problems = append(problems, words)
		if reason != reasonMissing && reason != diagnose.Authorization && reason != reasonLeader {
			break // the other topics have the same brokers
		}
	}
	for _, topic := range p.config.Guarded {
		// A topic that is not there yet, or that this user may not see, is not
		// ours to wait for.
		if err := p.look(ctx, topic, warned); err != nil {
			p.config.Logger.Debug("guarded topic not seen", "topic", topic, "error", err.Error())
		}
	}
	return strings.Join(problems, "; ")
}

// look checks one topic. Its error says that the topic cannot be used; what is
// merely unsafe about it is logged.
func (p *Producer) look(ctx context.Context, topic string, warned map[string]string) error {
	ctx, cancel := context.WithTimeout(ctx, p.config.RequestTimeout)
	defer cancel()
	res, err := p.client.Metadata(ctx, &kafka.MetadataRequest{Topics: []string{topic}})
	if err != nil {
		return err
	}
	t := &res.Topics[0]
	if t.Error != nil {
		return t.Error
	}
	replicas := 0
	for i, part := range t.Partitions {
		if n := len(part.Replicas); i == 0 || n < replicas {
			replicas = n
		}
	}
	p.metrics.replicas.WithLabelValues(topic).Set(float64(replicas))
	inSync, unclean, err := p.settings(ctx, topic)
	var warnings []string
	if err != nil { // the right to read configurations may be missing: no reason to stop
		warnings = append(warnings, fmt.Sprintf("min.insync.replicas cannot be read: %v", err))
	} else {
		p.metrics.inSync.WithLabelValues(topic).Set(float64(inSync))
		if replicas < minReplicas || inSync < minInSync {
			warnings = append(warnings, fmt.Sprintf("replication factor %d, min.insync.replicas %d: want %d and %d, or an acknowledged message may be lost with a broker", replicas, inSync, minReplicas, minInSync))
		}
		if unclean {
			warnings = append(warnings, "unclean.leader.election.enable is true: want false, or a replica that lags may lead and acknowledged messages are lost")
		}
	}
	warning := strings.Join(warnings, "; ")
	if warned[topic] != warning {
		warned[topic] = warning
		if warning != "" {
			p.config.Logger.Warn("topic is not safe", "topic", topic, "problem", warning)
		}
	}
	return nil
}

// settings returns the configuration of a topic that the guarantee rests on.
func (p *Producer) settings(ctx context.Context, topic string) (inSync int, unclean bool, err error) {
	const inSyncName, uncleanName = "min.insync.replicas", "unclean.leader.election.enable"
	res, err := p.client.DescribeConfigs(ctx, &kafka.DescribeConfigsRequest{Resources: []kafka.DescribeConfigRequestResource{{
		ResourceType: kafka.ResourceTypeTopic, ResourceName: topic, ConfigNames: []string{inSyncName, uncleanName},
	}}})
	if err != nil {
		return 0, false, err
	}
	told := false
	for _, r := range res.Resources {
		if r.Error != nil {
			return 0, false, r.Error
		}
		for _, e := range r.ConfigEntries {
			switch e.ConfigName {
			case inSyncName:
				if inSync, err = strconv.Atoi(e.ConfigValue); err != nil {
					return 0, false, err
				}
				told = true
			case uncleanName:
				unclean = e.ConfigValue == "true"
			}
		}
	}
	if !told {
		return 0, false, errors.New("the broker does not tell")
	}
	return inSync, unclean, nil
}
