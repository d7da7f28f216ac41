//go:build unix

package main

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// logLine is what the test needs of a line of the log.
type logLine struct {
	Msg      string `json:"msg"`
	Cause    string `json:"cause"`
	HTTPAddr string `json:"http_addr"`
	Error    string `json:"error"`
	Added    int    `json:"added"`
}

// The service reads its rules again when the process is sent SIGHUP, keeps
// those it has when they are broken, and ends on SIGTERM. No broker is needed.
func TestHangupReloadsTheRules(t *testing.T) {
	dir := t.TempDir()
	rule := func(name, id, level string) {
		t.Helper()
		text := "title: " + name + "\nid: " + id + "\nlevel: " + level + "\nlogsource: {category: registry_set, product: windows}\n" +
			"detection: {selection: {Details: x}, condition: selection}\n"
		if err := os.WriteFile(filepath.Join(dir, name+".yml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const one, two = "00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"
	rule("one", one, "low")

	cmd := exec.CommandContext(t.Context(), "regtrap", "run") // this test binary, see TestMain
	cmd.Env = append(os.Environ(), "REGTRAP_BROKERS=127.0.0.1:1", "REGTRAP_TOPICS=telemetry", "REGTRAP_HTTP_ADDR=127.0.0.1:0", "REGTRAP_RULES="+dir)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := make(chan logLine, 1000)
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(stderr); s.Scan(); {
			var l logLine
			if json.Unmarshal(s.Bytes(), &l) == nil {
				lines <- l
			}
		}
	}()
	late := time.After(30 * time.Second)
	next := func(message string) logLine {
		t.Helper()
		for {
			select {
			case l, ok := <-lines:
				if !ok {
					t.Fatalf("the process ended before it wrote %q", message)
				}
				if l.Msg == message {
					return l
				}
			case <-late:
				t.Fatalf("no %q in the log", message)
			}
		}
	}
	signal := func(s os.Signal) {
		t.Helper()
		if err := cmd.Process.Signal(s); err != nil {
			t.Fatal(err)
		}
	}

	addr := next("service started").HTTPAddr
	signal(syscall.SIGHUP)
	if l := next("rules unchanged"); l.Cause != "SIGHUP" {
		t.Errorf("unchanged: %+v", l)
	}
	rule("two", two, "high")
	if l := next("rules reloaded"); l.Added != 1 {
		t.Errorf("with a file more: %+v", l)
	}
	rule("one", one, "lo")
	if l := next("rules not reloaded: those before are still in force"); !strings.Contains(l.Error, `level "lo" is unknown`) {
		t.Errorf("with a broken file: %+v", l)
	}
	signal(syscall.SIGHUP)
	if l := next("rules not reloaded: those before are still in force"); l.Cause != "SIGHUP" {
		t.Errorf("on a hangup: %+v", l)
	}

	res, err := http.Get("http://" + addr + "/rules")
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	res.Body.Close()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{one, two, `"result": "failed"`, `"cause": "SIGHUP"`, `"source": "` + dir + `/two.yml:1"`} {
		if !strings.Contains(string(body), want) {
			t.Errorf("/rules lacks %s:\n%s", want, body)
		}
	}

	signal(syscall.SIGTERM)
	next("service stopped")
	for range lines {
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("the process ended with %v", err)
	}
}
