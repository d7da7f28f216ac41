package main

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/valyala/fastjson"

	"github.com/regtrap/regtrap/cmd/internal/sample"
)

// maxLine is beyond the largest record that regtrap reads.
const maxLine = 32 << 20

// invent writes a corpus of JSON records, one attack in 200.
func invent(file string) (err error) {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer closing(f, &err)
	w := bufio.NewWriter(f)
	feed := sample.New(20260304, time.Date(2026, 3, 4, 10, 0, 0, 0, time.UTC))
	for i := range 40_000 {
		r := feed.Benign()
		if i%200 == 199 {
			r = feed.Attack()
		}
		if !json.Valid(r.Value) {
			continue // the parsers are to read all of it
		}
		w.Write(r.Value)
		w.WriteByte('\n')
	}
	return w.Flush()
}

// lines opens a file of records, plain or gzip.
func lines(file string) (*bufio.Scanner, io.Closer, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, nil, err
	}
	buffered := bufio.NewReaderSize(f, 1<<20)
	var r io.Reader = buffered
	if magic, _ := buffered.Peek(2); string(magic) == "\x1f\x8b" {
		if r, err = gzip.NewReader(buffered); err != nil {
			f.Close()
			return nil, nil, fmt.Errorf("%s: %w", file, err)
		}
	}
	s := bufio.NewScanner(r)
	s.Buffer(make([]byte, 1<<20), maxLine)
	return s, f, nil
}

// repeat writes the lines of corpus to file, over and over, until it has at
// least size bytes, and returns how often.
func repeat(corpus, file string, size int64) (copies int, bytes int64, err error) {
	s, c, err := lines(corpus)
	if err != nil {
		return 0, 0, err
	}
	defer c.Close()
	var all []byte
	for s.Scan() {
		if len(s.Bytes()) > 0 {
			all = append(append(all, s.Bytes()...), '\n')
		}
	}
	if err := s.Err(); err != nil {
		return 0, 0, fmt.Errorf("%s: %w", corpus, err)
	}
	if len(all) == 0 {
		return 0, 0, fmt.Errorf("%s: no records: want NDJSON, plain or gzip", corpus)
	}
	f, err := os.Create(file)
	if err != nil {
		return 0, 0, err
	}
	defer closing(f, &err)
	for bytes < size {
		if _, err := f.Write(all); err != nil {
			return 0, 0, err
		}
		copies++
		bytes += int64(len(all))
	}
	return copies, bytes, nil
}

func closing(f *os.File, err *error) {
	if e := f.Close(); *err == nil {
		*err = e
	}
}

// parsed is what parseFile tells: how many lines there were and how many of
// them fastjson could parse.
type parsed struct {
	Records int `json:"records"`
	Parsed  int `json:"parsed"`
}

// parseFile reads a file by lines and parses each, and does nothing else.
func parseFile(file string, stdout io.Writer) error {
	s, c, err := lines(file)
	if err != nil {
		return err
	}
	defer c.Close()
	var n parsed
	var p fastjson.Parser
	for s.Scan() {
		n.Records++
		if _, err := p.ParseBytes(s.Bytes()); err == nil {
			n.Parsed++
		}
	}
	if err := s.Err(); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return json.NewEncoder(stdout).Encode(n)
}
