package ruletest

import (
	"cmp"
	"strings"

	"github.com/regtrap/regtrap/schemas"
)

// sysmonPlace returns where Sysmon's event has a field: in EventData, or in
// System.
func sysmonPlace(f schemas.Field) (name string, ok bool) {
	switch f {
	case schemas.RegistryDataStrings, schemas.RegistryNewPath, schemas.RuleName, schemas.ProcessExecutable, schemas.ProcessPID, schemas.ProcessEntityID,
		schemas.ProcessCommandLine, schemas.ProcessOriginalFileName, schemas.ProcessParentExecutable, schemas.ProcessParentPID,
		schemas.ProcessParentCommandLine, schemas.UserFull:
		return f.Sigma(), true
	case schemas.HostName, schemas.Channel, schemas.EventProvider:
		return "", true
	}
	return "", false
}

// sysmon writes Sysmon's event as tools that read .evtx do.
func (e *event) sysmon() map[string]any {
	action := e.action()
	words := map[schemas.Action]struct {
		id   int
		word string
	}{
		schemas.ValueSet: {13, "SetValue"}, schemas.KeyCreated: {12, "CreateKey"}, schemas.KeyDeleted: {12, "DeleteKey"},
		schemas.ValueDeleted: {12, "DeleteValue"}, schemas.KeyRenamed: {14, "RenameKey"}, schemas.ValueRenamed: {14, "RenameValue"},
	}
	data := map[string]any{"TargetObject": e.path(), "EventType": words[action].word}
	for _, g := range e.fields {
		name, ok := sysmonPlace(g.field)
		if !ok || name == "" || g.null {
			continue
		}
		data[name] = g.texts[0]
		if g.field == schemas.RegistryDataStrings && g.texts[0] == "" {
			data[name] = "(Empty)" // as Sysmon writes it
		}
	}
	system := map[string]any{
		"Provider": map[string]any{"#attributes": map[string]any{"Name": cmp.Or(e.text(schemas.EventProvider), "Microsoft-Windows-Sysmon")}},
		"EventID":  words[action].id,
		"Channel":  cmp.Or(e.text(schemas.Channel), "Microsoft-Windows-Sysmon/Operational"),
	}
	if g := e.given(schemas.HostName); g == nil || !g.null {
		system["Computer"] = cmp.Or(e.text(schemas.HostName), exampleHost)
	}
	return map[string]any{"Event": map[string]any{"System": system, "EventData": data}}
}

// exampleHost is the host of events whose fields name none.
const exampleHost = "ws-041.corp.example"

// defendPlace returns where Elastic Defend's event has a field.
func defendPlace(f schemas.Field) (name string, ok bool) {
	switch f {
	case schemas.UserFull:
		return "", true // as user.domain and user.name
	case schemas.RegistryNewPath, schemas.RuleName, schemas.Channel, schemas.SysmonEventType, schemas.SysmonEventID:
		return "", false
	}
	return f.ECS(), f.ECS() != ""
}

// defend writes Elastic Defend's event.
func (e *event) defend() map[string]any {
	action := e.action()
	words := map[schemas.Action][2]string{
		schemas.ValueSet: {"modification", "change"}, schemas.KeyCreated: {"creation", "creation"}, schemas.KeyDeleted: {"deletion", "deletion"},
		schemas.ValueDeleted: {"deletion", "deletion"}, schemas.KeyRenamed: {"rename", "change"}, schemas.ValueRenamed: {"rename", "change"},
		schemas.Queried: {"query", "access"},
	}
	root := make(map[string]any)
	put := func(name string, v any) {
		o := root
		parts := strings.Split(name, ".")
		for _, p := range parts[:len(parts)-1] {
			if o[p] == nil {
				o[p] = make(map[string]any)
			}
			o = o[p].(map[string]any)
		}
		o[parts[len(parts)-1]] = v
	}
	put("event.kind", "event")
	put("event.module", "endpoint")
	put("event.dataset", "endpoint.events.registry")
	put("event.category", []string{"registry"})
	put("event.action", words[action][0])
	put("event.type", []string{words[action][1]})
	if g := e.given(schemas.HostName); g == nil || !g.null {
		put("host.name", exampleHost)
	}
	put("registry.path", e.path())
	if value := e.text(schemas.RegistryValue); value != "" {
		put("registry.value", value)
	} else if action == schemas.ValueSet || action == schemas.ValueDeleted || action == schemas.Queried {
		path := e.path()
		put("registry.value", path[strings.LastIndexByte(path, '\\')+1:])
	}
	for _, g := range e.fields {
		name, ok := defendPlace(g.field)
		switch {
		case !ok || g.null || derived(g.field):
		case g.field == schemas.UserFull:
			domain, user, cut := strings.Cut(g.texts[0], `\`)
			if !cut {
				domain, user = "", domain
			}
			put("user.domain", domain)
			put("user.name", user)
		case g.field == schemas.RegistryDataStrings || len(g.texts) > 1:
			put(name, g.texts)
		default:
			put(name, g.texts[0])
		}
	}
	return root
}
