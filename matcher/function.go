package matcher

import (
	"math"
	"net/netip"
	"strconv"
	"strings"
	"unicode/utf8"
)

// This file holds the functions of texts (Elasticsearch, EQL function reference).
// result{} is null, which they return for what has no value.

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
