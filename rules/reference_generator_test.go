package rules

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
)

// generator makes random rules and events over few letters, so that they meet.
type generator struct{ *rand.Rand }

func pick[T any](g generator, from ...T) T { return from[g.IntN(len(from))] }

func (g generator) text(letters ...string) string {
	var b strings.Builder
	for range g.IntN(4) {
		b.WriteString(pick(g, letters...))
	}
	return b.String()
}

func (g generator) event() plainEvent {
	ev := plainEvent{}
	for _, name := range refNames {
		if g.IntN(4) > 0 {
			ev[name] = pick(g, g.text("a", "B", "b", `\`, "*", "?"), g.text("a", "b", "A"), strconv.Itoa(g.IntN(4)),
				pick(g, "-", "/", "–")+g.text("a", "b"), pick(g, "YQBiAA==", "YWI=", "yQBiAA=="), pick(g, "10.0.0.1", "10.0.1.1", "fe80::1"), "a\nb")
			if ev[name] == "" {
				ev[name] = "a"
			}
		}
	}
	if g.IntN(4) > 0 {
		ev["ProcessId"] = strconv.Itoa(g.IntN(4))
	}
	return ev
}

func (g generator) value() any {
	return pick[any](g, g.text("a", "b", "B", "*", "?", `\`, `\\`, `\*`)+"a", g.text("a", "b"), g.IntN(4), g.text("a", "b", "*")+"b")
}

func (g generator) item() (string, any) {
	field := pick(g, refNames...)
	list := func(one func() any) any {
		if g.IntN(2) == 0 {
			return one()
		}
		values := []any{}
		for range 1 + g.IntN(3) {
			values = append(values, one())
		}
		return values
	}
	tail := pick(g, "", "", "", "|all", "|neq")
	switch g.IntN(14) {
	case 0:
		return field, nil
	case 1:
		return field, []any{nil, g.value()}
	case 2:
		return field + "|exists", g.IntN(2) == 0
	case 3:
		return field + "|re" + pick(g, "", "|i") + tail, list(func() any { return pick(g, "a.b", "^a", "b$", "[ab]+A", "x|a") })
	case 4:
		return "ProcessId|" + pick(g, "gt", "gte", "lt", "lte"), g.IntN(4)
	case 5:
		return field + "|windash" + pick(g, "", "|contains", "|startswith") + tail, list(func() any { return "-a" + g.text("a", "b") })
	case 6:
		return field + pick(g, "|wide|base64", "|base64") + pick(g, "", "|cased", "|contains"), "ab"
	case 7:
		return pick(g, "|all", "|contains", "|startswith", "|endswith|cased", "|cased"), list(func() any { return fmt.Sprint(g.value()) + "a" })
	case 8:
		return field + "|fieldref" + pick(g, "", "|contains", "|startswith", "|endswith") + tail, list(func() any { return pick(g, refNames...) })
	case 9:
		return field + "|cidr" + tail, list(func() any { return pick(g, "10.0.0.0/24", "10.0.1.1", "fe80::/10", "::/0") })
	}
	return field + pick(g, "", "|contains", "|startswith", "|endswith") + pick(g, "", "", "|cased") + tail, list(g.value)
}

func (g generator) selection() any {
	switch g.IntN(6) {
	case 0:
		return []any{g.selectionMap(), g.selectionMap()}
	case 1:
		return []any{fmt.Sprint(g.value()) + "b", g.selectionMap()}
	case 2:
		return []any{fmt.Sprint(g.value()) + "a", fmt.Sprint(g.value()) + "b"}
	}
	return g.selectionMap()
}

func (g generator) selectionMap() map[string]any {
	m := map[string]any{}
	for range 1 + g.IntN(2) {
		k, v := g.item()
		m[k] = v
	}
	return m
}

var refSelections = []string{"sel_a", "sel_b", "filter", "_hidden"}

func (g generator) condition(depth int) string {
	if depth == 0 || g.IntN(3) == 0 {
		return pick(g, "sel_a", "sel_b", "filter", "_hidden", "1 of sel_*", "all of sel_*", "any of them", "all of them", "1 of _*", "1 of *_b", "all of f*")
	}
	switch g.IntN(4) {
	case 0:
		return "not " + g.condition(depth-1)
	case 1:
		return "(" + g.condition(depth-1) + ")"
	}
	return g.condition(depth-1) + pick(g, " and ", " or ") + g.condition(depth-1)
}

func (g generator) detection() map[string]any {
	d := map[string]any{}
	for _, name := range refSelections {
		d[name] = g.selection()
	}
	d["condition"] = g.condition(3)
	if g.IntN(5) == 0 {
		d["condition"] = []any{g.condition(2), g.condition(2)}
	}
	return d
}
