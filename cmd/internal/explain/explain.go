// Package explain says how records are read and why rules do or do not fire on
// them.
package explain

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/regtrap/regtrap/matcher"
	"github.com/regtrap/regtrap/rules"
	"github.com/regtrap/regtrap/schemas"
)

// Record is how one record of the telemetry was read: a value holds one or
// several. Its JSON is what `regtrap explain` writes.
type Record struct {
	Outcome string `json:"outcome"`          // registry, skipped or dead_letter
	Reason  string `json:"reason,omitempty"` // of the other two
	Detail  string `json:"detail,omitempty"`
	Index   int    `json:"index"` // within the value, from 0
	Event   *Event `json:"event,omitempty"`
	Rules   []Rule `json:"rules,omitempty"` // of a registry event, those that fired first, then by how near they came
}

// Event is what was read of a registry event.
type Event struct {
	Shape      string             `json:"shape"`
	Action     string             `json:"action"`
	Time       *time.Time         `json:"time,omitempty"`
	TimeSource string             `json:"time_source,omitempty"`
	Missing    []string           `json:"missing,omitempty"` // what the source did not say
	Fields     map[string][]Value `json:"fields"`            // by ECS's name, or Sigma's
}

// Value is one text of a field.
type Value struct {
	Text string `json:"text"`
	// Spelling of a path, as in "sysmon"; "wire" for what the source wrote.
	Spelling string `json:"spelling"`
	Opaque   bool   `json:"opaque,omitempty"`
}

// Rule is what one rule makes of an event.
type Rule struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	File string `json:"file"`
	Line int    `json:"line"`

	Fired bool `json:"fired"`
	// FoldedInto is the id of the fired rule whose alert names this one.
	FoldedInto string `json:"folded_into,omitempty"`
	// Covered says whether the event's action is one of the rule's log source.
	Covered bool `json:"covered"`
	// Near is the share of the tests that went the rule's way, 1 when it fired.
	Near float64 `json:"near"`
	// Because says in a sentence why the rule did not fire.
	Because string `json:"because,omitempty"`
	// Cause is the first thing that made the rule fail; nil when it fired, or
	// when it is not Covered. Its parts are in the tree alone.
	Cause *Node `json:"cause,omitempty"`
	Tree  *Node `json:"tree,omitempty"`
}

// Config says of which rules there is to be a tree.
type Config struct {
	Rules []string // ids; empty: all rules are judged
	Trees bool     // a tree of every rule, not only of those that fired or were named
}

// Explainer explains events by one rule set. It is for one goroutine.
type Explainer struct {
	config   Config
	snapshot *rules.Snapshot
	matcher  *matcher.Matcher
	decoder  *schemas.Decoder
}

// New returns an Explainer.
func New(s *rules.Snapshot, c Config) *Explainer {
	return &Explainer{config: c, snapshot: s, matcher: s.Set.NewMatcher(), decoder: schemas.NewDecoder()}
}

// Value explains every record of a value.
func (x *Explainer) Value(value []byte) []Record {
	var list []Record
	x.decoder.Reset(value)
	for i := 0; ; i++ {
		ev, out := x.decoder.Next()
		switch out.Kind {
		case schemas.End:
			return list
		case schemas.Registry:
			r := x.Event(ev)
			for m := range out.Missing.All() {
				r.Event.Missing = append(r.Event.Missing, m.String())
			}
			list = append(list, r)
		case schemas.Skipped:
			list = append(list, Record{Outcome: "skipped", Reason: string(out.Reason), Index: i})
		default:
			list = append(list, Record{Outcome: "dead_letter", Reason: string(out.Reason), Detail: out.Detail, Index: i})
		}
	}
}

// Event explains one event. What it returns holds none of the event's memory.
func (x *Explainer) Event(ev *schemas.Event) Record {
	r := Record{Outcome: "registry", Index: ev.Index, Event: event(ev)}
	hits := x.matcher.Match(nil, ev)
	into := make(map[*rules.Rule]string) // folded rules
	for _, hit := range x.snapshot.Fold(nil, hits) {
		for _, other := range hit.Related {
			into[other] = hit.Rule.ID
		}
	}
	for i, rule := range x.snapshot.Rules {
		named := slices.Contains(x.config.Rules, rule.ID)
		if len(x.config.Rules) > 0 && !named {
			continue
		}
		trace := x.matcher.Explain(ev, int32(i))
		fired := slices.Contains(hits, int32(i))
		one := Rule{
			ID: rule.ID, Name: rule.Name, File: rule.File, Line: rule.Line,
			Fired: fired, FoldedInto: into[rule], Covered: rule.Actions.Has(ev.Action), Near: near(trace),
		}
		tree := tree(ev, trace)
		switch {
		case !one.Covered:
			one.Near = 0 // whatever its tests say
			one.Because = fmt.Sprintf("its log source is not about this: %s", ev.Action)
		case !fired:
			cause := blame(trace, tree)
			cause.Blamed = true
			one.Because = cause.because()
			alone := *cause
			alone.Parts = nil
			one.Cause = &alone
		}
		if named || fired || x.config.Trees {
			one.Tree = tree
		}
		r.Rules = append(r.Rules, one)
	}
	slices.SortStableFunc(r.Rules, func(a, b Rule) int {
		if a.Fired != b.Fired {
			if a.Fired {
				return -1
			}
			return 1
		}
		return cmp.Compare(b.Near, a.Near)
	})
	return r
}

// event copies what was read.
func event(ev *schemas.Event) *Event {
	e := &Event{Shape: ev.Shape.String(), Action: ev.Action.String(), Fields: make(map[string][]Value)}
	if at, source := ev.Time(); !at.IsZero() {
		e.Time, e.TimeSource = &at, source
	}
	for f := range schemas.Field(schemas.NumFields) {
		if vs := values(ev, f); len(vs) > 0 {
			e.Fields[f.String()] = vs
		}
	}
	return e
}
