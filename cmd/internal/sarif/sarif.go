// Package sarif writes the results of a check as a SARIF log, version 2.1.0
// (OASIS Standard, 27 March 2020), for code review tools and editors. It holds
// the part of the format that locates problems in text files.
package sarif

import (
	"encoding/json"
	"io"
	"net/url"
	"path/filepath"
	"strings"
)

// The version of the format, and where its schema is.
const (
	Version = "2.1.0"
	Schema  = "https://json.schemastore.org/sarif-2.1.0.json"
)

// Log is a file.
type Log struct {
	Schema  string `json:"$schema"`
	Version string `json:"version"`
	Runs    []Run  `json:"runs"`
}

// Run is one run of a tool. Results is never null: an empty list says that the
// tool ran and found nothing.
type Run struct {
	Tool        Tool         `json:"tool"`
	Invocations []Invocation `json:"invocations,omitempty"`
	ColumnKind  string       `json:"columnKind"`
	Results     []Result     `json:"results"`
}

// Invocation is how the tool was called. Notifications are what is wrong with
// that: they are in no file.
type Invocation struct {
	Successful    bool           `json:"executionSuccessful"`
	Notifications []Notification `json:"toolConfigurationNotifications,omitempty"`
}

// Notification is a problem with the configuration of the tool.
type Notification struct {
	Level   string `json:"level"`
	Message Text   `json:"message"`
}

// Tool is what ran.
type Tool struct {
	Driver Driver `json:"driver"`
}

// Driver is the tool itself, and the kinds of problems that it finds.
type Driver struct {
	Name            string `json:"name"`
	Version         string `json:"version,omitempty"`
	SemanticVersion string `json:"semanticVersion,omitempty"`
	InformationURI  string `json:"informationUri,omitempty"`
	Rules           []Rule `json:"rules"`
}

// Rule is a kind of problem.
type Rule struct {
	ID               string        `json:"id"`
	ShortDescription Text          `json:"shortDescription"`
	Help             Text          `json:"help"`
	Default          Configuration `json:"defaultConfiguration"`
}

// Configuration is how severe a problem of a kind is: error, warning or note.
type Configuration struct {
	Level string `json:"level"`
}

// Text is a message.
type Text struct {
	Text string `json:"text"`
}

// Result is one problem in a file. RuleIndex is the place of RuleID in Driver.Rules.
type Result struct {
	RuleID    string     `json:"ruleId"`
	RuleIndex int        `json:"ruleIndex"`
	Level     string     `json:"level"`
	Message   Text       `json:"message"`
	Locations []Location `json:"locations"`
}

// Location is where a problem is.
type Location struct {
	Physical PhysicalLocation `json:"physicalLocation"`
}

// PhysicalLocation is a place in a file; all of it when Region is nil.
type PhysicalLocation struct {
	Artifact Artifact `json:"artifactLocation"`
	Region   *Region  `json:"region,omitempty"`
}

// Artifact is a file.
type Artifact struct {
	URI string `json:"uri"`
}

// Region begins at a line, from 1, and at a column, from 1 in code points; at
// the line's beginning when the column is 0.
type Region struct {
	StartLine   int `json:"startLine"`
	StartColumn int `json:"startColumn,omitempty"`
}

// New returns the log of one run without results. Columns are in code points.
func New(driver Driver) *Log {
	return &Log{Schema: Schema, Version: Version, Runs: []Run{{Tool: Tool{driver}, ColumnKind: "unicodeCodePoints", Results: []Result{}}}}
}

// Write writes the log as indented JSON.
func (l *Log) Write(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(l)
}

// URI returns how a log names a file: relative to folder where the file is
// below it, with slashes and percent signs as RFC 3986 asks for; a file URI
// otherwise.
func URI(folder, file string) string {
	path := file
	if filepath.IsAbs(path) {
		rel, err := filepath.Rel(folder, path)
		if err != nil || rel == ".." || strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
			return (&url.URL{Scheme: "file", Path: "/" + strings.TrimPrefix(filepath.ToSlash(path), "/")}).String()
		}
		path = rel
	}
	// A colon in the first segment would be read as a scheme: URL writes ./ then.
	return (&url.URL{Path: filepath.ToSlash(filepath.Clean(path))}).String()
}
