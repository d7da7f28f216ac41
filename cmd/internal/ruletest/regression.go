package ruletest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"
)

// regression reads an info.yml as SigmaHQ's repository has them below
// regression_data: rules by id, and tests that name an .evtx. What is read is
// the .json beside it, the same events as JSON.
func regression(file string, root *yaml.Node) ([]Case, error) {
	var info struct {
		Rules []struct {
			ID string `yaml:"id"`
		} `yaml:"rule_metadata"`
		Tests []yaml.Node `yaml:"regression_tests_info"`
	}
	if err := root.Decode(&info); err != nil {
		return nil, mistake(file, root, "no regression test: "+strings.TrimPrefix(err.Error(), "yaml: "), "rule_metadata and regression_tests_info")
	}
	if len(info.Rules) == 0 || len(info.Tests) == 0 {
		return nil, mistake(file, root, "no regression test", "rule_metadata and regression_tests_info")
	}
	var cases []Case
	var errs []error
	for i := range info.Tests {
		n := &info.Tests[i]
		var test struct {
			Name  string `yaml:"name"`
			Type  string `yaml:"type"`
			Count *int   `yaml:"match_count"` // the runner of that repository takes more as well
			Path  string `yaml:"path"`
		}
		if err := n.Decode(&test); err != nil {
			errs = append(errs, mistake(file, n, strings.TrimPrefix(err.Error(), "yaml: "), "name, type, match_count, path"))
			continue
		}
		count := 1
		if test.Count != nil {
			count = *test.Count
		}
		if count < 0 {
			errs = append(errs, mistake(file, n, fmt.Sprintf("match_count %d is no count", count), "how many events match"))
			continue
		}
		value, err := besideEVTX(file, test.Path)
		if err != nil {
			errs = append(errs, mistake(file, n, err.Error(), "the events as JSON, as evtx_dump writes them, beside the .evtx"))
			continue
		}
		for _, rule := range info.Rules {
			cases = append(cases, Case{File: file, Line: n.Line, Name: test.Name, Rule: rule.ID, Value: value, Fires: count > 0, Count: count})
		}
	}
	return cases, errors.Join(errs...)
}

// besideEVTX reads the JSON beside an .evtx. Its path is from the root of the
// repository, which is a folder above info.yml; a file of the name beside
// info.yml does too.
func besideEVTX(info, path string) ([]byte, error) {
	path = strings.TrimSuffix(filepath.FromSlash(path), filepath.Ext(path)) + ".json"
	names := []string{filepath.Join(filepath.Dir(info), filepath.Base(path))}
	for dir := filepath.Dir(info); ; dir = filepath.Dir(dir) {
		names = append(names, filepath.Join(dir, path))
		if dir == filepath.Dir(dir) {
			break
		}
	}
	for _, name := range names {
		data, err := readFile(name)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		return data, err
	}
	return nil, fmt.Errorf("no file %s", path)
}
