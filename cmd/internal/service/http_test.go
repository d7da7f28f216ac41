package service

import (
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/regtrap/regtrap/cmd/internal/build"
	"github.com/regtrap/regtrap/consumer"
)

func testNow() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

// testEndpoints returns the endpoints of a world, with a secret in the
// configuration.
func testEndpoints(t *testing.T, w *world, pprof bool) http.Handler {
	t.Helper()
	c := Default()
	c.Brokers, c.Topics = []string{"kafka-1.corp.example:9092"}, []string{"winlog"}
	c.SASLMechanism, c.SASLUsername, c.SASLPassword = "PLAIN", "ana", testPassword
	info := build.Info{Version: "1.2.3", Commit: "abc", GoVersion: "go1.26"}
	registry, err := register(info, newMetrics())
	if err != nil {
		t.Fatal(err)
	}
	e := &endpoints{health: w.health, registry: registry, info: info, settings: c.Settings(), pprof: pprof}
	return e.handler(slog.New(slog.DiscardHandler))
}

func get(h http.Handler, path string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestEndpoints(t *testing.T) {
	w := newWorld()
	w.consumer = owning(consumer.PartitionStatus{Topic: "winlog", Partition: 3, Watermark: 17, Committed: 16, End: 20, State: "handling"})
	h := testEndpoints(t, w, false)
	for _, c := range []struct {
		path   string
		status int
		text   []string
	}{
		{"/", 200, []string{"/metrics", "/readyz"}},
		{"/healthz", 200, []string{`"alive": true`}},
		{"/readyz", 200, []string{`"ready": true`, `"topic": "winlog"`, `"watermark": 17`, `"state": "handling"`, `"writable": true`}},
		{"/version", 200, []string{`"version": "1.2.3"`, `"commit": "abc"`, `"go_version": "go1.26"`}},
		{"/config", 200, []string{`"REGTRAP_BROKERS": "kafka-1.corp.example:9092"`, `"REGTRAP_SASL_PASSWORD": "[redacted]"`, `"REGTRAP_GROUP": "regtrap"`}},
		{"/metrics", 200, []string{`regtrap_build_info{commit="abc",go_version="go1.26",version="1.2.3"} 1`, "go_goroutines", "process_cpu_seconds_total", "regtrap_skipped_total"}},
		{"/debug/pprof/", 404, nil},
		{"/nothing", 404, nil},
	} {
		got := get(h, c.path)
		if got.Code != c.status {
			t.Errorf("%s: status %d: want %d", c.path, got.Code, c.status)
		}
		for _, text := range c.text {
			if !strings.Contains(got.Body.String(), text) {
				t.Errorf("%s lacks %s:\n%s", c.path, text, got.Body)
			}
		}
		if strings.Contains(got.Body.String(), testPassword) {
			t.Errorf("%s shows the password", c.path)
		}
	}
}

func TestHealthIsInTheStatus(t *testing.T) {
	w := newWorld()
	h := testEndpoints(t, w, false)
	if got := get(h, "/readyz"); got.Code != 503 || !json.Valid(got.Body.Bytes()) || !strings.Contains(got.Body.String(), "not a member of the group yet") {
		t.Errorf("/readyz %d: %s", got.Code, got.Body)
	}
	w.clock = w.clock.Add(time.Hour)
	if got := get(h, "/healthz"); got.Code != 503 || !strings.Contains(got.Body.String(), "stood still") {
		t.Errorf("/healthz %d: %s", got.Code, got.Body)
	}
}

func TestMetricsSpeakOpenMetrics(t *testing.T) {
	got := get(testEndpoints(t, newWorld(), false), "/metrics", "Accept", "application/openmetrics-text; version=1.0.0")
	if ct := got.Header().Get("Content-Type"); !strings.HasPrefix(ct, "application/openmetrics-text") {
		t.Errorf("content type %q", ct)
	}
	if !strings.HasSuffix(got.Body.String(), "# EOF\n") {
		t.Error("no # EOF at the end")
	}
}

func TestOnlyReadingIsAllowed(t *testing.T) {
	h := testEndpoints(t, newWorld(), false)
	for _, path := range []string{"/metrics", "/config", "/healthz"} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, path, strings.NewReader("x")))
		if w.Code != http.StatusMethodNotAllowed {
			t.Errorf("POST %s: status %d: want %d", path, w.Code, http.StatusMethodNotAllowed)
		}
	}
}

func TestPprofOnlyWhenAskedFor(t *testing.T) {
	h := testEndpoints(t, newWorld(), true)
	for _, path := range []string{"/debug/pprof/", "/debug/pprof/heap", "/debug/pprof/cmdline"} {
		if got := get(h, path); got.Code != 200 {
			t.Errorf("%s: status %d", path, got.Code)
		}
	}
}

func TestPortInUseIsAClearError(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, err = listen(l.Addr().String())
	if err == nil || !strings.Contains(err.Error(), "REGTRAP_HTTP_ADDR") || !strings.Contains(err.Error(), "another process listens there") {
		t.Errorf("error %v", err)
	}
}

func TestShutdownCutsOffASlowReader(t *testing.T) {
	l, err := listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := newServer(&endpoints{health: newWorld().health, registry: prometheus.NewRegistry()}, slog.New(slog.DiscardHandler))
	began := make(chan struct{})
	s.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(began)
		<-r.Context().Done()
	})
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	<-began
	shutdown(s)
	if err := <-served; err != http.ErrServerClosed {
		t.Errorf("Serve: %v", err)
	}
}
