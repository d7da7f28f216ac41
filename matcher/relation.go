package matcher

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"

	"github.com/regtrap/regtrap/registry"
	"github.com/regtrap/regtrap/schemas"
)

// maxRefs bounds the fields of a relation, since every choice of their texts
// may be tried. No event has two fields of many elements that are no copies of
// each other, so the choices grow with the event's size, not with its square.
const maxRefs = 4

// relation is a compiled Relation.
type relation struct {
	refs []schemas.Field
	root operation
}

// operation is a compiled Term.
type operation struct {
	call     string // "" of a constant and of a Ref
	fold     bool
	args     []operation
	ref      int       // place in refs; below 0 of a constant
	constant result    // also of a call without refs
	op       CompareOp // of a comparison
	like     wildcard
	re       *regexp.Regexp
	networks []netip.Prefix
}

// Check says what Compile would: an unknown function, a wrong number of
// arguments, no field or too many.
func (x Relation) Check() error {
	_, err := compileRelation(x)
	return err
}

// Constant evaluates a term that names no field: to a Text, an Integer, a
// Decimal or a Bool, or to nil when it is null or Check would refuse it.
func Constant(x Term) Term {
	var r relation
	o, err := r.operation(x, 1)
	if err != nil || len((Relation{Term: x}).Refs()) > 0 {
		return nil
	}
	switch v := o.value(&frame{}); {
	case v.kind == textKind:
		return Text(v.text)
	case v.kind == numberKind && v.isFloat:
		return Decimal(v.decimal)
	case v.kind == numberKind:
		return Integer(v.integer)
	case v.kind == truthKind:
		return Bool(v.integer == 1)
	}
	return nil
}

// compileRelation checks x and compiles it.
func compileRelation(x Relation) (*relation, error) {
	r := &relation{refs: x.Refs()}
	switch {
	case len(r.refs) == 0:
		return nil, fmt.Errorf("%v: want a field", x)
	case len(r.refs) > maxRefs:
		return nil, fmt.Errorf("%v: more than %d fields", x, maxRefs)
	}
	for _, f := range r.refs {
		if int(f) >= schemas.NumFields {
			return nil, fmt.Errorf("field %d: there are %d", f, schemas.NumFields)
		}
	}
	var err error
	r.root, err = r.operation(x.Term, 1)
	return r, err
}

func (r *relation) operation(x Term, depth int) (operation, error) {
	if depth > maxDepth {
		return operation{}, fmt.Errorf("relation is nested more than %d deep", maxDepth)
	}
	o := operation{ref: -1}
	switch x := x.(type) {
	case Ref:
		for i, f := range r.refs {
			if f == x.Field {
				o.ref = i
			}
		}
	case Text:
		o.constant = textResult(string(x))
		o.constant.folded = registry.Fold(string(x))
	case Integer:
		o.constant = integerResult(int64(x))
	case Decimal:
		o.constant = decimalResult(float64(x))
	case Bool:
		o.constant = truthResult(bool(x))
	case Call:
		return r.call(x, depth)
	default:
		return o, errors.New("relation has a nil term: want a field, a constant or a function")
	}
	return o, nil
}

func (r *relation) call(x Call, depth int) (operation, error) {
	o := operation{call: x.Name, fold: x.Fold, ref: -1}
	f, ok := functionOf(x.Name)
	switch {
	case !ok:
		return o, fmt.Errorf("function %q is not known", x.Name)
	case len(x.Args) < f.min || len(x.Args) > f.max:
		return o, fmt.Errorf("%v: %d arguments: want %d or more", x, len(x.Args), f.min)
	}
	for _, a := range x.Args {
		arg, err := r.operation(a, depth+1)
		if err != nil {
			return o, err
		}
		o.args = append(o.args, arg)
	}
	return o, o.prepare(x)
}

// prepare reads the operator of a comparison, and compiles the constant texts
// of what takes patterns.
func (o *operation) prepare(x Call) error {
	switch o.call {
	case "like", "matches", "cidrMatch":
	case "less":
		o.op = Less
		return nil
	case "lessEqual":
		o.op = LessEqual
		return nil
	case "equal":
		o.op = Equal
		return nil
	case "greaterEqual":
		o.op = GreaterEqual
		return nil
	case "greater":
		o.op = Greater
		return nil
	default:
		return nil
	}
	for _, a := range x.Args[1:] {
		text, ok := a.(Text)
		if !ok {
			return fmt.Errorf("%v: %v: want a constant text", x, a)
		}
		var err error
		switch o.call {
		case "like":
			var p Pattern
			var w []wildcard
			if p, err = ParsePattern(string(text)); err == nil {
				// The texts of a path are tried in all their spellings.
				w, err = alternatives(Match{Field: schemas.RegistryDataStrings, Pattern: p, Cased: !o.fold})
			}
			if err == nil {
				o.like = w[0]
			}
		case "matches":
			o.re, err = regexp.Compile(string(text))
		case "cidrMatch":
			var network netip.Prefix
			network, err = netip.ParsePrefix(string(text))
			if network.Addr().Is4In6() && network.Bits() >= 96 { // addresses are compared so, too
				network = netip.PrefixFrom(network.Addr().Unmap(), network.Bits()-96)
			}
			o.networks = append(o.networks, network.Masked())
		}
		if err != nil {
			return fmt.Errorf("%v: %w", x, err)
		}
	}
	return nil
}

// frame is one choice of texts.
type frame struct {
	values [maxRefs][]schemas.Value
	chosen [maxRefs]int
}

// find returns the text of the first field in the first choice for which the
// relation holds.
func (r *relation) find(ev values) (*schemas.Value, bool) {
	var f frame
	for i, field := range r.refs {
		if f.values[i] = ev.Values(field); len(f.values[i]) == 0 {
			return nil, false
		}
	}
	for {
		if got := r.root.value(&f); got.kind == truthKind && got.integer == 1 {
			return &f.values[0][f.chosen[0]], true
		}
		// The next choice, as an odometer turns.
		i := 0
		for ; i < len(r.refs); i++ {
			if f.chosen[i]++; f.chosen[i] < len(f.values[i]) {
				break
			}
			f.chosen[i] = 0
		}
		if i == len(r.refs) {
			return nil, false
		}
	}
}
