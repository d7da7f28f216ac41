package enrich_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"testing"

	"github.com/regtrap/regtrap/enrich"
)

func vector() *enrich.Source {
	return &enrich.Source{Topic: "windows-events", Partition: 3, Offset: 1042, Value: []byte(`{"EventID":13}`)}
}

// The test vector of the documentation, for those who compute ids themselves.
func TestIDIsAsDocumented(t *testing.T) {
	const rule = "aa7e06c3-9791-4142-a0b9-8751f87e372a"
	var text []byte
	for _, item := range []string{"windows-events", "3", "1042", "0", rule, `{"EventID":13}`} {
		text = binary.BigEndian.AppendUint64(text, uint64(len(item)))
		text = append(text, item...)
	}
	sum := sha256.Sum256(text)
	got := enrich.ID(vector(), 0, rule)
	if want := hex.EncodeToString(sum[:16]); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if want := "3f957bc284d7a13f0ccacbf78bd9a6cf"; got != want {
		t.Errorf("got %s, want %s as it has always been", got, want)
	}
}

func TestIDTellsEveryItemApart(t *testing.T) {
	seen := make(map[string]string)
	add := func(what string, src *enrich.Source, index int, rule string) {
		id := enrich.ID(src, index, rule)
		if other, ok := seen[id]; ok {
			t.Errorf("%s and %s have one id", what, other)
		}
		seen[id] = what
	}
	change := func(f func(*enrich.Source)) *enrich.Source {
		s := vector()
		f(s)
		return s
	}
	add("the vector", vector(), 0, "r")
	add("another topic", change(func(s *enrich.Source) { s.Topic = "windows-events3" }), 0, "r")
	add("another partition", change(func(s *enrich.Source) { s.Partition = 31 }), 0, "r")
	add("another offset", change(func(s *enrich.Source) { s.Offset = 42 }), 0, "r")
	add("digits moved", change(func(s *enrich.Source) { s.Partition, s.Offset = 31, 42 }), 0, "r")
	add("another index", vector(), 1, "r")
	add("another rule", vector(), 0, "s")
	add("another value", change(func(s *enrich.Source) { s.Value = append(s.Value, ' ') }), 0, "r")
	add("value moved into the rule", change(func(s *enrich.Source) { s.Value = s.Value[1:] }), 0, "r{")
}

func TestOfALongValueTheDigestCounts(t *testing.T) {
	for _, size := range []int{1 << 16, 1<<16 + 1, 1 << 20} {
		src := vector()
		src.Value = bytes.Repeat([]byte("a"), size)
		last := src.Value
		if size > 1<<16 {
			sum := sha256.Sum256(src.Value)
			last = sum[:]
		}
		var all []byte
		for _, item := range []string{"windows-events", "3", "1042", "7", "r", string(last)} {
			all = binary.BigEndian.AppendUint64(all, uint64(len(item)))
			all = append(all, item...)
		}
		sum := sha256.Sum256(all)
		want := hex.EncodeToString(sum[:16])
		for range 2 { // the second time from memory
			if got := enrich.ID(src, 7, "r"); got != want {
				t.Errorf("%d bytes: %s, want %s", size, got, want)
			}
		}
	}
}

func ExampleID() {
	fmt.Println(enrich.ID(vector(), 0, "aa7e06c3-9791-4142-a0b9-8751f87e372a"))
	// Output: 3f957bc284d7a13f0ccacbf78bd9a6cf
}
