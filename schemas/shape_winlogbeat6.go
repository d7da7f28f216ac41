package schemas

func winlogbeat6() shape {
	return shape{
		id: ShapeWinlogbeat6, name: "winlogbeat6", title: "Winlogbeat 6",
		notes: "`process_id` is the logger's; `host.name` the collector's.",
		told:  [][]clue{has("log_name", "event_id")},
		places: join(map[Field][]string{
			EventCode:     {"event_id"},
			Channel:       {"log_name"},
			EventProvider: {"source_name"},
			HostName:      {"computer_name"}, // host.name is the collector's
			wireTimestamp: {"@timestamp"},
			SourceID:      {"record_number"},
			SourceMessage: {"message"},
			SourceTags:    {"tags"},
		}, eventData("event_data.")),
		read: readWindows,
	}
}
