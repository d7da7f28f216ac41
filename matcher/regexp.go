package matcher

import (
	"math"
	"regexp"
	"regexp/syntax"
	"slices"
	"unicode/utf8"
)

// maxNecessary bounds the literals of one regular expression.
const maxNecessary = 64

// necessary returns literals of which every text that re matches holds one,
// but for the case of its letters; none when there are no such literals. So a
// rule that hangs on a regular expression need not be evaluated on every event.
//
// An expression that ignores case matches the letters that unicode.SimpleFold
// counts as one, which registry.Fold makes one; so the fold of a literal is in the
// fold of the text. A byte that is not UTF-8 matches U+FFFD: no literal has it.
func necessary(re *regexp.Regexp) []string {
	tree, err := syntax.Parse(re.String(), syntax.Perl)
	if err != nil {
		return nil // POSIX's, perhaps
	}
	literals := necessaryOf(tree)
	slices.Sort(literals)
	return slices.Compact(literals)
}

func necessaryOf(re *syntax.Regexp) []string {
	switch re.Op {
	case syntax.OpLiteral:
		if slices.ContainsFunc(re.Rune, func(r rune) bool { return r == utf8.RuneError || !utf8.ValidRune(r) }) {
			return nil
		}
		return []string{string(re.Rune)}
	case syntax.OpCapture, syntax.OpPlus:
		return necessaryOf(re.Sub[0])
	case syntax.OpRepeat:
		if re.Min > 0 {
			return necessaryOf(re.Sub[0])
		}
	case syntax.OpConcat:
		var best []string
		for _, sub := range re.Sub {
			if part := necessaryOf(sub); part != nil && (best == nil || rarity(part) > rarity(best)) {
				best = part
			}
		}
		return best
	case syntax.OpAlternate:
		var all []string
		for _, sub := range re.Sub {
			part := necessaryOf(sub)
			if part == nil || len(all)+len(part) > maxNecessary {
				return nil
			}
			all = append(all, part...)
		}
		return all
	}
	return nil
}

// rarity orders literals by how rarely a text is expected to hold one of them:
// by their least worth, then by length. A letter or two are everywhere.
func rarity(literals []string) int {
	least := math.MaxInt
	for _, l := range literals {
		worth := literalWorth(l)
		if worth < 3 {
			worth = 0
		}
		least = min(least, worth<<16+min(len(l), 1<<16-1))
	}
	return least
}

// holding returns patterns that a text matches when it holds one of the literals.
func holding(literals []string) ([]wildcard, error) {
	var all []wildcard
	for _, l := range literals {
		w, err := compileWildcard(NewPattern(Token{Kind: Star}, Token{Kind: Literal, Literal: l}, Token{Kind: Star}))
		if err != nil {
			return nil, err
		}
		all = append(all, w)
	}
	return all, nil
}
