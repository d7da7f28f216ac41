package service

import (
	"context"
	"fmt"
	"time"

	"github.com/regtrap/regtrap/cmd/internal/pipeline"
	"github.com/regtrap/regtrap/consumer"
	"github.com/regtrap/regtrap/enrich"
	"github.com/regtrap/regtrap/producer"
	"github.com/regtrap/regtrap/rules"
	"github.com/regtrap/regtrap/schemas"
)

const (
	// flushBytes and flushMessages bound what one partition holds for the
	// output: a batch that is all attacks must not be in memory twice.
	flushBytes    = 1 << 20
	flushMessages = 500

	// sampleEvery is how many records share one timed one.
	sampleEvery = 16
)

// outlet is what a handler needs of a producer.Producer.
type outlet interface {
	// Publish returns when every message is acknowledged but those whose
	// indexes it returns, which no broker takes because of their size; its
	// error means that ctx is done.
	Publish(ctx context.Context, messages []producer.Message) (tooLarge []int, err error)
}

// reader reads records by one rule set at a time: a pipeline.Worker.
type reader interface {
	Use(*rules.Snapshot)
	Record(enrich.Source) *pipeline.Result
}

// handler takes the records of one partition to the output. It implements
// consumer.Handler: one goroutine calls it.
type handler struct {
	topic     string
	partition int
	out       *output
	reader    reader // of this handler's own

	busy    *busy
	breaker *breaker
	set     *ruleSet // by which the batch at hand is judged

	messages []producer.Message
	causes   []cause // causes[i] is behind messages[i]
	pending  int     // bytes in messages
	batch    batchCounts
}

// output is what the handlers share.
type output struct {
	alertsTopic, deadLetterTopic string
	version                      string
	publisher                    outlet
	rules                        *ruleBook
	metrics                      *metrics
	summary                      *summary
	now                          func() time.Time
	wait                         func(ctx context.Context) error // between attempts at a message that nobody takes
}

// cause is the record behind a message, and the document in it: one of alert
// and dead.
type cause struct {
	record *consumer.Record // valid until Handle returns
	alert  *schemas.Alert
	dead   *schemas.DeadLetter

	exhausted bool // of an alert: Trim has nothing left to take
	cut       bool // of an alert: was trimmed
}

// batchCounts are the counts of one batch. They reach the metrics when the
// batch is done, so a batch that is abandoned and redelivered counts once.
type batchCounts struct {
	records, bytes int
	events         map[schemas.Shape]int
	incomplete     map[incomplete]int
	skipped        map[schemas.Reason]int
	hits           map[int32]int // by the rule's number
}

// incomplete is one thing that registry events of a shape lack.
type incomplete struct {
	shape   schemas.Shape
	missing schemas.Missing
}

func newHandler(topic string, partition int, out *output, busy *busy, reader reader) *handler {
	return &handler{
		topic: topic, partition: partition, out: out, busy: busy, breaker: new(breaker), reader: reader,
		batch: batchCounts{events: make(map[schemas.Shape]int), incomplete: make(map[incomplete]int), skipped: make(map[schemas.Reason]int), hits: make(map[int32]int)},
	}
}

// Handle returns nil only when everything that the records caused is
// acknowledged: the consumer commits their offsets then.
func (h *handler) Handle(ctx context.Context, records []consumer.Record) error {
	h.batch.reset()
	h.drop() // of a Handle that ctx ended
	// A batch is judged by one rule set: a reload takes effect between batches.
	h.set = h.out.rules.current()
	h.reader.Use(h.set.snapshot)
	// A partition without traffic keeps no set that is no longer in force.
	defer func() {
		h.reader.Use(nil)
		h.set = nil
	}()
	defer h.busy.end()
	h.busy.begin(h.out.now())
	defer func() { h.breaker.publish(h.out.now()) }()
	for i := range records {
		if err := ctx.Err(); err != nil {
			return err
		}
		h.record(&records[i])
		if h.pending >= flushBytes || len(h.messages) >= flushMessages {
			if err := h.flush(ctx); err != nil {
				return err
			}
			h.busy.begin(h.out.now())
		}
	}
	if err := h.flush(ctx); err != nil {
		return err
	}
	h.count()
	return nil
}

// record reads one record and queues what it causes.
func (h *handler) record(r *consumer.Record) {
	var began time.Time
	timed := r.Offset%sampleEvery == 0
	if timed {
		began = h.out.now()
	}
	res := h.reader.Record(enrich.Source{Topic: h.topic, Partition: h.partition, Offset: r.Offset, Time: r.Time, Value: r.Value})
	if timed {
		h.out.metrics.match.Observe(h.out.now().Sub(began).Seconds())
	}
	h.batch.records++
	h.batch.bytes += len(r.Value)
	for _, o := range res.Outcomes {
		switch o.Kind {
		case schemas.Registry:
			h.batch.events[o.Shape]++
			for m := range o.Missing.All() {
				h.batch.incomplete[incomplete{o.Shape, m}]++
			}
		case schemas.Skipped:
			h.batch.skipped[o.Reason]++
		}
	}
	if len(res.Times) > 0 {
		now := h.out.now()
		for _, t := range res.Times {
			h.out.metrics.lag.Observe(max(now.Sub(t).Seconds(), 0))
		}
	}
	for _, n := range res.Fired {
		h.batch.hits[n]++
	}
	for _, a := range res.Alerts {
		h.queueAlert(r, a)
	}
	h.breaker.add(res.DeadLetter != nil)
	if res.DeadLetter != nil {
		h.queueDead(r, res.DeadLetter.Reason, res.DeadLetter.Detail)
	}
}

func (h *handler) queueAlert(r *consumer.Record, a *schemas.Alert) {
	a.Regtrap.Replay = replayOf(r)
	m, err := h.out.alertMessage(a)
	if err != nil {
		h.queueDead(r, schemas.DeadInternal, fmt.Sprintf("alert %s of rule %s: %v", a.Event.ID, a.Rule.ID, err))
		return
	}
	h.queue(m, cause{record: r, alert: a})
}

func (h *handler) queueDead(r *consumer.Record, reason schemas.Reason, detail string) {
	d := h.deadLetter(r, reason, detail)
	h.queue(h.out.deadMessage(d), cause{record: r, dead: d})
}

func (h *handler) queue(m producer.Message, c cause) {
	h.messages = append(h.messages, m)
	h.causes = append(h.causes, c)
	h.pending += messageSize(&m)
}

func (h *handler) drop() {
	clear(h.messages)
	clear(h.causes)
	h.messages, h.causes, h.pending = h.messages[:0], h.causes[:0], 0
}

// flush returns when everything queued is acknowledged, in one form or
// another. It ends: each round leaves only messages that were too large, and
// makes each of them smaller, or a dead letter, or waits.
func (h *handler) flush(ctx context.Context) error {
	h.busy.end() // waiting for Kafka is no sign of a deadlock
	for len(h.messages) > 0 {
		tooLarge, err := h.out.publisher.Publish(ctx, h.messages)
		if err != nil {
			return err
		}
		h.acknowledged(tooLarge)
		if len(tooLarge) == 0 {
			break
		}
		stuck := false
		for i, j := range tooLarge {
			m, c, smaller := h.shrink(h.messages[j], h.causes[j])
			h.messages[i], h.causes[i] = m, c
			stuck = stuck || !smaller
		}
		h.messages, h.causes = h.messages[:len(tooLarge)], h.causes[:len(tooLarge)]
		if stuck {
			if err := h.out.wait(ctx); err != nil {
				return err
			}
		}
	}
	h.drop()
	return nil
}

// acknowledged counts the messages whose indexes are not in except, which is
// in ascending order.
func (h *handler) acknowledged(except []int) {
	now := h.out.now()
	m := h.out.metrics
	for i := range h.causes {
		if len(except) > 0 && except[0] == i {
			except = except[1:]
			continue
		}
		c := &h.causes[i]
		age := max(now.Sub(c.record.Time).Seconds(), 0)
		if c.alert != nil {
			h.set.alerted(c.alert.Rule.ID)
			m.endToEnd.WithLabelValues(outputAlert).Observe(age)
			if c.cut {
				m.trimmed.Inc()
			}
			continue
		}
		m.dead.WithLabelValues(string(c.dead.Reason)).Inc()
		m.endToEnd.WithLabelValues(outputDeadLetter).Observe(age)
		h.out.summary.dead(c.dead)
	}
}

func (h *handler) count() {
	b, m := &h.batch, h.out.metrics
	m.records.WithLabelValues(h.topic).Add(float64(b.records))
	m.bytes.WithLabelValues(h.topic).Add(float64(b.bytes))
	for s, n := range b.events {
		m.events.WithLabelValues(s.String()).Add(float64(n))
	}
	for i, n := range b.incomplete {
		m.incomplete.WithLabelValues(i.shape.String(), i.missing.String()).Add(float64(n))
	}
	for r, n := range b.skipped {
		m.skipped.WithLabelValues(string(r)).Add(float64(n))
	}
	h.set.hit(b.hits, h.out.now())
	h.out.summary.batch(b)
}

func (b *batchCounts) reset() {
	b.records, b.bytes = 0, 0
	clear(b.events)
	clear(b.incomplete)
	clear(b.skipped)
	clear(b.hits)
}
