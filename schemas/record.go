package schemas

// kind is the JSON type of a value that fills a slot.
type kind uint8

const (
	absent kind = iota // not there, or null
	stringKind
	escapedKind // a string that holds escapes
	numberKind
	boolKind
	arrayKind
)

// A span is a value of a record: the text between the quotes of a string, the
// text of a number or boolean, an array with its brackets.
type span struct {
	from, to int32
	kind     kind
}

// record is one JSON object, read into the slots of the tree. It is made for
// reuse by one goroutine.
//
// Where a wanted path occurs more than once, nested and dotted or as a
// duplicate key, the last value that is not null counts.
type record struct {
	scanner
	slots  []span
	filled []uint16 // slots to clear before the next record
	key    []byte   // scratch: an escaped key
}

func (r *record) clear() {
	for _, slot := range r.filled {
		r.slots[slot].kind = absent
	}
	r.filled = r.filled[:0]
	r.errWhat, r.tooDeep = "", false
}

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
	for {
		end, escaped, v := r.scanner.key(i)
		if v < 0 {
			return -1
		}
		var to *node
		if escaped {
			r.key = appendUnescaped(r.key[:0], r.b[i+1:end], true)
			to = n.find(r.key, 0, len(r.key))
		} else {
			to = n.find(r.b, i+1, end)
		}
		switch {
		case to == nil:
			i = r.skip(v, depth+1)
		case v < len(r.b) && r.b[v] == '{' && !to.leaf():
			i = r.read(v, to, depth+1)
		default:
			i = r.take(v, to.slot, depth+1)
		}
		if i < 0 {
			return -1
		}
		more := false
		if i, more = r.next(i, '}', "',' or '}'"); !more {
			return i
		}
	}
}

// take reads the value at i into a slot. Objects fill none.
func (r *record) take(i, slot, depth int) int {
	if slot < 0 || i >= len(r.b) {
		return r.skip(i, depth)
	}
	s := span{from: int32(i)}
	end := 0
	switch r.b[i] {
	case '"':
		close, escaped := r.stringEnd(i + 1)
		if close < 0 {
			return -1
		}
		s = span{int32(i + 1), int32(close), stringKind}
		if escaped {
			s.kind = escapedKind
		}
		end = close + 1
	case '{', 'n':
		return r.skip(i, depth)
	case '[':
		s.kind = arrayKind
		end = r.skip(i, depth)
	case 't', 'f':
		s.kind = boolKind
		end = r.skip(i, depth)
	default:
		s.kind = numberKind
		end = r.skip(i, depth)
	}
	if end < 0 {
		return -1
	}
	if s.kind <= escapedKind {
		r.fill(slot, s)
		return end
	}
	s.to = int32(end)
	r.fill(slot, s)
	return end
}

func (r *record) fill(slot int, s span) {
	if r.slots[slot].kind == absent {
		r.filled = append(r.filled, uint16(slot))
	}
	r.slots[slot] = s
}

// element returns the array element that begins at or after i and the offset
// to go on from; ok is false at the array's end. Elements that are objects,
// arrays or null are passed over. The array was checked when it was read.
func (r *record) element(i int) (s span, next int, ok bool) {
	for {
		i = r.space(i)
		switch c := r.b[i]; c {
		case ']':
			return span{}, i, false
		case ',':
			i++
		case '"':
			end, escaped := r.stringEnd(i + 1)
			s = span{int32(i + 1), int32(end), stringKind}
			if escaped {
				s.kind = escapedKind
			}
			return s, end + 1, true
		case '{', '[', 'n':
			i = r.skip(i, 0)
		default:
			end := r.skip(i, 0)
			s = span{int32(i), int32(end), numberKind}
			if c == 't' || c == 'f' {
				s.kind = boolKind
			}
			return s, end, true
		}
	}
}
