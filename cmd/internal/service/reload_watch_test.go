package service

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"
	"weak"

	"github.com/fsnotify/fsnotify"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/regtrap/regtrap/cmd/internal/pipeline"
	"github.com/regtrap/regtrap/matcher"
	"github.com/regtrap/regtrap/rules"
)

// A write by way of another link to the same file is no event in the folder
// that is watched, as a write on a network file system is none.
func TestAPollSeesWhatNoNotificationTells(t *testing.T) {
	dir := t.TempDir()
	put(t, dir+"/rules/a.yml", versionRule(1))
	must(t, os.Link(dir+"/rules/a.yml", dir+"/elsewhere.yml"))
	s := watchedEvery(t, 20*time.Millisecond, dir+"/rules")
	must(t, os.WriteFile(dir+"/elsewhere.yml", []byte(versionRule(2)), 0o600))
	await(t, "version 2", func() bool { return s.ids() == "2" })
	if cause := s.rules.last.Load().cause; cause != causePoll && runtime.GOOS == "linux" {
		t.Errorf("cause %q: want %q", cause, causePoll)
	}
}

func TestWritesWithoutEndDelayAReloadOnlySoLong(t *testing.T) {
	dir := t.TempDir()
	put(t, dir+"/a.yml", versionRule(1))
	s := watched(t, dir)
	end, ended := make(chan struct{}), make(chan error)
	go func() {
		tick := time.NewTicker(settleFor / 10)
		defer tick.Stop()
		for {
			if err := os.WriteFile(filepath.Join(dir, "notes.txt"), []byte("x"), 0o600); err != nil {
				ended <- err
				return
			}
			select {
			case <-end:
				ended <- nil
				return
			case <-tick.C:
			}
		}
	}()
	put(t, dir+"/a.yml", versionRule(2))
	await(t, "version 2", func() bool { return s.ids() == "2" })
	close(end)
	must(t, <-ended)
}

func TestFilesThatAreAsTheyWereAreNotLoadedAgain(t *testing.T) {
	dir := t.TempDir()
	put(t, dir+"/a.yml", versionRule(1))
	s := watchedEvery(t, 10*time.Millisecond, dir)
	before := s.rules.last.Load()
	put(t, dir+"/a.yml", versionRule(1))
	put(t, dir+"/notes.txt", "x")
	put(t, dir+"/b.yml", versionRule(2))
	await(t, "version 2", func() bool { return s.ids() == "1 2" })
	if loads := counted(s.metrics.reloads, "unchanged"); loads != 1 || before.cause != causeHangup {
		t.Errorf("%v loads changed nothing: want the one on the hangup alone", loads)
	}
}

// However often rules are reloaded, the sets before are not kept: not by
// counts that go on, nor by a partition that has no traffic.
func TestSetsThatAreNoLongerInForceAreFreed(t *testing.T) {
	dir := t.TempDir()
	put(t, dir+"/a.yml", versionRule(1))
	put(t, dir+"/b.yml", versionRule(2))
	s := reloading(t, new(lockedBuffer), dir)
	h := testHandler(&topicLimit{limit: 1 << 20})
	h.out.rules, h.reader = s.rules, pipeline.NewWorker(pipeline.Config{Now: testNow, Panicked: func(v any, _ []byte) { t.Error(v) }})
	var sets []weak.Pointer[matcher.Set]
	for v := 3; v < 8; v++ {
		if err := h.Handle(t.Context(), testRecords(`{"EventID":13,"TargetObject":"HKLM\\SOFTWARE\\Counted\\1","Image":"C:\\x.exe","Details":"1"}`)); err != nil {
			t.Fatal(err)
		}
		sets = append(sets, weak.Make(s.Rules().Set))
		put(t, dir+"/b.yml", versionRule(v))
		s.reload(rules.Read(s.config.Rules), "test")
		s.reload(rules.Read(s.config.Rules), "test") // unchanged
	}
	for range 3 { // what is in a pool outlives one
		runtime.GC()
	}
	for i, set := range sets {
		if set.Value() != nil {
			t.Errorf("set %d of %d is still in memory", i, len(sets))
		}
	}
	runtime.KeepAlive(h)
	if n := s.rules.current().counts[versionID(1)].hits.Load(); n != int64(len(sets)) {
		t.Errorf("%d hits of the rule that stayed: want %d", n, len(sets))
	}
}

// What is watched follows the files: folders that are gone are not kept.
func TestWatchesDoNotGrowWithReloads(t *testing.T) {
	dir := t.TempDir()
	w, err := newFileWatch()
	must(t, err)
	defer w.close()
	most := 0
	for v := range 20 {
		mount(t, dir+"/mounted", v, versionRule(v))
		must(t, w.follow([]string{dir}))
		if n := len(w.watcher.WatchList()); v == 0 {
			most = n
		} else if n > most {
			t.Fatalf("%d folders are watched after %d swaps, %d at first: %q", n, v, most, w.watcher.WatchList())
		}
	}
	must(t, w.follow(nil))
	if l := w.watcher.WatchList(); len(l) > 0 {
		t.Errorf("%q are still watched", l)
	}
}

func TestNeighboursOfAPathAreNoConcern(t *testing.T) {
	dir := t.TempDir()
	put(t, dir+"/rules/a.yml", versionRule(1))
	must(t, os.Symlink("rules/a.yml", dir+"/link.yml"))
	w, err := newFileWatch()
	must(t, err)
	defer w.close()
	must(t, w.follow([]string{dir + "/link.yml"}))
	for name, want := range map[string]bool{
		dir + "/link.yml": true, dir + "/rules/a.yml": true, dir + "/rules": true,
		dir + "/other": false, dir + "/rules/b.yml": false, filepath.Dir(dir) + "/other": false,
	} {
		if got := w.concerns(event(name)); got != want {
			t.Errorf("concerns(%s) is %v", name, got)
		}
	}
	must(t, w.follow([]string{dir + "/rules"}))
	if !w.concerns(event(dir+"/rules/b.yml")) || w.concerns(event(dir+"/link.yml")) {
		t.Error("all files of a folder of rules are of concern, and no neighbour of it")
	}
}

func TestLinksInACircleAreNoTrap(t *testing.T) {
	dir := t.TempDir()
	must(t, os.Symlink("b", dir+"/a"))
	must(t, os.Symlink("a", dir+"/b"))
	must(t, os.MkdirAll(dir+"/rules", 0o700))
	must(t, os.Symlink("..", dir+"/rules/up"))
	w, err := newFileWatch()
	must(t, err)
	defer w.close()
	must(t, w.follow([]string{dir + "/a", dir + "/rules", dir + "/none/at/all"}))
	if !w.concerns(event(dir+"/a")) || !w.concerns(event(dir+"/none")) {
		t.Errorf("followed %v", w.folders)
	}
}

func event(name string) fsnotify.Event { return fsnotify.Event{Name: name, Op: fsnotify.Write} }

func counted(c *prometheus.CounterVec, label string) float64 {
	return testutil.ToFloat64(c.WithLabelValues(label))
}
