package main

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
)

func TestAllMistakesOfTheCommandLineAreReported(t *testing.T) {
	err := run(context.Background(), []string{"-records", "5", "-rounds", "0", "-latency", "1ms", "-codec", "rar"}, func(string) string { return "" }, new(bytes.Buffer), new(bytes.Buffer))
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"-records is 5", "-rounds is 0", "-latency is 1ms", `-codec is "rar"`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not say %q", err, want)
		}
	}
}

func TestDecodingAloneTellsNanosecondsARecord(t *testing.T) {
	var out bytes.Buffer
	if err := (settings{}).alone(&out); err != nil {
		t.Fatal(err)
	}
	var ns float64
	if err := json.Unmarshal(out.Bytes(), &ns); err != nil || ns <= 0 {
		t.Errorf("%q: %v", out.String(), err)
	}
}

func TestOwnersAreCountedOfAStableGroupOnly(t *testing.T) {
	member := func(partitions ...int) kafka.DescribeGroupsResponseMember {
		m := kafka.DescribeGroupsResponseMember{}
		m.MemberAssignments.Topics = []kafka.GroupMemberTopic{{Topic: "a", Partitions: partitions}}
		return m
	}
	g := kafka.DescribeGroupsResponseGroup{GroupState: "Stable", Members: []kafka.DescribeGroupsResponseMember{member(0), member(), member(1, 2)}}
	if n := owners(g); n != 2 {
		t.Errorf("%d own something, want 2", n)
	}
	g.GroupState = "PreparingRebalance"
	if n := owners(g); n != 0 {
		t.Errorf("%d own something during a rebalance", n)
	}
}

// The first alert of a record counts, and what has none is missing.
func TestALoopKnowsWhatHasNotCome(t *testing.T) {
	l := &loop{sent: make(map[place]time.Time), seen: make(map[place]time.Time)}
	now := time.Now()
	l.add(l.sent, place{0, 1}, now)
	l.add(l.sent, place{1, 1}, now)
	l.add(l.seen, place{1, 1}, now.Add(time.Second))
	l.add(l.seen, place{1, 1}, now.Add(time.Hour))
	if l.missing() != 1 || l.seen[place{1, 1}] != now.Add(time.Second) {
		t.Errorf("%d missing, seen %v", l.missing(), l.seen)
	}
}

func TestThePageShowsMedians(t *testing.T) {
	r := results{
		settings: settings{kafka: "4.3.1", codec: "lz4", corpusName: "an invented bus"},
		CPU:      &cpuResult{Noop: []float64{3, 1, 2}, Alone: []float64{1, 1, 1}, Run: []float64{4, 5, 6}, Ratio: []float64{1.5, 1.25, 2}},
		Scaling:  []scalingResult{{Workers: 1, Rates: []float64{100}}, {Workers: 2, Rates: []float64{150}}},
		Latency:  &latencyResult{Full: 1000, Rate: 500, Alerts: 7, P50: 1, P90: 2, P99: 3, Max: 4},
	}
	text := r.text()
	for _, want := range []string{"Kafka 4.3.1, lz4. The records are an invented bus.", "| 2 (2–3) |", "**1.50** (1.50–2.00)", "| 2 | 150 (150–150) | 1.50 |", "| 1000 | 500 | 7 | 1.0 | 2.0 | **3.0** | 4.0 |"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}
