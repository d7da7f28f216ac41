package pipeline_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// What the benchmarks rest on: every way counts what the corpus holds, and one
// that does not is caught.
func TestSpeedWaysFindWhatTheCorpusHolds(t *testing.T) {
	t.Setenv("REGTRAP_CORPUS", "")
	t.Setenv("REGTRAP_SPEED_RULES", "")
	pack := packRules(t)
	c := busCorpus(t, pack, 1000)
	if !c.json || c.pack.events == 0 || c.pack.alerts == 0 {
		t.Fatalf("%v: want JSON, registry events and alerts", c)
	}
	for _, w := range slices.Concat(parsers(), detection(t, pack)) {
		got := w.start()(c.records)
		if err := w.check(c, got); err != nil {
			t.Errorf("%s: %v", w.name, err)
		}
		for _, wrong := range []tally{{}, {len(c.records) - 1, got.events, got.alerts}, {got.read, got.events + 1, got.alerts}, {got.read, got.events, got.alerts - 1}} {
			caught := wrong.read != got.read || w.detects >= events && wrong.events != got.events || w.detects >= alerts && wrong.alerts != got.alerts
			if err := w.check(c, wrong); (err != nil) != caught {
				t.Errorf("%s: counted %+v instead of %+v: %v", w.name, wrong, got, err)
			}
		}
	}
}

func TestSpeedReadsTheCorpusFromAFile(t *testing.T) {
	text := attack + "\n\n" + quiet + "\r\n" + process
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"plain": []byte(text), "gzip": packed.Bytes()} {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		t.Setenv("REGTRAP_CORPUS", path)
		c := busCorpus(t, packRules(t), 0)
		if len(c.records) != 3 || c.bytes != int64(len(attack+quiet+process)) || c.pack.events != 2 || c.pack.alerts != 1 {
			t.Errorf("%s: %v", name, c)
		}
	}
}

func TestSpeedMatchesTheRulesOfAFolder(t *testing.T) {
	folder := t.TempDir()
	rule := "title: any\nid: 7f3ce1a2-0000-4000-8000-000000000001\nlevel: low\nlogsource: {product: windows, category: registry_set}\ndetection: {a: {TargetObject|contains: Vendor}, condition: a}\n"
	if err := os.WriteFile(filepath.Join(folder, "any.yml"), []byte(rule), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("REGTRAP_SPEED_RULES", folder)
	pack := packRules(t)
	ways := detection(t, pack)
	w := ways[len(ways)-1]
	if len(w.rules.Rules) != len(pack.Rules)+1 {
		t.Fatalf("%d rules with the folder's, %d in the pack", len(w.rules.Rules), len(pack.Rules))
	}
	if got := w.start()([][]byte{[]byte(quiet), []byte(attack)}); got.alerts != 2 {
		t.Errorf("%s: %+v, want an alert of the folder's rule and one of the pack", w.name, got)
	}
}

func TestSpeedCorporaAreWhatTheySay(t *testing.T) {
	pack := packRules(t)
	for _, c := range sourceCorpora(t, pack, 100) {
		for _, r := range c.records {
			if !json.Valid(r) || strings.Contains(string(r), "%!") {
				t.Fatalf("%s: %s", c.name, r)
			}
		}
	}
	for _, twin := range xmlCorpora(t, pack, 600) {
		if x, j := twin.xml.pack, twin.json.pack; x.events != j.events || x.alerts != j.alerts || x.alerts == 0 || twin.xml.json || !twin.json.json {
			t.Errorf("%v, %v", twin.xml, twin.json)
		}
		for _, w := range []way{xmlTokens(), decode(), match("match", pack)} {
			if err := w.check(twin.xml, w.start()(twin.xml.records)); err != nil {
				t.Errorf("%s over %v: %v", w.name, twin.xml, err)
			}
		}
	}
	for _, c := range shapeCorpora(t, pack, 8000) {
		if c.pack.events < len(c.records) || c.pack.alerts == 0 {
			t.Errorf("%v: want a registry event in each record and some alerts", c)
		}
	}
}
