package rules

import (
	"github.com/regtrap/regtrap/matcher"
	"github.com/regtrap/regtrap/schemas"
)

// part is a part of a condition in check. Its identity is its place in the
// condition: two parts that are alike are two.
type part struct {
	kind  partKind
	parts []*part // of allOf and anyOf; the one of noneOf
	value bool    // of constant
	leaf  *leaf
	name  string // of the selection that the part is, or stands in
	named bool   // the part is a selection
	at    place  // of a test
}

type partKind uint8

const (
	isLeaf partKind = iota
	isConstant
	allOf
	anyOf
	noneOf // not
)

// leaf is a test of one rule, shared by the parts that make it.
type leaf struct {
	x      matcher.Expr
	fields []schemas.Field
	truths truths
}

// conditionParts returns a condition as parts.
type conditionParts struct {
	facts  *facts
	places *places
	leaves map[string]*leaf
	list   []*leaf
}

func (c *conditionParts) part(x matcher.Expr, selection string) *part {
	p := &part{name: selection}
	switch x := x.(type) {
	case matcher.And:
		p.kind = allOf
		for _, y := range x {
			p.parts = append(p.parts, c.part(y, selection))
		}
	case matcher.Or:
		p.kind = anyOf
		for _, y := range x {
			p.parts = append(p.parts, c.part(y, selection))
		}
	case matcher.Not:
		p.kind = noneOf
		p.parts = []*part{c.part(x.X, selection)}
	case matcher.Named:
		p = c.part(x.X, x.Name)
		p.named = true
	case matcher.Bool:
		p.kind, p.value = isConstant, bool(x)
	default:
		key := x.String()
		if p.leaf = c.leaves[key]; p.leaf == nil {
			p.leaf = &leaf{x: x, fields: fieldsOf(x), truths: c.facts.of(x)}
			c.leaves[key] = p.leaf
			c.list = append(c.list, p.leaf)
		}
		p.at = c.places.condition
		if at, ok := c.places.tests[testInFile{selection, key}]; ok {
			p.at = at
		}
	}
	return p
}

// claim is that a part holds, or that it does not.
type claim struct {
	part  *part
	holds bool
}

// solver tells whether claims can all be true of one event. It is certain only
// that they cannot: then excludes, implies and what facts knows of tests prove
// it, by trying the alternatives one after the other.
type solver struct {
	action schemas.Action
	hold   []claim // of tests, that they hold
	fail   []claim // that they do not
	steps  *int    // that are left
	cause  cause   // of the last contradiction
}

// cause is two claims that exclude each other; b is nil when a alone is never
// so on events of the action.
type cause struct{ a, b *claim }

// maxSteps limits the pairs of tests that are compared for one rule, and the
// claims that are taken. A rule that
// needs more is not judged to the end.
const maxSteps = 500_000

// may reports whether the claims may be true together.
func (s *solver) may(claims []claim) bool {
	if *s.steps -= len(claims); *s.steps <= 0 {
		return true
	}
	defer s.back(len(s.hold), len(s.fail))
	open, ok := s.take(claims, nil)
	if !ok {
		return false
	}
	// What has one alternative left is certain.
	for again := true; again; {
		again = false
		for i := 0; i < len(open); i++ {
			left, n := s.alternatives(open[i], 2)
			switch n {
			case 0:
				return false
			case 1:
				open = append(open[:i:i], open[i+1:]...)
				if open, ok = s.take([]claim{left}, open); !ok {
					return false
				}
				again = true
				i--
			}
			if *s.steps <= 0 {
				return true
			}
		}
	}
	if len(open) == 0 {
		return true
	}
	// Try each alternative of the first with the others.
	rest := open[1:]
	for _, p := range open[0].part.parts {
		next := append([]claim{{p, open[0].holds}}, rest...)
		if *s.steps <= 0 || s.may(next) {
			return true
		}
	}
	return false
}

// back forgets what was taken since there were so many claims.
func (s *solver) back(hold, fail int) { s.hold, s.fail = s.hold[:hold], s.fail[:fail] }

// alternatives counts, up to a limit, the parts of an open claim that what is
// taken leaves possible, and returns the last of them.
func (s *solver) alternatives(c claim, limit int) (left claim, n int) {
	for _, p := range c.part.parts {
		hold, fail := len(s.hold), len(s.fail)
		_, ok := s.take([]claim{{p, c.holds}}, nil)
		s.back(hold, fail)
		if ok {
			left = claim{p, c.holds}
			if n++; n == limit {
				return left, n
			}
		}
	}
	return left, n
}

// take takes claims apart: what they say of tests is taken, and what leaves a
// choice is added to open. It returns false on a contradiction.
func (s *solver) take(claims, open []claim) ([]claim, bool) {
	for _, c := range claims {
		switch c.part.kind {
		case isConstant:
			if c.part.value != c.holds {
				s.cause = cause{a: &c}
				return open, false
			}
		case isLeaf:
			if !s.takeTest(c) {
				return open, false
			}
		case noneOf:
			var ok bool
			if open, ok = s.take([]claim{{c.part.parts[0], !c.holds}}, open); !ok {
				return open, false
			}
		default:
			if c.holds == (c.part.kind == allOf) {
				for _, p := range c.part.parts {
					var ok bool
					if open, ok = s.take([]claim{{p, c.holds}}, open); !ok {
						return open, false
					}
				}
			} else if len(c.part.parts) == 0 {
				s.cause = cause{a: &c}
				return open, false
			} else {
				open = append(open, c)
			}
		}
	}
	return open, true
}

func (s *solver) takeTest(c claim) bool {
	t := c.part.leaf
	switch t.truths[s.action] {
	case never:
		if c.holds {
			s.cause = cause{a: &c}
		}
		return !c.holds
	case always:
		if !c.holds {
			s.cause = cause{a: &c}
		}
		return c.holds
	}
	if !s.agree(c, s.hold) || c.holds && !s.agree(c, s.fail) {
		return false
	}
	if c.holds {
		s.hold = append(s.hold, c)
	} else {
		s.fail = append(s.fail, c)
	}
	return true
}

// agree compares a claim with others. Two that tests do not hold always agree.
func (s *solver) agree(c claim, with []claim) bool {
	*s.steps -= len(with)
	for i := range with {
		if *s.steps > 0 && contradict(with[i], c) {
			other := with[i]
			s.cause = cause{&other, &c}
			return false
		}
	}
	return true
}

// contradict reports whether two claims about tests exclude each other.
func contradict(a, b claim) bool {
	if a.part.leaf == b.part.leaf {
		return a.holds != b.holds
	}
	x, y := a.part.leaf.x, b.part.leaf.x
	switch {
	case a.holds && b.holds:
		return excludes(x, y)
	case a.holds:
		return implies(x, y)
	case b.holds:
		return implies(y, x)
	}
	return false
}
