package schemas_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/regtrap/regtrap/schemas"
)

// badTexts are texts that Windows, shippers and networks make of names and
// data. A text that is only a JSON escape or a reference of XML has no other.
var badTexts = []struct {
	name, json, xml string // as it is written
	want            string
}{
	{"plain", "z", "z", "z"},
	{"invalid byte", "a\xffb", "a\xffb", "a\ufffdb"},
	{"invalid bytes", "a\xfe\xff\xc0b", "a\xfe\xff\xc0b", "a\ufffd\ufffd\ufffdb"},
	{"surrogate in UTF-8", "a\xed\xa0\x80b", "a\xed\xa0\x80b", "a\ufffd\ufffd\ufffdb"},
	{"overlong", "a\xc0\xafb", "a\xc0\xafb", "a\ufffd\ufffdb"},
	{"cut code point", "a\xe2\x82b", "a\xe2\x82b", "a\ufffd\ufffdb"},
	{"cut code point, then NUL", "a\xc3\x00b", "a\xc3\x00b", "a\ufffd\x00b"},
	{"NUL", "a\x00b", "a\x00b", "a\x00b"},
	{"escaped NUL", `a\u0000b`, "a&#0;b", "a\x00b"},
	{"control bytes", "a\x01\x1f\x7fb", "a\x01\x1f\x7fb", "a\x01\x1f\x7fb"},
	{"escaped control bytes", `a\b\f\u001Fb`, "a&#8;&#xC;&#x1f;b", "a\b\f\x1fb"},
	{"line break", "a\nb", "a\nb", "a\nb"},
	{"escaped line break", `a\r\n\tb`, "a&#13;&#10;&#9;b", "a\r\n\tb"},
	{"lone surrogate", `a\ud800b`, "a&#xd800;b", "a\ufffdb"},
	{"lone low surrogate", `a\uDC00b`, "a&#xDC00;b", "a\ufffdb"},
	{"surrogates in the wrong order", `a\udc00\ud800b`, "a&#56320;&#55296;b", "a\ufffd\ufffdb"},
	{"two high surrogates", `a\ud83d\ud83d\ude00b`, "a&#xd83d;&#x1F600;b", "a\ufffd😀b"},
	{"surrogate pair", `a\ud83d\ude00b`, "a&#x1F600;b", "a😀b"},
	{"no character", `a\ufffe\uffffb`, "a&#xfffe;&#xffff;b", "a\ufffe\uffffb"},
	{"quotes and brackets", `a\"'<&>b`, `a"'&lt;&amp;&gt;b`, `a"'<&>b`},
	{"beyond Unicode", `a&#x110000;b`, "a&#x110000;b", "a&#x110000;b"},
	{"bare ampersand", `a & b`, "a & b", "a & b"},
	{"unknown entity", `a&nbsp;b`, "a&nbsp;b", "a&nbsp;b"},
	{"unknown escape", `a\qb\u12xyc`, `a\qb\u12xyc`, `a\qb\u12xyc`},
}

// Whatever a name or data holds, the event is read, in every shape, and all
// its texts are UTF-8.
func TestNoTextLosesAnEvent(t *testing.T) {
	d := schemas.NewDecoder()
	for _, shape := range schemas.Shapes() {
		file, err := os.ReadFile("testdata/shapes/" + shape.String() + ".ndjson")
		if err != nil {
			t.Fatal(err)
		}
		record, _, _ := strings.Cut(string(file), "\n")
		path := strings.NewReplacer("Updater", "PATH", "updater", "PATH")
		for _, bad := range badTexts {
			text := bad.json
			if record[0] == '<' {
				text = bad.xml
			}
			for _, replaced := range []string{
				strings.Replace(record, "u.exe", text, 1),
				strings.ReplaceAll(path.Replace(record), "PATH", text),
				strings.NewReplacer("ana", text, "wmiprvse", text, "WmiPrvSE", text, "ws-041", text, "WS-041", text).Replace(record),
			} {
				d.Reset([]byte(replaced))
				ev, out := d.Next()
				if ev == nil {
					t.Errorf("%s, %s: lost: %+v: %q", shape, bad.name, out, replaced)
					continue
				}
				found := false
				for f := range schemas.Field(schemas.NumFields) {
					for _, v := range ev.Values(f) {
						found = found || strings.Contains(v.Text, bad.want)
						if !utf8.ValidString(v.Text) || !utf8.ValidString(v.Folded) {
							t.Errorf("%s, %s: %s is %q, folded %q", shape, bad.name, f, v.Text, v.Folded)
						}
					}
				}
				if !found || !utf8.ValidString(ev.DisplayPath()) || !utf8.ValidString(ev.DisplayKey()) {
					t.Errorf("%s, %s: %q not found, or shown as %q: %q", shape, bad.name, bad.want, ev.DisplayPath(), replaced)
				}
			}
		}
	}
}

// describe writes the data of an event: a number of its element, its text, and
// what tests see of it.
func describe(ev *schemas.Event) (all []string) {
	for _, v := range ev.Values(schemas.RegistryDataStrings) {
		s := fmt.Sprintf("%d %q", v.Element, v.Text)
		if v.Whole {
			s += " whole"
		}
		if v.Opaque {
			s += " opaque"
		}
		if v.Numeric {
			s += fmt.Sprintf(" = %d", v.Number)
		}
		all = append(all, s)
	}
	if kind, ok := ev.First(schemas.RegistryDataType); ok {
		all = append(all, kind)
	}
	return all
}

// One and the same write shows the same data, whoever tells of it.
func TestDataIsTheSameFromEverySource(t *testing.T) {
	sysmon := func(details string) string {
		return `{"EventID":13,"TargetObject":"HKLM\\Software\\A\\b"` + details + "}"
	}
	xml := func(details string) string {
		return "<Event><System><EventID>13</EventID></System><EventData><Data Name='TargetObject'>HKLM\\Software\\A\\b</Data>" + details + "</EventData></Event>"
	}
	defend := func(data string) string {
		return `{"event":{"module":"endpoint","category":"registry","action":"modification"},"registry":{"path":"HKLM\\Software\\A\\b","value":"b","data":{` + data + `}}}`
	}
	audit := func(kind, value string) string {
		return `{"EventID":4657,"Channel":"Security","ObjectName":"\\REGISTRY\\MACHINE\\Software\\A","ObjectValueName":"b","OperationType":"%%1905","NewValueType":"` + kind + `"` + value + "}"
	}
	defender := func(kind, value string) string {
		return `{"category":"AdvancedHunting-DeviceRegistryEvents","properties":{"ActionType":"RegistryValueSet","RegistryKey":"HKEY_LOCAL_MACHINE\\Software\\A","RegistryValueName":"b","RegistryValueType":"` + kind + `"` + value + `}}`
	}
	const s, h, d = `"DWORD (0x00000004)" = 4`, `"0x00000004"`, `"4" whole = 4`
	const big, bigHex, bigDecimal = `"QWORD (0x00000001-0x00000002)" = 4294967298`, `"0x0000000100000002" whole = 4294967298`, `"4294967298" whole = 4294967298`
	for record, want := range map[string][]string{
		sysmon(`,"Details":"DWORD (0x00000004)"`):                                 {"0 " + s, "0 " + h + " whole = 4", "0 " + d, "REG_DWORD"},
		xml(`<Data Name='Details'>DWORD (0x00000004)</Data>`):                     {"0 " + s, "0 " + h + " whole = 4", "0 " + d, "REG_DWORD"},
		defend(`"type":"REG_DWORD","strings":["4"]`):                              {"0 " + d, "0 " + s, "0 " + h + " whole = 4", "REG_DWORD"},
		defend(`"type":"REG_DWORD","strings":"0x00000004"`):                       {"0 " + h + " = 4", "0 " + s, "0 " + d, "REG_DWORD"},
		defend(`"type":"REG_DWORD","strings":4`):                                  {"0 " + d, "0 " + s, "0 " + h + " whole = 4", "REG_DWORD"},
		audit("%%1876", `,"NewValue":"4"`):                                        {"0 " + d, "0 " + s, "0 " + h + " whole = 4", "REG_DWORD"},
		audit("%%1876", `,"NewValue":"0x4"`):                                      {`0 "0x4" = 4`, "0 " + s, "0 " + h + " whole = 4", "0 " + d, "REG_DWORD"},
		defender("Dword", `,"RegistryValueData":"4"`):                             {"0 " + d, "0 " + s, "0 " + h + " whole = 4", "REG_DWORD"},
		sysmon(`,"Details":"QWORD (0x00000001-0x00000002)"`):                      {"0 " + big, "0 " + bigHex, "0 " + bigDecimal, "REG_QWORD"},
		audit("%%1883", `,"NewValue":"4294967298"`):                               {"0 " + bigDecimal, "0 " + big, "0 " + bigHex, "REG_QWORD"},
		defender("Qword", `,"RegistryValueData":"4294967298"`):                    {"0 " + bigDecimal, "0 " + big, "0 " + bigHex, "REG_QWORD"},
		sysmon(`,"Details":"DWORD (0x4)"`):                                        {`0 "DWORD (0x4)" = 4`, "0 " + s, "0 " + h + " whole = 4", "0 " + d, "REG_DWORD"},
		sysmon(`,"Details":"DWORD (0x123456789)"`):                                {`0 "DWORD (0x123456789)"`},
		sysmon(`,"Details":"QWORD (0xffffffff-0xffffffff)"`):                      {`0 "QWORD (0xffffffff-0xffffffff)" = 18446744073709551615`, `0 "0xffffffffffffffff" whole = 18446744073709551615`, `0 "18446744073709551615" whole = 18446744073709551615`, "REG_QWORD"},
		sysmon(`,"Details":"4"`):                                                  {`0 "4"`},
		sysmon(`,"Details":"(Empty)"`):                                            {`0 ""`, `0 "(Empty)" whole`},
		sysmon(`,"Details":""`):                                                   {`0 ""`, `0 "(Empty)" whole`},
		xml(`<Data Name='Details'/>`):                                             {`0 ""`, `0 "(Empty)" whole`},
		defend(`"type":"REG_SZ","strings":[""]`):                                  {`0 ""`, `0 "(Empty)" whole`, "REG_SZ"},
		audit("%%1873", ""):                                                       {`0 ""`, `0 "(Empty)" whole`, "REG_SZ"},
		sysmon(`,"Details":"Binary Data"`):                                        {`0 "Binary Data" opaque`},
		defend(`"type":"REG_BINARY","bytes":"AQI="`):                              {`0 "Binary Data" opaque`, "REG_BINARY"},
		defend(`"type":"REG_BINARY","strings":["AQI="]`):                          {`0 "Binary Data" opaque`, "REG_BINARY"},
		audit("%%1875", `,"NewValue":"<Binary>"`):                                 {`0 "Binary Data" opaque`, "REG_BINARY"},
		defender("Binary", `,"RegistryValueData":"01 02"`):                        {`0 "Binary Data" opaque`, "REG_BINARY"},
		sysmon(`,"Details":"%%SystemRoot%%\\u.exe"`):                              {`0 "%SystemRoot%\\u.exe"`},
		xml(`<Data Name="Details">&#37;%SystemRoot%%</Data>`):                     {`0 "%SystemRoot%"`},
		defend(`"type":"REG_EXPAND_SZ","strings":["%SystemRoot%\\u.exe"]`):        {`0 "%SystemRoot%\\u.exe"`, "REG_EXPAND_SZ"},
		defend(`"type":"REG_MULTI_SZ","strings":["a","","b"]`):                    {`0 "a"`, `1 ""`, `1 "(Empty)" whole`, `2 "b"`, "REG_MULTI_SZ"},
		audit("%%1879", `,"NewValue":"a\r\nb"`):                                   {`0 "a"`, `1 "b"`, "REG_MULTI_SZ"},
		defender("MultiString", `,"RegistryValueData":"a\nb"`):                    {`0 "a"`, `1 "b"`, "REG_MULTI_SZ"},
		sysmon(`,"Details":["a",null,{"x":["y"]},["z"],7,true,"DWORD (0x0000)"]`): {`0 "a"`, `1 "7"`, `2 "true"`, `3 "DWORD (0x0000)" = 0`, `3 "DWORD (0x00000000)" = 0`, `3 "0x00000000" whole = 0`, `3 "0" whole = 0`, "REG_DWORD"},
		sysmon(`,"Details":[]`):                                                   nil,
		sysmon(`,"Details":[null,[],{}]`):                                         nil,
		sysmon(`,"Details":{"a":"b"}`):                                            nil,
		sysmon(`,"Details":null`):                                                 nil,
		sysmon(``):                                                                nil,
		defend(`"type":"REG_SZ","strings":[]`):                                    {"REG_SZ"},
		defend(`"type":"REG_SZ"`):                                                 {"REG_SZ"},
	} {
		d := schemas.NewDecoder()
		d.Reset([]byte(record))
		ev, out := d.Next()
		if ev == nil {
			t.Errorf("lost: %+v: %s", out, record)
			continue
		}
		if diff := cmp.Diff(want, describe(ev)); diff != "" {
			t.Errorf("%s (-want +read)\n%s", record, diff)
		}
		if lacks := out.Missing&schemas.MissingData != 0; lacks != (len(ev.Values(schemas.RegistryDataStrings)) == 0) {
			t.Errorf("%s: lacks %q", record, out.Missing)
		}
		if ev.DisplayPath() != `HKLM\Software\A\b` {
			t.Errorf("%s: path %q", record, ev.DisplayPath())
		}
	}
}
