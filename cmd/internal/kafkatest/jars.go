package kafkatest

import (
	"context"
	"embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

//go:embed testdata
var testdata embed.FS

// jars returns the folder of a version's jars, fetched when it is not there.
func jars(ctx context.Context, version string) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "regtrap", "kafka-"+version)
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	pom, err := testdata.ReadFile("testdata/kafka-" + version + ".xml")
	if err != nil {
		return "", fmt.Errorf("no pom for Apache Kafka %s: %w", version, err)
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return "", err
	}
	// Fetched beside its place and renamed, so a fetch cut short leaves nothing
	// that looks whole.
	work, err := os.MkdirTemp(filepath.Dir(dir), "fetch-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(work)
	if err := os.WriteFile(filepath.Join(work, "pom.xml"), pom, 0o644); err != nil {
		return "", err
	}
	libs := filepath.Join(work, "libs")
	cmd := exec.CommandContext(ctx, "mvn", "-q", "-B", "-f", filepath.Join(work, "pom.xml"),
		"org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies",
		"-DoutputDirectory="+libs, "-DincludeScope=runtime")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("fetching Apache Kafka %s with Maven: %w\n%s", version, err, out)
	}
	if err := os.Rename(libs, dir); err != nil {
		if _, statErr := os.Stat(dir); statErr == nil {
			return dir, nil // another test was faster
		}
		return "", err
	}
	return dir, nil
}
