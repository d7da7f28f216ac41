package matcher

import "github.com/regtrap/regtrap/schemas"

// A Rule is a condition on the events of the actions that its log source names.
type Rule struct {
	Condition Expr
	Actions   schemas.Actions
}

// A Set is a compiled list of rules. It is immutable and safe for all
// goroutines; rules are known by their place in the list.
type Set struct{}

// Compile compiles rules. An error names the place of the rule in the list.
func Compile(rules []Rule) (*Set, error) { return new(Set), nil }

// Always returns the rules that have no necessary literal and are evaluated on
// every event of their actions.
func (s *Set) Always() []int32 { return nil }

// NewMatcher returns the scratch memory of one goroutine.
func (s *Set) NewMatcher() *Matcher { return new(Matcher) }

// Matcher matches events, one at a time, against the Set that made it.
type Matcher struct{}

// Match appends the rules whose condition holds on ev, in rule order. It
// allocates nothing unless dst must grow.
func (m *Matcher) Match(dst []int32, ev *schemas.Event) []int32 { return dst }

// Explain evaluates every part of one rule's condition on ev.
func (m *Matcher) Explain(ev *schemas.Event, rule int32) *Trace { return nil }
