package sarif

import (
	"bytes"
	"encoding/json"
	"testing"
)

func TestURIIsRelativeToTheFolderWhereItCanBe(t *testing.T) {
	for _, tt := range []struct{ folder, file, want string }{
		{"/repo", "rules/a.yml", "rules/a.yml"},
		{"/repo", "./rules//a.yml", "rules/a.yml"},
		{"/repo", "/repo/rules/a.yml", "rules/a.yml"},
		{"/repo", "/repository/a.yml", "file:///repository/a.yml"},
		{"/repo", "../a.yml", "../a.yml"},
		{"/repo", "rules/my rule #1 100%.yml", "rules/my%20rule%20%231%20100%25.yml"},
		{"/repo", "a:b.yml", "./a:b.yml"},
		{"/repo", "ä.yml", "%C3%A4.yml"},
		{"/repo", "/repo/..a.yml", "..a.yml"},
	} {
		if got := URI(tt.folder, tt.file); got != tt.want {
			t.Errorf("%s in %s: %s, want %s", tt.file, tt.folder, got, tt.want)
		}
	}
}

func TestLogWithoutResultsSaysSo(t *testing.T) {
	var b bytes.Buffer
	if err := New(Driver{Name: "regtrap", Rules: []Rule{}}).Write(&b); err != nil {
		t.Fatal(err)
	}
	var log struct {
		Runs []struct {
			Results []json.RawMessage `json:"results"`
		} `json:"runs"`
	}
	if err := json.Unmarshal(b.Bytes(), &log); err != nil {
		t.Fatal(err)
	}
	if len(log.Runs) != 1 || log.Runs[0].Results == nil {
		t.Errorf("want one run with an empty list of results, got %s", b.String())
	}
}
