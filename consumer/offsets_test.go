package consumer

import (
	"testing"

	"github.com/segmentio/kafka-go"
)

// The table of the package documentation.
func TestDecide(t *testing.T) {
	for name, test := range map[string]struct {
		at    position
		start Start
		want  decision
	}{
		"committed":                    {position{committed: 50, first: 10, last: 90}, Earliest, decision{offset: 50, reason: atCommitted}},
		"committed at the end":         {position{committed: 90, first: 10, last: 90}, Latest, decision{offset: 90, reason: atCommitted}},
		"committed at the start":       {position{committed: 10, first: 10, last: 90}, Earliest, decision{offset: 10, reason: atCommitted}},
		"never, earliest":              {position{committed: -1, first: 10, last: 90}, Earliest, decision{offset: 10, reason: atEarliest}},
		"never, latest":                {position{committed: -1, first: 10, last: 90}, Latest, decision{offset: 90, reason: atLatest, latest: true}},
		"new partition, latest":        {position{committed: -1, first: 0, last: 90, topicCommitted: true}, Latest, decision{offset: 0, reason: atNew}},
		"retention overtook the group": {position{committed: 5, first: 10, last: 90}, Latest, decision{offset: 10, reason: atBelowStart, missed: 5}},
		"truncated":                    {position{committed: 100, first: 10, last: 90}, Latest, decision{offset: 10, reason: atAboveEnd}},
		"recreated":                    {position{committed: 50, first: 10, last: 90, recreated: true}, Latest, decision{offset: 10, reason: atRecreated}},
		"recreated and above the end":  {position{committed: 100, first: 0, last: 90, recreated: true}, Earliest, decision{offset: 0, reason: atRecreated}},
	} {
		if got := decide(test.at, test.start); got != test.want {
			t.Errorf("%s: got %+v, want %+v", name, got, test.want)
		}
	}
}

func TestNotesSurviveTheCoordinator(t *testing.T) {
	for _, n := range []commitNote{{Offset: 41, Epoch: 3, Time: 1_700_000_000_000}, {Epoch: -1, Time: -1, Latest: 7}} {
		if got := parseNote(n.String()); got != n {
			t.Errorf("%+v became %+v", n, got)
		}
	}
	for _, foreign := range []string{"", "hello", "{", "[1]"} {
		if got := parseNote(foreign); got != (commitNote{Epoch: -1, Time: -1}) {
			t.Errorf("another's metadata %q says %+v", foreign, got)
		}
	}
}

// What members of this generation commit because of Latest must not make the
// others believe that the group knew the topic before.
func TestCommitsOfThisGenerationDoNotMakeATopicKnown(t *testing.T) {
	note := commitNote{Epoch: -1, Time: -1, Latest: 7}.String()
	list := commits{
		{"a", 0}: kafka.OffsetFetchPartition{Partition: 0, CommittedOffset: 90, Metadata: note},
		{"a", 1}: kafka.OffsetFetchPartition{Partition: 1, CommittedOffset: -1},
	}
	if list.topic("a", 7) {
		t.Error("known by a commit of this generation")
	}
	if !list.topic("a", 8) {
		t.Error("not known in the next generation")
	}
	if list.topic("b", 8) {
		t.Error("another topic is known")
	}
}
