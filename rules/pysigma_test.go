package rules

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/regtrap/regtrap/matcher"
)

// node is a condition in the form of testdata/pysigma_tree.py.
type node struct {
	op    string // and, or, not; otherwise a test
	parts []node
}

func (n node) String() string {
	if n.op != "and" && n.op != "or" && n.op != "not" {
		return n.op
	}
	var parts []string
	for _, p := range n.parts {
		parts = append(parts, p.String())
	}
	return n.op + "(" + strings.Join(parts, ", ") + ")"
}

func joinNodes(op string, parts []matcher.Expr) node {
	n := node{op: op}
	for _, p := range parts {
		if part := nodeOf(p); part.op == op {
			n.parts = append(n.parts, part.parts...)
		} else {
			n.parts = append(n.parts, part)
		}
	}
	if len(n.parts) == 1 {
		return n.parts[0]
	}
	return n
}

func nodeOf(x matcher.Expr) node {
	is := map[bool]string{false: "is", true: "cased"}
	switch x := x.(type) {
	case matcher.Named:
		return nodeOf(x.X)
	case matcher.And:
		return joinNodes("and", x)
	case matcher.Or:
		return joinNodes("or", x)
	case matcher.Not:
		return node{"not", []node{nodeOf(x.X)}}
	case matcher.Match:
		return node{op: fmt.Sprintf("%s %s %s", x.Field.Sigma(), is[x.Cased], tokensText(x.Pattern))}
	case matcher.Keyword:
		return node{op: fmt.Sprintf("any %s %s", is[x.Cased], tokensText(x.Pattern))}
	case matcher.Exists:
		return node{op: "exists(" + x.Field.Sigma() + ")"}
	case matcher.Compare:
		return node{op: fmt.Sprintf("%s %v %d", x.Field.Sigma(), x.Op, x.Number)}
	case matcher.Regexp:
		return node{op: fmt.Sprintf("%s re %s", x.Field.Sigma(), ascii(x.Re.String()))}
	}
	return node{op: fmt.Sprintf("%T", x)}
}

func tokensText(p matcher.Pattern) string {
	var b strings.Builder
	for _, t := range p.Tokens() {
		b.WriteString([]string{matcher.Star: "*", matcher.AnyChar: "?", matcher.Literal: ascii(t.Literal)}[t.Kind])
	}
	return b.String()
}

// ascii quotes as Python's json.dumps does.
func ascii(s string) string {
	quoted, err := json.Marshal(s)
	if err != nil {
		return err.Error()
	}
	text := strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(string(quoted))
	var b strings.Builder
	for _, c := range text {
		if c < 0x7f {
			b.WriteRune(c)
			continue
		}
		for _, unit := range utf16.Encode([]rune{c}) {
			fmt.Fprintf(&b, `\u%04x`, unit)
		}
	}
	return b.String()
}

// compareTrees compares rules with a file that pysigma_tree.py wrote.
func compareTrees(t *testing.T, file string, rules []*Rule) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for line := range strings.Lines(string(data)) {
		id, tree, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		want[id] = tree
	}
	for _, r := range rules {
		if got := nodeOf(r.Condition).String(); got != want[r.ID] {
			t.Errorf("%s %s\n   regtrap %s\n   pySigma %s", r.ID, r.Name, got, want[r.ID])
		}
		delete(want, r.ID)
	}
	for id := range want {
		t.Errorf("%s is read by pySigma only", id)
	}
}

// TestRulesAreReadAsPySigmaReadsThem compares fields, modifiers, wildcards and
// the tree of conditions. REGTRAP_SIGMA_RULES is a folder of rules, and
// REGTRAP_SIGMA_TREES what testdata/pysigma_tree.py writes for it.
func TestRulesAreReadAsPySigmaReadsThem(t *testing.T) {
	s, problems, err := Load(Config{Pack: true, Paths: []string{"testdata/sigma"}})
	if err != nil || len(problems) > 0 {
		t.Fatal(problems, err)
	}
	compareTrees(t, "testdata/pysigma.golden", s.Rules)
	folder, trees := os.Getenv("REGTRAP_SIGMA_RULES"), os.Getenv("REGTRAP_SIGMA_TREES")
	if folder == "" || trees == "" {
		return
	}
	s, problems, err = Load(Config{Paths: []string{folder}})
	if err != nil || slices.ContainsFunc(problems, func(p Problem) bool { return !p.Warning }) || len(s.Rules) == 0 {
		t.Fatal(len(s.Rules), problems, err)
	}
	t.Log(strconv.Itoa(len(s.Rules)), "rules")
	compareTrees(t, trees, s.Rules)
}
