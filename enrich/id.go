package enrich

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"strconv"
	"time"
)

// Source is the record that an event was read from.
type Source struct {
	Topic     string    // offline: the file's name
	Partition int       // offline: 0
	Offset    int64     // offline: number of the record, from 0
	Time      time.Time // Kafka timestamp; zero offline
	Value     []byte    // of the record, as it was read
}

// ID returns the id of the alert that a rule raises on the event of that index
// in src, as the package documentation defines it: 32 hexadecimal digits.
func ID(src Source, index int, rule string) string {
	h := sha256.New()
	item(h, []byte(src.Topic))
	item(h, strconv.AppendInt(nil, int64(src.Partition), 10))
	item(h, strconv.AppendInt(nil, src.Offset, 10))
	item(h, strconv.AppendInt(nil, int64(index), 10))
	item(h, []byte(rule))
	item(h, src.Value)
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
