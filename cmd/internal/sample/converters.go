package sample

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Converters of event files, agents that keep Windows' structure, and what
// shippers wrap around a record.

// evtx is an event file as JSON; system holds the id and what attributes are
// named by.
func evtx(e *windowsEvent, id any, attributes func(string, any) object, data any) object {
	return object{"Event": object{
		"System": object{"EventID": id, "Channel": e.channel, "Computer": e.Host, "EventRecordID": 255953,
			"Provider":    attributes("Name", e.provider),
			"TimeCreated": attributes("SystemTime", e.Time.Format(time.RFC3339Nano)),
			"Security":    attributes("UserID", "S-1-5-18")},
		"EventData": data,
	}}
}

func hashAttributes(name string, v any) object { return object{"#attributes": object{name: v}} }

func bareAttributes(name string, v any) object { return object{name: v} }

func atAttributes(name string, v any) object { return object{"@" + name: v} }

// evtxDump writes numbers as numbers, and GUIDs without braces.
func evtxDump(e *windowsEvent) object {
	data := e.object()
	if e.id != 4657 {
		data["ProcessId"] = e.PID
		data["ProcessGuid"] = "a158f72c-0ad0-5db5-0000-00100fc90900"
	}
	return evtx(e, e.id, hashAttributes, data)
}

func evtxQualified(e *windowsEvent) object {
	return evtx(e, object{"#text": e.id, "#attributes": object{"Qualifiers": ""}}, hashAttributes, e.object())
}

func evtxText(e *windowsEvent) object {
	return evtx(e, strconv.Itoa(e.id), atAttributes, e.object())
}

// list returns the data as a list; an empty one has no text.
func (e *windowsEvent) list(name, text string) object {
	var items []object
	for _, d := range e.data {
		item := object{name: d.name}
		if d.text != "" {
			item[text] = d.text
		}
		items = append(items, item)
	}
	return object{"Data": items}
}

func evtxList(e *windowsEvent) object {
	return evtx(e, object{"text": strconv.Itoa(e.id)}, bareAttributes, e.list("Name", "text"))
}

func evtxListAt(e *windowsEvent) object {
	return evtx(e, strconv.Itoa(e.id), atAttributes, e.list("@Name", "#text"))
}

// maxPatrol keeps the record as a text.
func maxPatrol(e *windowsEvent) object {
	return object{"body": evtxList(e).text(), "mime": "application/x-pt-eventlog", "uuid": "7f0c", "recv_time": e.Time.Format(time.RFC3339)}
}

func fluentBit(e *windowsEvent) object {
	var inserts []string
	for _, d := range e.data {
		inserts = append(inserts, d.text)
	}
	return object{"ProviderName": e.provider, "ProviderGuid": "{5770385F-C22A-43E0-BF4C-06F5698FFBD9}", "Qualifiers": "", "EventID": e.id, "Version": 2,
		"Channel": e.channel, "Computer": e.Host, "TimeCreated": e.Time.Format("2006-01-02 15:04:05.0000000 -0700"), "EventRecordID": 255953,
		"ProcessID": 2804, "ThreadID": 3516, "UserID": "S-1-5-18", "Message": e.text(), "StringInserts": inserts}
}

// fluentBitOld is the same from a Sysmon before 6.2: no RuleName, no User.
func fluentBitOld(e *windowsEvent) object {
	o := fluentBit(e)
	if e.id != 4657 {
		inserts := o["StringInserts"].([]string)
		o["StringInserts"] = inserts[1 : len(inserts)-1]
	}
	return o
}

func fluentBitNames(e *windowsEvent) object {
	o := fluentBit(e)
	o["StringInserts"], o["EventData"] = []string{}, e.object()
	return o
}

func vector(e *windowsEvent) object {
	return object{"provider_name": e.provider, "event_id": e.id, "channel": e.channel, "computer": e.Host, "record_id": 255953, "process_id": 2804,
		"user_id": "S-1-5-18", "timestamp": e.Time.Format(time.RFC3339Nano), "source_type": "windows_event_log", "message": e.message, "event_data": e.object()}
}

// wazuh writes small first letters, and every backslash of the data twice.
func wazuh(e *windowsEvent) object {
	data := make(object)
	for _, d := range e.data {
		data[strings.ToLower(d.name[:1])+d.name[1:]] = strings.ReplaceAll(d.text, `\`, `\\`)
	}
	return object{"win": object{"eventdata": data, "system": object{"eventID": strconv.Itoa(e.id), "channel": e.channel, "providerName": e.provider,
		"computer": e.Host, "eventRecordID": "255953", "processID": "2804", "systemTime": e.Time.Format("2006-01-02T15:04:05.0000000Z"), "message": e.message}}}
}

func wazuhAlert(e *windowsEvent) object {
	return object{"timestamp": e.Time.Format("2006-01-02T15:04:05.000-0700"), "rule": object{"id": "92302", "level": 6, "description": "Registry entry to be executed on next logon"},
		"agent": object{"id": "004", "name": "ws", "ip": "10.0.0.4"}, "manager": object{"name": "wazuh-1"}, "location": "EventChannel", "data": wazuh(e)}
}

func wazuhIndexed(e *windowsEvent) object {
	return object{"_index": "wazuh-archives-4.x-2026.03.04", "_id": "x", "_source": wazuhAlert(e)}
}

// hec is Splunk's HTTP Event Collector around a record.
func hec(e *windowsEvent, event any) object {
	return object{"time": strconv.FormatFloat(float64(e.Time.UnixMilli())/1000, 'f', 3, 64), "host": e.Host, "source": "XmlWinEventLog:" + e.channel, "sourcetype": "XmlWinEventLog", "index": "win", "event": event}
}

func hecObject(e *windowsEvent) object { return hec(e, whole(flat(e))) }

func hecJSON(e *windowsEvent) object { return hec(e, flat(e).text()) }

func hecXML(e *windowsEvent) object { return hec(e, windowsXML{e}.text()) }

// eventHub is a batch of Azure's Event Hubs.
func eventHub(e *windowsEvent) object {
	return object{"records": []object{flat(e), {"EventID": 1, "Channel": e.channel, "Computer": e.Host}}}
}

// xmlIn is a record of which one field is the event's XML.
func xmlIn(field string) func(*windowsEvent) object {
	return func(e *windowsEvent) object {
		r := *e
		r.rendered = true
		o := object{"@timestamp": e.Time.Format(time.RFC3339Nano), "host": object{"name": "collector-1"}, "tags": []string{"wef"}}
		names := strings.Split(field, ".")
		in := o
		for _, name := range names[:len(names)-1] {
			inner := make(object)
			in[name] = inner
			in = inner
		}
		in[names[len(names)-1]] = windowsXML{&r}.text()
		return o
	}
}

func jsonIn(field string) func(*windowsEvent) object {
	return func(e *windowsEvent) object {
		return object{"@timestamp": e.Time.Format(time.RFC3339Nano), "stream": "stdout", field: fmt.Sprintf("%s\n", winlogbeat8(e).text())}
	}
}
