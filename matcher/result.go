package matcher

import (
	"cmp"
	"math"
	"math/big"
	"net/netip"
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

func (o *operation) concat(f *frame) result {
	var b strings.Builder
	for i := range o.args {
		r := o.args[i].value(f)
		s, ok := r.string()
		if !ok {
			return result{}
		}
		b.WriteString(s)
	}
	return textResult(b.String())
}

// number reads a text in base 10, or 16 behind 0x, or in the given base.
func number(s string, base *result) result {
	radix := 10
	digits, hexadecimal := strings.CutPrefix(s, "0x")
	switch {
	case base.numeric && !base.isFloat:
		if base.integer < 2 || base.integer > 36 {
			return result{}
		}
		radix = int(base.integer)
		if radix == 16 {
			s = digits
		}
	case base.kind != nullKind:
		return result{}
	case hexadecimal:
		s, radix = digits, 16
	}
	if n, err := strconv.ParseInt(s, radix, 64); err == nil {
		return integerResult(n)
	}
	if radix != 10 || strings.ContainsAny(s, "xXpP_") {
		return result{}
	}
	n, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return result{}
	}
	return decimalResult(n)
}

// position takes an argument that is a position.
func position(r *result, otherwise int) (int, bool) {
	switch {
	case r.kind == nullKind:
		return otherwise, true
	case !r.numeric || r.isFloat:
		return 0, false
	}
	return int(min(max(r.integer, math.MinInt32), math.MaxInt32)), true
}

// substring cuts from start to end; what is below 0 counts from the end.
func substring(s string, start, end *result) result {
	n := utf8.RuneCountInString(s)
	from, ok := position(start, 0)
	to, ok2 := position(end, n)
	if !ok || !ok2 {
		return result{}
	}
	if from < 0 {
		from += n
	}
	if to < 0 {
		to += n
	}
	from, to = max(from, 0), min(to, n)
	if from >= to {
		return textResult("")
	}
	return textResult(s[offset(s, from):offset(s, to)])
}

// offset is that of a code point, in bytes.
func offset(s string, runes int) int {
	for i := range s {
		if runes == 0 {
			return i
		}
		runes--
	}
	return len(s)
}

func indexOf(s, part string, start *result) result {
	from, ok := position(start, 0)
	if !ok {
		return result{}
	}
	from = offset(s, max(from, 0))
	i := strings.Index(s[from:], part)
	if i < 0 {
		return result{}
	}
	return integerResult(int64(utf8.RuneCountInString(s[:from+i])))
}

// between cuts what stands in s between left and right, which are looked for
// in in: s, or s without case. A text that holds neither has nothing between.
func (o *operation) between(s, in, left string, right, greedy *result) result {
	end, ok := right.string()
	if !ok || greedy.kind != nullKind && greedy.kind != truthKind {
		return result{}
	}
	if o.fold {
		end = right.fold()
	}
	from := strings.Index(in, left)
	if from < 0 {
		return textResult("")
	}
	from += len(left)
	to := strings.Index(in[from:], end)
	if greedy.integer == 1 {
		to = strings.LastIndex(in[from:], end)
	}
	if to < 0 {
		return textResult("")
	}
	// The text without case has as many code points, of other lengths.
	first := utf8.RuneCountInString(in[:from])
	last := first + utf8.RuneCountInString(in[from:from+to])
	return textResult(s[offset(s, first):offset(s, last)])
}

// within reports whether s is an address of one of the networks.
func (o *operation) within(s string) result {
	address, err := netip.ParseAddr(s)
	if err != nil {
		return result{}
	}
	address = address.Unmap().WithZone("")
	for _, network := range o.networks {
		if network.Contains(address) {
			return truthResult(true)
		}
	}
	return truthResult(false)
}
