package service

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/regtrap/regtrap/cmd/internal/build"
	"github.com/regtrap/regtrap/rules"
)

var descText = regexp.MustCompile(`fqName: "([^"]*)", help: "((?:[^"\\]|\\.)*)".*variableLabels: \{([^}]*)\}`)

// metricTable lists metrics with their labels and meaning.
func metricTable(t *testing.T, collectors []prometheus.Collector) string {
	t.Helper()
	var rows []string
	for _, c := range collectors {
		descs := make(chan *prometheus.Desc)
		go func() {
			c.Describe(descs)
			close(descs)
		}()
		for d := range descs {
			m := descText.FindStringSubmatch(d.String())
			if m == nil {
				t.Fatalf("cannot read %s", d)
			}
			rows = append(rows, fmt.Sprintf("| `%s` | %s | %s |\n", m[1], strings.ReplaceAll(m[3], ",", ", "), m[2]))
		}
	}
	slices.Sort(rows)
	return "| metric | labels | meaning |\n| --- | --- | --- |\n" + strings.Join(rows, "")
}

// Dashboards are written against these names: a change of the golden file is a
// change for users.
func TestMetricsOfTheService(t *testing.T) {
	golden(t, "metrics.md", metricTable(t, newMetrics().collectors()))
}

var metricName = regexp.MustCompile(`^regtrap_[a-z_]+$`)

func TestMetricsAreWellFormed(t *testing.T) {
	m := newMetrics()
	m.alerts.WithLabelValues("rule", "high")
	for _, c := range m.collectors() {
		problems, err := testutil.CollectAndLint(c)
		if err != nil || len(problems) > 0 {
			t.Errorf("%v %v", problems, err)
		}
	}
	for row := range strings.Lines(metricTable(t, m.collectors())) {
		if name, _, ok := strings.Cut(strings.TrimPrefix(row, "| `"), "`"); ok && !metricName.MatchString(name) {
			t.Errorf("metric %q: want a name that begins regtrap_", name)
		}
	}
}

func TestRegisterRefusesTwoOfOneName(t *testing.T) {
	twice := prometheus.NewCounter(prometheus.CounterOpts{Name: "regtrap_records_total", Help: "Another."})
	if _, err := register(build.Info{}, newMetrics(), []prometheus.Collector{twice}); err == nil {
		t.Error("no error")
	}
}

func TestEveryRuleHasItsCounterFromTheStart(t *testing.T) {
	m := newMetrics()
	s, problems, err := rules.Load(rules.Config{Pack: true})
	if err != nil || len(problems) > 0 {
		t.Fatal(problems, err)
	}
	new(ruleBook).use(s, nil, m, testNow())
	m.loaded(s, 2, testNow())
	if n := testutil.CollectAndCount(m.alerts); n != len(s.Rules) || n == 0 {
		t.Errorf("%d counters for %d rules", n, len(s.Rules))
	}
	if r, p, l := testutil.ToFloat64(m.rules), testutil.ToFloat64(m.ruleProblems), testutil.ToFloat64(m.reloads.WithLabelValues("ok")); int(r) != len(s.Rules) || p != 2 || l != 1 {
		t.Errorf("rules %v, rejected %v, loads %v: want %d, 2, 1", r, p, l, len(s.Rules))
	}
}
