package ruletest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
	"go.yaml.in/yaml/v3"

	"github.com/regtrap/regtrap/schemas"
)

// given is one field of an event as a test gives it.
type given struct {
	key   *yaml.Node
	field schemas.Field
	texts []string
	null  bool
}

// fromFields makes telemetry of fields: Sysmon's event as JSON when it can carry
// them all, else Elastic Defend's. It goes the way of all telemetry, so that
// spellings, hives, integers and the like are derived as they are for a real
// event, and is refused when it would be read as something else than was given.
func fromFields(file string, pairs [][2]*yaml.Node) ([]byte, error) {
	var fields []given
	for _, pair := range pairs {
		g, err := read(file, pair[0], pair[1])
		if err != nil {
			return nil, err
		}
		for _, other := range fields {
			if other.field == g.field {
				return nil, mistake(file, g.key, fmt.Sprintf("%s and %s are the same field", other.key.Value, g.key.Value), "one of them")
			}
		}
		fields = append(fields, g)
	}
	e := event{fields: fields}
	write, err := e.source(file)
	if err != nil {
		return nil, err
	}
	value, err := json.Marshal(write())
	if err != nil {
		return nil, err
	}
	return value, e.check(file, value)
}

// read reads one field and its value.
func read(file string, key, value *yaml.Node) (given, error) {
	g := given{key: key}
	var ok bool
	if g.field, ok = schemas.FieldBySigma(key.Value); !ok {
		if g.field, ok = schemas.FieldByECS(key.Value); !ok {
			return g, mistake(file, key, fmt.Sprintf("%q is no field of a registry event", key.Value), "as in "+nearestField(key.Value))
		}
	}
	nodes := []*yaml.Node{value}
	if value.Kind == yaml.SequenceNode {
		nodes = value.Content
	}
	for _, n := range nodes {
		if n.Kind != yaml.ScalarNode {
			return g, mistake(file, n, key.Value+" is neither a text nor a list of texts", "a text, a number, a list of them, or null")
		}
		if n.ShortTag() != "!!null" {
			g.texts = append(g.texts, n.Value)
		}
	}
	g.null = len(g.texts) == 0
	return g, nil
}

// nearestField is the field whose name is most like another.
func nearestField(name string) string {
	var names []string
	for f := range schemas.Field(schemas.NumFields) {
		names = append(names, f.ECS(), f.Sigma())
	}
	names = slices.DeleteFunc(names, func(s string) bool { return s == "" })
	return slices.MinFunc(names, func(a, b string) int {
		return cmp.Compare(levenshtein.ComputeDistance(strings.ToLower(a), strings.ToLower(name)), levenshtein.ComputeDistance(strings.ToLower(b), strings.ToLower(name)))
	})
}

// event is the fields of one.
type event struct{ fields []given }

// text returns the one text of a field, or the empty text.
func (e *event) text(f schemas.Field) string {
	if g := e.given(f); g != nil && len(g.texts) > 0 {
		return g.texts[0]
	}
	return ""
}

func (e *event) given(f schemas.Field) *given {
	for i := range e.fields {
		if e.fields[i].field == f {
			return &e.fields[i]
		}
	}
	return nil
}

// derived reports whether the field follows from the path or from what was done.
func derived(f schemas.Field) bool {
	switch f {
	case schemas.RegistryPath, schemas.RegistryHive, schemas.RegistryKey, schemas.RegistryValue,
		schemas.EventType, schemas.EventAction, schemas.SysmonEventType, schemas.SysmonEventID, schemas.EventCategory, schemas.HostOSType:
		return true
	}
	return false
}

// source returns what writes the event: of the two sources the one that has a
// place for every field.
func (e *event) source(file string) (func() map[string]any, error) {
	var alone [2]*given // what the other source has no place for
	for i := range e.fields {
		g := &e.fields[i]
		if derived(g.field) || g.null {
			continue
		}
		_, bySysmon := sysmonPlace(g.field)
		_, byDefend := defendPlace(g.field)
		if bySysmon && len(g.texts) > 1 {
			bySysmon = false
		}
		switch {
		case !bySysmon && !byDefend:
			return nil, mistake(file, g.key, fmt.Sprintf("%s cannot be given as a field", g.key.Value), "raw telemetry of a source that has it")
		case !byDefend:
			alone[0] = g
		case !bySysmon:
			alone[1] = g
		}
	}
	switch {
	case alone[0] != nil && alone[1] != nil:
		return nil, mistake(file, alone[1].key, fmt.Sprintf("no source has both %s and %s", alone[0].key.Value, alone[1].key.Value), "raw telemetry")
	case alone[1] != nil, e.action() == schemas.Queried: // Sysmon tells of no read
		return e.defend, nil
	}
	return e.sysmon, nil
}

// path is the path as it was given, or made of its parts.
func (e *event) path() string {
	if path := e.text(schemas.RegistryPath); path != "" {
		return path
	}
	hive := cmp.Or(e.text(schemas.RegistryHive), "HKLM")
	key := cmp.Or(strings.Trim(e.text(schemas.RegistryKey), `\`), `SOFTWARE\Example`)
	if e.action() == schemas.KeyCreated || e.action() == schemas.KeyDeleted || e.action() == schemas.KeyRenamed {
		return hive + `\` + key
	}
	return hive + `\` + key + `\` + cmp.Or(e.text(schemas.RegistryValue), "Value")
}

// action is what was done, as the fields say; a value was set unless they do.
func (e *event) action() schemas.Action {
	switch strings.ToLower(e.text(schemas.SysmonEventType)) {
	case "setvalue":
		return schemas.ValueSet
	case "createkey":
		return schemas.KeyCreated
	case "deletekey":
		return schemas.KeyDeleted
	case "deletevalue":
		return schemas.ValueDeleted
	case "renamekey":
		return schemas.KeyRenamed
	case "renamevalue":
		return schemas.ValueRenamed
	}
	value := e.given(schemas.RegistryValue) != nil && !e.given(schemas.RegistryValue).null
	switch {
	case e.text(schemas.SysmonEventID) == "14", e.text(schemas.EventAction) == "rename", e.given(schemas.RegistryNewPath) != nil && !e.given(schemas.RegistryNewPath).null:
		if value {
			return schemas.ValueRenamed
		}
		return schemas.KeyRenamed
	case e.text(schemas.EventAction) == "creation", e.text(schemas.EventType) == "creation", e.text(schemas.SysmonEventID) == "12":
		return schemas.KeyCreated
	case e.text(schemas.EventAction) == "deletion", e.text(schemas.EventType) == "deletion":
		if value {
			return schemas.ValueDeleted
		}
		return schemas.KeyDeleted
	case e.text(schemas.EventAction) == "query", e.text(schemas.EventType) == "access":
		return schemas.Queried
	}
	return schemas.ValueSet
}

// check reads the event and compares it with what was given.
func (e *event) check(file string, value []byte) error {
	d := schemas.NewDecoder()
	d.Reset(value)
	ev, out := d.Next()
	if out.Kind != schemas.Registry {
		return mistake(file, e.fields[0].key, fmt.Sprintf("the fields make no registry event: %s %s", out.Reason, out.Detail), "a path and a value")
	}
	for _, g := range e.fields {
		var got []string
		for _, v := range ev.Values(g.field) {
			got = append(got, v.Text)
		}
		if g.null && len(got) > 0 {
			return mistake(file, g.key, fmt.Sprintf("%s would not be null but %q", g.key.Value, got), "no such field, or raw telemetry")
		}
		for _, want := range g.texts {
			if !slices.ContainsFunc(got, func(s string) bool { return strings.EqualFold(s, want) }) {
				return mistake(file, g.key, fmt.Sprintf("%s %q would be read as %q", g.key.Value, want, got), "what such an event holds, or raw telemetry")
			}
		}
	}
	return nil
}
