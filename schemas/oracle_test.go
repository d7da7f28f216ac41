package schemas

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// slowSlots is the obvious reading of one record: encoding/json's tokens, and a
// map of dotted paths. It says whether the text is one JSON object.
func slowSlots(b []byte) (slots map[string][]string, ok bool) {
	b = strictStrings(b)
	if !json.Valid(b) {
		return nil, false
	}
	slots = make(map[string][]string)
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	var value func(path string)
	value = func(path string) {
		if path == ".Event.EventData.Data" {
			var raw json.RawMessage
			dec.Decode(&raw)
			var list []json.RawMessage
			if json.Unmarshal(raw, &list) != nil {
				list = []json.RawMessage{raw}
			}
			for _, item := range list {
				slowItem(item, slots)
			}
			if raw[0] == '{' {
				return
			}
			rest := dec
			dec = json.NewDecoder(bytes.NewReader(raw))
			dec.UseNumber()
			defer func() { dec = rest }()
		}
		tok, err := dec.Token()
		if err != nil {
			return
		}
		switch tok {
		case json.Delim('{'):
			for dec.More() {
				key, _ := dec.Token()
				value(path + "." + key.(string))
			}
			dec.Token()
		case json.Delim('['):
			list := []string{}
			for dec.More() {
				var e any
				d := json.RawMessage{}
				if dec.Decode(&d) != nil {
					return
				}
				sub := json.NewDecoder(bytes.NewReader(d))
				sub.UseNumber()
				if sub.Decode(&e) == nil {
					if text, ok := scalar(e); ok {
						list = append(list, text)
					}
				}
			}
			dec.Token()
			slots[path[1:]] = append([]string{"array"}, list...)
		case nil:
		default:
			if text, ok := scalar(tok); ok {
				slots[path[1:]] = []string{text}
			}
		}
	}
	if t := bytes.TrimLeft(b, " \t\r\n"); len(t) == 0 || t[0] != '{' {
		return nil, false
	}
	value("")
	return slots, true
}

func scalar(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case bool:
		if v {
			return "true", true
		}
		return "false", true
	}
	return "", false
}

// slowItem reads an object of a name and a text.
func slowItem(raw []byte, slots map[string][]string) {
	if len(raw) == 0 || raw[0] != '{' {
		return
	}
	var name, text []string
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	dec.Token()
	for dec.More() {
		key, _ := dec.Token()
		var v any
		var d json.RawMessage
		dec.Decode(&d)
		sub := json.NewDecoder(bytes.NewReader(d))
		sub.UseNumber()
		sub.Decode(&v)
		s, isScalar := scalar(v)
		switch key {
		case "Name", "@Name", "name", "-Name":
			if isScalar {
				name = []string{s}
			}
		case "text", "#text", "Text", "@text", "Value", "value", "_", "content", "$t":
			if isScalar {
				text = []string{s}
			}
		case "#attributes", "_attributes", "$":
			if d[0] == '{' {
				inner := make(map[string][]string)
				slowItem(d, inner)
				for n := range inner {
					name = []string{strings.TrimPrefix(n, "Event.EventData.")}
				}
			}
		}
	}
	if name != nil {
		if text == nil {
			text = []string{""}
		}
		slots["Event.EventData."+name[0]] = text
	}
}

// strictStrings writes strings as encoding/json takes them, where the scanner
// takes more: control bytes as escapes, and the backslash of an escape that JSON
// does not know twice.
func strictStrings(b []byte) []byte {
	var out []byte
	in := false
	for i := 0; i < len(b); i++ {
		c := b[i]
		switch {
		case in && c == '\\' && i+1 < len(b):
			known := strings.IndexByte(`"\/bfnrt`, b[i+1]) >= 0
			if b[i+1] == 'u' && i+6 <= len(b) {
				_, err := hex.DecodeString(string(b[i+2 : i+6]))
				known = err == nil
			}
			if !known {
				out = append(out, c, c)
				continue
			}
			out = append(out, c, b[i+1])
			i++
			continue
		case c == '"':
			in = !in
		case in && c < ' ':
			const digits = "0123456789abcdef"
			out = append(out, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
			continue
		}
		out = append(out, c)
	}
	return out
}

// compareSlots reads b both ways.
func compareSlots(t *testing.T, d *Decoder, b []byte) {
	t.Helper()
	want, valid := slowSlots(b)
	d.Reset(b)
	s := &d.rec
	s.clear()
	s.b, s.xml, s.single = b, false, false
	i := s.space(0)
	end := -1
	if i < len(b) && b[i] == '{' {
		end = s.read(i, d.root, 0)
	}
	if read := end >= 0 && s.space(end) == len(b); read != valid {
		if !s.tooDeep {
			t.Fatalf("read %v, encoding/json %v (%s): %q", read, valid, s.detail(), b)
		}
		return
	}
	if !valid {
		return
	}
	for slot, path := range d.paths {
		sp := s.slots[slot]
		var got []string
		switch {
		case sp.kind == arrayKind:
			got = []string{"array"}
			for i := int(sp.from) + 1; ; {
				e, next, ok := s.element(i)
				if !ok {
					break
				}
				got, i = append(got, d.text(e)), next
			}
		case sp.kind == objectKind: // a document in a document: its own record
		case sp.kind != absent:
			got = []string{d.text(sp)}
		}
		if strings.Join(got, "\x00") != strings.Join(want[path], "\x00") {
			t.Fatalf("%s: read %q, want %q in %q", path, got, want[path], b)
		}
	}
}

func fixtureRecords(t testing.TB) [][]byte {
	files, err := filepath.Glob("testdata/shapes/*.ndjson")
	if err != nil || len(files) == 0 {
		t.Fatalf("no fixtures (%v)", err)
	}
	var all [][]byte
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, bytes.Split(bytes.TrimSpace(b), []byte("\n"))...)
	}
	return all
}

// rewrite writes a record again: members shuffled, some objects dotted, white
// space and, with twice, duplicate members strewn in.
func rewrite(r *rand.Rand, v any, twice bool) []byte {
	space := func() string { return []string{"", "", "", " ", "\n\t", "\r\n  "}[r.IntN(6)] }
	object, ok := v.(map[string]any)
	if !ok {
		b, _ := json.Marshal(v)
		return b
	}
	type member struct {
		key   string
		value any
	}
	var members []member
	var flatten func(prefix string, o map[string]any)
	flatten = func(prefix string, o map[string]any) {
		for k, x := range o {
			if sub, ok := x.(map[string]any); ok && r.IntN(3) == 0 {
				flatten(prefix+k+".", sub)
			} else {
				members = append(members, member{prefix + k, x})
			}
		}
	}
	flatten("", object)
	for range r.IntN(3) {
		if twice && len(members) > 0 {
			members = append(members, member{members[r.IntN(len(members))].key, []any{nil, "twice", 7.5}[r.IntN(3)]})
		}
	}
	r.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
	out := []byte("{" + space())
	for i, m := range members {
		if i > 0 {
			out = append(out, space()+","+space()...)
		}
		key, _ := json.Marshal(m.key)
		if r.IntN(10) == 0 { // an escaped key
			key = append([]byte(`"\u00`), append([]byte{"0123456789abcdef"[m.key[0]>>4], "0123456789abcdef"[m.key[0]&15]}, key[2:]...)...)
		}
		out = append(append(append(out, key...), space()+":"+space()...), rewrite(r, m.value, twice)...)
	}
	return append(out, space()+"}"...)
}

func TestSlotsAreThoseOfASlowReader(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	d := NewDecoder()
	records := fixtureRecords(t)
	for range 3000 {
		b := records[r.IntN(len(records))]
		if b[0] == '<' {
			continue
		}
		var v any
		if err := json.Unmarshal(b, &v); err != nil {
			t.Fatal(err)
		}
		b = rewrite(r, v, true)
		compareSlots(t, d, b)
		// The same with some bytes changed, cut or doubled.
		b = bytes.Clone(b)
		for range 1 + r.IntN(3) {
			at := r.IntN(len(b))
			switch r.IntN(3) {
			case 0:
				b[at] = "\"\\{}[]:,0e-+.tfn u\x00\xff"[r.IntN(20)]
			case 1:
				b = append(b[:at], b[at+1:]...)
			case 2:
				b = append(b[:at+1], b[at:]...)
			}
		}
		compareSlots(t, d, b)
	}
}

func FuzzDecoder(f *testing.F) {
	for _, b := range fixtureRecords(f) {
		f.Add(b)
	}
	f.Add([]byte("[{},\n{\"records\":[{}, 1]}] \xef\xbb\xbf{\"a\":\"\\ud800\\udc00\\ud800\"}"))
	f.Fuzz(func(t *testing.T, b []byte) {
		compareSlots(t, NewDecoder(), b)
		d := NewDecoder()
		d.OverwriteEvents()
		d.Reset(b)
		for n := 0; ; n++ {
			ev, out := d.Next()
			if out.Kind == End {
				break
			}
			if (ev != nil) != (out.Kind == Registry) || ev != nil && (ev.Index != n || len(ev.Values(RegistryPath)) == 0) {
				t.Fatalf("step %d: event %v, outcome %+v", n, ev, out)
			}
			if n > len(b) {
				t.Fatal("more records than bytes")
			}
		}
	})
}
