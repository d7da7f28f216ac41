package rules

import (
	"fmt"
	"iter"

	"go.yaml.in/yaml/v3"
)

// Limits of what one file may hold. They bound the memory and time that a
// hostile file can take; no sensible rule comes near them.
const (
	maxFileSize  = 4 << 20 // bytes
	maxRules     = 100_000 // of all files
	maxDepth     = 32      // of nested maps and lists in a rule
	maxRuleNodes = 100_000 // of a rule, aliases counted as often as they are used
	maxProblems  = 20      // reported of one rule
)

// reader reads one YAML document and gathers what is wrong with it.
type reader struct {
	file     string
	data     []byte // of the file
	rule     string // title or id, once known
	problems []Problem
	warnings []Problem
	tests    int // that the values have become

	selectionName string  // of the one that is read
	places        *places // nil unless it is Check that reads
}

func (r *reader) problem(node *yaml.Node, code Code, what, want string) {
	r.problemAt(node.Line, node.Column, code, what, want)
}

func (r *reader) problemAt(line, column int, code Code, what, want string) {
	if len(r.problems) < maxProblems {
		r.problems = append(r.problems, Problem{File: r.file, Line: line, Column: column, Code: code, What: what, Want: want})
	}
}

func (r *reader) warn(node *yaml.Node, code Code, what, want string) {
	r.warnings = append(r.warnings, Problem{File: r.file, Line: node.Line, Column: node.Column, Code: code, Warning: true, What: what, Want: want})
}

// expand replaces aliases by what they refer to and checks the limits, the
// tags and that no map has a key twice.
func (r *reader) expand(root *yaml.Node) bool {
	nodes, deep, before := 0, (*yaml.Node)(nil), len(r.problems)
	var walk func(n *yaml.Node, depth int) *yaml.Node
	walk = func(n *yaml.Node, depth int) *yaml.Node {
		if nodes++; nodes > maxRuleNodes {
			return n
		}
		if depth > maxDepth {
			deep = n
			return n
		}
		switch n.Kind {
		case yaml.AliasNode:
			target := *n.Alias
			target.Content = append([]*yaml.Node(nil), target.Content...)
			return walk(&target, depth+1)
		case yaml.ScalarNode:
			switch tag := n.ShortTag(); tag {
			case "!!str", "!!int", "!!float", "!!bool", "!!null", "!!timestamp":
			default:
				r.problem(n, CodeValue, fmt.Sprintf("%q has the tag %s", n.Value, tag), "text, a number, true, false or null; no tags, no <<")
			}
			return n
		}
		seen := make(map[string]int)
		for i, c := range n.Content {
			n.Content[i] = walk(c, depth+1)
			if n.Kind != yaml.MappingNode || i%2 == 1 {
				continue
			}
			key := n.Content[i]
			if key.Kind != yaml.ScalarNode {
				r.problem(key, CodeSyntax, "a map or list is the key of a map", "text as the key")
			} else if line, dup := seen[key.Value]; dup {
				r.problem(key, CodeSyntax, fmt.Sprintf("%s stands twice in one map, first on line %d", key.Value, line), "one of them, or a list of values")
			} else {
				seen[key.Value] = key.Line
			}
		}
		return n
	}
	walk(root, -1)
	if nodes > maxRuleNodes {
		r.problem(root, CodeLimit, fmt.Sprintf("the rule has more than %d values", maxRuleNodes), "a smaller rule, without aliases in aliases")
	}
	if deep != nil {
		r.problem(deep, CodeLimit, fmt.Sprintf("the rule is nested more than %d deep", maxDepth), "a flatter rule, without aliases to themselves")
	}
	return len(r.problems) == before
}

// mapping yields key and value of a map, and reports what is no map.
func (r *reader) mapping(node *yaml.Node, name string) iter.Seq2[*yaml.Node, *yaml.Node] {
	return func(yield func(k, v *yaml.Node) bool) {
		if node.Kind != yaml.MappingNode {
			r.problem(node, CodeAttribute, name+" is no map", name+": with keys below it")
			return
		}
		for i := 0; i+1 < len(node.Content); i += 2 {
			if !yield(node.Content[i], node.Content[i+1]) {
				return
			}
		}
	}
}

// text reads a scalar as the text that stands in the file; null is "".
func (r *reader) text(node *yaml.Node, name string) string {
	if node.Kind != yaml.ScalarNode {
		r.problem(node, CodeAttribute, name+" is no text", name+": text")
		return ""
	}
	if node.ShortTag() == "!!null" {
		return ""
	}
	return node.Value
}

// oneOrMore reads a scalar or a list of scalars.
func (r *reader) oneOrMore(node *yaml.Node, name string) []*yaml.Node {
	nodes := []*yaml.Node{node}
	if node.Kind == yaml.SequenceNode {
		nodes = node.Content
	}
	for _, n := range nodes {
		if n.Kind != yaml.ScalarNode {
			r.problem(n, CodeAttribute, name+" is neither text nor a list of texts", name+": text, or a list of texts")
			return nil
		}
	}
	return nodes
}

// texts reads a scalar or a list of scalars as texts; null is no text.
func (r *reader) texts(node *yaml.Node, name string) []string {
	var out []string
	for _, n := range r.oneOrMore(node, name) {
		if n.ShortTag() != "!!null" {
			out = append(out, n.Value)
		}
	}
	return out
}
