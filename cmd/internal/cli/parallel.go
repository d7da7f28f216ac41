package cli

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/regtrap/regtrap/cmd/internal/pipeline"
	"github.com/regtrap/regtrap/cmd/internal/show"
	"github.com/regtrap/regtrap/enrich"
	"github.com/regtrap/regtrap/schemas"
)

const (
	chunkBytes   = 1 << 20 // of records that one worker gets at a time
	chunkRecords = 4096
	// complaints is how many unreadable records of a file are reported one by
	// one: a damaged file must not fill the terminal.
	complaints = 20
)

// matching is one run of match: a reader cuts the files into chunks of records,
// workers match them, and one writer puts the results in the order of the
// input. Memory is bounded by the number of chunks that are under way.
type matching struct {
	process Process
	config  pipeline.Config
	output  output

	read    atomic.Int64 // bytes of the files, as they are on disk
	records atomic.Int64

	free chan *chunk // done with, for the reader to fill again

	// Of the writer.
	out    *bufio.Writer
	stats  pipeline.Stats
	broken error // what ended the output

	screen   sync.Mutex // standard error, while it shows progress
	progress bool       // a line of it stands there
	panicked sync.Once
}

// chunk is some records of one file. It belongs to the reader, then to one
// worker, then, when its result is there, to the writer, who hands it back.
type chunk struct {
	name    string
	err     error // instead of records: why the file could not be read further
	first   int   // number of its first record in the file
	buf     []byte
	ends    []int // of each record in buf
	lines   []int // that each record begins on
	results chan result
}

// result is what a chunk came to.
type result struct {
	out   []byte
	dead  []deadRecord
	errs  []error // alerts that could not be written down
	stats pipeline.Stats
}

// deadRecord is a record that could not be read.
type deadRecord struct {
	line    int
	outcome schemas.Outcome
}

// run matches the files and returns the exit status as far as reading goes.
func (m *matching) run(ctx context.Context, names []string) (status int) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	workers := runtime.GOMAXPROCS(0)
	work := make(chan *chunk, workers)
	order := make(chan *chunk, 4*workers)
	m.free = make(chan *chunk, cap(order))

	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			w := pipeline.NewWorker(m.config)
			for c := range work {
				c.results <- m.match(w, c)
			}
		})
	}
	group.Go(func() {
		defer close(work)
		defer close(order)
		for _, name := range names {
			err := m.cut(ctx, name, work, order)
			if ctx.Err() != nil {
				return
			}
			if err != nil {
				order <- &chunk{name: name, err: err}
			}
		}
	})
	reported := make(map[string]int)
	for c := range order {
		if c.err != nil {
			m.complain(c.err)
			status = failed
			continue
		}
		r := <-c.results
		name := c.name
		m.release(c)
		if m.broken == nil {
			if _, m.broken = m.out.Write(r.out); m.broken != nil {
				stop() // nobody reads on; what is under way is let through
			}
		}
		m.stats.Merge(&r.stats)
		for _, d := range r.dead {
			m.report(name, d, reported)
		}
		for _, err := range r.errs {
			m.complain(err)
			status = failed
		}
	}
	group.Wait()
	for _, name := range names {
		if more := reported[name] - complaints; more > 0 {
			m.complain(fmt.Errorf("%s: %d more records that cannot be read: see --stats", name, more))
			reported[name] = 0 // a file may be named twice
		}
	}
	return status
}

func (m *matching) report(name string, d deadRecord, reported map[string]int) {
	if reported[name]++; reported[name] > complaints {
		return
	}
	m.complain(fmt.Errorf("%s:%d: %s: %s", name, d.line, d.outcome.Reason, d.outcome.Detail))
}

// chunk returns an empty chunk, one that was used before if there is one: new
// ones for all of a file are five times its bytes, as they grow.
func (m *matching) chunk(name string, first int) *chunk {
	select {
	case c := <-m.free:
		c.name, c.first = name, first
		c.buf, c.ends, c.lines = c.buf[:0], c.ends[:0], c.lines[:0]
		return c
	default:
		return &chunk{name: name, first: first, buf: make([]byte, 0, chunkBytes+chunkBytes/8), results: make(chan result, 1)}
	}
}

// release hands a chunk back, unless a record beyond the usual has made it large.
func (m *matching) release(c *chunk) {
	if cap(c.buf) > 2*chunkBytes {
		return
	}
	select {
	case m.free <- c:
	default:
	}
}

// cut cuts one file into chunks. A file that cannot be read to its end gives
// what it has, and an interrupt the records that were read before it. Sending
// needs no look at ctx: run takes everything until order is closed.
func (m *matching) cut(ctx context.Context, name string, work, order chan<- *chunk) error {
	in, err := m.process.open(ctx, name, &m.read)
	if err != nil {
		return err
	}
	defer in.close()
	s := newSplitter(in)
	number := 0
	for {
		c := m.chunk(name, number)
		var end error
		for end == nil && len(c.buf) < chunkBytes && len(c.ends) < chunkRecords {
			var line int
			from := len(c.buf)
			c.buf, line, end = s.next(c.buf)
			if ctx.Err() != nil && end != nil {
				c.buf = c.buf[:from] // cut by the interrupt, not damaged
			} else if end == nil || len(c.buf) > from {
				c.ends, c.lines = append(c.ends, len(c.buf)), append(c.lines, line)
			}
		}
		number += len(c.ends)
		m.records.Add(int64(len(c.ends)))
		if len(c.ends) > 0 {
			order <- c
			work <- c
		} else {
			m.release(c)
		}
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(end, io.EOF):
			return nil
		case end != nil:
			return fmt.Errorf("%s:%d: %w", name, s.line, end)
		}
	}
}

// match takes the records of a chunk through the pipeline.
func (m *matching) match(w *pipeline.Worker, c *chunk) result {
	var r result
	from := 0
	for i, end := range c.ends {
		src := enrich.Source{Topic: c.name, Offset: int64(c.first + i), Value: c.buf[from:end]}
		from = end
		res := w.Record(src)
		r.stats.Add(src, res)
		for _, a := range res.Alerts {
			out, err := m.appendAlert(r.out, a)
			if err != nil {
				r.errs = append(r.errs, fmt.Errorf("%s:%d: alert %s: %w", c.name, c.lines[i], a.Event.ID, err))
				continue
			}
			r.out = out
		}
		if res.DeadLetter != nil {
			r.dead = append(r.dead, deadRecord{c.lines[i], *res.DeadLetter})
		}
	}
	return r
}

func (m *matching) appendAlert(dst []byte, a *schemas.Alert) ([]byte, error) {
	if m.output == text {
		b := bytes.NewBuffer(dst)
		b.WriteString(show.Alert(a))
		b.WriteByte('\n')
		return b.Bytes(), nil
	}
	line, err := a.AppendJSON(dst)
	return append(line, '\n'), err
}
