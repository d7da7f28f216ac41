package main

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"
)

// results is everything that was measured.
type results struct {
	settings settings
	date     time.Time

	CPU     *cpuResult
	Scaling []scalingResult
	Latency *latencyResult
}

// object is what -json writes.
func (r results) object() map[string]any {
	return map[string]any{
		"date": r.date.UTC().Format(time.RFC3339), "go": runtime.Version(), "arch": runtime.GOARCH, "cores": runtime.NumCPU(),
		"kafka": r.settings.kafka, "codec": r.settings.codec,
		"cpu": r.CPU, "scaling": r.Scaling, "latency": r.Latency,
	}
}

// text is the page of tables, Markdown.
func (r results) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Measured on %s: %d cores, shared by broker, producer and regtrap; %s, Apache Kafka %s, %s. The records are %s",
		r.date.UTC().Format("2 January 2006"), runtime.NumCPU(), runtime.Version(), r.settings.kafka, r.settings.codec, r.settings.corpusName)
	if r.settings.rules != "" {
		fmt.Fprintf(&b, ", the rules the pack and %s", r.settings.rulesName)
	}
	b.WriteString(". Medians, behind them the middle half.\n")

	fmt.Fprintf(&b, "\n| CPU time, user and system | ns a record |\n| --- | ---: |\n")
	fmt.Fprintf(&b, "| a consumer of the same client that does nothing | %s |\n", spread(r.CPU.Noop, "%.0f"))
	fmt.Fprintf(&b, "| decode and match, in memory | %s |\n", spread(r.CPU.Alone, "%.0f"))
	fmt.Fprintf(&b, "| `regtrap run` | %s |\n", spread(r.CPU.Run, "%.0f"))
	fmt.Fprintf(&b, "| `regtrap run` × the two together | %s |\n", spread(r.CPU.Ratio, "**%.2f**"))

	b.WriteString("\n| workers of one core, with as many partitions | records a second | × one |\n| ---: | ---: | ---: |\n")
	one := quantile(r.Scaling[0].Rates, 0.5)
	for _, s := range r.Scaling {
		fmt.Fprintf(&b, "| %d | %s | %.2f |\n", s.Workers, spread(s.Rates, "%.0f"), quantile(s.Rates, 0.5)/one)
	}

	l := r.Latency
	b.WriteString("\n| full load, records a second | half of it | alerts | p50 ms | p90 ms | p99 ms | most ms |\n| ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n")
	fmt.Fprintf(&b, "| %.0f | %.0f | %d | %.1f | %.1f | **%.1f** | %.1f |\n", l.Full, l.Rate, l.Alerts, l.P50, l.P90, l.P99, l.Max)
	return b.String()
}

// spread is the median, and the middle half behind it.
func spread(list []float64, format string) string {
	return fmt.Sprintf(format+" (%s–%s)", quantile(list, 0.5), fmt.Sprintf(strings.Trim(format, "*"), quantile(list, 0.25)), fmt.Sprintf(strings.Trim(format, "*"), quantile(list, 0.75)))
}

// quantile returns the element of list below which a share q of it lies.
func quantile[T float64 | time.Duration](list []T, q float64) T {
	s := slices.Sorted(slices.Values(list))
	return s[int(q*float64(len(s)-1)+0.5)]
}
