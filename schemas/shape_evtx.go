package schemas

// evtx writes an attribute as #attributes.NAME, as @NAME, or beside the element.
func evtx() shape {
	const system = "Event.System."
	attribute := func(element, name string) []string {
		return []string{
			system + element + ".#attributes." + name,
			system + element + "_attributes." + name,
			system + element + ".@" + name,
			system + element + "." + name,
		}
	}
	return shape{
		id: ShapeEVTX, name: "evtx",
		told: [][]clue{has("Event.System.EventID"), has("Event.System.EventID.#text")},
		places: join(map[Field][]string{
			EventCode:      {system + "EventID", system + "EventID.#text"},
			Channel:        {system + "Channel"},
			EventProvider:  attribute("Provider", "Name"),
			HostName:       {system + "Computer"},
			wireSystemTime: attribute("TimeCreated", "SystemTime"),
			SourceID:       {system + "EventRecordID"},
		}, eventData("Event.EventData.")),
		read: readWindows,
	}
}
