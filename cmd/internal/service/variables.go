package service

import (
	"fmt"
	"log/slog"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/regtrap/regtrap/consumer"
)

// prefix begins every variable of regtrap.
const prefix = "REGTRAP_"

// Variable describes one variable of the environment.
type Variable struct {
	Name     string
	Default  string // empty: none
	Unit     string // duration (as Go writes it: 1m30s), bytes, or empty
	Meaning  string
	Allowed  string
	Required bool
	Secret   bool
}

// Variables returns all variables in the order of Config.
func Variables() []Variable {
	var vars []Variable
	for f := range fields() {
		vars = append(vars, variableOf(f))
	}
	return vars
}

// fields yields the fields of Config.
func fields() func(func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		t := reflect.TypeFor[Config]()
		for i := range t.NumField() {
			if !yield(t.Field(i)) {
				return
			}
		}
	}
}

func variableOf(f reflect.StructField) Variable {
	return Variable{
		Name:     f.Tag.Get("env"),
		Default:  f.Tag.Get("envDefault"),
		Unit:     f.Tag.Get("unit"),
		Meaning:  f.Tag.Get("doc"),
		Allowed:  f.Tag.Get("want"),
		Required: f.Tag.Get("required") == "true",
		Secret:   f.Type == reflect.TypeFor[Secret](),
	}
}

func variable(name string) (Variable, bool) {
	for _, v := range Variables() {
		if v.Name == name {
			return v, true
		}
	}
	return Variable{}, false
}

// mistake is the mistake of a value that is not allowed.
func (v Variable) mistake(value string) Mistake {
	if v.Secret {
		value = Secret(value).String()
	}
	return Mistake{Variable: v.Name, Value: value, Want: v.Allowed}
}

// VariableTable returns all variables as a Markdown table, for the
// documentation.
func VariableTable() string {
	var b strings.Builder
	b.WriteString("| variable | default | allowed | meaning |\n| --- | --- | --- | --- |\n")
	for _, v := range Variables() {
		def := "none"
		switch {
		case v.Required:
			def = "**required**"
		case v.Default != "":
			def = "`" + v.Default + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", v.Name, def, v.Allowed, v.Meaning)
	}
	return b.String()
}

// Setting is a variable and its value in force, without secrets.
type Setting struct {
	Variable string
	Value    string
}

// Settings returns the configuration in force, in the order of Variables.
// A secret shows only that it is set.
func (c *Config) Settings() []Setting {
	var settings []Setting
	v := reflect.ValueOf(c).Elem()
	for f := range fields() {
		settings = append(settings, Setting{f.Tag.Get("env"), settingText(v.FieldByIndex(f.Index).Interface())})
	}
	return settings
}

// settingText writes a value as its variable would be written.
func settingText(v any) string {
	switch v := v.(type) {
	case []string:
		return strings.Join(v, ",")
	case map[string]string:
		var labels []string
		for _, name := range slices.Sorted(maps.Keys(v)) {
			labels = append(labels, name+"="+v[name])
		}
		return strings.Join(labels, ",")
	case consumer.Start:
		if v == consumer.Latest {
			return "latest"
		}
		return "earliest"
	case slog.Level:
		return strings.ToLower(v.String())
	}
	return fmt.Sprint(v) // Secret and Size by their String
}
