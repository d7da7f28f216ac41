package schemas

import (
	"strings"
	"time"

	"github.com/regtrap/regtrap/registry"
)

// Action is what was done to the registry, derived for every shape and never
// copied from the source's own words.
type Action uint8

const (
	ActionUnknown Action = iota // an event 12 that says nowhere what was done
	ValueSet                    // a value was set or created
	KeyCreated
	KeyDeleted
	ValueDeleted
	KeyRenamed
	ValueRenamed
	Queried // a read
)

// String is the action in words, as in "value set".
func (a Action) String() string {
	switch a {
	case ValueSet:
		return "value set"
	case KeyCreated:
		return "key created"
	case KeyDeleted:
		return "key deleted"
	case ValueDeleted:
		return "value deleted"
	case KeyRenamed:
		return "key renamed"
	case ValueRenamed:
		return "value renamed"
	case Queried:
		return "queried"
	}
	return "unknown"
}

// Actions is a set of Action.
type Actions uint16

// ActionSet returns the set of the given actions.
func ActionSet(actions ...Action) Actions {
	var s Actions
	for _, a := range actions {
		s |= 1 << a
	}
	return s
}

// AllActions holds every action, ActionUnknown too.
const AllActions Actions = 1<<(Queried+1) - 1

// Has reports whether a is in s.
func (s Actions) Has(a Action) bool { return s&(1<<a) != 0 }

// Value is one text of one element of a field. All strings are views of the
// decoder's arena, valid as long as the Event.
type Value struct {
	Text   string // as it is shown
	Folded string // registry.Fold(Text)

	Spelling registry.Spelling
	// Element numbers the values of a field that has several, from 0. The
	// texts of one element are spellings of the same thing.
	Element uint16
	// Whole texts are seen by whole-value tests only, never by prefix, suffix
	// or infix tests: the decimal text of an integer.
	Whole bool
	// Opaque data exists but was hidden by the source ("Binary Data"): it
	// equals its Text, has a length, and matches no other pattern.
	Opaque bool
	// Numeric says that Number holds the value of the element.
	Numeric bool
	Number  uint64
}

// Event is one registry event, whatever shape it came in. It belongs to the
// Decoder that returned it and is valid until that decoder's next Next or
// Reset; Clone keeps one.
//
// Its texts are made when they are asked for, so its methods are, like the
// decoder's, for one goroutine.
type Event struct {
	Shape  Shape
	Action Action
	// Index is the place of the event within the Kafka value, from 0,
	// counting every record of the value, not only registry events.
	Index int

	draft   *draft // what the fields of pending are made of
	pending uint64 // bit f: the texts of f were not made yet
	timed   bool   // time was read

	values []Value              // of one field after the other
	spans  [NumFields]fieldSpan // by field

	time                    time.Time
	timeSource              string
	displayPath, displayKey string
	opaque, truncated       bool
}

// fieldSpan is the texts of one field: values[from:to].
type fieldSpan struct{ from, to uint16 }

// Values returns every text of every element of a field, the wire's own text
// of an element first; none means that the field is null. The slice is the
// event's: read only.
func (e *Event) Values(f Field) []Value {
	if e.pending&(1<<f) != 0 {
		e.draft.make(f)
	}
	s := e.spans[f]
	return e.values[s.from:s.to:s.to]
}

// Time returns when the event happened, UTC; zero when the source does not say
// (then the Kafka timestamp serves). source names the text that it was read
// from, as in "UtcTime".
func (e *Event) Time() (at time.Time, source string) {
	if !e.timed {
		e.timed = true
		if e.draft != nil {
			if e.draft.source == "" {
				e.draft.takeTime()
			}
			e.time, e.timeSource = e.draft.time, e.draft.source
		}
	}
	return e.time, e.timeSource
}

// DisplayPath returns the canonical path except that a numbered control set
// keeps its number: the registry.path of the alert.
func (e *Event) DisplayPath() string {
	e.display()
	return e.displayPath
}

// DisplayKey returns what lies between hive and value name in DisplayPath.
func (e *Event) DisplayKey() string {
	e.display()
	return e.displayKey
}

func (e *Event) display() {
	e.Values(RegistryPath)
	if e.draft != nil {
		e.displayPath, e.displayKey = e.draft.d.path.Display(), e.draft.d.path.DisplayKey()
	}
}

// Opaque reports whether the source hid the value data.
func (e *Event) Opaque() bool {
	e.Values(RegistryDataStrings)
	return e.opaque
}

// Truncated reports whether a text or a list was longer than Limits allow and
// was cut: tests see its beginning.
func (e *Event) Truncated() bool {
	e.makeAll()
	return e.truncated
}

func (e *Event) makeAll() {
	for f := range Field(NumFields) {
		e.Values(f)
	}
	if e.draft != nil {
		e.truncated = e.draft.truncated
	}
}

// First returns the wire's own text of the first element of a field.
func (e *Event) First(f Field) (text string, ok bool) {
	if v := e.Values(f); len(v) > 0 {
		return v[0].Text, true
	}
	return "", false
}

// Clone returns a copy that owns its memory and stays valid.
func (e *Event) Clone() *Event {
	e.makeAll()
	e.Time()
	e.display()
	c := *e
	c.draft = nil
	size := len(e.displayPath) + len(e.displayKey)
	for i := range e.values {
		size += len(e.values[i].Text) + len(e.values[i].Folded)
	}
	var b strings.Builder
	b.Grow(size) // one block: the views below stay valid
	own := func(s string) string {
		from := b.Len()
		b.WriteString(s)
		return b.String()[from:]
	}
	c.displayPath, c.displayKey = own(e.displayPath), own(e.displayKey)
	c.values = make([]Value, len(e.values))
	for i, v := range e.values {
		same := v.Text == v.Folded
		v.Text = own(v.Text)
		if same {
			v.Folded = v.Text
		} else {
			v.Folded = own(v.Folded)
		}
		c.values[i] = v
	}
	return &c
}
