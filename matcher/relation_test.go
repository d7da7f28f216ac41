package matcher

import (
	"cmp"
	"fmt"
	"math"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/regtrap/regtrap/registry"
	"github.com/regtrap/regtrap/schemas"
)

// Each function has its rows in the language's reference.
func TestFunctionsGiveWhatTheReferenceSays(t *testing.T) {
	for _, tt := range []struct{ term, want string }{
		{`add(1, 2)`, `3`}, {`add(1, 0.5)`, `1.5`}, {`subtract(10, 2)`, `8`}, {`multiply(2, 4)`, `8`},
		{`divide(4, 3)`, `1`}, {`divide(-7, 2)`, `-3`}, {`divide(4, 2.0)`, `2.0`}, {`modulo(10, 6)`, `4`}, {`modulo(-7, 2)`, `-1`}, {`modulo(6.5, 4)`, `2.5`},
		{`divide(1, 0)`, ``}, {`divide(1.0, 0)`, ``}, {`modulo(1, 0)`, ``}, {`add(9223372036854775807, 1)`, ``}, {`multiply(9223372036854775807, -2)`, ``}, {`add("a", 1)`, ``},
		{`between("welcome event@elastic.co", "welcome ", "@")`, `"event"`},
		{`between("a.b.c.d", ".", ".")`, `"b"`}, {`between("a.b.c.d", ".", ".", true)`, `"b.c"`}, {`between("a.b.c.d", ".", ".", false)`, `"b"`},
		{`between("System Idle Process", "SYSTEM", "Process")`, `""`}, {`between~("System Idle Process", "SYSTEM ", " process")`, `"Idle"`},
		{`between("abc", "c", "b")`, `""`}, {`between("abc", "b", "b", true)`, `""`}, {`between("abc", "b", 1, "x")`, ``},
		{`cidrMatch("192.168.152.12", "192.168.0.0/16")`, `true`}, {`cidrMatch("192.168.152.12", "10.0.0.0/8", "192.168.0.0/16")`, `true`},
		{`cidrMatch("192.168.152.12", "10.0.0.0/8")`, `false`}, {`cidrMatch("2001:db8::1", "2001:db8::/32")`, `true`}, {`cidrMatch("::ffff:10.1.2.3", "10.0.0.0/8")`, `true`},
		{`cidrMatch("fe80::1%eth0", "fe80::/10")`, `true`}, {`cidrMatch("10.txt", "10.0.0.0/8")`, ``},
		{`concat("process is ", "regsvr32.exe")`, `"process is regsvr32.exe"`}, {`concat("user.id is ", 1000, true, 0.5)`, `"user.id is 1000true0.5"`},
		{`endsWith("regsvr32.exe", ".exe")`, `true`}, {`endsWith("regsvr32.exe", ".EXE")`, `false`}, {`endsWith~("regsvr32.exe", ".EXE")`, `true`},
		{`startsWith("regsvr32.exe", "regsvr32")`, `true`}, {`startsWith("regsvr32.exe", "RegSvr32")`, `false`}, {`startsWith~("regsvr32.exe", "RegSvr32")`, `true`},
		{`stringContains("start regsvr32.exe", "regsvr32")`, `true`}, {`stringContains("start regsvr32.exe", "START")`, `false`}, {`stringContains~("start regsvr32.exe", "START")`, `true`},
		{`indexOf("url.domain", ".")`, `3`}, {`indexOf("subdomain.url.domain", ".", 9)`, `9`}, {`indexOf("subdomain.url.domain", ".", 10)`, `13`}, {`indexOf("a", "A")`, ``}, {`indexOf~("bA", "a")`, `1`},
		{`indexOf("Ⱥb.", ".")`, `2`}, {`indexOf("abc", "", 2)`, `2`}, {`indexOf("abc", "c", 99)`, ``}, {`indexOf("abc", "a", -5)`, `0`},
		{`length("explorer.exe")`, `12`}, {`length("")`, `0`}, {`length("Ⱥ")`, `1`},
		{`number("1337")`, `1337`}, {`number("42.5")`, `42.5`}, {`number("deadbeef", 16)`, `3735928559`}, {`number("0x32")`, `50`}, {`number("0x32", 16)`, `50`}, {`number("x")`, ``}, {`number("1", 99)`, ``}, {`number("-5")`, `-5`},
		{`number("0x1p-2")`, ``}, {`number("1_0")`, ``}, {`number("1e3")`, `1000.0`}, {`number("Inf")`, ``}, {`number("1", "10")`, ``},
		{`string(42)`, `"42"`}, {`string(42.5)`, `"42.5"`}, {`string("regsvr32.exe")`, `"regsvr32.exe"`}, {`string(true)`, `"true"`},
		{`substring("start regsvr32.exe", 6)`, `"regsvr32.exe"`}, {`substring("start regsvr32.exe", 0, 5)`, `"start"`}, {`substring("start regsvr32.exe", 6, 14)`, `"regsvr32"`},
		{`substring("start regsvr32.exe", -4)`, `".exe"`}, {`substring("start regsvr32.exe", -4, -1)`, `".ex"`}, {`substring("abc", 2, 1)`, `""`}, {`substring("abc", -9, 99)`, `"abc"`}, {`substring("aȺc", 1, 2)`, `"Ⱥ"`},
		{`substring("abc", "1")`, ``}, {`substring("abc", 0.5)`, ``},
		{`equal(1, 1.0)`, `true`}, {`equal("a", "A")`, `false`}, {`equal~("a", "A")`, `true`}, {`equal("TRUE", true)`, `true`}, {`equal(5, "5")`, `true`},
		{`less("a", "b")`, `true`}, {`less("a", 1)`, ``}, {`less(1, 1.5)`, `true`}, {`lessEqual(2, 2)`, `true`}, {`greater(2, 2)`, `false`}, {`greaterEqual(2, 2)`, `true`},
		{`known(add(1, 1))`, `true`}, {`known(divide(1, 0))`, ``},
		{`like("abc", "a*")`, `true`}, {`like("abc", "A*")`, `false`}, {`like~("abc", "A?C")`, `true`}, {`matches("abc", "^b")`, `false`}, {`matches("abc", "b")`, `true`},
	} {
		got := ""
		if v := Constant(mustParse(t, "where "+tt.term).(Relation).Term); v != nil {
			got = v.String()
		}
		if got != tt.want {
			t.Errorf("%s = %s, want %s", tt.term, got, tt.want)
		}
	}
}

func TestARelationIsAboutOneChoiceOfTexts(t *testing.T) {
	ev := record{
		schemas.RegistryPath: {{Text: `HKLM\A`, Folded: `hklm\a`}, {Text: `\REGISTRY\MACHINE\A`, Folded: `\registry\machine\a`}},
		schemas.RegistryDataStrings: {
			{Text: "(Empty)", Folded: "(empty)"}, {Text: "", Folded: ""},
			{Text: "0x7", Folded: "0x7", Element: 1, Numeric: true, Number: 7}, {Text: "7", Folded: "7", Element: 1, Numeric: true, Number: 7, Whole: true},
			{Text: "Binary Data", Folded: "binary data", Element: 2, Opaque: true},
			{Text: "18446744073709551615", Folded: "18446744073709551615", Element: 3, Numeric: true, Number: math.MaxUint64},
		},
		schemas.ProcessName: {{Text: "7", Folded: "7"}},
		schemas.FilePath:    {{Text: `\registry\machine\a`, Folded: `\registry\machine\a`}},
	}
	for _, tt := range []struct {
		condition string
		want      bool
	}{
		{`where equal~(registry.path, file.path)`, true},
		{`where equal(registry.path, file.path)`, false},
		{`where equal(registry.path, user.name)`, false}, // null
		{`where equal(user.name, registry.path)`, false}, // null
		{`not where equal(registry.path, user.name)`, true},
		{`where equal(process.name, registry.data.strings)`, true},                            // a whole value
		{`where startsWith(process.name, registry.data.strings)`, true},                       // of the empty text
		{`where stringContains(registry.data.strings, process.name)`, true},                   // of 0x7
		{`where equal(concat(registry.data.strings, "!"), concat(process.name, "!"))`, false}, // the whole-value text
		{`where equal(add(registry.data.strings, 1), 8)`, true},
		{`where greater(add(registry.data.strings, 1), 18000000000000000000.0)`, true},
		{`where equal(length(registry.data.strings), 0)`, true},
		{`where equal(length(registry.data.strings), 7)`, false}, // neither (Empty) nor hidden data
		{`where equal(registry.data.strings, "Binary Data")`, false},
		{`where known(length(registry.data.strings))`, true},
		{`where known(indexOf(registry.path, "HKLM", 1))`, false},
		// The same field is the same text: no text is both.
		{`where equal(concat(startsWith(registry.path, "HKLM"), startsWith(registry.path, "\REG")), "truetrue")`, false},
		{`where equal(concat(startsWith(registry.path, "HKLM"), startsWith(registry.path, "\REG")), "falsetrue")`, true},
		{`where registry.path`, false}, // a text is not true
	} {
		x := mustParse(t, tt.condition)
		set, err := Compile([]Rule{{x, schemas.AllActions}})
		if err != nil {
			t.Fatal(err)
		}
		if got := len(set.NewMatcher().match(nil, schemas.ValueSet, ev)) == 1; got != tt.want {
			t.Errorf("%s: %v", tt.condition, got)
		}
		if evaluate(x, ev) != tt.want {
			t.Errorf("%s: the obvious evaluator disagrees", tt.condition)
		}
	}
}

func TestARelationThatCannotBeEvaluatedIsRefused(t *testing.T) {
	for _, tt := range []struct{ term, want string }{
		{`equal(1, 1)`, "want a field"},
		{`equal(file.path)`, "1 arguments: want 2"},
		{`substring(file.path, 1, 2, 3)`, "4 arguments"},
		{`sqrt(file.path)`, `function "sqrt" is not known`},
		{`like(file.path, file.path)`, "want a constant text"},
		{`like(file.path, "[")`, "a bracket is written"},
		{`matches(file.path, "(")`, "missing closing )"},
		{`cidrMatch(file.path, "10.0.0.0")`, "no '/'"},
		{`concat(file.path, process.name, registry.path, user.name, host.name)`, "more than 4 fields"},
	} {
		_, err := Compile([]Rule{{mustParse(t, "where "+tt.term), schemas.AllActions}})
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.term, err, tt.want)
		}
	}
	for _, x := range []Term{nil, Call{Name: "known"}, Call{Name: "known", Args: []Term{nil}}, Ref{200}} {
		if _, err := Compile([]Rule{{Relation{Term: x}, schemas.AllActions}}); err == nil {
			t.Errorf("%v is accepted", x)
		}
	}
}

// choices calls yield with every choice of one text of each field.
func choices(refs []schemas.Field, ev values, chosen map[schemas.Field]schemas.Value, yield func(map[schemas.Field]schemas.Value) bool) bool {
	if len(refs) == 0 {
		return yield(chosen)
	}
	return slices.ContainsFunc(ev.Values(refs[0]), func(v schemas.Value) bool {
		chosen[refs[0]] = v
		return choices(refs[1:], ev, chosen, yield)
	})
}

// evaluateRelation is the obvious evaluator of relations: values are nil,
// string, int64, float64 and bool, the text of a field a schemas.Value.
func evaluateRelation(x Relation, ev values) bool {
	return choices(x.Refs(), ev, make(map[schemas.Field]schemas.Value), func(chosen map[schemas.Field]schemas.Value) bool {
		return evaluateTerm(x.Term, ev, chosen) == true
	})
}

func evaluateTerm(x Term, ev values, chosen map[schemas.Field]schemas.Value) any {
	switch x := x.(type) {
	case Ref:
		if v := chosen[x.Field]; !v.Opaque {
			return v
		}
		return nil
	case Text:
		return string(x)
	case Integer:
		return int64(x)
	case Decimal:
		return float64(x)
	case Bool:
		return bool(x)
	}
	c := x.(Call)
	if ref, ok := c.Args[0].(Ref); ok && c.Name == "length" {
		for n := int64(0); n < 1000; n++ { // by the definition of Length
			one := record{ref.Field: element(ev.Values(ref.Field), chosen[ref.Field].Element)}
			if !one[ref.Field][0].Opaque && evaluate(Length{ref.Field, Equal, n}, one) {
				return n
			}
		}
		return nil
	}
	var args []any
	for _, a := range c.Args {
		v := evaluateTerm(a, ev, chosen)
		if v == nil {
			return nil
		}
		args = append(args, v)
	}
	return apply(c, args)
}

func element(vs []schemas.Value, n uint16) (list []schemas.Value) {
	for _, v := range vs {
		if v.Element == n {
			list = append(list, v)
		}
	}
	return list
}

func words(v any) string {
	switch v := v.(type) {
	case schemas.Value:
		return v.Text
	case float64:
		return decimal(v)
	}
	return fmt.Sprint(v)
}

func numberOf(v any) (float64, bool) {
	switch v := v.(type) {
	case schemas.Value:
		return float64(v.Number), v.Numeric
	case int64:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}

// numberAt is an argument that may be left out.
func numberAt(args []any, n int) float64 {
	if n >= len(args) {
		return 0
	}
	f, _ := numberOf(args[n])
	return f
}

// apply knows the functions that the random terms have, on small numbers.
func apply(c Call, args []any) any {
	a := args[0]
	x, numeric := numberOf(a)
	var y float64
	numericB := false
	if len(args) > 1 {
		y, numericB = numberOf(args[1])
	}
	fold := func(v any) string {
		s := words(v)
		if value, ok := v.(schemas.Value); ok && c.Fold {
			return value.Folded
		}
		if c.Fold {
			return registry.Fold(s)
		}
		return s
	}
	switch c.Name {
	case "known":
		return true
	case "equal", "less", "greater":
		sign := map[string]CompareOp{"equal": Equal, "less": Less, "greater": Greater}[c.Name]
		if numeric && numericB && (c.Name != "equal" || x == y) {
			return sign.holds(cmp.Compare(x, y))
		}
		_, isText := a.(string)
		_, isValue := a.(schemas.Value)
		_, isTextB := args[1].(string)
		_, isValueB := args[1].(schemas.Value)
		if c.Name != "equal" && (isText || isValue) != (isTextB || isValueB) {
			return nil
		}
		return sign.holds(strings.Compare(fold(a), fold(args[1])))
	case "add":
		if !numeric || !numericB {
			return nil
		}
		if x+y >= 1<<63 {
			return x + y
		}
		return int64(x + y)
	}
	for i, v := range args {
		number := c.Name == "substring" && i > 0
		if value, ok := v.(schemas.Value); ok && value.Whole && !number {
			return nil
		}
	}
	s := words(a)
	switch c.Name {
	case "concat":
		for _, v := range args[1:] {
			s += words(v)
		}
		return s
	case "length":
		return int64(utf8.RuneCountInString(s))
	case "string":
		return s
	case "substring":
		var parts []string // code points, broken ones as they are
		for s != "" {
			_, size := utf8.DecodeRuneInString(s)
			parts, s = append(parts, s[:size]), s[size:]
		}
		if !numericB || y >= 1<<63 {
			return nil // no integer of 64 bits
		}
		from := int(y)
		if from < 0 {
			from = max(0, len(parts)+from)
		}
		return strings.Join(parts[min(from, len(parts)):], "")
	case "indexOf":
		runes := []rune(fold(a))
		for i := range runes {
			if float64(i) >= numberAt(args, 2) && strings.HasPrefix(string(runes[i:]), fold(args[1])) {
				return int64(i)
			}
		}
		return nil
	case "startsWith":
		return strings.HasPrefix(fold(a), fold(args[1]))
	case "endsWith":
		return strings.HasSuffix(fold(a), fold(args[1]))
	case "stringContains":
		return strings.Contains(fold(a), fold(args[1]))
	case "like":
		p, err := ParsePattern(words(args[1]))
		if err != nil {
			panic(err)
		}
		// Percent signs are single in the pattern, as in a Keyword.
		return matchTokens(undoubled(p).tokens, fold(a), !c.Fold)
	case "matches":
		return regexp.MustCompile(words(args[1])).MatchString(s)
	case "cidrMatch":
		address, err := netip.ParseAddr(s)
		if err != nil {
			return nil
		}
		return netip.MustParsePrefix(words(args[1])).Contains(address)
	}
	panic("no function " + c.Name)
}

// relation makes a random one that is true or false.
func (g gen) relation() Relation {
	fields := genFields[:2+g.IntN(2)]
	ref := Ref{fields[g.IntN(len(fields))]}
	var value func(depth int) Term
	number := func() Term { return Integer(g.IntN(7) - 2) }
	value = func(depth int) Term {
		if depth == 0 {
			switch g.IntN(4) {
			case 0:
				return Text(g.text(letters, 2))
			case 1:
				return number()
			default:
				return Ref{fields[g.IntN(len(fields))]}
			}
		}
		switch g.IntN(7) {
		case 0:
			return Call{Name: "concat", Args: []Term{value(depth - 1), value(depth - 1)}}
		case 1:
			return Call{Name: "length", Args: []Term{value(depth - 1)}}
		case 2:
			return Call{Name: "string", Args: []Term{value(depth - 1)}}
		case 3:
			return Call{Name: "substring", Args: []Term{value(depth - 1), number()}}
		case 4:
			return Call{Name: "add", Args: []Term{Call{Name: "length", Args: []Term{value(depth - 1)}}, number()}}
		default:
			return value(0)
		}
	}
	fold := g.IntN(2) == 0
	test := func(name string, args ...Term) Relation {
		return Relation{Term: Call{Name: name, Fold: fold, Args: args}}
	}
	switch g.IntN(8) {
	case 0:
		return test("like", ref, Text(g.pattern().String()))
	case 1:
		return test("matches", Call{Name: "concat", Args: []Term{ref, value(1)}}, Text([]string{`a\\`, `^b`, `(?s)^.{3}$`}[g.IntN(3)]))
	case 2:
		return test("known", Call{Name: "substring", Args: []Term{ref, value(1)}})
	case 3, 4:
		return test([]string{"equal", "less", "greater"}[g.IntN(3)], ref, value(2))
	default:
		return test([]string{"startsWith", "endsWith", "stringContains"}[g.IntN(3)], value(2), ref)
	}
}

func TestDecimalsAreWrittenAsSuch(t *testing.T) {
	for _, f := range []float64{0, 1, -2.5, 1e21, 1e-7} {
		s := decimal(f)
		if _, err := strconv.ParseInt(s, 10, 64); err == nil {
			t.Errorf("%v is written %s", f, s)
		}
		if got := mustParse(t, "where "+s).(Relation).Term; got != Decimal(f) {
			t.Errorf("%s is read as %v", s, got)
		}
	}
}
