package enrich

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/regtrap/regtrap/schemas"
)

// Source is the record that events were read from. It remembers what all alerts
// of the record share, so it is for one goroutine, and Value must not change.
type Source struct {
	Topic     string    // offline: the file's name
	Partition int       // offline: 0
	Offset    int64     // offline: number of the record, from 0
	Time      time.Time // Kafka timestamp; zero offline
	Value     []byte    // of the record, as it was read

	digest  []byte // SHA-256 of a long Value
	text    string // Value, in all alerts
	carried int    // bytes of Value in alerts
}

// A value may hold tens of thousands of events, each of which raises an alert: an
// id made of the whole value and an alert that carries it would take the square of
// its size. So of a longer one the digest counts, and the first alerts alone carry
// it.
const (
	longValue   = 64 << 10
	mostCarried = 16 << 20 // bytes
)

// item returns the last item of the id.
func (s *Source) item() []byte {
	if len(s.Value) <= longValue {
		return s.Value
	}
	if s.digest == nil {
		sum := sha256.Sum256(s.Value)
		s.digest = sum[:]
	}
	return s.digest
}

// carry puts the record into an alert.
func (s *Source) carry(a *schemas.AlertRegtrap) {
	if s.carried > 0 && s.carried+len(s.Value) > mostCarried {
		a.Trimmed = append(a.Trimmed, "regtrap.original")
		return
	}
	if s.carried == 0 {
		s.text = string(s.Value)
	}
	s.carried += len(s.Value)
	if utf8.ValidString(s.text) {
		a.Original = s.text
	} else {
		a.OriginalBase64 = []byte(s.text)
	}
}

// ID returns the id of the alert that a rule raises on the event of that index
// in src, as the package documentation defines it: 32 hexadecimal digits.
func ID(src *Source, index int, rule string) string {
	h := sha256.New()
	item(h, []byte(src.Topic))
	item(h, strconv.AppendInt(nil, int64(src.Partition), 10))
	item(h, strconv.AppendInt(nil, src.Offset, 10))
	item(h, strconv.AppendInt(nil, int64(index), 10))
	item(h, []byte(rule))
	item(h, src.item())
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// item writes b behind its length, so that no two lists of items have the
// same text.
func item(h hash.Hash, b []byte) {
	var length [8]byte
	binary.BigEndian.PutUint64(length[:], uint64(len(b)))
	h.Write(length[:])
	h.Write(b)
}
