//go:build kafka

package kafkatest_test

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/regtrap/regtrap/cmd/internal/kafkatest"
	"github.com/regtrap/regtrap/cmd/internal/sample"
	"github.com/regtrap/regtrap/schemas"
)

// feed mixes attacks, and poison when asked for, into daily noise.
func feed(seed uint64, n int, poison bool) []sample.Record {
	f := sample.New(seed, time.Date(2026, 3, 4, 10, 0, 0, 0, time.UTC))
	var list []sample.Record
	for i := range n {
		switch {
		case poison && i%50 == 7:
			list = append(list, f.Poison())
		case i%20 == 3:
			list = append(list, f.Attack())
		default:
			list = append(list, f.Benign())
		}
	}
	return list
}

// wanted returns the rule's name of every alert that is due, by its id, which
// is computed here as the documentation says, from the record's place and bytes.
func wanted(topic string, records []produced, ruleID map[string]string) map[string]string {
	want := make(map[string]string)
	for _, r := range records {
		if r.Rule == "" {
			continue
		}
		h := sha256.New()
		for _, item := range []string{topic, strconv.Itoa(r.partition), strconv.FormatInt(r.offset, 10), "0", ruleID[r.Rule], string(r.Value)} {
			binary.Write(h, binary.BigEndian, uint64(len(item)))
			h.Write([]byte(item))
		}
		want[hex.EncodeToString(h.Sum(nil)[:16])] = r.Rule
	}
	return want
}

// alerts returns the rule's name of every alert in the topic, by its id, and
// checks key, headers and that repetitions are equal but for when they were made.
func alerts(t *testing.T, c *kafkatest.Cluster, topic string) (byID map[string]string, repeated int) {
	t.Helper()
	byID = make(map[string]string)
	first := make(map[string]schemas.Alert)
	for _, m := range read(t, c, topic) {
		var a schemas.Alert
		if err := json.Unmarshal(m.value, &a); err != nil {
			t.Fatalf("alert at offset %d: %v", m.offset, err)
		}
		id := string(m.key)
		if a.Event.ID != id || m.header("regtrap-alert-id") != id || m.header("content-type") != "application/json" ||
			m.header("regtrap-rule-id") != a.Rule.ID || m.header("regtrap-severity") != a.Regtrap.Severity {
			t.Errorf("alert %s with key %s and headers %v", a.Event.ID, id, m.headers)
		}
		a.Event.Ingested = time.Time{}
		if other, ok := first[id]; ok {
			repeated++
			if diff := cmp.Diff(other, a); diff != "" {
				t.Errorf("two alerts of id %s differ:\n%s", id, diff)
			}
		}
		first[id], byID[id] = a, a.Rule.Name
	}
	return byID, repeated
}

// await waits until the topic holds all wanted alerts, and fails on any other.
func await(t *testing.T, c *kafkatest.Cluster, topic string, want map[string]string) (repeated int) {
	t.Helper()
	var got map[string]string
	waitFor(t, "the alerts", func() (bool, string) {
		got, repeated = alerts(t, c, topic)
		return len(got) >= len(want), fmt.Sprintf("%d of %d", len(got), len(want))
	})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("alerts (-due +published):\n%s", diff)
	}
	return repeated
}

// ruleIDs maps names of the pack's rules to ids, as `regtrap rules` lists them.
func ruleIDs(t *testing.T) map[string]string {
	t.Helper()
	ids := make(map[string]string)
	for line := range strings.Lines(regtrap(t, "rules", "--output", "ndjson")) {
		var r struct{ ID, Name string }
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		ids[r.Name] = r.ID
	}
	return ids
}

func TestRunPublishesExactlyTheAlertsThatAreDue(t *testing.T) {
	eachVersion(t, func(t *testing.T, c *kafkatest.Cluster) {
		tp := topicsOf(t)
		tp.create(t, c, 4)
		records := produce(t, c, tp.in, 4, feed(1, 4000, false))
		p := start(t, c, tp)
		want := wanted(tp.in, records, ruleIDs(t))
		if len(want) != 200 {
			t.Fatalf("%d alerts are due, want 200", len(want))
		}
		if n := await(t, c, tp.alerts, want); n != 0 {
			t.Errorf("%d alerts twice without a crash", n)
		}
		p.ready()
		committed(t, c, tp)
		await(t, c, tp.alerts, want) // all is handled: no other has come
		if dead := read(t, c, tp.dead); len(dead) != 0 {
			t.Errorf("%d dead letters: %s", len(dead), dead[0].headers)
		}
		p.terminate()
	})
}

// The process is killed again and again while it works; after the last start
// every alert is there.
func TestKilledAtAnyMomentRunLosesNothing(t *testing.T) {
	eachVersion(t, func(t *testing.T, c *kafkatest.Cluster) {
		tp := topicsOf(t)
		tp.create(t, c, 4)
		want := make(map[string]string)
		ids := ruleIDs(t)
		for round := range 4 {
			p := start(t, c, tp)
			// Half of the records are there at once, half come while it works.
			for half := range 2 {
				for id, rule := range wanted(tp.in, produce(t, c, tp.in, 4, feed(uint64(10+2*round+half), 3000, false)), ids) {
					want[id] = rule
				}
			}
			before, _ := alerts(t, c, tp.alerts)
			if round > 0 {
				waitFor(t, "an alert of this round", func() (bool, string) {
					now, _ := alerts(t, c, tp.alerts)
					return len(now) > len(before), ""
				})
			}
			p.kill()
		}
		p := start(t, c, tp)
		t.Logf("%d alerts, %d of them more than once", len(want), await(t, c, tp.alerts, want))
		committed(t, c, tp)
		p.terminate()
	})
}

func TestRunSpeaksSCRAMOverTLSWithAPrivateCA(t *testing.T) {
	eachVersion(t, func(t *testing.T, c *kafkatest.Cluster) {
		tp := topicsOf(t)
		tp.create(t, c, 2)
		records := produce(t, c, tp.in, 2, feed(2, 400, false))
		passwordFile := filepath.Join(t.TempDir(), "password")
		if err := os.WriteFile(passwordFile, []byte(kafkatest.Password+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		for i, password := range []string{"REGTRAP_SASL_PASSWORD=" + kafkatest.Password, "REGTRAP_SASL_PASSWORD_FILE=" + passwordFile} {
			tp.group = fmt.Sprintf("%s-%d", tp.group, i)
			p := start(t, c, tp, append(secure(c), password)...)
			await(t, c, tp.alerts, wanted(tp.in, records, ruleIDs(t)))
			p.ready()
			committed(t, c, tp)
			if log := p.logText(); strings.Contains(log, kafkatest.Password) {
				t.Errorf("the password is in the log:\n%s", log)
			}
			if _, config := p.get("/config"); strings.Contains(config, kafkatest.Password) {
				t.Errorf("the password is in /config:\n%s", config)
			}
			p.terminate()
		}
	})
}

func secure(c *kafkatest.Cluster) []string {
	return []string{
		"REGTRAP_BROKERS=" + strings.Join(c.SASL(), ","),
		"REGTRAP_TLS=true", "REGTRAP_TLS_CA_FILE=" + c.CAFile,
		"REGTRAP_SASL_MECHANISM=SCRAM-SHA-512", "REGTRAP_SASL_USERNAME=" + kafkatest.User,
	}
}

func TestWrongPasswordAndWrongCAAreSaidAndWaitedFor(t *testing.T) {
	eachVersion(t, func(t *testing.T, c *kafkatest.Cluster) {
		tp := topicsOf(t)
		tp.create(t, c, 2)
		stranger := t.TempDir()
		if err := kafkatest.WriteCertificates(filepath.Join(stranger, "ca.pem"), filepath.Join(stranger, "broker.pem")); err != nil {
			t.Fatal(err)
		}
		for _, test := range []struct {
			name string
			env  []string
			says []string // each in the log and in /readyz
		}{
			{"password", append(secure(c), "REGTRAP_SASL_PASSWORD=wrong-secret"), []string{"authentication", "REGTRAP_SASL_PASSWORD"}},
			{"authority", append(secure(c), "REGTRAP_SASL_PASSWORD="+kafkatest.Password, "REGTRAP_TLS_CA_FILE="+filepath.Join(stranger, "ca.pem")), []string{"certificate", "REGTRAP_TLS_CA_FILE"}},
		} {
			t.Run(test.name, func(t *testing.T) {
				began := time.Now()
				p := start(t, c, tp, test.env...)
				for _, text := range test.says {
					p.logs(text)
					waitFor(t, "readiness to say "+text, func() (bool, string) {
						p.alive()
						code, body := p.get("/readyz")
						return code == http.StatusServiceUnavailable && strings.Contains(body, text), body
					})
				}
				t.Logf("said after %v", time.Since(began).Round(100*time.Millisecond))
				if strings.Contains(p.logText(), "wrong-secret") {
					t.Error("the password is in the log")
				}
				if code, body := p.get("/healthz"); code != http.StatusOK {
					t.Errorf("/healthz is %d: %s: an outage must not restart the process", code, body)
				}
				p.terminate()
			})
		}
	})
}

func TestMissingTopicsAreNamedAndPickedUp(t *testing.T) {
	eachVersion(t, func(t *testing.T, c *kafkatest.Cluster) {
		tp := topicsOf(t)
		p := start(t, c, tp)
		p.logs(tp.in)
		waitFor(t, "readiness to name the topics", func() (bool, string) {
			p.alive()
			code, body := p.get("/readyz")
			return code == http.StatusServiceUnavailable && strings.Contains(body, tp.in) && strings.Contains(body, tp.alerts), body
		})
		if code, body := p.get("/healthz"); code != http.StatusOK {
			t.Errorf("/healthz is %d: %s", code, body)
		}
		tp.create(t, c, 3)
		records := produce(t, c, tp.in, 3, feed(3, 600, false))
		await(t, c, tp.alerts, wanted(tp.in, records, ruleIDs(t)))
		p.ready()
		committed(t, c, tp)
		p.terminate()
	})
}

func TestPoisonGoesToTheDeadLettersAndThePartitionGoesOn(t *testing.T) {
	eachVersion(t, func(t *testing.T, c *kafkatest.Cluster) {
		tp := topicsOf(t)
		tp.create(t, c, 2)
		records := produce(t, c, tp.in, 2, feed(4, 1000, true))
		p := start(t, c, tp)
		await(t, c, tp.alerts, wanted(tp.in, records, ruleIDs(t)))
		committed(t, c, tp)
		type place struct {
			partition int
			offset    int64
		}
		due := make(map[place]sample.Record)
		for _, r := range records {
			if r.Poison {
				due[place{r.partition, r.offset}] = r.Record
			}
		}
		if len(due) != 20 {
			t.Fatalf("%d dead letters are due, want 20", len(due))
		}
		for _, m := range read(t, c, tp.dead) {
			d := m.deadLetter(t)
			at := place{d.Partition, d.Offset}
			r, ok := due[at]
			if !ok {
				t.Errorf("dead letter of %v, which is no poison or came twice", at)
				continue
			}
			delete(due, at)
			if d.Topic != tp.in || d.Reason != schemas.DeadMalformedJSON || d.Detail == "" || d.Version == "" ||
				d.Timestamp.IsZero() || string(d.Value) != string(r.Value) || string(d.Key) != r.Key ||
				len(d.Headers) != 1 || d.Headers[0].Key != "shipper" {
				t.Errorf("dead letter %+v of record %s", d, r.Value)
			}
		}
		for at := range due {
			t.Errorf("no dead letter of %v", at)
		}
		p.terminate()
	})
}
