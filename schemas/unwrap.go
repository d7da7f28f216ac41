package schemas

import (
	"bytes"
	"math/bits"
	"unicode/utf8"
)

// A wrapper is a place in a record of no shape of its own where other
// documents sit: an array of them, an object, or a text that is XML or JSON.
type wrapper struct {
	path string
	// objects says that an object there is a document. Without it only arrays
	// and texts are.
	objects bool
	when    []clue // has to hold as well
	// strict says that a text there that begins as JSON is JSON: what cannot be
	// read of it is malformed. Without it such a text may be any text.
	strict bool
	// host and time are where the record around says of which machine and of
	// what time the event is. They count where the event does not say.
	host, time string
	title      string // who writes it
}

// wrappers returns the wrappers in the order in which they are tried.
func wrappers() []wrapper {
	const hec = "Splunk HTTP Event Collector"
	return []wrapper{
		{path: "records", title: "Azure Event Hubs, diagnostic settings"},
		{path: "event", objects: true, when: has("sourcetype"), host: "host", time: "time", title: hec},
		{path: "event", objects: true, when: has("source"), host: "host", time: "time", title: hec},
		{path: "event", objects: true, when: has("time"), host: "host", time: "time", title: hec},
		{path: "event", objects: true, when: has("index"), host: "host", time: "time", title: hec},
		{path: "event", objects: true, when: has("host"), host: "host", time: "time", title: hec},
		{path: "body", when: []clue{{"mime", "application/x-pt-eventlog"}}, objects: true, strict: true, title: "MaxPatrol SIEM"},
		{path: "body", title: "OpenTelemetry and others"},
		{path: "event.original", title: "Elastic Agent, Logstash"},
		{path: "xml", title: "Winlogbeat's and others' raw event"},
		{path: "Xml", title: "Windows Event Forwarding collectors"},
		{path: "RawXml", title: "Azure Monitor"},
		{path: "properties.RawXml", title: "Azure diagnostics extension"},
		{path: "System", title: "Windows events with their XML in one field"},
		{path: "message", title: "Filebeat, Logstash, syslog relays"},
		{path: "Message", title: "syslog relays"},
		{path: "log", title: "container logs"},
		{path: "_raw", title: "Splunk, Cribl"},
	}
}

// slotWrapper is a wrapper with its paths resolved to slots.
type slotWrapper struct {
	slot            uint16
	objects, strict bool
	when            []slotClue
	outside         bool // host and time count
	host, time      uint16
}

func (w wrapper) compile(c *compiler) slotWrapper {
	s := slotWrapper{slot: c.slot(w.path), objects: w.objects, strict: w.strict, when: c.clues(w.when)}
	if w.host != "" {
		s.outside, s.host, s.time = true, c.slot(w.host), c.slot(w.time)
	}
	return s
}

// unwrap opens the document that the record holds, and reports whether there is
// one.
func (d *Decoder) unwrap(r *region) bool {
	if len(d.regions) > d.limits.Unwrap {
		return false
	}
	for held := d.rec.holds; held != 0; held &= held - 1 {
		w := &d.wrappers[bits.TrailingZeros64(held)]
		s := d.rec.slots[w.slot]
		inner := region{host: r.host, time: r.time}
		switch {
		case s.kind == stringKind && mayBegin(r.b[s.from:s.to]) && d.hold(w.when):
			text, ok := d.document(r.b[s.from:s.to], w.strict)
			if !ok {
				continue
			}
			inner.b = text
		case (s.kind == arrayKind || s.kind == objectKind && w.objects) && d.hold(w.when):
			inner.b, inner.pos, inner.started = r.b[:s.to], int(s.from), true
		default:
			continue
		}
		if w.outside {
			if h := d.rec.slots[w.host]; h.kind == stringKind {
				inner.host = r.b[h.from:h.to]
			}
			if t := d.rec.slots[w.time]; t.kind.text() {
				inner.time, _, _ = parseTime(d.plain(t))
			}
		}
		d.regions = append(d.regions, inner)
		return true
	}
	return false
}

// mayBegin reports whether the text of a JSON string may be that of a document:
// most are told by their first byte.
func mayBegin(raw []byte) bool {
	if len(raw) == 0 {
		return false
	}
	switch c := raw[0]; c {
	case '<', '{', '[', '\\', byteOrderMark[0]:
		return true
	default:
		return c <= ' ' || c >= utf8.RuneSelf // white space, also Unicode's
	}
}

// trimRaw cuts white space off the beginning of a JSON string's text.
func trimRaw(raw []byte) []byte {
	for len(raw) > 0 {
		switch {
		case raw[0] <= ' ':
			raw = raw[1:]
		case len(raw) > 1 && raw[0] == '\\' && (raw[1] == 'n' || raw[1] == 'r' || raw[1] == 't'):
			raw = raw[2:]
		default:
			return raw
		}
	}
	return raw
}

// document returns the text of a JSON string, when that text is a document:
// Windows Event XML or JSON.
func (d *Decoder) document(raw []byte, strict bool) ([]byte, bool) {
	d.rec.key = appendUnescaped(d.rec.key[:0], cutRaw(trimRaw(raw), 64))
	begin := bytes.TrimSpace(bytes.TrimPrefix(d.rec.key, byteOrderMark))
	if len(begin) == 0 {
		return nil, false
	}
	switch c := begin[0]; {
	case bytes.HasPrefix(begin, []byte("<!--")):
	case c == '<' && (eventStart(begin) || bytes.HasPrefix(begin, []byte("<?xml")) || bytes.HasPrefix(begin, []byte("<Events"))):
	case c == '{', c == '[':
	default:
		return nil, false
	}
	level := len(d.regions) - 1
	for len(d.texts) <= level {
		d.texts = append(d.texts, nil)
	}
	text := appendUnescaped(d.texts[level][:0], raw)
	d.texts[level] = text
	if begin[0] == '<' && begin[1] == '!' && nextEvent(text, 0) == len(text) {
		return nil, false // a comment, and no event behind it
	}
	if begin[0] == '<' || strict {
		return text, true
	}
	s := &d.probe
	*s = scanner{b: text, maxDepth: d.limits.Depth}
	i := 0
	if bytes.HasPrefix(text, byteOrderMark) {
		i = len(byteOrderMark)
	}
	for { // a line of a log may begin as JSON: "[17] started"
		if i = s.space(i); i == len(text) {
			return text, true
		}
		if text[i] != '{' && text[i] != '[' {
			return nil, false
		}
		if i = s.skip(i, 0); i < 0 {
			return nil, false
		}
	}
}
