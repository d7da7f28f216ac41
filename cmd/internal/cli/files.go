package cli

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"syscall"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// stdinName stands for standard input on the command line and in alerts.
const stdinName = "-"

// input is an open file, decompressed.
type input struct {
	io.Reader
	name  string
	close func()
}

// maxWindow bounds what a zstd frame may make its reader keep: 128 MiB, as the
// zstd tool does by itself.
const maxWindow = 128 << 20

// open opens a file, or standard input, and sees through gzip and zstd by
// their first bytes. Bytes read, as they are in the file, are added to read.
// Reading ends when ctx does.
func (p Process) open(ctx context.Context, name string, read *atomic.Int64) (*input, error) {
	source, waits := p.Stdin, true
	closers := []func(){}
	in := &input{name: name, close: func() {
		for i := len(closers) - 1; i >= 0; i-- {
			closers[i]()
		}
	}}
	if name != stdinName {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		closers = append(closers, func() { f.Close() })
		info, err := f.Stat()
		source, waits = f, err != nil || !info.Mode().IsRegular()
	}
	if waits {
		pipe := untilDone(ctx, source)
		closers = append(closers, func() { pipe.Close() })
		source = pipe
	}
	b := bufio.NewReaderSize(&counter{source, read}, 256<<10)
	magic, err := b.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		in.close()
		return nil, fileError(name, err)
	}
	in.Reader = b
	switch {
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(b)
		if err != nil {
			in.close()
			return nil, fileError(name, err)
		}
		in.Reader = z
	case bytes.Equal(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		z, err := zstd.NewReader(b, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			in.close()
			return nil, fileError(name, err)
		}
		closers = append(closers, z.Close)
		in.Reader = z
	}
	if err := in.mark(); err != nil {
		in.close()
		return nil, fileError(name, err)
	}
	return in, nil
}

// untilDone returns a reader of r that ends with the context's error, even while
// a read of r waits, as one of a pipe or a terminal may for ever: an interrupt
// must not wait for it. Such a read is left behind and ends with the process.
func untilDone(ctx context.Context, r io.Reader) io.ReadCloser {
	out, in := io.Pipe()
	stop := context.AfterFunc(ctx, func() { in.CloseWithError(ctx.Err()) })
	go func() {
		_, err := io.Copy(in, r)
		stop()
		in.CloseWithError(err)
	}()
	return out
}

// mark reads over a byte order mark, and refuses the encodings that one tells of.
func (in *input) mark() error {
	b := bufio.NewReaderSize(in.Reader, 64<<10)
	in.Reader = b
	head, err := b.Peek(3)
	switch {
	case err != nil && !errors.Is(err, io.EOF):
		return err
	case bytes.Equal(head, []byte{0xef, 0xbb, 0xbf}):
		b.Discard(3)
	case bytes.HasPrefix(head, []byte{0xff, 0xfe}), bytes.HasPrefix(head, []byte{0xfe, 0xff}):
		return errors.New("UTF-16 text: want UTF-8: convert it with iconv -f UTF-16 -t UTF-8")
	}
	return nil
}

// fileError names the file, where err does not.
func fileError(name string, err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return err
	}
	return fmt.Errorf("%s: %w", name, err)
}

// counter counts what is read.
type counter struct {
	r io.Reader
	n *atomic.Int64
}

func (c *counter) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n.Add(int64(n))
	return n, err
}

// sizeOf returns the bytes of all files, and false when one cannot tell.
func sizeOf(names []string) (total int64, ok bool) {
	for _, name := range names {
		if name == stdinName {
			return 0, false
		}
		info, err := os.Stat(name)
		if err != nil || !info.Mode().IsRegular() {
			return 0, false
		}
		total += info.Size()
	}
	return total, true
}

// closedByReader reports whether the reader of our output has gone away, as
// head does: that is no failure.
func closedByReader(err error) bool {
	return errors.Is(err, syscall.EPIPE) || errors.Is(err, io.ErrClosedPipe)
}
