package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
)

const (
	begin = "<!-- results: written by go run ./cmd/internal/speed -->\n"
	end   = "<!-- /results -->"
)

// results is everything that the page shows.
type results struct {
	settings  settings
	date      time.Time
	bench     *benchmarks
	processes *processes
}

// names are the ways in the words of the page.
func names() map[string]string {
	return map[string]string{
		"fastjson":            "fastjson `Parser.ParseBytes`: the yardstick, and beside itself",
		"encoding_json_any":   "encoding/json `Unmarshal` into `any`",
		"encoding_json_valid": "encoding/json `Valid`",
		"encoding_xml":        "encoding/xml `RawToken`",
		"decode":              "decode",
		"decode_full":         "decode, every record to its end (no early veto)",
		"decode_match_pack":   "decode and match, the pack",
		"decode_match_rules":  "decode and match, the pack and more rules",
		"pipeline_pack":       "decode, match, make alerts, count; the pack",
		"pipeline_rules":      "decode, match, make alerts, count; the pack and more rules",
	}
}

// text is what stands between the markers.
func (r results) text() (string, error) {
	var b strings.Builder
	cpu := r.bench.cpu
	if cpu == "" {
		cpu = runtime.GOARCH
	}
	fmt.Fprintf(&b, "Measured on %s: %s, %d cores, %s %s/%s. Every ratio is the median of %d rounds or more, behind it the middle half of them.\n",
		r.date.UTC().Format("2 January 2006"), cpu, runtime.NumCPU(), runtime.Version(), runtime.GOOS, runtime.GOARCH, r.rounds())
	for _, section := range []func(*strings.Builder) error{r.bus, r.process, r.rules, r.worst, r.shapes, r.xml, r.sources} {
		if err := section(&b); err != nil {
			return "", err
		}
	}
	return b.String(), nil
}

// rounds is the least number of rounds of any comparison in memory.
func (r results) rounds() int {
	least := 0
	for _, l := range r.bench.lines {
		if n, ok := l.metrics["rounds"]; ok && (least == 0 || int(n) < least) {
			least = int(n)
		}
	}
	return least
}

func (r results) bus(b *strings.Builder) error {
	first, ok := r.bench.of("Bus", "", "fastjson")
	detected, ok2 := r.bench.of("Bus", "", "decode_match_pack")
	if !ok || !ok2 {
		return fmt.Errorf("no benchmark of the bus")
	}
	fmt.Fprintf(b, "\n## A bus\n\nThe corpus is %s: %s records, %s MB, %s registry events. ",
		r.settings.corpusName, number(first.metrics["records"]), megabytes(first.metrics["bytes"]), number(detected.metrics["events"]))
	fmt.Fprintf(b, "The pack has %s rules", number(detected.metrics["rules"]))
	if more, ok := r.bench.of("Bus", "", "decode_match_rules"); ok {
		fmt.Fprintf(b, "; more rules are %s, %s of them", r.settings.rulesName, number(more.metrics["rules"]-detected.metrics["rules"]))
	}
	b.WriteString(".\n\n| one core, in memory | ns a record | GB/s | × fastjson | registry events | alerts |\n| --- | ---: | ---: | ---: | ---: | ---: |\n")
	for _, l := range r.bench.lines {
		if l.kind == "Bus" {
			fmt.Fprintf(b, "| %s | %s | %.2f | %s | %s | %s |\n", named(l.way), number(l.metrics["ns/record"]), l.metrics["GB/s"],
				l.ratio("x-fastjson"), l.count("events"), l.count("alerts"))
		}
	}
	return nil
}

func (r results) process(b *strings.Builder) error {
	p := r.processes
	fmt.Fprintf(b, "\n## The whole process\n\nA file of %s MB, %s records: the corpus %d times. User time of the process, start included; %d rounds.\n\n",
		megabytes(float64(p.bytes)), number(float64(p.records)), p.copies, p.rounds)
	b.WriteString("| process | user s | elapsed s | × parser's user time | registry events | alerts |\n| --- | ---: | ---: | ---: | ---: | ---: |\n")
	for _, one := range p.list {
		found, fired := "", ""
		if one.stats != "" {
			found, fired = number(float64(one.counts.Events)), number(float64(one.counts.Alerts))
		}
		fmt.Fprintf(b, "| %s | %.2f | %.2f | %s | %s | %s |\n", one.name, one.user.Seconds(), one.elapsed.Seconds(),
			ratio(quantile(one.ratios, 0.5), quantile(one.ratios, 0.25), quantile(one.ratios, 0.75)), found, fired)
	}
	return nil
}

func (r results) shapes(b *strings.Builder) error {
	b.WriteString("\n## Every shape alone\n\nInvented records, every one a registry event, which costs most. XML is held against encoding/xml.\n\n")
	b.WriteString("| shape | bytes a record | parser ns | decode ns | and match ns | all ns | all ns a byte | decode × parser | and match × parser |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n")
	return r.table(b, "Shapes")
}

func (r results) sources(b *strings.Builder) error {
	b.WriteString("\n## Other sources\n\nInvented records of other senders, without a registry event; `all_mixed` is all of them and one registry event in 50.\n\n")
	b.WriteString("| source | bytes a record | parser ns | decode ns | and match ns | all ns | all ns a byte | decode × parser | and match × parser |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n")
	return r.table(b, "Sources")
}

func (r results) table(b *strings.Builder, kind string) error {
	corpora := r.bench.corpora(kind)
	if len(corpora) == 0 {
		return fmt.Errorf("%s: nothing was measured", kind)
	}
	for _, corpus := range corpora {
		parser, ok := r.bench.of(kind, corpus, "fastjson")
		unit := "x-fastjson"
		if !ok {
			parser, ok = r.bench.of(kind, corpus, "encoding_xml")
			unit = "x-encoding_xml"
		}
		decode, ok2 := r.bench.of(kind, corpus, "decode")
		match, ok3 := r.bench.of(kind, corpus, "decode_match_pack")
		all, ok4 := r.bench.of(kind, corpus, "pipeline_pack")
		if !ok || !ok2 || !ok3 || !ok4 {
			return fmt.Errorf("%s %s: not all ways were measured", kind, corpus)
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %s | %.2f | %s | %s |\n", corpus, number(all.metrics["bytes"]/all.metrics["records"]),
			number(parser.metrics["ns/record"]), number(decode.metrics["ns/record"]), number(match.metrics["ns/record"]),
			number(all.metrics["ns/record"]), all.metrics["ns/byte"], decode.ratio(unit), match.ratio(unit))
	}
	return nil
}

func (r results) xml(b *strings.Builder) error {
	b.WriteString("\n## XML beside JSON\n\nThe same Sysmon events as Windows renders them and as Winlogbeat 8 writes them: a fifth registry events, and registry events alone. Ratios are of the time of a byte.\n\n")
	b.WriteString("| events | way | ns a record of XML | ns a byte of XML | ns a byte of JSON | × JSON a byte | registry events | alerts |\n| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |\n")
	if len(r.bench.corpora("XML")) == 0 {
		return fmt.Errorf("XML: nothing was measured")
	}
	for _, l := range r.bench.lines {
		if l.kind != "XML" {
			continue
		}
		way := named(l.way)
		if l.way == "encoding_xml" {
			way += ", beside decode and match of JSON"
		}
		fmt.Fprintf(b, "| %s | %s | %s | %.2f | %.2f | %s | %s | %s |\n", l.corpus, way, number(l.metrics["ns/record"]), l.metrics["ns/byte"], l.metrics["reference-ns/byte"], l.ratio("x-json"), l.count("events"), l.count("alerts"))
	}
	return nil
}

func named(way string) string {
	if n, ok := names()[way]; ok {
		return n
	}
	return way
}

func (l line) ratio(unit string) string {
	return ratio(l.metrics[unit], l.metrics["x-q1"], l.metrics["x-q3"])
}

// count is empty for what the way does not count.
func (l line) count(unit string) string {
	v, ok := l.metrics[unit]
	if !ok {
		return ""
	}
	return number(v)
}

func ratio(median, q1, q3 float64) string {
	return fmt.Sprintf("**%.2f** (%.2f–%.2f)", median, q1, q3)
}

func megabytes(bytes float64) string { return fmt.Sprintf("%.1f", bytes/1e6) }

// number is v without a fraction, thousands apart.
func number(v float64) string {
	s := fmt.Sprintf("%.0f", v)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// writePage puts text between the markers of a page.
func writePage(file, text string) error {
	old, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	page, err := replace(string(old), text)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return os.WriteFile(file, []byte(page), 0o644)
}

func replace(page, text string) (string, error) {
	head, rest, ok := strings.Cut(page, begin)
	_, tail, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		return "", fmt.Errorf("no place for the results: want the lines %q and %q", strings.TrimSpace(begin), end)
	}
	return head + begin + text + end + tail, nil
}
