package service

import (
	"bytes"
	"log/slog"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/regtrap/regtrap/cmd/internal/sample"
	"github.com/regtrap/regtrap/consumer"
)

// slowState is the breaker's rule on a plain list of records.
func slowState(records []bool, was bool) bool {
	last := records[max(len(records)-256, 0):]
	poison := 0
	for _, p := range last {
		if p {
			poison++
		}
	}
	switch {
	case len(last) >= 100 && 2*poison > len(last):
		return true
	case 4*poison < len(last):
		return false
	}
	return was
}

func TestBreakerFollowsItsRule(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	now := time.Date(2026, 3, 4, 10, 0, 0, 0, time.UTC)
	for range 20 {
		var b breaker
		var records []bool
		var open bool
		changes, share := 0, 0.0
		for range 40 {
			share = rng.Float64()
			for range rng.IntN(300) {
				records = append(records, rng.Float64() < share)
				b.add(records[len(records)-1])
				if rng.IntN(20) == 0 {
					b.publish(now)
					was := open
					if open = slowState(records, open); open != was {
						changes++
					}
					if got := b.state(now).open; got != open {
						t.Fatalf("after %d records: open %t, want %t", len(records), got, open)
					}
				}
			}
		}
		if changes < 2 {
			t.Errorf("the breaker changed %d times: the test shows nothing", changes)
		}
	}
}

func TestBreakerSaysNothingOfTooFewRecords(t *testing.T) {
	now := time.Now()
	var b breaker
	for range 99 {
		b.add(true)
	}
	if b.publish(now); b.state(now).open {
		t.Error("open after 99 records")
	}
	b.add(true)
	if b.publish(now); !b.state(now).open {
		t.Error("closed after 100 poisoned records")
	}
}

func TestBreakerEndsWhenNothingArrivesAnyMore(t *testing.T) {
	now := time.Now()
	var b breaker
	for range 300 {
		b.add(true)
	}
	b.publish(now)
	if !b.state(now.Add(breakerQuiet - 1)).open {
		t.Error("closed too early")
	}
	if b.state(now.Add(breakerQuiet)).open {
		t.Error("open though no poison has come for long")
	}
}

func TestBreakerTakesNoMemoryForARecord(t *testing.T) {
	var b breaker
	if n := testing.AllocsPerRun(100, func() { b.add(true) }); n != 0 {
		t.Errorf("%v allocations a record", n)
	}
}

// The log has a line when a partition opens, one a minute for all that are open,
// and one at the end.
func TestBreakersLogALineAMinute(t *testing.T) {
	now := time.Date(2026, 3, 4, 10, 0, 0, 0, time.UTC)
	owned := []consumer.PartitionStatus{{Topic: "winlog", Partition: 0}, {Topic: "winlog", Partition: 1}, {Topic: "winlog", Partition: 2}}
	list := newBreakers(func() []consumer.PartitionStatus { return owned }, func() time.Time { return now })
	var log bytes.Buffer
	logger := newLogger(&log, slog.LevelInfo, "text")
	of := make([]*breaker, 3)
	for p := range of {
		of[p] = list.partition("winlog", p)
	}
	feed := func(p int, poison bool) {
		for range breakerWindow {
			of[p].add(poison)
		}
		of[p].publish(now)
	}
	lines := func(seconds int) (opened, ended int) {
		log.Reset()
		for range seconds {
			list.report(t.Context(), logger)
			now = now.Add(time.Second)
		}
		return strings.Count(log.String(), "most of what arrives is poison"), strings.Count(log.String(), "exception again")
	}
	feed(2, false)
	if opened, ended := lines(120); opened+ended != 0 {
		t.Errorf("all is well: %s", &log)
	}
	feed(0, true)
	feed(1, true)
	if opened, ended := lines(180); opened != 3 || ended != 0 || !strings.Contains(log.String(), "winlog/0: 256 of the last 256 records; winlog/1: 256 of the last 256 records") {
		t.Errorf("%d lines in three minutes: %s", opened, &log)
	}
	feed(0, false)
	owned = owned[:1] // partition 1 has moved away
	if opened, ended := lines(180); opened != 0 || ended != 1 || !strings.Contains(log.String(), "winlog/0, winlog/1") {
		t.Errorf("%s", &log)
	}
}

// A partition of poison goes on, is ready, says so in readiness, metric and log,
// and stops saying so when the poison stops.
func TestMostlyPoisonIsSaidAndGoesOn(t *testing.T) {
	b := newBus(t, outputs())
	all := make(sent)
	f := sample.New(3, testNow())
	var poison, sound []sample.Record
	for range 3 * 200 {
		poison = append(poison, f.Poison())
		sound = append(sound, f.Benign())
	}
	s := start(t, testConfig(b))
	b.send(all, poison)
	b.committed()
	r := s.readiness("ready, with a warning on each partition", func(r Readiness) bool {
		n := 0
		for _, p := range r.Partitions {
			if p.Warning != "" {
				n++
			}
		}
		return r.Ready && n == 3
	})
	if want := "most of what arrives is poison: 200 of the last 200 records went to the dead letters"; r.Partitions[1].Warning != want {
		t.Errorf("warning %q, want %q", r.Partitions[1].Warning, want)
	}
	if _, body := s.get("/metrics"); strings.Count(body, `regtrap_partition_poisoned{partition="`) != 3 || !strings.Contains(body, `regtrap_partition_poisoned{partition="1",topic="winlog"} 1`) {
		t.Error("the metric does not say it")
	}
	eventually(t, func() bool { return s.log.contains("most of what arrives is poison") }, func() string { return "the log does not say it" })
	b.send(all, sound)
	b.committed()
	s.readiness("without warning", func(r Readiness) bool {
		return r.Ready && len(r.Partitions) == 3 && r.Partitions[0].Warning+r.Partitions[1].Warning+r.Partitions[2].Warning == ""
	})
	if _, body := s.get("/metrics"); !strings.Contains(body, `regtrap_partition_poisoned{partition="1",topic="winlog"} 0`) {
		t.Error("the metric does not end")
	}
	eventually(t, func() bool { return s.log.contains("poison is the exception again") }, func() string { return "the log does not tell of the end" })
	if n := len(b.received("regtrap.dead-letters")); n != 600 {
		t.Errorf("%d dead letters: want 600", n)
	}
}
