package producer

import "github.com/prometheus/client_golang/prometheus"

// metrics are the producer's counters. They are safe for all goroutines.
type metrics struct {
	messages, bytes, retries, tooLarge *prometheus.CounterVec
	duration                           prometheus.Histogram
	replicas, inSync                   *prometheus.GaugeVec
}

func newMetrics() *metrics {
	counter := func(name, help, label string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, []string{label})
	}
	gauge := func(name, help string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, []string{"topic"})
	}
	return &metrics{
		messages: counter("regtrap_output_messages_total", "Messages acknowledged by all in-sync replicas.", "topic"),
		bytes:    counter("regtrap_output_bytes_total", "Bytes of the values of acknowledged messages, before compression.", "topic"),
		retries:  counter("regtrap_output_retries_total", "Attempts at output that failed and were repeated, by reason.", "reason"),
		tooLarge: counter("regtrap_output_too_large_total", "Messages that a topic does not take because of their size.", "topic"),
		duration: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "regtrap_output_request_duration_seconds", Help: "Time of one produce request, failed ones included.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}),
		replicas: gauge("regtrap_output_replication_factor", "Replicas of the least replicated partition of an output topic, or of __consumer_offsets: want 3."),
		inSync:   gauge("regtrap_output_min_insync_replicas", "min.insync.replicas of an output topic, or of __consumer_offsets: want 2; with 1, what is acknowledged can be lost with one broker."),
	}
}

func (m *metrics) collectors() []prometheus.Collector {
	return []prometheus.Collector{m.messages, m.bytes, m.retries, m.tooLarge, m.duration, m.replicas, m.inSync}
}
