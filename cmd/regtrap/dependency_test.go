package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	module  = "github.com/regtrap/regtrap"
	kfake   = "github.com/twmb/franz-go/pkg/kfake"
	kafkaGo = "github.com/segmentio/kafka-go"
)

// mayImport is ARCHITECTURE.md's drawing: what of this module each package may
// import. An arrow that is not here is an error.
func mayImport() map[string][]string {
	return map[string][]string{
		"registry":                 {},
		"schemas":                  {"registry"},
		"matcher":                  {"registry", "schemas"},
		"rules/eql":                {},
		"rules":                    {"registry", "schemas", "matcher", "rules/eql"},
		"enrich":                   {"registry", "schemas", "matcher", "rules"},
		"internal/diagnose":        {},
		"consumer":                 {"internal/diagnose"},
		"producer":                 {"internal/diagnose"},
		"cmd/internal/build":       {},
		"cmd/internal/sample":      {"registry"},
		"cmd/internal/show":        {"schemas"},
		"cmd/internal/ruletest":    {"schemas", "rules", "cmd/internal/explain"},
		"cmd/internal/explain":     {"schemas", "matcher", "rules", "cmd/internal/show"},
		"cmd/internal/sarif":       {},
		"cmd/internal/kafkatest":   {},
		"cmd/internal/speed":       {"cmd/internal/sample"},
		"cmd/internal/load":        {"schemas", "rules", "consumer", "cmd/internal/kafkatest", "cmd/internal/sample"},
		"cmd/internal/pipeline":    {"schemas", "matcher", "rules", "enrich"},
		"cmd/internal/service":     {"schemas", "rules", "enrich", "consumer", "producer", "cmd/internal/build", "cmd/internal/pipeline"},
		"cmd/internal/admin":       {"internal/diagnose"},
		"cmd/internal/offsets":     {"consumer", "cmd/internal/admin"},
		"cmd/internal/deadletters": {"schemas", "producer", "cmd/internal/admin"},
		"cmd/internal/cli":         {"schemas", "rules", "enrich", "cmd/internal/admin", "cmd/internal/build", "cmd/internal/deadletters", "cmd/internal/explain", "cmd/internal/offsets", "cmd/internal/pipeline", "cmd/internal/ruletest", "cmd/internal/sarif", "cmd/internal/service", "cmd/internal/show"},
		"cmd/regtrap":              {"cmd/internal/build", "cmd/internal/cli"},
		"cmd/demo":                 {"schemas", "cmd/internal/build", "cmd/internal/sample", "cmd/internal/service", "cmd/internal/show"},
	}
}

// mayKnowKafka are the packages that may import kafka-go.
func mayKnowKafka() []string {
	return []string{"consumer", "producer", "internal/diagnose", "cmd/internal/admin", "cmd/internal/deadletters", "cmd/internal/service", "cmd/internal/kafkatest", "cmd/internal/load", "cmd/demo"}
}

// imports returns what each package of the module imports, tests left out.
func imports(t *testing.T) map[string][]string {
	t.Helper()
	const root = "../.."
	packages := make(map[string][]string)
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() && (name == "testdata" || name != ".." && strings.HasPrefix(name, ".")) && file != root {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		dir, err := filepath.Rel(root, filepath.Dir(file))
		if err != nil {
			return err
		}
		dir = filepath.ToSlash(dir)
		packages[dir] = append(packages[dir], "")
		for _, spec := range f.Imports {
			p, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			packages[dir] = append(packages[dir], p)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return packages
}

func TestImportsFollowTheArchitecture(t *testing.T) {
	rooms := mayImport()
	packages := imports(t)
	for dir, list := range packages {
		allowed, ok := rooms[dir]
		if !ok {
			t.Errorf("package %s is no room of ARCHITECTURE.md", dir)
			continue
		}
		for _, p := range list {
			if inner, ok := strings.CutPrefix(p, module+"/"); ok && !slices.Contains(allowed, inner) {
				t.Errorf("%s imports %s: want only %q", dir, inner, allowed)
			}
			if (p == kafkaGo || strings.HasPrefix(p, kafkaGo+"/")) && !slices.Contains(mayKnowKafka(), dir) {
				t.Errorf("%s imports %s: it knows nothing of Kafka", dir, p)
			}
		}
		switch path.Base(dir) {
		case "util", "utils", "common", "helper", "helpers", "manager", "base":
			t.Errorf("package %s: a name that says nothing", dir)
		}
	}
	for dir := range rooms {
		if packages[dir] == nil {
			t.Errorf("room %s has no package", dir)
		}
	}
}

// The embedded broker is for the demo and for tests.
func TestTheBinaryHoldsNoEmbeddedBroker(t *testing.T) {
	packages := imports(t)
	seen := make(map[string]bool)
	var visit func(dir, way string)
	visit = func(dir, way string) {
		if seen[dir] {
			return
		}
		seen[dir] = true
		for _, p := range packages[dir] {
			if strings.HasPrefix(p, kfake) {
				t.Errorf("the binary holds the embedded broker: %s imports it", way)
			}
			if inner, ok := strings.CutPrefix(p, module+"/"); ok {
				visit(inner, way+" → "+inner)
			}
		}
	}
	visit("cmd/regtrap", "cmd/regtrap")
	if !seen["consumer"] {
		t.Error("the walk did not reach the consumer: it proves nothing")
	}
}
