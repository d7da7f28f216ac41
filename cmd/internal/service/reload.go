package service

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"github.com/regtrap/regtrap/rules"
)

// Why rules are loaded.
const (
	causeStart  = "start"
	causeFiles  = "files changed"
	causePoll   = "files changed without notice"
	causeHangup = "SIGHUP"
)

const (
	// settleFor is how long rule files must be quiet before they are read: an
	// editor writes in several steps, a ConfigMap is swapped in three.
	settleFor = 250 * time.Millisecond
	// settleMost bounds the wait while files are written all the time.
	settleMost = 3 * time.Second

	// maxProblemLines bounds what one load writes to the log; /rules has all.
	maxProblemLines = 50
	// maxReasons bounds the error of a load.
	maxReasons = 10
)

// loadRules puts the rules of the configuration in force, at the start.
func (s *Service) loadRules() error {
	files := rules.Read(s.config.Rules)
	s.fingerprint = files.Fingerprint()
	snapshot, problems, err := s.compile(files)
	if err != nil {
		return err
	}
	s.logProblems(nil, problems)
	s.putInForce(snapshot, problems, causeStart)
	s.logger.Info("rules loaded", "rules", len(snapshot.Rules), "rejected", rejected(problems), "rules_version", snapshot.Hash)
	return nil
}

// compile makes a rule set of the files. Its error says why it cannot be put
// in force. A panic is one: no rule file may end the service.
func (s *Service) compile(files *rules.Files) (snapshot *rules.Snapshot, problems []rules.Problem, err error) {
	defer func() {
		if v := recover(); v != nil {
			s.logger.Error("panic while reading rules", "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
			snapshot, err = nil, fmt.Errorf("rules: internal: panic: %v", v)
		}
	}()
	choice, errs := s.config.choice()
	if len(errs) > 0 {
		return nil, nil, errors.Join(errs...)
	}
	snapshot, problems, err = files.Load(rules.Config{Pack: s.config.Pack, Choice: choice})
	if err != nil {
		return nil, problems, err
	}
	if s.config.RulesStrict {
		if err := problemsError(problems, func(p rules.Problem) (string, bool) { return p.String(), !p.Warning }); err != nil {
			return nil, problems, err
		}
	}
	if len(snapshot.Rules) == 0 {
		return nil, problems, errors.New("rules: none of them can be used: nothing would be detected")
	}
	return snapshot, problems, nil
}

// problemsError joins what text says about those problems that it says count.
func problemsError(problems []rules.Problem, text func(rules.Problem) (string, bool)) error {
	var errs []error
	more := 0
	for _, p := range problems {
		switch t, counts := text(p); {
		case !counts:
		case len(errs) < maxReasons:
			errs = append(errs, errors.New(t))
		default:
			more++
		}
	}
	if more > 0 {
		errs = append(errs, fmt.Errorf("and %d more", more))
	}
	return errors.Join(errs...)
}

func (s *Service) putInForce(snapshot *rules.Snapshot, problems []rules.Problem, cause string) {
	now := s.now()
	s.rules.use(snapshot, problems, s.metrics, now)
	s.rules.last.Store(&ruleLoad{at: now, cause: cause, result: loadOK, version: snapshot.Hash, problems: problems})
	s.metrics.loaded(snapshot, rejected(problems), now)
}

// reload compiles the files and puts their rules in force between batches,
// unless they are those that are. A set that fails is reported, and the one
// before it stays.
func (s *Service) reload(files *rules.Files, cause string) {
	set := s.rules.current()
	before := set.snapshot
	after, problems, err := s.compile(files)
	version := ""
	if after != nil {
		version = after.Hash
		err = lost(set, after, problems)
	}
	s.logProblems(s.rules.last.Load().problems, problems)
	switch {
	case err != nil:
		s.rules.last.Store(&ruleLoad{at: s.now(), cause: cause, result: loadFailed, version: version, err: err, problems: problems})
		s.metrics.notLoaded(loadFailed, rejected(problems))
		s.logger.Error("rules not reloaded: those before are still in force", "cause", cause, "error", err.Error(), "rejected", rejected(problems),
			"rules", len(before.Rules), "rules_version", before.Hash)
	case after.Hash == before.Hash:
		s.rules.reread(after, problems)
		s.rules.last.Store(&ruleLoad{at: s.now(), cause: cause, result: loadUnchanged, version: version, problems: problems})
		s.metrics.notLoaded(loadUnchanged, rejected(problems))
		s.logger.Info("rules unchanged", "cause", cause, "rejected", rejected(problems), "rules", len(before.Rules), "rules_version", before.Hash)
	default:
		s.putInForce(after, problems, cause)
		added, removed, changed := difference(before, after)
		s.logger.Info("rules reloaded", "cause", cause, "rules", len(after.Rules), "added", added, "removed", removed, "changed", changed,
			"rejected", rejected(problems), "rules_version", after.Hash, "rules_version_before", before.Hash)
	}
}

// lost says what was in force and is broken now: an edit that breaks one file,
// or one that is half written, must not end what it detected, or what it
// excepted. A rule that is gone with its file, or from a file in which nothing
// new is wrong, was meant to go. A folder that had rules and is empty now was
// not: that is what a mount looks like that is gone.
func lost(before *ruleSet, after *rules.Snapshot, problems []rules.Problem) error {
	kept := make(map[string]bool)
	for _, r := range after.Rules {
		kept[r.ID] = true
	}
	missing := make(map[string]string) // by file, what it held
	for _, r := range before.source.Rules {
		if !kept[r.ID] {
			missing[r.File] = fmt.Sprintf("rule %s (%s)", r.ID, r.Name)
		}
	}
	for file, n := range before.source.Exceptions {
		if after.Exceptions[file] < n && missing[file] == "" {
			missing[file] = "an exception"
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return problemsError(fresh(before.problems, problems), func(p rules.Problem) (string, bool) {
		if p.Warning && p.Code != rules.CodeFile {
			return "", false
		}
		for file, what := range missing {
			if file == p.File || strings.HasPrefix(file, filepath.Clean(p.File)+string(filepath.Separator)) {
				return fmt.Sprintf("%s is in force and would be lost: %s", what, p), true
			}
		}
		return "", false
	})
}

// fresh returns the problems of now that were not there before, wherever in
// their files.
func fresh(before, now []rules.Problem) []rules.Problem {
	type kind struct {
		file, rule string
		code       rules.Code
		what       string
	}
	known := make(map[kind]int)
	for _, p := range before {
		known[kind{p.File, p.Rule, p.Code, p.What}]++
	}
	var list []rules.Problem
	for _, p := range now {
		k := kind{p.File, p.Rule, p.Code, p.What}
		if known[k]--; known[k] < 0 {
			list = append(list, p)
		}
	}
	return list
}

// logProblems writes the problems that the load before did not have.
func (s *Service) logProblems(before, now []rules.Problem) {
	list := fresh(before, now)
	for _, p := range list[:min(len(list), maxProblemLines)] {
		message := "rule rejected"
		if p.Warning {
			message = "rule warning"
		}
		s.logger.Warn(message, "file", p.File, "line", p.Line, "column", p.Column, "rule", p.Rule, "code", string(p.Code), "problem", p.What, "want", p.Want)
	}
	if more := len(list) - maxProblemLines; more > 0 {
		s.logger.Warn("more rules have problems", "number", more)
	}
}

// difference counts what is not the same in two snapshots.
func difference(before, after *rules.Snapshot) (added, removed, changed int) {
	hash := make(map[string]string)
	for _, r := range before.Rules {
		hash[r.ID] = r.Hash
	}
	for _, r := range after.Rules {
		was, ok := hash[r.ID]
		switch {
		case !ok:
			added++
		case was != r.Hash:
			changed++
		}
		delete(hash, r.ID)
	}
	return added, len(hash), changed
}

// rejected counts the rules that are left out: one may have several problems.
func rejected(problems []rules.Problem) int {
	type rule struct{ file, name string }
	seen := make(map[rule]bool)
	for _, p := range problems {
		if !p.Warning {
			seen[rule{p.File, p.Rule}] = true
		}
	}
	return len(seen)
}

// watchRules reloads the rules when their files change, or on a hangup.
func (s *Service) watchRules(ctx context.Context) error {
	paths := s.config.Rules
	w, err := newFileWatch()
	defer w.close()
	var complaint string
	complain := func(err error) {
		if err != nil && err.Error() != complaint {
			complaint = err.Error()
			s.logger.Warn("changes of rule files may be seen late", "error", complaint, "poll", s.config.RulesPoll.String())
		}
	}
	complain(err)

	poll := time.NewTicker(s.config.RulesPoll)
	defer poll.Stop()
	// quiet ends when files were left alone for a while, most when they were
	// not for too long.
	quiet, most := time.NewTimer(0), time.NewTimer(settleMost)
	defer quiet.Stop()
	defer most.Stop()
	most.Stop()
	settling := false
	look := func(cause string) {
		quiet.Stop()
		most.Stop()
		settling = false
		// Followed before they are read: what changes in between is told.
		complain(w.follow(paths))
		files := rules.Read(paths)
		now := files.Fingerprint()
		if cause == causeHangup || now != s.fingerprint {
			s.fingerprint = now
			s.reload(files, cause)
		}
	}
	changed := func() {
		quiet.Reset(settleFor)
		if !settling {
			settling = true
			most.Reset(settleMost)
		}
	}
	look(causeFiles) // what changed since the start
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-s.hangup:
			look(causeHangup)
		case <-poll.C:
			look(causePoll)
		case <-quiet.C:
			look(causeFiles)
		case <-most.C:
			look(causeFiles)
		case err := <-w.errors():
			complain(err)
			changed()
		case e := <-w.events():
			if w.concerns(e) {
				changed()
			}
		}
	}
}

// fingerprint is of the rule files that were loaded last.
type fingerprint = [sha256.Size]byte
