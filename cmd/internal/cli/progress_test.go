package cli

import (
	"testing"
	"time"
)

func TestProgressLine(t *testing.T) {
	for want, got := range map[string]string{
		"25.0 MB read, 500 records/s, 25 %, 30s left": progressLine(25e6, 100e6, true, 5000, 10*time.Second),
		"25.0 MB read, 500 records/s":                 progressLine(25e6, 0, false, 5000, 10*time.Second),
		"0.0 MB read, 0 records/s":                    progressLine(0, 100e6, true, 0, time.Second),
		"100.0 MB read, 10 records/s":                 progressLine(100e6, 100e6, true, 100, 10*time.Second),
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
