package schemas_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/regtrap/regtrap/schemas"
)

// compareXML reads a value with the decoder and with the model, and reports
// whether the model has a word on it.
func compareXML(t *testing.T, d *schemas.Decoder, value []byte) bool {
	t.Helper()
	want, ok := readXML(value)
	if !ok {
		return false
	}
	d.Reset(value)
	for i, x := range want {
		reason, action, fields := x.expect()
		ev, out := d.Next()
		if out.Reason != reason || (ev != nil) != (fields != nil) {
			t.Fatalf("event %d: %+v, want reason %q of %q in %q", i, out, reason, x, value)
		}
		if ev == nil {
			continue
		}
		if ev.Index != i || ev.Shape != schemas.ShapeXML || action != anyAction && ev.Action != action {
			t.Fatalf("event %d: index %d, %s, %s, want %s, in %q", i, ev.Index, ev.Shape, ev.Action, action, value)
		}
		for f := range schemas.Field(schemas.NumFields) {
			got, gotOK := ev.First(f)
			want, wantOK := fields[f]
			if wantOK && (got != want || !gotOK) || !wantOK && gotOK && checkedXML[f] && action != anyAction {
				t.Fatalf("event %d: %s is %q, want %q, of %q in %q", i, f, got, want, x, value)
			}
		}
	}
	if ev, out := d.Next(); out.Kind != schemas.End {
		t.Fatalf("behind %d events: %v %+v in %q", len(want), ev, out, value)
	}
	return true
}

// checkedXML holds the fields that must not be there unless the model has them.
var checkedXML = map[schemas.Field]bool{
	schemas.ProcessExecutable: true, schemas.ProcessPID: true, schemas.ProcessEntityID: true, schemas.UserFull: true, schemas.RuleName: true,
	schemas.HostName: true, schemas.Channel: true, schemas.EventProvider: true, schemas.SourceID: true, schemas.EventCode: true,
	schemas.RegistryDataStrings: true, schemas.RegistryNewPath: true, schemas.SourceMessage: true,
}

// xmlFixtures returns every XML document of the fixtures, alone or in a text.
func xmlFixtures(t testing.TB) []string {
	var all []string
	var collect func(v any)
	collect = func(v any) {
		switch v := v.(type) {
		case string:
			if strings.HasPrefix(v, "<") {
				all = append(all, v)
			}
		case map[string]any:
			for _, x := range v {
				collect(x)
			}
		}
	}
	for _, record := range fixtures(t) {
		if record[0] == '<' {
			all = append(all, record)
			continue
		}
		var v any
		if err := json.Unmarshal([]byte(record), &v); err != nil {
			t.Fatal(err)
		}
		collect(v)
	}
	if len(all) < 20 {
		t.Fatalf("%d XML documents in the fixtures", len(all))
	}
	return all
}

var (
	xmlText = regexp.MustCompile(`>[^<>&]+</`)
	xmlTag  = regexp.MustCompile(`<(/?)(Event|System|EventData|Data|EventID|Channel|Computer)([ >])`)
)

// rewriteXML writes an event again in another way that means the same, or
// nearly so.
func rewriteXML(r *rand.Rand, text string) string {
	one := func(choices ...string) string { return choices[r.IntN(len(choices))] }
	if r.IntN(3) == 0 {
		text = strings.ReplaceAll(text, `"`, "'")
	}
	if r.IntN(4) == 0 {
		prefix := one("e:", "evt:")
		text = xmlTag.ReplaceAllString(text, "<${1}"+prefix+"${2}${3}")
	}
	text = xmlText.ReplaceAllStringFunc(text, func(s string) string {
		body := s[1 : len(s)-2]
		cut := r.IntN(len(body) + 1)
		a, b := body[:cut], body[cut:]
		for _, c := range []string{a, b} {
			if strings.ToValidUTF8(c, "") != c {
				a, b = body, ""
			}
		}
		switch r.IntN(14) {
		case 0:
			body = a + "<!-- " + one("", "<Data Name='Image'>x</Data>", "</Event>", "&amp;") + "-->" + b
		case 1:
			body = "<![CDATA[" + a + "]]>" + b
		case 2:
			body = a + "<![CDATA[" + b + one("", "<&>", "</Data>", "\r\n", "&lt;") + "]]>"
		case 3:
			body = a + one("&lt;", "&#x2603;", "&#10;", "&#13;", "&#000065;", "&#x1f600;", "&quot;", "&#xFFFD;", "&apos;", "%%", "\r\n", "\r") + b
		case 4:
			body = one(" ", "\n\t") + body + one(" ", "\r\n")
		case 5:
			body = one("", "-", "(Empty)", "Binary Data", "DWORD (0x00000004)", "QWORD (0x00000001-0x00000002)", "12", "13", "14", "1", "4657", "13.0")
		case 6:
			body = a + "<?pi " + one("", ">", "</Event>") + "?>" + b
		case 7:
			body = a + "<x>" + b + "</x>"
		case 8:
			refs := ""
			for _, c := range body {
				refs += fmt.Sprintf(one("&#%d;", "&#x%x;", "&#x%04X;"), c)
			}
			body = refs
		}
		return ">" + body + "</"
	})
	if r.IntN(3) == 0 {
		text = strings.ReplaceAll(text, "</Data>", one("</Data >", "</Data\n>", "</Data>\n"))
	}
	if r.IntN(6) == 0 {
		text = strings.Replace(text, "Name=", one("x='1' Name = ", "Name\n=\t", "xmlns:Name='y' Name=", "Name='' Name="), 1+r.IntN(9))
	}
	if r.IntN(8) == 0 {
		text = strings.Replace(text, "<EventData>", "<UserData><Event><System><EventID>5</EventID></System></Event></UserData><EventData>", 1)
	}
	if r.IntN(8) == 0 {
		text = strings.Replace(text, "</Event>", "</Event >", 1)
	}
	return text
}

func TestXMLIsReadAsEncodingXMLReadsIt(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 2))
	d := schemas.NewDecoder()
	documents := xmlFixtures(t)
	n := 0
	for range 4000 {
		value := rewriteXML(r, documents[r.IntN(len(documents))])
		for r.IntN(3) == 0 {
			value += []string{"", "\n", "\r\n\t", "<!-- x -->"}[r.IntN(4)] + rewriteXML(r, documents[r.IntN(len(documents))])
		}
		if compareXML(t, d, []byte(value)) {
			n++
		}
	}
	if n < 2000 {
		t.Errorf("encoding/xml reads %d values of 4000, want more", n)
	}
}

// FuzzXML compares with encoding/xml what the decoder reads of Windows Event
// XML: which records are registry events, and their fields. Where encoding/xml
// rejects the value the decoder may read it all the same, and is only run.
func FuzzXML(f *testing.F) {
	r := rand.New(rand.NewPCG(6, 7))
	for _, document := range xmlFixtures(f) {
		f.Add([]byte(document))
		f.Add([]byte(rewriteXML(r, document)))
		f.Add([]byte("<Events>" + rewriteXML(r, document) + rewriteXML(r, document) + "</Events>"))
	}
	f.Fuzz(func(t *testing.T, value []byte) {
		d := schemas.NewDecoder()
		if len(value) > 1<<17 || compareXML(t, d, value) {
			return
		}
		d.Reset(value)
		for n := 0; ; n++ {
			if _, out := d.Next(); out.Kind == schemas.End {
				return
			}
			if n > len(value) {
				t.Fatal("more records than bytes")
			}
		}
	})
}
