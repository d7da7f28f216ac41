package schemas

import "strings"

// wazuh writes the names of an event with a small first letter, and every
// backslash of its data twice.
func wazuh() shape {
	prefixes := []string{"win.", "data.win.", "_source.data.win."}
	s := shape{
		id: ShapeWazuh, name: "wazuh", title: "Wazuh",
		notes: "Texts of `win.eventdata` are still escaped once the JSON is read: every backslash is doubled, and one stands before a quote. Where all of a text is so, it is unescaped.",
		places: map[Field][]string{
			wireTimestamp: {"timestamp", "@timestamp", "_source.timestamp", "_source.@timestamp"},
		},
		read: readWazuh,
	}
	for i := len(prefixes) - 1; i >= 0; i-- { // join prefers the later one
		p := prefixes[i]
		s.told = append(s.told, has(p+"system.eventID"))
		data := make(map[Field][]string)
		for f, paths := range eventData(p + "eventdata.") {
			for _, path := range paths {
				at := strings.LastIndexByte(path, '.') + 1
				data[f] = append(data[f], path[:at]+strings.ToLower(path[at:at+1])+path[at+1:])
			}
		}
		s.places = join(s.places, map[Field][]string{
			EventCode:      {p + "system.eventID"},
			Channel:        {p + "system.channel"},
			EventProvider:  {p + "system.providerName"},
			HostName:       {p + "system.computer"},
			wireSystemTime: {p + "system.systemTime"},
			SourceID:       {p + "system.eventRecordID"},
			SourceMessage:  {p + "system.message"},
		}, data)
	}
	return s
}

func readWazuh(d *Decoder, t *table) Outcome {
	d.draft.halve = true
	return readWindows(d, t)
}

// halveBackslashes takes one escaping off, where all of the text is escaped: a
// backslash stands before another one, or before a quote.
func (w *draft) halveBackslashes(s string) string {
	first := strings.IndexByte(s, '\\')
	if first < 0 {
		return s
	}
	for i := first; i < len(s); i++ {
		if s[i] != '\\' {
			continue
		}
		if i++; i == len(s) || s[i] != '\\' && s[i] != '"' {
			return s
		}
	}
	from := len(w.d.arena)
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' {
			i++
		}
		w.d.arena = append(w.d.arena, s[i])
	}
	return w.d.view(from)
}
