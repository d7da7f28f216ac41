package enrich

import (
	"reflect"
	"strconv"
	"strings"

	"github.com/regtrap/regtrap/registry"
	"github.com/regtrap/regtrap/schemas"
)

// fields reads an event's fields as alerts show them. Every text is copied:
// an event's texts live only as long as the event.
type fields struct{ ev *schemas.Event }

// first returns the wire's own text of the first element.
func (f fields) first(field schemas.Field) string {
	text, _ := f.ev.First(field)
	return strings.Clone(text)
}

// all returns the wire's own text of every element.
func (f fields) all(field schemas.Field) []string {
	var list []string
	last := -1
	for _, v := range f.ev.Values(field) {
		if int(v.Element) != last {
			last = int(v.Element)
			list = append(list, strings.Clone(v.Text))
		}
	}
	return list
}

// canonical returns the canonical spelling of a path, or the wire's.
func (f fields) canonical(field schemas.Field) string {
	for _, v := range f.ev.Values(field) {
		if v.Spelling == registry.Canonical {
			return strings.Clone(v.Text)
		}
	}
	return f.first(field)
}

func (f fields) number(field schemas.Field) uint64 {
	for _, v := range f.ev.Values(field) {
		if v.Numeric {
			return v.Number
		}
	}
	n, _ := strconv.ParseUint(f.first(field), 10, 64)
	return n
}

func (f fields) boolean(field schemas.Field) *bool {
	b, err := strconv.ParseBool(f.first(field))
	if err != nil {
		return nil
	}
	return &b
}

// data returns what was written, as ECS has it: integers in decimal. Opaque
// data has no strings, for the source's placeholder is not what was written.
func (f fields) data() *schemas.AlertRegistryData {
	d := schemas.AlertRegistryData{Type: f.first(schemas.RegistryDataType)}
	last := -1
	for _, v := range f.ev.Values(schemas.RegistryDataStrings) {
		if v.Opaque || int(v.Element) == last {
			continue
		}
		last = int(v.Element)
		if v.Numeric {
			d.Strings = append(d.Strings, strconv.FormatUint(v.Number, 10))
		} else {
			d.Strings = append(d.Strings, strings.Clone(v.Text))
		}
	}
	return present(d)
}

func (f fields) registry() schemas.AlertRegistry {
	r := schemas.AlertRegistry{
		Path: strings.Clone(f.ev.DisplayPath()),
		Hive: f.first(schemas.RegistryHive),
		Key:  strings.Clone(f.ev.DisplayKey()),
		Data: f.data(),
	}
	if v := f.ev.Values(schemas.RegistryValue); len(v) > 0 {
		name := strings.Clone(v[0].Text)
		r.Value = &name
	}
	return r
}

func (f fields) process() *schemas.AlertProcess {
	p := schemas.AlertProcess{
		Name:        f.first(schemas.ProcessName),
		PID:         f.number(schemas.ProcessPID),
		EntityID:    f.first(schemas.ProcessEntityID),
		CommandLine: f.first(schemas.ProcessCommandLine),
		Args:        f.all(schemas.ProcessArgs),
		CodeSignature: present(schemas.AlertCodeSignature{
			Exists:      f.boolean(schemas.ProcessSignatureExists),
			Trusted:     f.boolean(schemas.ProcessSignatureTrusted),
			Status:      f.first(schemas.ProcessSignatureStatus),
			SubjectName: f.first(schemas.ProcessSignatureSubject),
		}),
		PE: present(schemas.AlertPE{OriginalFileName: f.first(schemas.ProcessOriginalFileName)}),
		Parent: present(schemas.AlertProcess{
			Executable:  f.first(schemas.ProcessParentExecutable),
			Name:        f.first(schemas.ProcessParentName),
			PID:         f.number(schemas.ProcessParentPID),
			CommandLine: f.first(schemas.ProcessParentCommandLine),
		}),
	}
	// A derived text stands in for a path that the source does not know: it is
	// for patterns, not for people.
	if v := f.ev.Values(schemas.ProcessExecutable); len(v) > 0 && v[0].Spelling != registry.Derived {
		p.Executable = strings.Clone(v[0].Text)
	}
	return present(p)
}

func (f fields) effective() *schemas.AlertProcess {
	return present(schemas.AlertProcess{
		Executable: f.first(schemas.EffectiveExecutable),
		Name:       f.first(schemas.EffectiveName),
		PID:        f.number(schemas.EffectivePID),
		EntityID:   f.first(schemas.EffectiveEntityID),
	})
}

func (f fields) user() *schemas.AlertUser {
	return present(schemas.AlertUser{
		ID:     f.first(schemas.UserID),
		Name:   f.first(schemas.UserName),
		Domain: f.first(schemas.UserDomain),
	})
}

func (f fields) sourceEvent() *schemas.AlertSourceEvent {
	e := schemas.AlertSourceEvent{
		ID:       f.first(schemas.SourceID),
		Kind:     f.first(schemas.SourceKind),
		Category: f.all(schemas.SourceCategory),
		Type:     f.all(schemas.SourceType),
		Action:   f.first(schemas.SourceAction),
		Module:   f.first(schemas.EventModule),
		Channel:  f.first(schemas.Channel),
		Message:  f.first(schemas.SourceMessage),
		Tags:     f.all(schemas.SourceTags),
		RuleName: f.first(schemas.SourceRuleName),
	}
	// Sysmon writes "-" where no rule of its configuration has a name.
	if name := f.first(schemas.RuleName); e.RuleName == "" && name != "-" {
		e.RuleName = name
	}
	return present(e)
}

// present returns nil for a document that says nothing, so that the alert
// leaves it out.
func present[T any](v T) *T {
	if reflect.ValueOf(&v).Elem().IsZero() {
		return nil
	}
	return &v
}
