package service

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/regtrap/regtrap/schemas"
)

// summaryEvery is how often the log says what became of the records. On a
// mixed bus nearly everything is skipped and a broken shipper sends nothing
// but poison: a line a record would be the next outage.
const summaryEvery = time.Minute

// summary gathers what is not worth a line of its own. It is safe for all
// goroutines.
type summary struct {
	mu      sync.Mutex
	records int
	events  int
	skipped map[schemas.Reason]int
	letters map[schemas.Reason]int
	last    *deadExample
}

// deadExample is the last dead letter, so that somebody knows where to look.
type deadExample struct {
	topic     string
	partition int
	offset    int64
	reason    schemas.Reason
	detail    string
}

func newSummary() *summary {
	return &summary{skipped: make(map[schemas.Reason]int), letters: make(map[schemas.Reason]int)}
}

func (s *summary) batch(b *batchCounts) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.records += b.records
	for _, n := range b.events {
		s.events += n
	}
	for r, n := range b.skipped {
		s.skipped[r] += n
	}
}

func (s *summary) dead(d *schemas.DeadLetter) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.letters[d.Reason]++
	s.last = &deadExample{d.Topic, d.Partition, d.Offset, d.Reason, d.Detail}
}

// write logs what was gathered since the last time, and forgets it.
func (s *summary) write(ctx context.Context, l *slog.Logger) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.records > 0 {
		l.LogAttrs(ctx, slog.LevelInfo, "records handled", slog.Int("records", s.records),
			slog.Int("registry_events", s.events), reasons("skipped", s.skipped))
	}
	if s.last != nil {
		l.LogAttrs(ctx, slog.LevelWarn, "dead letters published", reasons("dead_letters", s.letters),
			slog.Group("last",
				slog.String("topic", s.last.topic),
				slog.Int("partition", s.last.partition),
				slog.Int64("offset", s.last.offset),
				slog.String("reason", string(s.last.reason)),
				slog.String("detail", s.last.detail)))
	}
	s.records, s.events, s.last = 0, 0, nil
	clear(s.skipped)
	clear(s.letters)
}

// reasons is a group with a number a reason.
func reasons(key string, counts map[schemas.Reason]int) slog.Attr {
	var attrs []any
	for r, n := range counts {
		attrs = append(attrs, slog.Int(string(r), n))
	}
	return slog.Group(key, attrs...)
}
