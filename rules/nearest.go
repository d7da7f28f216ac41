package rules

import (
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"

	"github.com/regtrap/regtrap/registry"
	"github.com/regtrap/regtrap/schemas"
)

// nearest returns the word that was most likely meant, or "" when none is near:
// a third of its letters may be wrong, and any may have the wrong case. Of words
// that text is one of none is meant.
func nearest(text string, words []string) string {
	if slices.Contains(words, text) {
		return ""
	}
	best, least := "", 0
	for _, word := range words {
		a, b := registry.Fold(text), registry.Fold(word)
		d := levenshtein.ComputeDistance(a, b)
		if d == 2 && sameLetters(a, b) {
			d = 1 // two letters exchanged are one mistake
		}
		if d <= max(1, min(len(word), len(text))/3) && (best == "" || d < least) {
			best, least = word, d
		}
	}
	return best
}

func sameLetters(a, b string) bool {
	x, y := []rune(a), []rune(b)
	slices.Sort(x)
	slices.Sort(y)
	return slices.Equal(x, y)
}

// suggest returns the word that was most likely meant, or all of them.
func suggest(text string, words []string) string {
	if near := nearest(text, words); near != "" {
		return near
	}
	return strings.Join(words, ", ")
}

// sigmaNames are the names of all fields that a Sigma rule can test.
func sigmaNames() []string {
	var names []string
	for f := range schemas.Field(schemas.NumFields) {
		if name := f.Sigma(); name != "" {
			names = append(names, name)
		}
	}
	return names
}

// attributes are those that a Sigma rule may have, and regtrap's own.
func attributes() []string {
	return []string{
		"title", "id", "related", "name", "taxonomy", "status", "description", "license", "author", "references", "date", "modified",
		"logsource", "detection", "fields", "falsepositives", "level", "tags", "scope", "regtrap",
	}
}
