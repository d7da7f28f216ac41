package rules

import (
	"sync"

	"github.com/regtrap/regtrap/matcher"
)

// Snapshot is everything that matching needs to know of the rules at one
// moment. It is immutable, and safe for all goroutines: a reload makes another.
type Snapshot struct {
	Set   *matcher.Set
	Rules []*Rule // by the rule's number in Set
	Hash  string  // of all rules as they were read: hexadecimal, 16 digits; independent of file names and order of paths

	// Exceptions is how many exceptions were read from each file.
	Exceptions map[string]int

	// below holds for each rule the loaded rules that it supersedes itself;
	// nil for most.
	below [][]int32

	matchers sync.Pool // of *matcher.Matcher, of Set
}

// Matcher returns a matcher of the set, for one goroutine until Release.
func (s *Snapshot) Matcher() *matcher.Matcher {
	if m, ok := s.matchers.Get().(*matcher.Matcher); ok {
		return m
	}
	return s.Set.NewMatcher()
}

// Release takes back a matcher that Matcher returned: who waits for work then
// holds on neither to its memory nor to a set that is no longer in force.
func (s *Snapshot) Release(m *matcher.Matcher) { s.matchers.Put(m) }

// Config says what Load reads.
type Config struct {
	Pack  bool     // include the built-in pack
	Paths []string // files, or folders read recursively (.yml, .yaml, .toml)
	Choice
}
