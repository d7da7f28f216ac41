package ruletest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// maxFile bounds the files of tests and of their events: the decoder's limit.
const maxFile = 16 << 20

// Find returns the test files of paths, each once: files, and folders read
// recursively as those of rules are. Names that begin with a dot are passed
// over within folders, links are followed. Of a file of rules the test beside
// it is meant.
func Find(paths []string) ([]string, error) {
	f := finder{seen: make(map[string]bool)}
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return nil, err
		}
		if !info.IsDir() && !isTest(path) {
			if path, err = beside(path); err != nil {
				return nil, err
			}
		}
		if err := f.visit(path); err != nil {
			return nil, err
		}
	}
	return f.files, nil
}

// isTest reports whether a file is one of tests by its name.
func isTest(name string) bool {
	name = strings.ToLower(filepath.Base(name))
	return strings.HasSuffix(name, ".test.yml") || strings.HasSuffix(name, ".test.yaml") || name == "info.yml"
}

// beside returns the test of a file of rules.
func beside(path string) (string, error) {
	stem := strings.TrimSuffix(path, filepath.Ext(path))
	for _, ext := range []string{".test.yml", ".test.yaml"} {
		if _, err := os.Stat(stem + ext); err == nil {
			return stem + ext, nil
		}
	}
	return "", fmt.Errorf("%s: no test is beside it: want %s", path, filepath.Base(stem)+".test.yml")
}

type finder struct {
	files []string
	seen  map[string]bool // by real path
}

func (f *finder) visit(path string) error {
	real, err := filepath.EvalSymlinks(path)
	if err == nil {
		real, err = filepath.Abs(real)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if f.seen[real] {
		return nil
	}
	f.seen[real] = true
	info, err := os.Stat(real)
	switch {
	case err != nil:
		return err
	case !info.IsDir():
		f.files = append(f.files, path)
		return nil
	}
	entries, err := os.ReadDir(real) // sorted
	if err != nil {
		return err
	}
	for _, e := range entries {
		name := filepath.Join(path, e.Name())
		if strings.HasPrefix(e.Name(), ".") {
			continue
		}
		info, err := os.Stat(name) // what a link leads to
		switch {
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			return err
		case err != nil, !info.IsDir() && !(isTest(name) && belongs(name)):
			continue
		}
		if err := f.visit(name); err != nil {
			return err
		}
	}
	return nil
}

// belongs reports whether a file that was found by its name is a test: an
// info.yml may be anything.
func belongs(name string) bool {
	if !strings.EqualFold(filepath.Base(name), "info.yml") {
		return true
	}
	data, err := readFile(name)
	return err != nil || bytes.HasPrefix(data, []byte("regression_tests_info:")) || bytes.Contains(data, []byte("\nregression_tests_info:"))
}

// readFile reads a regular file of bounded size: a pipe would wait for ever.
func readFile(name string) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: not a regular file", name)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(data) > maxFile {
		err = fmt.Errorf("%s: larger than %d bytes", name, maxFile)
	}
	return data, err
}
