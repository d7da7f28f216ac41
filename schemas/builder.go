package schemas

import "time"

// EventBuilder makes events that come from elsewhere than a wire value: the
// events that a rule's tests state. It makes the same derivations as the
// decoder: spellings of paths and images, the three texts of an integer, user
// names of well-known SIDs, event.type and its like from the action.
//
// Fields are given as a source would write them. RegistryHive, RegistryKey,
// RegistryValue, EventCategory, EventType, EventAction, SysmonEventType,
// SysmonEventID and HostOSType are always derived, and ignored when given;
// RegistryDataStrings counts only when Action is ValueSet. An integer is
// written as Sysmon does, "DWORD (0x00000004)", or RegistryDataType says so.
type EventBuilder struct {
	Action Action
	Time   time.Time
	Fields map[Field][]string
}

// BuildEvent makes an event of the given fields and action; see EventBuilder.
func BuildEvent(fields map[Field][]string, action Action) *Event {
	return EventBuilder{Action: action, Fields: fields}.Event()
}

// Event returns a new event, which owns its memory.
func (b EventBuilder) Event() *Event {
	d := NewDecoder()
	w := &d.draft
	w.reset(nil)
	w.action, w.time = b.Action, b.Time
	if !b.Time.IsZero() {
		w.source = "@timestamp"
	}
	for f, texts := range b.Fields {
		w.set(f, texts...)
	}
	w.assemble(&d.event, 0)
	return d.event.Clone()
}
