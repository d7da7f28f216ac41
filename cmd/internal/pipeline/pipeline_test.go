package pipeline_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/regtrap/regtrap/cmd/internal/pipeline"
	"github.com/regtrap/regtrap/enrich"
	"github.com/regtrap/regtrap/rules"
	"github.com/regtrap/regtrap/schemas"
)

const (
	attack  = `{"EventID":13,"Image":"C:\\Windows\\System32\\wbem\\WmiPrvSE.exe","TargetObject":"HKLM\\Software\\Microsoft\\Windows\\CurrentVersion\\Run\\u","Details":"C:\\u.exe"}`
	quiet   = `{"EventID":13,"Image":"C:\\Windows\\explorer.exe","TargetObject":"HKLM\\Software\\Vendor\\Setting","Details":"DWORD (0x00000001)","UtcTime":"2026-03-04 10:11:12.300"}`
	process = `{"EventID":1,"Channel":"Microsoft-Windows-Sysmon/Operational","Image":"C:\\Windows\\System32\\svchost.exe","CommandLine":"svchost.exe -k netsvcs"}`
)

func config(t testing.TB) pipeline.Config {
	t.Helper()
	s, problems, err := rules.Load(rules.Config{Pack: true})
	if err != nil || len(problems) > 0 {
		t.Fatal(err, problems)
	}
	return pipeline.Config{
		Snapshot: s,
		Now:      func() time.Time { return time.Date(2026, 3, 4, 10, 11, 13, 0, time.UTC) },
		Panicked: func(value any, stack []byte) { t.Errorf("panic: %v\n%s", value, stack) },
	}
}

func source(value string) enrich.Source { return enrich.Source{Topic: "t", Value: []byte(value)} }

func kinds(r *pipeline.Result) (list []string) {
	for _, o := range r.Outcomes {
		list = append(list, fmt.Sprint(o.Kind, o.Reason))
	}
	return list
}

func TestRecordTellsWhatAValueCaused(t *testing.T) {
	w := pipeline.NewWorker(config(t))
	r := w.Record(source(attack + "\n" + process + "\n" + quiet + "\n{\"EventID\":\n" + attack))
	if len(r.Alerts) != 2 || r.Alerts[0].Regtrap.Source.Index != 0 || r.Alerts[1].Regtrap.Source.Index != 4 {
		t.Errorf("%d alerts, want one of the first and one of the last record", len(r.Alerts))
	}
	if r.DeadLetter == nil || r.DeadLetter.Reason != schemas.DeadMalformedJSON {
		t.Errorf("dead letter %+v, want malformed_json", r.DeadLetter)
	}
	if len(r.Outcomes) != 5 || len(r.Times) != 1 {
		t.Errorf("outcomes %q, %d times", kinds(r), len(r.Times))
	}
	if r := w.Record(source(process)); len(r.Alerts) != 0 || r.DeadLetter != nil || len(r.Outcomes) != 1 {
		t.Errorf("the next record: %q, %d alerts", kinds(r), len(r.Alerts))
	}
}

func TestARecordWithoutAHitCostsNoAllocation(t *testing.T) {
	w := pipeline.NewWorker(config(t))
	for name, value := range map[string]string{"no registry event": process, "no hit": quiet, "no document": "Mar  3 fw-1 drop", "empty": ""} {
		src := source(value)
		if n := testing.AllocsPerRun(100, func() { w.Record(src) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func TestAPanicIsADeadLetterAndTheWorkerGoesOn(t *testing.T) {
	c := config(t)
	now, panics := c.Now, 0
	c.Now = func() time.Time {
		if panics == 0 {
			panic("a defect")
		}
		return now()
	}
	c.Panicked = func(value any, stack []byte) {
		panics++
		if value != "a defect" || len(stack) == 0 {
			t.Errorf("panicked with %v and a stack of %d bytes", value, len(stack))
		}
	}
	w := pipeline.NewWorker(c)
	r := w.Record(source(attack))
	if panics != 1 || r == nil || r.DeadLetter == nil || r.DeadLetter.Reason != schemas.DeadInternal {
		t.Fatalf("%d panics, result %+v", panics, r)
	}
	if r := w.Record(source(attack)); len(r.Alerts) != 1 || r.DeadLetter != nil {
		t.Errorf("after the panic: %d alerts, dead letter %v", len(r.Alerts), r.DeadLetter)
	}
}

func TestANewRuleSetIsInForceWithTheNextRecord(t *testing.T) {
	c := config(t)
	pack := c.Snapshot
	none, _, err := rules.Load(rules.Config{})
	if err != nil {
		t.Fatal(err)
	}
	c.Snapshot = none
	w := pipeline.NewWorker(c)
	if r := w.Record(source(attack)); len(r.Alerts) != 0 {
		t.Errorf("%d alerts without rules", len(r.Alerts))
	}
	w.Use(pack)
	if r := w.Record(source(attack)); len(r.Alerts) != 1 {
		t.Errorf("%d alerts with the pack", len(r.Alerts))
	}
}

func TestStatsCountAndMerge(t *testing.T) {
	w := pipeline.NewWorker(config(t))
	var a, b pipeline.Stats
	for i, value := range []string{attack, process, quiet, "text", "{"} {
		s := &a
		if i%2 == 1 {
			s = &b
		}
		src := source(value)
		s.Add(src, w.Record(src))
	}
	a.Merge(&b)
	got, err := a.JSON(1.5)
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf(`{"records":5,"bytes":%d,"registry_events":2,"alerts":1,"seconds":1.5,"shapes":{"sysmon_minimal":2},"incomplete":{"host":2,"time":1,"user":2},"skipped":{"not_document":1,"not_registry":1},"dead_letters":{"malformed_json":1},"rules":{"8d14b915-4351-460e-9c3a-1fd366b620a1":1}}`,
		len(attack+process+quiet+"text{"))
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	empty, err := new(pipeline.Stats).JSON(0)
	if err != nil || string(empty) != `{"records":0,"bytes":0,"registry_events":0,"alerts":0,"seconds":0,"shapes":{},"incomplete":{},"skipped":{},"dead_letters":{},"rules":{}}` {
		t.Errorf("empty: %s, %v", empty, err)
	}
}

func TestStatsCountAValueOnceAndItsDocumentsEach(t *testing.T) {
	w := pipeline.NewWorker(config(t))
	var s pipeline.Stats
	src := source(quiet + "\n" + process + "\n{\"EventID\":\n" + quiet + "\n{\"EventID\":\n")
	s.Add(src, w.Record(src))
	if s.Records != 1 || s.RegistryEvents != 2 || s.Skipped[schemas.SkipOther] != 1 || s.DeadLetters[schemas.DeadMalformedJSON] != 1 {
		t.Errorf("got %+v", s)
	}
	one := source(quiet)
	if n := testing.AllocsPerRun(100, func() { s.Add(one, w.Record(one)) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func ExampleWorker() {
	s, _, err := rules.Load(rules.Config{Pack: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	w := pipeline.NewWorker(pipeline.Config{Snapshot: s, Now: time.Now, Panicked: func(any, []byte) {}})
	r := w.Record(enrich.Source{Topic: "telemetry", Offset: 7, Value: []byte(attack)})
	for _, a := range r.Alerts {
		fmt.Println(a.Rule.Name)
	}
	// Output: Detect WMI Registry Persistence via Run Keys
}

func BenchmarkRecord(b *testing.B) {
	w := pipeline.NewWorker(config(b))
	for name, value := range map[string]string{"process": process, "quiet": quiet, "attack": attack} {
		src := source(value)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				w.Record(src)
			}
		})
	}
}

// The alerts of one value share what the value costs: four times as many events
// take about four times as long, not sixteen.
func TestAlertsOfOneValueCostInProportion(t *testing.T) {
	c := config(t)
	c.Options.Original = true
	w := pipeline.NewWorker(c)
	took := func(events int) time.Duration {
		src := source(strings.Repeat(attack+"\n", events))
		least := time.Hour
		for range 3 {
			began := time.Now()
			if r := w.Record(src); len(r.Alerts) != events {
				t.Fatalf("%d alerts of %d events", len(r.Alerts), events)
			}
			least = min(least, time.Since(began))
		}
		return least
	}
	for try := 1; ; try++ {
		one, four := took(4000), took(16000)
		if four < 10*one {
			return
		}
		if try == 5 {
			t.Fatalf("4,000 events of one value took %v, 16,000 took %v", one, four)
		}
	}
}
