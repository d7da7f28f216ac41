package schemas

import (
	"slices"
	"strconv"
	"time"
)

// Replay is what a record says of itself that was taken from the dead letters
// and written to a topic again: how often, and where it was read first. It
// travels in the headers of the record, and so goes on to its next dead letter
// when it cannot be read again.
type Replay struct {
	Count     int // from 1
	Topic     string
	Partition int
	Offset    int64
	Timestamp time.Time // of the record that was read first
}

// The headers of a Replay. They stand among the record's own, before those of
// a dead letter.
const (
	HeaderReplays         = "regtrap-replays"          // decimal
	HeaderOriginTopic     = "regtrap-origin-topic"     // where the record was read first
	HeaderOriginPartition = "regtrap-origin-partition" // decimal
	HeaderOriginOffset    = "regtrap-origin-offset"    // decimal
	HeaderOriginTimestamp = "regtrap-origin-timestamp" // RFC 3339, UTC
)

// HeaderReceipt marks a record in the topic of dead letters that is none: it
// says which dead letters were replayed.
const HeaderReceipt = "regtrap-receipt"

var replayHeaders = [...]string{HeaderReplays, HeaderOriginTopic, HeaderOriginPartition, HeaderOriginOffset, HeaderOriginTimestamp}

// maxTopic is the longest name of a topic, org.apache.kafka.common.internals.Topic.
const maxTopic = 249

// Headers returns the headers of r.
func (r *Replay) Headers() []Header {
	return []Header{
		{HeaderReplays, []byte(strconv.Itoa(r.Count))},
		{HeaderOriginTopic, []byte(r.Topic)},
		{HeaderOriginPartition, []byte(strconv.Itoa(r.Partition))},
		{HeaderOriginOffset, []byte(strconv.FormatInt(r.Offset, 10))},
		{HeaderOriginTimestamp, []byte(r.Timestamp.UTC().Format(time.RFC3339Nano))},
	}
}

// ParseReplay finds the headers of a Replay and returns it and the other
// headers; ok is false when they are not all there or say nothing sensible:
// then the record was never replayed by regtrap, and rest is all headers.
func ParseReplay(headers []Header) (r Replay, rest []Header, ok bool) {
	found := make(map[string]string)
	for _, h := range headers {
		if slices.Contains(replayHeaders[:], h.Key) {
			found[h.Key] = string(h.Value) // the last one counts
			continue
		}
		rest = append(rest, h)
	}
	count, countErr := strconv.Atoi(found[HeaderReplays])
	partition, partitionErr := strconv.Atoi(found[HeaderOriginPartition])
	offset, offsetErr := strconv.ParseInt(found[HeaderOriginOffset], 10, 64)
	at, timeErr := time.Parse(time.RFC3339Nano, found[HeaderOriginTimestamp])
	topic := found[HeaderOriginTopic]
	if countErr != nil || partitionErr != nil || offsetErr != nil || timeErr != nil ||
		count < 1 || partition < 0 || offset < 0 || topic == "" || len(topic) > maxTopic {
		return Replay{}, headers, false
	}
	return Replay{count, topic, partition, offset, at}, rest, true
}

// Replay returns what the record of a dead letter says of its replays; ok is
// false when there were none.
func (d *DeadLetter) Replay() (r Replay, ok bool) {
	r, _, ok = ParseReplay(d.Headers)
	return r, ok
}

// Replayed returns what the record says of itself when it is replayed now, and
// the headers to write it with: its own, and those of the Replay. The origin
// stays that of the first time.
func (d *DeadLetter) Replayed() (Replay, []Header) {
	r, rest, ok := ParseReplay(d.Headers)
	if !ok {
		r = Replay{Topic: d.Topic, Partition: d.Partition, Offset: d.Offset, Timestamp: d.Timestamp}
	}
	r.Count++
	return r, append(slices.Clip(rest), r.Headers()...)
}

// DropHeaders drops all headers of the record but those of its replays, without
// which it could be replayed for ever. It reports whether there were any others.
func (d *DeadLetter) DropHeaders() bool {
	before := len(d.Headers)
	r, ok := d.Replay()
	d.Headers = nil
	if ok {
		d.Headers = r.Headers()
	}
	return len(d.Headers) < before
}
