package schemas

import (
	"strconv"
	"strings"

	"github.com/regtrap/regtrap/registry"
)

// assemble makes the event of the draft. What its fields say is made when it is
// asked for.
func (w *draft) assemble(ev *Event, index int) {
	*ev = Event{Action: w.action, Index: index, draft: w, pending: 1<<NumFields - 1, values: ev.values[:0]}
	if w.t != nil {
		ev.Shape = w.t.id
	}
	w.ev = ev
}

// group is the fields that are made together, because one is derived from the
// other.
func group(f Field) uint64 {
	switch f {
	case UserID, UserName, UserDomain, UserFull:
		return 1<<UserID | 1<<UserName | 1<<UserDomain | 1<<UserFull
	case RegistryHive, RegistryKey, RegistryValue:
		return 1<<RegistryHive | 1<<RegistryKey | 1<<RegistryValue
	case RegistryDataStrings, RegistryDataType:
		return 1<<RegistryDataStrings | 1<<RegistryDataType
	case EventType, EventAction, SysmonEventType, SysmonEventID:
		return 1<<EventType | 1<<EventAction | 1<<SysmonEventType | 1<<SysmonEventID
	case ProcessExecutable, ProcessName:
		return 1<<ProcessExecutable | 1<<ProcessName
	case ProcessParentExecutable, ProcessParentName:
		return 1<<ProcessParentExecutable | 1<<ProcessParentName
	case EffectiveExecutable, EffectiveName:
		return 1<<EffectiveExecutable | 1<<EffectiveName
	}
	return 1 << f
}

// make makes the field f of the event, and those of its group: what the source
// wrote, and what is derived from it alike for every shape.
//
// All texts of a field are added one after another, before those of the next:
// Event.Values is a slice of one list.
func (w *draft) make(f Field) {
	w.ev.pending &^= group(f)
	switch f {
	case UserID, UserName, UserDomain, UserFull:
		w.addUser()
	case RegistryPath:
		w.addPath()
	case RegistryHive, RegistryKey, RegistryValue:
		w.addKey()
	case RegistryNewPath:
		w.addNewPath()
	case RegistryDataStrings, RegistryDataType:
		w.addData()
	case EventType, EventAction, SysmonEventType, SysmonEventID:
		w.addAction()
	case ProcessExecutable, ProcessName:
		w.addImage(ProcessExecutable, ProcessName)
	case ProcessParentExecutable, ProcessParentName:
		w.addImage(ProcessParentExecutable, ProcessParentName)
	case EffectiveExecutable, EffectiveName:
		w.addImage(EffectiveExecutable, EffectiveName)
	case ProcessPID, ProcessParentPID, EffectivePID:
		w.addNumbers(f)
	case EventCode:
		if id, ok := parseWhole([]byte(w.first(f))); ok {
			w.add(f, Value{Text: w.decimal(id), Numeric: true, Number: id})
		} else {
			w.addText(f, w.first(f))
		}
	case ProcessEntityID, EffectiveEntityID:
		w.addGUID(f)
	case EventCategory:
		w.add(f, Value{Text: "registry"})
	case HostOSType:
		w.add(f, Value{Text: "windows"})
	default:
		if f == HostName && !w.has(f) && len(w.outerHost) > 0 {
			from := len(w.d.arena)
			w.d.arena = appendUnescaped(w.d.arena, w.outerHost)
			w.set(f, w.d.view(from))
		}
		for i, text := range w.get(f) {
			w.add(f, Value{Text: text, Element: uint16(i)})
		}
	}
}

// add adds one text; it must not interrupt the texts of another field.
func (w *draft) add(f Field, v Value) {
	if v.Folded == "" {
		v.Folded = w.fold(v.Text)
	}
	s := &w.ev.spans[f]
	if s.from == s.to {
		s.from, s.to = uint16(len(w.ev.values)), uint16(len(w.ev.values))
	}
	w.ev.values = append(w.ev.values, v)
	s.to++
}

func (w *draft) fold(text string) string {
	from := len(w.d.arena)
	w.d.arena = registry.AppendFold(w.d.arena, text)
	folded := w.d.view(from)
	if folded == text {
		w.d.arena = w.d.arena[:from]
		return text
	}
	return folded
}

// undouble is registry.Undouble without its allocation.
func (w *draft) undouble(s string) string {
	i := strings.Index(s, "%%")
	if i < 0 {
		return s
	}
	from := len(w.d.arena)
	for i >= 0 {
		w.d.arena = append(w.d.arena, s[:i+1]...)
		s = s[i+2:]
		i = strings.Index(s, "%%")
	}
	w.d.arena = append(w.d.arena, s...)
	return w.d.view(from)
}

func (w *draft) decimal(n uint64) string {
	from := len(w.d.arena)
	w.d.arena = strconv.AppendUint(w.d.arena, n, 10)
	return w.d.view(from)
}

// ofValue reports whether the path is that of a value.
func (w *draft) ofValue() bool {
	return w.value || w.action == ValueSet || w.action == ValueDeleted || w.action == ValueRenamed
}

// sid returns who acted, for a path that hangs on it: one of HKCU.
func (w *draft) sid(path string) string {
	if currentUser(path) {
		if v := w.ev.Values(UserID); len(v) > 0 {
			return v[0].Text
		}
	}
	return ""
}

// addPath adds the path.
func (w *draft) addPath() {
	wire, value := w.undouble(w.first(RegistryPath)), w.ofValue()
	sid := w.sid(wire) // adds texts of its own
	p := &w.d.path
	p.Set(wire, registry.Context{
		SID: sid, Value: w.undouble(w.valueName), HasValue: w.hasValueName && value, ValueEvent: value,
	})
	w.addSpellings(RegistryPath, p)
}

// addKey adds the parts of the path.
func (w *draft) addKey() {
	w.ev.Values(RegistryPath)
	p := &w.d.path
	if hive := p.Hive(); hive != "" {
		w.add(RegistryHive, Value{Text: hive, Spelling: registry.Canonical})
	}
	for _, key := range p.Keys() {
		w.add(RegistryKey, Value{Text: key.Text, Folded: key.Folded, Spelling: key.Spelling})
	}
	if name, ok := p.ValueName(); ok {
		w.add(RegistryValue, Value{Text: name, Spelling: registry.Canonical})
		if name == "(Default)" { // the unnamed value
			w.add(RegistryValue, Value{Text: "", Spelling: registry.Derived})
		}
	}
}

// addNewPath adds the new path of a rename.
func (w *draft) addNewPath() {
	if !w.has(RegistryNewPath) {
		return
	}
	path := w.undouble(w.first(RegistryNewPath))
	sid := w.sid(path)
	w.d.newPath.Set(path, registry.Context{SID: sid, ValueEvent: w.ofValue()})
	w.addSpellings(RegistryNewPath, &w.d.newPath)
}

func (w *draft) addSpellings(f Field, p *registry.Path) {
	for _, t := range p.Spellings() {
		w.add(f, Value{Text: t.Text, Folded: t.Folded, Spelling: t.Spelling})
	}
}

// currentUser reports whether a path is, or may be, one of HKEY_CURRENT_USER.
func currentUser(path string) bool {
	path = strings.TrimLeft(path, `\`)
	return len(path) >= 4 && (strings.EqualFold(path[:4], "HKCU") || len(path) >= 12 && strings.EqualFold(path[:12], "HKEY_CURRENT"))
}

// addAction adds what the rule languages say of the action.
func (w *draft) addAction() {
	var kind, action, sysmon string
	var id uint64
	switch w.action {
	case ActionUnknown:
		id = 12
	case ValueSet:
		kind, action, sysmon, id = "change", "modification", "SetValue", 13
	case KeyCreated:
		kind, action, sysmon, id = "creation", "creation", "CreateKey", 12
	case KeyDeleted:
		kind, action, sysmon, id = "deletion", "deletion", "DeleteKey", 12
	case ValueDeleted:
		kind, action, sysmon, id = "deletion", "deletion", "DeleteValue", 12
	case KeyRenamed:
		kind, action, sysmon, id = "change", "rename", "RenameKey", 14
	case ValueRenamed:
		kind, action, sysmon, id = "change", "rename", "RenameValue", 14
	case Queried:
		kind, action = "access", "query"
	}
	w.addText(EventType, kind)
	w.addText(EventAction, action)
	w.addText(SysmonEventType, sysmon)
	if id != 0 {
		w.add(SysmonEventID, Value{Text: w.decimal(id), Numeric: true, Number: id})
	}
}

// addNumbers adds process ids: 4657 writes them in hexadecimal.
func (w *draft) addNumbers(f Field) {
	for i, text := range w.get(f) {
		v := Value{Text: text, Element: uint16(i)}
		v.Number, v.Numeric = parseInteger(text)
		w.add(f, v)
		if v.Numeric && strings.HasPrefix(text, "0x") {
			v.Text, v.Spelling, v.Folded = w.decimal(v.Number), registry.Derived, ""
			w.add(f, v)
		}
	}
}

// addGUID adds an entity id. A GUID has braces in some sources and none in
// others: it has both spellings.
func (w *draft) addGUID(f Field) {
	for i, text := range w.get(f) {
		v := Value{Text: text, Element: uint16(i)}
		w.add(f, v)
		v.Spelling = registry.Derived
		switch {
		case len(text) == 38 && text[0] == '{' && text[37] == '}':
			v.Text = text[1:37]
			w.add(f, v)
		case len(text) == 36 && text[8] == '-' && text[23] == '-':
			from := len(w.d.arena)
			w.d.arena = append(append(append(w.d.arena, '{'), text...), '}')
			v.Text = w.d.view(from)
			w.add(f, v)
		}
	}
}

// addImage adds an image and its name, each made of the other where the
// source has only one.
func (w *draft) addImage(image, name Field) {
	path, base := w.first(image), w.first(name)
	if path != "" {
		w.add(image, Value{Text: path})
		if rest, ok := afterDevice(path); ok {
			from := len(w.d.arena)
			w.d.arena = append(append(w.d.arena, `C:\`...), rest...)
			w.add(image, Value{Text: w.d.view(from), Spelling: registry.Derived})
		} else if rest, ok := strings.CutPrefix(path, `\\?\`); ok {
			w.add(image, Value{Text: rest, Spelling: registry.Derived})
		}
		if base == "" {
			base = path[strings.LastIndexByte(path, '\\')+1:]
		}
	} else if base != "" {
		from := len(w.d.arena)
		w.d.arena = append(append(w.d.arena, '\\'), base...)
		w.add(image, Value{Text: w.d.view(from), Spelling: registry.Derived})
	}
	w.addText(name, base)
}

// afterDevice returns what follows \Device\HarddiskVolumeN\.
func afterDevice(path string) (rest string, ok bool) {
	const head = `\Device\HarddiskVolume`
	if len(path) <= len(head) || !strings.EqualFold(path[:len(head)], head) {
		return "", false
	}
	number, rest, ok := strings.Cut(path[len(head):], `\`)
	if _, isNumber := parseInteger(number); !ok || !isNumber {
		return "", false
	}
	return rest, true
}
