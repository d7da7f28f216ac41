package schemas

import "strings"

// crowdStrike is Falcon Data Replicator. Numbers are texts, and some pipelines
// say so in the name.
func crowdStrike() shape {
	number := func(name string) []string { return []string{name, name + "_decimal"} }
	return shape{
		id: ShapeCrowdStrike, name: "crowdstrike", title: "CrowdStrike Falcon Data Replicator",
		notes: "The path is `RegObjectName` and `RegValueName`. Where `ContextBaseFileName` and `ContextImageFileName` are absent there is no process but `ContextProcessId`, CrowdStrike's own number of it: " +
			"rules on the process cannot fire, and the event counts as lacking it. `RegOperationType` is not read: the name of the event says what was done.",
		told: [][]clue{has("event_simpleName")},
		places: map[Field][]string{
			wireAction:          {"event_simpleName"},
			wireKey:             {"RegObjectName"},
			wireValueName:       {"RegValueName"},
			RegistryDataStrings: {"RegStringValue"},
			wireNumber:          number("RegNumericValue"),
			wireDataBytes:       {"RegBinaryValue"},
			RegistryDataType:    number("RegType"),
			ProcessName:         {"ContextBaseFileName"},
			ProcessExecutable:   {"ContextImageFileName"},
			ProcessEntityID:     number("ContextProcessId"),
			UserID:              {"UserSid"},
			UserName:            {"UserName"},
			HostName:            {"ComputerName"},
			HostID:              {"aid"},
			wireTimestamp:       append(number("ContextTimeStamp"), "timestamp"),
			SourceAction:        {"event_simpleName"},
			SourceID:            {"id"},
		},
		read: readCrowdStrike,
	}
}

func readCrowdStrike(d *Decoder, t *table) Outcome {
	w := &d.draft
	name := d.takeText(t, wireAction)
	switch {
	case !strings.HasPrefix(name, "Asep") && !strings.HasPrefix(name, "Reg"):
		return Outcome{Kind: Skipped, Reason: SkipOther}
	case strings.HasSuffix(name, "ValueUpdate"):
		w.action = ValueSet
	case strings.HasSuffix(name, "ValueDelete"):
		w.action = ValueDeleted
	case strings.HasSuffix(name, "KeyUpdate"), strings.HasSuffix(name, "KeyCreate"):
		w.action = KeyCreated
	case strings.HasSuffix(name, "KeyDelete"):
		w.action = KeyDeleted
	case strings.HasSuffix(name, "KeyRename"):
		w.action = KeyRenamed
	default:
		return Outcome{Kind: Skipped, Reason: SkipOther}
	}
	if !d.says(t, wireKey) {
		return missingPath("RegObjectName")
	}
	w.data = typedData
	w.keyAndValue(t, d.takeText(t, wireKey))
	switch valueType(w.first(RegistryDataType)) {
	case "REG_DWORD", "REG_QWORD":
		if text := d.takeText(t, wireNumber); text != "" {
			w.set(RegistryDataStrings, text)
		}
	case "REG_BINARY":
		if d.says(t, wireDataBytes) {
			w.set(RegistryDataStrings, binaryData)
		}
	case "REG_MULTI_SZ":
		w.splitMulti()
	case "":
		if text := d.takeText(t, wireNumber); text != "" && !w.has(RegistryDataStrings) {
			w.set(RegistryDataStrings, text)
		}
	}
	return Outcome{Kind: Registry}
}
