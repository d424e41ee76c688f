package partition

import (
	"fmt"
	"testing"

	"millrace/broker/disk"
)

// BenchmarkCompact compacts 200,000 records of 100,000 keys, in batches of 100.
func BenchmarkCompact(b *testing.B) {
	for name, codec := range map[string]int8{"none": codecNone, "lz4": codecLz4, "zstd": codecZstd} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				cfg := compactConfig()
				cfg.SegmentBytes = 8 << 20
				c := &cleanLog{t: b, at: b.TempDir(), cfg: cfg, all: map[int64]line{}, seq: map[int64]int32{}, open: map[int64][]int64{}}
				c.time.Store(1_700_000_000_000)
				c.start(disk.OS())
				c.env.Flush = FlushSystem
				pairs := make([]string, 200)
				for i := range 2000 {
					for k := range 100 {
						pairs[2*k], pairs[2*k+1] = fmt.Sprint("key", (i*100+k)*7919%100_000), fmt.Sprintf("value of the record %d with some text that goes on for a while, as they do", i)
					}
					c.send(codec, -1, false, pairs...)
				}
				c.rollNow()
				b.StartTimer()
				c.clean()
				b.StopTimer()
				if err := c.Close(); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
			}
			b.ReportMetric(200_000*float64(b.N)/b.Elapsed().Seconds(), "records/s")
		})
	}
}
