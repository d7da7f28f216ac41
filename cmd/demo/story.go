package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/regtrap/regtrap/cmd/internal/sample"
	"github.com/regtrap/regtrap/cmd/internal/show"
	"github.com/regtrap/regtrap/schemas"
)

// story tells a person what the service did. What it says of input comes from
// the service's own metrics, what it says of alerts from the alerts topic.
type story struct {
	out     io.Writer
	metrics string // URL
}

func (s *story) printf(format string, args ...any) { fmt.Fprintf(s.out, format, args...) }

func (s *story) begin(brokers []string, http string, rules int) {
	s.printf("regtrap demo: an embedded Kafka broker on %s, the service of `regtrap run` beside it (%d rules, http://%s).\n\n",
		strings.Join(brokers, ","), rules, http)
}

func (s *story) sent(records []sample.Record) {
	attacks, poison := due(records)
	s.printf("Fed to topic %s: %d records of an invented estate, %d attacks and %d damaged records among them.\n\n",
		telemetryTopic, len(records), attacks, poison)
}

// cameIn waits until the service has counted n records, and shows what they were.
func (s *story) cameIn(ctx context.Context, n int) error {
	var m metrics
	for {
		var err error
		if m, err = s.scrape(ctx); err != nil {
			return err
		}
		if int(sum(m["regtrap_records_total"])) >= n {
			break
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for %d records to be handled, %v are: %w", n, sum(m["regtrap_records_total"]), ctx.Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
	s.printf("What came in: %v records\n", sum(m["regtrap_records_total"]))
	s.table("registry events read, by shape", m["regtrap_registry_events_total"])
	s.table("skipped, by reason", m["regtrap_skipped_total"])
	s.table("dead letters, by reason", m["regtrap_dead_letters_total"])
	return nil
}

// alert is a message of the alerts topic.
type alert struct {
	schemas.Alert
	partition int
	offset    int64
}

// deadLetter is a message of the dead-letter topic.
type deadLetter struct{ *schemas.DeadLetter }

// cameOut shows what the service published, and returns it read.
func (s *story) cameOut(alertMessages, deadMessages []message) ([]alert, []deadLetter, error) {
	var dead []deadLetter
	for _, m := range deadMessages {
		d, err := m.deadLetter()
		if err != nil {
			return nil, nil, err
		}
		s.printf("      %s partition %d offset %d: %s\n", d.Topic, d.Partition, d.Offset, d.Detail)
		dead = append(dead, d)
	}
	s.printf("\nAlerts on topic %s:\n\n", alertsTopic)
	var alerts []alert
	for _, m := range alertMessages {
		a, err := m.alert()
		if err != nil {
			return nil, nil, err
		}
		s.alert(a)
		alerts = append(alerts, a)
	}
	return alerts, dead, nil
}

func (m message) deadLetter() (deadLetter, error) {
	var headers []schemas.Header
	for _, h := range m.headers {
		headers = append(headers, schemas.Header{Key: h.Key, Value: h.Value})
	}
	d, err := schemas.ParseDeadLetter(m.key, m.value, headers)
	return deadLetter{d}, err
}

func (m message) alert() (alert, error) {
	a := alert{partition: m.partition, offset: m.offset}
	if err := json.Unmarshal(m.value, &a.Alert); err != nil {
		return a, fmt.Errorf("alert at %s partition %d offset %d: %w", alertsTopic, m.partition, m.offset, err)
	}
	return a, nil
}

func (s *story) table(title string, counts map[string]float64) {
	s.printf("  %-36s %4v\n", title, sum(counts))
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		if counts[name] > 0 {
			s.printf("    %-34s %4v\n", name, counts[name])
		}
	}
}

// alert shows one alert.
func (s *story) alert(a alert) {
	block := show.Alert(&a.Alert, "published to", fmt.Sprintf("%s, partition %d, offset %d", alertsTopic, a.partition, a.offset))
	for line := range strings.Lines(block) {
		s.printf("  %s", line)
	}
	s.printf("\n")
}

func (s *story) end(records, alerts, dead int, took time.Duration) {
	s.printf("%d records, %d alerts, %d dead letters in %.1f s: every attack raised one alert, and nothing else did.\n",
		records, alerts, dead, took.Seconds())
}

func (s *story) kept(brokers []string, http string) {
	s.printf(`
Still running, one record every 200 ms, an attack every ten seconds. Interrupt to end.
  broker       %s (topics %s, %s, %s)
  metrics      http://%s/metrics
  readiness    http://%[5]s/readyz
  your own     REGTRAP_BROKERS=%[1]s REGTRAP_TOPICS=%[2]s REGTRAP_GROUP=mine REGTRAP_HTTP_ADDR=127.0.0.1:0 go run ./cmd/regtrap run
`, strings.Join(brokers, ","), telemetryTopic, alertsTopic, deadLetterTopic, http)
}

// metrics holds the counters of the service: metric name, first label's value.
type metrics map[string]map[string]float64

func sum(counts map[string]float64) (total float64) {
	for _, n := range counts {
		total += n
	}
	return total
}

// scrape reads the service's metrics page.
func (s *story) scrape(ctx context.Context) (metrics, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.metrics, nil)
	if err != nil {
		return nil, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(res.Body)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.metrics, err)
	}
	m := make(metrics)
	for name, family := range families {
		m[name] = make(map[string]float64)
		for _, metric := range family.GetMetric() {
			label := ""
			if l := metric.GetLabel(); len(l) > 0 {
				label = l[0].GetValue()
			}
			if c := metric.GetCounter(); c != nil {
				m[name][label] += c.GetValue()
			}
		}
	}
	return m, nil
}
