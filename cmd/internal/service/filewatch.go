package service

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/fsnotify/fsnotify"
)

// fileWatch tells of changes in files and folders: edits, renames over a file,
// links that are swapped as Kubernetes does with the ..data of a ConfigMap,
// files and folders that come and go. Folders are watched, not files: a file
// that is replaced would take its watch along. It is for one goroutine.
type fileWatch struct {
	watcher *fsnotify.Watcher // nil: there is none
	folders map[string]names  // that are to be watched
}

// names are what is of interest in a folder; nil means everything.
type names map[string]bool

// maxLinks bounds how many links are followed on the way to one file.
const maxLinks = 40

// newFileWatch returns a watch of nothing yet, see follow. With an error it
// returns a watch that tells nothing.
func newFileWatch() (*fileWatch, error) {
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return new(fileWatch), err
	}
	return &fileWatch{watcher: watcher}, nil
}

func (w *fileWatch) close() {
	if w.watcher != nil {
		_ = w.watcher.Close()
	}
}

// events tells that something changed; see concerns.
func (w *fileWatch) events() <-chan fsnotify.Event {
	if w.watcher == nil {
		return nil
	}
	return w.watcher.Events
}

// errors tells that changes may have been missed.
func (w *fileWatch) errors() <-chan error {
	if w.watcher == nil {
		return nil
	}
	return w.watcher.Errors
}

// concerns reports whether an event is about what is followed, or about a
// neighbour in the same folder.
func (w *fileWatch) concerns(e fsnotify.Event) bool {
	if _, itself := w.folders[e.Name]; itself {
		return true
	}
	of, ok := w.folders[filepath.Dir(e.Name)]
	return ok && (of == nil || of[filepath.Base(e.Name)])
}

// follow watches the folders that decide what paths hold now: those below
// them, and those of every link on the way. It forgets others. The error names
// folders that cannot be watched.
func (w *fileWatch) follow(paths []string) error {
	if w.watcher == nil {
		return nil
	}
	w.folders = make(map[string]names)
	var errs []error
	for _, path := range paths {
		abs, err := filepath.Abs(path)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		// A folder is watched before it is read, so that nothing that comes in
		// between is missed.
		errs = append(errs, w.steps(abs), w.tree(abs))
	}
	for _, dir := range w.watcher.WatchList() {
		if _, ok := w.folders[dir]; !ok {
			_ = w.watcher.Remove(dir) // gone already, perhaps
		}
	}
	return errors.Join(errs...)
}

// watch watches one name in a folder, or with "" all.
func (w *fileWatch) watch(dir, name string) error {
	of, known := w.folders[dir]
	switch {
	case name == "":
		w.folders[dir] = nil
	case !known:
		w.folders[dir] = names{name: true}
	case of != nil:
		of[name] = true
	}
	if known {
		return nil
	}
	// Again even if it is watched: it may be another folder of that name.
	if err := w.watcher.Add(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: %w", dir, err)
	}
	return nil
}

// steps watches what decides where an absolute path leads: each link on the
// way, the last name, and the first that is missing.
func (w *fileWatch) steps(path string) error {
	volume := filepath.VolumeName(path)
	root := volume + string(filepath.Separator)
	dir, rest := root, parts(path[len(volume):])
	var errs []error
	for links := 0; len(rest) > 0 && links < maxLinks; {
		name := rest[0]
		rest = rest[1:]
		switch name {
		case ".":
			continue
		case "..":
			dir = filepath.Dir(dir)
			continue
		}
		full := filepath.Join(dir, name)
		info, err := os.Lstat(full)
		link := err == nil && info.Mode()&fs.ModeSymlink != 0
		if err != nil || link || len(rest) == 0 {
			errs = append(errs, w.watch(dir, name))
		}
		if err != nil {
			break
		}
		if !link {
			dir = full
			continue
		}
		links++
		target, err := os.Readlink(full)
		if err != nil {
			break
		}
		if filepath.IsAbs(target) {
			dir = root
			target = target[len(filepath.VolumeName(target)):]
		}
		rest = append(parts(target), rest...)
	}
	return errors.Join(errs...)
}

// parts splits a path into its names.
func parts(path string) []string {
	return strings.FieldsFunc(filepath.Clean(path), func(r rune) bool { return r < 0x80 && os.IsPathSeparator(uint8(r)) })
}

// tree watches the folders below a path that rules.Read would read, and where
// the links in them lead.
func (w *fileWatch) tree(path string) error {
	seen := make(map[string]bool)
	var errs []error
	var walk func(name string)
	walk = func(name string) {
		real, err := filepath.EvalSymlinks(name)
		if err != nil {
			return // reported by the load
		}
		if info, err := os.Stat(real); err != nil || !info.IsDir() || seen[real] {
			return
		}
		seen[real] = true
		errs = append(errs, w.watch(real, ""))
		entries, err := os.ReadDir(real)
		if err != nil {
			return
		}
		for _, e := range entries {
			if strings.HasPrefix(e.Name(), ".") {
				continue
			}
			entry := filepath.Join(real, e.Name())
			if e.Type()&fs.ModeSymlink != 0 {
				errs = append(errs, w.steps(entry))
			}
			if e.IsDir() || e.Type()&fs.ModeSymlink != 0 {
				walk(entry)
			}
		}
	}
	walk(path)
	return errors.Join(errs...)
}
