//go:build !race

package matcher

// raceDetector reports whether the tests are built with the race detector.
const raceDetector = false
