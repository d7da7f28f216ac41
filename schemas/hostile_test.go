package schemas_test

import (
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/regtrap/regtrap/schemas"
)

// hostile makes values of about n bytes that invite work beyond their size.
var hostile = map[string]func(n int) string{
	"objects in objects":           func(n int) string { return repeat(`{"a":`, n) },
	"objects in objects, closed":   func(n int) string { return repeat(`{"a":`, n/2) + "1" + repeat("}", n/12) },
	"arrays in arrays":             func(n int) string { return repeat("[", n) },
	"arrays in an object":          func(n int) string { return `{"a":` + repeat("[", n) },
	"objects in wanted objects":    func(n int) string { return repeat(`{"winlog":{"event_data":`, n) },
	"lines of open objects":        func(n int) string { return repeat("{\"a\":\n", n) },
	"open objects, then others":    func(n int) string { return repeat(repeat("{\"a\":\n", 600)+"x\n", n) },
	"long lines of open objects":   func(n int) string { return repeat(`{"b":[`+repeat("1,", 500)+"1],\"a\":\n", n) },
	"lines of open arrays":         func(n int) string { return repeat("[\n", n) },
	"lines of open strings":        func(n int) string { return repeat("{\"a\":\"\n", n) },
	"lines that are no JSON":       func(n int) string { return repeat("{x\n", n) },
	"keys":                         func(n int) string { return numbered(`{"x":0`, `,"k#":1`, n) + "}" },
	"wanted keys again and again":  func(n int) string { return event(repeat(`,"Details":"x"`, n)) },
	"wanted keys with dots":        func(n int) string { return event(repeat(`,"winlog.event_data.Details":"x"`, n)) },
	"a long key":                   func(n int) string { return event(`,"` + repeat("k", n) + `":1`) },
	"a long escaped key":           func(n int) string { return event(`,"` + repeat(`\u006b`, n) + `":1`) },
	"a long text":                  func(n int) string { return event(`,"Details":"` + repeat("x", n) + `"`) },
	"a long text of escapes":       func(n int) string { return event(`,"Details":"` + repeat(`\u00e9`, n) + `"`) },
	"a long text of backslashes":   func(n int) string { return event(`,"Details":"` + repeat(`\\`, n) + `"`) },
	"a long text of quotes":        func(n int) string { return event(`,"Details":"` + repeat(`\"`, n) + `"`) },
	"a long text of bad bytes":     func(n int) string { return event(`,"Details":"` + repeat("\xff", n) + `"`) },
	"a long text of surrogates":    func(n int) string { return event(`,"Details":"` + repeat(`\ud800`, n) + `"`) },
	"a long text of percents":      func(n int) string { return event(`,"Details":"` + repeat(`%%`, n) + `"`) },
	"a long path of backslashes":   func(n int) string { return event(`,"TargetObject":"HKU\\` + repeat(`\\\\`, n) + `"`) },
	"a long path of keys":          func(n int) string { return event(`,"TargetObject":"HKU\\` + repeat(`a\\`, n) + `"`) },
	"a long path of capitals":      func(n int) string { return event(`,"TargetObject":"HKCR\\` + repeat(`Ü\\`, n) + `"`) },
	"a long message":               func(n int) string { return event(`,"EventID":12,"Message":"` + repeat(`EventType\n`, n) + `"`) },
	"a long channel":               func(n int) string { return event(`,"Channel":"` + repeat(`\u0020`, n) + `"`) },
	"a long id":                    func(n int) string { return event(`,"EventID":13.` + repeat("0", n)) },
	"a long number":                func(n int) string { return event(`,"EventID":` + repeat("1", n)) },
	"a long time":                  func(n int) string { return event(`,"UtcTime":"2026-03-04 10:11:12.` + repeat("3", n) + `"`) },
	"a long user":                  func(n int) string { return event(`,"User":"` + repeat(`a\\`, n) + `"`) },
	"a long list":                  func(n int) string { return event(`,"Details":["x"` + repeat(`,"x"`, n) + `]`) },
	"open text":                    func(n int) string { return `{"a":"` + repeat("x", n) },
	"open text of backslashes":     func(n int) string { return `{"a":"` + repeat(`\`, n) },
	"ids of others, far from end":  func(n int) string { return `{"a":1` + repeat(`,"EventID":1`, n) + ",\"b\":\n{}}" },
	"others' records, no space":    func(n int) string { return repeat(`{"EventID":1,"a":{"b":{}}}`, n) },
	"others' records and brackets": func(n int) string { return repeat(`{"EventID":1,"a":[[[[ {`, n) },
	"empty records":                func(n int) string { return repeat("{}", n) },
	"commas behind a bad record":   func(n int) string { return "{x}\n{}" + repeat(",", n) },
	"white space":                  func(n int) string { return repeat(" \n", n) + event("") },
	"an array of numbers":          func(n int) string { return "[1" + repeat(",1", n) + "]" },
	"an array of texts":            func(n int) string { return `["{"` + repeat(`,"{\"a\":[]}"`, n) + "]" },
	"an array of arrays":           func(n int) string { return "[[]" + repeat(",[[]]", n) + "]" },
	"items": func(n int) string {
		return `{"Event":{"System":{"EventID":13},"EventData":{"Data":[` + repeat(`{"Name":"Details","text":"x"},`, n) + `{"Name":"TargetObject","text":"HKLM\\a"}]}}}`
	},
	"inserts": func(n int) string {
		return `{"EventID":13,"Channel":"Microsoft-Windows-Sysmon/Operational","StringInserts":[` + repeat(`[[]],`, n) + `1]}`
	},
	"a text in a text in a text": func(n int) string {
		value := event(`,"Details":"` + repeat("x", n/8) + `"`)
		for range 3 {
			value = `{"message":` + strconv.Quote(value) + "}"
		}
		return value
	},
	"texts that begin as documents": func(n int) string { return repeat(`{"message":"{\"a\":1","log":"[1] x"}`, n) },
	"an original": func(n int) string {
		return repeat(failed(`"channel":"Microsoft-Windows-Sysmon/Operational"`, strings.Repeat("x", 1000)+failedXML)+"\n", n)
	},
	"elements in elements":        func(n int) string { return "<Event>" + repeat("<a>", n) },
	"events in events":            func(n int) string { return repeat("<Event>", n) },
	"long events in events":       func(n int) string { return repeat("<Event>"+repeat("<a></a>", 500), n) },
	"events in bad events":        func(n int) string { return repeat(repeat("<Event>", 700)+"</x>", n) },
	"events cut off":              func(n int) string { return repeat("<Event><a>", n) },
	"attributes":                  func(n int) string { return numbered("<Event", " a#='1'", n) + "></Event>" },
	"names of data":               func(n int) string { return xmlEvent("<Data" + repeat(" Name='Details'", n) + ">x</Data>") },
	"data":                        func(n int) string { return xmlEvent(repeat("<Data Name='Details'>x</Data>", n)) },
	"entities":                    func(n int) string { return xmlEvent("<Data Name='Details'>" + repeat("&amp;", n) + "</Data>") },
	"ampersands":                  func(n int) string { return xmlEvent("<Data Name='Details'>" + repeat("&", n) + "</Data>") },
	"a long reference":            func(n int) string { return xmlEvent("<Data Name='Details'>&#" + repeat("0", n) + "65;</Data>") },
	"open references":             func(n int) string { return xmlEvent("<Data Name='Details'>" + repeat("&#1", n) + "</Data>") },
	"sections":                    func(n int) string { return xmlEvent("<Data Name='Details'>" + repeat("<![CDATA[x]]>", n) + "</Data>") },
	"events in a comment":         func(n int) string { return repeat("<Event><!-- ", n) + "--></x>" },
	"events in a section":         func(n int) string { return repeat("<Event><![CDATA[", n) + "]]></x>" },
	"events in an instruction":    func(n int) string { return repeat("<Event><?a ", n) + "?></x>" },
	"open comments":               func(n int) string { return repeat("<Event><!-- ", n) },
	"open attributes":             func(n int) string { return repeat(`<Event a="`, n) },
	"others' events, odd ends":    func(n int) string { return repeat("<Event><System><EventID>1</EventID></System></Event >", n) },
	"others' events, wrong ends":  func(n int) string { return repeat("<Event><System><EventID>1</EventID></System></Evil>", n) },
	"others' ids":                 func(n int) string { return "<Event><System>" + repeat("<EventID>1</EventID>", n) },
	"end tags":                    func(n int) string { return "<a/>" + repeat("</a", n) },
	"end tags behind a bad event": func(n int) string { return "<Event></a>" + repeat("</a>", n) },
	"other XML":                   func(n int) string { return repeat("<a>", n) },
	"empty events":                func(n int) string { return repeat("<Event/>", n) },
	"a long name of an element":   func(n int) string { return "<Event><" + repeat("a", n) + ">" },
}

func repeat(s string, n int) string { return strings.Repeat(s, n/len(s)+1) }

func numbered(begin, s string, n int) string {
	var b strings.Builder
	b.WriteString(begin)
	for i := 0; b.Len() < n; i++ {
		b.WriteString(strings.Replace(s, "#", strconv.Itoa(i), 1))
	}
	return b.String()
}

func event(more string) string {
	return `{"EventID":13,"Channel":"Microsoft-Windows-Sysmon/Operational","TargetObject":"HKLM\\Software\\A\\b"` + more + "}"
}

func xmlEvent(data string) string {
	return "<Event><System><EventID>13</EventID></System><EventData><Data Name='TargetObject'>HKLM\\Software\\A\\b</Data>" + data + "</EventData></Event>"
}

// readAll reads a value and all that its events show.
func readAll(d *schemas.Decoder, value []byte) (events int) {
	d.Reset(value)
	for {
		ev, out := d.Next()
		if ev != nil {
			events++
			ev.Truncated() // makes every field
		}
		if out.Kind == schemas.End {
			return events
		}
	}
}

// Work and memory grow as the size of the value, whatever it holds: four times
// the bytes need far less than sixteen times the work.
func TestHostileValuesNeedWorkInProportion(t *testing.T) {
	const size = 1 << 17
	for name, build := range hostile {
		t.Run(name, func(t *testing.T) {
			small, large := []byte(build(size)), []byte(build(4*size))
			ratio := float64(len(large)) / float64(len(small))
			if ratio < 3.5 || ratio > 4.5 {
				t.Fatalf("sizes %d and %d", len(small), len(large))
			}
			d := schemas.NewDecoder()
			readAll(d, large) // buffers are grown
			measure := func(value []byte) time.Duration {
				times := make([]time.Duration, 3)
				for i := range times {
					begin := time.Now()
					readAll(d, value)
					times[i] = time.Since(begin)
				}
				return slices.Min(times)
			}
			for try := range 5 {
				a, b := measure(small), measure(large)
				if b < 12*a || b < 300*time.Microsecond {
					return
				}
				if try == 4 {
					t.Errorf("%d bytes in %v, %d bytes in %v", len(small), a, len(large), b)
				}
			}
		})
	}
}

func TestHostileValuesNeedMemoryInProportion(t *testing.T) {
	var before, after runtime.MemStats
	for name, build := range hostile {
		value := []byte(build(1 << 19))
		d := schemas.NewDecoder()
		runtime.ReadMemStats(&before)
		readAll(d, value)
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > 40*uint64(len(value)) {
			t.Errorf("%s: %d bytes allocated for %d", name, n, len(value))
		}
	}
}
