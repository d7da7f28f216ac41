package consumer

import (
	"errors"
	"fmt"
	"io"

	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/fetch"
)

// batch is what one fetch brought of one partition.
type batch struct {
	records []Record
	next    int64      // offset after the last record, or after what was stepped over
	note    commitNote // of the last record
	bytes   int64      // of the records' keys, values and headers: what the budget counts
	chunk   []byte     // rest of the arena that keys and values lie in
}

// recordOverhead is what a Record takes beside its key and value, bytes.
const recordOverhead = 128

// readBatch copies the records of an answer that lie at or behind offset.
// Records of aborted transactions are left out and control records are stepped
// over, as read committed asks. probe is set when the answer holds something
// but nothing of it moves the offset: the tail of its last batch was compacted
// away, and where the next batch begins has to be found out.
func readBatch(answer *fetch.ResponsePartition, offset int64) (b *batch, probe bool, err error) {
	b = &batch{next: offset, note: commitNote{Epoch: -1, Time: -1}}
	if answer.RecordSet.Records == nil {
		return b, false, nil
	}
	stream, ok := answer.RecordSet.Records.(*protocol.RecordStream)
	if !ok {
		return nil, false, fmt.Errorf("answer of type %T: want a record stream", answer.RecordSet.Records)
	}
	aborted := newAbortedFilter(answer.AbortedTransactions)
	for _, part := range stream.Records {
		epoch := int32(-1)
		drop := false
		switch part := part.(type) {
		case *protocol.ControlBatch:
			if err := b.control(part, aborted); err != nil {
				return nil, false, err
			}
			continue
		case *protocol.RecordBatch:
			epoch = part.PartitionLeaderEpoch
			drop = part.Attributes.Transactional() && aborted.holds(part.ProducerID, part.BaseOffset)
		}
		if err := b.read(part, offset, epoch, drop); err != nil {
			return nil, false, err
		}
	}
	return b, b.next == offset, nil
}

// control steps over a control batch, whose record ends a transaction.
func (b *batch) control(c *protocol.ControlBatch, aborted *abortedFilter) error {
	for {
		r, err := c.ReadControlRecord()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		const abort = 0 // KIP-98: type of the control record
		if r.Type == abort {
			aborted.end(c.ProducerID)
		}
		b.next = max(b.next, r.Offset+1)
	}
}

// read copies the records of one batch. A batch may begin before offset, for
// the broker sends whole batches.
func (b *batch) read(from protocol.RecordReader, offset int64, epoch int32, drop bool) error {
	for {
		r, err := from.ReadRecord()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if r.Offset < offset || drop {
			closeRecord(r)
			if r.Offset >= offset {
				b.next = r.Offset + 1
			}
			continue
		}
		record := Record{Offset: r.Offset, Time: r.Time.UTC(), Headers: r.Headers}
		record.Key, err = b.copy(r.Key)
		if err == nil {
			record.Value, err = b.copy(r.Value)
		}
		closeRecord(r)
		if err != nil {
			return err
		}
		b.records = append(b.records, record)
		b.bytes += recordOverhead + int64(len(record.Key)+len(record.Value))
		for _, h := range record.Headers {
			b.bytes += int64(len(h.Key) + len(h.Value))
		}
		b.next = r.Offset + 1
		b.note = noteOf(r.Offset, epoch, record.Time)
	}
}

// chunkBytes is the size of the arena's pieces: one allocation for hundreds of
// records.
const chunkBytes = 256 << 10

// copy reads v into the batch's arena.
func (b *batch) copy(v protocol.Bytes) ([]byte, error) {
	if v == nil {
		return nil, nil
	}
	n := v.Len()
	if n == 0 {
		return []byte{}, nil // not nil: an empty value is not a null one
	}
	if n > len(b.chunk) {
		b.chunk = make([]byte, max(n, chunkBytes))
	}
	text := b.chunk[:n:n]
	b.chunk = b.chunk[n:]
	_, err := io.ReadFull(v, text)
	return text, err
}

// closeRecord gives the memory of a record back to kafka-go.
func closeRecord(r *protocol.Record) {
	if r.Key != nil {
		r.Key.Close()
	}
	if r.Value != nil {
		r.Value.Close()
	}
}

// closeAnswer gives the memory of all records of an answer back.
func closeAnswer(answer *fetch.ResponsePartition) {
	if answer.RecordSet.Records == nil {
		return
	}
	for {
		r, err := answer.RecordSet.Records.ReadRecord()
		if err != nil {
			return
		}
		closeRecord(r)
	}
}

// abortedFilter knows which transactions of an answer were aborted, in the
// order of their first offsets (fetch protocol, aborted_transactions).
type abortedFilter struct {
	pending []fetch.ResponseTransaction
	active  map[int64]bool // producers inside an aborted transaction
}

func newAbortedFilter(list []fetch.ResponseTransaction) *abortedFilter {
	return &abortedFilter{pending: list, active: make(map[int64]bool)}
}

// holds reports whether the batch of a producer, which begins at base, belongs
// to an aborted transaction.
func (f *abortedFilter) holds(producer, base int64) bool {
	left := f.pending[:0:0]
	for _, t := range f.pending {
		if t.FirstOffset <= base {
			f.active[t.ProducerID] = true
		} else {
			left = append(left, t)
		}
	}
	f.pending = left
	return f.active[producer]
}

// end notes that the aborted transaction of a producer ends here.
func (f *abortedFilter) end(producer int64) { delete(f.active, producer) }
