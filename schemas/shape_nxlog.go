package schemas

// NXLog's to_json, also through Logstash. Its EventType is a severity in some
// versions; its ProcessID, UserID and AccountName are those of the Sysmon
// service; host is Logstash's word for the collector.
func nxlog() shape {
	return shape{
		id: ShapeNXLog, name: "nxlog", title: "NXLog `to_json`, also through Logstash",
		notes: "`EventType` may be a severity, or absent: then the id, or the line `EventType:` of `Message`, says what was done. " +
			"`ProcessID`, `UserID` and `AccountName` are those of the Sysmon service, `host` is Logstash's.",
		told: [][]clue{has("SourceModuleType", "EventID")},
		places: join(map[Field][]string{
			EventCode:     {"EventID"},
			Channel:       {"Channel"},
			EventProvider: {"SourceName"},
			HostName:      {"Hostname"},
			wireTimestamp: {"@timestamp"},
			wireZonedTime: {"EventTime"}, // local time unless it states its zone
			SourceID:      {"RecordNumber"},
			SourceMessage: {"Message"},
			SourceTags:    {"tags"},
		}, eventData("")),
		read: readWindows,
	}
}
