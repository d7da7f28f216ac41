package cli_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/regtrap/regtrap/cmd/internal/cli"
)

const attack = `{"EventID":13,"Image":"C:\\Windows\\System32\\wbem\\WmiPrvSE.exe","TargetObject":"HKLM\\Software\\Microsoft\\Windows\\CurrentVersion\\Run\\updater","Details":"C:\\u.exe"}` + "\n"

func TestMatchReadsCompressedInput(t *testing.T) {
	in, _ := mix(3000)
	plain, _ := match(t, in)
	if plain == "" {
		t.Fatal("no alert")
	}
	var zipped, zstded bytes.Buffer
	z := gzip.NewWriter(&zipped)
	half := len(in) / 2
	z.Write(in[:half])
	z.Close() // a second member follows, as in files that were joined
	z.Reset(&zipped)
	z.Write(in[half:])
	z.Close()
	s, err := zstd.NewWriter(&zstded)
	if err != nil {
		t.Fatal(err)
	}
	s.Write(in)
	s.Close()
	for name, b := range map[string][]byte{"gzip": zipped.Bytes(), "zstd": zstded.Bytes(), "byte order mark": append([]byte("\xef\xbb\xbf"), in...)} {
		if got, _ := match(t, b); made(got) != made(plain) {
			t.Errorf("%s: other alerts than from plain text", name)
		}
	}
}

// waiting is an input that gives its text and then waits for ever, as a pipe
// may whose writer has nothing to say.
type waiting struct {
	text    io.Reader
	waits   func() // called when everything was taken
	forever chan struct{}
}

func (w *waiting) Read(b []byte) (int, error) {
	if n, err := w.text.Read(b); err == nil {
		return n, nil
	}
	w.waits()
	<-w.forever
	return 0, io.EOF
}

func TestAnInterruptEndsAWaitForInputAndKeepsWhatWasRead(t *testing.T) {
	for name, test := range map[string]struct {
		in     string
		alerts int
		errs   string
	}{
		"nothing read":      {"", 0, "regtrap: interrupted: what was read before is written\n"},
		"a record read":     {attack, 1, "regtrap: interrupted: what was read before is written\n"},
		"half a record too": {attack + attack[:40], 1, "regtrap: interrupted: what was read before is written\n"},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, interrupt := context.WithCancel(t.Context())
			in := &waiting{strings.NewReader(test.in), interrupt, make(chan struct{})}
			defer close(in.forever)
			var out, errs bytes.Buffer
			status := cli.Main(ctx, cli.Process{Stdin: in, Stdout: &out, Stderr: &errs}, []string{"match"})
			if got := strings.Count(out.String(), "\n"); status != 1 || got != test.alerts || errs.String() != test.errs {
				t.Errorf("exit status %d, %d alerts, %q", status, got, errs.String())
			}
		})
	}
}

func TestARecordBeyondTheLimitIsADeadLetter(t *testing.T) {
	long := `{"a":"` + strings.Repeat("x", 17<<20) + "\"}\n"
	out, errs := match(t, []byte(long+attack))
	if !strings.HasPrefix(errs, "regtrap: -:1: limit: ") || strings.Count(errs, "\n") != 1 || strings.Count(out, `"offset":1,`) != 1 {
		t.Errorf("complaints %q, %d bytes of alerts", errs, len(out))
	}
}

// Complaints come in the order of the input, those of files among those of records.
func TestComplaintsComeInInputOrder(t *testing.T) {
	dir := t.TempDir()
	var names []string
	var want strings.Builder
	for _, name := range []string{"a", "b", "c", "d"} {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte("{\"a\":\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		names = append(names, file, file+".absent")
		want.WriteString(file + ":1:\n" + "open " + file + ".absent:\n")
	}
	var out, errs bytes.Buffer
	status := cli.Main(t.Context(), cli.Process{Stdout: &out, Stderr: &errs}, append([]string{"match"}, names...))
	var got strings.Builder
	for line := range strings.Lines(errs.String()) {
		line = strings.TrimPrefix(line, "regtrap: ")
		for _, name := range names {
			for _, head := range []string{name + ":1:", "open " + name + ":"} {
				if strings.HasPrefix(line, head) {
					got.WriteString(head + "\n")
				}
			}
		}
	}
	if status != 1 || got.String() != want.String() {
		t.Errorf("exit status %d\n%s", status, errs.String())
	}
}
