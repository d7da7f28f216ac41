package service

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/regtrap/regtrap/cmd/internal/sample"
	"github.com/regtrap/regtrap/enrich"
	"github.com/regtrap/regtrap/producer"
	"github.com/regtrap/regtrap/schemas"
)

// mixed invents a bus's traffic: noise, and now and then an attack or poison.
func mixed(f *sample.Feed, n int) []sample.Record {
	var list []sample.Record
	for i := range n {
		switch {
		case i%20 == 7:
			list = append(list, f.Attack())
		case i%50 == 13:
			list = append(list, f.Poison())
		default:
			list = append(list, f.Benign())
		}
	}
	return list
}

// checkAlerts compares the alerts with what records must cause, and returns
// how often each id was published.
func checkAlerts(t *testing.T, s *Service, all sent, messages []producer.Message) map[string]int {
	t.Helper()
	due := make(map[string]string) // alert id → rule name
	for p, r := range all {
		for _, rule := range s.Rules().Rules {
			if rule.Name == r.Rule {
				due[enrich.ID(&enrich.Source{Topic: p.topic, Partition: p.partition, Offset: p.offset, Value: r.Value}, 0, rule.ID)] = rule.Name
			}
		}
	}
	times := make(map[string]int)
	for _, m := range messages {
		var a schemas.Alert
		if err := json.Unmarshal(m.Value, &a); err != nil {
			t.Fatalf("alert %s: %v", m.Value, err)
		}
		id := string(m.Key)
		if due[id] != a.Rule.Name || due[id] == "" {
			t.Errorf("alert %s of rule %q at %+v: want %q", id, a.Rule.Name, a.Regtrap.Source, due[id])
		}
		if a.Event.ID != id || header(m, headerAlertID) != id || header(m, headerRuleID) != a.Rule.ID ||
			header(m, headerSeverity) != a.Regtrap.Severity || header(m, headerContentType) != "application/json" {
			t.Errorf("alert %s: its headers %q and its value differ", id, m.Headers)
		}
		times[id]++
	}
	for id, rule := range due {
		if times[id] == 0 {
			t.Errorf("no alert %s of rule %q", id, rule)
		}
	}
	return times
}

// checkDeadLetters compares the dead letters with the poison among records.
func checkDeadLetters(t *testing.T, all sent, messages []producer.Message) {
	t.Helper()
	seen := make(map[place]bool)
	for _, m := range messages {
		var headers []schemas.Header
		for _, h := range m.Headers {
			headers = append(headers, schemas.Header(h))
		}
		d, err := schemas.ParseDeadLetter(m.Key, m.Value, headers)
		if err != nil {
			t.Fatal(err)
		}
		p := place{d.Topic, d.Partition, d.Offset}
		r := all[p]
		if !r.Poison || !bytes.Equal(d.Value, r.Value) || string(d.Key) != r.Key || d.Reason == "" || d.Detail == "" ||
			d.Version != "1.2.3" || d.Timestamp.IsZero() || len(d.Headers) != 1 || d.Headers[0].Key != "shipper" {
			t.Errorf("dead letter %+v of %+v, which is %+v", d, p, r)
		}
		seen[p] = true
	}
	for p, r := range all {
		if r.Poison && !seen[p] {
			t.Errorf("no dead letter of %+v", p)
		}
	}
}

func TestEveryAttackRaisesItsAlertAndEveryPoisonADeadLetter(t *testing.T) {
	b := newBus(t, outputs())
	all := make(sent)
	b.send(all, mixed(sample.New(1, testNow()), 900))
	s := start(t, testConfig(b))
	b.committed()

	alerts := b.received("regtrap.alerts")
	for id, n := range checkAlerts(t, s.Service, all, alerts) {
		if n != 1 {
			t.Errorf("alert %s was published %d times, though nothing failed", id, n)
		}
	}
	checkDeadLetters(t, all, b.received("regtrap.dead-letters"))
	if len(alerts) != 45 {
		t.Errorf("%d alerts: want 45", len(alerts))
	}

	r := s.readiness("true", func(r Readiness) bool { return r.Ready })
	if len(r.Partitions) != 3 || !r.Member || !r.Output.Writable {
		t.Errorf("readiness %+v", r)
	}
	if status, body := s.get("/healthz"); status != 200 {
		t.Errorf("/healthz %d: %s", status, body)
	}
	// Counted a moment after the commit at the latest: the handler counts
	// before it returns.
	_, metrics := s.get("/metrics")
	for _, want := range []string{`regtrap_records_total{topic="winlog"} 900`, "regtrap_rules 4", `regtrap_build_info{commit="abc"`} {
		if !strings.Contains(metrics, want) {
			t.Errorf("/metrics lacks %s", want)
		}
	}
	if err := s.stop(); err != nil {
		t.Errorf("Run: %v", err)
	}
	if !s.log.contains(`"msg":"service stopped"`) || !s.log.contains(`"msg":"dead letters published"`) {
		t.Error("the log does not tell of the end")
	}
	if n := strings.Count(s.log.String(), "malformed_json"); n > 2 {
		t.Errorf("dead letters are in %d places of the log: want one line", n)
	}
}

func TestMissingOutputTopicMakesThePartitionsWait(t *testing.T) {
	b := newBus(t, kfake.SeedTopics(1, "regtrap.dead-letters"))
	all := make(sent)
	b.send(all, mixed(sample.New(2, testNow()), 300))
	s := start(t, testConfig(b))
	r := s.readiness("says that the topic is missing", func(r Readiness) bool {
		return !r.Ready && strings.Contains(r.Output.WaitingFor, "regtrap.alerts")
	})
	if r.Output.Writable || !strings.Contains(strings.Join(r.Reasons, "\n"), "output: ") || r.Output.Since == nil {
		t.Errorf("readiness %+v", r)
	}
	if status, body := s.get("/healthz"); status != 200 {
		t.Errorf("/healthz %d: an outage must not restart the process: %s", status, body)
	}
	if b.TopicInfo("regtrap.alerts") != nil {
		t.Fatal("the topic was created")
	}
	if err := b.CreateTopic("regtrap.alerts", 2, nil); err != nil {
		t.Fatal(err)
	}
	s.readiness("true again", func(r Readiness) bool { return r.Ready })
	b.committed()
	checkAlerts(t, s.Service, all, b.received("regtrap.alerts"))
	checkDeadLetters(t, all, b.received("regtrap.dead-letters"))
}

func TestInputTopicIsPickedUpWhenItAppears(t *testing.T) {
	b := newBus(t, outputs())
	c := testConfig(b)
	c.Topics = []string{"sysmon"}
	s := start(t, c)
	s.readiness("names the missing topic", func(r Readiness) bool {
		return !r.Ready && strings.Contains(strings.Join(r.Reasons, "\n"), "sysmon")
	})
	if b.TopicInfo("sysmon") != nil {
		t.Fatal("the topic was created")
	}
	if err := b.CreateTopic("sysmon", 1, nil); err != nil {
		t.Fatal(err)
	}
	s.readiness("true", func(r Readiness) bool { return r.Ready && len(r.Partitions) == 1 })
}

// Nothing is committed by the first service, so the second reads all again:
// what it publishes twice has the ids of the first time.
func TestRestartRepeatsAlertsOnlyWithTheirIDs(t *testing.T) {
	b := newBus(t, outputs())
	all := make(sent)
	feed := sample.New(3, testNow())
	b.send(all, mixed(feed, 300))
	fault := b.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.OffsetCommit}, Err: kerr.GroupAuthorizationFailed, Count: -1})
	first := start(t, testConfig(b))
	eventually(t, func() bool { return len(b.received("regtrap.alerts")) >= 15 }, func() string { return "no alerts" })
	b.send(all, mixed(feed, 300))
	if err := first.stop(); err != nil {
		t.Errorf("Run: %v", err)
	}
	fault.Remove()

	second := start(t, testConfig(b))
	b.committed()
	repeated := 0
	for _, n := range checkAlerts(t, second.Service, all, b.received("regtrap.alerts")) {
		if n > 1 {
			repeated++
		}
	}
	if repeated < 15 {
		t.Errorf("%d alerts were repeated: want the 15 of the first service", repeated)
	}
	checkDeadLetters(t, all, b.received("regtrap.dead-letters"))
}

func TestRawRecordAndLabelsAreInTheAlertWhenAskedFor(t *testing.T) {
	b := newBus(t, outputs())
	attack := sample.New(4, testNow()).Attack()
	b.send(make(sent), []sample.Record{attack})
	c := testConfig(b)
	c.AlertOriginal, c.Labels = true, map[string]string{"tenant": "acme"}
	start(t, c)
	b.committed()
	var a schemas.Alert
	if err := json.Unmarshal(b.received("regtrap.alerts")[0].Value, &a); err != nil {
		t.Fatal(err)
	}
	if a.Regtrap.Original != string(attack.Value) || a.Labels["tenant"] != "acme" || a.Regtrap.Version != "1.2.3" {
		t.Errorf("alert %+v", a)
	}
	if a.Event.Created.IsZero() || time.Since(a.Event.Created) > time.Hour {
		t.Errorf("event.created %v: want the Kafka timestamp", a.Event.Created)
	}
}

// noise returns n random hexadecimal digits.
func noise(r *rand.Rand, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = "0123456789abcdef"[r.IntN(16)]
	}
	return string(b)
}

func TestAlertsLargerThanTheTopicAllowsAreTrimmed(t *testing.T) {
	b := newBus(t, kfake.SeedTopics(1, "regtrap.dead-letters"))
	if err := b.CreateTopic("regtrap.alerts", 1, map[string]string{"max.message.bytes": "8192"}); err != nil {
		t.Fatal(err)
	}
	feed, random := sample.New(5, testNow()), rand.New(rand.NewPCG(1, 2))
	all := make(sent)
	var records []sample.Record
	for range 9 {
		r := feed.Attack()
		// A second document in the value, of text that does not compress: the
		// broker measures what is compressed.
		r.Value = fmt.Appendf(r.Value, "\n{\"noise\":%q}", noise(random, 32<<10))
		records = append(records, r, feed.Attack())
	}
	b.send(all, records)
	c := testConfig(b)
	c.AlertOriginal = true
	s := start(t, c)
	b.committed()
	alerts := b.received("regtrap.alerts")
	checkAlerts(t, s.Service, all, alerts)
	trimmed := 0
	for _, m := range alerts {
		var a schemas.Alert
		if err := json.Unmarshal(m.Value, &a); err != nil {
			t.Fatal(err)
		}
		if len(a.Regtrap.Trimmed) > 0 {
			trimmed++
		} else if a.Regtrap.Original == "" {
			t.Errorf("alert %s lost its original without saying so", m.Key)
		}
	}
	if trimmed != 9 {
		t.Errorf("%d alerts were trimmed: want the 9 large ones", trimmed)
	}
	if n := len(b.received("regtrap.dead-letters")); n != 0 {
		t.Errorf("%d dead letters: want none", n)
	}
}
