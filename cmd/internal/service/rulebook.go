package service

import (
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/regtrap/regtrap/rules"
)

// ruleBook is the rules in force, and what became of the last load. It is safe
// for all goroutines; one at a time puts another set in force.
type ruleBook struct {
	set  atomic.Pointer[ruleSet]
	last atomic.Pointer[ruleLoad]
}

// ruleSet is rules in force and their counts. All but the counts is immutable.
type ruleSet struct {
	snapshot *rules.Snapshot
	// source is the same rules as they were read last: files may have been
	// renamed since. Its order may be another one.
	source   *rules.Snapshot
	problems []rules.Problem        // of source
	loaded   time.Time              // snapshot
	counts   map[string]*ruleCounts // by rule id
}

// ruleCounts are what a rule, as it is, did since it was loaded. A reload that
// leaves the rule's hash leaves its counts, which both sets then share: a
// batch that is still judged by the old one counts too.
type ruleCounts struct {
	hash   string // of the rule
	since  time.Time
	alerts prometheus.Counter
	hits   atomic.Int64
	last   atomic.Int64 // hit, Unix nanoseconds; 0: never
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
	cause    string
	result   loadResult
	version  string // of what was read; empty when it could not be
	err      error
	problems []rules.Problem
}

// current returns the set in force.
func (b *ruleBook) current() *ruleSet { return b.set.Load() }

// use puts a snapshot in force. A rule that is as it was goes on counting. The
// alerts of rules that are gone are no longer shown: however often rules are
// reloaded, there are not more counters than rules.
func (b *ruleBook) use(s *rules.Snapshot, problems []rules.Problem, m *metrics, now time.Time) {
	set := &ruleSet{snapshot: s, source: s, problems: problems, loaded: now, counts: make(map[string]*ruleCounts, len(s.Rules))}
	type series struct{ id, severity string }
	gone := make(map[series]bool)
	before := b.set.Load()
	if before != nil {
		for _, r := range before.snapshot.Rules {
			gone[series{r.ID, r.Severity.String()}] = true
		}
	}
	for _, r := range s.Rules {
		delete(gone, series{r.ID, r.Severity.String()})
		if before != nil {
			if c := before.counts[r.ID]; c != nil && c.hash == r.Hash {
				set.counts[r.ID] = c
				continue
			}
		}
		set.counts[r.ID] = &ruleCounts{hash: r.Hash, since: now, alerts: m.alerts.WithLabelValues(r.ID, r.Severity.String())}
	}
	b.set.Store(set)
	for s := range gone {
		m.alerts.DeleteLabelValues(s.id, s.severity)
	}
}

// reread notes where the rules in force are now. Matching does not see it: the
// snapshot stays the one that workers have.
func (b *ruleBook) reread(s *rules.Snapshot, problems []rules.Problem) {
	set := *b.set.Load()
	// Without what is compiled, which nobody will match with.
	set.source, set.problems = &rules.Snapshot{Rules: s.Rules, Hash: s.Hash, Exceptions: s.Exceptions}, problems
	b.set.Store(&set)
}

// hit adds the hits of a batch that is done, by the rule's number: one that is
// given up and comes again counts once, one that was done and is delivered
// again counts again.
func (s *ruleSet) hit(hits map[int32]int, now time.Time) {
	for number, n := range hits {
		c := s.counts[s.snapshot.Rules[number].ID]
		c.hits.Add(int64(n))
		c.last.Store(now.UnixNano())
	}
}

// alerted counts an acknowledged alert of the rule of that id.
func (s *ruleSet) alerted(id string) { s.counts[id].alerts.Inc() }
