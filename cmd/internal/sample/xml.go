package sample

import (
	"encoding/xml"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// windowsXML is an event as Windows renders it.
type windowsXML struct{ *windowsEvent }

func (x windowsXML) Render(form Form, rng *rand.Rand) []byte {
	const other = `<Event><System><EventID>1</EventID><Channel>` + sysmonChannel + `</Channel></System><EventData/></Event>`
	w := xmlWriter{form: form, rng: rng, quote: '\''}
	switch form {
	case Padded:
		w.quote = '"'
		w.WriteString(byteOrderMark + "\r\n<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<!-- rendered -->\n")
	case Array:
		w.WriteString("<Events>" + other)
	case Lines:
		w.quote = '"'
		w.WriteString(other + "\n")
	case Dotted:
		w.prefix = "w:"
	}
	w.event(x.windowsEvent)
	switch form {
	case Padded:
		w.WriteString("\r\n")
	case Array:
		w.WriteString(other + "</Events>")
	case Lines:
		w.WriteString("\n" + other)
	}
	return []byte(w.String())
}

// text is the XML as a text, for fields that hold it.
func (x windowsXML) text() string { return string(x.Render(AsIs, nil)) }

type xmlWriter struct {
	strings.Builder
	form   Form
	rng    *rand.Rand
	quote  byte
	prefix string
}

func (w *xmlWriter) event(e *windowsEvent) {
	data := slices.Clone(e.data)
	if w.form == Shuffled {
		w.rng.Shuffle(len(data), func(i, j int) { data[i], data[j] = data[j], data[i] })
	}
	namespace := "xmlns"
	if w.prefix != "" {
		namespace += ":w"
	}
	w.open("Event", namespace, "http://schemas.microsoft.com/win/2004/08/events/event")
	system := []func(){
		func() {
			w.element("Provider", "", "Name", e.provider, "Guid", "{5770385F-C22A-43E0-BF4C-06F5698FFBD9}")
		},
		func() { w.element("EventID", fmt.Sprint(e.id)) },
		func() { w.element("TimeCreated", "", "SystemTime", e.Time.Format("2006-01-02T15:04:05.0000000Z")) },
		func() { w.element("EventRecordID", "255953") },
		func() { w.element("Correlation", "") },
		func() { w.element("Execution", "", "ProcessID", "2804", "ThreadID", "3516") },
		func() { w.element("Channel", e.channel) },
		func() { w.element("Computer", e.Host) },
		func() { w.element("Security", "", "UserID", "S-1-5-18") },
	}
	parts := []func(){
		func() {
			w.open("System")
			if w.form == Shuffled {
				w.rng.Shuffle(len(system), func(i, j int) { system[i], system[j] = system[j], system[i] })
			}
			for _, f := range system {
				f()
			}
			w.close("System")
		},
		func() {
			w.open("EventData")
			for _, d := range data {
				w.element("Data", d.text, "Name", d.name)
			}
			w.close("EventData")
		},
	}
	if w.form == Shuffled {
		slices.Reverse(parts)
	}
	for _, f := range parts {
		f()
	}
	if e.rendered {
		w.open("RenderingInfo", "Culture", "en-US")
		w.element("Message", e.message)
		w.element("Level", "Information")
		w.close("RenderingInfo")
	}
	w.close("Event")
}

func (w *xmlWriter) open(name string, attributes ...string) {
	w.tag(name, attributes)
	w.WriteByte('>')
}

func (w *xmlWriter) tag(name string, attributes []string) {
	w.space()
	w.WriteString("<" + w.prefix + name)
	for i := 0; i < len(attributes); i += 2 {
		w.WriteString(" ")
		w.space()
		w.WriteString(attributes[i] + "=" + string(w.quote))
		w.escaped(attributes[i+1])
		w.WriteByte(w.quote)
	}
}

func (w *xmlWriter) close(name string) {
	w.space()
	w.WriteString("</" + w.prefix + name + ">")
}

func (w *xmlWriter) element(name, text string, attributes ...string) {
	w.tag(name, attributes)
	if text == "" {
		w.WriteString("/>")
		return
	}
	w.WriteByte('>')
	w.escaped(text)
	w.WriteString("</" + w.prefix + name + ">")
}

func (w *xmlWriter) space() {
	if w.form == Padded {
		w.WriteString("\r\n\t "[w.rng.IntN(4):])
	}
}

func (w *xmlWriter) escaped(text string) {
	if w.form == Padded {
		text = strings.ReplaceAll(text, "&", "\x01amp;")
		text = strings.ReplaceAll(text, "<", "\x01lt;")
		text = strings.ReplaceAll(text, `\`, "\x01#92;")
		text = strings.ReplaceAll(text, "R", "\x01#x52;")
		text = strings.ReplaceAll(text, `"`, "\x01quot;")
		w.WriteString(strings.ReplaceAll(text, "\x01", "&"))
		return
	}
	if err := xml.EscapeText(w, []byte(text)); err != nil {
		panic(err) // a Builder takes everything
	}
}

func sysmonTime(t time.Time) string { return t.Format("2006-01-02 15:04:05.000") }
