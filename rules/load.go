package rules

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/regtrap/regtrap/matcher"
)

// Load reads and compiles. Rules that cannot be used are left out and
// reported as problems; err is for what leaves nothing to run: a path that
// cannot be read. The pack comes first, then the paths in their order, files
// of a folder in lexical order. Of two rules with one id the first counts.
func Load(c Config) (*Snapshot, []Problem, error) { return Read(c.Paths).Load(c) }

// load is the part of Load that the pack and the users' files share.
//
// The order of its steps: each rule is read, gets its severity and risk, is
// chosen or not, and takes its id or finds it taken; then the rules that are
// left get their exceptions, are hashed and compiled, and learn what they
// supersede. See choosing.admit for why.
func load(sources []source, choice Choice) (*Snapshot, []Problem, error) {
	c := collection{choosing: newChoosing(choice)}
	return c.load(sources)
}

func (c *collection) load(sources []source) (*Snapshot, []Problem, error) {
	for _, src := range sources {
		c.read(src)
	}
	c.problems = append(c.problems, c.choosing.problems()...)
	if err := c.choosing.err(); err != nil {
		return nil, c.problems, err
	}
	if c.checker != nil {
		c.checker.rules(c.rules)
		c.problems = append(c.problems, c.checker.exceptions(c.exceptions)...)
	}
	c.except()
	s := &Snapshot{Rules: c.rules, Exceptions: make(map[string]int)}
	for _, x := range c.exceptions {
		s.Exceptions[x.file]++
	}
	compiled := make([]matcher.Rule, len(s.Rules))
	for i, r := range s.Rules {
		r.Hash = hex.EncodeToString(r.digest[:8])
		compiled[i] = matcher.Rule{Condition: r.Condition, Actions: r.Actions}
	}
	var err error
	if s.Set, err = matcher.Compile(compiled); err != nil {
		return nil, c.problems, fmt.Errorf("rules: compile: %w", err)
	}
	s.Hash = hash(s.Rules)
	s.index(c.byID)
	return s, c.problems, nil
}

// collection is the rules of all files.
type collection struct {
	rules      []*Rule
	byID       map[string]*Rule
	byTest     map[[sha256.Size]byte]*Rule // by condition and actions
	problems   []Problem
	exceptions []*exception
	choosing   *choosing
	checker    *checker // nil unless it is Check that loads
}

// read adds what a file holds.
func (c *collection) read(src source) {
	if strings.EqualFold(filepath.Ext(src.name), ".toml") {
		c.elastic(src)
		return
	}
	c.sigma(src)
}

// add adds a rule that was read completely, unless it is not chosen or its
// place is taken.
func (c *collection) add(rule *Rule) {
	if !c.choosing.admit(rule) {
		return
	}
	problem := Problem{File: rule.File, Line: rule.Line, Column: 1, Rule: rule.Name}
	first := c.byID[rule.ID]
	switch {
	case first != nil && bytes.Equal(first.digest, rule.digest):
		problem.Code = CodeDuplicateContent
		problem.What = fmt.Sprintf("the same rule as %s:%d, which runs", first.File, first.Line)
		problem.Want = "one of the two"
	case first != nil:
		problem.Code = CodeDuplicateID
		problem.What = fmt.Sprintf("id %s is already that of %q (%s:%d)", rule.ID, first.Name, first.File, first.Line)
		problem.Want = "an id of its own"
		if p := rule.places; p != nil && p.id.line > 0 {
			problem.Line, problem.Column = p.id.line, p.id.column
		}
	case len(c.rules) == maxRules:
		problem.Code = CodeLimit
		problem.What, problem.Want = fmt.Sprintf("more than %d rules", maxRules), "fewer rules"
	default:
		if c.byID == nil {
			c.byID = make(map[string]*Rule)
			c.byTest = make(map[[sha256.Size]byte]*Rule)
		}
		c.byID[rule.ID] = rule
		test := sha256.Sum256(fmt.Appendf(nil, "%d %v", rule.Actions, rule.Condition))
		if other := c.byTest[test]; other == nil {
			c.byTest[test] = rule
		} else if !slices.Contains(rule.Supersedes, other.ID) && !slices.Contains(other.Supersedes, rule.ID) {
			problem.Code, problem.Warning = CodeDuplicateContent, true
			problem.What = fmt.Sprintf("the same detection as %q (%s:%d): both fire on the same events", other.Name, other.File, other.Line)
			problem.Want = "one of the two, or supersedes"
			rule.Warnings = append(rule.Warnings, problem)
		}
		c.rules = append(c.rules, rule)
		return
	}
	c.problems = append(c.problems, problem)
}

// sigma adds the rules and exceptions of a file of Sigma documents.
func (c *collection) sigma(src source) {
	dec := yaml.NewDecoder(bytes.NewReader(src.data))
	for {
		var doc yaml.Node
		if err := dec.Decode(&doc); err != nil {
			if !errors.Is(err, io.EOF) {
				c.problems = append(c.problems, syntaxProblem(src, err))
			}
			return
		}
		if len(doc.Content) == 0 || doc.Content[0].ShortTag() == "!!null" {
			continue // an empty document, as after a last ---
		}
		r := reader{file: src.name, data: src.data}
		if c.checker != nil {
			r.places = newPlaces(src.name)
		}
		rule, exception := r.document(doc.Content[0])
		for _, p := range r.problems {
			p.Rule = r.rule
			c.problems = append(c.problems, p)
		}
		if exception != nil {
			for _, p := range r.warnings {
				p.Rule = r.rule
				c.problems = append(c.problems, p)
			}
			exception.digest = digest(doc.Content[0])
			exception.places = r.places
			c.addException(exception)
		}
		if rule == nil {
			continue
		}
		if src.pack {
			rule.Ruleset = "pack"
		}
		rule.digest = digest(doc.Content[0])
		rule.places = r.places
		c.add(rule)
	}
}

// digest is a hash of a document's content: not of its comments, quotes, line
// breaks between values, or file name.
func digest(root *yaml.Node) []byte {
	h := sha256.New()
	var buf []byte
	text := func(s string) {
		buf = binary.AppendUvarint(buf[:0], uint64(len(s)))
		h.Write(append(buf, s...))
	}
	var walk func(n *yaml.Node)
	walk = func(n *yaml.Node) {
		text(n.ShortTag())
		if n.Kind == yaml.ScalarNode {
			text(n.Value)
			return
		}
		text(strconv.Itoa(len(n.Content)))
		for _, c := range n.Content {
			walk(c)
		}
	}
	walk(root)
	return h.Sum(nil)
}

// hash joins the digests of all rules, in whatever order they were read.
func hash(rules []*Rule) string {
	var digests [][]byte
	for _, r := range rules {
		digests = append(digests, r.digest)
	}
	slices.SortFunc(digests, bytes.Compare)
	h := sha256.New()
	for _, d := range digests {
		h.Write(d)
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}
