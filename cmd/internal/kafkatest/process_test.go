//go:build kafka

package kafkatest_test

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/regtrap/regtrap/cmd/internal/kafkatest"
)

// process is a running `regtrap run`.
type process struct {
	t    *testing.T
	cmd  *exec.Cmd
	http string // host:port
	done chan struct{}

	mu  sync.Mutex
	log bytes.Buffer // guarded by mu
}

// Write collects the log.
func (p *process) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.Write(b)
}

func (p *process) logText() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.String()
}

// topics are one test's own.
type topics struct{ in, alerts, dead, group string }

func topicsOf(t *testing.T) topics {
	name := strings.NewReplacer("/", "-", "#", "-").Replace(t.Name())
	return topics{in: name + ".in", alerts: name + ".alerts", dead: name + ".dead", group: name}
}

// create creates them.
func (tp topics) create(t *testing.T, c *kafkatest.Cluster, partitions int) {
	t.Helper()
	for name, n := range map[string]int{tp.in: partitions, tp.alerts: 3, tp.dead: 1} {
		if err := c.CreateTopic(t.Context(), name, n); err != nil {
			t.Fatal(err)
		}
	}
}

// start runs regtrap on the plain listeners; env adds to its variables or
// replaces them.
func start(t *testing.T, c *kafkatest.Cluster, tp topics, env ...string) *process {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	p := &process{t: t, http: addr, done: make(chan struct{})}
	p.cmd = exec.Command(regtrapFile, "run")
	p.cmd.Env = append([]string{
		"REGTRAP_BROKERS=" + strings.Join(c.Plain(), ","),
		"REGTRAP_TOPICS=" + tp.in,
		"REGTRAP_ALERTS_TOPIC=" + tp.alerts,
		"REGTRAP_DEAD_LETTER_TOPIC=" + tp.dead,
		"REGTRAP_GROUP=" + tp.group,
		"REGTRAP_SESSION_TIMEOUT=6s",
		"REGTRAP_HTTP_ADDR=" + addr,
	}, env...)
	p.cmd.Stdout, p.cmd.Stderr = p, p
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		p.cmd.Wait()
		close(p.done)
	}()
	t.Cleanup(func() {
		p.cmd.Process.Kill() // has ended already in most tests
		<-p.done
		if t.Failed() {
			t.Logf("log of regtrap:\n%s", p.logText())
		}
	})
	return p
}

// kill ends the process as kill -9 does.
func (p *process) kill() {
	p.t.Helper()
	if err := p.cmd.Process.Kill(); err != nil {
		p.t.Fatal(err)
	}
	<-p.done
}

// terminate ends it as Kubernetes does, and fails the test when that is not
// orderly.
func (p *process) terminate() {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
	select {
	case <-p.done:
	case <-time.After(30 * time.Second):
		p.t.Fatal("still running 30 s after SIGTERM")
	}
	if code := p.cmd.ProcessState.ExitCode(); code != 0 {
		p.t.Errorf("exit status %d after SIGTERM, want 0", code)
	}
}

// alive fails the test when the process has ended.
func (p *process) alive() {
	p.t.Helper()
	select {
	case <-p.done:
		p.t.Fatalf("regtrap has ended: %v", p.cmd.ProcessState)
	default:
	}
}

// get returns status and body of a page; status 0 when there is no server.
func (p *process) get(path string) (int, string) {
	res, err := http.Get("http://" + p.http + path)
	if err != nil {
		return 0, err.Error()
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, err.Error()
	}
	return res.StatusCode, string(body)
}

// ready waits until /readyz says so.
func (p *process) ready() {
	p.t.Helper()
	waitFor(p.t, "readiness", func() (bool, string) {
		p.alive()
		code, body := p.get("/readyz")
		return code == http.StatusOK, body
	})
}

// logs waits for a text in the log.
func (p *process) logs(text string) {
	p.t.Helper()
	waitFor(p.t, "the log to say "+text, func() (bool, string) {
		p.alive()
		return strings.Contains(p.logText(), text), ""
	})
}

// waitFor polls until ok, and fails the test with the last state after a minute.
func waitFor(t *testing.T, what string, ok func() (bool, string)) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for {
		done, state := ok()
		if done {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("waited a minute for %s: %s", what, state)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// regtrap runs another command of the binary and returns what it prints.
func regtrap(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.Command(regtrapFile, args...).Output()
	if err != nil {
		t.Fatalf("regtrap %s: %v", strings.Join(args, " "), err)
	}
	return string(out)
}
