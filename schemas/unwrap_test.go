package schemas

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

// The documents that wrappers are tried on: without host and time, and with.
var wrappedDocuments = []struct {
	name, text string
	shape      Shape
	host       string
}{
	{"JSON", `{"EventID":13,"Channel":"Microsoft-Windows-Sysmon/Operational","TargetObject":"HKLM\\Software\\A\\b","Details":"x","Image":"C:\\a.exe"}`, ShapeFlat, ""},
	{"XML", `<Event xmlns='x'><System><EventID>13</EventID></System><EventData><Data Name="TargetObject">HKLM\Software\A\b</Data><Data Name='Details'>x</Data></EventData></Event>`, ShapeXML, ""},
	{"JSON with its host", `{"winlog":{"event_id":13,"channel":"Microsoft-Windows-Sysmon/Operational","computer_name":"ws-041","event_data":` +
		`{"UtcTime":"2026-03-04 10:11:12.300","TargetObject":"HKLM\\Software\\A\\b"}}}`, ShapeWinlogbeat, "ws-041"},
	{"XML with its host", `<?xml version="1.0"?><Event><System><EventID>13</EventID><Computer>ws-041</Computer></System><EventData><Data Name='UtcTime'>2026-03-04 10:11:12.300</Data>` +
		`<Data Name='TargetObject'>HKLM\Software\A\b</Data></EventData></Event>`, ShapeXML, "ws-041"},
}

// forms are the ways in which a document may sit in a wrapper.
var forms = []struct {
	name    string
	objects bool // only where wrappers take objects
	json    bool // only JSON
	write   func(document string) string
}{
	{"a text", false, false, quoted},
	{"a text with space", false, false, func(s string) string { return quoted("\ufeff \r\n" + s + "\n") }},
	{"an array of texts", false, false, func(s string) string { return "[" + quoted(s) + "]" }},
	{"an array of objects", false, true, func(s string) string { return "[\n" + s + " ]" }},
	{"an object", true, true, func(s string) string { return s }},
}

func quoted(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// wrap puts a value, JSON as it stands, where the wrapper has it, beside what
// has to hold. Paths are nested or dotted.
func (w wrapper) wrap(value, host, time string, dotted bool) string {
	members := []string{`"other":{"records":7}`}
	add := func(path, value string) {
		before, after := `"`, ""
		if !dotted {
			after = strings.Repeat("}", strings.Count(path, "."))
			path = strings.ReplaceAll(path, ".", `":{"`)
		}
		members = append(members, before+path+`":`+value+after)
	}
	for _, c := range w.when {
		switch {
		case c.path == w.time:
		case c.want != "":
			add(c.path, quoted(c.want))
		default:
			add(c.path, `"some"`)
		}
	}
	if w.host != "" {
		add(w.host, quoted(host))
		add(w.time, time)
	}
	add(w.path, value)
	return "{" + strings.Join(members, ",") + "}"
}

// only reads a value that holds one event.
func only(t *testing.T, d *Decoder, value string) *Event {
	t.Helper()
	d.Reset([]byte(value))
	ev, out := d.Next()
	if ev == nil {
		t.Fatalf("lost: %+v in %s", out, value)
	}
	if ev.DisplayPath() != `HKLM\Software\A\b` || ev.Action != ValueSet || ev.Index != 0 {
		t.Fatalf("%d %s %s in %s", ev.Index, ev.Action, ev.DisplayPath(), value)
	}
	ev = ev.Clone()
	if second, out := d.Next(); out.Kind != End {
		t.Fatalf("then %v %+v in %s", second, out, value)
	}
	return ev
}

func TestEveryWrapperIsOpened(t *testing.T) {
	const host, epoch = "ws-\u00e9\"1", "1772619072.5"
	d := NewDecoder()
	for _, w := range wrappers() {
		for _, doc := range wrappedDocuments {
			for _, form := range forms {
				if form.objects && !w.objects || form.json && doc.text[0] != '{' {
					continue
				}
				for _, dotted := range []bool{false, true} {
					t.Run(fmt.Sprintf("%s %v/%s as %s/dotted %v", w.path, w.when, doc.name, form.name, dotted), func(t *testing.T) {
						value := w.wrap(form.write(doc.text), host, epoch, dotted)
						for _, value := range []string{value, "[" + value + "]", "\ufeff" + value + "\n", `{"records":[` + value + "]}"} {
							ev := only(t, d, value)
							if ev.Shape != doc.shape {
								t.Errorf("shape %s, want %s", ev.Shape, doc.shape)
							}
							at, source := ev.Time()
							name, _ := ev.First(HostName)
							switch {
							case doc.host != "":
								if name != doc.host || source != "UtcTime" {
									t.Errorf("host %q, time from %s: not the event's own", name, source)
								}
							case w.host != "":
								if name != host || source != "time" || !at.Equal(time.Date(2026, 3, 4, 10, 11, 12, 5e8, time.UTC)) {
									t.Errorf("host %q, time %v from %s: not those outside", name, at, source)
								}
							case name != "" || source != "":
								t.Errorf("host %q, time from %q out of nowhere", name, source)
							}
						}
					})
				}
			}
		}
	}
}

func TestWrappersInWrappersAreOpened(t *testing.T) {
	d := NewDecoder()
	for i, outer := range wrappers() {
		for k, inner := range wrappers() {
			for _, doc := range wrappedDocuments[:2] {
				value := inner.wrap(quoted(doc.text), "inner", "1772619072", k%2 == 0)
				for _, form := range forms {
					if form.objects && !outer.objects {
						continue
					}
					value := outer.wrap(form.write(value), "outer", "1772619000", i%2 == 0)
					ev := only(t, d, value)
					want := ""
					if outer.host != "" {
						want = "outer"
					}
					if inner.host != "" {
						want = "inner"
					}
					if host, _ := ev.First(HostName); host != want {
						t.Errorf("host %q, want %q in %s", host, want, value)
					}
				}
			}
		}
	}
}

// Documents are opened as deep as Limits.Unwrap says, in texts, arrays and
// objects alike.
func TestWrappersAreOpenedUpToTheLimit(t *testing.T) {
	all := wrappers()
	for _, limit := range []int{1, 2, 4, 7} {
		d := Limits{Unwrap: limit}.NewDecoder()
		for depth := 0; depth <= limit+2; depth++ {
			for i := range 3 * len(all) {
				value := wrappedDocuments[i%2].text
				if i%2 == 1 && depth == 0 {
					continue
				}
				for level := range depth {
					w := all[(i+level)%len(all)]
					if level == 0 || i%3 == 0 || !w.objects {
						value = quoted(value)
					}
					value = w.wrap(value, "h", "1", false)
				}
				if depth <= limit {
					only(t, d, value)
					continue
				}
				d.Reset([]byte(value))
				if ev, out := d.Next(); ev != nil || out.Reason != SkipUnknownShape {
					t.Fatalf("limit %d, depth %d: %v %+v", limit, depth, ev, out)
				}
				if _, out := d.Next(); out.Kind != End {
					t.Fatalf("limit %d, depth %d: then %+v", limit, depth, out)
				}
			}
		}
	}
}

func TestTextsThatAreNoDocumentsStayTexts(t *testing.T) {
	d := NewDecoder()
	for _, w := range wrappers() {
		for _, text := range []string{"", " ", "x", "13", `"x"`, "{", `{"a":1`, "{a}", "[x]", "<134>Mar  3 fw-1 {}", "<html><p/></html>", "<!-- x -->", "null", "\u0000{}", "[17] started", "{} x", `[{"a":1}]]`, "{}\n{"} {
			value := w.wrap(quoted(text), "h", "1", false) + wrappedDocuments[0].text
			if w.strict && strings.ContainsAny(text[:min(1, len(text))], "{[") {
				continue
			}
			d.Reset([]byte(value))
			if ev, out := d.Next(); ev != nil || out.Reason != SkipUnknownShape {
				t.Errorf("%s: %q: %v %+v, want unknown_shape", w.path, text, ev, out)
			}
			if ev, out := d.Next(); ev == nil {
				t.Errorf("%s: %q: the record behind: %+v", w.path, text, out)
			}
		}
	}
	// What begins as Windows' XML is XML, and a strict wrapper's text is JSON.
	for value, want := range map[string]Reason{
		`{"xml":"<Event><System>"}`:                              DeadMalformedXML,
		`{"mime":"application/x-pt-eventlog","body":"{\"a\":1"}`: DeadMalformedJSON,
		`{"mime":"application/x-pt-eventlog","body":"[17] x"}`:   SkipUnknownShape,
	} {
		d.Reset([]byte(value + wrappedDocuments[0].text))
		if _, out := d.Next(); out.Reason != want {
			t.Errorf("%s: %+v", value, out)
		}
		ev, out := d.Next()
		if out.Reason == DeadMalformedJSON { // behind the brackets
			ev, out = d.Next()
		}
		if ev == nil {
			t.Errorf("the record behind %s: %+v", value, out)
		}
	}
}

func TestSeveralDocumentsInOneWrapper(t *testing.T) {
	d := NewDecoder()
	const j, x = 0, 1
	events := wrappedDocuments[x].text + wrappedDocuments[x].text
	for _, w := range wrappers() {
		for _, value := range []string{quoted("[" + wrappedDocuments[j].text + "," + wrappedDocuments[j].text + "]"), quoted(events), quoted("<Events>" + events + "</Events>"),
			"[" + quoted(wrappedDocuments[j].text) + "," + wrappedDocuments[j].text + "]", "[" + quoted(events) + "]", "[" + quoted(wrappedDocuments[x].text) + `,` + quoted(wrappedDocuments[x].text) + "]"} {
			value := w.wrap(value, "h", "1", false) + wrappedDocuments[j].text
			d.Reset([]byte(value))
			for n := range 3 {
				if ev, out := d.Next(); ev == nil || ev.Index != n {
					t.Fatalf("event %d: %v %+v in %s", n, ev, out, value)
				}
			}
			if _, out := d.Next(); out.Kind != End {
				t.Fatalf("then %+v in %s", out, value)
			}
		}
	}
}
