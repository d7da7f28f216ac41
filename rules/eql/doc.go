// Package eql reads Elastic's Event Query Language: queries on one event, as in
//
//	registry where event.type == "change" and registry.path : "HKLM\\*\\Run\\*"
//
// Parse turns a query into a tree with positions, and String writes a tree as
// EQL that parses to the same tree. The package knows the syntax alone; what a
// query means is the business of whoever compiles the tree. Sequences, samples,
// joins and pipes are about several events: they are refused by name.
//
// The syntax is that of Elasticsearch, EQL syntax reference. Errors are *Error.
package eql

import "fmt"

// Pos is a place in a query.
type Pos struct {
	Offset       int // in bytes, from 0
	Line, Column int // from 1; the column in code points
}

// Error is what is wrong with a query, and where.
type Error struct {
	Pos  Pos
	What string // with the offending text
	Want string // what would be right
	// Unsupported says that the query may be right, and is beyond one event.
	Unsupported bool
}

func (e *Error) Error() string {
	return fmt.Sprintf("%d:%d: %s: %s", e.Pos.Line, e.Pos.Column, e.What, e.Want)
}
