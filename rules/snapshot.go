package rules

import (
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
}

// Config says what Load reads.
type Config struct {
	Pack  bool     // include the built-in pack
	Paths []string // files, or folders read recursively (.yml, .yaml, .toml)
	Choice
}
