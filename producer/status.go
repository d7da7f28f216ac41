package producer

import (
	"sync"
	"time"
)

// Status is a snapshot of a Producer.
type Status struct {
	Waiting bool      // a Publish is being retried, or an output topic cannot be used
	Problem string    // what it waits for, in words that an operator can act on
	Since   time.Time // since when
}

// Status returns the state of the output now. It is safe at any time.
func (p *Producer) Status() Status { return p.state.status() }

// state is what the output waits for.
type state struct {
	mu      sync.Mutex
	waiters map[*waiter]Status // each Publish that is being retried
	topics  Status             // what the watch found wrong
}

// waiter is one Publish in the state.
type waiter struct{ state *state }

func (s *state) newWaiter() *waiter { return &waiter{s} }

// says notes what a Publish waits for, and reports whether that is news: one
// log line is enough for all partitions that wait for the same.
func (w *waiter) says(words string) (news bool) {
	s := w.state
	s.mu.Lock()
	defer s.mu.Unlock()
	news = true
	for _, other := range s.waiters {
		if other.Problem == words {
			news = false
		}
	}
	if s.waiters == nil {
		s.waiters = make(map[*waiter]Status)
	}
	st, ok := s.waiters[w]
	if !ok {
		st = Status{Waiting: true, Since: time.Now()}
	}
	st.Problem = words
	s.waiters[w] = st
	return news
}

func (w *waiter) done() {
	w.state.mu.Lock()
	defer w.state.mu.Unlock()
	delete(w.state.waiters, w)
}

// watched notes what is wrong with the output topics, nothing when words is
// empty, and reports whether that is news.
func (s *state) watched(words string) (news bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.topics.Problem == words {
		return false
	}
	s.topics = Status{Waiting: words != "", Problem: words, Since: time.Now()}
	return true
}

// status returns the longest wait.
func (s *state) status() Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := Status{}
	if s.topics.Waiting {
		st = s.topics
	}
	for _, w := range s.waiters {
		if !st.Waiting || w.Since.Before(st.Since) {
			st = w
		}
	}
	return st
}
