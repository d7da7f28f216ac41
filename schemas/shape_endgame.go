package schemas

import "strings"

// endgame is the sensor from which Elastic Defend came.
func endgame() shape {
	return shape{
		id: ShapeEndgame, name: "endgame", title: "Endgame",
		notes: "`event_subtype_full` says what was done; without it a record with data is a value that was set. `timestamp` is a FILETIME. `process_path` is the image.",
		told:  [][]clue{has("event_type_full"), {{"event_type", "registry"}, {path: "registry_path"}}, has("registry_path", "process_name")},
		places: map[Field][]string{
			wireAction:              {"event_type_full", "event_type"},
			SourceAction:            {"event_subtype_full"},
			RegistryPath:            {"registry_path"},
			wireKey:                 {"registry_key"},
			wireValueName:           {"registry_value"},
			RegistryDataStrings:     {"bytes_written_string_list", "bytes_written_string"},
			wireNumber:              {"bytes_written_u64", "bytes_written_u32"},
			wireDataBytes:           {"bytes_written"},
			RegistryDataType:        {"registry_type"},
			ProcessExecutable:       {"process_path"},
			ProcessName:             {"process_name"},
			ProcessPID:              {"pid"},
			ProcessEntityID:         {"unique_pid"},
			ProcessCommandLine:      {"command_line"},
			ProcessParentExecutable: {"parent_process_path"},
			ProcessParentName:       {"parent_process_name"},
			ProcessParentPID:        {"ppid"},
			ProcessSignatureStatus:  {"signature_status"},
			ProcessSignatureSubject: {"signature_signer"},
			UserID:                  {"user_sid"},
			UserName:                {"user_name"},
			UserDomain:              {"user_domain"},
			HostName:                {"hostname", "computer_name"},
			wireTimestamp:           {"timestamp_utc", "@timestamp", "timestamp"},
			SourceID:                {"serial_event_id"},
			SourceCategory:          {"event_type_full"},
		},
		read: readEndgame,
	}
}

func readEndgame(d *Decoder, t *table) Outcome {
	w := &d.draft
	kind := d.takeText(t, wireAction)
	if !inWords(kind, "registry") && !(kind == "" && d.says(t, RegistryPath)) {
		return Outcome{Kind: Skipped, Reason: SkipOther}
	}
	if !d.says(t, RegistryPath) {
		return missingPath("registry_path")
	}
	w.data = sysmonData
	switch _, numeric := d.slot(t, wireNumber); {
	case w.has(RegistryDataStrings):
	case numeric:
		w.set(RegistryDataStrings, d.takeText(t, wireNumber))
		if !w.has(RegistryDataType) {
			w.set(RegistryDataType, "REG_DWORD")
			if n, _ := parseInteger(w.first(RegistryDataStrings)); n > 1<<32-1 {
				w.set(RegistryDataType, "REG_QWORD")
			}
		}
	case d.says(t, wireDataBytes):
		w.set(RegistryDataStrings, binaryData)
	}
	data := w.has(RegistryDataStrings)
	w.valueName = d.takeText(t, wireValueName)
	_, named := d.slot(t, wireValueName)
	w.value = data || w.valueName != ""
	switch words := w.first(SourceAction); {
	case inWords(words, "delete"):
		w.action = KeyDeleted
		if w.value {
			w.action = ValueDeleted
		}
	case inWords(words, "rename"):
		w.action = KeyRenamed
	case inWords(words, "query"), inWords(words, "open"), inWords(words, "read"):
		w.action = Queried
	case inWords(words, "create") && !w.value:
		w.action = KeyCreated
	case data, inWords(words, "modify"), inWords(words, "create"):
		w.action = ValueSet
	}
	if name, full := w.valueName, w.first(RegistryPath); name == "" && named || name != "" && strings.HasSuffix(full, `\`+name) {
		w.hasValueName = true
	}
	return Outcome{Kind: Registry}
}
