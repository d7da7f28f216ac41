package schemas

import (
	"encoding/xml"
	"strings"
	"unicode/utf8"
)

// Winlogbeat 7 and 8 and Elastic Agent keep what Windows wrote below winlog.
// The Sysmon module, in the shipper or in Elasticsearch, moves some of it to
// ECS fields; both tables therefore know both places.

func sysmonModule() shape {
	return shape{
		id: ShapeSysmonModule, name: "sysmon_module", title: "Winlogbeat's or Elasticsearch's Sysmon module (ECS)",
		notes: "The module moves fields out of `winlog.event_data`; what it leaves there counts first. `event.type` and `event.action` are not trusted: " +
			"`winlog.event_data.EventType` and the id say what was done. `user.id` is the logger's.",
		told: [][]clue{
			{{"event.module", "sysmon"}, {path: "winlog.event_id"}},
			{{"event.module", "sysmon"}, {path: "event.code"}},
			{{"event.dataset", "windows.sysmon_operational"}, {path: "registry.path"}},
		},
		places: winlogPlaces(),
		read:   readWinlog,
	}
}

func winlogbeat() shape {
	return shape{
		id: ShapeWinlogbeat, name: "winlogbeat", title: "Winlogbeat 7 and 8, Elastic Agent, raw",
		notes:  "`winlog.user` is the logger, not who acted. Where `error.message` begins with \"XML syntax error\" and fields are lost, they are read from `event.original`.",
		told:   [][]clue{has("winlog.event_id"), has("winlog.channel"), has("winlog.provider_name"), has("winlog.event_data.TargetObject")},
		places: winlogPlaces(),
		read:   readWinlog,
	}
}

func winlogPlaces() map[Field][]string {
	moved := map[Field][]string{
		RegistryPath: {"registry.path"},
		// The module fills registry.data for integers only, and one of its
		// versions shifts a QWORD's high half by 8: Details comes first.
		RegistryDataStrings:      {"registry.data.strings"},
		RegistryDataType:         {"registry.data.type"},
		EventCode:                {"winlog.event_id", "event.code"},
		EventProvider:            {"winlog.provider_name", "event.provider"},
		EventDataset:             {"event.dataset"},
		EventModule:              {"event.module"},
		Channel:                  {"winlog.channel"},
		RuleName:                 {"rule.name"},
		ProcessExecutable:        {"process.executable"},
		ProcessName:              {"process.name"},
		ProcessPID:               {"process.pid"},
		ProcessEntityID:          {"process.entity_id"},
		ProcessCommandLine:       {"process.command_line"},
		ProcessArgs:              {"process.args"},
		ProcessOriginalFileName:  {"process.pe.original_file_name"},
		ProcessParentExecutable:  {"process.parent.executable"},
		ProcessParentName:        {"process.parent.name"},
		ProcessParentPID:         {"process.parent.pid"},
		ProcessParentCommandLine: {"process.parent.command_line"},
		// user.id is the logger's, like winlog.user; the module takes name and
		// domain from Sysmon's User.
		UserName:        {"user.name"},
		UserDomain:      {"user.domain"},
		auditUserID:     {"user.id"},
		auditUserName:   {"user.name"},
		auditUserDomain: {"user.domain"},
		auditImage:      {"process.executable"},
		// host.name is the collector's when events are forwarded.
		HostName:       {"winlog.computer_name", "host.name"},
		FilePath:       {"file.path"},
		wireTimestamp:  {"@timestamp"},
		wireError:      {"error.message"},
		wireRawXML:     {"event.original"},
		SourceAction:   {"event.action"},
		SourceType:     {"event.type"},
		SourceKind:     {"event.kind"},
		SourceCategory: {"event.category"},
		SourceID:       {"winlog.record_id"},
		SourceMessage:  {"message"},
		SourceTags:     {"tags"},
		SourceRuleName: {"rule.name"},
	}
	return join(moved, eventData("winlog.event_data."))
}

// readWinlog is readWindows, for records that may have lost fields to
// Winlogbeat's XML parser: with error.message "XML syntax error …" the rest of
// the event is only in event.original.
func readWinlog(d *Decoder, t *table) Outcome {
	out := readWindows(d, t)
	if slot, ok := d.slot(t, wireError); !ok || !d.compare(slot, "xml syntax error", true) {
		return out
	}
	if out.Kind == Dead && out.Reason == DeadMissingPath || out.Kind == Registry {
		w := &d.draft
		lost := dataItems(d.takeText(t, wireRawXML))
		switch {
		case out.Kind == Registry:
			if w.action == ValueSet && !w.has(RegistryDataStrings) && lost["Details"] != "" {
				w.set(RegistryDataStrings, lost["Details"])
			}
		case lost["TargetObject"] != "":
			// The path itself was lost: not seen yet, and said rather than guessed.
			out.Detail += ", which is only in event.original after an XML syntax error of the shipper"
		}
	}
	return out
}

// dataItems returns the <Data Name=…> items of an event's XML, as far as it
// can be read. It is for the rare records that lost their fields: it allocates.
func dataItems(text string) map[string]string {
	items := make(map[string]string)
	// XML has no control characters; the shipper failed on these very ones.
	text = strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xfffe || r == 0xffff {
			return utf8.RuneError
		}
		return r
	}, text)
	dec := xml.NewDecoder(strings.NewReader(text))
	dec.Strict = false
	for {
		tok, err := dec.Token()
		if err != nil {
			return items
		}
		start, ok := tok.(xml.StartElement)
		if !ok || start.Name.Local != "Data" {
			continue
		}
		var content string
		if err := dec.DecodeElement(&content, &start); err != nil {
			return items
		}
		for _, a := range start.Attr {
			if a.Name.Local == "Name" {
				items[a.Value] = content
			}
		}
	}
}
