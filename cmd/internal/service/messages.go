package service

import (
	"fmt"
	"unicode/utf8"

	"github.com/segmentio/kafka-go"

	"github.com/regtrap/regtrap/consumer"
	"github.com/regtrap/regtrap/enrich"
	"github.com/regtrap/regtrap/producer"
	"github.com/regtrap/regtrap/schemas"
)

// The headers of an alert, so that a router need not parse the value.
const (
	headerContentType = "content-type"
	headerAlertID     = "regtrap-alert-id"
	headerRuleID      = "regtrap-rule-id"
	headerSeverity    = "regtrap-severity"
)

// maxDetail bounds the detail of a dead letter, bytes: it may quote the record.
const maxDetail = 1024

// alertMessage is the Kafka message of an alert. Its key is the alert's id,
// so that whoever reads the topic drops a repeated alert by key.
func (o *output) alertMessage(a *schemas.Alert) (producer.Message, error) {
	value, err := a.AppendJSON(nil)
	if err != nil {
		return producer.Message{}, err
	}
	return producer.Message{
		Topic: o.alertsTopic,
		Key:   []byte(a.Event.ID),
		Value: value,
		Headers: []kafka.Header{
			{Key: headerContentType, Value: []byte("application/json")},
			{Key: headerAlertID, Value: []byte(a.Event.ID)},
			{Key: headerRuleID, Value: []byte(a.Rule.ID)},
			{Key: headerSeverity, Value: []byte(a.Regtrap.Severity)},
		},
	}, nil
}

// replayOf returns what a record says of its replays, nil when it says nothing.
// It refers to nothing of the record's memory.
func replayOf(r *consumer.Record) *schemas.Replay {
	var headers []schemas.Header
	for _, hd := range r.Headers {
		headers = append(headers, schemas.Header{Key: hd.Key, Value: hd.Value})
	}
	replay, _, ok := schemas.ParseReplay(headers)
	if !ok {
		return nil
	}
	return &replay
}

// deadLetter is the dead letter of a record of this partition. It refers to
// the record's memory.
func (h *handler) deadLetter(r *consumer.Record, reason schemas.Reason, detail string) *schemas.DeadLetter {
	d := &schemas.DeadLetter{
		Reason: reason, Detail: cutText(detail, maxDetail),
		Topic: h.topic, Partition: h.partition, Offset: r.Offset, Timestamp: r.Time,
		Version: h.out.version,
		Key:     r.Key, Value: r.Value,
	}
	for _, hd := range r.Headers {
		d.Headers = append(d.Headers, schemas.Header{Key: hd.Key, Value: hd.Value})
	}
	return d
}

// deadMessage is the Kafka message of a dead letter: the record as it was,
// with headers that say why it is here.
func (o *output) deadMessage(d *schemas.DeadLetter) producer.Message {
	m := producer.Message{Topic: o.deadLetterTopic, Key: d.Key, Value: d.Value}
	for _, hd := range d.AllHeaders() {
		m.Headers = append(m.Headers, kafka.Header{Key: hd.Key, Value: hd.Value})
	}
	return m
}

// shrink makes less of a message that the broker will not take. An alert is
// trimmed, to half its size each time because the broker does not tell its
// limit, and becomes a dead letter when there is nothing left to trim. A dead
// letter loses half its value each time, then its key and the headers of the
// record. When even that is too much, smaller is false: then only the
// topic's configuration can help, and the message stays as it is.
func (h *handler) shrink(m producer.Message, c cause) (_ producer.Message, _ cause, smaller bool) {
	if c.alert != nil {
		if !c.exhausted {
			before := len(m.Value)
			c.exhausted = !enrich.Trim(c.alert, before/2)
			trimmed, err := h.out.alertMessage(c.alert)
			if err == nil && len(trimmed.Value) < before {
				c.cut = true
				return trimmed, c, true
			}
		}
		d := h.deadLetter(c.record, schemas.DeadAlertTooLarge,
			fmt.Sprintf("alert %s of rule %s: %d bytes after trimming", c.alert.Event.ID, c.alert.Rule.ID, len(m.Value)))
		return h.out.deadMessage(d), cause{record: c.record, dead: d}, true
	}
	d := c.dead
	switch {
	case len(d.Value) > 0:
		d.Cut(len(d.Value) / 2)
	case d.DropHeaders() || d.Key != nil:
		d.Key = nil
		d.Detail = "key and headers of the record dropped, too large: " + d.Detail
	default:
		return m, c, false
	}
	return h.out.deadMessage(d), c, true
}

// messageSize is about what a message takes on the wire before compression.
func messageSize(m *producer.Message) int {
	n := len(m.Key) + len(m.Value)
	for _, h := range m.Headers {
		n += len(h.Key) + len(h.Value)
	}
	return n
}

// cutText shortens s to at most n bytes, at a rune.
func cutText(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
