package schemas

// cortex is Palo Alto's Cortex XDR.
func cortex() shape {
	return shape{
		id: ShapeCortex, name: "cortex", title: "Cortex XDR",
		notes: "The path is `action_registry_key_name` and `action_registry_value_name`. `event_sub_type` is 1 for a key created, 2 deleted, 3 renamed, 4 for a value set, 5 deleted, or the name of it.",
		told:  [][]clue{has("action_registry_key_name"), has("actor_process_image_path", "event_type"), has("actor_process_image_name", "event_type")},
		places: map[Field][]string{
			wireKey:                 {"action_registry_key_name"},
			wireNewKey:              {"action_registry_old_key_name"},
			wireValueName:           {"action_registry_value_name"},
			RegistryDataStrings:     {"action_registry_data"},
			RegistryDataType:        {"action_registry_value_type"},
			wireAction:              {"event_sub_type"},
			SourceAction:            {"event_sub_type"},
			SourceCategory:          {"event_type"},
			SourceID:                {"event_id"},
			ProcessExecutable:       {"actor_process_image_path"},
			ProcessName:             {"actor_process_image_name"},
			ProcessPID:              {"actor_process_os_pid"},
			ProcessEntityID:         {"actor_process_instance_id"},
			ProcessCommandLine:      {"actor_process_command_line"},
			ProcessSignatureStatus:  {"actor_process_signature_status"},
			ProcessSignatureSubject: {"actor_process_signature_vendor"},
			ProcessParentExecutable: {"os_actor_process_image_path"},
			UserID:                  {"actor_effective_user_sid", "actor_primary_user_sid"},
			UserFull:                {"actor_effective_username", "actor_primary_username"},
			HostName:                {"agent_hostname"},
			HostID:                  {"agent_id"},
			wireTimestamp:           {"event_timestamp", "_time"},
		},
		read: readCortex,
	}
}

func readCortex(d *Decoder, t *table) Outcome {
	w := &d.draft
	_, isRegistry := d.slot(t, wireKey)
	isRegistry = isRegistry || inWords(d.takeText(t, SourceCategory), "registry")
	switch {
	case !isRegistry:
		return Outcome{Kind: Skipped, Reason: SkipOther}
	case !d.says(t, wireKey):
		return missingPath("action_registry_key_name")
	}
	words := d.takeText(t, wireAction)
	switch {
	case words == "1", inWords(words, "createkey"):
		w.action = KeyCreated
	case words == "2", inWords(words, "deletekey"):
		w.action = KeyDeleted
	case words == "3", inWords(words, "renamekey"):
		w.action = KeyRenamed
	case words == "4", inWords(words, "setvalue"), words == "" && w.has(RegistryDataStrings):
		w.action = ValueSet
	case words == "5", inWords(words, "deletevalue"):
		w.action = ValueDeleted
	}
	w.data = typedData
	key := d.takeText(t, wireKey)
	if w.action == KeyRenamed && d.says(t, wireNewKey) {
		w.set(RegistryNewPath, key)
		key = d.takeText(t, wireNewKey)
	}
	w.keyAndValue(t, key)
	w.splitMulti()
	return Outcome{Kind: Registry}
}
