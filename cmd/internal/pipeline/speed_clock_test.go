//go:build unix

package pipeline_test

import (
	"syscall"
	"time"
)

// processorTime is the time that the processor gave to this process: on a busy
// machine it says more than the time on the wall.
func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err) // it can only fail for want of sense in its arguments
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
