package cli

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// maxRecord is how much of one record is kept: one byte more than a decoder
// takes, so that a longer one is reported as beyond the limit and not read as
// something else.
const maxRecord = 16<<20 + 1

// longLine is from how many bytes on a line of several documents is cut behind
// each of them, so that a stream without line ends is not one record.
const longLine = 1 << 20

// splitter cuts a stream into records: the lines of NDJSON, JSON documents over
// several lines, the elements of a top-level array, the <Event>s of Windows
// event XML, and any other line. It finds where records end and judges nothing:
// what is malformed is a record too.
//
// One damaged record must not swallow the rest, so whatever is open ends before
// a line that can only begin another record, and an array ends where something
// else than a comma or bracket follows an element. An open array once took the
// lines behind it apart at their commas, and attacks on them were not seen.
type splitter struct {
	r         *bufio.Reader
	line      int  // number of the line that the next byte is on, from 1
	array     bool // within a top-level array
	separated bool // in the array, behind its bracket or a comma
}

func newSplitter(r io.Reader) *splitter {
	return &splitter{r: bufio.NewReaderSize(r, 1<<20), line: 1}
}

// errOpenArray says that records may be missing.
var errOpenArray = errors.New("the input ends inside an array: want ]")

// next appends the next record to dst, and returns the line that it begins on.
// It returns io.EOF behind the last record.
func (s *splitter) next(dst []byte) (record []byte, line int, err error) {
	for {
		c, err := s.space()
		if errors.Is(err, io.EOF) && s.array {
			s.array = false
			return dst, 0, errOpenArray
		}
		if err != nil {
			return dst, 0, err
		}
		line = s.line
		switch {
		case s.array && c == ']':
			s.array = false
			s.skip(1)
		case s.array && c == ',':
			s.separated = true
			s.skip(1)
		case s.array && (!s.separated || !valueMayBegin(c)):
			return s.brokenArray(dst)
		case s.array:
			s.separated = false
			if c == '{' || c == '[' {
				record, err = s.document(dst)
			} else {
				record, err = s.scalar(dst)
			}
			return record, line, err
		case c == '{':
			record, err = s.object(dst)
			return record, line, err
		case c == '[' && s.beginsArray():
			s.array, s.separated = true, true
			s.skip(1)
		case c == '<' && s.begins("<?xml"), c == '<' && s.begins("<Events"), c == '<' && s.begins("</Events"), c == '<' && s.begins("<!--"):
			if err := s.tag(); err != nil {
				return dst, 0, err
			}
		case c == '<' && s.begins("<Event"):
			record, err = s.event(dst)
			return record, line, err
		default:
			record, err = s.rest(dst)
			return record, line, err
		}
	}
}

// brokenArray leaves an array that is not closed where other records follow.
// Its bracket is a record of its own, which the decoder finds malformed.
func (s *splitter) brokenArray(dst []byte) ([]byte, int, error) {
	s.array = false
	return append(dst, '['), s.line, nil
}

// valueMayBegin reports whether a JSON value may begin with c.
func valueMayBegin(c byte) bool {
	return bytes.IndexByte([]byte(`{["-0123456789tfn`), c) >= 0
}

// space skips white space and returns the byte behind it.
func (s *splitter) space() (byte, error) {
	for {
		c, err := s.r.ReadByte()
		if err != nil {
			return 0, err
		}
		switch c {
		case '\n':
			s.line++
		case ' ', '\t', '\r':
		default:
			return c, s.r.UnreadByte()
		}
	}
}

func (s *splitter) skip(n int) { s.r.Discard(n) } // bytes that were peeked at

func (s *splitter) begins(prefix string) bool {
	b, _ := s.r.Peek(len(prefix))
	return string(b) == prefix
}

// beginsArray reports whether the bracket ahead opens an array of documents: a
// log line may begin with one as well.
func (s *splitter) beginsArray() bool {
	for n := 2; ; n++ {
		b, err := s.r.Peek(n)
		if err != nil {
			return false
		}
		switch b[n-1] {
		case ' ', '\t', '\r', '\n':
		case '{', ']':
			return true
		default:
			return false
		}
	}
}

// keep appends b to dst as far as a record is kept.
func keep(dst []byte, from int, b ...byte) []byte {
	room := maxRecord - (len(dst) - from)
	return append(dst, b[:min(len(b), max(room, 0))]...)
}

// tag skips a tag, at most to the end of its line.
func (s *splitter) tag() error {
	for {
		c, err := s.r.ReadByte()
		if err != nil || c == '>' {
			return err
		}
		if c == '\n' {
			s.line++
			return nil
		}
	}
}

// rest takes the rest of the line.
func (s *splitter) rest(dst []byte) ([]byte, error) {
	from := len(dst)
	for {
		b, err := s.r.ReadSlice('\n')
		dst = keep(dst, from, b...)
		switch {
		case err == nil:
			s.line++
			return bytes.TrimRight(dst, "\r\n"), nil
		case errors.Is(err, io.EOF):
			return dst, nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return dst, err
		}
	}
}

// object takes a document outside an array. Nearly always it is one line: a
// line that ends in a brace, with another record or the end of the stream
// behind it, needs no look inside.
func (s *splitter) object(dst []byte) ([]byte, error) {
	n := s.r.Buffered()
	ahead, _ := s.r.Peek(n)
	end := bytes.IndexByte(ahead, '\n')
	if end < 0 || end+1 >= n {
		// The line ends in what is not buffered yet: read as much as fits.
		ahead, _ = s.r.Peek(s.r.Size())
		end = bytes.IndexByte(ahead, '\n')
	}
	if end < 0 && len(ahead) < s.r.Size() {
		end = len(ahead) // the last line, without a line end
	}
	if end > 0 {
		line := bytes.TrimRight(ahead[:end], " \t\r")
		last := len(line) > 0 && line[len(line)-1] == '}'
		if last && (end+1 >= len(ahead) && len(ahead) < s.r.Size() || end+1 < len(ahead) && recordMayBegin(ahead[end+1])) {
			dst = append(dst, line...)
			s.skip(end + 1) // at the end of the stream there is one byte less
			s.line++
			return dst, nil
		}
	}
	return s.document(dst)
}

func recordMayBegin(c byte) bool { return c == '{' || c == '\n' || c == '\r' }

// document takes a JSON document by its braces: in an array up to its end,
// elsewhere with what else is on the line that it ends on, as object does.
func (s *splitter) document(dst []byte) ([]byte, error) {
	from, read := len(dst), 0
	depth, inString, escaped := 0, false, false
	for {
		c, err := s.r.ReadByte()
		if err != nil {
			return dst, ignoreEOF(err)
		}
		dst = keep(dst, from, c)
		read++
		switch {
		case c == '\n':
			s.line++
			escaped = false
			// A text cannot hold a line end, and no document goes on with what
			// begins the next line: this one was never closed, and the line is
			// another record.
			if inString || depth <= 0 || !s.continues() {
				return bytes.TrimRight(dst, " \t\r\n"), nil
			}
		case escaped:
			escaped = false
		case inString && c == '\\':
			escaped = true
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			depth--
			switch {
			case depth > 0:
			case s.array:
				return s.tail(dst, from)
			case read >= longLine:
				return dst, nil
			}
		}
	}
}

// continues reports whether the line ahead may be the next of a document over
// several lines.
func (s *splitter) continues() bool {
	b, err := s.r.Peek(1)
	return err != nil || bytes.IndexByte([]byte(" \t\r\n}],:\"-0123456789tfn"), b[0]) >= 0
}

// tail takes what stands behind an element of an array on its line: it is
// malformed, and the decoder must see it.
func (s *splitter) tail(dst []byte, from int) ([]byte, error) {
	for {
		c, err := s.r.ReadByte()
		if err != nil {
			return dst, ignoreEOF(err)
		}
		switch c {
		case '\n', '{', '<', ',', ']':
			return dst, s.r.UnreadByte()
		case ' ', '\t', '\r':
		default:
			dst = keep(dst, from, c)
		}
	}
}

// scalar takes an element of an array that is no document, on one line.
func (s *splitter) scalar(dst []byte) ([]byte, error) {
	from := len(dst)
	inString, escaped := false, false
	for {
		c, err := s.r.ReadByte()
		if err != nil {
			return dst, ignoreEOF(err)
		}
		switch {
		case c == '\n', !inString && (c == ',' || c == ']'):
			return bytes.TrimRight(dst, " \t\r"), s.r.UnreadByte()
		case escaped:
			escaped = false
		case inString && c == '\\':
			escaped = true
		case c == '"':
			inString = !inString
		}
		dst = keep(dst, from, c)
	}
}

// event takes an <Event> up to its end tag, or, where it has none, up to the
// next line that begins a record.
func (s *splitter) event(dst []byte) ([]byte, error) {
	const end = "</Event>"
	from, matched := len(dst), 0
	for {
		c, err := s.r.ReadByte()
		if err != nil {
			return dst, ignoreEOF(err)
		}
		dst = keep(dst, from, c)
		switch {
		case c == end[matched]:
			if matched++; matched == len(end) {
				return dst, nil
			}
		case c == '<':
			matched = 1
		default:
			matched = 0
		}
		if c != '\n' {
			continue
		}
		s.line++
		// Not every brace: the texts of an event, scripts among them, have lines too.
		if s.begins(`{"`) || s.begins("<Event>") || s.begins("<Event ") {
			return bytes.TrimRight(dst, " \t\r\n"), nil
		}
	}
}

// ignoreEOF lets the end of the stream end a record: the next call meets it again.
func ignoreEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}
