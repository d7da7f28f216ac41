package service

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/regtrap/regtrap/rules"
)

// versionRule is a rule that all records of the reload tests make fire. Every
// version of it has an id of its own, and supersedes the one before.
func versionRule(version int) string {
	return fmt.Sprintf(`title: Version %d
id: 00000000-0000-4000-8000-%012d
level: low
regtrap: {supersedes: 00000000-0000-4000-8000-%012d}
logsource: {category: registry_set, product: windows}
detection:
    selection: {TargetObject|contains: '\Counted\'}
    condition: selection
`, version, version, version-1)
}

func versionID(version int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", version) }

// put writes a file in one step, as careful editors do.
func put(t testing.TB, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name+".part~", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(name+".part~", name); err != nil {
		t.Fatal(err)
	}
}

// watched starts a Service that only watches its rules.
func watched(t *testing.T, paths ...string) *Service { return watchedEvery(t, time.Hour, paths...) }

// watchedEvery also polls them.
func watchedEvery(t *testing.T, poll time.Duration, paths ...string) *Service {
	t.Helper()
	c := offlineConfig()
	c.Pack, c.Rules, c.RulesPoll = false, paths, poll
	s := &Service{config: c, logger: slog.New(slog.DiscardHandler), now: time.Now, metrics: newMetrics(), rules: new(ruleBook)}
	if err := s.loadRules(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	ready := make(chan os.Signal)
	s.hangup = ready
	go func() { done <- s.watchRules(t.Context()) }()
	ready <- os.Interrupt // taken once files are watched
	await(t, "the first reload", func() bool { return s.rules.last.Load().cause == causeHangup })
	t.Cleanup(func() {
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return s
}

// ids are the rules in force.
func (s *Service) ids() string {
	var list []string
	for _, r := range s.Rules().Rules {
		list = append(list, strings.TrimLeft(r.ID[24:], "0"))
	}
	return strings.Join(list, " ")
}

// await waits until f holds.
func await(t *testing.T, what string, f func() bool) {
	t.Helper()
	eventually(t, f, func() string { return what + " did not come" })
}

func TestEveryKindOfChangeOfFilesIsSeen(t *testing.T) {
	for _, tt := range []struct {
		name   string
		start  func(dir string) (path string)
		change func(dir string)
	}{
		{"a file is replaced", func(dir string) string { return dir },
			func(dir string) { put(t, dir+"/a.yml", versionRule(2)) }},
		{"a file is written in place", func(dir string) string { return dir },
			func(dir string) { must(t, os.WriteFile(dir+"/a.yml", []byte(versionRule(2)), 0o600)) }},
		{"the path is a file that is replaced", func(dir string) string { return dir + "/a.yml" },
			func(dir string) { put(t, dir+"/a.yml", versionRule(2)) }},
		{"one file goes and another comes", func(dir string) string { return dir },
			func(dir string) { put(t, dir+"/b.yml", versionRule(2)); must(t, os.Remove(dir+"/a.yml")) }},
		{"in a folder that comes", func(dir string) string { return dir },
			func(dir string) { put(t, dir+"/new/deep/b.yml", versionRule(2)); must(t, os.Remove(dir+"/a.yml")) }},
		{"the folder is replaced", func(dir string) string { return dir + "/." },
			func(dir string) {
				must(t, os.Rename(dir, dir+"-old"))
				put(t, dir+"/a.yml", versionRule(2))
			}},
		{"a ConfigMap is swapped", func(dir string) string {
			must(t, os.Remove(dir+"/a.yml"))
			put(t, dir+"/..2026_1/a.yml", versionRule(1))
			must(t, os.Symlink("..2026_1", dir+"/..data"))
			must(t, os.Symlink("..data/a.yml", dir+"/a.yml"))
			return dir
		}, func(dir string) {
			put(t, dir+"/..2026_2/a.yml", versionRule(2))
			must(t, os.Symlink("..2026_2", dir+"/..data_tmp"))
			must(t, os.Rename(dir+"/..data_tmp", dir+"/..data"))
			must(t, os.RemoveAll(dir+"/..2026_1"))
		}},
		{"the path is a link that leads elsewhere", func(dir string) string {
			put(t, dir+"/one/a.yml", versionRule(1))
			must(t, os.Symlink("one", dir+"/current"))
			return dir + "/current"
		}, func(dir string) {
			put(t, dir+"/two/a.yml", versionRule(2))
			must(t, os.Symlink("two", dir+"/next"))
			must(t, os.Rename(dir+"/next", dir+"/current"))
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "rules")
			put(t, dir+"/a.yml", versionRule(1))
			s := watched(t, tt.start(dir))
			if got := s.ids(); got != "1" {
				t.Fatalf("at the start: %s", got)
			}
			tt.change(dir)
			await(t, "version 2", func() bool { return s.ids() == "2" })
		})
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestASetThatFailsLeavesTheOneBeforeInForce(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(dir string)
		want   string
	}{
		{"a rule is broken", func(dir string) { put(t, dir+"/a.yml", strings.Replace(versionRule(1), "level: low", "level: lo", 1)) }, `rule 00000000-0000-4000-8000-000000000001 (Version 1) is in force and would be lost: `},
		{"a file is half written", func(dir string) { put(t, dir+"/a.yml", versionRule(1)[:120]) }, `is in force and would be lost`},
		{"no YAML", func(dir string) { put(t, dir+"/a.yml", "a: [") }, `no YAML`},
		{"the folder is gone", func(dir string) { must(t, os.RemoveAll(dir)) }, `no such file`},
		{"no rule is left", func(dir string) { must(t, os.Rename(dir, dir+"-old")); must(t, os.Mkdir(dir, 0o700)) }, `none of them can be used`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "rules")
			put(t, dir+"/a.yml", versionRule(1))
			put(t, dir+"/b.yml", versionRule(2))
			s := watched(t, dir)
			tt.change(dir)
			await(t, "the failure", func() bool { return strings.Contains(s.rules.page().LastLoad.Error, tt.want) })
			if p := s.rules.page(); s.ids() != "1 2" || p.LastLoad.Result != loadFailed || len(p.Rules) != 2 {
				t.Errorf("in force: %s; last load %+v", s.ids(), p.LastLoad)
			}
			must(t, os.RemoveAll(dir))
			put(t, dir+"/c.yml", versionRule(3))
			await(t, "the next good set", func() bool { return s.ids() == "3" })
		})
	}
}

func TestARuleThatIsAsItWasGoesOnCounting(t *testing.T) {
	dir := t.TempDir()
	put(t, dir+"/a.yml", versionRule(1))
	put(t, dir+"/b.yml", versionRule(2))
	at := time.Date(2026, 3, 4, 10, 0, 0, 0, time.UTC)
	c := offlineConfig()
	c.Pack, c.Rules = false, []string{dir}
	s := &Service{config: c, logger: slog.New(slog.DiscardHandler), now: func() time.Time { return at }, metrics: newMetrics(), rules: new(ruleBook)}
	must(t, s.loadRules())
	s.rules.current().hit(map[int32]int{0: 3, 1: 4}, at)
	at = at.Add(time.Hour)
	put(t, dir+"/b.yml", strings.Replace(versionRule(2), "level: low", "level: high", 1))
	s.reload(rules.Read(c.Rules), "test")
	s.rules.current().hit(map[int32]int{0: 1}, at)
	page := s.rules.page()
	if len(page.Rules) != 2 || page.LastLoad.Result != loadOK || page.Version != s.Rules().Hash {
		t.Fatalf("%+v", page)
	}
	one, two := page.Rules[0], page.Rules[1]
	if d := cmp.Diff(ruleLine{ID: versionID(1), Name: "Version 1", Source: dir + "/a.yml:1", Ruleset: "sigma", Hash: s.Rules().Rules[0].Hash, Severity: "low", RiskScore: 21, Since: at.Add(-time.Hour), Hits: 4, LastHit: &at}, one); d != "" {
		t.Error(d)
	}
	if two.Hits != 0 || two.LastHit != nil || !two.Since.Equal(at) || two.Severity != "high" {
		t.Errorf("the changed rule: %+v", two)
	}
	s.reload(rules.Read(c.Rules), "test")
	if got := s.rules.last.Load().result; got != loadUnchanged {
		t.Errorf("read again: %s", got)
	}
}
