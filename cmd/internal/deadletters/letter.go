// Package deadletters reads the topic of dead letters for an operator, and
// writes records from it back to where they came from.
//
// A dead letter that was replayed is noted in the topic itself, by a receipt: a
// record of its own that names the dead letters of one write. So what was
// replayed is known for as long as the dead letters are, to everybody who may
// read them, and needs no store beside Kafka. A receipt is written when the
// records are acknowledged: a replay that is cut off between the two is done
// again by the next, at least once as everything here.
package deadletters

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/regtrap/regtrap/cmd/internal/admin"
	"github.com/regtrap/regtrap/schemas"
)

// Place is where a dead letter lies in its topic.
type Place struct {
	Partition int   `json:"partition"`
	Offset    int64 `json:"offset"`
}

// ParsePlace reads PARTITION:OFFSET.
func ParsePlace(text string) (Place, error) {
	partition, offset, ok := strings.Cut(text, ":")
	p, err := strconv.ParseUint(partition, 10, 31)
	o, err2 := strconv.ParseUint(offset, 10, 63)
	if !ok || err != nil || err2 != nil {
		return Place{}, fmt.Errorf("%q is no place: want PARTITION:OFFSET, as in 0:17", text)
	}
	return Place{int(p), int64(o)}, nil
}

// String is PARTITION:OFFSET.
func (p Place) String() string { return fmt.Sprintf("%d:%d", p.Partition, p.Offset) }

// Letter is a dead letter in its topic.
type Letter struct {
	Place   Place
	Written time.Time // when it became a dead letter
	*schemas.DeadLetter
	Bytes    int // length of the value as it is here
	Replays  int // how often the record had been replayed before it came here
	Replayed *Receipt
}

// Receipt says what became of dead letters that were replayed.
type Receipt struct {
	Letters []Place   `json:"replayed"`
	Topic   string    `json:"topic"` // where the records were written
	Time    time.Time `json:"-"`     // of the receipt's own record
}

// Filter is which dead letters are meant. Its zero value is all.
type Filter struct {
	Reasons      []schemas.Reason
	Topics       []string  // where the records were read
	Since, Until time.Time // when they became dead letters: Since is in, Until is not
	Places       []Place
}

func (f *Filter) matches(l *Letter) bool {
	return (len(f.Reasons) == 0 || slices.Contains(f.Reasons, l.Reason)) &&
		(len(f.Topics) == 0 || slices.Contains(f.Topics, l.Topic)) &&
		(f.Since.IsZero() || !l.Written.Before(f.Since)) &&
		(f.Until.IsZero() || l.Written.Before(f.Until)) &&
		(len(f.Places) == 0 || slices.Contains(f.Places, l.Place))
}

// errOther says that a record in the topic is no dead letter.
var errOther = errors.New("no dead letter of regtrap")

// open reads one record of the topic: a dead letter or a receipt. What ends a
// dead letter is the last thing regtrap wrote, so a record that came with the
// header of a receipt is none.
func open(partition int, r *admin.Record) (*Letter, *Receipt, error) {
	var headers []schemas.Header
	dead, receipt := false, false
	for _, h := range r.Headers {
		headers = append(headers, schemas.Header{Key: h.Key, Value: h.Value})
		dead = dead || h.Key == schemas.HeaderReason
		receipt = receipt || h.Key == schemas.HeaderReceipt
	}
	if !dead && receipt {
		rc := &Receipt{Time: r.Time}
		if err := json.Unmarshal(r.Value, rc); err != nil {
			return nil, nil, fmt.Errorf("%w: a receipt that cannot be read: %w", errOther, err)
		}
		return nil, rc, nil
	}
	d, err := schemas.ParseDeadLetter(r.Key, r.Value, headers)
	if err != nil {
		first, _, _ := strings.Cut(err.Error(), "\n")
		return nil, nil, fmt.Errorf("%w: %s", errOther, first)
	}
	replay, _ := d.Replay()
	return &Letter{Place: Place{partition, r.Offset}, Written: r.Time, DeadLetter: d, Bytes: len(d.Value), Replays: replay.Count}, nil, nil
}

// List is what was found in the topic.
type List struct {
	Letters []Letter // without key, value and headers; in the order of their places
	Matched int      // how many match the filter; more than Letters when there was a limit
	Reasons map[schemas.Reason]int
	Foreign int // records that are neither dead letter nor receipt
}

// Find reads the topic up to its present end, and returns what matches, at most
// limit dead letters; 0 is no limit.
func Find(ctx context.Context, c *admin.Client, topic string, f Filter, limit int) (*List, error) {
	list := &List{Reasons: make(map[schemas.Reason]int)}
	receipts := make(map[Place]*Receipt)
	ids, err := c.Partitions(ctx, topic)
	if err != nil {
		return nil, err
	}
	bounds, err := c.Bounds(ctx, topic, ids)
	if err != nil {
		return nil, err
	}
	var since map[int]int64
	if !f.Since.IsZero() {
		if since, err = c.At(ctx, topic, ids, f.Since); err != nil {
			return nil, err
		}
	}
	for _, id := range ids {
		from := bounds[id].Start
		if !f.Since.IsZero() {
			offset, ok := since[id]
			if !ok {
				continue // all of it is older
			}
			from = offset
		}
		for r, err := range c.Records(ctx, topic, id, from, bounds[id].End) {
			if err != nil {
				return nil, err
			}
			l, receipt, err := open(id, &r)
			switch {
			case err != nil:
				list.Foreign++
			case receipt != nil:
				for _, p := range receipt.Letters {
					receipts[p] = receipt
				}
			case f.matches(l):
				list.Matched++
				list.Reasons[l.Reason]++
				if limit == 0 || len(list.Letters) < limit {
					l.forget()
					list.Letters = append(list.Letters, *l)
				}
			}
		}
	}
	for i := range list.Letters {
		l := &list.Letters[i]
		l.Replayed = receipts[l.Place]
	}
	return list, nil
}

// forget drops what a list does not show, and memory that it shares with that.
func (l *Letter) forget() {
	l.Detail = strings.Clone(l.Detail)
	l.Key, l.Value, l.Headers = nil, nil, nil
}

// Get reads one dead letter.
func Get(ctx context.Context, c *admin.Client, topic string, at Place) (*Letter, error) {
	ids, err := c.Partitions(ctx, topic)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(ids, at.Partition) {
		return nil, fmt.Errorf("topic %s: no partition %d: it has 0 to %d", topic, at.Partition, len(ids)-1)
	}
	bounds, err := c.Bounds(ctx, topic, []int{at.Partition})
	if err != nil {
		return nil, err
	}
	b := bounds[at.Partition]
	if at.Offset < b.Start || at.Offset >= b.End {
		if b.Start == b.End {
			return nil, fmt.Errorf("topic %s, partition %d: no offset %d: it is empty", topic, at.Partition, at.Offset)
		}
		return nil, fmt.Errorf("topic %s, partition %d: no offset %d: it holds %d to %d", topic, at.Partition, at.Offset, b.Start, b.End-1)
	}
	for r, err := range c.Records(ctx, topic, at.Partition, at.Offset, at.Offset+1) {
		if err != nil {
			return nil, err
		}
		l, receipt, err := open(at.Partition, &r)
		switch {
		case err != nil:
			return nil, fmt.Errorf("topic %s, %s: %w", topic, at, err)
		case receipt != nil:
			return nil, fmt.Errorf("topic %s, %s: no dead letter, but the receipt of a replay to %s", topic, at, receipt.Topic)
		}
		return l, nil
	}
	return nil, fmt.Errorf("topic %s, %s: no record is there: compaction took it, or it marks the end of a transaction", topic, at)
}

// receiptMessage is the key and value of a receipt. The key differs from any
// other receipt's, so that compaction keeps it.
func (r *Receipt) message() (key, value []byte, err error) {
	var b bytes.Buffer
	if err := json.NewEncoder(&b).Encode(r); err != nil {
		return nil, nil, err
	}
	return []byte("regtrap-receipt " + r.Letters[0].String()), bytes.TrimSpace(b.Bytes()), nil
}
