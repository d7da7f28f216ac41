package cli

import (
	"fmt"
	"sync"
	"time"
)

// showProgress shows on a terminal how far match is, until the returned
// function is called. With unknown size it cannot say how long is left.
func (m *matching) showProgress(began time.Time, total int64, known bool) (stop func()) {
	if !terminal(m.process.Stderr) {
		return func() {}
	}
	done := make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-done:
				m.screen.Lock()
				m.clearProgress()
				m.screen.Unlock()
				return
			case now := <-tick.C:
				m.screen.Lock()
				m.progress = true
				fmt.Fprintf(m.process.Stderr, "\r%s\x1b[K", progressLine(m.read.Load(), total, known, m.records.Load(), now.Sub(began)))
				m.screen.Unlock()
			}
		}
	})
	return func() {
		close(done)
		group.Wait()
	}
}

// clearProgress clears the line of progress, if there is one; screen is held.
func (m *matching) clearProgress() {
	if m.progress {
		fmt.Fprint(m.process.Stderr, "\r\x1b[K")
		m.progress = false
	}
}

// complain prints an error in the place of the progress.
func (m *matching) complain(err error) {
	m.screen.Lock()
	defer m.screen.Unlock()
	m.clearProgress()
	m.process.complain(err)
}

func progressLine(read, total int64, known bool, records int64, took time.Duration) string {
	line := fmt.Sprintf("%.1f MB read, %.0f records/s", float64(read)/1e6, float64(records)/took.Seconds())
	if known && read > 0 && total > read {
		left := time.Duration(float64(took) * float64(total-read) / float64(read))
		line = fmt.Sprintf("%s, %d %%, %s left", line, 100*read/total, left.Round(time.Second))
	}
	return line
}
