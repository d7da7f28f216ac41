package service

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/regtrap/regtrap/cmd/internal/sample"
)

// While records arrive on three partitions the rules are replaced again and
// again, in every way. Every record must raise one alert, of one version, and
// of none that is older than that of the record before it.
func TestNoEventIsMissedOrMatchedTwiceAcrossReloads(t *testing.T) {
	b := newBus(t, outputs())
	dir := filepath.Join(t.TempDir(), "rules")
	put(t, dir+"/rule.yml", versionRule(1))
	c := testConfig(b)
	c.Pack, c.Rules = false, []string{dir}
	s := start(t, c)

	const versions, round = 24, 150
	all := make(sent)
	number := 0
	feed := func() {
		records := make([]sample.Record, round)
		for i := range records {
			records[i].Value = fmt.Appendf(nil, `{"EventID":13,"TargetObject":"HKLM\\SOFTWARE\\Counted\\%d","Image":"C:\\x.exe","Details":"1"}`, number)
			number++
		}
		b.send(all, records)
	}
	feed()
	for v := 2; v <= versions; v++ {
		feed()
		switch v % 4 {
		case 0: // replaced
			put(t, dir+"/rule.yml", versionRule(v))
		case 1: // written in place, in two steps: the first is no rule
			text := versionRule(v)
			must(t, os.WriteFile(dir+"/rule.yml", []byte(text[:len(text)/2]), 0o600))
			feed()
			must(t, os.WriteFile(dir+"/rule.yml", []byte(text), 0o600))
		case 2: // broken for a while: the version before stays
			failed := func() bool { return s.rules.last.Load().result == loadFailed }
			must(t, os.WriteFile(dir+"/rule.yml", []byte("title: ["), 0o600))
			feed()
			await(t, "the failure", failed)
			feed()
			put(t, dir+"/rule.yml", versionRule(v))
		case 3: // the folder itself is replaced
			must(t, os.Rename(dir, dir+strconv.Itoa(v)))
			put(t, dir+"/rule.yml", versionRule(v))
		}
		feed()
		await(t, fmt.Sprintf("version %d", v), func() bool { return s.ids() == strconv.Itoa(v) })
	}
	feed()
	b.committed()

	type alert struct {
		Rule    struct{ ID string }
		Regtrap struct {
			Source struct {
				Topic     string
				Partition int
				Offset    int64
			}
		}
	}
	version := make(map[place]int)
	by := make(map[int]int)
	for _, m := range b.received("regtrap.alerts") {
		var a alert
		if err := json.Unmarshal(m.Value, &a); err != nil {
			t.Fatal(err)
		}
		at := place{a.Regtrap.Source.Topic, a.Regtrap.Source.Partition, a.Regtrap.Source.Offset}
		v, err := strconv.Atoi(strings.TrimLeft(a.Rule.ID[24:], "0"))
		if err != nil {
			t.Fatal(err)
		}
		if before, twice := version[at]; twice {
			t.Errorf("%+v raised alerts of the versions %d and %d", at, before, v)
		}
		version[at] = v
		by[v]++
	}
	if len(version) != len(all) || len(all) != number {
		t.Errorf("%d records, %d raised an alert", len(all), len(version))
	}
	for at, v := range version {
		if v < version[place{at.topic, at.partition, at.offset - 1}] {
			t.Errorf("%+v was judged by version %d, the record before it by %d", at, v, version[place{at.topic, at.partition, at.offset - 1}])
		}
	}
	if by[1] == 0 || by[versions] == 0 || len(by) < versions/2 {
		t.Errorf("alerts by version: %v: the load did not meet the reloads", by)
	}
	status, body := s.get("/rules")
	if status != 200 || !strings.Contains(body, `"name": "Version 24"`) || !strings.Contains(body, fmt.Sprintf(`"hits": %d`, by[versions])) || !strings.Contains(body, `"result": "ok"`) {
		t.Errorf("/rules %d: %s", status, body)
	}
	_, metrics := s.get("/metrics")
	if !strings.Contains(metrics, "regtrap_rule_load_ok 1") || !strings.Contains(metrics, fmt.Sprintf(`regtrap_rule_loads_total{result="ok"} %d`, versions)) {
		t.Errorf("/metrics does not count %d loads", versions)
	}
	t.Logf("%d records on 3 partitions, %d versions, %d alerts, by version %v", number, versions, len(version), by)
}
