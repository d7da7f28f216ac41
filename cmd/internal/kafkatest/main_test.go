//go:build kafka

// These tests run the built binary against a real Apache Kafka, each version
// in turn, as a platform engineer would.
package kafkatest_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/regtrap/regtrap/cmd/internal/kafkatest"
)

// regtrapFile is the path of the regtrap that is tested.
var regtrapFile string

// clusters holds one broker of each version, started when first asked for and
// shared by all tests, which keep apart by the names of topics and groups.
var clusters = struct {
	sync.Mutex
	dir     string
	running map[string]*kafkatest.Cluster
}{running: make(map[string]*kafkatest.Cluster)}

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "regtrap-kafka-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	clusters.dir = dir
	regtrapFile = filepath.Join(dir, "regtrap")
	build := exec.Command("go", "build", "-o", regtrapFile, "github.com/regtrap/regtrap/cmd/regtrap")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "building regtrap: %v\n%s", err, out)
		return 1
	}
	defer func() {
		for _, c := range clusters.running {
			c.Stop()
		}
	}()
	return m.Run()
}

// eachVersion runs a test on every version of Kafka.
func eachVersion(t *testing.T, test func(t *testing.T, c *kafkatest.Cluster)) {
	for _, version := range kafkatest.Versions() {
		t.Run("kafka "+version, func(t *testing.T) { test(t, cluster(t, version)) })
	}
}

func cluster(t *testing.T, version string) *kafkatest.Cluster {
	t.Helper()
	clusters.Lock()
	defer clusters.Unlock()
	if c := clusters.running[version]; c != nil {
		return c
	}
	dir := filepath.Join(clusters.dir, version)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	// The cluster outlives the test that happens to start it.
	c, err := kafkatest.Start(context.WithoutCancel(t.Context()), version, 1, dir)
	if err != nil {
		t.Fatal(err)
	}
	clusters.running[version] = c
	return c
}
