// Package registry holds what is known about Windows registry paths: how one
// key is spelled by the sources that report it, the canonical spelling that
// all of them are compared in, the one case fold that rules and events share,
// and the catalogue of autostart locations.
//
// It imports nothing else of this module.
package registry

// A Spelling names one way in which a path is written.
type Spelling uint8

const (
	Wire      Spelling = iota // as the source wrote it
	Canonical                 // HKLM\…, HKEY_USERS\<SID>\…, CurrentControlSet
	Sysmon                    // HKLM\…, HKU\…, HKCR\…, HKU\<SID>_Classes\…, CurrentControlSet
	Defend                    // HKLM\…, HKEY_USERS\…, ControlSet001
	Derived                   // another text of the same value: decimal of an integer, (Empty), (Default), a drive letter for a device path
)

// Context is what the text of a path does not say about it.
type Context struct {
	// SID is the acting user's security identifier, or empty. It resolves HKCU.
	SID string
	// Value is the value name as the source states it in a field of its own.
	// It may contain backslashes. It is used only when HasValue is set; then
	// the path ends in it (the caller joins key and name).
	Value    string
	HasValue bool
	// ValueEvent says that the path names a value, not a key: only then has an
	// unnamed value its two spellings, `\(Default)` and a trailing `\`, and
	// only then is the last segment a value name.
	ValueEvent bool
}

// Text is one spelling of a path and its fold.
type Text struct {
	Text, Folded string
	Spelling     Spelling
}

// Fold returns s under Unicode simple case folding; it returns s itself when
// nothing changes. Folding may change the length.
func Fold(s string) string { return s }

// AppendFold appends Fold(s) to dst.
func AppendFold(dst []byte, s string) []byte { return append(dst, s...) }

// Path is one registry path in all its spellings. It is made for reuse: Set
// overwrites it and all texts that it returned before. The zero Path is ready.
// It is for one goroutine.
type Path struct{}

// Set reads a path as the wire spells it. It never fails: what is no registry
// path is its own canonical spelling.
func (p *Path) Set(wire string, ctx Context) {}

// Spellings returns the distinct spellings, the wire's first, the canonical
// one always among them (possibly the same Text as the wire's).
func (p *Path) Spellings() []Text { return nil }

// Canonical returns the canonical spelling; Display the same except that a
// numbered control set keeps its number.
func (p *Path) Canonical() string { return "" }

// Display returns the canonical path except that a numbered control set keeps
// its number.
func (p *Path) Display() string { return "" }

// Hive is HKLM, HKEY_USERS, …: the first segment of the canonical path.
func (p *Path) Hive() string { return "" }

// Keys returns what lies between hive and value name, canonical first and
// then in Elastic Defend's spelling (ControlSet001) when that differs.
func (p *Path) Keys() []Text { return nil }

// DisplayKey is the key of Display.
func (p *Path) DisplayKey() string { return "" }

// ValueName returns the name of the value, and false for a path that names a key.
func (p *Path) ValueName() (string, bool) { return "", false }

// CanonicalHead returns the canonical spelling of the literal text with which
// a pattern begins, as pieces between which any text may stand: HKU\ is
// HKEY_USERS\, and HKCU\Run is HKEY_USERS\ * \Run. ok is false when the
// literal has no other canonical spelling. Control sets are left as they are.
func CanonicalHead(literal string) (pieces []string, ok bool) { return nil, false }

// Undouble replaces %% by %, Sysmon's escape of a percent sign. It returns s
// itself when there is none.
func Undouble(s string) string { return s }
