package sample

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

const (
	sysmonChannel    = "Microsoft-Windows-Sysmon/Operational"
	sysmonProvider   = "Microsoft-Windows-Sysmon"
	securityProvider = "Microsoft-Windows-Security-Auditing"
)

// pair is one <Data> of an event.
type pair struct{ name, text string }

// windowsEvent is an event of the Windows log before a shipper writes it.
type windowsEvent struct {
	*Change
	id                int
	channel, provider string
	message           string
	data              []pair
	rendered          bool // with RenderingInfo, where the shipper writes XML
}

// object returns the data as fields.
func (e *windowsEvent) object() object {
	o := make(object)
	for _, d := range e.data {
		o[d.name] = d.text
	}
	return o
}

// sysmon is Sysmon's event of a change.
func sysmon(c *Change) *windowsEvent {
	path := c.path()
	if c.Action == SetValue && c.Value == "" {
		path += "(Default)"
	}
	double := func(s string) string { return strings.ReplaceAll(s, "%", "%%") }
	e := &windowsEvent{Change: c, id: c.Action.sysmonID(), channel: sysmonChannel, provider: sysmonProvider, data: []pair{
		{"RuleName", "-"},
		{"EventType", c.Action.String()},
		{"UtcTime", sysmonTime(c.Time)},
		{"ProcessGuid", "{a158f72c-0ad0-5db5-0000-00100fc90900}"},
		{"ProcessId", strconv.Itoa(c.PID)},
		{"Image", c.Image},
		{"TargetObject", double(path)},
	}}
	switch c.Action {
	case SetValue:
		e.message = "Registry value set:"
		e.data = append(e.data, pair{"Details", double(sysmonDetails(c.Data))})
	case RenameKey, RenameValue:
		e.message = "Registry object renamed:"
		e.data = append(e.data, pair{"NewName", double(c.NewPath)})
	default:
		e.message = "Registry object added or deleted:"
	}
	e.data = append(e.data, pair{"User", domain + `\` + c.User})
	return e
}

func sysmonDetails(d Data) string {
	switch d.Type {
	case "REG_DWORD":
		return fmt.Sprintf("DWORD (0x%08x)", d.Number)
	case "REG_QWORD":
		return fmt.Sprintf("QWORD (0x%08x-0x%08x)", d.Number>>32, uint32(d.Number))
	case "REG_BINARY", "REG_MULTI_SZ":
		return "Binary Data"
	}
	if text := strings.Join(d.Strings, ""); text != "" {
		return text
	}
	return "(Empty)"
}

// security is Windows' own audit event of a change, 4657.
func security(c *Change) *windowsEvent {
	types := map[string]string{"REG_SZ": "%%1873", "REG_EXPAND_SZ": "%%1874", "REG_BINARY": "%%1875", "REG_DWORD": "%%1876", "REG_MULTI_SZ": "%%1879", "REG_QWORD": "%%1883"}
	operation, newType, newData := "%%1905", types[c.Data.Type], c.Data.text()
	if c.Action == DeleteValue {
		operation, newType, newData = "%%1906", "-", "-"
	}
	return &windowsEvent{Change: c, id: 4657, channel: "Security", provider: securityProvider, message: "A registry value was modified.", data: []pair{
		{"SubjectUserSid", c.SID},
		{"SubjectUserName", c.User},
		{"SubjectDomainName", domain},
		{"SubjectLogonId", "0x3e7"},
		{"ObjectName", c.Key},
		{"ObjectValueName", c.Value},
		{"HandleId", "0x1a4"},
		{"OperationType", operation},
		{"OldValueType", "-"},
		{"OldValue", "-"},
		{"NewValueType", newType},
		{"NewValue", newData},
		{"ProcessId", "0x" + strconv.FormatInt(int64(c.PID), 16)},
		{"ProcessName", c.Image},
	}}
}

// winlogbeat7 writes the id as a number, winlogbeat8 as a text.
func winlogbeat7(e *windowsEvent) object {
	return object{
		"@timestamp": e.Time.Add(time.Hour).Format(time.RFC3339Nano), // a wrong clock of the shipper
		"winlog": object{"channel": e.channel, "provider_name": e.provider, "event_id": e.id, "record_id": 255953, "computer_name": e.Host,
			"user": object{"identifier": "S-1-5-18", "name": "SYSTEM", "domain": "NT AUTHORITY", "type": "User"}, "process": object{"pid": 2804}, "event_data": e.object()},
		"event":   object{"code": e.id, "provider": e.provider, "kind": "event", "action": e.message},
		"host":    object{"name": "collector-1", "os": object{"type": "linux"}},
		"message": e.text(),
	}
}

func winlogbeat8(e *windowsEvent) object {
	o := winlogbeat7(e)
	o["winlog"].(object)["event_id"] = strconv.Itoa(e.id)
	o["event"].(object)["code"] = strconv.Itoa(e.id)
	if e.id == 4657 {
		o["@timestamp"] = e.Time.Format(time.RFC3339Nano) // it has no other time
	}
	return o
}

// text is the message as Windows renders it.
func (e *windowsEvent) text() string {
	var b strings.Builder
	b.WriteString(e.message)
	for _, d := range e.data {
		b.WriteString("\r\n" + d.name + ": " + d.text)
	}
	return b.String()
}

func agent(e *windowsEvent) object {
	o := winlogbeat8(e)
	o["event"].(object)["original"] = windowsXML{e}.text()
	o["data_stream"] = object{"dataset": "windows.sysmon_operational", "type": "logs"}
	return o
}

// lostDetails is what is left of an event whose XML the shipper could not read.
func lostDetails(e *windowsEvent) object {
	o := agent(e)
	data := o["winlog"].(object)["event_data"].(object)
	delete(data, "Details")
	delete(data, "User")
	o["error"] = object{"message": "XML syntax error on line 1: illegal character code U+0000"}
	return o
}

// lostData is the same where nothing is left of the data.
func lostData(e *windowsEvent) object {
	o := lostDetails(e)
	delete(o["winlog"].(object), "event_data")
	o["error"] = object{"message": []string{"failed to render: The message resource is not present", "XML syntax error on line 1: illegal character code U+0000"}}
	return o
}

// sysmonModule7 is Winlogbeat's own module, which moves fields to ECS.
func sysmonModule7(e *windowsEvent) object {
	o := winlogbeat7(e)
	data := o["winlog"].(object)["event_data"].(object)
	path := data["TargetObject"].(string)
	for _, name := range []string{"Image", "ProcessId", "ProcessGuid", "UtcTime", "User", "RuleName"} {
		delete(data, name)
	}
	o["@timestamp"] = e.Time.Format(time.RFC3339Nano)
	event := o["event"].(object)
	event["module"], event["category"], event["type"] = "sysmon", []string{"configuration", "registry"}, []string{"change"}
	o["process"] = object{"executable": e.Image, "name": e.Image[strings.LastIndexByte(e.Image, '\\')+1:], "pid": e.PID, "entity_id": "{a158f72c-0ad0-5db5-0000-00100fc90900}"}
	o["user"] = object{"id": "S-1-5-18", "name": e.User, "domain": domain}
	o["registry"] = object{"hive": "HKU", "key": path, "path": path, "value": path[strings.LastIndexByte(path, '\\')+1:]}
	if e.Action == SetValue && e.Data.integer() {
		kind := strings.Replace(e.Data.Type, "REG_", "SZ_", 1)
		o["registry"].(object)["data"] = object{"type": kind, "strings": e.Data.strings()}
	}
	return o
}

// sysmonModule8 is the pipeline in Elasticsearch: event.type is always change.
func sysmonModule8(e *windowsEvent) object {
	o := sysmonModule7(e)
	o["winlog"].(object)["event_id"] = strconv.Itoa(e.id)
	event := o["event"].(object)
	event["code"], event["dataset"] = strconv.Itoa(e.id), "windows.sysmon_operational"
	data := o["winlog"].(object)["event_data"].(object)
	delete(data, "TargetObject")
	if details, ok := data["Details"].(string); ok {
		delete(data, "Details")
		registry := o["registry"].(object)
		if _, ok := registry["data"]; !ok {
			registry["data"] = object{"strings": []string{details}}
		}
	}
	return o
}

func winlogbeat6(e *windowsEvent) object {
	return object{
		"@timestamp": e.Time.Format(time.RFC3339Nano),
		"log_name":   e.channel, "source_name": e.provider, "event_id": e.id, "record_number": "255953", "computer_name": e.Host, "process_id": 2804,
		"user": object{"identifier": "S-1-5-18", "name": "SYSTEM"}, "host": object{"name": "collector-1"}, "event_data": e.object(), "message": e.text(),
	}
}

// nxlog writes the severity into EventType.
func nxlog(e *windowsEvent) object {
	o := e.object()
	o["EventType"], o["Severity"] = "INFO", "INFO"
	o["EventTime"] = e.Time.Add(-5 * time.Hour).Format(time.DateTime) // local time, without its zone
	o["@timestamp"] = e.Time.Format(time.RFC3339Nano)
	o["Hostname"], o["EventID"], o["Channel"], o["SourceName"] = e.Host, e.id, e.channel, e.provider
	o["SourceModuleType"], o["SourceModuleName"], o["ProcessID"], o["UserID"] = "im_msvistalog", "eventlog", 2804, "S-1-5-18"
	o["Keywords"], o["RecordNumber"], o["Message"] = int64(-9223372036854775808), 255953, e.text()
	return o
}

func nxlogNoType(e *windowsEvent) object {
	o := nxlog(e)
	delete(o, "EventType")
	return o
}

func nxlogLogstash(e *windowsEvent) object {
	o := nxlog(e)
	if e.id != 4657 {
		o["EventType"] = e.Action.String()
	}
	o["host"], o["port"], o["@version"], o["tags"] = "logstash-1", 5044, "1", []string{"nxlog"}
	return o
}

func flat(e *windowsEvent) object {
	o := e.object()
	o["EventID"], o["Channel"], o["Computer"], o["TimeCreated"] = e.id, e.channel, e.Host, sysmonTime(e.Time)
	return o
}

// minimal has no host and no channel.
func minimal(e *windowsEvent) object {
	o := e.object()
	delete(o, "User")
	delete(o, "RuleName")
	o["EventId"] = e.id
	return o
}

func minimalID(e *windowsEvent) object {
	o := minimal(e)
	delete(o, "EventId")
	o["EventID"] = strconv.Itoa(e.id)
	return o
}
