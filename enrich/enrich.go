// Package enrich makes the alert of an event, a rule and the conditions that
// held. It is pure: the same record and rules give the same alert.
package enrich

import (
	"time"

	"github.com/regtrap/regtrap/matcher"
	"github.com/regtrap/regtrap/rules"
	"github.com/regtrap/regtrap/schemas"
)

// Source is the record that an event was read from.
type Source struct {
	Topic     string    // offline: the file's name
	Partition int       // offline: 0
	Offset    int64     // offline: number of the record, from 0
	Time      time.Time // Kafka timestamp; zero offline
	Value     []byte
}

// Options are the same for all alerts of a process.
type Options struct {
	Version  string            // of regtrap
	Labels   map[string]string // static labels
	Original bool              // carry the raw record
}

// Alert makes the alert of one hit; trace is the rule's Explain on ev, now the
// time of making.
func Alert(ev *schemas.Event, hit rules.Hit, trace *matcher.Trace, src Source, rulesVersion string, now time.Time, opt *Options) *schemas.Alert {
	return nil
}

// ID returns the id of the alert that rule raises on the event of that index
// in src.
func ID(src Source, index int, rule string) string { return "" }
