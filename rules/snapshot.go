package rules

import (
	"fmt"

	"github.com/regtrap/regtrap/matcher"
)

// Snapshot is everything that matching needs to know of the rules at one
// moment. It is immutable, and safe for all goroutines: a reload makes another.
type Snapshot struct {
	Set   *matcher.Set
	Rules []*Rule // by the rule's number in Set
	Hash  string  // of all rules as they were read: hexadecimal, 16 digits; independent of file names and order of paths

	// below holds for each rule the loaded rules that it supersedes itself;
	// nil for most.
	below [][]int32
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

// String is the problem on one line, FILE:LINE: WHAT: WANT.
func (p Problem) String() string {
	if p.Line == 0 {
		return fmt.Sprintf("%s: %s: %s", p.File, p.What, p.Want)
	}
	return fmt.Sprintf("%s:%d: %s: %s", p.File, p.Line, p.What, p.Want)
}
