//go:build kafka

package kafkatest_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/regtrap/regtrap/cmd/internal/kafkatest"
	"github.com/regtrap/regtrap/schemas"
)

// operator runs a command of the binary with the variables of a test's service.
func operator(t *testing.T, c *kafkatest.Cluster, tp topics, args ...string) (status int, out, errs string) {
	t.Helper()
	return operate(t, []string{
		"REGTRAP_BROKERS=" + strings.Join(c.Plain(), ","), "REGTRAP_TOPICS=" + tp.in,
		"REGTRAP_DEAD_LETTER_TOPIC=" + tp.dead, "REGTRAP_GROUP=" + tp.group,
	}, args...)
}

func operate(t *testing.T, env []string, args ...string) (status int, out, errs string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), regtrapFile, args...)
	cmd.Env, cmd.Stdout, cmd.Stderr = env, &stdout, &stderr
	if err := cmd.Run(); cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()
}

// handleAll starts the service, waits until it has handled everything, and stops it.
func handleAll(t *testing.T, c *kafkatest.Cluster, tp topics) {
	t.Helper()
	p := start(t, c, tp)
	p.ready()
	committed(t, c, tp)
	p.terminate()
}

func TestAGroupThatIsSetBackRaisesTheSameAlerts(t *testing.T) {
	eachVersion(t, func(t *testing.T, c *kafkatest.Cluster) {
		tp := topicsOf(t)
		tp.create(t, c, 3)
		records := produce(t, c, tp.in, 3, feed(11, 600, false))
		want := wanted(tp.in, records, ruleIDs(t))
		p := start(t, c, tp)
		await(t, c, tp.alerts, want)
		p.ready()
		committed(t, c, tp)

		status, out, errs := operator(t, c, tp, "offsets", "set", "--to", "earliest", "--apply")
		if status != 1 || out != "" || !strings.Contains(errs, "regtrap: group "+tp.group+" has 1 member: ") {
			t.Errorf("with a member: status %d, %s%s", status, out, errs)
		}
		status, out, errs = operator(t, c, tp, "offsets", "show", "-o", "text")
		if status != 0 || !strings.Contains(out, ": Stable, 1 member\n") || strings.Count(out, "\n"+tp.in+" ") != 3 {
			t.Errorf("show: status %d, %s%s", status, out, errs)
		}
		p.terminate()

		status, out, errs = operator(t, c, tp, "offsets", "set", "--to", "earliest", "--apply")
		if status != 0 || strings.Count(out, `"offset":0,"change":-200,"applied":true`) != 3 {
			t.Fatalf("status %d, %s%s", status, out, errs)
		}
		handleAll(t, c, tp)
		if n := await(t, c, tp.alerts, want); n != len(want) {
			t.Errorf("%d alerts twice: want all %d", n, len(want))
		}
	})
}

func TestOneRecordIsSkippedAndAMomentFound(t *testing.T) {
	eachVersion(t, func(t *testing.T, c *kafkatest.Cluster) {
		tp := topicsOf(t)
		tp.create(t, c, 1)
		produce(t, c, tp.in, 1, feed(12, 10, false))
		produce(t, c, tp.in, 1, feed(13, 10, false))
		all := read(t, c, tp.in)
		moment := all[10].time
		first := slices.IndexFunc(all, func(m message) bool { return !m.time.Before(moment) })
		for _, step := range []struct {
			to   string
			want int
		}{{"earliest", 0}, {"+1", 1}, {"latest", 20}, {"-5", 15}, {moment.UTC().Format(time.RFC3339Nano), first}, {"-0s", 20}, {"3", 3}, {"readable", 3}} {
			status, out, errs := operator(t, c, tp, "offsets", "set", "--to", step.to, "--partition", "0", "--apply")
			if status != 0 || !strings.Contains(out, fmt.Sprintf(`"offset":%d,`, step.want)) {
				t.Errorf("%s: status %d, %s%s", step.to, status, out, errs)
			}
			status, out, errs = operator(t, c, tp, "offsets", "show")
			if status != 0 || !strings.Contains(out, fmt.Sprintf(`"committed":%d,"log_start":0,"log_end":20,"lag":%d,`, step.want, 20-step.want)) {
				t.Errorf("after %s: status %d, %s%s", step.to, status, out, errs)
			}
		}
		p := start(t, c, tp)
		p.ready()
		committed(t, c, tp)
		if _, body := p.get("/metrics"); !strings.Contains(body, `regtrap_records_total{topic="`+tp.in+`"} 17`) {
			t.Error("not the 17 records from offset 3 on were handled")
		}
		p.terminate()
	})
}

func TestDeadLettersAreReplayedUntilTheyAreRefused(t *testing.T) {
	eachVersion(t, func(t *testing.T, c *kafkatest.Cluster) {
		tp := topicsOf(t)
		tp.create(t, c, 2)
		produce(t, c, tp.in, 2, feed(14, 500, true))
		handleAll(t, c, tp)
		first := len(read(t, c, tp.dead))
		if first != 10 {
			t.Fatalf("%d dead letters: want 10", first)
		}
		for round := 1; round <= 3; round++ {
			status, out, errs := operator(t, c, tp, "dead-letters", "replay", "--apply")
			if status != 0 || strings.Count(out, `"done":true`) != first {
				t.Fatalf("round %d: status %d, %s%s", round, status, out, errs)
			}
			handleAll(t, c, tp)
		}
		status, out, errs := operator(t, c, tp, "dead-letters", "replay", "--apply")
		if status != 0 || strings.Contains(out, `"done":true`) {
			t.Errorf("after three rounds: status %d, %s%s", status, out, errs)
		}
		counts := make(map[int]int)
		for _, m := range read(t, c, tp.dead) {
			if m.header(schemas.HeaderReceipt) != "" {
				continue
			}
			r, _ := m.deadLetter(t).Replay()
			counts[r.Count]++
		}
		if want := (map[int]int{0: 10, 1: 10, 2: 10, 3: 10}); !maps.Equal(counts, want) {
			t.Errorf("dead letters by replays %v: want %v", counts, want)
		}
		status, out, errs = operator(t, c, tp, "dead-letters", "list", "--limit", "0")
		lines := strings.Split(strings.TrimSpace(out), "\n")
		var end struct {
			Summary struct{ Matched, Foreign int }
		}
		if err := json.Unmarshal([]byte(lines[len(lines)-1]), &end); err != nil || status != 0 || end.Summary.Matched != 40 || end.Summary.Foreign != 0 || strings.Count(out, `"replayed_to"`) != 30 {
			t.Errorf("%v: status %d, %s%s", err, status, lines[len(lines)-1], errs)
		}
	})
}

func TestOperatorsAreToldWhatIsWrongWithTheConnection(t *testing.T) {
	eachVersion(t, func(t *testing.T, c *kafkatest.Cluster) {
		tp := topicsOf(t)
		tp.create(t, c, 1)
		env := []string{
			"REGTRAP_BROKERS=" + strings.Join(c.SASL(), ","), "REGTRAP_TOPICS=" + tp.in, "REGTRAP_DEAD_LETTER_TOPIC=" + tp.dead,
			"REGTRAP_TLS=true", "REGTRAP_TLS_CA_FILE=" + c.CAFile, "REGTRAP_SASL_MECHANISM=SCRAM-SHA-512", "REGTRAP_SASL_USERNAME=" + kafkatest.User,
		}
		for _, args := range [][]string{{"offsets", "show"}, {"offsets", "set", "--to", "latest"}, {"dead-letters", "list"}, {"dead-letters", "replay", "--apply"}} {
			status, out, errs := operate(t, append(env, "REGTRAP_SASL_PASSWORD="+kafkatest.Password), args...)
			if status != 0 || errs != "" {
				t.Errorf("%q: status %d, %s%s", args, status, out, errs)
			}
			status, out, errs = operate(t, append(env, "REGTRAP_SASL_PASSWORD=wrong"), args...)
			if status != 1 || !strings.Contains(errs, "the brokers refuse the authentication: check REGTRAP_SASL_USERNAME") || strings.Count(errs, "\n") != 1 {
				t.Errorf("%q: status %d, %s%s", args, status, out, errs)
			}
		}
	})
}

// damage flips a bit of the nth batch of partition 0 of a topic, from 0, on the
// broker's disk. The broker serves it as it is.
func damage(t *testing.T, version, topic string, n int) {
	t.Helper()
	var file string
	err := filepath.WalkDir(filepath.Join(clusters.dir, version), func(path string, _ fs.DirEntry, err error) error {
		if err == nil && filepath.Base(filepath.Dir(path)) == topic+"-0" && filepath.Ext(path) == ".log" {
			file = path
		}
		return err
	})
	if err != nil || file == "" {
		t.Fatalf("no log of topic %s: %v", topic, err)
	}
	f, err := os.OpenFile(file, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	at := int64(0)
	for range n {
		var head [12]byte // base offset, length of what follows
		if _, err := f.ReadAt(head[:], at); err != nil {
			t.Fatal(err)
		}
		at += 12 + int64(binary.BigEndian.Uint32(head[8:]))
	}
	const records = 61 // bytes of a batch before its records
	var b [1]byte
	if _, err := f.ReadAt(b[:], at+records+8); err != nil {
		t.Fatal(err)
	}
	b[0] ^= 1
	if _, err := f.WriteAt(b[:], at+records+8); err != nil {
		t.Fatal(err)
	}
}

func TestADamagedBatchIsSteppedOverAndNothingElse(t *testing.T) {
	for _, version := range kafkatest.Versions() {
		t.Run("kafka "+version, func(t *testing.T) {
			c := cluster(t, version)
			tp := topicsOf(t)
			tp.create(t, c, 1)
			var records []produced
			for i := range 3 { // a batch each
				records = append(records, produce(t, c, tp.in, 1, feed(uint64(20+i), 50, false))...)
			}
			damage(t, version, tp.in, 1)
			ids := ruleIDs(t)
			// What lies before the damaged batch, in the same answer, can be read.
			status, out, errs := operator(t, c, tp, "offsets", "set", "--to", "readable", "--partition", "0", "--apply")
			if status != 0 || !strings.Contains(out, `"offset":0,`) {
				t.Errorf("set: status %d, %s%s", status, out, errs)
			}
			if status, out, errs = operator(t, c, tp, "offsets", "show"); status != 0 || strings.Contains(out, "problem") {
				t.Errorf("show: status %d, %s%s", status, out, errs)
			}
			p := start(t, c, tp)
			waitFor(t, "the partition to wait at offset 50", func() (bool, string) {
				p.alive()
				_, body := p.get("/readyz")
				return strings.Contains(body, `"state":"unreadable","watermark":50,`) || strings.Contains(body, "offset 50: the batch at this offset cannot be read"), body
			})
			await(t, c, tp.alerts, wanted(tp.in, records[:50], ids))
			p.terminate()
			status, out, errs = operator(t, c, tp, "offsets", "show", "-o", "text")
			if status != 0 || !strings.Contains(out, "/0: the next record cannot be read: ") {
				t.Errorf("show: status %d, %s%s", status, out, errs)
			}
			status, out, errs = operator(t, c, tp, "offsets", "set", "--to", "readable", "--partition", "0", "--apply")
			if status != 0 || !strings.Contains(out, `"committed":50,"offset":100,"change":50,"applied":true`) {
				t.Fatalf("set: status %d, %s%s", status, out, errs)
			}
			handleAll(t, c, tp)
			await(t, c, tp.alerts, wanted(tp.in, append(slices.Clone(records[:50]), records[100:]...), ids))
		})
	}
}
