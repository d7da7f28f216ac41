package rules

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"

	"github.com/regtrap/regtrap/rules/eql"
)

// elasticFile is what is read of a rule of Elastic's detection-rules.
type elasticFile struct {
	Metadata struct {
		Maturity     string `toml:"maturity"`
		UpdatedDate  string `toml:"updated_date"`
		CreationDate string `toml:"creation_date"`
	} `toml:"metadata"`
	Rule *elasticRule `toml:"rule"`
}

type elasticRule struct {
	ID             string          `toml:"rule_id"`
	Name           string          `toml:"name"`
	Description    string          `toml:"description"`
	Author         []string        `toml:"author"`
	License        string          `toml:"license"`
	Type           string          `toml:"type"`
	Language       string          `toml:"language"`
	Query          string          `toml:"query"`
	Severity       string          `toml:"severity"`
	RiskScore      *int            `toml:"risk_score"`
	References     []string        `toml:"references"`
	FalsePositives []string        `toml:"false_positives"`
	Tags           []string        `toml:"tags"`
	Note           string          `toml:"note"`
	Threat         []elasticThreat `toml:"threat"`
}

type elasticThreat struct {
	Framework string             `toml:"framework"`
	Tactic    elasticReference   `toml:"tactic"`
	Technique []elasticTechnique `toml:"technique"`
}

type elasticReference struct {
	ID        string `toml:"id"`
	Name      string `toml:"name"`
	Reference string `toml:"reference"`
}

type elasticTechnique struct {
	ID           string             `toml:"id"`
	Name         string             `toml:"name"`
	Reference    string             `toml:"reference"`
	Subtechnique []elasticReference `toml:"subtechnique"`
}

// elastic adds the rule of a file in TOML.
func (c *collection) elastic(src source) {
	e := elasticReader{file: src.name, data: src.data, checked: c.checker != nil}
	if rule := e.rule(); rule != nil {
		c.add(rule)
		return
	}
	c.problems = append(c.problems, e.problems...)
}

// elasticReader reads one file and gathers what is wrong with it.
type elasticReader struct {
	file     string
	data     []byte
	name     string // of the rule, once known
	problems []Problem
	warnings []Problem
	checked  bool             // it is Check that reads
	at       map[string]place // of the keys of [rule], and of their values
}

// place is a place in a file.
type place struct{ line, column int }

func (e *elasticReader) problem(key string, code Code, what, want string) {
	at := e.at[key]
	e.problems = append(e.problems, Problem{File: e.file, Line: at.line, Column: at.column, Rule: e.name, Code: code, What: what, Want: want})
}

// rule returns nil when there was a problem.
func (e *elasticReader) rule() *Rule {
	var file elasticFile
	if err := toml.Unmarshal(e.data, &file); err != nil {
		p := Problem{File: e.file, Code: CodeSyntax, What: "no TOML: " + strings.TrimPrefix(err.Error(), "toml: "), Want: "a rule of Elastic's, with [metadata] and [rule]"}
		var at *toml.DecodeError
		if errors.As(err, &at) {
			p.Line, p.Column = at.Position()
		}
		e.problems = append(e.problems, p)
		return nil
	}
	e.places()
	in := file.Rule
	if in == nil {
		e.problems = append(e.problems, Problem{File: e.file, Code: CodeFile, What: "the file holds no [rule]", Want: "a rule of Elastic's, with [metadata] and [rule]"})
		return nil
	}
	e.name = cmp.Or(in.Name, in.ID)
	r := &Rule{
		ID: strings.ToLower(in.ID), Name: in.Name, Description: strings.TrimSpace(in.Description), Author: strings.Join(in.Author, ", "), License: in.License,
		Status: maturity(file.Metadata.Maturity), Version: cmp.Or(file.Metadata.UpdatedDate, file.Metadata.CreationDate),
		References: in.References, FalsePositives: in.FalsePositives, Tags: in.Tags, Note: strings.TrimSpace(in.Note),
		Ruleset: "elastic", File: e.file, Line: max(e.at["rule"].line, 1),
	}
	for key, missing := range map[string]bool{"rule_id": in.ID == "", "name": in.Name == "", "severity": in.Severity == "", "type": in.Type == "", "query": in.Query == "" && in.Type == "eql"} {
		if missing {
			e.problem("rule", CodeAttribute, "the rule has no "+key, key+" = …")
		}
	}
	if in.ID != "" && !uuid.MatchString(r.ID) {
		e.problem("rule_id", CodeAttribute, fmt.Sprintf("rule_id %q is no UUID", in.ID), `as in "6f9619ff-8b86-4d01-b42d-00cf4fc964ff"`)
	}
	if level := slices.Index(severities(), in.Severity); level >= int(Low) {
		r.Severity = Severity(level)
	} else if in.Severity != "" {
		e.problem("severity", CodeAttribute, fmt.Sprintf("severity %q is unknown", in.Severity), "low, medium, high, critical")
	}
	r.RiskScore = r.Severity.Score()
	if in.RiskScore != nil {
		if r.RiskScore = *in.RiskScore; r.RiskScore < 0 || r.RiskScore > 100 {
			e.problem("risk_score", CodeAttribute, fmt.Sprintf("risk_score %d is no score", r.RiskScore), "an integer from 0 to 100")
		}
	}
	r.Threat = elasticATTACK(in.Threat)
	switch {
	case in.Type == "":
	case in.Type != "eql":
		e.problem("type", CodeUnsupported, fmt.Sprintf("rules of type %q are not supported", in.Type), `type = "eql" and a query on one event`)
	case in.Language != "" && in.Language != "eql":
		e.problem("language", CodeUnsupported, fmt.Sprintf("the language %q is not supported", in.Language), `language = "eql"`)
	case in.Query != "":
		e.query(r, in.Query)
	}
	if len(e.problems) > 0 {
		return nil
	}
	r.Warnings = e.warnings
	r.digest = elasticDigest(in)
	return r
}

// maturity is Sigma's status of Elastic's word.
func maturity(s string) string {
	switch s {
	case "production":
		return "stable"
	case "beta", "development":
		return "experimental"
	}
	return s
}

// query compiles the query.
func (e *elasticReader) query(r *Rule, src string) {
	q, err := eql.Parse(src)
	if err != nil {
		var at *eql.Error
		errors.As(err, &at)
		code := CodeSyntax
		if at.Unsupported {
			code = CodeUnsupported
		}
		e.problems = append(e.problems, e.inQuery(at.Pos, code, at.What, at.Want))
		return
	}
	c := eqlCompiler{report: func(at eql.Pos, code Code, warning bool, what, want string) {
		p := e.inQuery(at, code, what, want)
		if p.Warning = warning; warning {
			e.warnings = append(e.warnings, p)
		} else {
			e.problems = append(e.problems, p)
		}
	}}
	r.Condition, r.Actions = c.query(q)
	if e.checked && len(e.problems) == 0 {
		r.places = e.queryPlaces(q)
	}
}

// inQuery is a problem at a place in the query.
func (e *elasticReader) inQuery(at eql.Pos, code Code, what, want string) Problem {
	p := e.at["query="]
	line, column := p.line+at.Line-1, at.Column
	if at.Line == 1 {
		column += p.column - 1
	}
	return Problem{File: e.file, Line: line, Column: column, Rule: e.name, Code: code, What: what, Want: want}
}

// places notes where the keys of [rule] stand, and as "query=" where the text of
// the query begins.
func (e *elasticReader) places() {
	e.at = make(map[string]place)
	p := unstable.Parser{}
	p.Reset(e.data)
	table := ""
	for p.NextExpression() {
		x := p.Expression()
		var keys []string
		at := -1
		for it := x.Key(); it.Next(); {
			if at < 0 {
				at = int(it.Node().Raw.Offset)
			}
			keys = append(keys, string(it.Node().Data))
		}
		name := strings.Join(keys, ".")
		switch x.Kind {
		case unstable.Table, unstable.ArrayTable:
			if table = name; table == "rule" {
				e.at["rule"] = e.place(at)
			}
		case unstable.KeyValue:
			if table != "rule" {
				continue
			}
			e.at[name] = e.place(at)
			if name == "query" {
				e.at["query="] = e.place(queryBegin(e.data, at))
			}
		}
	}
}

// queryBegin returns where the text begins whose key is at an offset: behind the
// quotes, and behind the line break that may follow three of them.
func queryBegin(data []byte, at int) int {
	rest := data[at:]
	n := bytes.IndexAny(rest, `'"`)
	if n < 0 {
		return at
	}
	quote := rest[n]
	at, rest = at+n, rest[n:]
	if len(rest) < 3 || rest[1] != quote || rest[2] != quote {
		return at + 1
	}
	at, rest = at+3, rest[3:]
	switch {
	case bytes.HasPrefix(rest, []byte("\r\n")):
		return at + 2
	case bytes.HasPrefix(rest, []byte("\n")):
		return at + 1
	}
	return at
}

func (e *elasticReader) place(offset int) place {
	before := e.data[:offset]
	head := bytes.LastIndexByte(before, '\n') + 1
	return place{line: bytes.Count(before, []byte("\n")) + 1, column: utf8.RuneCount(before[head:]) + 1}
}

var attackID = regexp.MustCompile(`^TA?[0-9]{4}(\.[0-9]{3})?$`)

// elasticATTACK takes over what the rule says, in its order, and from the table
// what it leaves out.
func elasticATTACK(threats []elasticThreat) Threat {
	var t Threat
	ref := func(id, name, url string) ThreatReference { return ThreatReference{ID: id, Name: name, URL: url} }
	for _, threat := range threats {
		if attackID.MatchString(threat.Tactic.ID) {
			t.Tactics = addThreat(t.Tactics, ref(threat.Tactic.ID, threat.Tactic.Name, threat.Tactic.Reference))
		}
		for _, q := range threat.Technique {
			t.Techniques = addThreat(t.Techniques, ref(q.ID, q.Name, q.Reference))
			for _, sub := range q.Subtechnique {
				t.Subtechniques = addThreat(t.Subtechniques, ref(sub.ID, sub.Name, sub.Reference))
			}
		}
	}
	return t
}

// elasticDigest is a hash of what a rule says: not of comments and spaces of the
// file.
func elasticDigest(r *elasticRule) []byte {
	h := sha256.New()
	text := fmt.Sprintf("%q", []any{r.ID, r.Name, r.Description, r.Author, r.License, r.Query, r.Severity, r.References, r.FalsePositives, r.Tags, r.Note})
	h.Write(binary.AppendUvarint(nil, uint64(len(text))))
	h.Write([]byte(text))
	risk := -1
	if r.RiskScore != nil {
		risk = *r.RiskScore
	}
	fmt.Fprintf(h, "%d %q", risk, fmt.Sprint(r.Threat))
	return h.Sum(nil)
}
