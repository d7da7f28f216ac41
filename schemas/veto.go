package schemas

import "bytes"

// A record with an event id that is of no registry event is none, whatever
// else it holds; so where the record is the only one of its value, the rest
// need not be read. On valid JSON and well-formed XML that changes nothing: the
// full reading skips the record for the same reason (see Decoder.finish), and
// alone and lastEvent make sure that no other record is passed over. A record that is
// malformed only behind its id is skipped rather than a dead letter.

// over reports whether the end of the record that is being read at i can be told
// without reading it, and sets stop to it.
func (r *record) over(i int) (ok bool) {
	if r.xml {
		r.stop, ok = r.lastEvent(i)
	} else {
		r.stop, ok = len(r.b), r.alone(i)
	}
	return ok
}

// alone reports whether the JSON record that is being read at i is the last of
// the value: whether it ends in the value's last brace. It may say no of a
// record that is; it says yes of no record that has another one behind it.
//
// Behind a record there is, after white space, the brace of the next one, or a
// bracket and then a brace, or no brace at all. Within a record, outside of
// strings, a brace follows a colon, a comma or a bracket.
func (r *record) alone(i int) bool {
	b := r.b
	last := len(b) - 1
	for last > i && (b[last] == ' ' || b[last] == '\n' || b[last] == '\r' || b[last] == '\t') {
		last--
	}
	if last < i || b[last] != '}' {
		return false
	}
	for at := i; ; at++ {
		n := bytes.IndexByte(b[at:last], '{')
		if n < 0 {
			return true
		}
		at += n
		if b[at-1] != ':' && b[at-1] != '"' && between(b, i, at) {
			return false
		}
	}
}

// between reports whether the brace at at may be that of a further record.
func between(b []byte, from, at int) bool {
	if b[at-1] == '\n' {
		return true // where reading is resumed after malformed text
	}
	for k := at - 1; k >= from; k-- {
		switch b[k] {
		case ' ', '\n', '\r', '\t', '[', ',':
		case '}', ']', '>', '"':
			return true
		default:
			return false
		}
	}
	return true
}

// lastEvent returns the offset behind the XML event that is being read at i, or
// false when that cannot be told without reading it: where its end tag may be
// that of an event within, or of the next one because its own is written in
// another way, or may be no tag, in a comment, a CDATA section or an
// instruction.
func (r *record) lastEvent(i int) (int, bool) {
	const name = "Event"
	for at := i; ; {
		n := bytes.Index(r.b[at:], []byte(name))
		if n < 0 {
			return 0, false
		}
		from := at + n
		at = from + len(name)
		if nameEnd(r.b, at) != at || from == i {
			continue // EventData
		}
		switch r.b[from-1] {
		case '<', ':': // another event; so no event is looked through twice
			return 0, false
		case '/':
			rest := r.b[i : from-1]
			if r.b[from-2] != '<' || bytes.Contains(rest, []byte("<!")) || bytes.Contains(rest, []byte("<?")) {
				return 0, false
			}
			at = r.space(at)
			return at + 1, at < len(r.b) && r.b[at] == '>'
		}
	}
}
