package service

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/regtrap/regtrap/rules"
)

// ruleBook is the rules in force, and what became of the last load. It is safe
// for all goroutines; one at a time puts another set in force.
type ruleBook struct {
	set  atomic.Pointer[ruleSet]
	last atomic.Pointer[ruleLoad]
}

// ruleSet is rules in force and their hits. All but the counts is immutable.
type ruleSet struct {
	snapshot *rules.Snapshot
	loaded   time.Time
	hits     map[string]*ruleHits // by rule id
}

// ruleHits counts since the rule, as it is, was loaded.
type ruleHits struct {
	hash   string // of the rule
	since  time.Time
	number atomic.Int64
	last   atomic.Int64 // Unix nanoseconds; 0: never
}

// loadResult is how a load ended: the label of a metric.
type loadResult string

const (
	loadOK        loadResult = "ok"
	loadFailed    loadResult = "failed"    // the rules before it are still in force
	loadUnchanged loadResult = "unchanged" // what was read is what is in force
)

// ruleLoad is the last load.
type ruleLoad struct {
	at       time.Time
	result   loadResult
	err      error
	problems []rules.Problem
}

// current returns the set in force.
func (b *ruleBook) current() *ruleSet { return b.set.Load() }

// use puts a snapshot in force. A rule that is as it was goes on counting.
func (b *ruleBook) use(s *rules.Snapshot, now time.Time) {
	set := &ruleSet{snapshot: s, loaded: now, hits: make(map[string]*ruleHits, len(s.Rules))}
	before := b.set.Load()
	for _, r := range s.Rules {
		if before != nil {
			if h := before.hits[r.ID]; h != nil && h.hash == r.Hash {
				set.hits[r.ID] = h
				continue
			}
		}
		set.hits[r.ID] = &ruleHits{hash: r.Hash, since: now}
	}
	b.set.Store(set)
}

// count adds the hits of a batch that is done: one that is given up and comes
// again counts once.
func (s *ruleSet) count(hits map[string]int, now time.Time) {
	for id, n := range hits {
		if h := s.hits[id]; h != nil {
			h.number.Add(int64(n))
			h.last.Store(now.UnixNano())
		}
	}
}

// rulesPage is the answer of /rules.
type rulesPage struct {
	Version  string     `json:"rules_version"`
	LoadedAt time.Time  `json:"loaded_at"`
	LastLoad loadEntry  `json:"last_load"`
	Rules    []ruleLine `json:"rules"`
}

type loadEntry struct {
	At       time.Time     `json:"at"`
	Result   loadResult    `json:"result"`
	Error    string        `json:"error,omitempty"`
	Problems []problemLine `json:"problems"`
}

type problemLine struct {
	File    string     `json:"file"`
	Line    int        `json:"line,omitempty"`
	Column  int        `json:"column,omitempty"`
	Rule    string     `json:"rule,omitempty"`
	Code    rules.Code `json:"code,omitempty"`
	Problem string     `json:"problem"`
	Want    string     `json:"want"`
}

type ruleLine struct {
	ID        string     `json:"id"`
	Name      string     `json:"name"`
	Source    string     `json:"source"` // file and line
	Ruleset   string     `json:"ruleset"`
	Hash      string     `json:"hash"`
	Status    string     `json:"status,omitempty"`
	Severity  string     `json:"severity"`
	RiskScore int        `json:"risk_score"`
	Since     time.Time  `json:"since"` // when the rule, as it is, was loaded
	Hits      int64      `json:"hits"`
	LastHit   *time.Time `json:"last_hit,omitempty"`
}

// page returns what /rules shows.
func (b *ruleBook) page() rulesPage {
	set, last := b.set.Load(), b.last.Load()
	p := rulesPage{Version: set.snapshot.Hash, LoadedAt: set.loaded.UTC(), Rules: []ruleLine{}}
	p.LastLoad = loadEntry{At: last.at.UTC(), Result: last.result, Problems: []problemLine{}}
	if last.err != nil {
		p.LastLoad.Error = last.err.Error()
	}
	for _, q := range last.problems {
		p.LastLoad.Problems = append(p.LastLoad.Problems, problemLine{q.File, q.Line, q.Column, q.Rule, q.Code, q.What, q.Want})
	}
	for _, r := range set.snapshot.Rules {
		h := set.hits[r.ID]
		line := ruleLine{
			ID: r.ID, Name: r.Name, Source: fmt.Sprintf("%s:%d", r.File, r.Line), Ruleset: r.Ruleset, Hash: r.Hash, Status: r.Status,
			Severity: r.Severity.String(), RiskScore: r.RiskScore, Since: h.since.UTC(), Hits: h.number.Load(),
		}
		if at := h.last.Load(); at != 0 {
			t := time.Unix(0, at).UTC()
			line.LastHit = &t
		}
		p.Rules = append(p.Rules, line)
	}
	return p
}
