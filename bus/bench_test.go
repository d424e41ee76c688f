package bus_test

import (
	"context"
	"fmt"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"millrace/bus"
)

func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

const benchRecords = 1_000_000

// sensor makes the article's record: 127 bytes of JSON.
func sensor(dst []byte, i int) []byte {
	return fmt.Appendf(dst, `{"id": "s%03d", "temperature": %6.2f, "humidity": %d, "value": %8.4f, "event_time": "2026-11-20 10:%02d:%02d.%03d", "pad": "xy"}`,
		i*7919%1000, 60+float64(i*31%4000)/100, 10+i*13%90, float64(i%100000)/7, i/60000%60, i/1000%60, i%1000)
}

func openBench(b *testing.B, addr string, codec bus.Codec) (*bus.Bus, string) {
	b.Helper()
	bb, err := bus.Open(b.Context(), bus.Config{Seeds: []string{addr}, Compression: codec})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { bb.Close(context.Background()) })
	topic := fmt.Sprintf("bench-%s-%d", codec, time.Now().UnixNano())
	if _, err := bb.Ensure(b.Context(), topic, 4, nil); err != nil {
		b.Fatal(err)
	}
	return bb, topic
}

// values are 100,000 records, one after the other.
func values() (p []byte, ends []int) {
	for i := range 100_000 {
		p = sensor(p, i)
		ends = append(ends, len(p))
	}
	return p, ends
}

func fill(b *testing.B, bb *bus.Bus, topic string, p []byte, ends []int, count, batch int) {
	b.Helper()
	recs := make([]bus.Record, batch)
	for n := 0; n < count; n += batch {
		for i := range recs {
			k := (n + i) % len(ends)
			from := 0
			if k > 0 {
				from = ends[k-1]
			}
			recs[i] = bus.Record{Topic: topic, Value: p[from:ends[k]]}
		}
		if err := bb.Append(b.Context(), recs); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkAppend writes records of 127 bytes, in calls of 1, 100 and 10,000.
func BenchmarkAppend(b *testing.B) {
	addr := startBroker(b, b.TempDir(), "127.0.0.1:0").addr
	p, ends := values()
	for _, codec := range []bus.Codec{bus.None, bus.Snappy, bus.LZ4, bus.Zstd} {
		bb, topic := openBench(b, addr, codec)
		for _, batch := range []int{1, 100, 10_000} {
			b.Run(fmt.Sprintf("%s/%d", codec, batch), func(b *testing.B) {
				b.ReportAllocs()
				before := bb.Stats()
				began := cpu()
				fill(b, bb, topic, p, ends, b.N*batch, batch)
				n := float64(b.N * batch)
				b.ReportMetric(float64((cpu()-began).Nanoseconds())/n, "cpu-ns/record")
				b.ReportMetric(float64(bb.Stats().ProducedBytes-before.ProducedBytes)/n, "bytes/record")
			})
		}
	}
}

// BenchmarkRead reads records of 127 bytes from four partitions: the cost of fetching them and of
// stepping through them, without decoding.
func BenchmarkRead(b *testing.B) {
	addr := startBroker(b, b.TempDir(), "127.0.0.1:0").addr
	p, ends := values()
	for _, codec := range []bus.Codec{bus.None, bus.Snappy, bus.LZ4, bus.Zstd} {
		bb, topic := openBench(b, addr, codec)
		fill(b, bb, topic, p, ends, benchRecords, 10_000)
		for _, size := range []int{256 << 10, 512 << 10, 1 << 20, 2 << 20, 4 << 20} {
			b.Run(string(codec)+"/"+strconv.Itoa(size>>10)+"k", func(b *testing.B) {
				r, err := bb.NewReader(bus.ReaderConfig{Committed: true, PartitionBytes: size})
				if err != nil {
					b.Fatal(err)
				}
				ctx, cancel := context.WithCancel(b.Context())
				done := make(chan struct{})
				go func() { defer close(done); r.Run(ctx) }()
				parts := make([]*bus.Partition, 4)
				for p := range parts {
					parts[p] = r.Add(topic, int32(p), 0)
				}
				began := cpu()
				n, total := 0, int64(0)
				b.ReportAllocs()
				b.ResetTimer()
				for n < b.N {
					f, err := r.Poll(ctx)
					if err != nil {
						b.Fatal(err)
					}
					for f.Next() {
						total += int64(len(f.Raw.Value))
						n++
					}
					if f.After == f.HighWatermark {
						parts[f.Partition].SeekTo(0)
					}
				}
				b.StopTimer()
				b.ReportMetric(float64((cpu()-began).Nanoseconds())/float64(n), "cpu-ns/record")
				b.ReportMetric(0, "ns/op")
				cancel()
				<-done
				r.Close()
			})
		}
		b.Run(string(codec)+"/franz-go", func(b *testing.B) {
			parts := map[int32]kgo.Offset{}
			for p := range int32(4) {
				parts[p] = kgo.NewOffset().At(0)
			}
			n := 0
			began := cpu()
			b.ReportAllocs()
			for n < b.N {
				cl, err := kgo.NewClient(kgo.SeedBrokers(addr), kgo.FetchMaxPartitionBytes(1<<20), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
					kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: parts}))
				if err != nil {
					b.Fatal(err)
				}
				for got := 0; got < benchRecords && n < b.N; {
					fs := cl.PollFetches(b.Context())
					fs.EachRecord(func(r *kgo.Record) { n++; got++ })
				}
				cl.Close()
			}
			b.ReportMetric(float64((cpu()-began).Nanoseconds())/float64(n), "cpu-ns/record")
		})
	}
}
