package schemas

// Exports that keep the fields of a Windows event side by side in one object.

func flat() shape {
	return shape{
		id: ShapeFlat, name: "flat", title: "Flat exports of Windows events",
		told:   [][]clue{has("EventID", "Channel"), has("EventID", "Provider_Name"), has("Channel", "TargetObject")},
		places: flatPlaces(),
		read:   readWindows,
	}
}

// minimal has no channel: the fields alone tell.
func minimal() shape {
	return shape{
		id: ShapeMinimal, name: "sysmon_minimal", title: "Minimal Sysmon JSON",
		notes: "No host, no channel: the fields alone tell.",
		told: [][]clue{
			has("EventId", "TargetObject"), has("EventID", "TargetObject"),
			has("EventId", "ObjectName", "ObjectValueName"), has("EventID", "ObjectName", "ObjectValueName"),
		},
		places: flatPlaces(),
		read:   readWindows,
	}
}

func flatPlaces() map[Field][]string {
	return join(map[Field][]string{
		EventCode:      {"EventID", "EventId"},
		Channel:        {"Channel"},
		EventProvider:  {"SourceName", "Provider_Name", "ProviderName"},
		HostName:       {"Computer", "Hostname", "ComputerName"},
		wireSystemTime: {"SystemTime", "TimeCreated"},
		wireTimestamp:  {"@timestamp"},
		SourceID:       {"RecordNumber", "EventRecordID"},
		SourceMessage:  {"Message", "message"},
		SourceTags:     {"tags"},
	}, eventData(""), eventData("EventData."))
}
