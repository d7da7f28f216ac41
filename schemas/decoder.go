package schemas

import (
	"bytes"
	"strings"
	"unsafe"

	"github.com/regtrap/regtrap/registry"
)

// Decoder reads the value of a Kafka record into registry events. It is for
// one goroutine and owns all memory that its events show. In steady state it
// allocates nothing, neither for registry events nor for other records.
type Decoder struct {
	limits Limits
	*program

	// Of the value.
	regions []region // the documents being read, the outermost first
	index   int      // of the next record
	over    bool     // nothing more is read of this value

	// Of the record.
	rec   record
	draft draft

	// Of the event: what it shows.
	arena         []byte
	path, newPath registry.Path
	event         Event

	overwrite bool
}

// A region is a document that holds records: the value itself, or a part of a
// record that holds further ones.
type region struct {
	b       []byte
	pos     int
	array   bool // between the brackets of an array
	first   bool // no element of the array was read yet
	started bool // a record was read
	loose   bool // after malformed text: stray commas and brackets are passed over
}

// NewDecoder returns a Decoder with the limits of DefaultLimits.
func NewDecoder() *Decoder { return DefaultLimits().NewDecoder() }

// NewDecoder returns a Decoder with these limits.
func (l Limits) NewDecoder() *Decoder {
	d := &Decoder{limits: l.orDefault(), program: compiled()}
	d.rec.slots = make([]span, len(d.program.paths))
	d.rec.filled = make([]uint16, 0, len(d.program.paths))
	d.rec.maxDepth = d.limits.Depth
	d.draft.d = d
	d.over = true
	return d
}

// OverwriteEvents makes Next and Reset overwrite the memory of the event
// before, so that a test which keeps a view of it beyond its time fails. The
// race detector does not see such views.
func (d *Decoder) OverwriteEvents() { d.overwrite = true }

// Reset begins a new value, which must not change until the last Next. A value
// may hold several records.
func (d *Decoder) Reset(value []byte) {
	d.forget()
	d.regions = append(d.regions[:0], region{b: value})
	d.index, d.over = 0, false
}

// forget ends the life of the last event.
func (d *Decoder) forget() {
	if d.overwrite {
		arena := d.arena[:cap(d.arena)]
		for i := range arena {
			arena[i] = '!'
		}
		// Not canonical, so that the path writes all its spellings anew.
		stale := `\REGISTRY\MACHINE\SYSTEM\ControlSet002\` + strings.Repeat("!", 4096)
		d.path.Set(stale, registry.Context{})
		d.newPath.Set(stale, registry.Context{})
	}
	d.arena = d.arena[:0]
	if cap(d.arena) > d.limits.ArenaRetains {
		d.arena = nil
	}
}

// Next reads the next record of the value. The Event is non-nil only for Kind
// Registry and is valid until the next Next or Reset.
func (d *Decoder) Next() (*Event, Outcome) {
	if d.over {
		return nil, Outcome{}
	}
	d.forget()
	for {
		r := &d.regions[len(d.regions)-1]
		out, found := d.step(r)
		if !found {
			if d.regions = d.regions[:len(d.regions)-1]; len(d.regions) > 0 {
				continue
			}
			d.over = true
			return nil, Outcome{}
		}
		if out.Kind == End { // the record was opened: go on inside
			continue
		}
		d.index++
		if out.Kind == Registry {
			return &d.event, out
		}
		return nil, out
	}
}

// pending reports whether anything is left of the value.
func (d *Decoder) pending() bool {
	for _, r := range d.regions {
		if len(bytes.TrimSpace(r.b[r.pos:])) > 0 {
			return true
		}
	}
	return false
}

var byteOrderMark = []byte("\xef\xbb\xbf")

// step reads the next record of a region; found is false at its end. Kind End
// with found says that the record's own records come next.
func (d *Decoder) step(r *region) (out Outcome, found bool) {
	s := &d.rec
	s.clear()
	s.b = r.b
	if d.index >= d.limits.Events && d.pending() {
		d.over = true
		return limitOutcome("more than %d records in one value", d.limits.Events), true
	}
	if !r.started {
		if len(r.b) > d.limits.ValueBytes {
			r.started, r.pos = true, len(r.b)
			return limitOutcome("the value has more than %d bytes", d.limits.ValueBytes), true
		}
		if bytes.HasPrefix(r.b, byteOrderMark) {
			r.pos = len(byteOrderMark)
		}
	}
	for {
		i := s.space(r.pos)
		if r.loose {
			for i < len(r.b) && (r.b[i] == ',' || r.b[i] == ']') {
				i = s.space(i + 1)
			}
		}
		started := r.started
		r.started = true
		if i >= len(r.b) {
			r.pos = i
			switch {
			case r.array:
				r.array = false
				s.fail(i, "']' at the end of an array")
				return Outcome{Kind: Dead, Reason: DeadMalformedJSON, Detail: s.detail()}, true
			case !started && len(d.regions) == 1:
				return Outcome{Kind: Skipped, Reason: SkipEmpty}, true
			}
			return Outcome{}, false
		}
		c := r.b[i]
		if r.array {
			if c == ']' {
				r.array, r.pos = false, i+1
				continue
			}
			if !r.first {
				if c != ',' {
					return d.malformed(r, i, i, "',' or ']'"), true
				}
				i = s.space(i + 1)
			}
			r.first = false
			if i < len(r.b) && r.b[i] == '{' {
				return d.object(r, i), true
			}
			end := s.skip(i, 1)
			if end < 0 {
				return d.malformed(r, i, i, ""), true
			}
			r.pos = end
			return Outcome{Kind: Skipped, Reason: SkipUnknownShape}, true
		}
		switch {
		case c == '{':
			return d.object(r, i), true
		case c == '[':
			r.array, r.first, r.pos = true, true, i+1
		case c == '<' && markup(r.b[i:]):
			d.resume(r, i)
			return Outcome{Kind: Skipped, Reason: SkipXML}, true
		case !started && len(d.regions) == 1:
			r.pos = len(r.b)
			return Outcome{Kind: Skipped, Reason: SkipNotDocument}, true
		default:
			return d.malformed(r, i, i, "'{', '[' or the end of the value"), true
		}
	}
}

// markup reports whether b, which begins with '<', begins as XML: a syslog line
// begins with a priority, as in "<134>".
func markup(b []byte) bool {
	if len(b) < 2 {
		return false
	}
	c := b[1] | 0x20
	return 'a' <= c && c <= 'z' || b[1] == '?' || b[1] == '!'
}

// malformed makes the dead letter of the record at from, whose text is wrong
// at at, unless the scanner knows better.
func (d *Decoder) malformed(r *region, from, at int, want string) Outcome {
	d.rec.fail(at, want)
	out := Outcome{Kind: Dead, Reason: DeadMalformedJSON, Detail: d.rec.detail()}
	if d.rec.tooDeep {
		out.Reason = DeadLimit
	}
	d.resume(r, from)
	return out
}

// resume sets the region to the next line after from that begins as a record.
// It starts from where the bad record begins, not from where it was found bad:
// an open string swallows the records behind it.
func (d *Decoder) resume(r *region, from int) {
	r.array, r.loose = false, true
	for i := from; ; {
		n := bytes.IndexByte(r.b[i:], '\n')
		if n < 0 {
			r.pos = len(r.b)
			return
		}
		if i += n + 1; i < len(r.b) && (r.b[i] == '{' || r.b[i] == '[') {
			r.pos = i
			return
		}
	}
}

// object reads the record at i and decides what it is.
func (d *Decoder) object(r *region, i int) Outcome {
	depth := 0
	if r.array {
		depth = 1
	}
	end := d.rec.read(i, d.root, depth)
	if end < 0 {
		return d.malformed(r, i, i, "")
	}
	r.pos = end
	if d.is(d.kind, "alert") {
		return Outcome{Kind: Skipped, Reason: SkipAlert}
	}
	for k := range d.tables {
		if t := &d.tables[k]; d.told(t) {
			d.draft.reset(t.id, d.index)
			out := t.read(d, t)
			out.Shape = t.id
			if out.Kind == Registry {
				d.draft.assemble(&d.event)
			}
			return out
		}
	}
	if s := d.rec.slots[d.envelope]; s.kind == arrayKind && len(d.regions) <= d.limits.Unwrap {
		d.regions = append(d.regions, region{b: r.b[:s.to], pos: int(s.from), started: true})
		return Outcome{}
	}
	return Outcome{Kind: Skipped, Reason: SkipUnknownShape}
}

// told reports whether one of the shape's alternatives holds.
func (d *Decoder) told(t *table) bool {
alternatives:
	for _, clues := range t.told {
		for _, c := range clues {
			if s := d.rec.slots[c.slot]; s.kind == absent {
				continue alternatives
			}
			if (c.want != "" || c.prefix) && !d.compare(c.slot, c.want, c.prefix) {
				continue alternatives
			}
		}
		return true
	}
	return false
}

// is reports whether a slot holds want, which is lower case, in any case.
func (d *Decoder) is(slot uint16, want string) bool { return d.compare(slot, want, false) }

func (d *Decoder) compare(slot uint16, want string, prefix bool) bool {
	s := d.rec.slots[slot]
	if s.kind == absent || s.kind == arrayKind {
		return false
	}
	b := d.rec.b[s.from:s.to]
	if s.kind == escapedKind {
		d.rec.key = appendUnescaped(d.rec.key[:0], b, true)
		b = d.rec.key
	}
	b = bytes.TrimSpace(b)
	if prefix && len(b) > len(want) {
		b = b[:len(want)]
	}
	return len(b) == len(want) && equalFoldASCII(b, want)
}

// equalFoldASCII compares b with want, which is lower case and as long.
func equalFoldASCII(b []byte, want string) bool {
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != want[i] {
			return false
		}
	}
	return true
}

// slot returns the slot in which a field of the shape sits: the first that is
// filled and not empty, else the first that is filled.
func (d *Decoder) slot(t *table, f Field) (slot uint16, ok bool) {
	for _, n := range t.places[f] {
		if s := d.rec.slots[n]; s.kind != absent {
			if s.to > s.from {
				return n, true
			}
			if !ok {
				slot, ok = n, true
			}
		}
	}
	return slot, ok
}

// text copies the text of a span to the arena.
func (d *Decoder) text(s span) string {
	raw := d.rec.b[s.from:s.to]
	if len(raw) > d.limits.FieldBytes {
		raw = cutRaw(raw, d.limits.FieldBytes)
		d.draft.truncated = true
	}
	from := len(d.arena)
	d.arena = appendUnescaped(d.arena, raw, s.kind == escapedKind)
	return d.view(from)
}

// view returns the arena's bytes from from on as a string. The arena only
// grows while an event is made, and where it moves the old memory stays as it
// is, so views hold until forget.
func (d *Decoder) view(from int) string {
	b := d.arena[from:]
	return unsafe.String(unsafe.SliceData(b), len(b))
}

// cutRaw shortens the text of a JSON string to at most n bytes, not within an
// escape or a code point.
func cutRaw(raw []byte, n int) []byte {
	i := 0
	for i < n {
		size := 1
		switch {
		case raw[i] == '\\' && raw[i+1] == 'u':
			size = 6
		case raw[i] == '\\':
			size = 2
		}
		if i+size > n {
			break
		}
		i += size
	}
	for i > 0 && i < len(raw) && raw[i]&0xc0 == 0x80 {
		i--
	}
	return raw[:i]
}
