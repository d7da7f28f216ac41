package service

import (
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/regtrap/regtrap/cmd/internal/build"
	"github.com/regtrap/regtrap/rules"
	"github.com/regtrap/regtrap/schemas"
)

// metrics are the service's own; consumer and producer bring theirs. They are
// fed once a batch, not once a record, except for the histograms.
type metrics struct {
	records, bytes *prometheus.CounterVec // by topic
	events         *prometheus.CounterVec // by shape
	incomplete     *prometheus.CounterVec // by shape and what is missing
	skipped, dead  *prometheus.CounterVec // by reason
	alerts         *prometheus.CounterVec // by rule and severity
	trimmed        prometheus.Counter

	match    prometheus.Histogram
	endToEnd *prometheus.HistogramVec // by output
	lag      prometheus.Histogram

	rules, rulesAlways, ruleProblems prometheus.Gauge
	reloads                          *prometheus.CounterVec // by result
	reloaded, loadOK                 prometheus.Gauge
	version, build                   *prometheus.GaugeVec
}

// Values of the label output.
const (
	outputAlert      = "alert"
	outputDeadLetter = "dead_letter"
)

func newMetrics() *metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
	}
	m := &metrics{
		records:    counter("regtrap_records_total", "Kafka records handled, repeats included.", "topic"),
		bytes:      counter("regtrap_record_bytes_total", "Bytes of the values of handled records, decompressed.", "topic"),
		events:     counter("regtrap_registry_events_total", "Registry events matched, by the shape that they were written in.", "shape"),
		incomplete: counter("regtrap_incomplete_events_total", "Registry events that lack what rules test, by shape and what is missing (process, user, host, time, data, action): rules that test it cannot fire on them.", "shape", "missing"),
		skipped:    counter("regtrap_skipped_total", "Documents that are no registry events, by reason.", "reason"),
		dead:       counter("regtrap_dead_letters_total", "Dead letters acknowledged, by reason, repeats included.", "reason"),
		alerts:     counter("regtrap_alerts_total", "Alerts acknowledged, by rule and severity, repeats included.", "rule_id", "severity"),
		trimmed: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "regtrap_alerts_trimmed_total", Help: "Alerts acknowledged only after they were shortened to the broker's limit."}),
		match: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "regtrap_match_duration_seconds", Help: "Time to decode one record, match its events and make their alerts; one record in 16 is timed.",
			Buckets: []float64{5e-7, 1e-6, 2.5e-6, 5e-6, 1e-5, 2.5e-5, 5e-5, 1e-4, 5e-4, 1e-3, 1e-2, 0.1, 1}}),
		endToEnd: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "regtrap_end_to_end_duration_seconds", Help: "From the Kafka timestamp of a record to the acknowledgement of what it caused, by output.",
			Buckets: []float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 1800, 7200, 86400}}, []string{"output"}),
		lag: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "regtrap_event_time_lag_seconds", Help: "Age of registry events when they are matched, by the clock of their host; 0 when that clock is ahead.",
			Buckets: []float64{0.1, 0.5, 1, 2.5, 5, 15, 60, 300, 1800, 7200, 43200, 86400, 604800}}),
		rules:        gauge("regtrap_rules", "Rules in force."),
		rulesAlways:  gauge("regtrap_rules_always_evaluated", "Rules without a necessary literal, evaluated on every event of their actions."),
		ruleProblems: gauge("regtrap_rules_rejected", "Rules left out at the last load because they cannot be used."),
		reloads:      counter("regtrap_rule_loads_total", "Loads of the rule set, the first one included, by result.", "result"),
		loadOK:       gauge("regtrap_rule_load_ok", "1 when the last load of the rules succeeded; 0 when it failed, and the rules before it are still in force."),
		reloaded:     gauge("regtrap_rules_loaded_timestamp_seconds", "When the rules in force were loaded, Unix time."),
		version: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "regtrap_rules_info", Help: "1, labelled with the version of the rules in force: a hash that is the same in all members that run the same rules."}, []string{"rules_version"}),
		build: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "regtrap_build_info", Help: "1, labelled with the build that runs."}, []string{"version", "commit", "go_version"}),
	}
	// A counter that exists from the start shows its first increase.
	for _, s := range schemas.Shapes() {
		m.events.WithLabelValues(s.String())
		for missing := range schemas.EverythingMissing.All() {
			m.incomplete.WithLabelValues(s.String(), missing.String())
		}
	}
	for _, r := range schemas.SkipReasons() {
		m.skipped.WithLabelValues(string(r))
	}
	for _, r := range schemas.DeadReasons() {
		m.dead.WithLabelValues(string(r))
	}
	for _, r := range []loadResult{loadOK, loadFailed, loadUnchanged} {
		m.reloads.WithLabelValues(string(r))
	}
	for _, o := range []string{outputAlert, outputDeadLetter} {
		m.endToEnd.WithLabelValues(o)
	}
	return m
}

// collectors returns the metrics for registration.
func (m *metrics) collectors() []prometheus.Collector {
	return []prometheus.Collector{
		m.records, m.bytes, m.events, m.incomplete, m.skipped, m.dead, m.alerts, m.trimmed,
		m.match, m.endToEnd, m.lag,
		m.rules, m.rulesAlways, m.ruleProblems, m.reloads, m.reloaded, m.loadOK, m.version, m.build,
	}
}

// loaded notes a rule set that is now in force.
func (m *metrics) loaded(s *rules.Snapshot, problems int, now time.Time) {
	m.loadOK.Set(1)
	m.rules.Set(float64(len(s.Rules)))
	m.rulesAlways.Set(float64(len(s.Set.Always())))
	m.ruleProblems.Set(float64(problems))
	m.reloads.WithLabelValues(string(loadOK)).Inc()
	m.reloaded.Set(float64(now.UnixMilli()) / 1000)
	m.version.Reset()
	m.version.WithLabelValues(s.Hash).Set(1)
}

// notLoaded notes a load that put nothing in force.
func (m *metrics) notLoaded(r loadResult, problems int) {
	m.loadOK.Set(1)
	if r == loadFailed {
		m.loadOK.Set(0)
	}
	m.ruleProblems.Set(float64(problems))
	m.reloads.WithLabelValues(string(r)).Inc()
}

// register returns a registry of its own with everything in it.
func register(info build.Info, m *metrics, more ...[]prometheus.Collector) (*prometheus.Registry, error) {
	m.build.WithLabelValues(info.Version, info.Commit, info.GoVersion).Set(1)
	all := append(m.collectors(), collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	for _, c := range more {
		all = append(all, c...)
	}
	r := prometheus.NewRegistry()
	for _, c := range all {
		if err := r.Register(c); err != nil {
			return nil, fmt.Errorf("metrics: %w", err)
		}
	}
	return r, nil
}
