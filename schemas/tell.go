package schemas

import (
	"bytes"
	"unsafe"

	"github.com/regtrap/regtrap/registry"
)

// told reports whether one of the shape's alternatives holds.
func (d *Decoder) told(t *table) bool {
	for _, clues := range t.told {
		if d.hold(clues) {
			return true
		}
	}
	return false
}

// hold reports whether all clues hold.
func (d *Decoder) hold(clues []slotClue) bool {
	for _, c := range clues {
		if d.rec.slots[c.slot].kind == absent {
			return false
		}
		if (c.want != "" || c.prefix) && !d.compare(c.slot, c.want, c.prefix) {
			return false
		}
	}
	return true
}

// is reports whether a slot holds want, which is lower case, in any case.
func (d *Decoder) is(slot uint16, want string) bool { return d.compare(slot, want, false) }

func (d *Decoder) compare(slot uint16, want string, prefix bool) bool {
	s := d.rec.slots[slot]
	if !s.kind.text() {
		return false
	}
	b := d.rec.b[s.from:s.to]
	if registry.IsFold(view(b), want) {
		return true
	}
	if len(b) > len(want) {
		b = bytes.TrimSpace(d.plain(s))
	}
	if prefix && len(b) > len(want) {
		b = b[:len(want)]
	}
	return registry.IsFold(view(b), want)
}

// slot returns the slot in which a field of the shape sits: the first that is
// filled and not empty, else the first that is filled.
func (d *Decoder) slot(t *table, f Field) (slot uint16, ok bool) {
	for _, n := range t.places[f] {
		if s := d.rec.slots[n]; s.kind != absent && s.kind != objectKind {
			if s.to > s.from && !(s.kind == arrayKind && s.to-s.from == 2) { // an empty list is no more than an empty text
				return n, true
			}
			if !ok {
				slot, ok = n, true
			}
		}
	}
	return slot, ok
}

// says reports whether a place of the shape holds a text that is not empty.
func (d *Decoder) says(t *table, f Field) bool {
	slot, ok := d.slot(t, f)
	return ok && !d.blank(d.rec.slots[slot])
}

// blank reports whether a text is empty but for white space.
func (d *Decoder) blank(s span) bool {
	b := bytes.TrimSpace(d.rec.b[s.from:s.to])
	if len(b) > 1 && (b[0] == '\\' && b[1] != '\\' || b[0] == '&' || b[0] == '<') {
		b = bytes.TrimSpace(d.plain(s))
	}
	return len(b) == 0
}

// appendText appends the text of a span.
func (d *Decoder) appendText(dst []byte, s span) []byte {
	raw := d.rec.b[s.from:s.to]
	switch s.kind {
	case stringKind:
		return appendUnescaped(dst, raw)
	case markupKind:
		return appendMarkup(dst, raw)
	}
	return append(dst, raw...)
}

// plain returns the text of a span, valid until the next call: its own bytes
// where nothing is escaped, as nearly always.
func (d *Decoder) plain(s span) []byte {
	raw := d.rec.b[s.from:s.to]
	if s.kind == stringKind && bytes.IndexByte(raw, '\\') >= 0 || s.kind == markupKind && bytes.ContainsAny(raw, "&<") {
		d.rec.key = d.appendText(d.rec.key[:0], s)
		return d.rec.key
	}
	return raw
}

// text copies the text of a span to the arena.
func (d *Decoder) text(s span) string {
	if int(s.to-s.from) > d.limits.FieldBytes {
		raw := d.rec.b[s.from:s.to]
		if s.kind == markupKind {
			raw = cutMarkup(raw, d.limits.FieldBytes)
		} else {
			raw = cutRaw(raw, d.limits.FieldBytes)
		}
		s.to = s.from + int32(len(raw))
		d.draft.truncated = true
	}
	from := len(d.arena)
	d.arena = d.appendText(d.arena, s)
	return d.view(from)
}

// view returns the arena's bytes from from on as a string. The arena only
// grows while an event is made, and where it moves the old memory stays as it
// is, so views hold until forget.
func (d *Decoder) view(from int) string {
	return view(d.arena[from:])
}

// view returns b as a string without copying it: it shows what becomes of b.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// cutRaw shortens the text of a JSON string to at most n bytes, not within an
// escape or a code point.
func cutRaw(raw []byte, n int) []byte {
	if len(raw) <= n {
		return raw
	}
	i := 0
	for i < n {
		size := 1
		if raw[i] == '\\' {
			size = 2
			if _, ok := unit(raw[i:]); ok {
				size = 6
			}
		}
		if i+size > n {
			break
		}
		i += size
	}
	return cutRune(raw, i)
}

// cutMarkup does the same for XML: not within a reference. A section that is
// cut through is read to its new end.
func cutMarkup(raw []byte, n int) []byte {
	if at := bytes.LastIndexByte(raw[:n], '&'); at > n-12 && at >= 0 && bytes.IndexByte(raw[at:n], ';') < 0 {
		n = at
	}
	return cutRune(raw, n)
}

// cutRune shortens b to n bytes, or to the beginning of the code point there.
func cutRune(b []byte, n int) []byte {
	for i := n; i > 0 && i > n-4 && i < len(b); i-- {
		if b[i]&0xc0 != 0x80 {
			return b[:i]
		}
	}
	return b[:n]
}
