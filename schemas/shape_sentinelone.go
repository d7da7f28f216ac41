package schemas

import "strings"

// sentinelOne is Cloud Funnel.
func sentinelOne() shape {
	return shape{
		id: ShapeSentinelOne, name: "sentinelone", title: "SentinelOne Cloud Funnel",
		notes: "`registry.keyPath` ends in the value's name where a value was set or deleted, and has no leading `\\REGISTRY\\`.",
		told:  [][]clue{has("registry.keyPath"), has("src.process.image.path"), {{"dataSource.name", "SentinelOne"}}},
		places: map[Field][]string{
			RegistryPath:             {"registry.keyPath"},
			RegistryNewPath:          {"registry.newKeyPath"},
			RegistryDataStrings:      {"registry.value", "registry.valueData"},
			RegistryDataType:         {"registry.valueType"},
			wireValueName:            {"registry.valueName"},
			wireAction:               {"event.type"},
			SourceAction:             {"event.type"},
			SourceCategory:           {"event.category"},
			SourceID:                 {"event.id"},
			ProcessExecutable:        {"src.process.image.path"},
			ProcessName:              {"src.process.name"},
			ProcessPID:               {"src.process.pid"},
			ProcessEntityID:          {"src.process.uid"},
			ProcessCommandLine:       {"src.process.cmdline"},
			ProcessSignatureStatus:   {"src.process.signedStatus"},
			ProcessSignatureSubject:  {"src.process.publisher"},
			ProcessParentExecutable:  {"src.process.parent.image.path"},
			ProcessParentName:        {"src.process.parent.name"},
			ProcessParentPID:         {"src.process.parent.pid"},
			ProcessParentCommandLine: {"src.process.parent.cmdline"},
			UserFull:                 {"src.process.user"},
			UserID:                   {"src.process.userSid"},
			HostName:                 {"endpoint.name"},
			HostID:                   {"agent.uuid"},
			wireTimestamp:            {"event.time", "timestamp"},
		},
		read: readSentinelOne,
	}
}

func readSentinelOne(d *Decoder, t *table) Outcome {
	w := &d.draft
	words := d.takeText(t, wireAction)
	registry := inWords(words, "registry")
	switch value := inWords(words, "value"); {
	case !registry && !d.says(t, RegistryPath):
		return Outcome{Kind: Skipped, Reason: SkipOther}
	case !d.says(t, RegistryPath):
		return missingPath("registry.keyPath")
	case value && inWords(words, "delete"):
		w.action = ValueDeleted
	case value && inWords(words, "rename"):
		w.action = ValueRenamed
	case value && (inWords(words, "modif") || inWords(words, "creat") || inWords(words, "set")):
		w.action = ValueSet
	case inWords(words, "delete"):
		w.action = KeyDeleted
	case inWords(words, "rename"):
		w.action = KeyRenamed
	case inWords(words, "creat"):
		w.action = KeyCreated
	}
	w.data = sysmonData
	_, named := d.slot(t, wireValueName)
	if name := d.takeText(t, wireValueName); name == "" && named || name != "" && strings.HasSuffix(w.first(RegistryPath), `\`+name) {
		w.valueName, w.hasValueName = name, true
	}
	w.splitMulti()
	return Outcome{Kind: Registry}
}
