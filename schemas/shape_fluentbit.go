package schemas

import "slices"

// Fluent Bit's winevtlog gives the event's fields by position.
func fluentBit() shape {
	return shape{
		id: ShapeFluentBit, name: "fluent_bit", title: "Fluent Bit `winevtlog`",
		notes: "`StringInserts` holds the fields by position: " +
			"Sysmon 12 `RuleName EventType UtcTime ProcessGuid ProcessId Image TargetObject User`, 13 with `Details` and 14 with `NewName` before `User`; " +
			"4657 as Windows documents it. Without `RuleName` (old versions of Sysmon) they begin with `EventType`. " +
			"`ProcessID` and `UserID` are those of the Sysmon service.",
		told: [][]clue{has("StringInserts", "EventID", "Channel"), has("StringInserts", "EventID", "ProviderName")},
		places: join(map[Field][]string{
			EventCode:      {"EventID"},
			Channel:        {"Channel"},
			EventProvider:  {"ProviderName"},
			HostName:       {"Computer"},
			wireSystemTime: {"TimeCreated"},
			wireInserts:    {"StringInserts"},
			SourceID:       {"EventRecordID"},
			SourceMessage:  {"Message"},
		}, eventData("EventData.")),
		read: readInserts,
	}
}

// inserts returns the fields of an event by position.
func inserts(id uint64) []Field {
	switch id {
	case 12:
		return []Field{RuleName, SysmonEventType, wireUTCTime, ProcessEntityID, ProcessPID, ProcessExecutable, RegistryPath, UserFull}
	case 13:
		return []Field{RuleName, SysmonEventType, wireUTCTime, ProcessEntityID, ProcessPID, ProcessExecutable, RegistryPath, RegistryDataStrings, UserFull}
	case 14:
		return []Field{RuleName, SysmonEventType, wireUTCTime, ProcessEntityID, ProcessPID, ProcessExecutable, RegistryPath, RegistryNewPath, UserFull}
	case securityModified:
		const none = Field(numPlaces)
		return []Field{auditUserID, auditUserName, auditUserDomain, none, auditObject, auditValueName, none, auditOperation,
			none, none, auditDataType, auditData, ProcessPID, auditImage}
	}
	return nil
}

// readInserts puts the inserts where the fields of EventData sit, and goes on
// from there.
func readInserts(d *Decoder, t *table) Outcome {
	slot, ok := d.slot(t, wireInserts)
	if id, hasID := d.eventID(t); ok && hasID && d.rec.slots[slot].kind == arrayKind {
		fields := inserts(id)
		if slices.Contains(fields, SysmonEventType) {
			first, ok := d.rec.nth(d.rec.slots[slot], 0)
			if ok && sysmonAction(d.text(first)) != ActionUnknown {
				fields = fields[1:]
			}
		}
		for i, f := range fields {
			if f == Field(numPlaces) {
				continue
			}
			at := t.places[f][0]
			if e, ok := d.rec.nth(d.rec.slots[slot], i); ok && d.rec.slots[at].kind == absent {
				d.rec.put(at, e)
			}
		}
	}
	return readWindows(d, t)
}
