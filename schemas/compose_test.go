package schemas

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// show writes all that an event shows but its index, or the reason of none.
func show(ev *Event, out Outcome) string {
	if ev == nil {
		return string(out.Reason)
	}
	at, source := ev.Time()
	var b strings.Builder
	fmt.Fprintln(&b, ev.Shape, ev.Action, at.Format(time.RFC3339Nano), source, ev.DisplayPath(), ev.DisplayKey(), ev.Opaque(), ev.Truncated(), out.Missing)
	for f := range Field(NumFields) {
		for _, v := range ev.Values(f) {
			fmt.Fprintln(&b, f, v)
		}
	}
	return b.String()
}

// showAll reads a value.
func showAll(d *Decoder, value []byte) (all []string) {
	d.Reset(value)
	for {
		ev, out := d.Next()
		if out.Kind == End {
			return all
		}
		text := show(ev, out)
		if ev != nil && ev.Index != len(all) {
			text += fmt.Sprintf("index %d instead of %d", ev.Index, len(all))
		}
		all = append(all, text)
	}
}

// A composer makes values of records, in every way in which records come, and
// says what they have to show: what each of them shows alone.
type composer struct {
	*rand.Rand
	d       *Decoder
	records [][]byte
	plain   []wrapper // that say nothing of host and time
}

func (c *composer) space() string { return []string{"", "", " ", "\n", "\r\n", "\t \n"}[c.IntN(6)] }

// record returns one record, and what it shows.
func (c *composer) record() (text string, shows []string) {
	if c.IntN(8) == 0 {
		text := []string{`{}`, `{"a":{"b":[1,{"EventID":13}]}}`, `{"EventID":1,"Channel":"x"}`, `{"event":{"kind":"alert"}}`, `{"a":"{\"EventID\":13}"}`}[c.IntN(5)]
		return text, showAll(c.d, []byte(text))
	}
	b := c.records[c.IntN(len(c.records))]
	shows = showAll(c.d, b)
	if b[0] == '{' && c.IntN(2) == 0 {
		var v any
		if err := json.Unmarshal(b, &v); err != nil {
			panic(err)
		}
		b = rewrite(c.Rand, v, false)
	}
	return string(b), shows
}

// value returns a value of several records. levels bounds the documents within
// documents; json says that it has to be JSON, as what stands in JSON has.
func (c *composer) value(levels int, isJSON bool) (text string, shows []string) {
	add := func(t string, s []string) {
		text += t
		shows = append(shows, s...)
	}
	for range 1 + c.IntN(3) {
		add(c.space(), nil)
		kind := c.IntN(4)
		if levels == 0 {
			kind = 0
		}
		switch kind {
		case 1: // an array of records, texts and scalars
			elements, s := c.elements(levels)
			add(elements, s)
		case 2: // records
			elements, s := c.elements(levels - 1)
			add(`{`+c.space()+`"records"`+c.space()+`:`+elements+c.space()+`}`, s)
		case 3: // a text, in a record of another kind
			w := c.plain[c.IntN(len(c.plain))]
			t, s := c.text(levels - 1)
			add(w.wrap(t, "", "", c.IntN(2) == 0), s)
		default:
			t, s := c.record()
			if isJSON && t[0] == '<' {
				continue
			}
			add(t, s)
		}
	}
	if text = strings.TrimSpace(text); text == "" {
		return c.value(levels, isJSON)
	}
	return text, shows
}

// text returns a JSON string that holds a document: JSON, or XML.
func (c *composer) text(levels int) (text string, shows []string) {
	if c.IntN(2) == 0 {
		text, shows = c.value(levels, true)
	}
	for text == "" {
		if t, s := c.record(); t[0] == '<' {
			text, shows = t+c.space(), s
		}
	}
	return quoted(text), shows
}

// elements returns an array.
func (c *composer) elements(levels int) (text string, shows []string) {
	var list []string
	for range c.IntN(4) {
		switch c.IntN(5) {
		case 0:
			list = append(list, []string{"1", "true", "null", `"text"`, "[]", "[[{}]]"}[c.IntN(6)])
			shows = append(shows, string(SkipUnknownShape))
		case 1:
			if levels <= 0 {
				continue
			}
			t, s := c.text(levels - 1)
			list = append(list, t)
			shows = append(shows, s...)
		default:
			t, s := c.record()
			if t[0] == '{' {
				list = append(list, t)
				shows = append(shows, s...)
			}
		}
	}
	return "[" + c.space() + strings.Join(list, c.space()+","+c.space()) + c.space() + "]", shows
}

// However records come together, each shows what it shows alone.
func TestRecordsComposedShowWhatTheyShowAlone(t *testing.T) {
	c := &composer{Rand: rand.New(rand.NewPCG(9, 7)), d: NewDecoder()}
	for _, b := range fixtureRecords(t) {
		if !bytes.HasPrefix(b, []byte("<?")) { // no declaration within a document
			c.records = append(c.records, b)
		}
	}
	for _, w := range wrappers() {
		if w.host == "" && w.path != "records" {
			c.plain = append(c.plain, w)
		}
	}
	d := Limits{Unwrap: 8}.NewDecoder()
	n := 0
	for range 1000 {
		text, want := c.value(c.IntN(4), false)
		if diff := cmp.Diff(want, showAll(d, []byte(text))); diff != "" {
			t.Fatalf("%s (-alone +composed)\n%s", text, diff)
		}
		n += len(want)
	}
	if n < 1500 {
		t.Errorf("%d records, want more", n)
	}
}
