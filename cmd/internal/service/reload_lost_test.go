package service

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/regtrap/regtrap/cmd/internal/build"
	"github.com/regtrap/regtrap/rules"
)

// reloading returns a Service with the rules of paths and the pack in force
// that reloads when reload is called.
func reloading(t *testing.T, log *lockedBuffer, paths ...string) *Service {
	t.Helper()
	c := offlineConfig()
	c.Rules = paths
	s := &Service{config: c, logger: newLogger(log, slog.LevelInfo, "json"), now: testNow, metrics: newMetrics(), rules: new(ruleBook)}
	must(t, s.loadRules())
	return s
}

// exceptionFor is an exception for a rule of versionRule.
func exceptionFor(version int, value string) string {
	return fmt.Sprintf(`title: Known
logsource: {category: registry_set, product: windows}
filter:
    rules: [%s]
    selection: {Details: %s}
    condition: not selection
`, versionID(version), value)
}

func TestOnlyWhatIsBrokenByAnEditStopsAReload(t *testing.T) {
	edit := func(version int, old, text string) string { return strings.Replace(versionRule(version), old, text, 1) }
	broken := func(version int) string { return edit(version, "level: low", "level: lo") }
	for _, tt := range []struct {
		name    string
		before  map[string]string // files
		after   map[string]string // files that change; "-" is none
		result  loadResult
		problem string // in the error
	}{
		{"a rule is broken", map[string]string{"a.yml": versionRule(1)}, map[string]string{"a.yml": broken(1)}, loadFailed, "rule " + versionID(1) + " (Version 1) is in force and would be lost: "},
		{"a rule is broken while another comes", map[string]string{"a.yml": versionRule(1)}, map[string]string{"a.yml": broken(1), "b.yml": versionRule(2)}, loadFailed, "Version 1"},
		{"a file is cut to nothing", map[string]string{"a.yml": versionRule(1)}, map[string]string{"a.yml": ""}, loadFailed, "the file is empty"},
		{"one of two documents is broken", map[string]string{"a.yml": versionRule(1) + "---\n" + versionRule(2)}, map[string]string{"a.yml": versionRule(1) + "---\n" + broken(2)}, loadFailed, "Version 2"},
		{"the id is changed and the rest broken", map[string]string{"a.yml": versionRule(1)}, map[string]string{"a.yml": broken(2)}, loadFailed, "Version 1"},
		{"an exception is broken", map[string]string{"a.yml": versionRule(1), "x.yml": exceptionFor(1, "y")}, map[string]string{"x.yml": strings.Replace(exceptionFor(1, "y"), "not selection", "not selektion", 1)}, loadFailed, "an exception is in force and would be lost: "},
		{"the folder loses all its files", map[string]string{"a.yml": versionRule(1)}, map[string]string{"a.yml": "-"}, loadFailed, "no rule file here"},

		{"a rule goes with its file", map[string]string{"a.yml": versionRule(1), "b.yml": versionRule(2)}, map[string]string{"a.yml": "-"}, loadOK, ""},
		{"a rule goes out of a comment", map[string]string{"a.yml": versionRule(1), "b.yml": versionRule(2)}, map[string]string{"a.yml": "# Version 1 is retired\n"}, loadOK, ""},
		{"a rule goes from a file that holds another", map[string]string{"a.yml": versionRule(1) + "---\n" + versionRule(2)}, map[string]string{"a.yml": versionRule(2)}, loadOK, ""},
		{"a rule goes from a file in which another was broken before", map[string]string{"a.yml": versionRule(1) + "---\n" + broken(2), "b.yml": versionRule(3)}, map[string]string{"a.yml": broken(2)}, loadOK, ""},
		{"an exception goes", map[string]string{"a.yml": versionRule(1), "x.yml": exceptionFor(1, "y")}, map[string]string{"x.yml": "-"}, loadOK, ""},
		{"an exception is edited", map[string]string{"a.yml": versionRule(1), "x.yml": exceptionFor(1, "y")}, map[string]string{"x.yml": exceptionFor(1, "z")}, loadOK, ""},
		{"a new file is broken", map[string]string{"a.yml": versionRule(1)}, map[string]string{"b.yml": broken(2), "c.yml": versionRule(3)}, loadOK, ""},
		{"a rule moves to another file", map[string]string{"a.yml": versionRule(1)}, map[string]string{"a.yml": "-", "b.yml": versionRule(1)}, loadUnchanged, ""},
		{"only a comment changes", map[string]string{"a.yml": versionRule(1)}, map[string]string{"a.yml": "# reviewed\n" + versionRule(1)}, loadUnchanged, ""},
		{"a new file is broken and nothing else changes", map[string]string{"a.yml": versionRule(1)}, map[string]string{"b.yml": broken(2)}, loadUnchanged, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			set := func(files map[string]string) {
				for name, text := range files {
					if text == "-" {
						must(t, os.Remove(filepath.Join(dir, name)))
						continue
					}
					must(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
				}
			}
			set(tt.before)
			log := new(lockedBuffer)
			s := reloading(t, log, dir)
			version := s.Rules().Hash
			set(tt.after)
			s.reload(rules.Read(s.config.Rules), "test")
			last := s.rules.page().LastLoad
			if last.Result != tt.result || !strings.Contains(last.Error, tt.problem) || (last.Error == "") != (tt.problem == "") {
				t.Errorf("%+v: want %s, %s", last, tt.result, tt.problem)
			}
			if (s.Rules().Hash == version) != (tt.result != loadOK) {
				t.Errorf("version %s, before %s, after a reload that ended %s", s.Rules().Hash, version, tt.result)
			}
			ok, want := testutil.ToFloat64(s.metrics.loadOK), 1.0
			if tt.result == loadFailed {
				want = 0
			}
			if n := testutil.ToFloat64(s.metrics.reloads.WithLabelValues(string(tt.result))); ok != want || n < 1 {
				t.Errorf("regtrap_rule_load_ok %v, loads that ended %s: %v", ok, tt.result, n)
			}
			if n := testutil.CollectAndCount(s.metrics.alerts); n != len(s.Rules().Rules) {
				t.Errorf("%d counters of alerts, %d rules", n, len(s.Rules().Rules))
			}
			for _, r := range s.rules.page().Rules {
				if tt.result == loadUnchanged && tt.after["a.yml"] == "-" && r.ID == versionID(1) && !strings.HasSuffix(r.Source, "b.yml:1") {
					t.Errorf("the rule that moved is said to be at %s", r.Source)
				}
			}
			// What is mended, or was meant, goes through.
			must(t, os.WriteFile(filepath.Join(dir, "a.yml"), []byte(versionRule(4)), 0o600))
			_ = os.Remove(filepath.Join(dir, "x.yml"))
			s.reload(rules.Read(s.config.Rules), "test")
			if last := s.rules.page().LastLoad; last.Result != loadOK || testutil.ToFloat64(s.metrics.loadOK) != 1 {
				t.Errorf("in the end %+v\n%s", last, log)
			}
		})
	}
}

func TestStrictRefusesWhatIsRejectedAndNoWarning(t *testing.T) {
	dir := t.TempDir()
	put(t, dir+"/a.yml", versionRule(1))
	put(t, dir+"/empty.yml", "")
	log := new(lockedBuffer)
	s := reloading(t, log, dir)
	s.config.RulesStrict = true
	put(t, dir+"/b.yml", versionRule(2))
	s.reload(rules.Read(s.config.Rules), "test")
	if last := s.rules.last.Load(); last.result != loadOK {
		t.Errorf("with a warning: %s, %v", last.result, last.err)
	}
	put(t, dir+"/c.yml", strings.Replace(versionRule(3), "level: low", "level: lo", 1))
	s.reload(rules.Read(s.config.Rules), "test")
	if last := s.rules.last.Load(); last.result != loadFailed || !strings.Contains(last.err.Error(), "c.yml:3:8: level") {
		t.Errorf("with a rule that is rejected: %s, %v", last.result, last.err)
	}
	if !log.contains(`"msg":"rule warning","file":"`+dir+`/empty.yml"`) || !log.contains(`"msg":"rules not reloaded: those before are still in force"`) {
		t.Errorf("log: %s", log)
	}
}

func TestAProblemIsLoggedWhenItIsNew(t *testing.T) {
	dir := t.TempDir()
	put(t, dir+"/a.yml", versionRule(1))
	put(t, dir+"/b.yml", strings.Replace(versionRule(2), "level: low", "level: lo", 1))
	log := new(lockedBuffer)
	s := reloading(t, log, dir)
	for v := 3; v < 6; v++ {
		put(t, dir+"/c.yml", versionRule(v))
		s.reload(rules.Read(s.config.Rules), "test")
	}
	if n := strings.Count(log.String(), `"msg":"rule rejected"`); n != 1 {
		t.Errorf("the rejected rule is %d times in the log: want once\n%s", n, log)
	}
	for i := range maxProblemLines + 7 {
		put(t, fmt.Sprintf("%s/d%d.yml", dir, i), "title: [")
	}
	s.reload(rules.Read(s.config.Rules), "test")
	if n := strings.Count(log.String(), `"msg":"rule rejected"`); n != 1+maxProblemLines || !log.contains(`"msg":"more rules have problems","number":7`) {
		t.Errorf("%d rejected rules are in the log: want %d and the number of the others", n, 1+maxProblemLines)
	}
	if n := len(s.rules.page().LastLoad.Problems); n != 1+maxProblemLines+7 {
		t.Errorf("/rules has %d problems: want all", n)
	}
}

func TestRulesPage(t *testing.T) {
	dir := t.TempDir()
	put(t, dir+"/a.yml", versionRule(1))
	s := reloading(t, new(lockedBuffer), dir)
	s.config.Pack = false
	s.rules.current().hit(map[int32]int{int32(len(s.Rules().Rules) - 1): 3}, testNow().Add(time.Minute))
	put(t, dir+"/b.yml", strings.Replace(versionRule(2), "level: low", "level: lo", 1))
	s.reload(rules.Read(s.config.Rules), causeFiles)
	put(t, dir+"/a.yml", "title: [")
	s.reload(rules.Read(s.config.Rules), causePoll)
	w := newWorld()
	registry, err := register(build.Info{}, newMetrics())
	must(t, err)
	e := &endpoints{health: w.health, rules: s.rules, registry: registry, info: build.Info{}}
	got := get(e.handler(s.logger), "/rules")
	if got.Code != 200 || got.Header().Get("Content-Type") != "application/json" {
		t.Errorf("status %d, %s", got.Code, got.Header())
	}
	body := strings.ReplaceAll(got.Body.String(), dir, "DIR")
	golden(t, "rules.json", regexp.MustCompile(`"[0-9a-f]{16}"`).ReplaceAllString(body, `"HASH"`))
}
