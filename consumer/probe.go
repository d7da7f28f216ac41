package consumer

import (
	"context"

	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/fetch"
)

// probe finds the offset behind a batch whose tail was compacted away. kafka-go
// shows where a batch begins but not where it ends, so an answer whose records
// all lie before the offset asked for would be asked for again for ever (56,591
// times in 20 s). Every offset inside the batch is answered with the batch that
// begins at base, and no offset behind it is: a binary search finds the first.
func (f *fetcher) probe(ctx context.Context, p *owned, offset, base, end int64) (int64, error) {
	inside, behind := offset, end
	for behind-inside > 1 {
		middle := inside + (behind-inside)/2
		answers, err := f.fetch(ctx, []*owned{p}, []int64{middle}, 1, 0)
		if err != nil {
			return 0, err
		}
		a, ok := answers[p.partition]
		if ok && a.ErrorCode == 0 && firstBase(a) == base {
			inside = middle
		} else {
			behind = middle
		}
		if ok {
			closeAnswer(a)
		}
	}
	return behind, nil
}

// firstBase returns the base offset of the first batch of an answer, -1 when
// there is none.
func firstBase(a *fetch.ResponsePartition) int64 {
	stream, ok := a.RecordSet.Records.(*protocol.RecordStream)
	if !ok || len(stream.Records) == 0 {
		return -1
	}
	switch b := stream.Records[0].(type) {
	case *protocol.RecordBatch:
		return b.BaseOffset
	case *protocol.ControlBatch:
		return b.BaseOffset
	}
	return -1
}
