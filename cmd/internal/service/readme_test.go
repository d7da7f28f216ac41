package service

import (
	"bytes"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/segmentio/kafka-go"

	"github.com/regtrap/regtrap/consumer"
	"github.com/regtrap/regtrap/producer"
)

// The tables of README.md are made from the code, by -update.
func TestREADMEIsCurrent(t *testing.T) {
	const file = "../../../README.md"
	old, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text := string(old)
	for name, table := range map[string]string{"variables": VariableTable(), "metrics": metricTable(t, allCollectors(t))} {
		head, rest, ok := strings.Cut(text, "<!-- "+name+":")
		comment, rest, ok2 := strings.Cut(rest, "-->\n")
		_, tail, ok3 := strings.Cut(rest, "<!-- /"+name+" -->")
		if !ok || !ok2 || !ok3 {
			t.Fatalf("%s has no place for the table of %s", file, name)
		}
		text = head + "<!-- " + name + ":" + comment + "-->\n" + table + "<!-- /" + name + " -->" + tail
	}
	if *update && !bytes.Equal(old, []byte(text)) {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if d := cmp.Diff(string(old), text); d != "" {
		t.Errorf("%s is not current (-has +should have); -update writes it anew:\n%s", file, d)
	}
}

// allCollectors returns what /metrics shows beside the Go runtime.
func allCollectors(t *testing.T) []prometheus.Collector {
	t.Helper()
	transport := new(kafka.Transport)
	logger := slog.New(slog.NewTextHandler(io.Discard, nil))
	c, err := consumer.New(consumer.Config{
		Brokers: []string{"127.0.0.1:1"}, Topics: []string{"t"}, Group: "g", Transport: transport, Dialer: new(kafka.Dialer),
		NewHandler: func(string, int) consumer.Handler { return nil }, Logger: logger,
	})
	if err != nil {
		t.Fatal(err)
	}
	p, err := producer.New(producer.Config{Brokers: []string{"127.0.0.1:1"}, Topics: []string{"t"}, Transport: transport, Logger: logger})
	if err != nil {
		t.Fatal(err)
	}
	return slices.Concat(newMetrics().collectors(), c.Collectors(), p.Collectors(), []prometheus.Collector{newBreakers(nil, nil)})
}
