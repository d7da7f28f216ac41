package schemas

import (
	"slices"
	"strings"
	"time"
)

// draft is an event on its way from a shape's places to the Event: texts as
// the source wrote them, by field. It is made for reuse.
type draft struct {
	d  *Decoder // whose arena the texts are in
	ev *Event

	shape     Shape
	action    Action
	index     int
	truncated bool
	time      time.Time
	source    string // of time

	texts []string
	runs  [NumFields]run
	data  dataForm

	valueName    string // where the source has a field for it
	hasValueName bool
	value        bool // the path names a value whatever the action is
}

// run is the texts of one field: texts[from:to].
type run struct{ from, to int }

func (w *draft) reset(shape Shape, index int) {
	*w = draft{d: w.d, texts: w.texts[:0], shape: shape, index: index}
}

// takeAll takes every field that the shape has a place for, and the time.
func (w *draft) takeAll(t *table) {
	for f := range Field(NumFields) {
		if len(t.places[f]) > 0 {
			w.take(t, f, f)
		}
	}
	w.takeTime(t)
}

// take takes what sits at a place of the shape as the field f.
func (w *draft) take(t *table, place, f Field) {
	slot, ok := w.d.slot(t, place)
	if !ok {
		return
	}
	from := len(w.texts)
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
	w.runs[f] = run{from, len(w.texts)}
}

// takeText returns the text at a place, empty when there is none.
func (d *Decoder) takeText(t *table, place Field) string {
	slot, ok := d.slot(t, place)
	if !ok || d.rec.slots[slot].kind == arrayKind {
		return ""
	}
	return d.text(d.rec.slots[slot])
}

// takeTime takes the first of the shape's times that can be read.
func (w *draft) takeTime(t *table) {
	for _, place := range [...]Field{wireUTCTime, wireSystemTime, wireTimestamp, wireZonedTime} {
		for _, slot := range t.places[place] {
			s := w.d.rec.slots[slot]
			if s.kind != stringKind {
				continue
			}
			at, zoned, ok := parseTime(w.d.rec.b[s.from:s.to])
			if ok && (zoned || place != wireZonedTime) {
				w.time, w.source = at, w.d.names[slot]
				return
			}
		}
	}
}

func (w *draft) get(f Field) []string { return w.texts[w.runs[f].from:w.runs[f].to] }

func (w *draft) has(f Field) bool { return w.runs[f].to > w.runs[f].from }

func (w *draft) first(f Field) string {
	if w.has(f) {
		return w.texts[w.runs[f].from]
	}
	return ""
}

// set replaces the texts of a field.
func (w *draft) set(f Field, texts ...string) {
	from := len(w.texts)
	w.texts = append(w.texts, texts...)
	w.runs[f] = run{from, len(w.texts)}
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
	w.runs[f] = run{from, len(w.texts)}
}

// keepOnly drops the field unless its text is one of those allowed.
func (w *draft) keepOnly(f Field, allowed ...string) {
	if !slices.Contains(allowed, w.first(f)) {
		w.set(f)
	}
}

// dropDashes makes fields null in which Windows says that there is nothing.
func (w *draft) dropDashes() {
	for f := range Field(NumFields) {
		switch f {
		case RegistryPath, RegistryNewPath, RegistryDataStrings, SourceMessage:
		default:
			if t := w.get(f); len(t) == 1 && (t[0] == "-" || t[0] == "") {
				w.set(f)
			}
		}
	}
}
