// Package rules turns rule files into compiled conditions and the metadata of
// their alerts, and holds the built-in pack.
package rules

import "github.com/regtrap/regtrap/matcher"

// Snapshot is everything that matching needs to know of the rules at one
// moment. It is immutable: a reload makes another.
type Snapshot struct {
	Set   *matcher.Set
	Rules []*Rule // by the rule's number in Set
	Hash  string  // of all rules as they were read: hexadecimal, 16 digits; independent of file names and order of paths
}

// Config says what Load reads.
type Config struct {
	Pack  bool     // include the built-in pack
	Paths []string // files, or folders read recursively (.yml, .yaml)
}

// Problem is what is wrong with one rule that was left out.
type Problem struct {
	File string
	Line int    // from 1; 0 when the whole file is meant
	Rule string // title or id, when it got that far
	What string // what is wrong, with the offending text
	Want string // what would be right
}

// Load reads and compiles. Rules that cannot be used are left out and
// reported as problems; err is for what leaves nothing to run: a path that
// cannot be read.
func Load(c Config) (*Snapshot, []Problem, error) { return new(Snapshot), nil, nil }

// Hit is a rule that fires on an event, with the rules that it supersedes on
// this event.
type Hit struct {
	Rule    *Rule
	Index   int32 // the rule's number in Set
	Related []*Rule
}

// Fold appends to dst what is left of the hits of one event when superseded
// rules are folded into the rules that supersede them, in rule order.
func (s *Snapshot) Fold(dst []Hit, hits []int32) []Hit { return dst }
