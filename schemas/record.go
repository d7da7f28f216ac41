package schemas

import (
	"encoding/binary"
	"math/bits"
)

// kind says how the text of a span is written.
type kind uint8

const (
	absent     kind = iota // not there, or null
	stringKind             // between the quotes of a JSON string, escapes and all
	markupKind             // XML: entities, and markup where the text is interrupted
	numberKind
	boolKind
	arrayKind  // with its brackets
	objectKind // with its braces; only where a document may be wrapped
)

// text reports whether a span of this kind is one text.
func (k kind) text() bool { return k != absent && k < arrayKind }

// A span is a value of a record.
type span struct {
	from, to int32
	kind     kind
}

// record is one document, read into the slots of the tree. It is made for
// reuse by one goroutine.
//
// Where a wanted path occurs more than once, nested and dotted or as a
// duplicate key, the last value that is not null counts.
type record struct {
	scanner
	*program
	slots  []span
	filled []uint16 // slots to clear before the next record
	tried  uint64   // bit n: a slot that tells the table n is filled
	holds  uint64   // bit n: the slot of the wrapper n is filled
	key    []byte   // scratch: an escaped key
	names  []span   // of the open elements of XML

	// foreign is set when an event id was read that is of no registry event.
	// Where single is set the rest of the record need not be read then: reading
	// is vetoed, and goes on at stop.
	foreign, single bool
	xml             bool // the record is XML
	stop            int
}

func (r *record) clear() {
	for _, slot := range r.filled {
		r.slots[slot].kind = absent
	}
	r.filled = r.filled[:0]
	r.tried, r.holds, r.foreign = 0, 0, false
	r.errWhat, r.tooDeep = "", false
}

// vetoed is what reading returns in the place of an offset when the record is
// of no registry event and its end was found without reading it.
const vetoed = -2

// read reads the object at i, whose place in the tree is n, and returns the
// offset behind it.
func (r *record) read(i int, n *node, depth int) int {
	if !r.deeper(i, depth) {
		return -1
	}
	i = r.space(i + 1)
	if i < len(r.b) && r.b[i] == '}' {
		return i + 1
	}
	b := r.b
	for {
		// Nearly all keys are short, without escapes, and have their colon and
		// value right behind them. This is where the time of a pass goes, so
		// that case is written out; the rest is member's.
		var to *node
		v := -1
		if from := i + 1; from+24 <= len(b) && b[i] == '"' {
			size, head, tail := 16, binary.LittleEndian.Uint64(b[from:]), uint64(0)
			if m := special(head); m != 0 {
				size = bits.TrailingZeros64(m) >> 3
				head &= 1<<(8*size) - 1
			} else {
				if m := special(binary.LittleEndian.Uint64(b[from+8:])); m != 0 {
					size = 8 + bits.TrailingZeros64(m)>>3
				}
				tail = binary.LittleEndian.Uint64(b[from+size-8:])
			}
			if end := from + size; b[end] == '"' && b[end+1] == ':' && b[end+2] > ' ' {
				v = end + 2
				if n.begin[b[from]&63]>>size&1 != 0 {
					to = n.short(head, tail, size)
				}
			}
		}
		if v < 0 {
			if to, v = r.member(i, n); v < 0 {
				return -1
			}
		}
		switch {
		case v < len(b) && b[v] == '"':
			end := r.stringEnd(v + 1)
			if end < 0 {
				return -1
			}
			i = end + 1
			if to != nil && to.slot >= 0 {
				i = r.fill(to, span{int32(v + 1), int32(end), stringKind}, i)
			}
		case to == nil:
			i = r.skip(v, depth+1)
		default:
			i = r.take(v, to, depth+1)
		}
		if i < 0 {
			return i
		}
		// The common case is a comma and a key behind it.
		if i+1 < len(b) && b[i] == ',' && b[i+1] == '"' {
			i++
			continue
		}
		more := false
		if i, more = r.next(i, '}', "',' or '}'"); !more {
			return i
		}
	}
}

// member reads the key at i and returns its node and where its value is.
func (r *record) member(i int, n *node) (to *node, value int) {
	end, escaped, v := r.scanner.key(i)
	if v < 0 {
		return nil, -1
	}
	if escaped {
		r.key = appendUnescaped(r.key[:0], r.b[i+1:end])
		return n.find(r.key, 0, len(r.key)), v
	}
	return n.find(r.b, i+1, end), v
}

// take reads the value at i, whose place in the tree is n.
func (r *record) take(i int, n *node, depth int) int {
	if i >= len(r.b) {
		return r.skip(i, depth)
	}
	s := span{from: int32(i)}
	end := 0
	switch r.b[i] {
	case '"':
		if end = r.stringEnd(i + 1); end < 0 {
			return -1
		}
		s = span{int32(i + 1), int32(end), stringKind}
		end++
	case '{':
		switch {
		case n.items != nil:
			end = r.item(i, n.items, depth)
		case !n.leaf():
			end = r.read(i, n, depth)
		default:
			end = r.skip(i, depth)
		}
		if n.wraps == 0 || end < 0 || r.slots[n.slot].kind.text() {
			return end
		}
		s.to, s.kind = int32(end), objectKind
	case '[':
		if n.items != nil {
			end = r.items(i, n.items, depth)
		} else {
			end = r.skip(i, depth)
		}
		s.to, s.kind = int32(end), arrayKind
	case 'n':
		return r.skip(i, depth)
	case 't', 'f':
		end = r.skip(i, depth)
		s.to, s.kind = int32(end), boolKind
	default:
		end = r.skip(i, depth)
		s.to, s.kind = int32(end), numberKind
	}
	if end < 0 || n.slot < 0 {
		return end
	}
	return r.fill(n, s, end)
}

// fill puts a span into the slot of n and returns end, or vetoed.
func (r *record) fill(n *node, s span, end int) int {
	slot := &r.slots[n.slot]
	if slot.kind == absent {
		r.filled = append(r.filled, uint16(n.slot))
		r.tried |= n.tells
		r.holds |= n.wraps
	}
	*slot = s
	if n.id && s.kind.text() && (s.kind == numberKind || !n.number) {
		if id, ok := parseWhole(r.b[s.from:s.to]); ok && !registryID(id) {
			first := !r.foreign
			r.foreign = true
			if first && r.single && r.over(end) { // only once: it may look at all that is left
				return vetoed
			}
		}
	}
	return end
}

// put is fill for a text that is known already, for readers.
func (r *record) put(slot uint16, s span) {
	if r.slots[slot].kind == absent {
		r.filled = append(r.filled, slot)
	}
	r.slots[slot] = s
}

// registryID reports whether a number where event ids sit may be that of a
// registry event. Windows' event ids have 16 bits; what is larger is another
// thing of the same name.
func registryID(id uint64) bool {
	return 12 <= id && id <= 14 || id == securityModified || id > 1<<16-1
}

// items reads the array at i, whose elements are objects of a name and a text,
// into the slots of the keys of n; other elements are passed over.
func (r *record) items(i int, n *node, depth int) int {
	if !r.deeper(i, depth) {
		return -1
	}
	i = r.space(i + 1)
	if i < len(r.b) && r.b[i] == ']' {
		return i + 1
	}
	for {
		if i < len(r.b) && r.b[i] == '{' {
			i = r.item(i, n, depth+1)
		} else {
			i = r.skip(i, depth+1)
		}
		if i < 0 {
			return i
		}
		more := false
		if i, more = r.next(i, ']', "',' or ']'"); !more {
			return i
		}
	}
}

// item reads the object at i, {"Name":"Image","text":"C:\\…"} in the words of
// one of the converters from XML, into the slot of the key Image of n. Where
// there is no text it is empty.
func (r *record) item(i int, n *node, depth int) int {
	var name, text span
	end := r.itemParts(i, depth, &name, &text)
	if end < 0 || name.kind == absent {
		return end
	}
	r.key = appendUnescaped(r.key[:0], r.b[name.from:name.to])
	to := n.find(r.key, 0, len(r.key))
	if to == nil || to.slot < 0 {
		return end
	}
	if text.kind == absent {
		text = span{name.from, name.from, stringKind}
	}
	return r.fill(to, text, end)
}

func (r *record) itemParts(i, depth int, name, text *span) int {
	if !r.deeper(i, depth) {
		return -1
	}
	i = r.space(i + 1)
	if i < len(r.b) && r.b[i] == '}' {
		return i + 1
	}
	for {
		end, _, v := r.scanner.key(i)
		if v < 0 {
			return -1
		}
		key := r.b[i+1 : end]
		var part *span
		attributes := false
		switch string(key) {
		case "Name", "@Name", "name", "-Name":
			part = name
		case "text", "#text", "Text", "@text", "Value", "value", "_", "content", "$t":
			part = text
		case "#attributes", "_attributes", "$":
			attributes = true
		}
		if v < len(r.b) {
			switch c := r.b[v]; {
			case c == '{' && attributes:
				i = r.itemParts(v, depth+1, name, nil)
			case part == nil || c == '{' || c == '[' || c == 'n':
				i = r.skip(v, depth+1)
			default:
				s, next := r.scalar(v)
				if i = next; i >= 0 {
					*part = s
				}
			}
		} else {
			i = r.skip(v, depth+1)
		}
		if i < 0 {
			return i
		}
		more := false
		if i, more = r.next(i, '}', "',' or '}'"); !more {
			return i
		}
	}
}

// scalar reads the string, number or boolean at i.
func (r *record) scalar(i int) (s span, next int) {
	c := r.b[i]
	if c == '"' {
		end := r.stringEnd(i + 1)
		if end < 0 {
			return span{}, -1
		}
		return span{int32(i + 1), int32(end), stringKind}, end + 1
	}
	end := r.skip(i, 0)
	s = span{int32(i), int32(end), numberKind}
	if c == 't' || c == 'f' {
		s.kind = boolKind
	}
	return s, end
}

// element returns the array element that begins at or after i and the offset
// to go on from; ok is false at the array's end. Elements that are objects,
// arrays or null are passed over. The array was checked when it was read.
func (r *record) element(i int) (s span, next int, ok bool) {
	for {
		i = r.space(i)
		switch r.b[i] {
		case ']':
			return span{}, i, false
		case ',':
			i++
		case '{', '[', 'n':
			i = r.skip(i, 0)
		default:
			s, next = r.scalar(i)
			return s, next, true
		}
	}
}

// nth returns the element n of the array in s, null and nested ones counted.
func (r *record) nth(s span, n int) (span, bool) {
	i := r.space(int(s.from) + 1)
	for r.b[i] != ']' {
		switch c := r.b[i]; {
		case n > 0:
			i = r.skip(i, 0)
		case c == '{', c == '[', c == 'n':
			return span{}, false
		default:
			e, _ := r.scalar(i)
			return e, true
		}
		n--
		if i = r.space(i); r.b[i] == ',' {
			i = r.space(i + 1)
		}
	}
	return span{}, false
}
