package schemas_test

import (
	"os"
	"testing"

	"github.com/regtrap/regtrap/schemas"
)

const (
	defendRecord = `{"@timestamp":"2026-03-04T10:11:12.345Z","event":{"kind":"event","module":"endpoint","dataset":"endpoint.events.registry","category":["registry"],"type":["change"],"action":"modification"},"host":{"id":"7f0c","name":"ws-041","os":{"type":"windows"}},"user":{"id":"S-1-5-21-1-2-3-1001","name":"ana","domain":"CORP"},"process":{"pid":5580,"name":"WmiPrvSE.exe","executable":"C:\\Windows\\System32\\wbem\\WmiPrvSE.exe","entity_id":"Nzc="},"registry":{"hive":"HKEY_USERS","key":"S-1-5-21-1-2-3-1001\\Software\\Microsoft\\Windows\\CurrentVersion\\Run","value":"updater","path":"HKEY_USERS\\S-1-5-21-1-2-3-1001\\Software\\Microsoft\\Windows\\CurrentVersion\\Run\\updater","data":{"type":"REG_SZ","strings":["C:\\Users\\ana\\AppData\\Local\\Temp\\u.exe"]}}}`
	nxlogRecord  = `{"EventTime":"2026-03-04 05:11:12","Hostname":"ws-041.corp.example","Keywords":-9223372036854775808,"EventType":"INFO","Severity":"INFO","EventID":13,"SourceName":"Microsoft-Windows-Sysmon","ProcessID":2804,"Channel":"Microsoft-Windows-Sysmon/Operational","UserID":"S-1-5-18","Message":"Registry value set:\r\nRuleName: \r\nEventType: SetValue\r\n","UtcTime":"2026-03-04 10:11:12.300","ProcessGuid":"{41C8662E-1F63-5F25-0000-0010BCC20000}","Image":"C:\\Windows\\system32\\wbem\\wmiprvse.exe","TargetObject":"HKU\\S-1-5-21-1-2-3-1001\\Software\\Microsoft\\Windows NT\\CurrentVersion\\Winlogon\\Shell","Details":"explorer.exe, C:\\ProgramData\\s.exe","SourceModuleName":"eventlog","SourceModuleType":"im_msvistalog"}`
	otherRecord  = `{"EventTime":"2026-03-04 05:11:12","Hostname":"ws-041.corp.example","EventID":1,"SourceName":"Microsoft-Windows-Sysmon","Channel":"Microsoft-Windows-Sysmon/Operational","Message":"Process Create:\r\nImage: C:\\Windows\\notepad.exe","Image":"C:\\Windows\\notepad.exe","CommandLine":"notepad \"a b.txt\"","SourceModuleType":"im_msvistalog"}`
)

func TestNextAllocatesNothing(t *testing.T) {
	records := map[string]string{
		"elastic_defend": defendRecord, "nxlog": nxlogRecord, "not_registry": otherRecord,
		"not_document": "hello", "unknown_shape": `{"a":{"b":[1,2,{"c":"d"}]}}`,
	}
	for _, file := range shapeFiles(t) { // many records in one value
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		records[file] = string(b)
	}
	for name, record := range records {
		d := schemas.NewDecoder()
		value := []byte(record)
		read := func() {
			d.Reset(value)
			for {
				if _, out := d.Next(); out.Kind == schemas.End {
					return
				}
			}
		}
		read()
		if n := testing.AllocsPerRun(200, read); n != 0 {
			t.Errorf("%s: %v allocations a record, want none", name, n)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	for _, c := range []struct{ name, record string }{
		{"elastic_defend", defendRecord}, {"nxlog", nxlogRecord}, {"not_registry", otherRecord},
	} {
		b.Run(c.name, func(b *testing.B) {
			d := schemas.NewDecoder()
			value := []byte(c.record)
			b.SetBytes(int64(len(value)))
			b.ReportAllocs()
			for b.Loop() {
				d.Reset(value)
				d.Next()
			}
		})
	}
}
