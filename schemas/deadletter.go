package schemas

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Header is a header of a Kafka record.
type Header struct {
	Key   string `json:"key"`
	Value []byte `json:"value"`
}

// DeadLetter is a record that could not be read. On Kafka it is the original
// record, key, value and headers, with what regtrap knows of it in further
// headers (see Headers); as a document for people and tools it is one JSON
// object, described by deadletter.schema.json, with bytes in base64.
type DeadLetter struct {
	Reason    Reason    `json:"reason"`
	Detail    string    `json:"detail"` // the place in the value and what is wrong there
	Topic     string    `json:"topic"`  // where the record was read
	Partition int       `json:"partition"`
	Offset    int64     `json:"offset"`
	Timestamp time.Time `json:"timestamp"` // the record's own
	Version   string    `json:"version"`   // of regtrap
	// Size is the length of the original value in bytes when the value was cut
	// to fit the broker's limit, else 0.
	Size int `json:"size,omitempty"`

	Key     []byte   `json:"key"`
	Value   []byte   `json:"value"`
	Headers []Header `json:"headers,omitempty"` // the original record's
}

// The headers that a dead letter adds to the record's own. They come last, so
// where a replayed record had them already the last one counts.
const (
	HeaderReason    = "regtrap-reason"
	HeaderDetail    = "regtrap-detail"
	HeaderTopic     = "regtrap-topic"
	HeaderPartition = "regtrap-partition" // decimal
	HeaderOffset    = "regtrap-offset"    // decimal
	HeaderTimestamp = "regtrap-timestamp" // RFC 3339, UTC
	HeaderVersion   = "regtrap-version"
	HeaderSize      = "regtrap-original-size" // decimal, bytes; only when the value was cut
)

// AllHeaders returns the headers of the dead letter on Kafka: the record's
// own, then those that say why it is one.
func (d *DeadLetter) AllHeaders() []Header {
	h := make([]Header, 0, len(d.Headers)+8)
	h = append(h, d.Headers...)
	add := func(key, value string) { h = append(h, Header{key, []byte(value)}) }
	add(HeaderReason, string(d.Reason))
	add(HeaderDetail, d.Detail)
	add(HeaderTopic, d.Topic)
	add(HeaderPartition, strconv.Itoa(d.Partition))
	add(HeaderOffset, strconv.FormatInt(d.Offset, 10))
	add(HeaderTimestamp, d.Timestamp.UTC().Format(time.RFC3339Nano))
	add(HeaderVersion, d.Version)
	if d.Size > 0 {
		add(HeaderSize, strconv.Itoa(d.Size))
	}
	return h
}

// ParseDeadLetter reads a dead letter back from its Kafka record. The error
// names the header that is missing or malformed.
func ParseDeadLetter(key, value []byte, headers []Header) (*DeadLetter, error) {
	d := &DeadLetter{Key: key, Value: value}
	own := len(headers)
	for own > 0 && strings.HasPrefix(headers[own-1].Key, "regtrap-") {
		own--
		if headers[own].Key == HeaderReason {
			break // the first header that AllHeaders adds
		}
	}
	d.Headers = headers[:own:own]
	seen := make(map[string]bool)
	var errs []error
	number := func(h Header) int64 {
		n, err := strconv.ParseInt(string(h.Value), 10, 64)
		if err != nil {
			errs = append(errs, fmt.Errorf("header %s: %q is no decimal number", h.Key, h.Value))
		}
		return n
	}
	for _, h := range headers[own:] {
		seen[h.Key] = true
		switch h.Key {
		case HeaderReason:
			d.Reason = Reason(h.Value)
		case HeaderDetail:
			d.Detail = string(h.Value)
		case HeaderTopic:
			d.Topic = string(h.Value)
		case HeaderPartition:
			d.Partition = int(number(h))
		case HeaderOffset:
			d.Offset = number(h)
		case HeaderTimestamp:
			t, err := time.Parse(time.RFC3339Nano, string(h.Value))
			if err != nil {
				errs = append(errs, fmt.Errorf("header %s: %q is no RFC 3339 time", h.Key, h.Value))
			}
			d.Timestamp = t
		case HeaderVersion:
			d.Version = string(h.Value)
		case HeaderSize:
			d.Size = int(number(h))
		}
	}
	for _, k := range []string{HeaderReason, HeaderDetail, HeaderTopic, HeaderPartition, HeaderOffset, HeaderTimestamp, HeaderVersion} {
		if !seen[k] {
			errs = append(errs, fmt.Errorf("header %s is missing: not a dead letter of regtrap", k))
		}
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return d, nil
}

// Cut shortens the value to at most size bytes and notes its original length.
func (d *DeadLetter) Cut(size int) {
	if len(d.Value) <= size {
		return
	}
	if d.Size == 0 {
		d.Size = len(d.Value)
	}
	d.Value = d.Value[:size]
}

// AppendJSON appends the dead letter as one line of JSON, without the line's end.
func (d *DeadLetter) AppendJSON(dst []byte) ([]byte, error) {
	return appendJSON(dst, d)
}
