package service

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/regtrap/regtrap/cmd/internal/sample"
)

// place of the rule of the reload test below its folder.
const (
	inPlace   = "rule.yml"
	inFolder  = "new/deep/rule.yml"
	inMounted = "mounted/rule.yml" // a ConfigMap
)

// changeVersion replaces the rule of version v-1, which is at from, by that of
// version v, in a way of its own for each v, and returns where it is then.
// feed is called in between.
func changeVersion(t *testing.T, s *running, dir, from string, v int, feed func()) (to string) {
	text := versionRule(v)
	result := func(want loadResult) func() bool {
		return func() bool { return s.rules.last.Load().result == want }
	}
	move := func(to string, write func(to string)) string {
		write(dir + "/" + to)
		feed()
		if to != from { // both are there for a while, and one supersedes the other
			must(t, os.Remove(dir+"/"+from))
		}
		return to
	}
	switch v % 8 {
	case 1: // written in place, in two steps: the first is no rule
		return move(inPlace, func(to string) {
			must(t, os.WriteFile(to, []byte(text[:len(text)/2]), 0o600))
			feed()
			must(t, os.WriteFile(to, []byte(text), 0o600))
		})
	case 2: // broken for a while
		must(t, os.WriteFile(dir+"/"+from, []byte("title: ["), 0o600))
		feed()
		await(t, "the failure", result(loadFailed))
		feed()
		return move(inPlace, func(to string) { put(t, to, text) })
	case 3: // the folder itself is replaced
		must(t, os.Rename(dir, dir+strconv.Itoa(v)))
		feed()
		put(t, dir+"/"+inPlace, text)
		return inPlace
	case 4: // in a folder that comes
		return move(inFolder, func(to string) { put(t, to, text) })
	case 5, 6: // a ConfigMap that comes, and is swapped
		return move(inMounted, func(to string) { mount(t, filepath.Dir(to), v, text) })
	case 7: // cut to nothing for a while
		if from == inMounted {
			must(t, os.WriteFile(dir+"/"+from, nil, 0o600))
			await(t, "the failure", result(loadFailed))
			feed()
		}
		return move(inPlace, func(to string) { put(t, to, text) })
	}
	return move(inPlace, func(to string) { put(t, to, text) }) // replaced
}

// mount writes a ConfigMap with one file as the kubelet does, or its next
// version.
func mount(t *testing.T, dir string, v int, text string) {
	t.Helper()
	data := fmt.Sprintf("..2026_%d", v)
	put(t, filepath.Join(dir, data, "rule.yml"), text)
	must(t, os.Symlink(data, dir+"/..data_tmp"))
	old, _ := os.Readlink(dir + "/..data")
	must(t, os.Rename(dir+"/..data_tmp", dir+"/..data"))
	if old != "" {
		must(t, os.RemoveAll(filepath.Join(dir, old)))
	}
	if err := os.Symlink("..data/rule.yml", dir+"/rule.yml"); !os.IsExist(err) {
		must(t, err)
	}
}

// numbered is a producer of numbered records that every version matches.
type numbered struct {
	number atomic.Int64
	end    chan struct{}
	ended  chan error
}

// startProducer writes some records every few milliseconds until stop; all is
// its own until then.
func startProducer(b *bus, all sent) *numbered {
	p := &numbered{end: make(chan struct{}), ended: make(chan error, 1)}
	go func() {
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			records := make([]sample.Record, 15)
			for i := range records {
				records[i].Value = fmt.Appendf(nil, `{"EventID":13,"TargetObject":"HKLM\\SOFTWARE\\Counted\\%d","Image":"C:\\x.exe","Details":"1"}`, int(p.number.Load())+i)
			}
			if err := b.produce(context.Background(), all, records); err != nil {
				p.ended <- err
				return
			}
			p.number.Add(int64(len(records)))
			select {
			case <-p.end:
				p.ended <- nil
				return
			case <-tick.C:
			}
		}
	}()
	return p
}

// atLeast waits until so many more records are written.
func (p *numbered) atLeast(t *testing.T, more int64) {
	t.Helper()
	until := p.number.Load() + more
	await(t, "records", func() bool { return p.number.Load() >= until })
}

// stop ends the producer and returns how many records it wrote.
func (p *numbered) stop(t *testing.T) int {
	t.Helper()
	close(p.end)
	must(t, <-p.ended)
	return int(p.number.Load())
}

// While records arrive on three partitions the rules are replaced again and
// again, in every way. Every record must raise one alert, of one version, and
// of none that is older than that of the record before it.
func TestNoEventIsMissedOrMatchedTwiceAcrossReloads(t *testing.T) {
	b := newBus(t, outputs())
	dir := filepath.Join(t.TempDir(), "rules")
	put(t, dir+"/"+inPlace, versionRule(1))
	c := testConfig(b)
	c.Pack, c.Rules = false, []string{dir}
	s := start(t, c)

	all := make(sent)
	p := startProducer(b, all)
	const versions = 33
	feed := func() { p.atLeast(t, 60) }
	feed()
	at := inPlace
	for v := 2; v <= versions; v++ {
		at = changeVersion(t, s, dir, at, v, feed)
		await(t, fmt.Sprintf("version %d", v), func() bool { return s.ids() == strconv.Itoa(v) })
	}
	feed()
	number := p.stop(t)
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
		if before := version[place{at.topic, at.partition, at.offset - 1}]; v < before {
			t.Errorf("%+v was judged by version %d, the record before it by %d", at, v, before)
		}
	}
	if by[1] == 0 || by[versions] == 0 || len(by) < versions/2 {
		t.Errorf("alerts by version: %v: the load did not meet the reloads", by)
	}
	page := s.rules.page()
	if len(page.Rules) != 1 || page.Rules[0].Name != fmt.Sprintf("Version %d", versions) || page.Rules[0].Hits != int64(by[versions]) || page.LastLoad.Result == loadFailed {
		t.Errorf("/rules: %+v: want %d hits of version %d", page, by[versions], versions)
	}
	_, metrics := s.get("/metrics")
	loads := make(map[string]int)
	for _, m := range regexp.MustCompile(`regtrap_rule_loads_total\{result="(\w+)"\} (\d+)`).FindAllStringSubmatch(metrics, -1) {
		loads[m[1]], _ = strconv.Atoi(m[2])
	}
	if loads["ok"] < versions || loads["failed"] == 0 || !strings.Contains(metrics, "regtrap_rule_load_ok 1") {
		t.Errorf("/metrics counts loads %v: want at least %d", loads, versions)
	}
	if n := strings.Count(metrics, "regtrap_alerts_total{"); n != 1 {
		t.Errorf("%d counters of alerts: want that of the rule in force", n)
	}
	t.Logf("%d records on 3 partitions, %d versions, loads %v, %d alerts, by version %v", number, versions, loads, len(version), by)
}
