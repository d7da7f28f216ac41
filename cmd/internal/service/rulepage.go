package service

import (
	"fmt"
	"time"

	"github.com/regtrap/regtrap/rules"
)

// rulesPage is the answer of /rules.
type rulesPage struct {
	Version  string     `json:"rules_version"`
	LoadedAt time.Time  `json:"loaded_at"`
	LastLoad loadEntry  `json:"last_load"`
	Rules    []ruleLine `json:"rules"`
}

// loadEntry is the last time that rules were read, whatever came of it.
type loadEntry struct {
	At       time.Time     `json:"at"`
	Cause    string        `json:"cause"`
	Result   loadResult    `json:"result"`
	Version  string        `json:"rules_version,omitempty"` // of what was read, in force or not
	Error    string        `json:"error,omitempty"`
	Problems []problemLine `json:"problems"`
}

type problemLine struct {
	File    string     `json:"file"`
	Line    int        `json:"line,omitempty"`
	Column  int        `json:"column,omitempty"`
	Rule    string     `json:"rule,omitempty"`
	Code    rules.Code `json:"code,omitempty"`
	Warning bool       `json:"warning,omitempty"`
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
	p := rulesPage{Version: set.snapshot.Hash, LoadedAt: set.loaded.UTC(), Rules: make([]ruleLine, 0, len(set.source.Rules))}
	p.LastLoad = loadEntry{
		At: last.at.UTC(), Cause: last.cause, Result: last.result, Version: last.version,
		Problems: make([]problemLine, 0, len(last.problems)),
	}
	if last.err != nil {
		p.LastLoad.Error = last.err.Error()
	}
	for _, q := range last.problems {
		p.LastLoad.Problems = append(p.LastLoad.Problems, problemLine{q.File, q.Line, q.Column, q.Rule, q.Code, q.Warning, q.What, q.Want})
	}
	for _, r := range set.source.Rules {
		c := set.counts[r.ID]
		line := ruleLine{
			ID: r.ID, Name: r.Name, Source: fmt.Sprintf("%s:%d", r.File, r.Line), Ruleset: r.Ruleset, Hash: r.Hash, Status: r.Status,
			Severity: r.Severity.String(), RiskScore: r.RiskScore, Since: c.since.UTC(), Hits: c.hits.Load(),
		}
		if at := c.last.Load(); at != 0 {
			t := time.Unix(0, at).UTC()
			line.LastHit = &t
		}
		p.Rules = append(p.Rules, line)
	}
	return p
}
