// Package pipeline takes a record's value through decoder, matcher, rules and
// enrichment. The service and the offline match share it, so both give the
// same alerts.
package pipeline

import (
	"fmt"
	"runtime/debug"
	"time"

	"github.com/regtrap/regtrap/enrich"
	"github.com/regtrap/regtrap/matcher"
	"github.com/regtrap/regtrap/rules"
	"github.com/regtrap/regtrap/schemas"
)

// Config is shared by all workers.
type Config struct {
	// Snapshot is what records are judged by until Worker.Use says otherwise.
	Snapshot *rules.Snapshot
	Options  enrich.Options
	Now      func() time.Time
	// Panicked is told of every panic that a record caused, which is a defect
	// of regtrap. It may be called by all workers at once.
	Panicked func(value any, stack []byte)
}

// Worker handles records, one at a time, for one goroutine. A value that holds
// no registry event, or none that a rule fires on, costs no allocation.
type Worker struct {
	config   Config
	decoder  *schemas.Decoder
	snapshot *rules.Snapshot
	matcher  *matcher.Matcher // of snapshot; nil until it is needed
	hits     []int32
	folded   []rules.Hit
	dead     schemas.Outcome
	result   Result
}

// NewWorker returns a Worker.
func NewWorker(c Config) *Worker {
	return &Worker{config: c, decoder: schemas.NewDecoder(), snapshot: c.Snapshot}
}

// Use makes the next records be judged by other rules. With nil the worker
// holds on to none: it must not read before it is given some.
func (w *Worker) Use(s *rules.Snapshot) {
	if s == w.snapshot {
		return
	}
	if w.matcher != nil {
		w.snapshot.Release(w.matcher)
	}
	w.snapshot, w.matcher = s, nil
}

// Result is what one value caused. It and its slices belong to the worker and
// are valid until its next Record; the alerts are the caller's to keep.
type Result struct {
	Alerts []*schemas.Alert
	// DeadLetter is set when the value belongs in the dead letters: the first
	// thing that is wrong with it. Alerts of its readable records stand.
	DeadLetter *schemas.Outcome
	Outcomes   []schemas.Outcome // of every record of the value, in order, for counting
	Times      []time.Time       // when its registry events happened, where they say
	// Fired has the number of each rule that fired on an event, as often as it
	// did: those that were folded into an alert of another rule too.
	Fired []int32
}

// Record reads one value. A panic below it, which would be a defect of
// regtrap, makes the value a dead letter with reason internal, and the worker
// goes on.
func (w *Worker) Record(src enrich.Source) (res *Result) {
	r := &w.result
	clear(r.Alerts) // or they would live until the next alert takes their place
	r.Alerts, r.Outcomes, r.Times, r.Fired, r.DeadLetter = r.Alerts[:0], r.Outcomes[:0], r.Times[:0], r.Fired[:0], nil
	defer func() {
		if v := recover(); v != nil {
			w.config.Panicked(v, debug.Stack())
			w.outcome(schemas.Outcome{Kind: schemas.Dead, Reason: schemas.DeadInternal, Detail: fmt.Sprintf("panic: %v", v)})
			// Whatever state they were left in, the next record gets fresh ones.
			w.decoder, w.matcher = schemas.NewDecoder(), nil
			res = r
		}
	}()
	if w.matcher == nil {
		w.matcher = w.snapshot.Matcher()
	}
	w.decoder.Reset(src.Value)
	for {
		ev, out := w.decoder.Next()
		if out.Kind == schemas.End {
			return r
		}
		w.outcome(out)
		if out.Kind == schemas.Registry {
			w.event(ev, &src)
		}
	}
}

func (w *Worker) outcome(out schemas.Outcome) {
	r := &w.result
	r.Outcomes = append(r.Outcomes, out)
	if out.Kind == schemas.Dead && r.DeadLetter == nil {
		w.dead = out
		r.DeadLetter = &w.dead
	}
}

func (w *Worker) event(ev *schemas.Event, src *enrich.Source) {
	r := &w.result
	if at, _ := ev.Time(); !at.IsZero() {
		r.Times = append(r.Times, at)
	}
	w.hits = w.matcher.Match(w.hits[:0], ev)
	if len(w.hits) == 0 {
		return
	}
	r.Fired = append(r.Fired, w.hits...)
	w.folded = w.snapshot.Fold(w.folded[:0], w.hits)
	for _, hit := range w.folded {
		trace := w.matcher.Explain(ev, hit.Index)
		r.Alerts = append(r.Alerts, enrich.Alert(ev, hit, trace, src, w.snapshot.Hash, w.config.Now(), &w.config.Options))
	}
}
