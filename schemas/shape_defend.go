package schemas

import "strings"

// Elastic Defend writes ECS. Its host and its user are the machine's and the
// acting user's own; Effective_process is who asked for what process did.
func elasticDefend() shape {
	return shape{
		id: ShapeElasticDefend, name: "elastic_defend", title: "Elastic Defend",
		notes: "`event.category` or `event.dataset` says whether it is a registry event. `event.action` says what was done, `event.type` where it is absent; " +
			"`access` is a read. What was created, deleted or renamed is a value where the record names one. " +
			"`registry.data.bytes` is opaque data.",
		told: [][]clue{{{"event.module", "endpoint"}}, {{"event.dataset", "endpoint.events.*"}}},
		places: map[Field][]string{
			RegistryPath:             {"registry.path"},
			RegistryDataStrings:      {"registry.data.strings"},
			RegistryDataType:         {"registry.data.type"},
			wireDataBytes:            {"registry.data.bytes"},
			wireValueName:            {"registry.value"},
			EventCode:                {"event.code"},
			EventProvider:            {"event.provider"},
			EventDataset:             {"event.dataset"},
			EventModule:              {"event.module"},
			ProcessExecutable:        {"process.executable"},
			ProcessName:              {"process.name"},
			ProcessPID:               {"process.pid"},
			ProcessEntityID:          {"process.entity_id"},
			ProcessCommandLine:       {"process.command_line"},
			ProcessArgs:              {"process.args"},
			ProcessOriginalFileName:  {"process.pe.original_file_name"},
			ProcessSignatureExists:   {"process.code_signature.exists"},
			ProcessSignatureTrusted:  {"process.code_signature.trusted"},
			ProcessSignatureStatus:   {"process.code_signature.status"},
			ProcessSignatureSubject:  {"process.code_signature.subject_name"},
			ProcessParentExecutable:  {"process.parent.executable"},
			ProcessParentName:        {"process.parent.name"},
			ProcessParentPID:         {"process.parent.pid"},
			ProcessParentCommandLine: {"process.parent.command_line"},
			EffectiveExecutable:      {"Effective_process.executable"},
			EffectiveName:            {"Effective_process.name"},
			EffectivePID:             {"Effective_process.pid"},
			EffectiveEntityID:        {"Effective_process.entity_id"},
			UserID:                   {"user.id"},
			UserName:                 {"user.name"},
			UserDomain:               {"user.domain"},
			HostName:                 {"host.name", "host.hostname"},
			HostID:                   {"host.id"},
			FilePath:                 {"file.path"},
			wireTimestamp:            {"@timestamp"},
			SourceAction:             {"event.action"},
			SourceType:               {"event.type"},
			SourceKind:               {"event.kind"},
			SourceCategory:           {"event.category"},
			SourceID:                 {"event.id"},
			SourceMessage:            {"message"},
			SourceTags:               {"tags"},
			SourceRuleName:           {"rule.name"},
		},
		read: readDefend,
	}
}

func readDefend(d *Decoder, t *table) Outcome {
	w := &d.draft
	isRegistry := strings.EqualFold(w.first(EventDataset), "endpoint.events.registry")
	for _, c := range w.get(SourceCategory) {
		isRegistry = isRegistry || strings.EqualFold(c, "registry")
	}
	hasPath := d.says(t, RegistryPath)
	switch {
	case !isRegistry && !hasPath:
		return Outcome{Kind: Skipped, Reason: SkipOther}
	case !hasPath:
		return missingPath("registry.path")
	}
	w.data = typedData
	_, hasBytes := d.slot(t, wireDataBytes)
	if hasBytes && !w.has(RegistryDataStrings) {
		w.set(RegistryDataStrings, binaryData)
		if !w.has(RegistryDataType) {
			w.set(RegistryDataType, "REG_BINARY")
		}
	}
	name := d.takeText(t, wireValueName)
	_, hasName := d.slot(t, wireValueName)
	w.value = name != "" || w.has(RegistryDataStrings) || w.has(RegistryDataType)
	w.action = defendAction(w, w.value)
	// The path ends in the value's name, which may hold backslashes.
	full := w.first(RegistryPath)
	if n := len(full) - len(name); hasName && n > 0 && full[n-1] == '\\' && strings.EqualFold(full[n:], name) {
		w.valueName, w.hasValueName = full[n:], true
	} else if hasName && name == "" { // the unnamed value, beside the path of its key
		w.hasValueName = true
	}
	return Outcome{Kind: Registry}
}

// defendAction reads event.action, or event.type where there is none. What was
// created, deleted or renamed is a value where the record says anything of one.
func defendAction(w *draft, value bool) Action {
	pick := func(v, k Action) Action {
		if value {
			return v
		}
		return k
	}
	words := w.get(SourceAction)
	for _, t := range w.get(SourceType) {
		if strings.EqualFold(t, "access") {
			return Queried
		}
	}
	if len(words) == 0 {
		words = w.get(SourceType)
	}
	for _, word := range words {
		switch strings.ToLower(word) {
		case "modification", "change":
			return ValueSet
		case "creation":
			return pick(ValueSet, KeyCreated)
		case "deletion":
			return pick(ValueDeleted, KeyDeleted)
		case "rename":
			return pick(ValueRenamed, KeyRenamed)
		case "query", "access":
			return Queried
		}
	}
	return ActionUnknown
}
