package schemas

import "strings"

// What the shapes that carry Windows events have in common: Sysmon's 12, 13
// and 14, and 4657 of the Security log.
const (
	sysmonChannel    = "microsoft-windows-sysmon/operational"
	sysmonProvider   = "microsoft-windows-sysmon"
	securityChannel  = "security"
	securityProvider = "microsoft-windows-security-auditing"
)

const securityModified = 4657

// eventData returns the places of the fields that Sysmon and 4657 name the
// same in every shape, below the given prefix.
func eventData(prefix string) map[Field][]string {
	places := make(map[Field][]string)
	for f, name := range map[Field]string{
		RegistryPath:             "TargetObject",
		RegistryNewPath:          "NewName",
		RegistryDataStrings:      "Details",
		SysmonEventType:          "EventType",
		RuleName:                 "RuleName",
		ProcessExecutable:        "Image",
		ProcessPID:               "ProcessId",
		ProcessEntityID:          "ProcessGuid",
		ProcessCommandLine:       "CommandLine",
		ProcessOriginalFileName:  "OriginalFileName",
		ProcessParentExecutable:  "ParentImage",
		ProcessParentPID:         "ParentProcessId",
		ProcessParentCommandLine: "ParentCommandLine",
		UserFull:                 "User",
		wireUTCTime:              "UtcTime",
		auditObject:              "ObjectName",
		auditValueName:           "ObjectValueName",
		auditOperation:           "OperationType",
		auditData:                "NewValue",
		auditDataType:            "NewValueType",
		auditImage:               "ProcessName",
		auditUserID:              "SubjectUserSid",
		auditUserName:            "SubjectUserName",
		auditUserDomain:          "SubjectDomainName",
	} {
		places[f] = []string{prefix + name}
	}
	return places
}

// origin is the log that a record says it comes from.
type origin uint8

const (
	unsaid origin = iota
	sysmonLog
	securityLog
	otherLog
)

// origin reads channel and provider: forwarded events keep the provider only,
// some shippers the channel only.
func (d *Decoder) origin(t *table) origin {
	o := unsaid
	for _, f := range [...]Field{Channel, EventProvider} {
		slot, ok := d.slot(t, f)
		switch {
		case !ok || d.is(slot, ""):
		case d.is(slot, sysmonChannel), d.is(slot, sysmonProvider):
			return sysmonLog
		case d.is(slot, securityChannel), d.is(slot, securityProvider):
			return securityLog
		default:
			o = otherLog
		}
	}
	return o
}

// readWindows reads a shape that carries Windows events.
func readWindows(d *Decoder, t *table) Outcome {
	id, hasID := d.eventID(t)
	o := d.origin(t)
	switch {
	case id == securityModified && (o == securityLog || o == unsaid):
		return d.readAudit(t, o)
	case 12 <= id && id <= 14 && (o == sysmonLog || o == unsaid):
		return d.readSysmon(t, id, o)
	case !hasID && o == sysmonLog:
		// Only the three registry events have a target object.
		if d.says(t, RegistryPath) {
			return d.readSysmon(t, 0, o)
		}
	}
	return Outcome{Kind: Skipped, Reason: SkipOther}
}

// eventID returns the first of the id's places that holds a number.
func (d *Decoder) eventID(t *table) (id uint64, ok bool) {
	for _, slot := range t.places[EventCode] {
		s := d.rec.slots[slot]
		if s.kind.text() {
			if id, ok := parseWhole(d.plain(s)); ok {
				return id, true
			}
		}
	}
	return 0, false
}

func missingPath(field string) Outcome {
	return Outcome{Kind: Dead, Reason: DeadMissingPath, Detail: "a registry event without " + field}
}

func (d *Decoder) readSysmon(t *table, id uint64, o origin) Outcome {
	w := &d.draft
	if !d.says(t, RegistryPath) {
		if o == unsaid {
			return Outcome{Kind: Skipped, Reason: SkipOther}
		}
		return missingPath("TargetObject")
	}
	w.data, w.dashes = sysmonData, true
	w.keepOnly(RegistryDataType, "SZ_DWORD", "SZ_QWORD", "REG_DWORD", "REG_QWORD")
	w.action = d.sysmonEvent(t, id)
	return Outcome{Kind: Registry}
}

// sysmonEvent says what was done in the event id; 0 when that is not known.
func (d *Decoder) sysmonEvent(t *table, id uint64) Action {
	if id == 13 {
		return ValueSet
	}
	w, action := &d.draft, ActionUnknown
	if slot, ok := d.slot(t, SysmonEventType); ok && d.rec.slots[slot].kind.text() {
		action = sysmonAction(view(d.plain(d.rec.slots[slot])))
	}
	if action == ActionUnknown {
		// NXLog puts its severity there; the action is a line of the message.
		action = sysmonAction(messageLine(w.first(SourceMessage), "EventType: "))
	}
	switch id {
	case 0:
		switch {
		case action != ActionUnknown:
		case w.has(RegistryNewPath):
			return KeyRenamed
		case w.has(RegistryDataStrings):
			return ValueSet
		}
	case 14:
		if action != ValueRenamed {
			return KeyRenamed
		}
	case 12:
		if action != KeyCreated && action != KeyDeleted && action != ValueDeleted {
			return ActionUnknown
		}
	}
	return action
}

func sysmonAction(word string) Action {
	switch {
	case strings.EqualFold(word, "SetValue"):
		return ValueSet
	case strings.EqualFold(word, "CreateKey"):
		return KeyCreated
	case strings.EqualFold(word, "DeleteKey"):
		return KeyDeleted
	case strings.EqualFold(word, "DeleteValue"):
		return ValueDeleted
	case strings.EqualFold(word, "RenameKey"):
		return KeyRenamed
	case strings.EqualFold(word, "RenameValue"):
		return ValueRenamed
	}
	return ActionUnknown
}

// messageLine returns what follows label at the beginning of a line.
func messageLine(message, label string) string {
	for line := range strings.Lines(message) {
		if rest, ok := strings.CutPrefix(line, label); ok {
			return strings.TrimSpace(rest)
		}
	}
	return ""
}

func (d *Decoder) readAudit(t *table, o origin) Outcome {
	w := &d.draft
	if slot, ok := d.slot(t, auditObject); !ok || d.is(slot, "") || d.is(slot, "-") {
		if o == unsaid {
			return Outcome{Kind: Skipped, Reason: SkipOther}
		}
		return missingPath("ObjectName")
	}
	w.dashes = true
	for _, f := range [...]Field{RegistryPath, RegistryNewPath, RegistryDataStrings, RegistryDataType, SysmonEventType,
		UserFull, ProcessName} {
		w.set(f) // these places are Sysmon's, or the logger's
	}
	w.valueName, w.hasValueName = d.takeText(t, auditValueName), true
	if w.valueName == "-" {
		w.valueName = ""
	}
	w.join(strings.TrimRight(d.takeText(t, auditObject), `\`), w.valueName)
	for _, m := range [...]struct{ to, from Field }{
		{ProcessExecutable, auditImage}, {UserID, auditUserID}, {UserName, auditUserName}, {UserDomain, auditUserDomain},
	} {
		text := d.takeText(t, m.from)
		if text == "-" {
			text = ""
		}
		w.set(m.to)
		if text != "" {
			w.set(m.to, text)
		}
	}

	kind := d.takeText(t, auditDataType)
	operation := d.takeText(t, auditOperation)
	switch {
	case strings.Contains(operation, "1906"), strings.EqualFold(operation, "Registry value deleted"):
		w.action = ValueDeleted
	case strings.Contains(operation, "1904"), strings.Contains(operation, "1905"):
		w.action = ValueSet
	case kind == "-":
		w.action = ValueDeleted
	default:
		w.action = ValueSet
	}
	kind = valueType(kind)
	_, hasData := d.slot(t, auditData)
	data := d.takeText(t, auditData)
	w.data = typedData
	if kind != "" {
		w.set(RegistryDataType, kind)
	}
	switch {
	case kind == "REG_MULTI_SZ":
		w.setLines(RegistryDataStrings, data)
	case hasData, kind == "REG_SZ", kind == "REG_EXPAND_SZ", kind == "REG_BINARY":
		// Shippers leave out empty fields: the data is an empty string.
		w.set(RegistryDataStrings, data)
	}
	return Outcome{Kind: Registry}
}
