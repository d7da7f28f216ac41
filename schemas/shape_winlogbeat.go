package schemas

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
	places := winlogPlaces()
	// Only the module takes these from Sysmon's User; else they are copies of
	// winlog.user.
	places[UserName], places[UserDomain] = nil, nil
	return shape{
		id: ShapeWinlogbeat, name: "winlogbeat", title: "Winlogbeat 7 and 8, Elastic Agent, raw",
		notes:  "`winlog.user` is the logger, not who acted. Where `error.message` speaks of an \"XML syntax error\", what is lost is read from `event.original`.",
		told:   [][]clue{has("winlog.event_id"), has("winlog.channel"), has("winlog.provider_name"), has("winlog.event_data.TargetObject")},
		places: places,
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
		HostName:       {"winlog.computer_name"},
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

// readWinlog is readWindows, for records that may have lost fields to the
// shipper's XML parser: with error.message "XML syntax error …" the rest of the
// event is only in event.original.
func readWinlog(d *Decoder, t *table) Outcome {
	if !d.shipperFailed(t) {
		return readWindows(d, t)
	}
	problem := d.readOriginal(t)
	out := readWindows(d, t)
	if problem == "" {
		return out
	}
	if out.Kind == Dead {
		out.Detail += "; the shipper met an XML syntax error, and event.original " + problem
		return out
	}
	_, hasID := d.eventID(t)
	if o := d.origin(t); !hasID && out.Kind == Skipped && (o == sysmonLog || o == securityLog) {
		// It may be a registry event: nobody can tell.
		return Outcome{Kind: Dead, Reason: DeadMalformedXML,
			Detail: "the shipper met an XML syntax error and lost the event id, and event.original " + problem}
	}
	return out
}

// shipperFailed reports whether the shipper says that it could not read the
// event's XML: error.message is one text, or several.
func (d *Decoder) shipperFailed(t *table) bool {
	const words = "xmlsyntaxerror"
	slot, ok := d.slot(t, wireError)
	if !ok {
		return false
	}
	s := d.rec.slots[slot]
	if s.kind != arrayKind {
		return inWords(d.text(s), words)
	}
	for i := int(s.from) + 1; ; {
		e, next, ok := d.rec.element(i)
		if !ok || inWords(d.text(e), words) {
			return ok
		}
		i = next
	}
}

// readOriginal puts what is in the event's XML where the record should have
// it, unless it does. It says what is wrong with the XML; what precedes that
// place is taken all the same.
//
// All spans of a record are of one text. So the texts that are wanted are
// copied out of the record, and the XML behind them.
func (d *Decoder) readOriginal(t *table) (problem string) {
	at, ok := d.slot(t, wireRawXML)
	if !ok || d.rec.slots[at].kind != stringKind {
		return "is not there"
	}
	r := &d.rec
	level := len(d.regions) - 1 // the region's own text is one below
	for len(d.texts) <= level {
		d.texts = append(d.texts, nil)
	}
	text := d.texts[level][:0]
	original := r.b[r.slots[at].from:r.slots[at].to]
	r.slots[at].kind = absent
	for _, slot := range r.filled {
		s := &r.slots[slot]
		if s.kind == objectKind {
			s.kind = absent // it would hold the XML once more
		}
		if s.kind != absent {
			from := len(text)
			text = append(text, r.b[s.from:s.to]...)
			s.from, s.to = int32(from), int32(len(text))
		}
	}
	from := len(text)
	text = appendUnescaped(text, original)
	d.texts[level] = text
	r.b, r.xml, r.single = text, true, false
	begin := nextEvent(text, from)
	if begin == len(text) {
		return "holds no <Event>"
	}
	if r.readXML(begin, d.root) < 0 {
		s := r.scanner
		s.b, s.errAt = text[from:], s.errAt-from
		problem = "cannot be read: " + s.detail()
	}
	x := &d.tables[d.xmlTable]
	for f := range Field(numPlaces) {
		slot, ok := d.slot(x, f)
		if !ok || len(t.places[f]) == 0 {
			continue
		}
		// The best place only: the others may be the shipper's own words, as
		// host.name and user.id are.
		if best := t.places[f][0]; r.slots[best].kind == absent || d.blank(r.slots[best]) {
			r.put(best, r.slots[slot])
		}
	}
	return problem
}
