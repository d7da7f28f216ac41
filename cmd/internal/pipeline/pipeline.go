// Package pipeline takes a record's value through decoder, matcher, rules and
// enrichment. The service and the offline match share it, so both give the
// same alerts.
package pipeline

import (
	"time"

	"github.com/regtrap/regtrap/enrich"
	"github.com/regtrap/regtrap/rules"
	"github.com/regtrap/regtrap/schemas"
)

// Config is shared by all workers.
type Config struct {
	Snapshot func() *rules.Snapshot // the rules in force: asked between records
	Options  enrich.Options
	Now      func() time.Time
}

// Worker handles records, one at a time, for one goroutine.
type Worker struct{}

// NewWorker returns a Worker.
func NewWorker(c Config) *Worker { return new(Worker) }

// Result is what one value caused. Its slices are reused by the next Record.
type Result struct {
	Alerts     []*schemas.Alert
	DeadLetter *schemas.Outcome  // set when the value belongs in the dead letters; alerts of its readable records stand
	Outcomes   []schemas.Outcome // of every record of the value, in order, for counting
	Times      []time.Time       // event times of its registry events
}

// Record reads one value. A panic below it becomes a dead letter with reason
// internal; panics is called with its value and stack.
func (w *Worker) Record(src enrich.Source) *Result { return new(Result) }
