package consumer

import (
	"sync"
	"time"
)

// beats holds the heartbeat of each loop that runs now. All of them come round
// at least every second however long Kafka takes, so the oldest one tells
// whether some loop stands still. It is safe for all goroutines.
type beats struct {
	mu   sync.Mutex
	last map[string]time.Time
}

func (b *beats) beat(loop string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.last == nil {
		b.last = make(map[string]time.Time)
	}
	b.last[loop] = time.Now()
}

// end forgets a loop that ended as it should.
func (b *beats) end(loop string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.last, loop)
}

// oldest is zero when no loop runs.
func (b *beats) oldest() (t time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, last := range b.last {
		if t.IsZero() || last.Before(t) {
			t = last
		}
	}
	return t
}
