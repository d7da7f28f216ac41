package schemas

import (
	"iter"
	"strings"
)

// Missing is what a registry event lacks, through no fault of the rules: what
// its source did not write. Rules that test it cannot fire on the event.
type Missing uint8

const (
	MissingProcess Missing = 1 << iota // neither image nor name of the acting process
	MissingUser                        // the acting user
	MissingHost                        // the machine
	MissingTime                        // when it happened
	MissingData                        // a value was set, and not said to what
	MissingAction                      // what was done

	numMissing = 6
)

var missingNames = [numMissing]string{"process", "user", "host", "time", "data", "action"}

// All returns each single thing that is missing.
func (m Missing) All() iter.Seq[Missing] {
	return func(yield func(Missing) bool) {
		for i := range numMissing {
			if m&(1<<i) != 0 && !yield(1<<i) {
				return
			}
		}
	}
}

// String returns the names of what is missing: process, user, host, time,
// data, action. They label metrics and never change.
func (m Missing) String() string {
	var names []string
	for i, name := range missingNames {
		if m&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, ",")
}

// EverythingMissing holds all that an event may lack.
const EverythingMissing Missing = 1<<numMissing - 1

// missing says what the draft lacks.
func (w *draft) missing() (m Missing) {
	if !w.says(ProcessExecutable) && !w.says(ProcessName) {
		m |= MissingProcess
	}
	if !w.says(UserID) && !w.says(UserName) && !w.says(UserFull) {
		m |= MissingUser
	}
	if !w.says(HostName) && !w.says(HostID) && len(w.outerHost) == 0 {
		m |= MissingHost
	}
	if w.outerTime.IsZero() && !w.t.filled(w.d, wireUTCTime, wireSystemTime, wireTimestamp) {
		if w.takeTime(); w.time.IsZero() { // local time of nobody knows where is none
			m |= MissingTime
		}
	}
	switch {
	case w.action == ActionUnknown:
		m |= MissingAction
	case w.action == ValueSet && !w.hasData():
		m |= MissingData
	}
	return m
}

// hasData reports whether there is value data, without taking it.
func (w *draft) hasData() bool {
	if w.taken&(1<<RegistryDataStrings) != 0 {
		return w.runs[RegistryDataStrings].to > w.runs[RegistryDataStrings].from
	}
	slot, ok := w.d.slot(w.t, RegistryDataStrings)
	if s := w.d.rec.slots[slot]; ok && s.kind == arrayKind {
		_, _, ok = w.d.rec.element(int(s.from) + 1) // an empty list is none
	}
	return ok
}

// filled reports whether one of the places holds a text that is not empty.
func (t *table) filled(d *Decoder, places ...Field) bool {
	for _, f := range places {
		for _, slot := range t.places[f] {
			if s := d.rec.slots[slot]; s.kind.text() && s.to > s.from {
				return true
			}
		}
	}
	return false
}
