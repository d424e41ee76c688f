package keyed_test

import (
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"

	"millrace/broker/keyed"
)

// BenchmarkPut puts 100 bytes and waits, as many at once as goroutines.
func BenchmarkPut(b *testing.B) {
	for _, sync := range []bool{true, false} {
		for _, at := range []int{1, 16, 256} {
			b.Run("sync="+strconv.FormatBool(sync)+"/at_once="+strconv.Itoa(at), func(b *testing.B) {
				s := open(b, filepath.Join(b.TempDir(), "state"), keyed.Options{Sync: sync})
				defer closeStore(b, s)
				a, value := s.Space("bench"), make([]byte, 100)
				var next atomic.Int64
				b.SetParallelism((at + 1) / 2) // of two processors
				b.ReportAllocs()
				b.RunParallel(func(pb *testing.PB) {
					key := strconv.AppendInt(nil, next.Add(1), 10)
					for pb.Next() {
						put(b, a, keyed.Entry{Key: key, Value: value})
					}
				})
				stats := s.Stats()
				b.ReportMetric(float64(stats.Puts)/float64(stats.Writes), "puts/write")
			})
		}
	}
}
