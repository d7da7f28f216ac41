package sample

import "slices"

// A Source is a shipper, in one of the ways in which it writes.
type Source struct {
	Name  string // of the way
	Shape string // as the decoder names it
	// Spell returns the source's usual spelling of a path that is canonical but
	// for a control set of number 001.
	Spell func(path string) string
	// NoProcess says that the source does not name the process.
	NoProcess bool
	// Lists says that the data is a list, so that it may hold none.
	Lists bool

	tells []Action
	write func(*Change) Document
}

// Tells reports whether the source has an event for the action.
func (s Source) Tells(a Action) bool { return slices.Contains(s.tells, a) }

// Write returns the source's record of a change.
func (s Source) Write(c *Change) Document { return s.write(c) }

// Sources returns every way of every shipper.
func Sources() []Source {
	bySysmon := []Action{SetValue, CreateKey, DeleteKey, DeleteValue, RenameKey, RenameValue}
	byAudit := []Action{SetValue, DeleteValue}
	var list []Source

	// Shippers of the Windows log: Sysmon's events, and those of the audit.
	for _, s := range []struct {
		name, shape string
		write       func(*windowsEvent) object // nil: XML
		sysmonOnly  bool
	}{
		{"Winlogbeat 7", "winlogbeat", winlogbeat7, true}, // wrong clock: 4657 has no other
		{"Winlogbeat 8", "winlogbeat", winlogbeat8, false},
		{"Elastic Agent", "winlogbeat", agent, true},
		{"Elastic Agent, details lost", "winlogbeat", lostDetails, true},
		{"Elastic Agent, all data lost", "winlogbeat", lostData, false},
		{"Winlogbeat's Sysmon module", "sysmon_module", sysmonModule7, true},
		{"Elasticsearch's Sysmon pipeline", "sysmon_module", sysmonModule8, true},
		{"Winlogbeat 6", "winlogbeat6", winlogbeat6, false},
		{"NXLog, severity", "nxlog", nxlog, false},
		{"NXLog, no type", "nxlog", nxlogNoType, false},
		{"NXLog through Logstash", "nxlog", nxlogLogstash, false},
		{"flat", "flat", flat, false},
		{"evtx_dump", "evtx", evtxDump, false},
		{"evtx_dump, qualified id", "evtx", evtxQualified, false},
		{"EVTX, all texts", "evtx", evtxText, false},
		{"EventData as a list", "evtx_list", evtxList, false},
		{"EventData as a list of @Name", "evtx_list", evtxListAt, false},
		{"MaxPatrol", "evtx_list", maxPatrol, false},
		{"Windows XML", "windows_xml", nil, false},
		{"XML in event.original", "windows_xml", xmlIn("event.original"), false},
		{"XML in xml", "windows_xml", xmlIn("xml"), false},
		{"XML in Xml", "windows_xml", xmlIn("Xml"), false},
		{"XML in RawXml", "windows_xml", xmlIn("RawXml"), false},
		{"XML in properties.RawXml", "windows_xml", xmlIn("properties.RawXml"), false},
		{"XML in System", "windows_xml", xmlIn("System"), false},
		{"XML in message", "windows_xml", xmlIn("message"), false},
		{"XML in _raw", "windows_xml", xmlIn("_raw"), false},
		{"Fluent Bit", "fluent_bit", fluentBit, false},
		{"Fluent Bit, old Sysmon", "fluent_bit", fluentBitOld, true},
		{"Fluent Bit, names", "fluent_bit", fluentBitNames, false},
		{"Vector", "vector", vector, false},
		{"Wazuh agent", "wazuh", wazuh, false},
		{"Wazuh alert", "wazuh", wazuhAlert, false},
		{"Wazuh, indexed", "wazuh", wazuhIndexed, false},
		{"Splunk HEC, object", "flat", hecObject, false},
		{"Splunk HEC, JSON", "flat", hecJSON, false},
		{"Splunk HEC, XML", "windows_xml", hecXML, false},
		{"Azure Event Hubs", "flat", eventHub, false},
		{"JSON in message", "winlogbeat", jsonIn("message"), false},
		{"JSON in log", "winlogbeat", jsonIn("log"), false},
		{"minimal, EventId", "sysmon_minimal", minimal, false},
		{"minimal, EventID", "sysmon_minimal", minimalID, false},
	} {
		write := func(e *windowsEvent) Document {
			if s.write == nil {
				return windowsXML{e}
			}
			return s.write(e)
		}
		list = append(list, Source{Name: s.name, Shape: s.shape, Spell: sysmonSpelling, tells: bySysmon,
			write: func(c *Change) Document { return write(sysmon(c)) }})
		if !s.sysmonOnly {
			list = append(list, Source{Name: s.name + ", 4657", Shape: s.shape, Spell: kernelSpelling, tells: byAudit,
				write: func(c *Change) Document { return write(security(c)) }})
		}
	}

	for _, s := range []struct {
		name, shape string
		write       func(*Change) object
		spell       func(string) string
		tells       []Action
	}{
		{"Elastic Defend", "elastic_defend", defend, defendSpelling, Actions()},
		{"Elastic Defend, one string", "elastic_defend", defendOneString, defendSpelling, Actions()},
		{"Defender", "defender", defender, longSpelling, []Action{SetValue, CreateKey, DeleteKey, DeleteValue, RenameKey}},
		{"Defender, a row", "defender", row, longSpelling, []Action{SetValue, CreateKey, DeleteKey, DeleteValue, RenameKey}},
		{"Defender, a row, folder", "defender", defenderFolder, longSpelling, []Action{SetValue, CreateKey, DeleteKey, DeleteValue, RenameKey}},
		{"Defender through Event Hubs", "defender", defenderHub, longSpelling, []Action{SetValue, CreateKey, DeleteKey, DeleteValue, RenameKey}},
		{"CrowdStrike", "crowdstrike", crowdStrike, kernelSpelling, []Action{SetValue, CreateKey, DeleteKey, DeleteValue}},
		{"CrowdStrike ASEP", "crowdstrike", crowdStrikeASEP, kernelSpelling, []Action{SetValue}},
		{"CrowdStrike, no process", "crowdstrike", crowdStrikeBare, kernelSpelling, []Action{SetValue}},
		{"SentinelOne", "sentinelone", sentinelOne, bareSpelling, []Action{SetValue, CreateKey, DeleteKey, DeleteValue}},
		{"SentinelOne, nested", "sentinelone", sentinelOneNested, bareSpelling, []Action{SetValue, CreateKey, DeleteKey, DeleteValue}},
		{"Endgame", "endgame", endgame, defendSpelling, []Action{SetValue, CreateKey, DeleteKey, DeleteValue, Query}},
		{"Endgame, one string", "endgame", endgameString, defendSpelling, []Action{SetValue, CreateKey, DeleteKey, DeleteValue, Query}},
		{"Cortex XDR", "cortex", cortex, longSpelling, []Action{SetValue, CreateKey, DeleteKey, DeleteValue, RenameKey}},
	} {
		list = append(list, Source{Name: s.name, Shape: s.shape, Spell: s.spell, tells: s.tells,
			NoProcess: s.name == "CrowdStrike, no process",
			Lists:     s.name == "Elastic Defend" || s.name == "Endgame",
			write:     func(c *Change) Document { return s.write(c) }})
	}
	return list
}
