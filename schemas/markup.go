package schemas

import (
	"bytes"
	"unicode/utf8"
)

// Windows Event XML is read into the same tree of paths as JSON: the text of
// an element sits at the names of the elements around it, an attribute at its
// element and @NAME, and <Data Name='Image'> of EventData where a field Image
// of EventData would sit.
//
// The grammar is that of XML 1.0 without document type declarations: tags have
// to match, attributes to be quoted, in either way, and free of '<'. These are
// taken all the same: characters and references that XML does not allow, bare
// ampersands, names with any characters. White space and line breaks in a text
// stay, \r\n becomes \n (section 2.11). Prefixes of names are passed over.

// eventStart reports whether an element Event begins at b[0].
func eventStart(b []byte) bool {
	if len(b) < 2 || b[0] != '<' {
		return false
	}
	name := b[1:nameEnd(b, 1)]
	return string(local(name)) == "Event"
}

// nextEvent returns the offset of the next element Event at or after i,
// len(b) when there is none. What is in comments and their like is none.
func nextEvent(b []byte, i int) int {
	for {
		n := bytes.IndexByte(b[i:], '<')
		if n < 0 {
			return len(b)
		}
		if i += n; eventStart(b[i:]) {
			return i
		}
		begin, end := interruption(b[i:])
		if begin == "" {
			i++
			continue
		}
		i += len(begin)
		if n = bytes.Index(b[i:], []byte(end)); n < 0 {
			return len(b)
		}
		i += n + len(end)
	}
}

// interruption returns how the comment, the CDATA section or the processing
// instruction at b[0] begins and ends; empty texts when there is none.
func interruption(b []byte) (begin, end string) {
	for _, p := range [...]struct{ begin, end string }{{"<!--", "-->"}, {"<![CDATA[", "]]>"}, {"<?", "?>"}} {
		if len(b) >= len(p.begin) && string(b[:len(p.begin)]) == p.begin {
			return p.begin, p.end
		}
	}
	return "", ""
}

// nameEnd returns the end of the name at i.
func nameEnd(b []byte, i int) int {
	for i < len(b) {
		switch b[i] {
		case ' ', '\n', '\r', '\t', '/', '>', '=', '<', '"', '\'':
			return i
		}
		i++
	}
	return i
}

// local cuts the prefix off a name.
func local(name []byte) []byte {
	return name[bytes.IndexByte(name, ':')+1:]
}

// readXML reads the element at i, whose place in the tree is below n, and
// returns the offset behind it, or vetoed.
func (r *record) readXML(i int, n *node) int {
	r.names = r.names[:0]
	return r.markup(i, n, 0)
}

// markup reads the element at i; n is the node of the element around it, nil
// when nothing of that is wanted.
func (r *record) markup(i int, n *node, depth int) int {
	if !r.deeper(i, depth) {
		return -1
	}
	from := i + 1
	i = nameEnd(r.b, from)
	if i == from {
		return r.fail(i, "the name of an element")
	}
	name := r.b[from:i]
	var to *node
	if n != nil {
		tag := local(name)
		to = n.find(tag, 0, len(tag))
	}
	i, to, empty := r.attributes(i, to)
	if i < 0 || empty {
		return i
	}
	return r.content(i, name, to, depth)
}

// attributes reads what follows the name in a tag. to is where the text of the
// element sits: another node when it is an item with a name.
func (r *record) attributes(i int, n *node) (end int, to *node, empty bool) {
	b := r.b
	to = n
	for {
		for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\r' || b[i] == '\t') {
			i++
		}
		if i >= len(b) {
			return r.fail(i, "'>' at the end of a tag"), nil, false
		}
		switch b[i] {
		case '>':
			return i + 1, to, false
		case '/':
			if i+1 >= len(b) || b[i+1] != '>' {
				return r.fail(i+1, "'>' behind '/'"), nil, false
			}
			i += 2
			if to != nil && to.slot >= 0 && (to != n || to.leaf()) {
				return r.fill(to, span{int32(i), int32(i), markupKind}, i), to, true
			}
			return i, to, true
		}
		from := i
		i = nameEnd(b, i)
		name := b[from:i]
		i = r.space(i)
		if i >= len(b) || b[i] != '=' || len(name) == 0 {
			return r.fail(i, "an attribute, '/>' or '>'"), nil, false
		}
		i = r.space(i + 1)
		if i >= len(b) || b[i] != '\'' && b[i] != '"' {
			return r.fail(i, "a quote before the value of an attribute"), nil, false
		}
		length := bytes.IndexByte(b[i+1:], b[i])
		if length < 0 {
			return r.fail(len(b), "the quote at the end of an attribute"), nil, false
		}
		value := span{int32(i + 1), int32(i + 1 + length), markupKind}
		if at := bytes.IndexByte(b[value.from:value.to], '<'); at >= 0 {
			// Else an end tag could hide there from lastEvent.
			return r.fail(i+1+at, "&lt; in the value of an attribute"), nil, false
		}
		i += length + 2
		if n == nil {
			continue
		}
		switch {
		case n.items != nil:
			if string(name) == "Name" {
				r.key = appendMarkup(r.key[:0], b[value.from:value.to])
				to = n.items.find(r.key, 0, len(r.key))
			}
		case n.attributes:
			r.key = append(append(r.key[:0], '@'), local(name)...)
			if at := n.find(r.key, 0, len(r.key)); at != nil && at.slot >= 0 {
				r.fill(at, value, i)
			}
		}
	}
}

// content reads what an element holds, from i on, and its end tag.
func (r *record) content(i int, name []byte, n *node, depth int) int {
	b := r.b
	text := span{from: int32(i), kind: markupKind}
	for {
		at := bytes.IndexByte(b[i:], '<')
		if at < 0 {
			return r.fail(len(b), "the end of an element")
		}
		i += at
		if i+1 >= len(b) {
			return r.fail(i+1, "a tag")
		}
		switch b[i+1] {
		case '/':
			text.to = int32(i)
			i += 2
			end := i + len(name)
			if end >= len(b) || string(b[i:end]) != string(name) {
				return r.fail(i, "the end of the element "+string(name))
			}
			if i = r.space(end); i >= len(b) || b[i] != '>' {
				return r.fail(i, "'>' at the end of a tag")
			}
			i++
			if n != nil && n.slot >= 0 && text.kind != absent {
				return r.fill(n, text, i)
			}
			return i
		case '!', '?':
			if i = r.interruption(i); i < 0 {
				return -1
			}
		default:
			text.kind = absent // of its elements each has its own
			if i = r.markup(i, n, depth+1); i < 0 {
				return i
			}
		}
	}
}

// interruption returns the offset behind the comment, the CDATA section or the
// processing instruction at i.
func (r *record) interruption(i int) int {
	begin, end := interruption(r.b[i:])
	if begin == "" {
		return r.fail(i+1, "an element, a comment or a CDATA section")
	}
	i += len(begin)
	n := bytes.Index(r.b[i:], []byte(end))
	if n < 0 {
		return r.fail(len(r.b), end)
	}
	return i + n + len(end)
}

// appendMarkup appends the text of raw: references resolved, comments and
// instructions left out, CDATA sections as they are. What is no reference
// stands for itself.
func appendMarkup(dst, raw []byte) []byte {
	from := len(dst)
	for {
		i := 0
		for i < len(raw) && raw[i] != '&' && raw[i] != '\r' && raw[i] != '<' {
			i++
		}
		dst = append(dst, raw[:i]...)
		if raw = raw[i:]; len(raw) == 0 {
			break
		}
		switch raw[0] {
		case '\r':
			dst = append(dst, '\n')
			raw = raw[1:]
			if len(raw) > 0 && raw[0] == '\n' {
				raw = raw[1:]
			}
		case '&':
			c, n := reference(raw)
			if n == 0 {
				dst, raw = append(dst, '&'), raw[1:]
				continue
			}
			dst, raw = utf8.AppendRune(dst, c), raw[n:]
		default:
			dst, raw = appendInterruption(dst, raw)
		}
	}
	return validUTF8(dst, from)
}

// appendInterruption appends what the markup at raw[0] adds to a text.
func appendInterruption(dst, raw []byte) (_, rest []byte) {
	if section, ok := bytes.CutPrefix(raw, []byte("<![CDATA[")); ok {
		section, rest, _ = bytes.Cut(section, []byte("]]>"))
		for i, c := range section {
			switch {
			case c != '\r':
				dst = append(dst, c)
			case i+1 == len(section) || section[i+1] != '\n':
				dst = append(dst, '\n')
			}
		}
		return dst, rest
	}
	end := "?>"
	if bytes.HasPrefix(raw, []byte("<!--")) {
		raw, end = raw[4:], "-->"
	} else if !bytes.HasPrefix(raw, []byte("<?")) {
		return append(dst, raw[0]), raw[1:] // of an attribute
	}
	_, rest, _ = bytes.Cut(raw, []byte(end))
	return dst, rest
}

// reference reads the reference at raw[0], an ampersand; n is its length, 0
// when it is none.
func reference(raw []byte) (c rune, n int) {
	end := 1
	for end < len(raw) && (hexDigit[raw[end]] < 16 || 'a' <= raw[end] && raw[end] <= 'z' || raw[end] == '#') {
		end++
	}
	if end < 2 || end == len(raw) || raw[end] != ';' {
		return 0, 0
	}
	switch name := raw[1:end]; string(name) {
	case "lt":
		return '<', end + 1
	case "gt":
		return '>', end + 1
	case "amp":
		return '&', end + 1
	case "quot":
		return '"', end + 1
	case "apos":
		return '\'', end + 1
	default:
		if name[0] != '#' {
			return 0, 0
		}
		base, digits := rune(10), name[1:]
		if len(digits) > 0 && digits[0] == 'x' {
			base, digits = 16, digits[1:]
		}
		if len(digits) == 0 {
			return 0, 0
		}
		for _, d := range digits {
			if rune(hexDigit[d]) >= base || c > utf8.MaxRune {
				return 0, 0
			}
			c = c*base + rune(hexDigit[d])
		}
		if c > utf8.MaxRune {
			return 0, 0
		}
		return c, end + 1
	}
}
