package rules

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// source is the content of one rule file.
type source struct {
	name string
	data []byte
	pack bool // of the built-in pack
}

// Files is what rule files held at one moment.
type Files struct {
	sources  []source
	problems []Problem
	err      error
}

// Read reads the files of paths: files, or folders read recursively. What
// cannot be read is the error of Load.
func Read(paths []string) *Files {
	var f Files
	f.sources, f.problems, f.err = readPaths(paths)
	return &f
}

// Fingerprint is a hash of names and content. Two that are equal say that Load
// gives the same, whatever a file system says of its times.
func (f *Files) Fingerprint() [sha256.Size]byte {
	h := sha256.New()
	for _, src := range f.sources {
		fmt.Fprintf(h, "%q %d\n", src.name, len(src.data))
		h.Write(src.data)
	}
	for _, p := range f.problems {
		fmt.Fprintf(h, "%q\n", p)
	}
	fmt.Fprintf(h, "%v\n", f.err)
	return [sha256.Size]byte(h.Sum(nil))
}

// Load compiles the rules of the files, as the function of that name does. It
// does not look at c.Paths.
func (f *Files) Load(c Config) (*Snapshot, []Problem, error) {
	sources, err := f.all(c)
	if err != nil {
		return nil, nil, err
	}
	s, problems, err := load(sources, c.Choice)
	return s, slices.Concat(f.problems, problems), err
}

// all returns what was read, behind the pack where that is wanted.
func (f *Files) all(c Config) ([]source, error) {
	if f.err != nil || !c.Pack {
		return f.sources, f.err
	}
	pack, err := packSources()
	return append(pack, f.sources...), err
}

// maxTries bounds how often files are read again that change meanwhile.
const maxTries = 5

// readPaths reads files, and folders recursively, in lexical order. Names that
// begin with a dot are passed over within folders: a mounted ConfigMap keeps
// every file twice, once below ..data. Links are followed. A file or folder
// that is reached twice is read once. The error has all that cannot be read.
func readPaths(paths []string) ([]source, []Problem, error) {
	var f finder
	for range maxTries {
		f = finder{seen: make(map[string]bool)}
		for _, path := range paths {
			found, failed := f.found, len(f.errs)
			f.visit(path)
			if f.found == found && len(f.errs) == failed {
				f.problem(path, "no rule file here", "a Sigma rule, .yml or .yaml, or one of Elastic's, .toml, or a folder with some")
			}
		}
		if !f.gone {
			break
		}
	}
	if more := len(f.errs) - maxFileErrors; more > 0 {
		f.errs = append(f.errs[:maxFileErrors], fmt.Errorf("rules: and %d more", more))
	}
	return f.sources, f.problems, errors.Join(f.errs...)
}

// maxFileErrors bounds how many files the error of readPaths names.
const maxFileErrors = 20

// finder collects rule files.
type finder struct {
	sources  []source
	problems []Problem
	errs     []error
	seen     map[string]bool // by real path: folders and rule files
	found    int             // rule files, those seen before too
	gone     bool            // a file was renamed or removed after its folder was read
}

func (f *finder) problem(path, what, want string) {
	f.problems = append(f.problems, Problem{File: path, Code: CodeFile, What: what, Want: want})
}

// failed notes that a path cannot be read.
func (f *finder) failed(path string, err error) {
	var at *fs.PathError
	if errors.As(err, &at) {
		if err = at.Err; filepath.Base(at.Path) != filepath.Base(path) { // what a link leads to
			err = fmt.Errorf("%s: %w", at.Path, err)
		}
	}
	f.errs = append(f.errs, fmt.Errorf("rules: %s: %w", path, err))
}

// visit reads a file or a folder.
func (f *finder) visit(path string) {
	if path == "" {
		f.errs = append(f.errs, errors.New(`rules: "": no path: want a file or a folder`))
		return
	}
	real, err := filepath.EvalSymlinks(path)
	if err == nil {
		real, err = filepath.Abs(real)
	}
	var info fs.FileInfo
	if err == nil {
		info, err = os.Stat(real)
	}
	switch {
	case err != nil:
		f.failed(path, err)
	case info.IsDir():
		f.folder(path, real)
	case isRuleFile(path):
		f.found++
		if f.seen[real] {
			return
		}
		f.seen[real] = true
		if !info.Mode().IsRegular() {
			f.problem(path, "not a regular file", "a file or a folder")
			return
		}
		if err := f.file(path, real); err != nil {
			f.failed(path, err)
		}
	}
}

// isRuleFile reports whether a file holds rules, by its name.
func isRuleFile(path string) bool {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".yml", ".yaml", ".toml":
		return !isTest(path)
	}
	return false
}

// isTest reports whether a file holds tests of rules, by its name.
func isTest(path string) bool {
	name := strings.ToLower(filepath.Base(path))
	return strings.HasSuffix(name, ".test.yml") || strings.HasSuffix(name, ".test.yaml")
}

// folder visits what is in a folder.
func (f *finder) folder(path, real string) {
	if f.seen[real] {
		f.found++
		return
	}
	f.seen[real] = true
	entries, err := os.ReadDir(real) // sorted
	if err != nil {
		f.failed(path, err)
		return
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") || e.Type().IsRegular() && !isRuleFile(e.Name()) {
			continue
		}
		name, failed := filepath.Join(path, e.Name()), len(f.errs)
		if f.visit(name); len(f.errs) > failed {
			_, err := os.Lstat(name)
			f.gone = f.gone || errors.Is(err, fs.ErrNotExist)
		}
	}
}

// regression is what tells a test of SigmaHQ's from a rule.
var regression = regexp.MustCompile(`(?m)^(?:rule_metadata|regression_tests_info):`)

// file reads one file of bounded size.
func (f *finder) file(path, real string) error {
	r, err := os.Open(real)
	if err != nil {
		return err
	}
	defer r.Close()
	data, err := io.ReadAll(io.LimitReader(r, maxFileSize+1))
	if err != nil {
		return err
	}
	if len(data) > maxFileSize {
		f.problem(path, fmt.Sprintf("larger than %d bytes", maxFileSize), "several smaller files")
		return nil
	}
	if strings.EqualFold(filepath.Base(path), "info.yml") && regression.Match(data) {
		f.found-- // a test of SigmaHQ's
		return nil
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")) // as editors on Windows write it
	if len(bytes.TrimSpace(data)) == 0 {
		// Most likely one that is being written, or that a full disk cut.
		f.problems = append(f.problems, Problem{File: path, Code: CodeFile, Warning: true, What: "the file is empty", Want: "a rule, or no file"})
		return nil
	}
	f.sources = append(f.sources, source{path, data, false})
	return nil
}
