package main

import (
	"fmt"
	"strings"
)

// rules is the section on the number of rules. What multiplies the rules, and
// what evaluates them in a row, is beside the rules as they are.
func (r results) rules(b *strings.Builder) error {
	var lines []line
	for _, l := range r.bench.lines {
		if l.kind == "Rules" {
			lines = append(lines, l)
		}
	}
	if len(lines) == 0 {
		return fmt.Errorf("the number of rules was not measured")
	}
	own := lines[0].metrics["rules"]
	fmt.Fprintf(b, "\n## The number of rules\n\nMatching alone, of decoded events: the %s registry events of the bus. The first %s rules are %s",
		number(lines[0].metrics["events"]), number(own), r.settings.rulesName)
	if more, ok := r.more(); ok {
		fmt.Fprintf(b, "; of the %s the others are %s", number(more.metrics["rules"]), r.settings.moreRulesName)
	}
	b.WriteString("; larger sets are the first with variants of theirs, as many as needed, of distinct literals. Ratios are to the first; allocations are those of an event that nothing hits.\n\n")
	b.WriteString("| rules | evaluated | ns an event | × the first | allocations an event | hits | compile ms | MiB of the set | MiB at most, alive | MiB at most, with garbage |\n")
	b.WriteString("| ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n")
	linear := false
	for _, l := range lines {
		how, compile := "by the index", "| | | |"
		if l.corpus == "linear" {
			how, linear = "each on every event", true
		} else {
			c, ok := r.bench.of("Compile", "", l.way)
			if !ok {
				return fmt.Errorf("no benchmark of compiling %s rules", l.way)
			}
			compile = fmt.Sprintf("%.0f | %s | %s | %s", c.metrics["ns/compile"]/1e6, mebibytes(c.metrics["retained-bytes"]), mebibytes(c.metrics["live-bytes"]), mebibytes(c.metrics["peak-bytes"]))
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s | %.2g | %s | %s |\n", number(l.metrics["rules"]), how, number(l.metrics["ns/event"]),
			l.ratio("x-own"), l.metrics["allocs/event"], l.count("hits"), compile)
	}
	if !linear {
		return fmt.Errorf("the linear evaluator was not measured")
	}
	return nil
}

// more is the line of the rules that are no variants, and more than the first.
func (r results) more() (line, bool) {
	if r.settings.moreRules == "" {
		return line{}, false
	}
	first := true
	for _, l := range r.bench.lines {
		if l.kind != "Rules" {
			continue
		}
		if !first {
			return l, true
		}
		first = false
	}
	return line{}, false
}

func mebibytes(bytes float64) string { return fmt.Sprintf("%.1f", bytes/(1<<20)) }

// worst is the section on what an attacker may write.
func (r results) worst(b *strings.Builder) error {
	lines := r.bench.corpora("Worst")
	if len(lines) == 0 {
		return fmt.Errorf("no worst case was measured")
	}
	b.WriteString("\n## Worst cases\n\nOne event whose path or data is a text of 32 KiB, before rules that make it dear. The time of a text twice as long is held against it: 2 is linear.\n\n")
	b.WriteString("| case | rules | µs an event | ns a byte | × twice as long |\n| --- | ---: | ---: | ---: | ---: |\n")
	for _, l := range r.bench.lines {
		if l.kind != "Worst" {
			continue
		}
		fmt.Fprintf(b, "| %s | %s | %.0f | %.2f | %s |\n", strings.ReplaceAll(l.corpus, "_", " "), number(l.metrics["rules"]), l.metrics["ns/event"]/1e3, l.metrics["ns/byte"], l.ratio("x-double"))
	}
	return nil
}
