package service

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/regtrap/regtrap/cmd/internal/build"
	"github.com/regtrap/regtrap/consumer"
)

func TestRunNamesEveryMistakeAndHintsAtTheMisspelt(t *testing.T) {
	log := new(lockedBuffer)
	err := Run(t.Context(), []string{"REGTRAP_BROKER=kafka:9092", "REGTRAP_TOPICS=winlog", "REGTRAP_PACK=yes"}, log, build.Info{})
	var mistakes *ConfigError
	if !errors.As(err, &mistakes) || len(mistakes.Mistakes) != 2 {
		t.Errorf("error %v: want two mistakes", err)
	}
	if !log.contains(`"variable":"REGTRAP_BROKER","nearest":"REGTRAP_BROKERS"`) {
		t.Errorf("log: %s", log)
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	b := newBus(t, outputs())
	log := new(lockedBuffer)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- Run(ctx, []string{"REGTRAP_BROKERS=" + b.ListenAddrs()[0], "REGTRAP_TOPICS=winlog", "REGTRAP_HTTP_ADDR=127.0.0.1:0",
			"REGTRAP_LOG_FORMAT=text"}, log, build.Info{Version: "1.2.3"})
	}()
	eventually(t, func() bool { return log.contains(`msg="readiness changed" ready=true`) }, log.String)
	cancel()
	if err := <-done; err != nil {
		t.Errorf("Run: %v", err)
	}
	if !log.contains(`msg="regtrap starts" version=1.2.3`) || !log.contains("config.REGTRAP_TOPICS=winlog") || !log.contains(`msg="service stopped"`) {
		t.Errorf("log: %s", log)
	}
}

func TestNewRefusesAPortInUse(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c := offlineConfig()
	c.HTTPAddr = l.Addr().String()
	if _, err = New(c, build.Info{}, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "another process listens there") {
		t.Errorf("New: %v", err)
	}
}

// offlineConfig is of a broker that does not exist, for what New does alone.
func offlineConfig() Config {
	c := Default()
	c.Brokers, c.Topics, c.HTTPAddr = []string{"127.0.0.1:1"}, []string{"winlog"}, "127.0.0.1:0"
	return c
}

func TestRejectedRulesAreLoggedOrRefused(t *testing.T) {
	file := filepath.Join(t.TempDir(), "broken.yml")
	write(t, file, "title: Broken\nid: 9a0c3c4e-1111-4222-8333-944445555666\nlogsource: {product: windows, category: registry_set}\ndetection: {condition: selection}\n")
	c := offlineConfig()
	c.Rules = []string{file}
	log := new(lockedBuffer)
	s, err := New(c, build.Info{}, newLogger(log, slog.LevelInfo, "json"))
	if err != nil {
		t.Fatal(err)
	}
	s.listener.Close()
	if !log.contains(`"msg":"rule rejected","file":"`+file) || !log.contains(`"rejected":1`) {
		t.Errorf("log: %s", log)
	}
	c.RulesStrict = true
	if _, err := New(c, build.Info{}, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), file+":") {
		t.Errorf("New with REGTRAP_RULES_STRICT: %v", err)
	}
	c.RulesStrict, c.Pack = false, false
	if _, err := New(c, build.Info{}, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "nothing would be detected") {
		t.Errorf("New with no rule that can be used: %v", err)
	}
	c.Rules = []string{file + ".none"}
	if _, err := New(c, build.Info{}, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), file+".none") {
		t.Errorf("New with a path that does not exist: %v", err)
	}
}

// bare is a Service with what consume needs.
func bare() *Service {
	s := &Service{config: Default(), logger: slog.New(slog.DiscardHandler)}
	s.health = newHealth(func() consumer.Status { return consumer.Status{} }, nil, time.Now, time.Second)
	return s
}

func TestDrainEndsAtItsLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := bare()
		ctx, cancel := context.WithCancel(t.Context())
		hang := make(chan struct{})
		cancel()
		began := time.Now()
		if err := s.consume(ctx, func(context.Context) error { <-hang; return nil }); !errors.Is(err, errDrain) {
			t.Errorf("consume: %v: want %v", err, errDrain)
		}
		if d := time.Since(began); d != s.config.DrainTimeout {
			t.Errorf("gave up after %v: want %v", d, s.config.DrainTimeout)
		}
		close(hang)
	})
}

func TestDrainWaitsForTheConsumer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := bare()
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			time.Sleep(time.Minute) // of the bubble's clock
			cancel()
		}()
		finished := false
		err := s.consume(ctx, func(ctx context.Context) error {
			<-ctx.Done()
			if s.config.DrainTimeout <= 5*time.Second {
				t.Fatal("the default limit is too short")
			}
			time.Sleep(5 * time.Second)
			finished = true
			return ctx.Err()
		})
		if err != nil || !finished || !s.health.stopping.Load() {
			t.Errorf("consume: %v, finished %v", err, finished)
		}
	})
}

func TestConsumerThatEndsByItselfIsAnError(t *testing.T) {
	cause := errors.New("group is of another protocol")
	for _, err := range []error{nil, cause} {
		if got := bare().consume(t.Context(), func(context.Context) error { return err }); got == nil || err != nil && !errors.Is(got, err) {
			t.Errorf("consume of %v: %v", err, got)
		}
	}
}

func TestPanicIsLoggedOnceAMinute(t *testing.T) {
	log := new(lockedBuffer)
	now := testNow()
	s := &Service{logger: newLogger(log, slog.LevelInfo, "json"), now: func() time.Time { return now }}
	for range 3 {
		s.panicked("index out of range", []byte("goroutine 1"))
	}
	if n := strings.Count(log.String(), "index out of range"); n != 1 {
		t.Errorf("%d lines: want 1: %s", n, log)
	}
	now = now.Add(time.Minute)
	s.panicked("index out of range", []byte("goroutine 1"))
	if n := strings.Count(log.String(), "goroutine 1"); n != 2 {
		t.Errorf("%d lines after a minute: want 2", n)
	}
}
