package sample

import (
	"bytes"
	"encoding/json"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
)

// A Document is a record before it is text.
type Document interface {
	// Render returns the record in a form. What a form leaves open rng decides.
	Render(form Form, rng *rand.Rand) []byte
}

// A Form is a way in which one and the same document may be written.
type Form uint8

const (
	AsIs     Form = iota
	Dotted        // names of nested objects joined by dots; XML: names with a prefix
	Shuffled      // fields in another order
	Padded        // white space, a byte order mark, fields that nobody knows, escapes where none are needed
	Array         // behind and before others in an array; XML: in <Events>
	Lines         // likewise, one a line
)

// Forms returns them all.
func Forms() []Form { return []Form{AsIs, Dotted, Shuffled, Padded, Array, Lines} }

// String returns the form's name.
func (f Form) String() string {
	return [...]string{"as is", "dotted", "shuffled", "padded", "in an array", "in lines"}[f]
}

const byteOrderMark = "\xef\xbb\xbf"

// object is a JSON object: texts, numbers, booleans, objects and arrays of
// them.
type object map[string]any

// whole is an object whose name is never joined with those of its fields.
type whole object

// neighbour is another record of an array or of lines: no registry event.
const neighbour = `{"EventID":1,"Channel":"Microsoft-Windows-Sysmon/Operational","Image":"C:\\Windows\\System32\\svchost.exe"}`

func (o object) Render(form Form, rng *rand.Rand) []byte {
	w := writer{form: form, rng: rng}
	switch form {
	case Padded:
		w.b = append(w.b, byteOrderMark+" \r\n\t"...)
	case Array:
		w.b = append(w.b, "["+neighbour+","...)
	case Lines:
		w.b = append(w.b, neighbour+"\n"...)
	}
	w.object(o)
	switch form {
	case Padded:
		w.b = append(w.b, "\r\n "...)
	case Array:
		w.b = append(w.b, ","+neighbour+"]"...)
	case Lines:
		w.b = append(w.b, "\n"+neighbour+"\n"...)
	}
	return w.b
}

// text is the object as a text, for fields that hold one.
func (o object) text() string { return string(o.Render(AsIs, nil)) }

// writer writes JSON.
type writer struct {
	b    []byte
	form Form
	rng  *rand.Rand
}

func (w *writer) space() {
	if w.form == Padded {
		w.b = append(w.b, "\n\t  "[w.rng.IntN(4):]...)
	}
}

func (w *writer) object(o object) {
	if w.form == Dotted {
		flat := make(object)
		flatten(flat, "", o)
		o = flat
	}
	keys := slices.Sorted(maps.Keys(o))
	if w.form == Shuffled {
		w.rng.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
	}
	w.b = append(w.b, '{')
	if w.form == Padded {
		w.b = append(w.b, `"padding":{"a":[{},[],"\u005c\"",-1.5e3,null],"winlogs":{"event_data":[]}},`...)
	}
	for i, key := range keys {
		if i > 0 {
			w.b = append(w.b, ',')
		}
		w.space()
		w.value(key)
		w.space()
		w.b = append(w.b, ':')
		w.space()
		w.value(o[key])
	}
	w.space()
	w.b = append(w.b, '}')
}

func flatten(to object, prefix string, o object) {
	for key, v := range o {
		if inner, ok := v.(object); ok && len(inner) > 0 {
			flatten(to, prefix+key+".", inner)
		} else {
			to[prefix+key] = v
		}
	}
}

func (w *writer) value(v any) {
	switch v := v.(type) {
	case object:
		w.object(v)
	case whole:
		w.object(object(v))
	case []string:
		array(w, v)
	case []object:
		array(w, v)
	case string:
		w.string(v)
	default:
		b, err := json.Marshal(v)
		if err != nil {
			panic(err) // numbers and booleans: cannot happen
		}
		w.b = append(w.b, b...)
	}
}

func array[T any](w *writer, list []T) {
	w.b = append(w.b, '[')
	for i, v := range list {
		if i > 0 {
			w.b = append(w.b, ',')
		}
		w.space()
		w.value(v)
		w.space()
	}
	w.b = append(w.b, ']')
}

func (w *writer) string(s string) {
	b := bytes.NewBuffer(w.b)
	e := json.NewEncoder(b)
	e.SetEscapeHTML(w.form == Padded)
	if err := e.Encode(s); err != nil {
		panic(err) // texts can be written
	}
	from := len(w.b)
	w.b = bytes.TrimSuffix(b.Bytes(), []byte("\n"))
	if w.form == Padded && w.rng.IntN(4) == 0 {
		rest := strings.ReplaceAll(string(w.b[from:]), "o", `\u006F`)
		w.b = append(w.b[:from], strings.ReplaceAll(rest, `\\`, `\u005C`)...)
	}
}
