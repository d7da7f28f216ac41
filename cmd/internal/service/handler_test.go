package service

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/segmentio/kafka-go"

	"github.com/regtrap/regtrap/cmd/internal/pipeline"
	"github.com/regtrap/regtrap/consumer"
	"github.com/regtrap/regtrap/enrich"
	"github.com/regtrap/regtrap/producer"
	"github.com/regtrap/regtrap/rules"
	"github.com/regtrap/regtrap/schemas"
)

// topicLimit is a publisher that takes messages up to a size, as a broker does.
type topicLimit struct {
	limit   int
	taken   []producer.Message // copies
	rounds  int
	failure error
}

func (p *topicLimit) Publish(ctx context.Context, messages []producer.Message) (tooLarge []int, err error) {
	p.rounds++
	if p.failure != nil {
		return nil, p.failure
	}
	for i, m := range messages {
		if messageSize(&m) > p.limit {
			tooLarge = append(tooLarge, i)
			continue
		}
		m.Key, m.Value, m.Headers = bytes.Clone(m.Key), bytes.Clone(m.Value), slices.Clone(m.Headers)
		p.taken = append(p.taken, m)
	}
	return tooLarge, nil
}

// testReader is a reader that knows no rules.
type testReader func(enrich.Source) *pipeline.Result

func (testReader) Use(*rules.Snapshot) {}

func (r testReader) Record(src enrich.Source) *pipeline.Result { return r(src) }

// The values of the test records say what reading them causes: "alert" one
// alert of that original size, "dead" a dead letter, anything else a skip.
func testRead(src enrich.Source) *pipeline.Result {
	switch v := string(src.Value); {
	case strings.HasPrefix(v, "alert"):
		a := &schemas.Alert{Event: schemas.AlertEvent{ID: fmt.Sprintf("id-%d", src.Offset)}, Rule: schemas.AlertRule{ID: "rule-1"}}
		a.Regtrap.Severity, a.Regtrap.Original = "high", v
		return &pipeline.Result{
			Alerts:   []*schemas.Alert{a},
			Outcomes: []schemas.Outcome{{Kind: schemas.Registry, Shape: schemas.ShapeFlat}},
			Times:    []time.Time{src.Time},
		}
	case strings.HasPrefix(v, "dead"):
		o := schemas.Outcome{Kind: schemas.Dead, Reason: schemas.DeadMalformedJSON, Detail: "byte 3: no value"}
		return &pipeline.Result{DeadLetter: &o, Outcomes: []schemas.Outcome{o}}
	}
	return &pipeline.Result{Outcomes: []schemas.Outcome{{Kind: schemas.Skipped, Reason: schemas.SkipNotDocument}}}
}

var errWaited = errors.New("waited")

func testHandler(p outlet) *handler {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	out := &output{
		alertsTopic: "alerts", deadLetterTopic: "dead", version: "1.0.0", publisher: p,
		metrics: newMetrics(), summary: newSummary(), now: func() time.Time { return now },
		wait: func(context.Context) error { return errWaited }, rules: new(ruleBook),
	}
	out.rules.use(&rules.Snapshot{Rules: []*rules.Rule{{ID: "rule-1", Severity: rules.High}}}, nil, out.metrics, now)
	return newHandler("winlog", 2, out, new(busy), testReader(testRead))
}

// swapper is a reader that puts other rules in force while it reads.
type swapper struct {
	h    *handler
	used []*rules.Snapshot
	next *rules.Snapshot
}

func (s *swapper) Use(r *rules.Snapshot) {
	if r != nil {
		s.used = append(s.used, r)
	}
}

func (s *swapper) Record(src enrich.Source) *pipeline.Result {
	if s.next != nil {
		s.h.out.rules.use(s.next, nil, s.h.out.metrics, s.h.out.now())
		s.next = nil
	}
	return &pipeline.Result{Fired: []int32{0}, Outcomes: []schemas.Outcome{{Kind: schemas.Registry}}}
}

func TestABatchIsJudgedByOneRuleSet(t *testing.T) {
	h := testHandler(&topicLimit{limit: 1 << 20})
	first := h.out.rules.current()
	next := &rules.Snapshot{Rules: []*rules.Rule{{ID: "rule-2", Severity: rules.Low}}}
	r := &swapper{h: h, next: next}
	h.reader = r
	for range 2 {
		if err := h.Handle(t.Context(), testRecords("x", "y", "z")); err != nil {
			t.Fatal(err)
		}
	}
	if len(r.used) != 2 || r.used[0] != first.snapshot || r.used[1] != next {
		t.Errorf("used %v: want each set for one batch", r.used)
	}
	if n, m := first.counts["rule-1"].hits.Load(), h.out.rules.current().counts["rule-2"].hits.Load(); n != 3 || m != 3 {
		t.Errorf("%d hits of the rule before, %d of the one after: want 3 of each", n, m)
	}
}

func TestHitsOfABatchThatIsGivenUpDoNotCount(t *testing.T) {
	p := &topicLimit{limit: 1 << 20, failure: context.Canceled}
	h := testHandler(p)
	h.reader = testReader(func(src enrich.Source) *pipeline.Result {
		res := testRead(src)
		res.Fired = []int32{0}
		return res
	})
	_ = h.Handle(t.Context(), testRecords("alert"))
	c := h.out.rules.current().counts["rule-1"]
	if c.hits.Load() != 0 {
		t.Errorf("%d hits of a batch that failed", c.hits.Load())
	}
	p.failure = nil
	if err := h.Handle(t.Context(), testRecords("alert")); err != nil || c.hits.Load() != 1 || c.last.Load() != h.out.now().UnixNano() {
		t.Errorf("%v, %d hits after it came again: want 1", err, c.hits.Load())
	}
}

func testRecords(values ...string) []consumer.Record {
	var rs []consumer.Record
	for i, v := range values {
		rs = append(rs, consumer.Record{
			Offset: int64(100 + i), Time: time.Date(2026, 3, 1, 11, 59, 59, 0, time.UTC),
			Key: []byte("host-1"), Value: []byte(v), Headers: []kafka.Header{{Key: "shipper", Value: []byte("nxlog")}},
		})
	}
	return rs
}

func header(m producer.Message, key string) string {
	last := "<none>"
	for _, h := range m.Headers {
		if h.Key == key {
			last = string(h.Value)
		}
	}
	return last
}

func TestHandleReturnsWhenAllIsAcknowledged(t *testing.T) {
	p := &topicLimit{limit: 1 << 20}
	h := testHandler(p)
	if err := h.Handle(t.Context(), testRecords("syslog", "alert", "dead", "syslog")); err != nil {
		t.Fatal(err)
	}
	if len(p.taken) != 2 {
		t.Fatalf("published %d messages: want 2", len(p.taken))
	}
	alert, dead := p.taken[0], p.taken[1]
	if alert.Topic != "alerts" || string(alert.Key) != "id-101" || header(alert, "content-type") != "application/json" ||
		header(alert, "regtrap-alert-id") != "id-101" || header(alert, "regtrap-rule-id") != "rule-1" || header(alert, "regtrap-severity") != "high" {
		t.Errorf("alert %+v", alert)
	}
	if dead.Topic != "dead" || string(dead.Key) != "host-1" || string(dead.Value) != "dead" || header(dead, "shipper") != "nxlog" ||
		header(dead, schemas.HeaderReason) != "malformed_json" || header(dead, schemas.HeaderDetail) != "byte 3: no value" ||
		header(dead, schemas.HeaderTopic) != "winlog" || header(dead, schemas.HeaderPartition) != "2" || header(dead, schemas.HeaderOffset) != "102" ||
		header(dead, schemas.HeaderTimestamp) != "2026-03-01T11:59:59Z" || header(dead, schemas.HeaderVersion) != "1.0.0" || header(dead, schemas.HeaderSize) != "<none>" {
		t.Errorf("dead letter %+v", dead)
	}
	m := h.out.metrics
	for name, c := range map[string]struct{ got, want float64 }{
		"records": {testutil.ToFloat64(m.records.WithLabelValues("winlog")), 4},
		"bytes":   {testutil.ToFloat64(m.bytes.WithLabelValues("winlog")), 21},
		"skipped": {testutil.ToFloat64(m.skipped.WithLabelValues("not_document")), 2},
		"events":  {testutil.ToFloat64(m.events.WithLabelValues(schemas.ShapeFlat.String())), 1},
		"alerts":  {testutil.ToFloat64(m.alerts.WithLabelValues("rule-1", "high")), 1},
		"dead":    {testutil.ToFloat64(m.dead.WithLabelValues("malformed_json")), 1},
	} {
		if c.got != c.want {
			t.Errorf("metric %s is %v: want %v", name, c.got, c.want)
		}
	}
}

func TestHandleFailsWhenTheOutputDoes(t *testing.T) {
	p := &topicLimit{limit: 1 << 20, failure: context.Canceled}
	h := testHandler(p)
	if err := h.Handle(t.Context(), testRecords("alert")); !errors.Is(err, context.Canceled) {
		t.Errorf("Handle: %v: want the error of Publish", err)
	}
	if n := testutil.ToFloat64(h.out.metrics.records.WithLabelValues("winlog")); n != 0 {
		t.Errorf("%v records counted as handled", n)
	}
	// The next batch brings nothing of the one that was abandoned.
	p.failure = nil
	if err := h.Handle(t.Context(), testRecords("syslog")); err != nil || len(p.taken) != 0 {
		t.Errorf("Handle: %v, published %d: want nothing", err, len(p.taken))
	}
}

func TestHandleStopsReadingWhenItsContextIsDone(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	p := &topicLimit{limit: 1 << 20}
	if err := testHandler(p).Handle(ctx, testRecords("alert")); !errors.Is(err, context.Canceled) || p.rounds != 0 {
		t.Errorf("Handle: %v after %d publishes: want %v after none", err, p.rounds, context.Canceled)
	}
}

func TestManyMessagesArePublishedInBoundedChunks(t *testing.T) {
	p := &topicLimit{limit: 1 << 20}
	values := slices.Repeat([]string{"alert" + strings.Repeat(".", 10_000)}, 300)
	if err := testHandler(p).Handle(t.Context(), testRecords(values...)); err != nil {
		t.Fatal(err)
	}
	if len(p.taken) != 300 || p.rounds < 3 || p.rounds > 5 {
		t.Errorf("published %d messages in %d chunks: want 300 in chunks of about a mebibyte", len(p.taken), p.rounds)
	}
	for i, m := range p.taken {
		if want := fmt.Sprintf("id-%d", 100+i); string(m.Key) != want {
			t.Fatalf("message %d is %s: want %s", i, m.Key, want)
		}
	}
}

func TestAlertTooLargeIsTrimmed(t *testing.T) {
	p := &topicLimit{limit: 2000}
	h := testHandler(p)
	if err := h.Handle(t.Context(), testRecords("alert", "alert"+strings.Repeat(".", 5000), "alert")); err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, m := range p.taken {
		ids = append(ids, string(m.Key))
	}
	if !slices.Equal(ids, []string{"id-100", "id-102", "id-101"}) {
		t.Errorf("published %q: want the large one last, once each", ids)
	}
	if last := p.taken[len(p.taken)-1]; !bytes.Contains(last.Value, []byte(`"trimmed":["regtrap.original"]`)) {
		t.Errorf("the large alert does not say that it was trimmed: %s", last.Value)
	}
	if n := testutil.ToFloat64(h.out.metrics.trimmed); n != 1 {
		t.Errorf("%v trimmed alerts counted: want 1", n)
	}
}

func TestAlertThatCannotBeTrimmedEnoughIsADeadLetter(t *testing.T) {
	p := &topicLimit{limit: 400} // below any alert
	h := testHandler(p)
	record := testRecords("alert" + strings.Repeat(".", 5000))
	if err := h.Handle(t.Context(), record); err != nil {
		t.Fatal(err)
	}
	if len(p.taken) != 1 {
		t.Fatalf("published %d messages: want one", len(p.taken))
	}
	m := p.taken[0]
	if m.Topic != "dead" || header(m, schemas.HeaderReason) != "alert_too_large" || header(m, schemas.HeaderSize) != "5005" ||
		!bytes.HasPrefix(record[0].Value, m.Value) {
		t.Errorf("dead letter %+v", m)
	}
	if detail := header(m, schemas.HeaderDetail); !strings.Contains(detail, "id-100") || !strings.Contains(detail, "rule-1") {
		t.Errorf("detail %q: want the ids of alert and rule", detail)
	}
}

func TestDeadLetterLosesItsKeyAndHeadersLast(t *testing.T) {
	p := &topicLimit{limit: 450}
	records := testRecords("dead")
	records[0].Key = bytes.Repeat([]byte("k"), 1000)
	if err := testHandler(p).Handle(t.Context(), records); err != nil {
		t.Fatal(err)
	}
	m := p.taken[0]
	if len(m.Key) != 0 || header(m, "shipper") != "<none>" || header(m, schemas.HeaderSize) != "4" ||
		!strings.Contains(header(m, schemas.HeaderDetail), "dropped") {
		t.Errorf("dead letter %+v", m)
	}
}

// What a dead letter drops to fit, the count of its replays is not: without it
// the record could be replayed for ever.
func TestDeadLetterKeepsTheCountOfItsReplaysWhenItDropsHeaders(t *testing.T) {
	p := &topicLimit{limit: 600}
	records := testRecords("dead")
	records[0].Headers = append(records[0].Headers, kafka.Header{Key: "blob", Value: bytes.Repeat([]byte("b"), 1000)})
	for _, h := range (&schemas.Replay{Count: 2, Topic: "winlog", Offset: 7, Timestamp: testNow()}).Headers() {
		records[0].Headers = append(records[0].Headers, kafka.Header{Key: h.Key, Value: h.Value})
	}
	if err := testHandler(p).Handle(t.Context(), records); err != nil {
		t.Fatal(err)
	}
	if m := p.taken[0]; header(m, "blob") != "<none>" || header(m, schemas.HeaderReplays) != "2" || header(m, schemas.HeaderOriginOffset) != "7" {
		t.Errorf("dead letter %+v", m)
	}
}

// A topic that takes nothing is an output that is unavailable: the partition
// waits, it does not spin, and it does not commit past the record.
func TestMessageThatNobodyTakesWaits(t *testing.T) {
	p := &topicLimit{limit: 1}
	if err := testHandler(p).Handle(t.Context(), testRecords("dead")); !errors.Is(err, errWaited) {
		t.Errorf("Handle: %v: want the wait's error", err)
	}
}

func TestHandleIsBusyOnlyWhileReading(t *testing.T) {
	h := testHandler(nil)
	var during, publishing int64
	h.reader = testReader(func(src enrich.Source) *pipeline.Result { during = h.busy.since.Load(); return testRead(src) })
	h.out.publisher = publishFunc(func() { publishing = h.busy.since.Load() })
	if err := h.Handle(t.Context(), testRecords("alert")); err != nil {
		t.Fatal(err)
	}
	if during == 0 || publishing != 0 || h.busy.since.Load() != 0 {
		t.Errorf("busy while reading %d, publishing %d, after %d", during, publishing, h.busy.since.Load())
	}
}

type publishFunc func()

func (f publishFunc) Publish(context.Context, []producer.Message) ([]int, error) {
	f()
	return nil, nil
}

func TestSummaryIsOneLineForManyDeadLetters(t *testing.T) {
	p := &topicLimit{limit: 1 << 20}
	h := testHandler(p)
	if err := h.Handle(t.Context(), testRecords(slices.Repeat([]string{"dead", "syslog"}, 50)...)); err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	l := slog.New(slog.NewTextHandler(&log, nil))
	h.out.summary.write(t.Context(), l)
	h.out.summary.write(t.Context(), l) // nothing new: nothing to say
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	if len(lines) != 2 || !strings.Contains(lines[0], "records=100 registry_events=0 skipped.not_document=50") ||
		!strings.Contains(lines[1], "dead_letters.malformed_json=50") || !strings.Contains(lines[1], "last.offset=198") {
		t.Errorf("log:\n%s", log.String())
	}
}

func TestRecordsThatCauseNothingAllocateNothing(t *testing.T) {
	h := testHandler(&topicLimit{limit: 1 << 20})
	skipped := &pipeline.Result{Outcomes: []schemas.Outcome{{Kind: schemas.Skipped, Reason: schemas.SkipOther}}}
	h.reader = testReader(func(enrich.Source) *pipeline.Result { return skipped })
	records := testRecords(slices.Repeat([]string{"x"}, 100)...)
	if n := testing.AllocsPerRun(100, func() {
		h.batch.reset()
		for i := range records {
			h.record(&records[i])
		}
	}); n != 0 {
		t.Errorf("%v allocations in 100 records: want none", n)
	}
}

func BenchmarkHandleSkipped(b *testing.B) {
	h := testHandler(&topicLimit{limit: 1 << 20})
	skipped := &pipeline.Result{Outcomes: []schemas.Outcome{{Kind: schemas.Skipped, Reason: schemas.SkipOther}}}
	h.reader = testReader(func(enrich.Source) *pipeline.Result { return skipped })
	records := testRecords(slices.Repeat([]string{"x"}, 1000)...)
	for b.Loop() {
		if err := h.Handle(b.Context(), records); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/record")
}
