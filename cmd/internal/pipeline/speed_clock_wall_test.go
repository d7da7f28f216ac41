//go:build !unix

package pipeline_test

import "time"

var began = time.Now()

// processorTime is the time on the wall where the processor's is not known.
func processorTime() time.Duration { return time.Since(began) }
