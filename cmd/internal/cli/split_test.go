package cli

import (
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/regtrap/regtrap/cmd/internal/sample"
)

type cutRecord struct {
	Line int
	Text string
}

func cutAll(t testing.TB, r io.Reader) []cutRecord {
	t.Helper()
	s := newSplitter(r)
	var list []cutRecord
	for {
		b, line, err := s.next(nil)
		if errors.Is(err, io.EOF) || errors.Is(err, errOpenArray) {
			return list
		}
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, cutRecord{line, string(b)})
	}
}

func TestSplitterCuts(t *testing.T) {
	for name, test := range map[string]struct {
		in   string
		want []cutRecord
	}{
		"nothing":                    {"", nil},
		"blank lines":                {"\n \r\n\n", nil},
		"lines":                      {"{\"a\":1}\n\n{\"b\":2}\r\n{\"c\":3}", []cutRecord{{1, `{"a":1}`}, {3, `{"b":2}`}, {4, `{"c":3}`}}},
		"a document over lines":      {"{\n  \"a\": {\n    \"b\": \"}\"\n  }\n}\n", []cutRecord{{1, "{\n  \"a\": {\n    \"b\": \"}\"\n  }\n}"}}},
		"documents over lines":       {"{\n \"a\":1\n}\n{\n \"b\":2\n}\n", []cutRecord{{1, "{\n \"a\":1\n}"}, {4, "{\n \"b\":2\n}"}}},
		"one behind another":         {`{"a":1}{"b":2} {"c":3}`, []cutRecord{{1, `{"a":1}{"b":2} {"c":3}`}}},
		"an inner brace at line end": {"{\"a\":{}\n,\"b\":1}\n", []cutRecord{{1, "{\"a\":{}\n,\"b\":1}"}}},
		"an array":                   {"[{\"a\":1},\n{\"b\":[1,2]} , {\"c\":\"]\"}]\n", []cutRecord{{1, `{"a":1}`}, {2, `{"b":[1,2]}`}, {2, `{"c":"]"}`}}},
		"an empty array":             {"[ ]\n{\"a\":1}\n", []cutRecord{{2, `{"a":1}`}}},
		"an array a line":            {"[{\"a\":1}]\n[{\"b\":2}]\n", []cutRecord{{1, `{"a":1}`}, {2, `{"b":2}`}}},
		"other elements":             {"[{\"a\":1}, 2, \"x\"]", []cutRecord{{1, `{"a":1}`}, {1, `2`}, {1, `"x"`}}},
		"a damaged line":             {"{\"a\":\"x\n{\"b\":2}\n", []cutRecord{{1, `{"a":"x`}, {2, `{"b":2}`}}},
		"damage before a log line":   {"{\"a\":1,\n<134>x\n{\"b\":2}\n", []cutRecord{{1, `{"a":1,`}, {2, "<134>x"}, {3, `{"b":2}`}}},
		"a damaged last line":        {"{\"a\":1}\n{\"b\":", []cutRecord{{1, `{"a":1}`}, {2, `{"b":`}}},
		"a log line":                 {"[2026-03-04] hello\nMar  4 fw-1 drop\n", []cutRecord{{1, "[2026-03-04] hello"}, {2, "Mar  4 fw-1 drop"}}},
		"events": {"<?xml version=\"1.0\"?>\n<Events>\n<Event xmlns='x'><A/>\n</Event><Event>2</Event>\n</Events>\n",
			[]cutRecord{{3, "<Event xmlns='x'><A/>\n</Event>"}, {4, "<Event>2</Event>"}}},
		"text behind a document":               {"{\"a\":1} x\n{\"b\":2}\n", []cutRecord{{1, `{"a":1} x`}, {2, `{"b":2}`}}},
		"one behind another, then other text":  {"{\"a\":1}{\"b\":2}\n<134>x\n", []cutRecord{{1, `{"a":1}{"b":2}`}, {2, "<134>x"}}},
		"documents over lines on shared lines": {"{\n \"a\":1\n}{\n \"b\":2\n}\n", []cutRecord{{1, "{\n \"a\":1\n}{\n \"b\":2\n}"}}},
		"a comma in an element's text":         {"[{\"c\":1}, \"a,]\\\"b\"]", []cutRecord{{1, `{"c":1}`}, {1, `"a,]\"b"`}}},
		"an array in an array":                 {"[{\"a\":1},[{\"b\":2},3]]", []cutRecord{{1, `{"a":1}`}, {1, `[{"b":2},3]`}}},
		"an array without its end":             {"[\n{\"a\":1},\n{\"b\":2},\n", []cutRecord{{2, `{"a":1}`}, {3, `{"b":2}`}}},
		"an array cut in an element":           {"[{\"a\":1},{\"b\":\nMar  4 drop\n{\"c\":1,\"d\":2}\n", []cutRecord{{1, `{"a":1}`}, {1, `{"b":`}, {2, "["}, {2, "Mar  4 drop"}, {3, `{"c":1,"d":2}`}}},
		"an event without its end":             {"<Event><System>\n{\"a\":1}\n<Event>\n<EventData/>\n<Event>2</Event>\n", []cutRecord{{1, "<Event><System>"}, {2, `{"a":1}`}, {3, "<Event>\n<EventData/>"}, {5, "<Event>2</Event>"}}},
		"a script in an event":                 {"<Event>if (x)\n{\n y\n}\n</Event>\n{\"a\":1}\n", []cutRecord{{1, "<Event>if (x)\n{\n y\n}\n</Event>"}, {6, `{"a":1}`}}},
		"a tag without its end":                {"<?xml version\n{\"a\":1}\n", []cutRecord{{2, `{"a":1}`}}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, cutAll(t, strings.NewReader(test.in))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.want, cutAll(t, iotest.OneByteReader(strings.NewReader(test.in)))); diff != "" {
				t.Errorf("a byte at a time (-want +got):\n%s", diff)
			}
		})
	}
}

// Real records on lines come out as they went in, wherever the buffer ends.
func TestSplitterReturnsTheLinesOfNDJSON(t *testing.T) {
	f := sample.New(7, time.Date(2026, 3, 4, 10, 0, 0, 0, time.UTC))
	rng := rand.New(rand.NewPCG(1, 2))
	var text strings.Builder
	var want []string
	for range 4000 {
		r := f.Benign()
		if rng.IntN(20) == 0 {
			r.Value = []byte(`{"pad":"` + strings.Repeat("x", rng.IntN(200_000)) + `"}`)
		}
		want = append(want, string(r.Value))
		text.Write(r.Value)
		text.WriteByte('\n')
	}
	var got []string
	for _, r := range cutAll(t, strings.NewReader(text.String())) {
		got = append(got, r.Text)
	}
	if !slices.Equal(got, want) {
		t.Errorf("%d records, want %d, or others than these", len(got), len(want))
	}
}

func TestSplitterKeepsALongRecordOnlyToTheLimit(t *testing.T) {
	long := `{"a":"` + strings.Repeat("x", maxRecord+1000) + `"}`
	got := cutAll(t, strings.NewReader(long+"\n{\"b\":2}\n"))
	if len(got) != 2 || len(got[0].Text) != maxRecord || got[1].Text != `{"b":2}` || got[1].Line != 2 {
		t.Errorf("%d records, the first of %d bytes", len(got), len(got[0].Text))
	}
}

// Whatever is damaged before it, a record on a line of its own comes out whole.
func TestNoDamagedRecordSwallowsAnother(t *testing.T) {
	damage := []string{
		`[{"a":1},{"b":`, `[{"a":1},`, `[{"a":1}`, `[{"a":"x,`, `["a,b`, `[`, `]`, `[{"a":1},"b`, `[{"a":1},null`, `[{"a":1},nothing`,
		`{"a":`, `{"a":"x`, `{"a":"x\`, `{"a":[1,`, `{`, `}`, "{\n  \"a\": 1,", `{"a":1}}`, `{"a":1} x "`, `{"a":1} {`,
		`<Event xmlns='x'><System>`, `<Event>`, `<Events`, `<?xml`, `<!--`, `</Events`, `<134>fw-1 drop`, `[2026-03-04] x, y]`, `Mar  4 fw-1 drop`,
		`[{"a":1},{"b":2}]`, "[\n  {\n    \"a\": 1\n  }\n]", "{\n  \"a\": 1\n}", `"a`, `,`, ``,
	}
	rng := rand.New(rand.NewPCG(3, 4))
	for range 2000 {
		var text strings.Builder
		want := 0
		for range 1 + rng.IntN(6) {
			if rng.IntN(3) == 0 {
				text.WriteString(good + "\n")
				want++
				continue
			}
			text.WriteString(damage[rng.IntN(len(damage))] + "\n")
		}
		text.WriteString(good)
		want++
		got := 0
		for _, r := range cutAll(t, strings.NewReader(text.String())) {
			if r.Text == good {
				got++
			}
		}
		if got != want {
			t.Fatalf("%d of %d good records from\n%s", got, want, text.String())
		}
	}
}

const good = `{"EventID":13,"Details":"a, b] }"}`

func TestSplitterCutsALineWithoutEnd(t *testing.T) {
	const one = `{"a":"0123456789"}`
	in := strings.Repeat(one, 4<<20/len(one))
	total := 0
	for _, r := range cutAll(t, strings.NewReader(in)) {
		if len(r.Text) > longLine+len(one) {
			t.Errorf("a record of %d bytes", len(r.Text))
		}
		total += len(r.Text)
	}
	if total != len(in) {
		t.Errorf("%d bytes of records from %d", total, len(in))
	}
}

// Nothing but white space, separators and tags around records is lost.
func FuzzSplitter(f *testing.F) {
	for _, seed := range []string{"{\"a\":1}\n[{\"b\":2}]", "<Events><Event>x</Event></Events>", "[{\n{", "{\"a\\\"\n{}"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		total, line := 0, 0
		for _, r := range cutAll(t, strings.NewReader(in)) {
			if r.Line < line || r.Text == "" {
				t.Errorf("record %q on line %d behind one on line %d", r.Text, r.Line, line)
			}
			line = r.Line
			total += len(r.Text)
		}
		if total > len(in) {
			t.Errorf("%d bytes of records from %d", total, len(in))
		}
	})
}
