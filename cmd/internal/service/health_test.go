package service

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/regtrap/regtrap/consumer"
	"github.com/regtrap/regtrap/producer"
)

// world is a health with states and a clock that a test sets.
type world struct {
	*health
	consumer consumer.Status
	producer producer.Status
	clock    time.Time
}

func newWorld() *world {
	w := &world{clock: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	w.health = newHealth(func() consumer.Status { return w.consumer }, func() producer.Status { return w.producer },
		func() time.Time { return w.clock }, 10*time.Second)
	w.consumer.Progress = w.clock
	return w
}

func owning(partitions ...consumer.PartitionStatus) consumer.Status {
	return consumer.Status{Joined: true, Partitions: partitions}
}

func TestReadinessSaysWhy(t *testing.T) {
	one := consumer.PartitionStatus{Topic: "winlog", Partition: 3, Watermark: 17, State: "idle"}
	unreadable := one
	unreadable.State, unreadable.Problem = "unreadable", "batch with a wrong CRC: skip it or restore it"
	for _, c := range []struct {
		name     string
		consumer consumer.Status
		producer producer.Status
		reasons  []string
	}{
		{"before the first generation", consumer.Status{}, producer.Status{}, []string{"consumer: not a member of the group yet"}},
		{"a broker that refuses", consumer.Status{Problem: "SASL: wrong user or password"}, producer.Status{}, []string{"consumer: SASL: wrong user or password"}},
		{"owning a partition", owning(one), producer.Status{}, nil},
		{"standby", consumer.Status{Joined: true, OthersOwn: true}, producer.Status{}, nil},
		{"nobody owns anything", consumer.Status{Joined: true}, producer.Status{}, []string{"consumer: no partitions, and no other member owns any"}},
		{"no topic exists", consumer.Status{Joined: true, Missing: []string{"winlog"}}, producer.Status{}, []string{`consumer: no partitions: missing topics ["winlog"]`}},
		{"another topic is missing", consumer.Status{Joined: true, Partitions: []consumer.PartitionStatus{one}, Missing: []string{"sysmon"}}, producer.Status{}, nil},
		{"output waits", owning(one), producer.Status{Waiting: true, Problem: "topic regtrap.alerts does not exist: create it"},
			[]string{"output: topic regtrap.alerts does not exist: create it"}},
		{"a batch that cannot be read", owning(unreadable), producer.Status{},
			[]string{"winlog/3 at offset 17: batch with a wrong CRC: skip it or restore it"}},
	} {
		w := newWorld()
		w.consumer, w.producer = c.consumer, c.producer
		r := w.readiness()
		if !slices.Equal(r.Reasons, c.reasons) || r.Ready != (len(c.reasons) == 0) {
			t.Errorf("%s: ready %v, %q: want %q", c.name, r.Ready, r.Reasons, c.reasons)
		}
	}
}

func TestReadinessOutlastsARebalance(t *testing.T) {
	w := newWorld()
	w.consumer = owning(consumer.PartitionStatus{Topic: "winlog"})
	if r := w.readiness(); !r.Ready {
		t.Fatal(r.Reasons)
	}
	w.consumer = consumer.Status{}
	w.clock = w.clock.Add(w.grace - 1)
	if r := w.readiness(); !r.Ready {
		t.Errorf("not ready within the grace: %q", r.Reasons)
	}
	w.clock = w.clock.Add(1)
	if r := w.readiness(); r.Ready {
		t.Error("ready after the grace, without being a member")
	}
}

func TestStoppingIsNotReady(t *testing.T) {
	w := newWorld()
	w.consumer = owning(consumer.PartitionStatus{Topic: "winlog"})
	w.stopping.Store(true)
	if r := w.readiness(); r.Ready || !slices.Contains(r.Reasons, "shutting down") {
		t.Errorf("ready %v, %q", r.Ready, r.Reasons)
	}
}

func TestWaitingForKafkaIsAlive(t *testing.T) {
	w := newWorld()
	w.producer = producer.Status{Waiting: true, Problem: "no in-sync replicas"}
	w.consumer = consumer.Status{Problem: "no broker answers", Progress: w.clock.Add(time.Hour)}
	w.clock = w.clock.Add(time.Hour)
	b := w.partition("winlog", 0)
	b.begin(w.clock.Add(-time.Hour))
	b.end() // waits for the output
	if l := w.liveness(); !l.Alive {
		t.Error(l.Reasons)
	}
}

func TestDeadlockIsNotAlive(t *testing.T) {
	w := newWorld()
	w.partition("winlog", 0)
	w.partition("sysmon", 7).begin(w.clock)
	w.clock = w.clock.Add(stuckAfter)
	if l := w.liveness(); !l.Alive {
		t.Errorf("at the limit: %q", l.Reasons)
	}
	w.clock = w.clock.Add(time.Second)
	l := w.liveness()
	if l.Alive || len(l.Reasons) != 2 || !strings.Contains(l.Reasons[0], "consumer's loop") || !strings.Contains(l.Reasons[1], "sysmon/7") {
		t.Errorf("alive %v, %q", l.Alive, l.Reasons)
	}
	w.consumer.Progress = w.clock
	w.partition("sysmon", 7) // assigned anew
	if l := w.liveness(); !l.Alive {
		t.Error(l.Reasons)
	}
}

func TestConsumerThatHasNotBegunIsAliveAtFirst(t *testing.T) {
	w := newWorld()
	w.consumer.Progress = time.Time{}
	if l := w.liveness(); !l.Alive {
		t.Error(l.Reasons)
	}
	w.clock = w.clock.Add(stuckAfter + time.Second)
	if l := w.liveness(); l.Alive {
		t.Error("a consumer that never began is alive for ever")
	}
}
