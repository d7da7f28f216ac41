package matcher

import (
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/regtrap/regtrap/schemas"
)

// A cover of a condition is a set of leaves of which at least one holds
// whenever the condition does. A rule is evaluated only when its cover has
// hit.
type cover struct {
	leaves []int32
	worth  int // the least of its leaves' worths: how rarely it is expected to hit
}

// better prefers what hits rarely, then what needs fewer literals.
func (c cover) better(d cover) bool {
	if c.worth != d.worth {
		return c.worth > d.worth
	}
	return len(c.leaves) < len(d.leaves)
}

// cover returns the cover of a node: of an And its best part's; of an Or the
// union of all parts', none if one part has none; of a Match or a Regexp the leaf
// itself when it needs a literal; of a Not and of all other tests none.
func (c *compiler) cover(at int32) (best cover, ok bool) {
	n := c.nodes[at]
	switch n.kind {
	case leafNode:
		worth, ok := c.leaves[n.first].worth()
		return cover{leaves: []int32{n.first}, worth: worth}, ok
	case andNode:
		for i := range n.count {
			part, has := c.cover(n.first + i)
			if has && (!ok || part.better(best)) {
				best, ok = part, true
			}
		}
		return best, ok
	case orNode:
		best.worth = math.MaxInt
		for i := range n.count {
			part, has := c.cover(n.first + i)
			if !has {
				return cover{}, false
			}
			best.leaves = append(best.leaves, part.leaves...)
			best.worth = min(best.worth, part.worth)
		}
		slices.Sort(best.leaves)
		best.leaves = slices.Compact(best.leaves)
		return best, true
	case boolNode:
		return cover{worth: math.MaxInt}, n.count == 0
	}
	return cover{}, false
}

// worth is the least worth of the leaf's alternatives; ok is false when one of
// them needs no literal.
func (l *leaf) worth() (worth int, ok bool) {
	switch l.test.(type) {
	case Match, Regexp:
	default:
		return 0, false
	}
	if len(l.alternatives) == 0 {
		return 0, false
	}
	worth = math.MaxInt
	for i := range l.alternatives {
		p, r := l.alternatives[i].best()
		if p < 0 {
			return 0, false
		}
		worth = min(worth, literalWorth(l.alternatives[i].pieces[p][r].literal))
	}
	switch {
	case coarse(l.field):
		worth = 0
	case !l.field.IsPath():
		// A path is the longest text and has several spellings: where another
		// field tells as much, leave it alone.
		worth += worth / 2
	}
	return worth, true
}

// best returns the place of the literal that the pattern is filed under: piece
// and run, or a piece below 0 when the pattern has no literal.
func (w *wildcard) best() (piece, at int) {
	piece = -1
	most := -1
	for i, p := range w.pieces {
		for j, r := range p {
			if r.literal == "" {
				continue
			}
			if n := literalWorth(r.literal); n > most {
				most, piece, at = n, i, j
			}
		}
	}
	return piece, at
}

// literalWorth guesses how rare a text that holds the literal is: the code
// points of its segments, but for those that most paths have.
func literalWorth(literal string) int {
	worth := 0
	for segment := range strings.SplitSeq(literal, `\`) {
		if !isCommon(strings.ToLower(segment)) {
			worth += utf8.RuneCountInString(segment)
		}
	}
	return worth
}

// isCommon reports whether a segment, in lower case, is one that a large part
// of all registry events has in its path, its data or its image.
func isCommon(segment string) bool {
	switch segment {
	case "hklm", "hku", "hkcr", "hkcu", "hkey_users", "hkey_local_machine", "hkey_classes_root", "hkey_current_user",
		"registry", "machine", "user",
		"software", "microsoft", "windows", "windows nt", "currentversion", "policies", "classes", "explorer", "wow6432node",
		"system", "currentcontrolset", "controlset001", "controlset", "control", "services",
		"c:", "program files", "program files (x86)", "system32", "svchost.exe", "setvalue",
		"dword (0x00000000)", "dword (0x00000001)", "0x00000000", "0x00000001", "(empty)", "binary data", "(default)":
		return true
	}
	return false
}

// coarse reports whether a field has so few texts that any of them is common.
func coarse(f schemas.Field) bool {
	switch f {
	case schemas.RegistryHive, schemas.RegistryDataType,
		schemas.EventCategory, schemas.EventType, schemas.EventAction, schemas.SysmonEventType, schemas.SysmonEventID,
		schemas.EventCode, schemas.EventProvider, schemas.EventDataset, schemas.EventModule, schemas.Channel,
		schemas.ProcessSignatureExists, schemas.ProcessSignatureTrusted, schemas.ProcessSignatureStatus,
		schemas.HostOSType:
		return true
	}
	return false
}
