package rules

import (
	"fmt"
	"net/netip"
	"strconv"

	"github.com/regtrap/regtrap/matcher"
	"github.com/regtrap/regtrap/rules/eql"
)

// value is what a part of a query that is neither true nor false by itself
// compiles to.
type value struct {
	source eql.Expr
	term   matcher.Term // nil is null
	kind   valueKind
}

// valueKind is what can be known of a value without an event.
type valueKind string

const (
	anyValue    valueKind = "field" // as the event has it
	textValue   valueKind = "text"
	numberValue valueKind = "number"
	truthValue  valueKind = "truth value"
	nullValue   valueKind = "null"
)

func (v value) constant() bool {
	switch v.term.(type) {
	case matcher.Ref, matcher.Call:
		return false
	}
	return true
}

// value compiles a value; ok is false when it was rejected.
func (c *eqlCompiler) value(x eql.Expr) (v value, ok bool) {
	v = value{source: x}
	switch x := x.(type) {
	case eql.Field:
		if f, known := c.field(x); known {
			v.term, v.kind = matcher.Ref{Field: f}, anyValue
			return v, true
		}
		v.kind = nullValue
		return v, true
	case eql.Null:
		v.kind = nullValue
		return v, true
	case eql.Text:
		v.term, v.kind = matcher.Text(x.Value), textValue
		return v, true
	case eql.Bool:
		v.term, v.kind = matcher.Bool(x.Value), truthValue
		return v, true
	case eql.Number:
		return c.number(v, x, x.Source)
	case eql.Negative:
		if n, ok := x.X.(eql.Number); ok {
			return c.number(v, x, "-"+n.Source)
		}
		return c.function(v, signature{args: []valueKind{numberValue, numberValue}, result: numberValue}, matcher.Call{Name: "subtract"},
			[]eql.Expr{eql.Number{Source: "0", Pos: x.Pos}, x.X})
	case eql.Arithmetic:
		name := map[byte]string{'+': "add", '-': "subtract", '*': "multiply", '/': "divide", '%': "modulo"}[x.Op]
		return c.function(v, signatures[name], matcher.Call{Name: name}, []eql.Expr{x.Left, x.Right})
	case eql.Call:
		s, known := signatures[x.Name]
		switch {
		case !known:
			c.reject(x, CodeModifier, fmt.Sprintf("the function %s is not known", x.Name),
				"add, between, cidrMatch, concat, divide, endsWith, indexOf, length, modulo, multiply, number, startsWith, string, stringContains, substring, subtract, wildcard or match")
			return v, false
		case x.Fold && !s.fold:
			c.reject(x, CodeModifier, fmt.Sprintf("%s~: the function compares no texts", x.Name), x.Name+" without ~")
			return v, false
		}
		return c.function(v, s, matcher.Call{Name: x.Name, Fold: x.Fold}, x.Args)
	}
	c.reject(x, CodeUnsupported, fmt.Sprintf("%s is true or false: as a value it is not supported", x), "a field, a constant, a function or arithmetic")
	return v, false
}

func (c *eqlCompiler) number(v value, x eql.Expr, source string) (value, bool) {
	v.kind = numberValue
	if n, err := strconv.ParseInt(source, 10, 64); err == nil {
		v.term = matcher.Integer(n)
		return v, true
	}
	f, err := strconv.ParseFloat(source, 64)
	if err != nil {
		c.reject(x, CodeValue, fmt.Sprintf("%s is too large", source), "a number of 64 bits")
		return v, false
	}
	v.term = matcher.Decimal(f)
	return v, true
}

// signature is what a function takes and returns. Elasticsearch, EQL function
// reference.
type signature struct {
	args   []valueKind // anyValue takes every kind
	least  int         // of them that must be there; 0 is all
	more   bool        // the last may be repeated
	fold   bool        // has a form without case, with ~
	result valueKind
}

var signatures = map[string]signature{
	"add":            {args: []valueKind{numberValue, numberValue}, result: numberValue},
	"subtract":       {args: []valueKind{numberValue, numberValue}, result: numberValue},
	"multiply":       {args: []valueKind{numberValue, numberValue}, result: numberValue},
	"divide":         {args: []valueKind{numberValue, numberValue}, result: numberValue},
	"modulo":         {args: []valueKind{numberValue, numberValue}, result: numberValue},
	"between":        {args: []valueKind{textValue, textValue, textValue, truthValue}, least: 3, fold: true, result: textValue},
	"cidrMatch":      {args: []valueKind{textValue, textValue}, more: true, result: truthValue},
	"concat":         {args: []valueKind{anyValue}, more: true, result: textValue},
	"startsWith":     {args: []valueKind{textValue, textValue}, fold: true, result: truthValue},
	"endsWith":       {args: []valueKind{textValue, textValue}, fold: true, result: truthValue},
	"stringContains": {args: []valueKind{textValue, textValue}, fold: true, result: truthValue},
	"indexOf":        {args: []valueKind{textValue, textValue, numberValue}, least: 2, fold: true, result: numberValue},
	"length":         {args: []valueKind{textValue}, result: numberValue},
	"number":         {args: []valueKind{textValue, numberValue}, least: 1, result: numberValue},
	"string":         {args: []valueKind{anyValue}, result: textValue},
	"substring":      {args: []valueKind{textValue, numberValue, numberValue}, least: 2, result: textValue},
}

// function compiles a function of values: null when one of them is, a constant
// when all are.
func (c *eqlCompiler) function(v value, s signature, call matcher.Call, args []eql.Expr) (value, bool) {
	least := s.least
	if least == 0 {
		least = len(s.args)
	}
	if len(args) < least || len(args) > len(s.args) && !s.more {
		c.reject(v.source, CodeModifier, fmt.Sprintf("%s has %d arguments", v.source, len(args)), s.count(least))
		return v, false
	}
	ok, null := true, false
	for i, x := range args {
		arg, fine := c.value(x)
		want := s.args[min(i, len(s.args)-1)]
		switch {
		case !fine:
			ok = false
		case arg.kind == nullValue && i >= least && isNull(x) && !s.more: // as if it were left out
			continue
		case want != anyValue && arg.kind != want && arg.kind != anyValue && arg.kind != nullValue:
			c.reject(x, CodeValue, fmt.Sprintf("%s is a %s, argument %d of %s", x, arg.kind, i+1, call.Name), "a "+string(want))
			ok = false
		case call.Name == "cidrMatch" && i > 0:
			ok = c.network(arg) && ok
		}
		call.Args = append(call.Args, arg.term)
		null = null || arg.term == nil
	}
	v.kind = s.result
	switch {
	case !ok:
		return v, false
	case null:
		return v, true
	}
	if v.term = call; len((matcher.Relation{Term: call}).Refs()) == 0 {
		v.term = matcher.Constant(call)
	}
	return v, true
}

func (s signature) count(least int) string {
	switch {
	case s.more:
		return fmt.Sprintf("%d or more", least)
	case least < len(s.args):
		return fmt.Sprintf("%d to %d", least, len(s.args))
	}
	return strconv.Itoa(least)
}

// network checks an argument of cidrMatch.
func (c *eqlCompiler) network(arg value) bool {
	text, ok := arg.term.(matcher.Text)
	if _, err := netip.ParsePrefix(string(text)); !ok || err != nil {
		c.reject(arg.source, CodeValue, fmt.Sprintf("%s is no network", arg.source), `a text in quotes, as in "10.0.0.0/8" or "fe80::/10"`)
		return false
	}
	return true
}
