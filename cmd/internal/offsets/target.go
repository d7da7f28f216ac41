// Package offsets shows where a consumer group stands, and moves it: back to
// read records again, or forward past a record that cannot be read.
package offsets

import (
	"fmt"
	"strconv"
	"time"
)

// Target is where a partition is to go on.
type Target struct {
	kind  kind
	n     int64     // of offset and shift
	at    time.Time // of moment
	words string    // as it was written
}

type kind uint8

const (
	earliest kind = iota
	latest
	offset
	shift
	moment
	readable
)

// ParseTarget reads a target: earliest, latest, readable (behind a batch that
// cannot be read), an offset (17), a shift of the
// committed offset (+1, -100), a time (2026-03-04T10:00:00Z), or a time before
// now (-2h). Times are those of the records.
func ParseTarget(text string, now time.Time) (Target, error) {
	t := Target{words: text}
	switch text {
	case "earliest":
		return t, nil
	case "latest":
		t.kind = latest
		return t, nil
	case "readable":
		t.kind = readable
		return t, nil
	case "":
		return t, fmt.Errorf("want %s", targets)
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		t.kind, t.n = offset, n
		if text[0] == '+' || text[0] == '-' {
			t.kind = shift
		}
		return t, nil
	}
	t.kind = moment
	if text[0] == '-' {
		if d, err := time.ParseDuration(text[1:]); err == nil && d >= 0 {
			t.at = now.Add(-d)
			return t, nil
		}
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return t, fmt.Errorf("%q: want %s", text, targets)
	}
	t.at = at
	return t, nil
}

const targets = "earliest, latest, readable, an offset (17), a shift (+1, -100), a time (2026-03-04T10:00:00Z) or a time before now (-2h)"

// String is the target as it was written.
func (t Target) String() string { return t.words }

// OfOnePartition reports whether the target means something else in each
// partition: then it must be said which is meant.
func (t Target) OfOnePartition() bool {
	return t.kind == offset || t.kind == shift || t.kind == readable
}
