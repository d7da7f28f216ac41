package producer

import (
	"context"
	"slices"
	"sync"

	"github.com/segmentio/kafka-go"
)

// partition names one partition of an output topic.
type partition struct {
	topic string
	id    int
}

// lane is the way to one partition. One request of it is in flight at a time:
// with two, a retry could put the first behind the second.
//
// What Publish calls bring meanwhile queues, and goes together in the next
// request:
//
//	Publish ─┐  queue (deliveries)        batch (copies)
//	Publish ─┼▶ [a0 a1 a2] [b0] [c0 c1] ─▶ a0 a1 a2 b0 │ c0 c1 wait: BatchBytes
//	Publish ─┘                               │
//	            a, b settled, or failed  ◀───┴─ one request
//
// So batches grow with the load by themselves, and no message lingers for one.
// The goroutine that sends lives only while the queue is not empty.
type lane struct {
	producer *Producer
	at       partition

	mu      sync.Mutex // guards all below, and the deliveries that are not over
	queue   []*delivery
	sending bool               // a goroutine is in run
	flight  []*delivery        // whose messages are in the batch under way
	cancel  context.CancelFunc // of the batch under way
}

// delivery is what one attempt of a Publish has for one partition. The lane
// owns it until it is over, Publish from then on.
type delivery struct {
	messages []Message // the caller's: not read once the delivery is over
	left     []int     // indexes of messages that are not settled, in order
	large    []int     // indexes of those that the broker does not take
	err      error     // why some are left
	over     bool
	done     chan struct{} // closed when the lane is through with it
}

// batch is the messages of a request.
type batch struct {
	// messages are copies. The client may still be writing a request when its
	// context is done, and whoever gave up waiting may reuse his memory:
	// without copies, what arrived then was a mixture of both.
	messages []Message
	of       []*delivery // of[i] brought messages[i]
}

// add queues a delivery, which has at least one message.
func (l *lane) add(d *delivery) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.queue = append(l.queue, d)
	if !l.sending {
		l.sending = true
		go l.run()
	}
}

// abandon ends a delivery whose Publish gives up. None of its messages is sent
// afterwards, except in a request that is under way; that is cancelled when
// nobody else waits for it.
func (l *lane) abandon(d *delivery) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.end(d)
	if l.cancel != nil && !slices.ContainsFunc(l.flight, func(d *delivery) bool { return !d.over }) {
		l.cancel()
	}
}

// end gives a delivery back to its Publish. The lane's lock is held.
func (l *lane) end(d *delivery) {
	if d.over {
		return
	}
	d.over = true
	close(d.done)
	l.queue = slices.DeleteFunc(l.queue, func(other *delivery) bool { return other == d })
}

// run sends what is queued, a batch after the other.
func (l *lane) run() {
	for {
		ctx, cancel := context.WithCancel(context.Background())
		b, ok := l.take(cancel)
		if !ok {
			cancel()
			return
		}
		l.send(ctx, b)
		cancel()
	}
}

// take returns the next batch, or false when the queue is empty and run ends.
func (l *lane) take(cancel context.CancelFunc) (batch, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.queue) == 0 {
		l.sending, l.flight, l.cancel = false, nil, nil
		return batch{}, false
	}
	var b batch
	size, limit := 0, l.producer.config.BatchBytes
fill:
	for _, d := range l.queue {
		for _, i := range d.left {
			n := messageBytes(&d.messages[i])
			if size > 0 && size+n > limit {
				break fill
			}
			size += n
			b.messages = append(b.messages, d.messages[i])
			b.of = append(b.of, d)
		}
	}
	copyMemory(b.messages, size)
	l.flight, l.cancel = b.of, cancel
	return b, true
}

// copyMemory makes keys, values and headers of messages, of about size bytes
// together, independent of where they were.
func copyMemory(messages []Message, size int) {
	arena := make([]byte, 0, size)
	own := func(v []byte) []byte {
		if v == nil {
			return nil // null is not empty
		}
		start := len(arena)
		arena = append(arena, v...)
		return arena[start:len(arena):len(arena)]
	}
	for i := range messages {
		m := &messages[i]
		m.Key, m.Value, m.Headers = own(m.Key), own(m.Value), slices.Clone(m.Headers)
		for j := range m.Headers {
			m.Headers[j].Value = own(m.Headers[j].Value)
		}
	}
}

// send gets b to the broker in as few requests as it takes it in. When the
// broker refuses messages for what they are, their batch is halved until each
// of them is alone: the others must not wait for it.
func (l *lane) send(ctx context.Context, b batch) {
	for pending := []batch{b}; len(pending) > 0; {
		head := l.live(pending[0])
		if pending = pending[1:]; len(head.of) == 0 {
			continue
		}
		err := l.producer.produce(ctx, l.at, head.messages)
		alone := len(head.of) == 1
		switch {
		case err == nil:
			l.settle(head, false)
		case tooLarge(err) && alone:
			l.producer.metrics.tooLarge.WithLabelValues(l.at.topic).Inc()
			l.settle(head, true)
		case refusesRecords(err) && alone:
			l.fail(head, err)
		case tooLarge(err), refusesRecords(err):
			first, second := head.halves()
			pending = slices.Insert(pending, 0, first, second)
		default:
			l.fail(head, err)
			for _, rest := range pending {
				l.fail(rest, err)
			}
			return
		}
	}
}

// live returns b without the messages of deliveries that are over: of one that
// failed, what is behind the failure must not overtake it.
func (l *lane) live(b batch) batch {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !slices.ContainsFunc(b.of, func(d *delivery) bool { return d.over }) {
		return b
	}
	var live batch
	for i, d := range b.of {
		if !d.over {
			live.messages, live.of = append(live.messages, b.messages[i]), append(live.of, d)
		}
	}
	return live
}

func (b batch) halves() (first, second batch) {
	n := len(b.of) / 2
	return batch{b.messages[:n], b.of[:n]}, batch{b.messages[n:], b.of[n:]}
}

// settle notes that the broker has the messages of b, or never takes them. A
// batch holds the messages of a delivery in order, so each is the first left.
func (l *lane) settle(b batch, large bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, d := range b.of {
		if d.over {
			continue
		}
		if large {
			d.large = append(d.large, d.left[0])
		}
		if d.left = d.left[1:]; len(d.left) == 0 {
			l.end(d)
		}
	}
}

// fail gives the deliveries of b back with what is left of them.
func (l *lane) fail(b batch, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, d := range b.of {
		if !d.over {
			d.err = err
			l.end(d)
		}
	}
}

// messageBytes is about what a message takes in a batch.
func messageBytes(m *Message) int {
	n := len(m.Key) + len(m.Value) + 32
	for _, h := range m.Headers {
		n += len(h.Key) + len(h.Value) + 4
	}
	return n
}

// records are messages as the client takes them. It reads them once: a retry
// needs new ones.
func records(messages []Message) []kafka.Record {
	list := make([]kafka.Record, len(messages))
	for i, m := range messages {
		list[i] = kafka.Record{Key: kafka.NewBytes(m.Key), Value: kafka.NewBytes(m.Value), Headers: m.Headers}
	}
	return list
}
