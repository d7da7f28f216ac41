package sample

import (
	"encoding/base64"
	"strconv"
	"strings"
	"time"
)

// Sensors with an event of their own.

func defend(c *Change) object {
	type words struct{ action, kind string }
	w := [numActions]words{SetValue: {"modification", "change"}, CreateKey: {"creation", "creation"}, DeleteKey: {"deletion", "deletion"},
		DeleteValue: {"deletion", "deletion"}, RenameKey: {"rename", "change"}, RenameValue: {"rename", "change"}, Query: {"query", "access"}}[c.Action]
	hive, key, _ := strings.Cut(c.Key, `\`)
	registry := object{"hive": hive, "path": c.path(), "key": key}
	if c.Action.ofValue() {
		registry["value"] = c.Value
	}
	if c.Action == SetValue || c.Action == Query {
		data := object{"type": c.Data.Type}
		if c.Data.Type == "REG_BINARY" {
			data["bytes"] = base64.StdEncoding.EncodeToString([]byte(c.Data.text()))
		} else {
			data["strings"] = append([]string{}, c.Data.strings()...)
		}
		registry["data"] = data
	}
	return object{
		"@timestamp": c.Time.Format(time.RFC3339Nano),
		"agent":      object{"type": "endpoint", "version": "8.17.3"},
		"event": object{"kind": "event", "module": "endpoint", "dataset": "endpoint.events.registry", "category": []string{"registry"},
			"type": []string{w.kind}, "action": w.action, "id": "Nq1"},
		"host": object{"id": "7f0c", "name": c.Host, "os": object{"type": "windows"}},
		"user": object{"id": c.SID, "name": c.User, "domain": domain},
		"process": object{"pid": c.PID, "name": c.name(), "executable": c.Image, "entity_id": "Nzc=",
			"code_signature": object{"exists": true, "trusted": true, "status": "trusted", "subject_name": "Microsoft Windows"}},
		"registry": registry,
	}
}

// defendOneString writes the data as one text, and no type of the event.
func defendOneString(c *Change) object {
	o := defend(c)
	delete(o["event"].(object), "module")
	if data, ok := o["registry"].(object)["data"].(object); ok {
		if list, ok := data["strings"].([]string); ok && len(list) == 1 {
			data["strings"] = list[0]
		}
	}
	return o
}

// name is the file name of the image.
func (c *Change) name() string { return c.Image[strings.LastIndexByte(c.Image, '\\')+1:] }

// row is a row of Defender's table DeviceRegistryEvents.
func row(c *Change) object {
	action := [numActions]string{SetValue: "RegistryValueSet", CreateKey: "RegistryKeyCreated", DeleteKey: "RegistryKeyDeleted",
		DeleteValue: "RegistryValueDeleted", RenameKey: "RegistryKeyRenamed"}[c.Action]
	o := object{
		"Timestamp": c.Time.Format("2006-01-02T15:04:05.0000000Z"), "ActionType": action,
		"RegistryKey": c.Key, "RegistryValueName": c.Value, "RegistryValueType": "", "RegistryValueData": "",
		"PreviousRegistryKey": "", "PreviousRegistryValueName": "", "PreviousRegistryValueData": "",
		"DeviceId": "7f0c", "DeviceName": c.Host, "ReportId": 77,
		"InitiatingProcessAccountDomain": domain, "InitiatingProcessAccountName": c.User, "InitiatingProcessAccountSid": c.SID,
		"InitiatingProcessFileName": c.name(), "InitiatingProcessFolderPath": c.Image, "InitiatingProcessId": c.PID,
		"InitiatingProcessCommandLine": c.name() + " -Embedding", "InitiatingProcessParentFileName": "svchost.exe", "InitiatingProcessParentId": 812,
	}
	switch c.Action {
	case SetValue:
		o["RegistryValueType"] = map[string]string{"REG_SZ": "String", "REG_EXPAND_SZ": "ExpandString", "REG_BINARY": "Binary", "REG_DWORD": "Dword", "REG_MULTI_SZ": "MultiString", "REG_QWORD": "Qword"}[c.Data.Type]
		o["RegistryValueData"] = c.Data.text()
	case DeleteKey, DeleteValue:
		o["PreviousRegistryKey"], o["PreviousRegistryValueName"] = c.Key, c.Value
		delete(o, "RegistryKey")
		delete(o, "RegistryValueName")
	case RenameKey:
		o["PreviousRegistryKey"], o["RegistryKey"] = c.Key, c.NewPath
	}
	return o
}

func defender(c *Change) object {
	return object{"time": c.Time.Format(time.RFC3339Nano), "tenantId": "t", "operationName": "Publish", "category": "AdvancedHunting-DeviceRegistryEvents", "properties": row(c)}
}

func defenderFolder(c *Change) object {
	o := row(c)
	o["InitiatingProcessFolderPath"] = strings.TrimSuffix(c.Image, `\`+c.name())
	return o
}

func defenderHub(c *Change) object { return object{"records": []object{defender(c)}} }

// crowdStrike writes every value as a text.
func crowdStrike(c *Change) object {
	name := [numActions]string{SetValue: "RegGenericValueUpdate", CreateKey: "RegGenericKeyCreate", DeleteKey: "RegGenericKeyDelete", DeleteValue: "RegGenericValueDelete"}[c.Action]
	o := object{"event_simpleName": name, "RegObjectName": c.Key, "RegOperationType": "1", "event_platform": "Win", "id": "e1", "cid": "c", "aid": "7f0c",
		"ContextTimeStamp": strconv.FormatFloat(float64(c.Time.UnixMilli())/1000, 'f', 3, 64), "timestamp": strconv.FormatInt(c.Time.UnixMilli()+1500, 10),
		"ComputerName": c.Host, "ContextProcessId": "81234567890", "ContextImageFileName": c.Image, "ContextBaseFileName": c.name(), "UserSid": c.SID, "UserName": c.User}
	if c.Action.ofValue() {
		o["RegValueName"] = c.Value
	}
	if c.Action == SetValue {
		o["RegType"] = map[string]string{"REG_SZ": "1", "REG_EXPAND_SZ": "2", "REG_BINARY": "3", "REG_DWORD": "4", "REG_MULTI_SZ": "7", "REG_QWORD": "11"}[c.Data.Type]
		switch {
		case c.Data.integer():
			o["RegNumericValue"] = c.Data.text()
		case c.Data.Type == "REG_BINARY":
			o["RegBinaryValue"] = "0badf00d"
		default:
			o["RegStringValue"] = c.Data.text()
		}
	}
	return o
}

// crowdStrikeASEP is the event of an autostart location: only the name of the
// process.
func crowdStrikeASEP(c *Change) object {
	o := crowdStrike(c)
	o["event_simpleName"] = "AsepValueUpdate"
	delete(o, "ContextImageFileName")
	return o
}

// crowdStrikeBare names no process but by CrowdStrike's own number.
func crowdStrikeBare(c *Change) object {
	o := crowdStrikeASEP(c)
	delete(o, "ContextBaseFileName")
	return o
}

func sentinelOne(c *Change) object {
	kind := [numActions]string{SetValue: "Registry Value Modified", CreateKey: "Registry Key Created", DeleteKey: "Registry Key Deleted", DeleteValue: "Registry Value Deleted", RenameKey: "Registry Key Rename"}[c.Action]
	o := object{"event.category": "registry", "event.type": kind, "event.id": "01HR", "event.time": c.Time.UnixMilli(), "registry.keyPath": c.path(),
		"src.process.image.path": c.Image, "src.process.name": c.name(), "src.process.pid": c.PID, "src.process.uid": "A1", "src.process.user": domain + `\` + c.User,
		"src.process.cmdline": c.name() + " -Embedding", "endpoint.name": c.Host, "endpoint.os": "windows", "agent.uuid": "7f0c", "dataSource.name": "SentinelOne"}
	if c.Action == SetValue {
		o["registry.value"], o["registry.valueType"] = c.Data.text(), strings.TrimPrefix(c.Data.Type, "REG_")
		if c.Data.Type == "REG_BINARY" {
			o["registry.value"] = "0badf00d"
		}
	}
	return o
}

// sentinelOneNested is the same after a pipeline that nests dotted names.
func sentinelOneNested(c *Change) object {
	o := make(object)
	for name, v := range sentinelOne(c) {
		in := o
		for {
			head, rest, more := strings.Cut(name, ".")
			if !more {
				break
			}
			inner, ok := in[head].(object)
			if !ok {
				inner = make(object)
				in[head] = inner
			}
			in, name = inner, rest
		}
		in[name] = v
	}
	return o
}

func endgame(c *Change) object {
	kind := [numActions]string{SetValue: "registry_modify_event", CreateKey: "registry_create_event", DeleteKey: "registry_delete_event", DeleteValue: "registry_delete_event", Query: "registry_query_event"}[c.Action]
	o := object{"event_type_full": "registry_event", "event_subtype_full": kind, "opcode": 1, "serial_event_id": 77,
		"timestamp": c.Time.UnixNano()/100 + 116444736000000000, "hostname": c.Host,
		"registry_path": c.path(), "registry_key": c.Key, "process_name": c.name(), "process_path": c.Image, "pid": c.PID, "unique_pid": 5580001,
		"user_name": c.User, "user_domain": domain, "user_sid": c.SID}
	if c.Action.ofValue() {
		o["registry_value"] = c.Value
	}
	if c.Action == SetValue || c.Action == Query {
		o["registry_type"] = c.Data.Type
		switch {
		case c.Data.integer():
			o["bytes_written_u64"] = c.Data.Number
		case c.Data.Type == "REG_BINARY":
			o["bytes_written"] = "C63wDQ=="
		default:
			o["bytes_written_string_list"] = append([]string{}, c.Data.Strings...)
		}
	}
	return o
}

func endgameString(c *Change) object {
	o := endgame(c)
	o["event_type"] = "registry"
	delete(o, "event_type_full")
	if list, ok := o["bytes_written_string_list"].([]string); ok && len(list) == 1 {
		delete(o, "bytes_written_string_list")
		o["bytes_written_string"] = list[0]
	}
	return o
}

func cortex(c *Change) object {
	kind := [numActions]int{SetValue: 4, CreateKey: 1, DeleteKey: 2, DeleteValue: 5, RenameKey: 3}[c.Action]
	o := object{"event_type": "Registry Event", "event_sub_type": kind, "event_id": "NDEy", "event_timestamp": c.Time.UnixMilli(), "agent_hostname": c.Host, "agent_id": "7f0c",
		"action_registry_key_name": c.Key, "actor_process_image_path": c.Image, "actor_process_image_name": c.name(), "actor_process_os_pid": c.PID,
		"actor_process_instance_id": "AdY", "actor_effective_username": domain + `\` + c.User, "actor_effective_user_sid": c.SID}
	if c.Action.ofValue() {
		o["action_registry_value_name"] = c.Value
	}
	switch c.Action {
	case SetValue:
		o["action_registry_data"], o["action_registry_value_type"] = c.Data.text(), c.Data.Type
	case RenameKey:
		o["action_registry_key_name"], o["action_registry_old_key_name"] = c.NewPath, c.Key
	}
	return o
}
