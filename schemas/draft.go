package schemas

import (
	"slices"
	"strings"
	"time"
)

// draft is an event on its way from a shape's places to the Event: texts as
// the source wrote them, by field. It is made for reuse.
//
// Texts are taken from the record when they are asked for: most events are of
// no interest to any rule after one or two fields.
type draft struct {
	d  *Decoder // whose arena the texts are in
	ev *Event
	t  *table // where the fields sit that were not asked for; nil when all are set

	action    Action
	truncated bool
	time      time.Time
	source    string // of time
	outerTime time.Time
	outerHost []byte // see region

	texts []string
	runs  [NumFields]run
	taken uint64 // bit f: the texts of f are those of its run

	data   dataForm
	dashes bool // a dash, or nothing, says that there is nothing
	halve  bool // backslashes may be doubled

	valueName    string // where the source has a field for it
	hasValueName bool
	value        bool // the path names a value whatever the action is
}

const _ = uint(64 - NumFields) // taken and Event.pending have 64 bits

// run is the texts of one field: texts[from:to].
type run struct{ from, to uint16 }

func (w *draft) reset(t *table) {
	w.ev, w.t, w.action, w.truncated = &w.d.event, t, ActionUnknown, false
	w.time, w.source, w.outerTime, w.outerHost = time.Time{}, "", time.Time{}, nil
	w.texts, w.taken = w.texts[:0], 0
	w.data, w.dashes, w.halve = sysmonData, false, false
	w.valueName, w.hasValueName, w.value = "", false, false
}

// get returns the texts of a field.
func (w *draft) get(f Field) []string {
	if w.taken&(1<<f) == 0 {
		w.take(f, f)
		if w.halve && f != SourceMessage {
			for i := w.runs[f].from; i < w.runs[f].to; i++ {
				w.texts[i] = w.halveBackslashes(w.texts[i])
			}
		}
		if r := w.runs[f]; w.dashes && r.to-r.from == 1 {
			switch f {
			case RegistryPath, RegistryNewPath, RegistryDataStrings, SourceMessage:
			default:
				if t := w.texts[r.from]; t == "-" || t == "" {
					w.runs[f].to = r.from
				}
			}
		}
	}
	return w.texts[w.runs[f].from:w.runs[f].to]
}

func (w *draft) has(f Field) bool { return len(w.get(f)) > 0 }

func (w *draft) first(f Field) string {
	if t := w.get(f); len(t) > 0 {
		return t[0]
	}
	return ""
}

// says reports whether the field has a text that says something, without
// taking it.
func (w *draft) says(f Field) bool {
	if w.taken&(1<<f) != 0 {
		return w.runs[f].to > w.runs[f].from && w.texts[w.runs[f].from] != ""
	}
	if w.t == nil {
		return false
	}
	slot, ok := w.d.slot(w.t, f)
	if !ok {
		return false
	}
	at := w.d.rec.slots[slot]
	n := at.to - at.from
	return n > 1 || n == 1 && !(w.dashes && w.d.rec.b[at.from] == '-')
}

// take takes what sits at a place of the shape as the field f.
func (w *draft) take(place, f Field) {
	w.taken |= 1 << f
	from := len(w.texts)
	w.runs[f] = run{uint16(from), uint16(from)}
	if w.t == nil {
		return
	}
	slot, ok := w.d.slot(w.t, place)
	if !ok {
		return
	}
	if s := w.d.rec.slots[slot]; s.kind != arrayKind {
		w.texts = append(w.texts, w.d.text(s))
	} else {
		for i := int(s.from) + 1; ; {
			e, next, ok := w.d.rec.element(i)
			if !ok {
				break
			}
			if len(w.texts)-from >= w.d.limits.FieldValues {
				w.truncated = true
				break
			}
			w.texts = append(w.texts, w.d.text(e))
			i = next
		}
	}
	w.runs[f].to = uint16(len(w.texts))
}

// takeText returns the text at a place, empty when there is none.
func (d *Decoder) takeText(t *table, place Field) string {
	slot, ok := d.slot(t, place)
	if !ok || d.rec.slots[slot].kind == arrayKind {
		return ""
	}
	text := d.text(d.rec.slots[slot])
	if d.draft.halve {
		text = d.draft.halveBackslashes(text)
	}
	return text
}

// takeTime takes the first of the shape's times that can be read, or that of
// the record around.
func (w *draft) takeTime() {
	if w.t == nil {
		return
	}
	for _, place := range [...]Field{wireUTCTime, wireSystemTime, wireTimestamp, wireZonedTime} {
		for _, slot := range w.t.places[place] {
			s := w.d.rec.slots[slot]
			if !s.kind.text() {
				continue
			}
			at, zoned, ok := parseTime(w.d.plain(s)) // some encoders escape a plus
			if ok && (zoned || place != wireZonedTime) {
				w.time, w.source = at, w.d.names[slot]
				return
			}
		}
	}
	if !w.outerTime.IsZero() {
		w.time, w.source = w.outerTime, "time"
	}
}

// set replaces the texts of a field.
func (w *draft) set(f Field, texts ...string) {
	from := len(w.texts)
	w.texts = append(w.texts, texts...)
	w.taken |= 1 << f
	w.runs[f] = run{uint16(from), uint16(len(w.texts))}
}

// setLines replaces the texts of a field by the lines of text.
func (w *draft) setLines(f Field, text string) {
	from := len(w.texts)
	for line := range strings.SplitSeq(strings.TrimRight(text, "\r\n"), "\n") {
		if len(w.texts)-from >= w.d.limits.FieldValues {
			w.truncated = true
			break
		}
		w.texts = append(w.texts, strings.TrimSpace(line))
	}
	w.taken |= 1 << f
	w.runs[f] = run{uint16(from), uint16(len(w.texts))}
}

// keepOnly drops the field unless its text is one of those allowed.
func (w *draft) keepOnly(f Field, allowed ...string) {
	if !slices.Contains(allowed, w.first(f)) {
		w.set(f)
	}
}

// join makes the path of a key and the name of a value.
func (w *draft) join(key, name string) {
	from := len(w.d.arena)
	w.d.arena = append(append(append(w.d.arena, key...), '\\'), name...)
	w.set(RegistryPath, w.d.view(from))
}
