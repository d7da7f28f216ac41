package matcher

import (
	"cmp"
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/regtrap/regtrap/registry"
	"github.com/regtrap/regtrap/schemas"
)

// result is the value of a term.
type result struct {
	kind    resultKind
	numeric bool   // the text of a field whose number is in integer or decimal
	whole   bool   // a whole-value text
	isFloat bool   // the number is in decimal
	text    string // of textKind
	folded  string // of a field's text and of a constant
	integer int64  // 1 of true
	decimal float64
}

type resultKind uint8

const (
	nullKind resultKind = iota
	textKind
	numberKind
	truthKind
)

func textResult(s string) result   { return result{kind: textKind, text: s} }
func integerResult(n int64) result { return result{kind: numberKind, numeric: true, integer: n} }
func decimalResult(f float64) result {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return result{}
	}
	return result{kind: numberKind, numeric: true, isFloat: true, decimal: f}
}

func truthResult(b bool) result {
	r := result{kind: truthKind}
	if b {
		r.integer = 1
	}
	return r
}

// refResult is the text of a field.
func refResult(v *schemas.Value) result {
	if v.Opaque {
		return result{}
	}
	r := result{kind: textKind, text: v.Text, folded: v.Folded, whole: v.Whole}
	if v.Numeric {
		r.numeric = true
		if r.integer = int64(v.Number); r.integer < 0 {
			r.isFloat, r.decimal = true, float64(v.Number)
		}
	}
	return r
}

// string returns the value as a text, to functions.
func (r *result) string() (string, bool) {
	if r.kind == textKind && r.whole {
		return "", false
	}
	return r.words(), r.kind != nullKind
}

// words is the value as a text, to comparisons.
func (r *result) words() string {
	switch {
	case r.kind == truthKind:
		return strconv.FormatBool(r.integer == 1)
	case r.kind == numberKind && r.isFloat:
		return decimal(r.decimal)
	case r.kind == numberKind:
		return strconv.FormatInt(r.integer, 10)
	}
	return r.text
}

// fold is words without case.
func (r *result) fold() string {
	if r.kind == textKind && r.folded != "" {
		return r.folded
	}
	return registry.Fold(r.words())
}

func (r *result) float() float64 {
	if r.isFloat {
		return r.decimal
	}
	return float64(r.integer)
}

// value evaluates a term.
func (o *operation) value(f *frame) result {
	switch {
	case o.ref >= 0:
		return refResult(&f.values[o.ref][f.chosen[o.ref]])
	case o.call == "":
		return o.constant
	case o.call == "length" && o.args[0].ref >= 0:
		return lengthOf(f.values[o.args[0].ref], f.chosen[o.args[0].ref])
	}
	a := o.args[0].value(f)
	if a.kind == nullKind {
		return a
	}
	var b, c, d result
	for i, to := range []*result{&b, &c, &d} {
		if i+1 < len(o.args) && o.networks == nil && o.call != "concat" {
			if *to = o.args[i+1].value(f); to.kind == nullKind {
				return result{}
			}
		}
	}
	switch o.call {
	case "known":
		return truthResult(true)
	case "equal", "less", "lessEqual", "greater", "greaterEqual":
		return o.compare(&a, &b)
	case "add", "subtract", "multiply", "divide", "modulo":
		return arithmetic(o.call, &a, &b)
	case "concat":
		return o.concat(f)
	}
	s, ok := a.string()
	if !ok {
		return result{}
	}
	switch o.call {
	case "string":
		return textResult(s)
	case "length":
		return integerResult(int64(utf8.RuneCountInString(s)))
	case "number":
		return number(s, &b)
	case "substring":
		return substring(s, &b, &c)
	case "matches":
		return truthResult(o.re.MatchString(s))
	case "cidrMatch":
		return o.within(s)
	case "like":
		if o.fold {
			s = a.fold()
		}
		return truthResult(o.like.matches(s))
	}
	part, ok := b.string()
	if !ok {
		return result{}
	}
	in := s
	if o.fold {
		in, part = a.fold(), b.fold()
	}
	switch o.call {
	case "startsWith":
		return truthResult(strings.HasPrefix(in, part))
	case "endsWith":
		return truthResult(strings.HasSuffix(in, part))
	case "stringContains":
		return truthResult(strings.Contains(in, part))
	case "indexOf":
		return indexOf(in, part, &c)
	default:
		return o.between(s, in, part, &c, &d)
	}
}

// lengthOf is the length of the element that has the chosen text, as Length
// counts it.
func lengthOf(vs []schemas.Value, chosen int) result {
	first := chosen
	for first > 0 && vs[first-1].Element == vs[chosen].Element {
		first--
	}
	if vs[first].Opaque {
		return result{}
	}
	return integerResult(int64(elementLength(vs[first:])))
}

// compare compares numbers when both are, and texts otherwise. Texts and
// numbers have no order between them.
func (o *operation) compare(a, b *result) result {
	op := o.op
	if a.numeric && b.numeric {
		sign := cmp.Compare(a.integer, b.integer)
		if a.isFloat || b.isFloat {
			sign = cmp.Compare(a.float(), b.float())
		}
		if op.holds(sign) || op != Equal {
			return truthResult(op.holds(sign))
		}
	}
	if op != Equal && a.kind != b.kind {
		return result{}
	}
	if o.fold || a.kind == truthKind || b.kind == truthKind { // true is written in any case
		return truthResult(op.holds(strings.Compare(a.fold(), b.fold())))
	}
	return truthResult(op.holds(strings.Compare(a.words(), b.words())))
}

// arithmetic is null where the result is no number: a division by zero, an
// overflow. Integers are divided as Go and Java do, towards zero.
func arithmetic(op string, a, b *result) result {
	if !a.numeric || !b.numeric {
		return result{}
	}
	if a.isFloat || b.isFloat {
		x, y := a.float(), b.float()
		switch op {
		case "add":
			return decimalResult(x + y)
		case "subtract":
			return decimalResult(x - y)
		case "multiply":
			return decimalResult(x * y)
		case "divide":
			return decimalResult(x / y)
		}
		return decimalResult(math.Mod(x, y))
	}
	x, y, z := big.NewInt(a.integer), big.NewInt(b.integer), new(big.Int)
	switch op {
	case "add":
		z.Add(x, y)
	case "subtract":
		z.Sub(x, y)
	case "multiply":
		z.Mul(x, y)
	default:
		if y.Sign() == 0 {
			return result{}
		}
		if op == "divide" {
			z.Quo(x, y)
		} else {
			z.Rem(x, y)
		}
	}
	if !z.IsInt64() {
		return result{}
	}
	return integerResult(z.Int64())
}
