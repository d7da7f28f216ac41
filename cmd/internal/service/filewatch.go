package service

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
)

// fileWatch tells of changes in files and folders: edits, renames over a file,
// links that are swapped as Kubernetes does with the ..data of a ConfigMap,
// files and folders that come and go. Folders are watched, not files: a file
// that is replaced would take its watch along. It is for one goroutine.
type fileWatch struct {
	watcher *fsnotify.Watcher // nil: there is none
}

// newFileWatch watches paths. With an error it returns a watch that tells
// nothing.
func newFileWatch(paths []string) (*fileWatch, error) {
	if len(paths) == 0 {
		return new(fileWatch), nil
	}
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return new(fileWatch), err
	}
	w := &fileWatch{watcher}
	return w, w.follow(paths)
}

func (w *fileWatch) close() {
	if w.watcher != nil {
		_ = w.watcher.Close()
	}
}

// events tells that something changed.
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

// settle waits until nothing has changed for a while; false when ctx ended.
func (w *fileWatch) settle(ctx context.Context) bool {
	most := time.NewTimer(settleMost)
	defer most.Stop()
	for {
		quiet := time.NewTimer(settleFor)
		select {
		case <-ctx.Done():
			quiet.Stop()
			return false
		case <-most.C:
			quiet.Stop()
			return true
		case <-quiet.C:
			return true
		case _, ok := <-w.watcher.Events:
			quiet.Stop()
			if !ok {
				return false
			}
		case <-w.watcher.Errors: // an overflow: what changed is looked for anyway
			quiet.Stop()
		}
	}
}

// follow watches the folders that paths lead to now. Watching one again does
// nothing.
func (w *fileWatch) follow(paths []string) error {
	if w.watcher == nil {
		return nil
	}
	var errs []error
	add := func(dir string) {
		if err := w.watcher.Add(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, fmt.Errorf("%s: %w", dir, err))
		}
	}
	for _, path := range paths {
		add(filepath.Dir(path)) // where the path itself is replaced
		if real, err := filepath.EvalSymlinks(path); err == nil {
			add(filepath.Dir(real))
		}
		_ = walkRules(path, func(name string, info fs.FileInfo) {
			if info.IsDir() {
				add(name)
			}
		})
	}
	return errors.Join(errs...)
}

// walkRules visits what is below a path, links followed, but for what begins
// with a dot: the files that rules.Load would read, and their folders.
func walkRules(path string, visit func(name string, info fs.FileInfo)) error {
	seen := make(map[string]bool)
	var walk func(name string) error
	walk = func(name string) error {
		real, err := filepath.EvalSymlinks(name)
		if err != nil {
			return err
		}
		if seen[real] {
			return nil
		}
		seen[real] = true
		info, err := os.Stat(real)
		if err != nil {
			return err
		}
		visit(real, info)
		if !info.IsDir() {
			return nil
		}
		if real != name {
			visit(name, info) // a link that may lead elsewhere tomorrow
		}
		entries, err := os.ReadDir(real)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if strings.HasPrefix(e.Name(), ".") {
				continue
			}
			// A link that leads nowhere is reported by the load.
			if err := walk(filepath.Join(name, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
		return nil
	}
	return walk(path)
}

// fingerprint is another text when a file below the paths is another one, or
// has been written.
func fingerprint(paths []string) (string, error) {
	var b strings.Builder
	var errs []error
	for _, path := range paths {
		errs = append(errs, walkRules(path, func(name string, info fs.FileInfo) {
			if !info.IsDir() {
				fmt.Fprintf(&b, "%s %d %d\n", name, info.Size(), info.ModTime().UnixNano())
			}
		}))
	}
	return b.String(), errors.Join(errs...)
}
