package schemas

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// Replay is what a record says of itself that was taken from the dead letters
// and written to a topic again: how often, and where it was read first. It
// travels in the headers of the record, and so goes on to its next dead letter
// when it cannot be read again.
type Replay struct {
	Count     int       `json:"count"` // from 1
	Topic     string    `json:"topic"`
	Partition int       `json:"partition"`
	Offset    int64     `json:"offset"`
	Timestamp time.Time `json:"timestamp"` // of the record that was read first
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

// maxReplays is far above what anybody counts to, and far below an overflow.
const maxReplays = 1 << 30

// validTopic reports whether a name can be a topic's,
// org.apache.kafka.common.internals.Topic.
func validTopic(name string) bool {
	return 0 < len(name) && len(name) <= 249 && strings.IndexFunc(name, func(r rune) bool { return !strings.ContainsRune(topicCharacters, r) }) < 0
}

const topicCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"

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
		count < 1 || count > maxReplays || partition < 0 || offset < 0 || !validTopic(topic) {
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
	r.Count = min(r.Count+1, maxReplays)
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
