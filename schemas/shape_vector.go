package schemas

// Vector's windows_event_log source.
func vector() shape {
	return shape{
		id: ShapeVector, name: "vector", title: "Vector `windows_event_log`",
		notes: "`process_id` and `user_id` are those of the Sysmon service.",
		told:  [][]clue{has("provider_name", "event_id")},
		places: join(map[Field][]string{
			EventCode:      {"event_id"},
			Channel:        {"channel"},
			EventProvider:  {"provider_name"},
			HostName:       {"computer"},
			wireSystemTime: {"time_created"},
			wireTimestamp:  {"timestamp"},
			SourceID:       {"record_id"},
			SourceMessage:  {"message"},
		}, eventData("event_data.")),
		read: readWindows,
	}
}
