package eql

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

func TestStringWritesWhatParseReads(t *testing.T) {
	for _, tt := range [][2]string{
		{`registry where true`, ``},
		{`any where a.b == "x" and not c : ("a*", "b?")`, ``},
		{`"my category" where x`, ``},
		{"registry where /* c */ a != null // d\n or b in (1, -2, 3.5e2)", `registry where a != null or b in (1, -2, 3.5e2)`},
		{`registry where (a and b) and c or (d or e)`, `registry where (a and b) and c or (d or e)`},
		{`registry where not (a and b)`, ``},
		{`registry where a not in~ ("x") and b like~ "c" and ?d.e == true`, ``},
		{`registry where startsWith~(process.name, "a\"\\\n") and length(x) > 0`, ``},
		{`registry where 1 + 2 * -(3 - 4) % 5 == x - (y - z)`, ``},
		{"registry where `and`.`a b` == \"\\u{48}\"", "registry where `and`.`a b` == \"H\""},
		{`registry where a == """C:\raw"x"""`, `registry where a == "C:\\raw\"x"`},
		{`registry where a regex ("x.*") and (a == b) == c`, ``},
	} {
		want := tt[1]
		if want == "" {
			want = tt[0]
		}
		q, err := Parse(tt[0])
		if err != nil {
			t.Errorf("%s: %v", tt[0], err)
			continue
		}
		if got := q.String(); got != want {
			t.Errorf("%s: got %s, want %s", tt[0], got, want)
		}
	}
}

func TestErrorsNameThePlace(t *testing.T) {
	for _, tt := range []struct {
		src, want   string
		unsupported bool
	}{
		{``, `1:1: the end stands where the category`, false},
		{`sequence by host.id [registry where true]`, `1:1: "sequence" relates several events`, true},
		{`registry where a == 'x'`, `1:21: a text in single quotes: double quotes`, false},
		{"registry where a ==\n  = 1", `2:3: "="`, false},
		{`registry where a = 1`, `1:18: "=" is no operator`, false},
		{`registry where a == 1 | head 5`, `1:23: pipes are not supported`, true},
		{`registry where a == "x`, `1:21: the text has no end`, false},
		{`registry where a == "\q"`, `1:22: unknown escape`, false},
		{`registry where a : x`, `1:20: "x" behind :`, false},
		{`registry where a == 1 AND b == 2`, `1:23: "AND" does not belong here: operators in lower case`, false},
		{`registry where (a == 1`, `1:23: the end stands where ")"`, false},
		{`registry where a in ()`, `the list is empty`, false},
		{`registry where a[0] == 1`, `an index into an array`, true},
		{`registry where 12ab == 1`, `is no number`, false},
		{`registry where ` + strings.Repeat("(", 200), `nested more than 100 deep`, false},
		{`registry where ` + strings.Repeat("not ", 200) + "a", `nested more than 100 deep`, false},
		{`registry where ü == 1`, `1:16: unexpected "ü"`, false},
		{"registry where \"\xff\"", `1:1: the query is no UTF-8`, false},
		{`registry`, `1:9: the end stands where "where" should`, false},
	} {
		_, err := Parse(tt.src)
		var e *Error
		if !errors.As(err, &e) || !strings.Contains(err.Error(), tt.want) || e.Unsupported != tt.unsupported {
			t.Errorf("%.60s: %v, want %s", tt.src, err, tt.want)
		}
	}
}

// gen makes trees that Parse can make.
type gen struct{ *rand.Rand }

func (g gen) pick(list ...string) string { return list[g.IntN(len(list))] }

func (g gen) text() Text {
	return Text{Value: g.pick("", "a*", `HKLM\*\Run`, "\"\n\t\r\x01", "ü\u2028", `\`, "`'")}
}

func (g gen) list(depth int) []Expr {
	var list []Expr
	for range 1 + g.IntN(3) {
		list = append(list, g.expr(depth-1))
	}
	return list
}

func (g gen) expr(depth int) Expr {
	if depth <= 0 {
		switch g.IntN(5) {
		case 0:
			return g.text()
		case 1:
			return Number{Source: g.pick("0", "12", "1.5", "1e3", "2.5E-7")}
		case 2:
			return Bool{Value: g.IntN(2) == 0}
		case 3:
			return Null{}
		default:
			return Field{Name: g.pick("registry.path", "and", "a b", "x.in.y", "@timestamp", "_id", "a`b"), Optional: g.IntN(4) == 0}
		}
	}
	switch g.IntN(9) {
	case 0:
		return And{append(g.list(depth), g.expr(depth-1))}
	case 1:
		return Or{append(g.list(depth), g.expr(depth-1))}
	case 2:
		return Not{X: g.expr(depth - 1)}
	case 3:
		return Compare{Op: g.pick("==", "!=", "<", "<=", ">", ">="), Left: g.expr(depth - 1), Right: g.expr(depth - 1)}
	case 4:
		m := Match{Op: g.pick(":", "like", "like~", "regex", "regex~"), Left: g.expr(depth - 1), Patterns: []Text{g.text()}, List: g.IntN(2) == 0}
		if m.List {
			m.Patterns = append(m.Patterns, g.text())
		}
		return m
	case 5:
		return In{Op: g.pick("in", "in~"), Negate: g.IntN(2) == 0, Left: g.expr(depth - 1), List: g.list(depth)}
	case 6:
		c := Call{Name: g.pick("length", "startsWith", "f_1"), Fold: g.IntN(2) == 0}
		if g.IntN(3) > 0 {
			c.Args = g.list(depth)
		}
		return c
	case 7:
		return Arithmetic{Op: "+-*/%"[g.IntN(5)], Left: g.expr(depth - 1), Right: g.expr(depth - 1)}
	default:
		return Negative{X: g.expr(depth - 1)}
	}
}

// bare is a tree as text, without places.
func bare(x Expr) string {
	list := func(l []Expr) (s string) {
		for _, x := range l {
			s += bare(x) + ";"
		}
		return s
	}
	switch x := x.(type) {
	case And:
		return "and[" + list(x.X) + "]"
	case Or:
		return "or[" + list(x.X) + "]"
	case Not:
		return "not[" + bare(x.X) + "]"
	case Compare:
		return fmt.Sprintf("%s[%s,%s]", x.Op, bare(x.Left), bare(x.Right))
	case Match:
		s := fmt.Sprintf("%s %v[%s", x.Op, x.List, bare(x.Left))
		for _, p := range x.Patterns {
			s += "," + bare(p)
		}
		return s + "]"
	case In:
		return fmt.Sprintf("%s %v[%s,%s]", x.Op, x.Negate, bare(x.Left), list(x.List))
	case Call:
		return fmt.Sprintf("%s %v(%s)", x.Name, x.Fold, list(x.Args))
	case Arithmetic:
		return fmt.Sprintf("%c[%s,%s]", x.Op, bare(x.Left), bare(x.Right))
	case Negative:
		return "-[" + bare(x.X) + "]"
	case Field:
		return fmt.Sprintf("field %q %v", x.Name, x.Optional)
	case Text:
		return fmt.Sprintf("text %q", x.Value)
	case Number:
		return "number " + x.Source
	case Bool:
		return fmt.Sprint(x.Value)
	}
	return "null"
}

func TestRandomTreesAreReadAsTheyWereWritten(t *testing.T) {
	g := gen{rand.New(rand.NewPCG(5, 6))}
	for range 20_000 {
		want := &Query{Category: g.pick("registry", "any", "my category"), Where: g.expr(4)}
		src := want.String()
		got, err := Parse(src)
		if err != nil {
			t.Fatalf("%s: %v", src, err)
		}
		if got.Category != want.Category || bare(got.Where) != bare(want.Where) {
			t.Fatalf("%s:\ngot  %s\nwant %s", src, bare(got.Where), bare(want.Where))
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(`registry where a.b : ("x*", "y") and not length(?c) > 3 or d in~ ("\u{41}", null)`)
	f.Add("any where `a b` == \"\"\"raw\"\"\" // x\n/* y */ and -1.5e3 < f~(g, 1 + 2)")
	f.Add(`sequence [x where true] | head 5`)
	f.Fuzz(func(t *testing.T, src string) {
		q, err := Parse(src)
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || e.Pos.Offset > len(src) || e.Pos.Line < 1 || e.Pos.Column < 1 || e.What == "" || e.Want == "" {
				t.Fatalf("%q: %#v", src, err)
			}
			return
		}
		again, err := Parse(q.String())
		if err != nil || bare(again.Where) != bare(q.Where) || again.Category != q.Category {
			t.Fatalf("%q: written as %q: %v", src, q, err)
		}
	})
}

func Example() {
	q, err := Parse(`registry where event.type == "change" and
  registry.path : ("HKLM\\*\\Run\\*", "HKEY_USERS\\*\\Run\\*") /* autostart */`)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(q)
	// Output: registry where event.type == "change" and registry.path : ("HKLM\\*\\Run\\*", "HKEY_USERS\\*\\Run\\*")
}
