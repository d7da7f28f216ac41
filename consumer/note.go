package consumer

import (
	"encoding/json"
	"time"
)

// commitNote is what a commit's metadata says of the last handled record, so
// that a later start can tell whether the log is still the same.
type commitNote struct {
	Offset int64 `json:"offset"` // of the record
	Epoch  int32 `json:"epoch"`  // leader epoch of its batch; -1: not known
	Time   int64 `json:"time"`   // its timestamp, milliseconds; -1: no record was handled
	// Latest is the generation that committed the log's end because the group
	// had no commit; 0 in all later commits.
	Latest int32 `json:"latest,omitempty"`
}

func (n commitNote) String() string {
	b, err := json.Marshal(n)
	if err != nil {
		panic(err) // three numbers: cannot happen
	}
	return string(b)
}

// parseNote reads a note; one that is another program's says nothing.
func parseNote(metadata string) commitNote {
	n := commitNote{Epoch: -1, Time: -1}
	if json.Unmarshal([]byte(metadata), &n) != nil {
		return commitNote{Epoch: -1, Time: -1}
	}
	return n
}

func noteOf(offset int64, epoch int32, t time.Time) commitNote {
	return commitNote{Offset: offset, Epoch: epoch, Time: t.UnixMilli()}
}

// HandledTime returns the timestamp of the last record that was handled before
// a commit, as the metadata of the commit tells; ok is false when it does not.
func HandledTime(metadata string) (t time.Time, ok bool) {
	n := parseNote(metadata)
	if n.Time < 0 {
		return time.Time{}, false
	}
	return time.UnixMilli(n.Time).UTC(), true
}
