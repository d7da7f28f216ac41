package producer

import (
	"fmt"
	"strings"
	"testing"

	"github.com/segmentio/kafka-go"
)

// Vectors of org.apache.kafka.common.utils.UtilsTest.testMurmur2.
func TestMurmur2IsJavas(t *testing.T) {
	for text, want := range map[string]int32{
		"21": -973932308, "foobar": -790332482, "a-little-bit-long-string": -985981536,
		"a-little-bit-longer-string":                       -1486304829,
		"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
		"abc": 479470107,
	} {
		if got := int32(murmur2([]byte(text))); got != want {
			t.Errorf("murmur2(%q) = %d, want %d", text, got, want)
		}
	}
}

func TestProblemsNameWhatToDo(t *testing.T) {
	for _, test := range []struct {
		err           error
		reason, words string
	}{
		{kafka.UnknownTopicOrPartition, "missing_topic", "topic alerts does not exist: create it"},
		{kafka.TopicAuthorizationFailed, "authorization", "grant WRITE"},
		{kafka.NotEnoughReplicas, "replicas", "min.insync.replicas"},
		{fmt.Errorf("wrapped: %w", kafka.NotLeaderForPartition), "leader", "between leaders"},
		{kafka.ThrottlingQuotaExceeded, "quota", "quota"},
		{kafka.InvalidRecord, "refused", "topic alerts: the broker refuses"},
		{kafka.SASLAuthenticationFailed, "authentication", "REGTRAP_SASL_PASSWORD"},
	} {
		reason, words := problem(test.err, "alerts")
		if reason != test.reason || !strings.Contains(words, test.words) {
			t.Errorf("problem(%v) = %s, %q; want %s and %q", test.err, reason, words, test.reason, test.words)
		}
	}
}
