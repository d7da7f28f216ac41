package build_test

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/regtrap/regtrap/cmd/internal/build"
)

func TestReadPrefersWhatTheLinkerWasTold(t *testing.T) {
	got := build.Read("v1.2.3", "0123abcd")
	want := build.Info{Version: "v1.2.3", Commit: "0123abcd", GoVersion: runtime.Version()}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestReadIsNeverEmpty(t *testing.T) {
	if i := build.Read("", ""); i.Version == "" || i.Commit == "" || i.GoVersion == "" {
		t.Errorf("got %+v", i)
	}
}

func ExampleInfo() {
	fmt.Println(build.Info{Version: "v1.2.3", Commit: "0123abcd", GoVersion: "go1.26.1"})
	// Output: regtrap v1.2.3 (commit 0123abcd, go1.26.1)
}
