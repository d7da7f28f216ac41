package enrich

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/regtrap/regtrap/matcher"
	"github.com/regtrap/regtrap/rules"
	"github.com/regtrap/regtrap/schemas"
)

// Options are the same for all alerts of a process.
type Options struct {
	Version  string            // of regtrap
	Labels   map[string]string // static labels of the deployment
	Original bool              // carry the raw record
}

// Alert makes the alert of one hit. The trace is the rule's Explain on ev,
// rulesVersion the Hash of the rules, now the time of making. The alert keeps
// nothing of ev, trace or src.
func Alert(ev *schemas.Event, hit rules.Hit, trace *matcher.Trace, src *Source, rulesVersion string, now time.Time, opt *Options) *schemas.Alert {
	r := hit.Rule
	f := fields{ev}
	a := &schemas.Alert{
		ECS: schemas.AlertECS{Version: schemas.ECSVersion},
		Event: schemas.AlertEvent{
			ID:        ID(src, ev.Index, r.ID),
			Kind:      "alert",
			Category:  []string{"registry"},
			Type:      f.all(schemas.EventType),
			Action:    f.first(schemas.EventAction),
			Code:      f.first(schemas.EventCode),
			Provider:  f.first(schemas.EventProvider),
			Dataset:   f.first(schemas.EventDataset),
			Severity:  r.Severity.Score(),
			RiskScore: r.RiskScore,
			Created:   representable(src.Time),
			Ingested:  now.UTC(),
		},
		Tags:     slices.Clone(r.Tags),
		Labels:   maps.Clone(opt.Labels),
		Rule:     rule(r),
		Threat:   threat(r.Threat),
		Registry: f.registry(),
		Process:  f.process(),
		User:     f.user(),
		Host: schemas.AlertHost{
			ID:   f.first(schemas.HostID),
			Name: f.first(schemas.HostName),
			OS:   schemas.AlertHostOS{Type: "windows"},
		},
		Regtrap: schemas.AlertRegtrap{
			Severity:       r.Severity.String(),
			Note:           r.Note,
			FalsePositives: slices.Clone(r.FalsePositives),
			Matched:        matched(trace),
			Shape:          ev.Shape.String(),
			Source: schemas.AlertSource{
				Topic:     src.Topic,
				Partition: src.Partition,
				Offset:    src.Offset,
				Index:     ev.Index,
			},
			Registry: schemas.AlertWireRegistry{
				Path:    f.first(schemas.RegistryPath),
				NewPath: f.canonical(schemas.RegistryNewPath),
				Opaque:  ev.Opaque(),
			},
			Event:        f.sourceEvent(),
			Effective:    f.effective(),
			Version:      opt.Version,
			RulesVersion: rulesVersion,
		},
	}
	a.Timestamp, a.Regtrap.TimeSource = timestamp(ev, src, now)
	for _, r := range hit.Related {
		a.Regtrap.RelatedRules = append(a.Regtrap.RelatedRules, r.ID)
	}
	if opt.Original {
		src.carry(&a.Regtrap)
	}
	a.Related = related(a)
	a.Message = message(ev.Action, a)
	return a
}

// timestamp returns when the event happened and which text says so.
func timestamp(ev *schemas.Event, src *Source, now time.Time) (time.Time, string) {
	at, source := ev.Time()
	if t := representable(at); !t.IsZero() {
		return t, source
	}
	if t := representable(src.Time); !t.IsZero() {
		return t, "kafka"
	}
	return now.UTC(), "ingested"
}

// representable returns t in UTC, or the zero time for one that JSON has no
// form for (RFC 3339, years 0 to 9999): telemetry may claim any time, and an
// alert must not fail for it.
func representable(t time.Time) time.Time {
	t = t.UTC()
	if t.Year() < 0 || t.Year() > 9999 {
		return time.Time{}
	}
	return t
}

func rule(r *rules.Rule) schemas.AlertRule {
	a := schemas.AlertRule{
		ID:          r.ID,
		Name:        r.Name,
		Description: r.Description,
		License:     r.License,
		Reference:   slices.Clone(r.References),
		Ruleset:     r.Ruleset,
		Version:     r.Version,
	}
	for name := range strings.SplitSeq(r.Author, ",") {
		if name = strings.TrimSpace(name); name != "" {
			a.Author = append(a.Author, name)
		}
	}
	return a
}

func threat(t rules.Threat) *schemas.AlertThreat {
	tactics, techniques, subs := references(t.Tactics), references(t.Techniques), references(t.Subtechniques)
	if tactics == nil && techniques == nil && subs == nil {
		return nil
	}
	a := &schemas.AlertThreat{Framework: "MITRE ATT&CK", Tactic: tactics}
	if techniques != nil || subs != nil {
		a.Technique = &schemas.AlertTechnique{ID: []string{}, Name: []string{}, Reference: []string{}, Subtechnique: subs}
		if techniques != nil {
			a.Technique.ID, a.Technique.Name, a.Technique.Reference = techniques.ID, techniques.Name, techniques.Reference
		}
	}
	return a
}

// references makes the parallel arrays of a list; a name that is not known is
// empty, so the arrays stay parallel.
func references(list []rules.ThreatReference) *schemas.AlertThreatRef {
	if len(list) == 0 {
		return nil
	}
	var a schemas.AlertThreatRef
	for _, r := range list {
		a.ID = append(a.ID, r.ID)
		a.Name = append(a.Name, r.Name)
		a.Reference = append(a.Reference, r.URL)
	}
	return &a
}

// matched lists the tests that made the rule fire.
func matched(trace *matcher.Trace) []schemas.AlertMatch {
	list := []schemas.AlertMatch{}
	for _, t := range trace.Reasons() {
		test, ok := matcher.TestOf(t.Expr)
		if !ok { // Bool: no field made it hold
			continue
		}
		m := schemas.AlertMatch{Field: test.Field, Operator: test.Operator, Pattern: test.Pattern}
		if t.Value != nil {
			m.Value = strings.Clone(t.Value.Text)
			m.Spelling = t.Value.Spelling.String()
		}
		if !slices.Contains(list, m) {
			list = append(list, m)
		}
	}
	return list
}

// related collects every name of a user or host in the alert.
func related(a *schemas.Alert) *schemas.AlertRelated {
	var r schemas.AlertRelated
	add := func(list []string, s string) []string {
		if s == "" || slices.Contains(list, s) {
			return list
		}
		return append(list, s)
	}
	if u := a.User; u != nil {
		r.User = add(add(r.User, u.Name), u.ID)
	}
	r.Hosts = add(r.Hosts, a.Host.Name)
	if r.User == nil && r.Hosts == nil {
		return nil
	}
	return &r
}
