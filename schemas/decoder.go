package schemas

import (
	"strings"

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
	texts   [][]byte // the texts that were unwrapped, by level
	index   int      // of the next record
	over    bool     // nothing more is read of this value

	// Of the record.
	rec   record
	draft draft
	probe scanner // of texts that may be documents

	// Of the event: what it shows.
	arena         []byte
	path, newPath registry.Path
	event         Event

	overwrite bool
	reading   bool // every record is read to its end, veto or not
}

// NewDecoder returns a Decoder with the limits of DefaultLimits.
func NewDecoder() *Decoder { return DefaultLimits().NewDecoder() }

// NewDecoder returns a Decoder with these limits.
func (l Limits) NewDecoder() *Decoder {
	d := &Decoder{limits: l.orDefault(), program: compiled()}
	d.rec.program = d.program
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

// ReadAll makes Next read every record to its end, also where its event id says
// early that it is no registry event. It is for tests that compare the two.
func (d *Decoder) ReadAll() { d.reading = true }

// Reset begins a new value, which must not change until the last Next. A value
// may hold several records.
func (d *Decoder) Reset(value []byte) {
	d.forget()
	d.regions = append(d.regions[:0], region{b: value})
	d.index, d.over = 0, false
	if cap(d.rec.key) > d.limits.ArenaRetains {
		d.rec.key = nil
	}
	for i := range d.texts {
		if cap(d.texts[i]) > d.limits.ArenaRetains {
			d.texts[i] = nil
		}
	}
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
	d.event.pending = 0
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
		var out Outcome
		found := false
		if !r.ended() { // told here, as every value ends with that
			out, found = d.step(r)
		}
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
