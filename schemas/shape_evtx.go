package schemas

const eventSystem = "Event.System."

// evtx is what converters of .evtx files write. They write an attribute as
// #attributes.NAME, as @NAME, or beside the element.
func evtx() shape {
	return shape{
		id: ShapeEVTX, name: "evtx", title: "evtx_dump and other EVTX converters",
		told: [][]clue{has(eventSystem + "EventID"), has(eventSystem + "EventID.#text"), has(eventSystem + "EventID.text")},
		places: evtxPlaces(func(element, name string) []string {
			return []string{
				eventSystem + element + ".#attributes." + name,
				eventSystem + element + "_attributes." + name,
				eventSystem + element + ".@" + name,
				eventSystem + element + ".$." + name,
				eventSystem + element + "." + name,
			}
		}),
		read: readWindows,
	}
}

// evtxList keeps the fields of EventData as a list of names and texts.
func evtxList() shape {
	s := evtx()
	s.id, s.name, s.title = ShapeEVTXList, "evtx_list", "EventData as a list of names and texts (MaxPatrol, xmltodict and others)"
	s.items = "Event.EventData.Data"
	s.told = [][]clue{has(s.items)}
	s.notes = "`Event.EventData.Data` is an array, or one object, of `{\"Name\": …, \"text\": …}`; the name may also be `@Name`, `-Name`, `name` or in " +
		"`#attributes`, `_attributes`, `$`; the text `#text`, `Text`, `@text`, `Value`, `value`, `_`, `content`, `$t`. An item without a text is an empty text."
	return s
}

// windowsXML is Windows' own rendering.
func windowsXML() shape {
	return shape{
		id: ShapeXML, name: "windows_xml", title: "Windows Event XML", xml: true,
		notes: "Paths are those of the elements, `@` for attributes; `<Data Name='Image'>` is `Event.EventData.Image`. Prefixes of names are passed over. " +
			"Several events, with or without `<Events>` around them and an XML declaration before them, may follow each other. The document may sit alone or in a text of JSON, see Wrappers.",
		items: "Event.EventData.Data",
		places: join(evtxPlaces(func(element, name string) []string {
			return []string{eventSystem + element + ".@" + name}
		}), map[Field][]string{
			SourceMessage: {"Event.RenderingInfo.Message"},
		}),
		read: readWindows,
	}
}

func evtxPlaces(attribute func(element, name string) []string) map[Field][]string {
	return join(map[Field][]string{
		EventCode:      {eventSystem + "EventID", eventSystem + "EventID.#text", eventSystem + "EventID.text"},
		Channel:        {eventSystem + "Channel"},
		EventProvider:  attribute("Provider", "Name"),
		HostName:       {eventSystem + "Computer"},
		wireSystemTime: attribute("TimeCreated", "SystemTime"),
		SourceID:       {eventSystem + "EventRecordID"},
	}, eventData("Event.EventData."))
}
