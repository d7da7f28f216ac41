// Package ruletest runs the tests that stand beside detection rules: events
// that a rule must fire on, and events that it must not.
//
// A test file is named after its rules, NAME.test.yml beside NAME.yml or
// NAME.toml, and holds one document a rule:
//
//	rule: 8d14b915-…      # id or name; not needed beside a file of one rule
//	match:                # events on which the rule must fire
//	  - TargetObject: HKLM\Software\Microsoft\Windows\CurrentVersion\Run\updater
//	    Image: C:\Windows\System32\wbem\WmiPrvSE.exe
//	    Details: C:\Temp\u.exe
//	  - name: as Elastic Defend tells of it
//	    file: events/defend.json
//	no_match:             # events on which it must not
//	  - raw: '{"EventID":13, …}'
//
// An event is fields, by Sigma's names or ECS's, or raw telemetry of any shape,
// in the test or in a file. SigmaHQ's regression tests, info.yml beside events
// in JSON, are read too.
package ruletest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Case is one event and what a rule is to make of it.
type Case struct {
	File string
	Line int    // from 1
	Name string // the author's, or the list and the number in it
	Rule string // id or name; empty: the one rule of Beside
	// Beside are the files one of which holds the rule when Rule is empty.
	Beside []string
	Value  []byte // telemetry
	Fires  bool   // whether the rule must fire
	Count  int    // on how many events at least, when it must
}

// mistake is something wrong with a test file.
func mistake(file string, n *yaml.Node, what, want string) error {
	return fmt.Errorf("%s:%d:%d: %s: %s", file, n.Line, n.Column, what, want)
}

// ParseFile reads the cases of a test file, as Parse does.
func ParseFile(file string) ([]Case, error) {
	data, err := readFile(file)
	if err != nil {
		return nil, err
	}
	return Parse(file, data)
}

// Parse reads the cases of a test file. Its error joins everything that is
// wrong, each with file, line and column.
func Parse(file string, data []byte) ([]Case, error) {
	var cases []Case
	var errs []error
	dec := yaml.NewDecoder(bytes.NewReader(data))
	for {
		var doc yaml.Node
		if err := dec.Decode(&doc); err != nil {
			if !errors.Is(err, io.EOF) {
				errs = append(errs, fmt.Errorf("%s: no YAML: %s: want a map with match and no_match", file, strings.TrimPrefix(err.Error(), "yaml: ")))
			}
			break
		}
		if len(doc.Content) == 0 || doc.Content[0].ShortTag() == "!!null" {
			continue
		}
		root := doc.Content[0]
		var more []Case
		var err error
		if strings.ToLower(filepath.Base(file)) == "info.yml" {
			more, err = regression(file, root)
		} else {
			more, err = document(file, root)
		}
		cases = append(cases, more...)
		if err != nil {
			errs = append(errs, err)
		}
	}
	if len(cases) == 0 && len(errs) == 0 {
		errs = append(errs, fmt.Errorf("%s: holds no test: want match: and no_match: with events below", file))
	}
	return cases, errors.Join(errs...)
}

// document reads one document of regtrap's own form.
func document(file string, root *yaml.Node) ([]Case, error) {
	if root.Kind != yaml.MappingNode {
		return nil, mistake(file, root, "not a map", "rule, match and no_match")
	}
	stem := strings.TrimSuffix(strings.TrimSuffix(file, filepath.Ext(file)), ".test")
	base := Case{File: file, Beside: []string{stem + ".yml", stem + ".yaml", stem + ".toml"}}
	var cases []Case
	var errs []error
	for key, value := range pairs(root) {
		switch key.Value {
		case "rule":
			if value.Kind != yaml.ScalarNode || value.Value == "" {
				errs = append(errs, mistake(file, value, "rule is no text", "the id or the name of a rule"))
			}
			base.Rule = value.Value
		case "match", "no_match":
			if value.Kind != yaml.SequenceNode {
				errs = append(errs, mistake(file, value, key.Value+" is no list", "a list of events"))
				continue
			}
			for i, n := range value.Content {
				if n.Kind == yaml.AliasNode {
					n = n.Alias
				}
				c := Case{Line: n.Line, Name: fmt.Sprintf("%s %d", key.Value, i+1), Fires: key.Value == "match"}
				if err := c.read(file, n); err != nil {
					errs = append(errs, err)
					continue
				}
				cases = append(cases, c)
			}
		default:
			errs = append(errs, mistake(file, key, fmt.Sprintf("%q is no part of a test", key.Value), "rule, match, no_match"))
		}
	}
	for i := range cases { // rule may stand behind the events
		cases[i].File, cases[i].Beside, cases[i].Rule = base.File, base.Beside, base.Rule
	}
	return cases, errors.Join(errs...)
}

// read reads one event.
func (c *Case) read(file string, n *yaml.Node) error {
	if n.Kind != yaml.MappingNode || len(n.Content) == 0 {
		return mistake(file, n, "the event is no map", "fields and their values, or raw: or file:")
	}
	var fields [][2]*yaml.Node
	var raw *yaml.Node
	for key, value := range pairs(n) {
		switch key.Value {
		case "name":
			c.Name = value.Value
		case "raw", "file":
			if raw != nil || value.Kind != yaml.ScalarNode {
				return mistake(file, value, key.Value+" is given twice, or is no text", "one raw: or one file:")
			}
			raw = value
			c.Value = []byte(value.Value)
			if key.Value == "file" {
				var err error
				if c.Value, err = readFile(filepath.Join(filepath.Dir(file), filepath.FromSlash(value.Value))); err != nil {
					return mistake(file, value, err.Error(), "a file of telemetry, beside the test")
				}
			}
		default:
			fields = append(fields, [2]*yaml.Node{key, value})
		}
	}
	switch {
	case raw != nil && len(fields) > 0:
		return mistake(file, fields[0][0], fmt.Sprintf("field %q beside raw telemetry", fields[0][0].Value), "the one or the other")
	case raw == nil && len(fields) == 0:
		return mistake(file, n, "the event has no fields", "fields and their values, or raw: or file:")
	case raw == nil:
		var err error
		c.Value, err = fromFields(file, fields)
		return err
	}
	return nil
}

// pairs yields key and value of a map.
func pairs(n *yaml.Node) func(yield func(k, v *yaml.Node) bool) {
	return func(yield func(k, v *yaml.Node) bool) {
		for i := 0; i+1 < len(n.Content); i += 2 {
			v := n.Content[i+1]
			if v.Kind == yaml.AliasNode {
				v = v.Alias
			}
			if !yield(n.Content[i], v) {
				return
			}
		}
	}
}
