package schemas

import (
	"bytes"
	"math/bits"
	"time"
)

// A region is a document that holds records: the value itself, or a part of a
// record that holds further ones.
type region struct {
	b       []byte
	pos     int
	array   bool // between the brackets of an array
	first   bool // no element of the array was read yet
	started bool // a record was read
	loose   bool // after malformed text: stray commas and brackets are passed over
	spent   int  // bytes that were read of malformed records

	// What the records around say of the event, where it does not say itself.
	host []byte // of a JSON string
	time time.Time
}

// ended reports whether nothing is left of the region but what was read.
func (r *region) ended() bool { return r.started && r.pos >= len(r.b) && !r.array }

// pending reports whether anything is left of the value.
func (d *Decoder) pending() bool {
	for _, r := range d.regions {
		if len(bytes.TrimSpace(r.b[r.pos:])) > 0 {
			return true
		}
	}
	return false
}

var byteOrderMark = []byte("\xef\xbb\xbf")

// step reads the next record of a region; found is false at its end. Kind End
// with found says that the record's own records come next.
func (d *Decoder) step(r *region) (out Outcome, found bool) {
	s := &d.rec
	s.clear()
	s.b = r.b
	if d.index >= d.limits.Events && d.pending() {
		d.over = true
		return limitOutcome("more than %d records in one value", d.limits.Events), true
	}
	if !r.started {
		if len(r.b) > d.limits.ValueBytes {
			r.started, r.pos = true, len(r.b)
			return limitOutcome("the value has more than %d bytes", d.limits.ValueBytes), true
		}
		if bytes.HasPrefix(r.b, byteOrderMark) {
			r.pos = len(byteOrderMark)
		}
	}
	for {
		i := s.space(r.pos)
		if r.loose {
			for i < len(r.b) && (r.b[i] == ',' || r.b[i] == ']') {
				i = s.space(i + 1)
			}
		}
		started := r.started
		r.started = true
		if i >= len(r.b) {
			r.pos = i
			switch {
			case r.array:
				r.array = false
				s.fail(i, "']' at the end of an array")
				return Outcome{Kind: Dead, Reason: DeadMalformedJSON, Detail: s.detail()}, true
			case !started && len(d.regions) == 1:
				return Outcome{Kind: Skipped, Reason: SkipEmpty}, true
			}
			return Outcome{}, false
		}
		c := r.b[i]
		if r.array {
			if c == ']' {
				r.array, r.pos = false, i+1
				continue
			}
			if !r.first {
				if c != ',' {
					return d.malformed(r, i, i, "',' or ']'"), true
				}
				i = s.space(i + 1)
			}
			r.first = false
			if i < len(r.b) && r.b[i] == '{' {
				return d.object(r, i), true
			}
			if i < len(r.b) && r.b[i] == '"' && d.wrapped(r, i) {
				return Outcome{}, true
			}
			end := s.skip(i, 1)
			if end < 0 {
				return d.malformed(r, i, i, ""), true
			}
			r.pos = end
			return Outcome{Kind: Skipped, Reason: SkipUnknownShape}, true
		}
		switch {
		case c == '{':
			return d.object(r, i), true
		case c == '[':
			r.array, r.first, r.pos = true, true, i+1
		case c == '<' && beginsMarkup(r.b[i:]):
			out, found := d.element(r, i)
			if !found {
				continue // around events, not one
			}
			return out, true
		case !started && len(d.regions) == 1:
			r.pos = len(r.b)
			return Outcome{Kind: Skipped, Reason: SkipNotDocument}, true
		default:
			return d.malformed(r, i, i, "'{', '[' or the end of the value"), true
		}
	}
}

// malformed makes the dead letter of the record at from, whose text is wrong
// at at, unless the scanner knows better.
func (d *Decoder) malformed(r *region, from, at int, want string) Outcome {
	d.rec.fail(at, want)
	out := Outcome{Kind: Dead, Reason: DeadMalformedJSON, Detail: d.rec.detail()}
	if d.rec.tooDeep {
		out.Reason = DeadLimit
	}
	d.resume(r, r.retry(from, d.rec.errAt, d.rec.tooDeep))
	return out
}

// retry returns where reading goes on after malformed text from from to at. A
// record that is cut off seems to hold those behind it, which are tried
// therefore; but not each of many, nor level by level: that would take the
// square of the size.
func (r *region) retry(from, at int, tooDeep bool) int {
	const times, atLeast = 16, 1 << 16
	r.spent += at - from
	if tooDeep || r.spent > times*len(r.b)+atLeast {
		return max(from, min(at, len(r.b)))
	}
	return from
}

// resume sets the region to the next line after from that begins as a record.
// It starts from where the bad record begins, not from where it was found bad:
// an open string swallows the records behind it.
func (d *Decoder) resume(r *region, from int) {
	r.array, r.loose = false, true
	for i := from; ; {
		n := bytes.IndexByte(r.b[i:], '\n')
		if n < 0 {
			r.pos = len(r.b)
			return
		}
		if i += n + 1; i < len(r.b) && (r.b[i] == '{' || r.b[i] == '[' || eventStart(r.b[i:]) || bytes.HasPrefix(r.b[i:], []byte("<?xml"))) {
			r.pos = i
			return
		}
	}
}

// object reads the record at i and decides what it is.
func (d *Decoder) object(r *region, i int) Outcome {
	depth := 0
	if r.array {
		depth = 1
	}
	d.rec.xml, d.rec.single = false, !r.array && !d.reading
	end := d.rec.read(i, d.root, depth)
	switch {
	case end == vetoed:
		r.pos = d.rec.stop
		return Outcome{Kind: Skipped, Reason: SkipOther}
	case end < 0:
		return d.malformed(r, i, i, "")
	}
	r.pos = end
	if out, ok := d.skipped(); ok {
		return out
	}
	for tried := d.rec.tried; tried != 0; tried &= tried - 1 {
		if t := &d.tables[bits.TrailingZeros64(tried)]; d.told(t) {
			out := d.finish(t, r)
			if out.Reason == DeadMissingPath && d.unwrap(r) { // the event is beside its header
				return Outcome{}
			}
			return out
		}
	}
	if d.unwrap(r) {
		return Outcome{}
	}
	return Outcome{Kind: Skipped, Reason: SkipUnknownShape}
}

// element reads the XML at i. found is false for what stands around events.
func (d *Decoder) element(r *region, i int) (out Outcome, found bool) {
	s := &d.rec
	b := r.b[i:]
	end := -1
	switch {
	case eventStart(b):
		s.xml, s.single = true, b[1] == 'E' && !d.reading
		end = s.readXML(i, d.root)
		if end == vetoed {
			r.pos = s.stop
			return Outcome{Kind: Skipped, Reason: SkipOther}, true
		}
	case b[1] == '/':
		if end = bytes.IndexByte(b, '>'); end >= 0 && (string(local(b[2:nameEnd(b, 2)])) == "Events" || r.loose) {
			r.pos = i + end + 1
			return Outcome{}, false
		}
		end = s.fail(i, "<Event>")
	case b[1] == '!', b[1] == '?':
		if end = s.interruption(i); end >= 0 {
			r.pos = end
			return Outcome{}, false
		}
	case string(local(b[1:nameEnd(b, 1)])) == "Events":
		if end, _, _ = s.attributes(i+nameEnd(b, 1), nil); end >= 0 {
			r.pos = end
			return Outcome{}, false
		}
	default: // other XML: not looked into but for events
		r.pos, r.loose = nextEvent(r.b, i+1), true // its end tags stand behind them
		return Outcome{Kind: Skipped, Reason: SkipUnknownShape}, true
	}
	if end < 0 {
		out = Outcome{Kind: Dead, Reason: DeadMalformedXML, Detail: s.detail()}
		if s.tooDeep {
			out.Reason = DeadLimit
		}
		r.loose = true
		r.pos = nextEvent(r.b, r.retry(i+1, s.errAt, s.tooDeep))
		return out, true
	}
	r.pos = end
	if out, ok := d.skipped(); ok {
		return out, true
	}
	return d.finish(&d.tables[d.xmlTable], r), true
}

// beginsMarkup reports whether b, which begins with '<', begins as XML: a syslog
// line begins with a priority, as in "<134>".
func beginsMarkup(b []byte) bool {
	if len(b) < 2 {
		return false
	}
	c := b[1] | 0x20
	return 'a' <= c && c <= 'z' || b[1] == '?' || b[1] == '!' || b[1] == '/'
}

// wrapped opens the text at i, an element of an array, when it is a document.
func (d *Decoder) wrapped(r *region, i int) bool {
	s, end := d.rec.scalar(i)
	if end < 0 || len(d.regions) > d.limits.Unwrap {
		return false
	}
	text, ok := d.document(r.b[s.from:s.to], false)
	if !ok {
		return false
	}
	r.pos = end
	d.regions = append(d.regions, region{b: text, host: r.host, time: r.time})
	return true
}

// skipped returns the outcome of a record that is none of ours, whatever shape
// it has.
func (d *Decoder) skipped() (Outcome, bool) {
	switch {
	case d.rec.foreign:
		return Outcome{Kind: Skipped, Reason: SkipOther}, true
	case d.is(d.kind, "alert"):
		return Outcome{Kind: Skipped, Reason: SkipAlert}, true
	}
	return Outcome{}, false
}

// finish reads the record as one of the shape t.
func (d *Decoder) finish(t *table, r *region) Outcome {
	w := &d.draft
	w.reset(t)
	w.outerHost, w.outerTime = r.host, r.time
	out := t.read(d, t)
	out.Shape = t.id
	if out.Kind == Registry {
		w.assemble(&d.event, d.index)
		out.Missing = w.missing()
	}
	return out
}
