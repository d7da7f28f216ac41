package sample

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// object is a JSON object in the making.
type object = map[string]any

// render writes w in one of the shapes.
func (f *Feed) render(w write) Record {
	shapes := []struct {
		name   string
		render func(*Feed, write) object
	}{
		{"elastic_defend", (*Feed).defend},
		{"sysmon_module", (*Feed).sysmonModule},
		{"winlogbeat", (*Feed).winlogbeat},
		{"winlogbeat6", (*Feed).winlogbeat6},
		{"nxlog", (*Feed).nxlog},
		{"flat", (*Feed).flat},
		{"evtx", (*Feed).evtx},
		{"sysmon_minimal", (*Feed).minimal},
		{"winlogbeat", (*Feed).security},
	}
	s := shapes[f.rng.IntN(len(shapes))]
	if w.action != "SetValue" && s.name == "winlogbeat" {
		s = shapes[2] // Windows' audit event 4657 tells of values only
	}
	return Record{Value: encode(s.render(f, w)), Shape: s.name, Key: w.host}
}

func encode(o object) []byte {
	b, err := json.Marshal(o)
	if err != nil {
		panic(err) // objects of strings and numbers: cannot happen
	}
	return b
}

// sysmonPath is a path as Sysmon spells it.
func sysmonPath(path string) string {
	path = strings.Replace(path, `HKEY_USERS\`, `HKU\`, 1)
	return strings.Replace(path, `SYSTEM\ControlSet001\`, `System\CurrentControlSet\`, 1)
}

// kernelPath is a path as the kernel's object manager spells it.
func kernelPath(path string) string {
	path = strings.Replace(path, `HKEY_USERS\`, `\REGISTRY\USER\`, 1)
	return strings.Replace(path, `HKLM\`, `\REGISTRY\MACHINE\`, 1)
}

// sysmonID is the number of the Sysmon event that reports an action.
func sysmonID(action string) int {
	if action == "SetValue" {
		return 13
	}
	return 12
}

// sysmonData holds the fields of a Sysmon event, named as Sysmon names them.
func sysmonData(w write) object {
	o := object{
		"RuleName":     "-",
		"EventType":    w.action,
		"UtcTime":      w.time.Format("2006-01-02 15:04:05.000"),
		"ProcessGuid":  "{a158f72c-0ad0-5db5-0000-00100fc90900}",
		"ProcessId":    strconv.Itoa(w.pid),
		"Image":        w.image,
		"TargetObject": strings.ReplaceAll(sysmonPath(w.path), "%", "%%"),
		"User":         `CORP\` + w.user,
	}
	if w.action == "SetValue" {
		o["Details"] = strings.ReplaceAll(w.data, "%", "%%")
	}
	return o
}

func (f *Feed) defend(w write) object {
	action, kind := "modification", "change"
	switch w.action {
	case "CreateKey":
		action, kind = "creation", "creation"
	case "DeleteValue":
		action, kind = "deletion", "deletion"
	}
	hive, rest, _ := strings.Cut(w.path, `\`)
	registry := object{"hive": hive, "path": w.path}
	if w.action == "CreateKey" {
		registry["key"] = rest
	} else {
		registry["key"] = strings.TrimSuffix(rest, `\`+w.value)
		registry["value"] = w.value
	}
	if w.action == "SetValue" {
		registry["data"] = object{"type": "REG_SZ", "strings": []string{w.data}}
	}
	return object{
		"@timestamp": w.time.Format(time.RFC3339Nano),
		"event": object{"kind": "event", "module": "endpoint", "dataset": "endpoint.events.registry",
			"category": []string{"registry"}, "type": []string{kind}, "action": action},
		"host":     object{"id": "7f0c", "name": strings.TrimSuffix(w.host, ".corp.example"), "os": object{"type": "windows"}},
		"user":     object{"id": w.sid, "name": w.user, "domain": "CORP"},
		"process":  object{"pid": w.pid, "name": w.image[strings.LastIndexByte(w.image, '\\')+1:], "executable": w.image, "entity_id": "Nzc="},
		"registry": registry,
	}
}

func (f *Feed) winlogbeat(w write) object {
	return f.winlog(w, sysmonID(w.action), "Microsoft-Windows-Sysmon", "Microsoft-Windows-Sysmon/Operational", sysmonData(w))
}

// security is Windows' own audit event, through Winlogbeat.
func (f *Feed) security(w write) object {
	return f.winlog(w, 4657, "Microsoft-Windows-Security-Auditing", f.pick("Security", "security"), object{
		"SubjectUserSid":    w.sid,
		"SubjectUserName":   w.user,
		"SubjectDomainName": "CORP",
		"ObjectName":        strings.TrimSuffix(kernelPath(w.path), `\`+w.value),
		"ObjectValueName":   w.value,
		"OperationType":     f.pick("%%1904", "%%1905"),
		"OldValueType":      "-",
		"OldValue":          "-",
		"NewValueType":      "%%1873",
		"NewValue":          w.data,
		"ProcessId":         "0x" + strconv.FormatInt(int64(w.pid), 16),
		"ProcessName":       w.image,
	})
}

// winlog is what Winlogbeat 7 (the id a number) and 8 (a string) write.
func (f *Feed) winlog(w write, id int, provider, channel string, data object) object {
	var eventID any = id
	if f.rng.IntN(2) == 0 {
		eventID = strconv.Itoa(id)
	}
	o := object{
		"@timestamp": w.time.Format(time.RFC3339Nano),
		"winlog": object{"channel": channel, "provider_name": provider, "event_id": eventID, "record_id": 255953,
			"computer_name": w.host, "user": object{"identifier": "S-1-5-18", "name": "SYSTEM"}, "event_data": data},
		"event":   object{"code": strconv.Itoa(id), "provider": provider, "kind": "event"},
		"host":    object{"name": "collector-1"},
		"message": "Registry value set:\nRuleName: -",
	}
	if f.rng.IntN(3) == 0 { // some relays write dotted names
		data := o["winlog"].(object)
		delete(o, "winlog")
		for k, v := range data {
			o["winlog."+k] = v
		}
	}
	return o
}

func (f *Feed) sysmonModule(w write) object {
	o := f.winlog(w, sysmonID(w.action), "Microsoft-Windows-Sysmon", "Microsoft-Windows-Sysmon/Operational", nil)
	data := sysmonData(w)
	image, path := data["Image"].(string), data["TargetObject"].(string)
	delete(data, "Image")
	if _, ok := o["winlog"]; ok {
		o["winlog"].(object)["event_data"] = data
	} else {
		o["winlog.event_data"] = data
	}
	o["event"].(object)["module"] = "sysmon"
	o["process"] = object{"executable": image, "pid": w.pid}
	o["registry"] = object{"path": path, "hive": "HKU", "key": path}
	return o
}

func (f *Feed) winlogbeat6(w write) object {
	return object{
		"@timestamp": w.time.Format(time.RFC3339Nano),
		"log_name":   "Microsoft-Windows-Sysmon/Operational", "source_name": "Microsoft-Windows-Sysmon",
		"event_id": sysmonID(w.action), "computer_name": w.host, "process_id": 2804,
		"host": object{"name": "collector-1"}, "event_data": sysmonData(w),
	}
}

func (f *Feed) nxlog(w write) object {
	o := sysmonData(w)
	o["EventTime"] = w.time.Add(-5 * time.Hour).Format(time.DateTime)
	o["Hostname"], o["EventID"], o["Channel"] = w.host, sysmonID(w.action), "Microsoft-Windows-Sysmon/Operational"
	o["SourceName"], o["SourceModuleType"], o["ProcessID"] = "Microsoft-Windows-Sysmon", "im_msvistalog", 2804
	o["Keywords"] = int64(-9223372036854775808)
	if w.action == "SetValue" {
		o["EventType"] = "INFO" // the severity, in NXLog's words
		o["Message"] = "Registry value set:\r\nRuleName: \r\nEventType: SetValue"
	} else {
		o["Message"] = "Registry object added or deleted:\r\nRuleName: \r\nEventType: " + w.action
	}
	return o
}

func (f *Feed) flat(w write) object {
	o := sysmonData(w)
	o["EventID"], o["Channel"], o["Computer"] = sysmonID(w.action), "Microsoft-Windows-Sysmon/Operational", w.host
	o["TimeCreated"] = w.time.Format("2006-01-02 15:04:05.000")
	return o
}

func (f *Feed) evtx(w write) object {
	var id any = sysmonID(w.action)
	if f.rng.IntN(2) == 0 {
		id = object{"#text": id, "#attributes": object{"Qualifiers": ""}}
	}
	return object{"Event": object{
		"System": object{"EventID": id, "Channel": "Microsoft-Windows-Sysmon/Operational", "Computer": w.host,
			"Provider":    object{"#attributes": object{"Name": "Microsoft-Windows-Sysmon"}},
			"TimeCreated": object{"#attributes": object{"SystemTime": w.time.Format(time.RFC3339Nano)}}},
		"EventData": sysmonData(w),
	}}
}

func (f *Feed) minimal(w write) object {
	o := sysmonData(w)
	delete(o, "User")
	o["EventId"] = sysmonID(w.action)
	return o
}

// processStart is an event 1: most of what a bus carries.
func (f *Feed) processStart(w write) Record {
	data := object{"UtcTime": w.time.Format("2006-01-02 15:04:05.000"), "Image": `C:\Windows\System32\svchost.exe`,
		"CommandLine": `C:\Windows\System32\svchost.exe -k netsvcs -p`, "ProcessId": strconv.Itoa(w.pid), "User": `CORP\` + w.user}
	o := f.winlog(w, 1, "Microsoft-Windows-Sysmon", "Microsoft-Windows-Sysmon/Operational", data)
	o["message"] = "Process Create:"
	return Record{Value: encode(o), Key: w.host}
}
