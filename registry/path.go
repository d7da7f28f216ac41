// Package registry holds what is known about Windows registry paths: how one
// key is spelled by the sources that report it, the canonical spelling that
// all of them are compared in, the one case fold that rules and events share,
// and the catalogue of autostart locations.
//
// It imports nothing else of this module.
package registry

import (
	"strings"
	"unsafe"
)

// A Spelling names one way in which a path is written.
type Spelling uint8

const (
	Wire      Spelling = iota // as the source wrote it
	Canonical                 // HKLM\…, HKEY_USERS\<SID>\…, CurrentControlSet
	Sysmon                    // HKLM\…, HKU\…, HKCR\…, HKU\<SID>_Classes\…, CurrentControlSet
	Defend                    // HKLM\…, HKEY_USERS\…, HKEY_USERS\<SID>_Classes\…, ControlSet001, WOW6432Node\Classes
	Derived                   // another text of the same value: decimal of an integer, (Empty), an unnamed value's trailing \, a numbered control set, a drive letter for a device path
)

// String returns the name that an alert gives the spelling: wire, canonical,
// sysmon, defend or derived.
func (s Spelling) String() string {
	switch s {
	case Wire:
		return "wire"
	case Canonical:
		return "canonical"
	case Sysmon:
		return "sysmon"
	case Defend:
		return "defend"
	case Derived:
		return "derived"
	}
	return "unknown"
}

// Context is what the text of a path does not say about it.
type Context struct {
	// SID is the acting user's security identifier, or empty. It resolves HKCU.
	SID string
	// Value is the value name as the source states it in a field of its own.
	// It may contain backslashes. It is used only when HasValue is set; then
	// the path ends in it (the caller joins key and name). Where the path does
	// not, the last segment is the name. An empty one, the unnamed value, may
	// also come with the path of its key alone.
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

// Path is one registry path in all its spellings. It is made for reuse: Set
// overwrites it and all texts that it returned before, and allocates nothing
// once its buffers have grown to the paths that it is given. The zero Path is
// ready. It is for one goroutine, and must not be copied after Set.
type Path struct {
	buf     []byte // what the texts are views of, but for the wire's
	scratch []byte // the wire's path with its separators single
	parse   parse

	texts     [10]Text // five spellings, and each with the other end of an unnamed value
	n         int
	canonical int  // index in texts
	aligned   bool // offsets in the canonical text are those in its fold

	keys      [2]Text // made when they are asked for
	nkeys     int
	defend    string // the path as Defend writes it
	defendKey int    // length of hive and key in it

	display    string
	displayKey int // length of hive and key in display
	hive       int // length of the hive in the canonical path
	key        int // length of hive and key in the canonical path
	value      bool
}

// Set reads a path as the wire spells it. It never fails: what is no registry
// path is its own canonical spelling. The wire's text is kept, not copied: it
// has to live as long as the spellings are used.
//
// The canonical spelling of an unnamed value ends in `\(Default)`, which is
// also its ValueName.
func (p *Path) Set(wire string, ctx Context) {
	p.buf, p.n, p.nkeys = p.buf[:0], 0, 0
	t := &p.parse
	p.scratch = t.take(wire, &ctx, p.scratch)
	folded, aligned := p.fold(wire)
	p.addFolded(wire, folded, Wire)
	p.aligned = aligned && isASCII(ctx.SID)

	text := wire
	p.key = t.key
	switch {
	case t.canonical(wire):
		for _, s := range t.head[:t.nhead] {
			p.key += len(s)
		}
		p.key -= t.cut
	case p.aligned && len(t.src) == len(wire) && (!t.unnamed || unnamed(wire)):
		// Only the head changes: the rest is folded.
		text = p.join(t.head, p.texts[0], t.cut, Canonical)
		p.key += len(text) - len(wire)
	default:
		start := len(p.buf)
		p.buf, p.key = t.append(p.buf, false)
		text = view(p.buf[start:])
	}
	p.canonical = p.add(text, Canonical)
	canonical := p.texts[p.canonical]
	p.hive, p.value = hiveLen(text[:p.key]), t.value

	key := text[:p.key]
	u := cutUser(key)
	if head, from, ok := sysmon(key, u); ok {
		p.join(head, canonical, from, Sysmon)
	}
	p.defend, p.defendKey = text, p.key
	if head, from, ok := defend(key, u); ok {
		p.defend = p.join(head, canonical, from, Defend)
		p.defendKey = len(p.defend) - (len(text) - p.key)
	}
	p.display, p.displayKey = text, p.key
	if t.set != "" {
		const from = len(`HKLM\SYSTEM\CurrentControlSet`)
		p.display = p.join([4]string{t.head[0], t.head[1], t.set}, canonical, from, Derived)
		p.displayKey += len(p.display) - len(text)
	}
	if u.system && u.classes {
		// The hive that SYSTEM would have were it a user like others: rules look
		// for _Classes.
		p.join([4]string{`HKU`, u.account, `_Classes`}, canonical, u.from, Derived)
	}
	if t.unnamed {
		for _, s := range p.texts[:p.n] {
			if unnamed(s.Text) {
				const cut = len(unnamedName)
				p.addFolded(s.Text[:len(s.Text)-cut], s.Folded[:len(s.Folded)-cut], Derived)
			}
		}
	}
}

// sysmon returns how Sysmon writes a canonical key, as a new head in the place of
// key[:from], or false when it writes the same. SYSTEM has no classes hive of its
// own: they lie below HKU\.DEFAULT.
func sysmon(key string, u user) (head [4]string, from int, ok bool) {
	switch {
	case u.system:
		return [4]string{`HKU\.DEFAULT`}, len(`HKEY_USERS`) + len(u.account), true
	case u.classes:
		return [4]string{`HKU`, u.account, `_Classes`}, u.from, true
	case u.from > 0:
		return [4]string{`HKU`, u.account}, u.from, true
	case under(key, `hklm\software\classes`):
		return [4]string{`HKCR`}, len(`hklm\software\classes`), true
	}
	return head, 0, false
}

// defend is the same for Elastic Defend, which writes the kernel's names: the
// links (.DEFAULT, CurrentControlSet, the 32-bit classes) are resolved in them.
func defend(key string, u user) (head [4]string, from int, ok bool) {
	const (
		current = len(`hklm\system\currentcontrolset`)
		soft    = len(`hklm\software`)
		classes = len(`hklm\software\classes`)
		wow     = len(`hklm\software\classes\wow6432node`)
	)
	switch {
	case u.system:
		return [4]string{`HKEY_USERS\.DEFAULT`}, len(`HKEY_USERS`) + len(u.account), true
	case u.classes:
		return [4]string{`HKEY_USERS`, u.account, `_Classes`}, u.from, true
	case u.from > 0:
	case under(key, `hklm\system\currentcontrolset`):
		return [4]string{key[:len(`hklm\system`)], `\ControlSet001`}, current, true
	case under(key, `hklm\software\classes\wow6432node`):
		return [4]string{key[:soft], key[classes:wow], key[soft:classes]}, wow, true
	}
	return head, 0, false
}

// user is a canonical key of HKEY_USERS taken apart; the zero user is of another.
type user struct {
	account string // `\<SID>`
	from    int    // what follows begins at key[from:]
	classes bool   // \Software\Classes, for which a user has a hive of its own, lies between
	system  bool   // the account is SYSTEM
}

func cutUser(key string) (u user) {
	const root = len(`hkey_users`)
	if !under(key, `hkey_users`) {
		return u
	}
	u.account = segment(key[root:])
	u.from = root + len(u.account)
	u.system = IsFold(u.account, `\s-1-5-18`)
	if u.account != "" && under(key[u.from:], `\software\classes`) &&
		(isSID(u.account[1:]) || IsFold(u.account, `\current_user`)) {
		u.from, u.classes = u.from+len(`\software\classes`), true
	}
	return u
}

// join adds the spelling that has head in the place of base's first bytes, and
// returns it.
func (p *Path) join(head [4]string, base Text, from int, s Spelling) string {
	start := len(p.buf)
	for _, part := range head {
		p.buf = append(p.buf, part...)
	}
	n := len(p.buf) - start
	p.buf = append(p.buf, base.Text[from:]...)
	text := view(p.buf[start:])
	if !p.aligned {
		return p.texts[p.add(text, s)].Text
	}
	for i := range p.n {
		if p.texts[i].Text == text {
			return p.texts[i].Text
		}
	}
	start = len(p.buf)
	p.buf = append(AppendFold(p.buf, text[:n]), base.Folded[from:]...)
	return p.texts[p.addFolded(text, view(p.buf[start:]), s)].Text
}

// add adds a spelling unless it is there, and returns its index.
func (p *Path) add(text string, s Spelling) int {
	for i := range p.n {
		if p.texts[i].Text == text {
			return i
		}
	}
	folded, _ := p.fold(text)
	return p.addFolded(text, folded, s)
}

func (p *Path) addFolded(text, folded string, s Spelling) int {
	for i := range p.n {
		if p.texts[i].Text == text {
			return i
		}
	}
	p.texts[p.n] = Text{text, folded, s}
	p.n++
	return p.n - 1
}

func (p *Path) addKey(path string, s Spelling) {
	key := strings.TrimPrefix(path[hiveLen(path):], `\`)
	folded, _ := p.fold(key)
	p.keys[p.nkeys] = Text{key, folded, s}
	p.nkeys++
}

// fold writes the fold of s to the buffer, and reports whether s is ASCII. When
// the buffer grows the texts before go on viewing the old one.
func (p *Path) fold(s string) (folded string, ascii bool) {
	start := len(p.buf)
	p.buf, ascii = appendFold(p.buf, s)
	return view(p.buf[start:]), ascii
}

// view returns b as a string without copying it. The bytes must not change as
// long as the string is used.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// hiveLen returns the length of the hive with which a key begins: the first
// segment, or the first two of \REGISTRY\A.
func hiveLen(key string) int {
	n := 0
	if hasFold(key, `\registry\`) {
		n = len(`\registry\`)
	} else if hasFold(key, `registry\`) {
		n = len(`registry\`)
	}
	if i := strings.IndexByte(key[n:], '\\'); i >= 0 {
		return n + i
	}
	return len(key)
}

// Spellings returns the distinct spellings, the wire's first, the canonical
// one always among them (possibly the same Text as the wire's). The slice is
// the Path's own.
func (p *Path) Spellings() []Text { return p.texts[:p.n:p.n] }

// Canonical returns the canonical spelling.
func (p *Path) Canonical() string { return p.texts[p.canonical].Text }

// Display returns the canonical path except that a numbered control set keeps
// its number.
func (p *Path) Display() string { return p.display }

// Hive is the first segment of the canonical path: HKLM, HKEY_USERS, or what
// stands there in a text that is no registry path. It is `\REGISTRY\A` for an
// application hive and `\REGISTRY\WC` for that of a silo.
func (p *Path) Hive() string { return p.Canonical()[:p.hive] }

// Keys returns what lies between hive and value name, canonical first and
// then in Elastic Defend's spelling (ControlSet001) when that differs. The
// slice is the Path's own.
func (p *Path) Keys() []Text {
	if p.nkeys == 0 {
		key, byDefend := p.Canonical()[:p.key], p.defend[:p.defendKey]
		p.addKey(key, Canonical)
		if byDefend != key {
			p.addKey(byDefend, Defend)
		}
	}
	return p.keys[:p.nkeys:p.nkeys]
}

// DisplayKey is the key of Display.
func (p *Path) DisplayKey() string {
	return strings.TrimPrefix(p.display[:p.displayKey][p.hive:], `\`)
}

// ValueName returns the name of the value, and false for a path that names a
// key. The unnamed value is called (Default), however the source writes it.
func (p *Path) ValueName() (string, bool) {
	if !p.value {
		return "", false
	}
	return p.Canonical()[p.key+1:], true
}
