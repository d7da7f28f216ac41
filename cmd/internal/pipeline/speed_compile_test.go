package pipeline_test

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"testing"
	"time"

	"github.com/regtrap/regtrap/matcher"
)

// BenchmarkSpeedCompile compiles the lists of BenchmarkSpeedRules. Of the heap,
// retained-bytes is what the set holds; live-bytes and peak-bytes are how high
// it rises while the set is made: what lives, measured with the collector always
// at work, and what lives and waits to be collected, with the collector as it is.
func BenchmarkSpeedCompile(b *testing.B) {
	for _, list := range ruleLists(b, ownRules(b)) {
		b.Run(fmt.Sprint(len(list)), func(b *testing.B) {
			var live, peak, retained float64
			for range 5 {
				most, left := heapOfCompile(b, list, 1)
				live, retained = max(live, most), left
				most, _ = heapOfCompile(b, list, 100)
				peak = max(peak, most)
			}
			var nanos []float64
			for b.Loop() {
				runtime.GC()
				began := time.Now()
				compiled(b, list)
				nanos = append(nanos, float64(time.Since(began)))
			}
			b.ReportMetric(0, "ns/op") // with a collection before each
			b.ReportMetric(quantile(nanos, 0.5), "ns/compile")
			b.ReportMetric(retained, "retained-bytes")
			b.ReportMetric(live, "live-bytes")
			b.ReportMetric(peak, "peak-bytes")
		})
	}
}

// heapOfCompile compiles list with the collector at percent of what lives, and
// returns how much higher than before the heap was at most, and is at the end.
func heapOfCompile(tb testing.TB, list []matcher.Rule, percent int) (peak, retained float64) {
	defer debug.SetGCPercent(debug.SetGCPercent(percent))
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(runtime.NumCPU())) // one more to watch
	runtime.GC()
	runtime.GC() // the first may leave what has a cleanup
	before := heapObjects()
	done, highest := make(chan struct{}), make(chan uint64)
	go func() {
		most := before
		for {
			select {
			case <-done:
				highest <- most
				return
			default:
				most = max(most, heapObjects())
				runtime.Gosched()
			}
		}
	}()
	set := compiled(tb, list)
	close(done)
	most := <-highest
	runtime.GC()
	after := heapObjects()
	runtime.KeepAlive(set)
	return float64(most) - float64(before), float64(after) - float64(before)
}

// heapObjects is the size of the objects on the heap, the dead ones included
// that are not yet collected.
func heapObjects() uint64 {
	s := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}
