package consumer

import "sync"

// budget bounds the bytes of all batches in hand, decompressed. A request
// reserves what it asks for; when its answer is read the reservation becomes
// what the answer really holds, which may be more, because how far a batch
// unpacks is known only then: the bound is exceeded by at most what the
// requests in flight unpack to. It is safe for all goroutines.
type budget struct {
	mu    sync.Mutex
	limit int64
	used  int64
	freed chan struct{} // closed and replaced when used falls
}

func newBudget(limit int64) *budget {
	return &budget{limit: limit, freed: make(chan struct{})}
}

// reserve takes as much as there is, at most most. When that is less than
// least it takes nothing and returns a channel that is closed when memory is
// given back. An empty budget always gives least.
func (b *budget) reserve(least, most int64) (int64, <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	free := b.limit - b.used
	if free < least && b.used > 0 {
		return 0, b.freed
	}
	n := max(least, min(free, most))
	b.used += n
	return n, nil
}

// change adds n, which is negative when memory is given back.
func (b *budget) change(n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.used += n
	if n < 0 {
		close(b.freed)
		b.freed = make(chan struct{})
	}
}

func (b *budget) inUse() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.used
}
