package pipeline

import (
	"encoding/json"

	"github.com/regtrap/regtrap/enrich"
	"github.com/regtrap/regtrap/schemas"
)

// Stats counts what a run read and found. The zero Stats is ready. It is for
// one goroutine; Merge joins those of several.
//
// A record is one value: a Kafka record, or offline a line or an element. A
// value may hold several documents, so registry events and skipped documents
// may be more than records; a value is at most one dead letter.
type Stats struct {
	Records        int
	Bytes          int64 // of the values
	RegistryEvents int
	Alerts         int
	Shapes         map[schemas.Shape]int
	Incomplete     map[schemas.Missing]int // registry events by each thing that they lack
	Skipped        map[schemas.Reason]int
	DeadLetters    map[schemas.Reason]int
	Rules          map[string]int // by rule id
}

// Add counts one value and what it caused.
func (s *Stats) Add(src enrich.Source, r *Result) {
	if s.Shapes == nil {
		s.Shapes = make(map[schemas.Shape]int)
		s.Incomplete = make(map[schemas.Missing]int)
		s.Skipped = make(map[schemas.Reason]int)
		s.DeadLetters = make(map[schemas.Reason]int)
		s.Rules = make(map[string]int)
	}
	s.Records++
	s.Bytes += int64(len(src.Value))
	for _, o := range r.Outcomes {
		switch o.Kind {
		case schemas.Registry:
			s.RegistryEvents++
			s.Shapes[o.Shape]++
			for m := range o.Missing.All() {
				s.Incomplete[m]++
			}
		case schemas.Skipped:
			s.Skipped[o.Reason]++
		}
	}
	if r.DeadLetter != nil {
		s.DeadLetters[r.DeadLetter.Reason]++
	}
	s.Alerts += len(r.Alerts)
	for _, a := range r.Alerts {
		s.Rules[a.Rule.ID]++
	}
}

// Merge adds the counts of o.
func (s *Stats) Merge(o *Stats) {
	s.Records += o.Records
	s.Bytes += o.Bytes
	s.RegistryEvents += o.RegistryEvents
	s.Alerts += o.Alerts
	merge(&s.Shapes, o.Shapes)
	merge(&s.Incomplete, o.Incomplete)
	merge(&s.Skipped, o.Skipped)
	merge(&s.DeadLetters, o.DeadLetters)
	merge(&s.Rules, o.Rules)
}

func merge[K comparable](dst *map[K]int, src map[K]int) {
	if *dst == nil {
		*dst = make(map[K]int)
	}
	for k, n := range src {
		(*dst)[k] += n
	}
}

// JSON is the object that `regtrap match --stats` writes.
func (s *Stats) JSON(seconds float64) ([]byte, error) {
	shapes := make(map[string]int)
	for shape, n := range s.Shapes {
		shapes[shape.String()] = n
	}
	incomplete := make(map[string]int)
	for missing, n := range s.Incomplete {
		incomplete[missing.String()] = n
	}
	return json.Marshal(struct {
		Records        int                    `json:"records"`
		Bytes          int64                  `json:"bytes"`
		RegistryEvents int                    `json:"registry_events"`
		Alerts         int                    `json:"alerts"`
		Seconds        float64                `json:"seconds"`
		Shapes         map[string]int         `json:"shapes"`
		Incomplete     map[string]int         `json:"incomplete"`
		Skipped        map[schemas.Reason]int `json:"skipped"`
		DeadLetters    map[schemas.Reason]int `json:"dead_letters"`
		Rules          map[string]int         `json:"rules"`
	}{s.Records, s.Bytes, s.RegistryEvents, s.Alerts, seconds, shapes, incomplete, notNil(s.Skipped), notNil(s.DeadLetters), notNil(s.Rules)})
}

// notNil makes an empty count {} in JSON rather than null.
func notNil[K comparable](m map[K]int) map[K]int {
	if m == nil {
		return map[K]int{}
	}
	return m
}
