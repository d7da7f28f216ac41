package consumer

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are the consumer's counters. They are safe for all goroutines.
type metrics struct {
	records, bytes, commits, fetchErrors, starts, missed *prometheus.CounterVec
	rebalances                                           prometheus.Counter
}

func newMetrics() *metrics {
	counter := func(name, help, label string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, []string{label})
	}
	return &metrics{
		records:     counter("regtrap_fetched_records_total", "Records fetched, those of abandoned batches included.", "topic"),
		bytes:       counter("regtrap_fetched_bytes_total", "Bytes of fetched records, decompressed.", "topic"),
		commits:     counter("regtrap_commits_total", "Commits of offsets, by result: ok, failed or abandoned.", "result"),
		fetchErrors: counter("regtrap_fetch_errors_total", "Fetches that failed, counted by partition and reason.", "reason"),
		starts:      counter("regtrap_partition_starts_total", "Partitions begun, by where: committed, earliest, latest, new_partition, below_start, above_end or recreated.", "reason"),
		missed:      counter("regtrap_missed_records_total", "Offsets that retention took before they were handled.", "topic"),
		rebalances:  prometheus.NewCounter(prometheus.CounterOpts{Name: "regtrap_rebalances_total", Help: "Generations joined."}),
	}
}

func (m *metrics) collectors() []prometheus.Collector {
	return []prometheus.Collector{m.records, m.bytes, m.commits, m.fetchErrors, m.starts, m.missed, m.rebalances}
}

// partitionCollector shows the state of the partitions that are owned now, so
// that a partition that moved away leaves no stale series behind.
type partitionCollector struct{ consumer *Consumer }

// partitionMetric is one gauge a partition.
type partitionMetric struct {
	desc  *prometheus.Desc
	value func(PartitionStatus) float64
}

func partitionMetrics() []partitionMetric {
	desc := func(name, help string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, []string{"topic", "partition"}, nil)
	}
	flag := func(on bool) float64 {
		if on {
			return 1
		}
		return 0
	}
	return []partitionMetric{
		{desc("regtrap_partition_owned", "1 for each partition that this member owns."), func(PartitionStatus) float64 { return 1 }},
		{desc("regtrap_watermark_offset", "Next offset to handle: everything below is handled."), func(s PartitionStatus) float64 { return float64(s.Watermark) }},
		{desc("regtrap_committed_offset", "Offset last committed, -1 for none."), func(s PartitionStatus) float64 { return float64(s.Committed) }},
		{desc("regtrap_offset_lag", "Offsets between the watermark and the end of the log as last seen."), func(s PartitionStatus) float64 { return float64(max(s.End-s.Watermark, 0)) }},
		{desc("regtrap_partition_unreadable", "1 while the next batch of the partition cannot be read."), func(s PartitionStatus) float64 { return flag(s.State == stateUnreadable) }},
	}
}

func (partitionCollector) missing() *prometheus.Desc {
	return prometheus.NewDesc("regtrap_topics_missing", "Topics of the configuration that do not exist or may not be seen.", nil, nil)
}

func (partitionCollector) member() *prometheus.Desc {
	return prometheus.NewDesc("regtrap_group_member", "1 while this process is a member of a generation.", nil, nil)
}

func (partitionCollector) inHand() *prometheus.Desc {
	return prometheus.NewDesc("regtrap_batches_bytes", "Bytes of all batches in hand, decompressed, and of requests in flight.", nil, nil)
}

// Describe sends the descriptions of all gauges.
func (c *partitionCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, m := range partitionMetrics() {
		ch <- m.desc
	}
	ch <- c.missing()
	ch <- c.member()
	ch <- c.inHand()
}

// Collect sends the gauges of the partitions that are owned now.
func (c *partitionCollector) Collect(ch chan<- prometheus.Metric) {
	s := c.consumer.Status()
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	for _, p := range s.Partitions {
		for _, m := range partitionMetrics() {
			gauge(m.desc, m.value(p), p.Topic, strconv.Itoa(p.Partition))
		}
	}
	gauge(c.missing(), float64(len(s.Missing)))
	member, inHand := 0.0, 0.0
	c.consumer.mu.Lock()
	if a := c.consumer.assignment; a != nil {
		member, inHand = 1, float64(a.budget.inUse())
	}
	c.consumer.mu.Unlock()
	gauge(c.member(), member)
	gauge(c.inHand(), inHand)
}
