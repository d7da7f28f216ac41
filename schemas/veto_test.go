package schemas_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regtrap/regtrap/schemas"
)

// fixtures returns every record of the shapes' fixtures.
func fixtures(t testing.TB) []string {
	var all []string
	for _, file := range shapeFiles(t) {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, strings.Split(strings.TrimSpace(string(b)), "\n")...)
	}
	return all
}

// eventIDs finds event ids where the shapes have them, also within documents
// within texts, where quotes are escaped.
var eventIDs = regexp.MustCompile(`(\\*")(EventID|EventId|event_id|eventID|code)(\\*":\s*)(\\*"\d+\\*"|\d+|\{[^{}]*\})|<EventID>\d+</EventID>`)

// otherID returns a record with its ids replaced by another, in one of the
// forms that an id may have.
func otherID(r *rand.Rand, record string) string {
	ids := []string{"1", "3", "5", "12", "13", "14", "4657", "22", "0", "65535", "65536", "4294967309", "00013", "-13"}
	id := ids[r.IntN(len(ids))]
	form := []string{
		`NAME:ID`, `NAME:"ID"`, `NAME:" ID "`, `NAME:ID.0`, `NAME:ID.5`, `NAME:{"#text":ID}`, `NAME:{"text":"ID"}`, `NAME:[ID]`,
		`NAME:null,"x":ID`, `NAME:ID,NAME:13`, `NAME:13,NAME:"ID"`, `"x":ID`,
	}[r.IntN(12)]
	return replaceIDs(record, func(name string) string {
		return strings.NewReplacer("NAME", `"`+name+`"`, "ID", id).Replace(form)
	})
}

// replaceIDs writes what member returns for every id. In XML, where there are
// no members, the text of it goes into the element.
func replaceIDs(record string, member func(name string) string) string {
	return eventIDs.ReplaceAllStringFunc(record, func(old string) string {
		if old[0] == '<' {
			text := member("EventID")
			text = strings.ReplaceAll(text[strings.IndexByte(text, ':')+1:], `,"EventID":`, "</EventID><EventID>")
			return "<EventID>" + strings.Trim(text, `"`) + "</EventID>"
		}
		m := eventIDs.FindStringSubmatch(old)
		return strings.ReplaceAll(member(m[2]), `"`, m[1])
	})
}

// A pair of decoders, of which one reads every record to its end.
type pair struct{ full, vetoing *schemas.Decoder }

func newPair() pair {
	p := pair{schemas.NewDecoder(), schemas.NewDecoder()}
	p.full.ReadAll()
	return p
}

// read reads a value with and without the veto. damaged says that the full
// reading found something malformed, or beyond a limit.
func (p pair) read(value []byte) (full, vetoed string, damaged bool) {
	full, damaged = dumpValue(p.full, value)
	vetoed, _ = dumpValue(p.vetoing, value)
	return full, vetoed, damaged
}

// dumpValue is dumpAll without overwriting, which takes most of its time.
func dumpValue(d *schemas.Decoder, value []byte) (text string, damaged bool) {
	var b strings.Builder
	d.Reset(value)
	for {
		ev, out := d.Next()
		if out.Kind == schemas.End {
			return b.String(), damaged
		}
		b.WriteString(dump(ev, out))
		fmt.Fprintln(&b, "missing", out.Missing)
		switch out.Reason {
		case schemas.DeadMalformedJSON, schemas.DeadMalformedXML, schemas.DeadLimit:
			damaged = true
		}
	}
}

func TestVetoSkipsOnlyWhatTheFullReadingSkips(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 5))
	p := newPair()
	records := fixtures(t)
	n := 0
	for _, record := range records {
		for range 12 {
			record := otherID(r, record)
			other := records[r.IntN(len(records))]
			value := []string{
				record, record + "\n" + other, other + record, " \r\n" + record + "\t\n", "[" + record + "," + other + "]",
				`{"records":[` + record + "]}", `{"EventID":1}` + record, record + `{"a":[{"b":"}{"}]}`,
			}[r.IntN(8)]
			full, vetoed, damaged := p.read([]byte(value))
			if diff := cmp.Diff(full, vetoed); diff != "" && !damaged {
				t.Fatalf("%s\n(-full +vetoed)\n%s", value, diff)
			}
			if !damaged {
				n++
			}
		}
	}
	if n < 3000 {
		t.Errorf("%d values compared, want more", n)
	}
}

func TestVetoOfXMLEndsWhereTheEventDoes(t *testing.T) {
	const (
		other = `<Event><System><EventID>1</EventID></System><EventData><Data Name='Image'>C:\a.exe</Data></EventData>`
		ours  = `<Event><System><EventID>13</EventID></System><EventData><Data Name='TargetObject'>HKLM\Software\A\b</Data></EventData></Event>`
		path  = `HKLM\Software\A\b`
	)
	for name, c := range map[string]struct {
		value string
		want  []string
	}{
		"alone":                 {other + "</Event>", []string{"not_registry"}},
		"then ours":             {other + "</Event>" + ours, []string{"not_registry", "1 " + path}},
		"space in the end tag":  {other + "</Event >" + ours, []string{"not_registry", "1 " + path}},
		"line in the end tag":   {other + "</Event\n>\n" + ours, []string{"not_registry", "1 " + path}},
		"an event in the event": {other + "<UserData>" + ours + "</UserData></Event>" + ours, []string{"not_registry", "1 " + path}},
		"an empty one in it":    {other + "<Event/></Event>" + ours, []string{"not_registry", "1 " + path}},
		"end in a comment":      {other + "<!-- </Event> --></Event>" + ours, []string{"not_registry", "1 " + path}},
		"end in an instruction": {other + "<?x </Event> ?></Event>" + ours, []string{"not_registry", "1 " + path}},
		"end in a section":      {other + "<a><![CDATA[</Event>]]></a></Event>" + ours, []string{"not_registry", "1 " + path}},
		"with a prefix":         {"<e:Event>" + other[len("<Event>"):] + "</e:Event>" + ours, []string{"not_registry", "1 " + path}},
		"one with a prefix":     {other + "</Event ><e:Event>" + ours[len("<Event>"):len(ours)-len("</Event>")] + "</e:Event>" + ours, []string{"not_registry", "1 " + path, "2 " + path}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, outcomes(schemas.NewDecoder(), c.value)); diff != "" {
				t.Errorf("%s (-want +read)\n%s", c.value, diff)
			}
			d := schemas.NewDecoder()
			d.ReadAll()
			if diff := cmp.Diff(c.want, outcomes(d, c.value)); diff != "" {
				t.Errorf("read to its end: %s (-want +read)\n%s", c.value, diff)
			}
		})
	}
}

// A line that is damaged behind an id that is of no registry event may be
// skipped instead of dead, but hides no line behind it.
func TestVetoOfADamagedLineHidesNoOther(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 13))
	p := newPair()
	good := "\n" + minimalRecord + "\n"
	for _, record := range fixtures(t) {
		if record[0] != '{' {
			continue
		}
		for _, id := range []string{"1", `"3"`} {
			bad := []byte(replaceIDs(record, func(name string) string { return `"` + name + `":` + id }))
			for range 5 {
				at := 1 + r.IntN(len(bad)-1)
				bad[at] = "\"\\{}[],:x\x00<"[r.IntN(11)]
				full, vetoed, _ := p.read([]byte(string(bad) + good))
				if a, b := strings.Count(full, `path "HKLM\\Software\\A\\b"`), strings.Count(vetoed, `path "HKLM\\Software\\A\\b"`); a != b {
					t.Fatalf("%s\nevents of the good line: %d with the full reading, %d with the veto", bad, a, b)
				}
			}
		}
	}
}

// FuzzVeto compares the decoder with one that reads every record to its end:
// both must give the same outcomes and the same events, text for text.
//
// Where the full reading finds a text malformed, or beyond a limit, the two may
// differ: a record with an event id of no registry event is then skipped for
// it, not a dead letter for what stands behind its id; and reading goes on
// behind the record, not behind the place where it is malformed. Such values
// are only read; nor is markup behind JSON looked into that is no event, whose
// end nobody knows. What is valid JSON otherwise is FuzzDecoder's.
func FuzzVeto(f *testing.F) {
	r := rand.New(rand.NewPCG(1, 3))
	for _, record := range fixtures(f) {
		f.Add([]byte(record))
		f.Add([]byte(otherID(r, record)))
		f.Add([]byte(otherID(r, record) + "\n" + minimalRecord))
	}
	for _, value := range []string{
		`{"EventID":1}[{"EventID":13,"TargetObject":"HKLM\\a"}]`, `{"EventID":1,"a":[{"b":{}}],"c":"}{\n{"}`,
		"{\"EventID\":1,\"a\":\n[\n{}]}\n[" + minimalRecord + "]", `{"EventID":1}<Event><System><EventID>13</EventID></System></Event>{}`,
		`{"time":1,"event":{"EventID":1}}` + minimalRecord, `{"EventID":1,"records":[` + minimalRecord + `]}`,
		`{"message":"{\"EventID\":1}` + strings.ReplaceAll(strings.ReplaceAll(minimalRecord, `\`, `\\`), `"`, `\"`) + `"}`,
	} {
		f.Add([]byte(value))
	}
	p := newPair()
	f.Fuzz(func(t *testing.T, value []byte) {
		if bytes.Count(value, []byte("{")) > 1<<12 {
			return // dumps of thousands of events say nothing more
		}
		full, vetoed, damaged := p.read(value)
		if !damaged && full != vetoed && !otherMarkup(value) {
			t.Fatalf("%q\n(-full +vetoed)\n%s", value, cmp.Diff(full, vetoed))
		}
	})
}

// otherMarkup reports whether markup that is no event stands behind JSON.
func otherMarkup(value []byte) bool {
	for i, c := range value {
		before := bytes.TrimSpace(value[:i])
		if c == '<' && (bytes.HasSuffix(before, []byte("}")) || bytes.HasSuffix(before, []byte("]"))) && !bytes.HasPrefix(value[i:], []byte("<Event")) {
			return true
		}
	}
	return false
}
