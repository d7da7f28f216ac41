package schemas_test

import (
	"bytes"
	"encoding/xml"
	"io"
	"regexp"
	"strconv"
	"strings"

	"github.com/regtrap/regtrap/schemas"
)

// xmlTexts is the obvious reading of one <Event>: the texts of elements by the
// names of the elements around them, of attributes with @, of <Data Name=…> by
// that name.
type xmlTexts map[string]string

// readXML reads a value of events, alone, one after the other or in <Events>,
// with encoding/xml. ok is false where that rejects it, where there is anything
// else in it, or where the model says nothing: document type declarations,
// dots and empty prefixes in names, several event ids in one event, or elements
// in one.
func readXML(b []byte) (events []xmlTexts, ok bool) {
	b = bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))
	type element struct {
		path, slot string
		text       strings.Builder
		parent     bool
	}
	dec := xml.NewDecoder(bytes.NewReader(b))
	var stack []*element
	around, ids := 0, 0 // elements <Events> around; ids in the event
	for {
		from := dec.InputOffset()
		tok, err := dec.Token()
		if err == io.EOF {
			return events, len(stack) == 0 && len(events) > 0
		}
		if err != nil {
			return nil, false
		}
		switch tok := tok.(type) {
		case xml.Directive:
			return nil, false
		case xml.CharData:
			if len(stack) > 0 {
				stack[len(stack)-1].text.Write(tok)
			} else if raw := b[from:dec.InputOffset()]; len(bytes.Trim(raw, " \t\r\n")) > 0 {
				return nil, false
			}
		case xml.StartElement:
			name := tok.Name.Local
			if strings.ContainsAny(name, ".:") || len(stack) >= 128 {
				return nil, false
			}
			e := &element{path: name}
			switch {
			case len(stack) > 0:
				stack[len(stack)-1].parent = true
				e.path = stack[len(stack)-1].path + "." + name
			case name == "Events":
				around++
				continue
			case name == "Event":
				events, ids = append(events, make(xmlTexts)), 0
			default:
				return nil, false
			}
			e.slot = e.path
			event := events[len(events)-1]
			for _, a := range tok.Attr {
				if a.Name.Space == "xmlns" && a.Value == "" {
					return nil, false
				}
				event[e.path+".@"+a.Name.Local] = a.Value
				if e.path == "Event.EventData.Data" && a.Name.Space == "" && a.Name.Local == "Name" {
					if strings.Contains(a.Value, ".") {
						return nil, false
					}
					e.slot = "Event.EventData." + a.Value
				}
			}
			if e.path == "Event.System.EventID" {
				ids++
			}
			if ids > 1 || strings.HasPrefix(e.path, "Event.System.EventID.") {
				return nil, false
			}
			stack = append(stack, e)
		case xml.EndElement:
			if len(stack) == 0 {
				around--
				continue
			}
			e := stack[len(stack)-1]
			if stack = stack[:len(stack)-1]; !e.parent {
				events[len(events)-1][e.slot] = e.text.String()
			}
		}
	}
}

var wholeNumber = regexp.MustCompile(`^[\x00-\x20]*(\d{1,9})(?:\.0*)?[\x00-\x20]*$`)

// log says of which log an event is: "sysmon", "security", "other", or "" where
// it does not say.
func (x xmlTexts) log() string {
	log := ""
	for _, text := range []string{x["Event.System.Channel"], x["Event.System.Provider.@Name"]} {
		switch lowerASCII(strings.TrimSpace(text)) {
		case "":
		case "microsoft-windows-sysmon/operational", "microsoft-windows-sysmon":
			return "sysmon"
		case "security", "microsoft-windows-security-auditing":
			return "security"
		default:
			log = "other"
		}
	}
	return log
}

func lowerASCII(s string) string {
	return strings.Map(func(c rune) rune {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		return c
	}, s)
}

// anyAction is what expect says of an event of which only the path is compared.
const anyAction = schemas.Queried + 1

// expect returns what the decoder has to make of the event: the reason of its
// not being one, or what it shows.
func (x xmlTexts) expect() (reason schemas.Reason, action schemas.Action, fields map[schemas.Field]string) {
	data := func(name string) (text string, ok bool) {
		text, ok = x["Event.EventData."+name]
		return text, ok
	}
	log, id := x.log(), 0
	m := wholeNumber.FindStringSubmatch(x["Event.System.EventID"])
	if m != nil {
		id, _ = strconv.Atoi(m[1])
	}
	fields = make(map[schemas.Field]string)
	path, _ := data("TargetObject")
	switch {
	case id == 4657 && (log == "security" || log == ""):
		object, _ := data("ObjectName")
		if t := strings.TrimSpace(object); t == "" || t == "-" {
			return lacking(log), 0, nil
		}
		name, _ := data("ObjectValueName")
		path = object + `\` + strings.TrimPrefix(name, map[bool]string{true: "-"}[name == "-"])
		fields[schemas.RegistryPath] = strings.ReplaceAll(path, "%%", "%")
		return "", anyAction, fields
	case m != nil && (id < 12 || id > 14 || log != "sysmon" && log != ""), m == nil && log != "sysmon":
		return schemas.SkipOther, 0, nil
	case strings.TrimSpace(path) == "":
		if m == nil {
			return schemas.SkipOther, 0, nil
		}
		return lacking(log), 0, nil
	}
	action = x.action(id)
	fields[schemas.RegistryPath] = strings.ReplaceAll(path, "%%", "%")
	if name, ok := data("NewName"); ok {
		fields[schemas.RegistryNewPath] = strings.ReplaceAll(name, "%%", "%")
	}
	if details, ok := data("Details"); ok && action == schemas.ValueSet {
		fields[schemas.RegistryDataStrings] = strings.TrimPrefix(strings.ReplaceAll(details, "%%", "%"), map[bool]string{true: "(Empty)"}[details == "(Empty)"])
	}
	if text, ok := x["Event.RenderingInfo.Message"]; ok {
		fields[schemas.SourceMessage] = text
	}
	for f, slot := range map[schemas.Field]string{
		schemas.ProcessExecutable: "EventData.Image", schemas.ProcessPID: "EventData.ProcessId", schemas.ProcessEntityID: "EventData.ProcessGuid",
		schemas.UserFull: "EventData.User", schemas.RuleName: "EventData.RuleName", schemas.HostName: "System.Computer",
		schemas.Channel: "System.Channel", schemas.EventProvider: "System.Provider.@Name", schemas.SourceID: "System.EventRecordID",
		schemas.EventCode: "System.EventID", schemas.ProcessParentExecutable: "EventData.ParentImage", schemas.ProcessCommandLine: "EventData.CommandLine",
	} {
		if text := x["Event."+slot]; text != "" && text != "-" {
			fields[f] = text
		}
	}
	if m != nil {
		fields[schemas.EventCode] = strconv.Itoa(id)
	}
	return "", action, fields
}

func lacking(log string) schemas.Reason {
	if log == "" {
		return schemas.SkipOther
	}
	return schemas.DeadMissingPath
}

var messageType = regexp.MustCompile(`(?m)^EventType: (.*)$`)

func (x xmlTexts) action(id int) schemas.Action {
	actions := map[string]schemas.Action{"setvalue": schemas.ValueSet, "createkey": schemas.KeyCreated, "deletekey": schemas.KeyDeleted,
		"deletevalue": schemas.ValueDeleted, "renamekey": schemas.KeyRenamed, "renamevalue": schemas.ValueRenamed}
	named := actions[lowerASCII(x["Event.EventData.EventType"])]
	if m := messageType.FindStringSubmatch(x["Event.RenderingInfo.Message"]); named == schemas.ActionUnknown && m != nil {
		named = actions[lowerASCII(strings.TrimSpace(m[1]))]
	}
	_, renamed := x["Event.EventData.NewName"]
	_, set := x["Event.EventData.Details"]
	switch {
	case id == 13, id == 0 && named == schemas.ActionUnknown && set && !renamed:
		return schemas.ValueSet
	case id == 14 && named != schemas.ValueRenamed, id == 0 && named == schemas.ActionUnknown && renamed:
		return schemas.KeyRenamed
	case id == 12 && named != schemas.KeyCreated && named != schemas.KeyDeleted && named != schemas.ValueDeleted:
		return schemas.ActionUnknown
	}
	return named
}
