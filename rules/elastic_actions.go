package rules

import (
	"slices"
	"strings"

	"github.com/regtrap/regtrap/matcher"
	"github.com/regtrap/regtrap/schemas"
)

// actionsOf returns the actions on which x may hold, and those on which it may
// not: tests of event.type and event.action are decided by the action alone.
func actionsOf(x matcher.Expr) (may, mayNot schemas.Actions) {
	switch x := x.(type) {
	case matcher.And:
		may = schemas.AllActions
		for _, p := range x {
			m, n := actionsOf(p)
			may, mayNot = may&m, mayNot|n
		}
		return may, mayNot
	case matcher.Or:
		mayNot = schemas.AllActions
		for _, p := range x {
			m, n := actionsOf(p)
			may, mayNot = may|m, mayNot&n
		}
		return may, mayNot
	case matcher.Not:
		may, mayNot = actionsOf(x.X)
		return mayNot, may
	case matcher.Named:
		return actionsOf(x.X)
	case matcher.Bool:
		if x {
			return schemas.AllActions, 0
		}
		return 0, schemas.AllActions
	case matcher.Match:
		words := actionWords(x.Field)
		if words == nil {
			return schemas.AllActions, schemas.AllActions
		}
		tokens := x.Pattern.Tokens()
		if len(tokens) != 1 || tokens[0].Kind != matcher.Literal {
			return schemas.AllActions, schemas.AllActions
		}
		for action, word := range words {
			if word == tokens[0].Literal || !x.Cased && strings.EqualFold(word, tokens[0].Literal) {
				may |= schemas.ActionSet(action)
			}
		}
		// An event of which it is not said what was done has neither field.
		return may | schemas.ActionSet(schemas.ActionUnknown), schemas.AllActions &^ may
	}
	return schemas.AllActions, schemas.AllActions
}

// actionWords are the texts of event.type and event.action.
func actionWords(f schemas.Field) map[schemas.Action]string {
	words := map[schemas.Action][2]string{
		schemas.ValueSet: {"change", "modification"}, schemas.KeyCreated: {"creation", "creation"},
		schemas.KeyDeleted: {"deletion", "deletion"}, schemas.ValueDeleted: {"deletion", "deletion"},
		schemas.KeyRenamed: {"change", "rename"}, schemas.ValueRenamed: {"change", "rename"}, schemas.Queried: {"access", "query"},
	}
	i := slices.Index([]schemas.Field{schemas.EventType, schemas.EventAction}, f)
	if i < 0 {
		return nil
	}
	list := make(map[schemas.Action]string)
	for a, w := range words {
		list[a] = w[i]
	}
	return list
}
