package service

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/regtrap/regtrap/rules"
)

// loadRules puts the rules of the configuration in force, at the start.
func (s *Service) loadRules() error {
	snapshot, problems, err := s.readRules()
	if err != nil {
		return err
	}
	s.putInForce(snapshot, problems)
	s.logger.Info("rules loaded", "rules", len(snapshot.Rules), "rejected", rejected(problems), "rules_version", snapshot.Hash)
	return nil
}

// readRules reads and compiles the rules of the configuration. Its error says
// why they cannot be put in force.
func (s *Service) readRules() (*rules.Snapshot, []rules.Problem, error) {
	snapshot, problems, err := rules.Load(rules.Config{Pack: s.config.Pack, Paths: s.config.Rules})
	if err != nil {
		return nil, problems, fmt.Errorf("rules: %w", err)
	}
	if s.config.RulesStrict && len(problems) > 0 {
		var errs []error
		for _, p := range problems {
			errs = append(errs, errors.New(p.String()))
		}
		return nil, problems, errors.Join(errs...)
	}
	for _, p := range problems {
		s.logger.Warn("rule rejected", "file", p.File, "line", p.Line, "column", p.Column, "rule", p.Rule, "problem", p.What, "want", p.Want)
	}
	if len(snapshot.Rules) == 0 {
		return nil, problems, errors.New("rules: none of them can be used: nothing would be detected")
	}
	return snapshot, problems, nil
}

func (s *Service) putInForce(snapshot *rules.Snapshot, problems []rules.Problem) {
	now := s.now()
	s.rules.use(snapshot, now)
	s.rules.last.Store(&ruleLoad{at: now, result: loadOK, problems: problems})
	s.metrics.loaded(snapshot, rejected(problems), now)
}

// reload reads the rules again and puts them in force between batches, unless
// they are those that are. A set that fails is reported, and the one before it
// stays.
func (s *Service) reload(cause string) {
	before := s.rules.current().snapshot
	after, problems, err := s.readRules()
	if err == nil {
		err = lost(before, after, problems)
	}
	switch {
	case err != nil:
		s.rules.last.Store(&ruleLoad{at: s.now(), result: loadFailed, err: err, problems: problems})
		s.metrics.reloads.WithLabelValues(string(loadFailed)).Inc()
		s.metrics.loadOK.Set(0)
		s.logger.Error("rules not reloaded: those before are still in force", "cause", cause, "error", err.Error(), "rules_version", before.Hash)
	case after.Hash == before.Hash:
		s.rules.last.Store(&ruleLoad{at: s.now(), result: loadUnchanged, problems: problems})
		s.metrics.reloads.WithLabelValues(string(loadUnchanged)).Inc()
		s.metrics.loadOK.Set(1)
		s.metrics.ruleProblems.Set(float64(rejected(problems)))
		s.logger.Info("rules unchanged", "cause", cause, "rejected", rejected(problems), "rules_version", before.Hash)
	default:
		s.putInForce(after, problems)
		added, removed, changed := difference(before, after)
		s.logger.Info("rules reloaded", "cause", cause, "rules", len(after.Rules), "added", added, "removed", removed, "changed", changed,
			"rejected", rejected(problems), "rules_version", after.Hash, "before", before.Hash)
	}
}

// lost reports the rules that were in force and are rejected now: an edit that
// breaks a rule must not end its detection. A rule that is gone with its file,
// or from a file in which nothing is wrong, was meant to go.
func lost(before, after *rules.Snapshot, problems []rules.Problem) error {
	kept := make(map[string]bool)
	for _, r := range after.Rules {
		kept[r.ID] = true
	}
	broken := make(map[string]rules.Problem)
	for _, p := range problems {
		if _, ok := broken[p.File]; !ok && !p.Warning {
			broken[p.File] = p
		}
	}
	var errs []error
	for _, r := range before.Rules {
		if p, ok := broken[r.File]; ok && !kept[r.ID] {
			errs = append(errs, fmt.Errorf("rule %s (%s) is in force and cannot be used any more: %s", r.ID, r.Name, p))
		}
	}
	return errors.Join(errs...)
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

// rejected counts the rules that have problems: one may have several.
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

const (
	// settleFor is how long rule files must be quiet before they are read: an
	// editor writes in several steps, a ConfigMap is swapped in three.
	settleFor = 250 * time.Millisecond
	// settleMost bounds the wait while files are written all the time.
	settleMost = 3 * time.Second
	// pollEvery is how often files are looked at on which no change was told:
	// a network file system tells none.
	pollEvery = 30 * time.Second
)

// watchRules reloads the rules when their files change, or on a hangup.
func (s *Service) watchRules(ctx context.Context) error {
	w, err := newFileWatch(s.config.Rules)
	if err != nil {
		s.logger.Warn("rule files are not watched, only looked at from time to time", "error", err.Error(), "every", pollEvery.String())
	}
	defer w.close()
	poll := time.NewTicker(pollEvery)
	defer poll.Stop()
	for {
		cause := "files changed"
		select {
		case <-ctx.Done():
			return nil
		case <-s.hangup:
			cause = "SIGHUP"
		case <-poll.C:
		case err := <-w.errors():
			s.logger.Warn("watching rule files: some changes may have been missed", "error", fmt.Sprint(err))
		case <-w.events():
			if !w.settle(ctx) {
				return nil
			}
		}
		w.follow(s.config.Rules)
		now, err := fingerprint(s.config.Rules)
		if cause != "SIGHUP" && err == nil && now == s.fingerprint {
			continue
		}
		s.fingerprint = now
		s.reload(cause)
	}
}
