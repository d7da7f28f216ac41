package schemas_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/regtrap/regtrap/schemas"
)

// compile compiles a schema with formats asserted.
func compile(t *testing.T, text string) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestExamplesAreValid(t *testing.T) {
	for kind, text := range map[string]string{"alert": schemas.AlertSchema(), "deadletter": schemas.DeadLetterSchema()} {
		schema := compile(t, text)
		files, err := filepath.Glob("examples/" + kind + "-*.json")
		if err != nil {
			t.Fatal(err)
		}
		if len(files) == 0 {
			t.Errorf("no examples of %s", kind)
		}
		for _, file := range files {
			f, err := os.Open(file)
			if err != nil {
				t.Fatal(err)
			}
			doc, err := jsonschema.UnmarshalJSON(f)
			f.Close()
			if err != nil {
				t.Errorf("%s: %v", file, err)
				continue
			}
			if err := schema.Validate(doc); err != nil {
				t.Errorf("%s: %v", file, err)
			}
			// Without any one of its required properties it is valid no more.
			for _, name := range schema.Required {
				without := maps.Clone(doc.(map[string]any))
				delete(without, name)
				if schema.Validate(without) == nil {
					t.Errorf("%s is valid without %s", file, name)
				}
			}
			extra := maps.Clone(doc.(map[string]any))
			extra["surprise"] = true
			if schema.Validate(extra) == nil {
				t.Errorf("%s is valid with a property that no schema knows", file)
			}
		}
	}
}

// The structs and the schemas name the same properties, and what a struct
// always writes is what the schema requires.
func TestSchemasSayWhatTheStructsSay(t *testing.T) {
	for _, test := range []struct {
		document any
		schema   string
	}{
		{schemas.Alert{}, schemas.AlertSchema()},
		{schemas.DeadLetter{}, schemas.DeadLetterSchema()},
	} {
		var root map[string]any
		if err := json.Unmarshal([]byte(test.schema), &root); err != nil {
			t.Fatal(err)
		}
		compareStruct(t, reflect.TypeOf(test.document), root, root, "")
	}
}

func compareStruct(t *testing.T, typ reflect.Type, schema, root map[string]any, at string) {
	t.Helper()
	if ref, ok := schema["$ref"].(string); ok {
		if strings.Count(at, ".parent") > 1 {
			return // the definition refers to itself
		}
		schema = root["$defs"].(map[string]any)[strings.TrimPrefix(ref, "#/$defs/")].(map[string]any)
	}
	properties := schema["properties"].(map[string]any)
	var fields, required []string
	for field := range typ.Fields() {
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		fields = append(fields, name)
		if !strings.HasPrefix(options, "omit") {
			required = append(required, name)
		}
		property, ok := properties[name].(map[string]any)
		if !ok {
			continue // reported below
		}
		elem := field.Type
		if elem.Kind() == reflect.Pointer {
			elem = elem.Elem()
		}
		if elem.Kind() == reflect.Slice && elem.Elem().Kind() == reflect.Struct {
			elem, property = elem.Elem(), property["items"].(map[string]any)
		}
		if elem.Kind() == reflect.Struct && elem != reflect.TypeFor[time.Time]() {
			compareStruct(t, elem, property, root, at+"."+name)
		}
	}
	slices.Sort(fields)
	if names := slices.Sorted(maps.Keys(properties)); !slices.Equal(fields, names) {
		t.Errorf("%s: the struct has %q, the schema %q", at, fields, names)
	}
	var names []string
	if list, ok := schema["required"].([]any); ok {
		for _, name := range list {
			names = append(names, name.(string))
		}
	}
	slices.Sort(required)
	slices.Sort(names)
	if !slices.Equal(required, names) {
		t.Errorf("%s: the struct always writes %q, the schema requires %q", at, required, names)
	}
}
