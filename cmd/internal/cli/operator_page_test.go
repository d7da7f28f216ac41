package cli_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The pages of the commands of an operator show what these print: each command
// of a page is run, in order, and before some of them something happens.

func TestPageOfOffsetsShowsWhatOffsetsSays(t *testing.T) {
	b := newBus(t)
	b.attacks(monday, 10)
	stop := b.run()
	b.committed()
	b.page("../../../docs/offsets.md", 5, map[int]func(){2: stop})
}

func TestPageOfDeadLettersShowsWhatDeadLettersSays(t *testing.T) {
	b := newBus(t)
	b.poison()
	b.works()
	b.page("../../../docs/dead-letters.md", 5, map[int]func(){4: b.works})
}

// page runs the commands of a page, and compares or, with -update, writes what
// they print.
func (b *bus) page(path string, commands int, before map[int]func()) {
	b.t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		b.t.Fatal(err)
	}
	blocks := strings.Split(string(data), "```")
	n := 0
	for i := 1; i < len(blocks); i += 2 { // blocks are at the odd places
		kind, text, _ := strings.Cut(blocks[i], "\n")
		line, _, _ := strings.Cut(text, "\n")
		args, ok := strings.CutPrefix(line, "$ regtrap ")
		if !ok {
			continue
		}
		if f := before[n]; f != nil {
			f()
		}
		n++
		r := b.regtrap(strings.Fields(args)...)
		blocks[i] = kind + "\n" + line + "\n" + constant(r.out+r.err)
	}
	if n != commands {
		b.t.Errorf("%d commands: want %d", n, commands)
	}
	want := strings.Join(blocks, "```")
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			b.t.Fatal(err)
		}
		return
	}
	if d := cmp.Diff(want, string(data)); d != "" {
		b.t.Error(d)
	}
}

var (
	stamps    = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`)
	memberIDs = regexp.MustCompile(`regtrap-[0-9a-f]{32}`)
	hosts     = regexp.MustCompile(`127\.0\.0\.1(:\d+)?`)
)

// constant puts texts that are always the same, and as long, in the place of
// those of this run: times of now, members, addresses.
func constant(s string) string {
	s = stamps.ReplaceAllStringFunc(s, func(m string) string {
		at, err := time.Parse(time.RFC3339Nano, m)
		if err != nil || time.Since(at).Abs() > time.Hour {
			return m
		}
		return "2026-03-04T10:31:07.123456789"[:len(m)-1] + "Z"
	})
	s = memberIDs.ReplaceAllString(s, "regtrap-5c0d7a3e9b1f42688d06f3a1c2b4e597")
	return hosts.ReplaceAllString(s, "10.20.0.17")
}
