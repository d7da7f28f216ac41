package schemas_test

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/regtrap/regtrap/schemas"
)

const (
	process = schemas.MissingProcess
	user    = schemas.MissingUser
	host    = schemas.MissingHost
	when    = schemas.MissingTime
	data    = schemas.MissingData
	action  = schemas.MissingAction
)

// lackingPaths says for each shape without which paths the first record of its
// fixtures lacks what. Lists and XML go by the names of the items.
var lackingPaths = map[string]map[schemas.Missing]string{
	"elastic_defend": {process: "process.name process.executable", user: "user.id user.name", host: "host.name host.id", when: "@timestamp", data: "registry.data.strings", action: "event.action event.type"},
	"sysmon_module":  {process: "process.name process.executable", user: "user.name", host: "winlog.computer_name", when: "@timestamp", data: "winlog.event_data.Details"},
	"winlogbeat": {process: "winlog.event_data.Image", user: "winlog.event_data.User", host: "winlog.computer_name",
		when: "winlog.event_data.UtcTime @timestamp", data: "winlog.event_data.Details"},
	"winlogbeat6": {process: "event_data.Image", user: "event_data.User", host: "computer_name", when: "event_data.UtcTime @timestamp", data: "event_data.Details"},
	"nxlog":       {process: "Image", user: "User", host: "Hostname", when: "UtcTime", data: "Details"},
	"flat":        {process: "Image", user: "User", host: "Computer", when: "UtcTime TimeCreated", data: "Details"},
	"evtx": {process: "Event.EventData.Image", user: "Event.EventData.User", host: "Event.System.Computer",
		when: "Event.EventData.UtcTime Event.System.TimeCreated", data: "Event.EventData.Details"},
	"evtx_list":      {process: "#Image", user: "#User", host: "Event.System.Computer", when: "#UtcTime Event.System.TimeCreated", data: "#Details"},
	"windows_xml":    {process: "#Image", user: "#User", host: "#Computer", when: "#UtcTime #TimeCreated", data: "#Details"},
	"fluent_bit":     {process: "#4", user: "#7", host: "Computer", when: "#1 TimeCreated"},
	"vector":         {process: "event_data.Image", user: "event_data.User", host: "computer", when: "event_data.UtcTime timestamp", data: "event_data.Details"},
	"wazuh":          {process: "win.eventdata.image", user: "win.eventdata.user", host: "win.system.computer", when: "win.eventdata.utcTime win.system.systemTime", data: "win.eventdata.details"},
	"sysmon_minimal": {process: "Image", when: "UtcTime", data: "Details"},
	"defender": {process: "properties.InitiatingProcessFileName properties.InitiatingProcessFolderPath", user: "properties.InitiatingProcessAccountSid properties.InitiatingProcessAccountName",
		host: "properties.DeviceName properties.DeviceId", when: "properties.Timestamp time", data: "properties.RegistryValueData"},
	"crowdstrike": {process: "ContextBaseFileName", user: "UserSid", host: "ComputerName aid", when: "ContextTimeStamp timestamp", data: "RegStringValue"},
	"sentinelone": {process: "src.process.image.path src.process.name", user: "src.process.user", host: "endpoint.name agent.uuid", when: "event.time", data: "registry.value"},
	"endgame":     {process: "process_name process_path", user: "user_sid user_name", host: "hostname", when: "timestamp timestamp_utc", data: "bytes_written_string"},
	"cortex": {process: "actor_process_image_path actor_process_image_name", user: "actor_effective_username actor_effective_user_sid", host: "agent_hostname agent_id",
		when: "event_timestamp", data: "action_registry_data"},
}

// without takes the paths out of a record: the members go, or get another value.
func without(t *testing.T, record string, paths []string, value any, gone bool) string {
	for _, path := range paths {
		name, isItem := strings.CutPrefix(path, "#")
		if record[0] == '<' {
			text, _ := value.(string)
			replacement := ""
			if !gone {
				replacement = "${1}" + text + "${2}"
			}
			record = regexp.MustCompile(`(<Data Name="`+name+`">)[^<]*(</Data>)|<`+name+`>[^<]*</`+name+`>|<`+name+` [^<]*/>`).ReplaceAllString(record, replacement)
			continue
		}
		var root map[string]any
		if err := json.Unmarshal([]byte(record), &root); err != nil {
			t.Fatal(err)
		}
		if !isItem {
			remove(root, path, value, gone)
		} else if inserts, ok := root["StringInserts"].([]any); ok {
			var n int
			fmt.Sscan(name, &n)
			if inserts[n] = value; gone {
				inserts[n] = nil
			}
		} else {
			items := root["Event"].(map[string]any)["EventData"].(map[string]any)
			var kept []any
			for _, item := range items["Data"].([]any) {
				item := item.(map[string]any)
				if item["Name"] == name {
					if gone {
						continue
					}
					item["text"] = value
				}
				kept = append(kept, item)
			}
			items["Data"] = kept
		}
		b, err := json.Marshal(root)
		if err != nil {
			t.Fatal(err)
		}
		record = string(b)
	}
	return record
}

func remove(o map[string]any, path string, value any, gone bool) {
	if _, ok := o[path]; ok {
		if o[path] = value; gone {
			delete(o, path)
		}
		return
	}
	for key, v := range o {
		if rest, ok := strings.CutPrefix(path, key+"."); ok {
			if o, ok := v.(map[string]any); ok {
				remove(o, rest, value, gone)
			}
		}
	}
}

func missing(t *testing.T, record string) schemas.Missing {
	t.Helper()
	d := schemas.NewDecoder()
	d.Reset([]byte(record))
	ev, out := d.Next()
	if ev == nil {
		t.Fatalf("lost: %+v: %s", out, record)
	}
	return out.Missing
}

func TestWhatAnEventLacksIsNamed(t *testing.T) {
	for _, shape := range schemas.Shapes() {
		t.Run(shape.String(), func(t *testing.T) {
			file, err := os.ReadFile("testdata/shapes/" + shape.String() + ".ndjson")
			if err != nil {
				t.Fatal(err)
			}
			record, _, _ := strings.Cut(string(file), "\n")
			base := missing(t, record)
			if want := map[schemas.Shape]schemas.Missing{schemas.ShapeMinimal: user | host}[shape]; base != want {
				t.Errorf("the fixture lacks %q, want %q", base, want)
			}
			table := lackingPaths[shape.String()]
			if len(table) < 3 {
				t.Fatal("no table")
			}
			var all []string
			everything := base
			for lacks, list := range table {
				paths := strings.Fields(list)
				if lacks != action {
					all = append(all, paths...)
					everything |= lacks
				}
				for i := range paths { // without all but one there is enough
					if len(paths) == 1 || lacks == action {
						break
					}
					others := append(append([]string(nil), paths[:i]...), paths[i+1:]...)
					if got := missing(t, without(t, record, others, nil, true)); got != base {
						t.Errorf("without %s lacks %q, want %q", others, got, base)
					}
				}
				want := base | lacks
				if got := missing(t, without(t, record, paths, nil, true)); got != want {
					t.Errorf("without %s lacks %q, want %q", paths, got, want)
				}
				if got := missing(t, without(t, record, paths, nil, false)); record[0] == '{' && !strings.Contains(list, "#") && got != want {
					t.Errorf("with %s null lacks %q, want %q", paths, got, want)
				}
				if lacks == data { // an empty text is data
					want = base
				}
				if got := missing(t, without(t, record, paths, "", false)); got != want && !strings.Contains(list, "TimeCreated") {
					t.Errorf("with %s empty lacks %q, want %q", paths, got, want)
				}
			}
			if got := missing(t, without(t, record, all, nil, true)); got != everything {
				t.Errorf("without %s lacks %q, want %q", all, got, everything)
			}
		})
	}
}

func TestWhatSomeEventsLack(t *testing.T) {
	const audit = `{"EventID":4657,"Channel":"Security","Computer":"ws-041","TimeCreated":"2026-03-04 10:11:12","ObjectName":"\\REGISTRY\\MACHINE\\A","ObjectValueName":"b","OperationType":"%%1905",`
	for record, want := range map[string]schemas.Missing{
		`{"event_simpleName":"AsepValueUpdate","RegObjectName":"\\REGISTRY\\MACHINE\\A","RegValueName":"b","ContextProcessId":"8123","ContextTimeStamp":"1772619072.345","aid":"7f0c","RegType":"4","RegNumericValue":"1"}`: process | user,
		`{"event_simpleName":"RegGenericValueUpdate","RegObjectName":"\\REGISTRY\\MACHINE\\A","RegValueName":"b"}`:                                                                                                          process | user | host | when | data,
		`{"EventID":13,"TargetObject":"HKLM\\a"}`:                                                                                                                process | user | host | when | data,
		`{"EventID":13,"TargetObject":"HKLM\\a","Image":"-","User":"-","Details":""}`:                                                                            process | user | host | when,
		`{"EventID":12,"TargetObject":"HKLM\\a"}`:                                                                                                                process | user | host | when | action,
		`{"EventID":12,"EventType":"INFO","TargetObject":"HKLM\\a"}`:                                                                                             process | user | host | when | action,
		`{"EventID":12,"EventType":"CreateKey","TargetObject":"HKLM\\a"}`:                                                                                        process | user | host | when,
		`{"EventID":14,"TargetObject":"HKLM\\a"}`:                                                                                                                process | user | host | when,
		`{"time":1772619072,"host":"ws-041","sourcetype":"x","event":{"EventID":13,"TargetObject":"HKLM\\a","Details":"x"}}`:                                     process | user,
		`{"SourceModuleType":"x","EventID":13,"TargetObject":"HKLM\\a","Details":"x","EventTime":"2026-03-04 05:11:12"}`:                                         process | user | host | when,
		`{"SourceModuleType":"x","EventID":13,"TargetObject":"HKLM\\a","Details":"x","EventTime":"2026-03-04T05:11:12+02:00"}`:                                   process | user | host,
		audit + `"SubjectUserSid":"S-1-5-18","ProcessName":"C:\\a.exe","NewValueType":"%%1873","NewValue":"x"}`:                                                  0,
		audit + `"SubjectUserSid":"-","SubjectUserName":"-","ProcessName":"-","NewValueType":"%%1873"}`:                                                          process | user,
		audit + `"SubjectUserName":"ana","ProcessName":"C:\\a.exe"}`:                                                                                             data,
		`{"event":{"module":"endpoint","category":"registry","action":"modification"},"registry":{"path":"HKLM\\a","data":{"strings":[]}},"host":{"id":"7f0c"}}`: process | user | when | data,
		`{"event":{"module":"endpoint","category":"registry","action":"deletion"},"registry":{"path":"HKLM\\a"},"process":{"name":"a.exe"}}`:                     user | host | when,
	} {
		if got := missing(t, record); got != want {
			t.Errorf("lacks %q, want %q: %s", got, want, record)
		}
	}
}

func TestMissingIsNamedByItsParts(t *testing.T) {
	if got := schemas.EverythingMissing.String(); got != "process,user,host,time,data,action" {
		t.Errorf("everything is %q", got)
	}
	var all schemas.Missing
	for m := range (process | data).All() {
		if strings.Contains(m.String(), ",") || all&m != 0 {
			t.Errorf("%q is no single part", m)
		}
		all |= m
	}
	if all != process|data {
		t.Errorf("parts %q", all)
	}
	for range schemas.EverythingMissing.All() {
		break // ends the iteration
	}
}
