package service

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"strings"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/regtrap/regtrap/cmd/internal/build"
)

const (
	httpReadTimeout  = 10 * time.Second
	httpWriteTimeout = 30 * time.Second
	httpIdleTimeout  = 2 * time.Minute

	// pprofWriteTimeout leaves room for a profile of a few minutes.
	pprofWriteTimeout = 5 * time.Minute

	httpShutdownTimeout = 2 * time.Second
)

// endpoints is what the HTTP server shows.
type endpoints struct {
	health   *health
	rules    *ruleBook
	registry *prometheus.Registry
	info     build.Info
	settings []Setting
	pprof    bool
}

// handler routes the endpoints.
func (e *endpoints) handler(l *slog.Logger) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(e.registry, promhttp.HandlerOpts{
		EnableOpenMetrics: true,
		Registry:          e.registry,
		ErrorLog:          slog.NewLogLogger(l.Handler(), slog.LevelWarn),
	}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		body := e.health.liveness()
		writeJSON(w, statusOf(body.Alive), body)
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		body := e.health.readiness()
		writeJSON(w, statusOf(body.Ready), body)
	})
	mux.HandleFunc("GET /version", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, struct {
			Version   string `json:"version"`
			Commit    string `json:"commit"`
			GoVersion string `json:"go_version"`
		}{e.info.Version, e.info.Commit, e.info.GoVersion})
	})
	mux.HandleFunc("GET /config", func(w http.ResponseWriter, _ *http.Request) {
		config := make(map[string]string)
		for _, s := range e.settings {
			config[s.Variable] = s.Value
		}
		writeJSON(w, http.StatusOK, config)
	})
	mux.HandleFunc("GET /rules", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, e.rules.page())
	})
	paths := []string{"/metrics", "/healthz", "/readyz", "/version", "/config", "/rules"}
	if e.pprof {
		mux.HandleFunc("/debug/pprof/", pprof.Index)
		mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
		mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
		mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
		mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
		paths = append(paths, "/debug/pprof/")
	}
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		fmt.Fprintln(w, "regtrap\n\n"+strings.Join(paths, "\n"))
	})
	return mux
}

func statusOf(ok bool) int {
	if ok {
		return http.StatusOK
	}
	return http.StatusServiceUnavailable
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(body); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	// The reader may be gone, and there is nobody else to tell.
	_, _ = w.Write(b.Bytes())
}

// listen opens the address of the HTTP server.
func listen(addr string) (net.Listener, error) {
	l, err := net.Listen("tcp", addr)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("REGTRAP_HTTP_ADDR: %q: another process listens there: want a free address", addr)
	case err != nil:
		return nil, fmt.Errorf("REGTRAP_HTTP_ADDR: %q: %w", addr, err)
	}
	return l, nil
}

// newServer returns the HTTP server of the endpoints, with every timeout set.
func newServer(e *endpoints, l *slog.Logger) *http.Server {
	s := &http.Server{
		Handler:           e.handler(l),
		ReadHeaderTimeout: httpReadTimeout,
		ReadTimeout:       httpReadTimeout,
		WriteTimeout:      httpWriteTimeout,
		IdleTimeout:       httpIdleTimeout,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(l.Handler(), slog.LevelWarn),
	}
	if e.pprof {
		s.WriteTimeout = pprofWriteTimeout
	}
	return s
}

// shutdown ends the server: answers in hand are finished, for a moment.
func shutdown(s *http.Server) {
	ctx, cancel := context.WithTimeout(context.Background(), httpShutdownTimeout)
	defer cancel()
	if s.Shutdown(ctx) != nil {
		_ = s.Close() // a slow reader: cut off
	}
}
