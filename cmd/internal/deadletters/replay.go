package deadletters

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/regtrap/regtrap/cmd/internal/admin"
	"github.com/regtrap/regtrap/producer"
	"github.com/regtrap/regtrap/schemas"
)

// What is written at a time: then a receipt.
const (
	chunkLetters = 100
	chunkBytes   = 1 << 20
)

// publishTimeout limits one write, refusalTimeout how long it may be refused: a
// leader that moves is found within that time. The output of a service waits for
// ever; a person does not.
const (
	publishTimeout = 15 * time.Second
	refusalTimeout = 4 * time.Second
)

// Options are how dead letters are replayed.
type Options struct {
	To          string // topic; empty: each to the topic where it was read
	MaxAttempts int    // a record that was replayed as often is refused
	Again       bool   // also what was replayed before
	Limit       int    // most dead letters; 0: all
}

// Outcome is what becomes of a dead letter in a replay.
type Outcome struct {
	Letter  Letter
	To      string // topic
	Attempt int    // the number of this replay, from 1
	Refused string // why it is not replayed; empty: it is
	Done    bool   // it was written, and acknowledged by all in-sync replicas
}

// Plan says what a replay would do with each dead letter that matches.
func Plan(ctx context.Context, c *admin.Client, topic string, f Filter, o Options) (*List, []Outcome, error) {
	list, err := Find(ctx, c, topic, f, o.Limit)
	if err != nil {
		return nil, nil, err
	}
	var plan []Outcome
	for _, l := range list.Letters {
		out := Outcome{Letter: l, To: o.To, Attempt: l.Replays + 1}
		if out.To == "" {
			out.To = l.Topic
		}
		switch {
		case l.Size > 0:
			out.Refused = fmt.Sprintf("its value was cut from %d bytes to %d to fit the broker's limit: send the record again from its source", l.Size, l.Bytes)
		case out.To == topic:
			out.Refused = "it would be written to the dead letters: want another topic"
		case l.Replayed != nil && !o.Again:
			out.Refused = fmt.Sprintf("was replayed to %s at %s: --again replays it once more", l.Replayed.Topic, l.Replayed.Time.UTC().Format(time.RFC3339))
		case l.Replays >= o.MaxAttempts:
			out.Refused = fmt.Sprintf("was replayed %d times and failed again: a larger --max-attempts tries once more", l.Replays)
		}
		plan = append(plan, out)
	}
	return list, plan, nil
}

// Replayer writes dead letters back.
type Replayer struct {
	Brokers   []string
	Transport *kafka.Transport // how to reach them; is copied
	Topic     string           // of the dead letters
	Client    *admin.Client    // that knows Topic
}

// Replay writes the records of all outcomes that are not refused, in their
// order, and a receipt behind each part of them; and notes in the outcomes what
// was done. It returns the first error: what is not done then was not written,
// or is not known to be.
func (r *Replayer) Replay(ctx context.Context, plan []Outcome) error {
	targets := make(map[string]bool)
	for _, o := range plan {
		if o.Refused == "" {
			targets[o.To] = true
		}
	}
	if len(targets) == 0 {
		return nil
	}
	topics := append(slices.Sorted(maps.Keys(targets)), r.Topic)
	if err := r.exist(ctx, topics); err != nil {
		return err
	}
	p, err := producer.New(producer.Config{Brokers: r.Brokers, Transport: r.Transport, Topics: topics, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	defer p.Close()
	var chunk []*Outcome
	var messages []producer.Message
	size := 0
	flush := func() error {
		err := r.write(ctx, p, chunk, messages)
		chunk, messages, size = chunk[:0], messages[:0], 0
		return err
	}
	for o, l := range r.letters(ctx, plan, &err) {
		chunk, messages = append(chunk, o), append(messages, o.message(l))
		size += l.Bytes
		if len(chunk) == chunkLetters || size >= chunkBytes {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return errors.Join(flush(), err)
}

// letters yields what is to be replayed, read again in full: a list of dead
// letters would not fit in memory. One that is gone by now is refused.
func (r *Replayer) letters(ctx context.Context, plan []Outcome, failure *error) iter.Seq2[*Outcome, *Letter] {
	return func(yield func(*Outcome, *Letter) bool) {
		var chosen []*Outcome
		for i := range plan {
			if plan[i].Refused == "" {
				chosen = append(chosen, &plan[i])
			}
		}
		for len(chosen) > 0 {
			id := chosen[0].Letter.Place.Partition
			n := 1
			for n < len(chosen) && chosen[n].Letter.Place.Partition == id {
				n++
			}
			part := chosen[:n]
			chosen = chosen[n:]
			for rec, err := range r.Client.Records(ctx, r.Topic, id, part[0].Letter.Place.Offset, part[n-1].Letter.Place.Offset+1) {
				if err != nil {
					*failure = err
					return
				}
				for len(part) > 0 && part[0].Letter.Place.Offset < rec.Offset {
					part[0].Refused = "it is gone: retention or compaction took it"
					part = part[1:]
				}
				if len(part) == 0 {
					break
				}
				if part[0].Letter.Place.Offset > rec.Offset {
					continue
				}
				l, _, err := open(id, &rec)
				if err != nil || l == nil {
					*failure = fmt.Errorf("topic %s, %s: %w", r.Topic, part[0].Letter.Place, cmp.Or(err, errOther))
					return
				}
				o := part[0]
				part = part[1:]
				if !yield(o, l) {
					return
				}
			}
			for _, o := range part {
				o.Refused = "it is gone: retention or compaction took it"
			}
		}
	}
}

// exist says which of the topics do not exist, before the first write: the
// producer would wait for them.
func (r *Replayer) exist(ctx context.Context, topics []string) error {
	c := admin.New(r.Brokers, r.Transport, topics...)
	defer c.Close()
	var errs []error
	for _, topic := range topics {
		if _, err := c.Partitions(ctx, topic); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// message is the record of a dead letter as it was, with the headers of its
// replay.
func (o *Outcome) message(l *Letter) producer.Message {
	m := producer.Message{Topic: o.To, Key: l.Key, Value: l.Value}
	_, headers := l.DeadLetter.Replayed()
	for _, h := range headers {
		m.Headers = append(m.Headers, kafka.Header{Key: h.Key, Value: h.Value})
	}
	return m
}

// write writes a part, and its receipts.
func (r *Replayer) write(ctx context.Context, p *producer.Producer, chunk []*Outcome, messages []producer.Message) error {
	if len(chunk) == 0 {
		return nil
	}
	tooLarge, err := publish(ctx, p, messages)
	if err != nil {
		return err
	}
	byTopic := make(map[string]*Receipt)
	for i, o := range chunk {
		if slices.Contains(tooLarge, i) {
			o.Refused = fmt.Sprintf("topic %s takes no record of %d bytes: raise its max.message.bytes", o.To, o.Letter.Bytes)
			continue
		}
		o.Done = true
		rc := byTopic[o.To]
		if rc == nil {
			rc = &Receipt{Topic: o.To}
			byTopic[o.To] = rc
		}
		rc.Letters = append(rc.Letters, o.Letter.Place)
	}
	var receipts []producer.Message
	for _, topic := range slices.Sorted(maps.Keys(byTopic)) {
		key, value, err := byTopic[topic].message()
		if err != nil {
			return err
		}
		receipts = append(receipts, producer.Message{Topic: r.Topic, Key: key, Value: value, Headers: []kafka.Header{{Key: schemas.HeaderReceipt, Value: []byte(topic)}}})
	}
	if len(receipts) == 0 {
		return nil
	}
	if _, err := publish(ctx, p, receipts); err != nil {
		return fmt.Errorf("records were replayed, but not noted as such: they would be replayed again: %w", err)
	}
	return nil
}

var errGivenUp = errors.New("given up")

// publish writes messages, and gives up on an output that refuses them for a
// while: the producer itself never does.
func publish(ctx context.Context, p *producer.Producer, messages []producer.Message) (tooLarge []int, err error) {
	within, giveUp := context.WithCancelCause(ctx)
	defer giveUp(nil)
	go func() {
		limit := time.NewTimer(publishTimeout)
		defer limit.Stop()
		look := time.NewTicker(100 * time.Millisecond)
		defer look.Stop()
		for {
			select {
			case <-within.Done():
				return
			case <-limit.C:
				giveUp(errGivenUp)
				return
			case <-look.C:
				if s := p.Status(); s.Waiting && time.Since(s.Since) > refusalTimeout {
					giveUp(errGivenUp)
					return
				}
			}
		}
	}()
	return p.Publish(within, messages)
}
