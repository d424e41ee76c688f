package partition

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"millrace/broker/disk"
)

func benchLog(b *testing.B, flush Flush) *Log {
	env := &Env{FS: disk.OS(), Now: time.Now, Log: slog.New(slog.DiscardHandler), Flush: flush, Every: time.Second}
	cfg := smallConfig()
	cfg.SegmentBytes, cfg.IndexInterval, cfg.AfterMax = 1<<30, 4096, 0
	l, err := Open(b.TempDir()+"/log", env, cfg)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = l.Close() })
	return l
}

// bigBatch is a batch of about size bytes with records of 132 bytes.
func bigBatch(size int) []byte {
	var values []string
	for n := 0; n < size-headerSize; n += 140 {
		values = append(values, strings.Repeat("v", 132))
	}
	return plainBatch(values...)
}

func BenchmarkAppend(b *testing.B) {
	for _, size := range []int{200, 64 << 10} {
		for _, flush := range []Flush{FlushSystem, FlushAlways} {
			b.Run(fmt.Sprintf("%dB-%s", size, []string{"always", "interval", "system"}[flush]), func(b *testing.B) {
				l, batch := benchLog(b, flush), bigBatch(size)
				p := make([]byte, len(batch))
				b.SetBytes(int64(len(batch)))
				b.ReportAllocs()
				for b.Loop() {
					copy(p, batch)
					a, err := l.Append(p)
					if err == nil {
						err = a.Wait(b.Context())
					}
					if err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// BenchmarkAppendTogether appends from many goroutines that wait for their fsync.
func BenchmarkAppendTogether(b *testing.B) {
	l, batch := benchLog(b, FlushAlways), bigBatch(1000)
	b.SetBytes(int64(len(batch)))
	b.SetParallelism(64)
	b.RunParallel(func(pb *testing.PB) {
		p := make([]byte, len(batch))
		for pb.Next() {
			copy(p, batch)
			a, err := l.Append(p)
			if err == nil {
				err = a.Wait(b.Context())
			}
			if err != nil {
				b.Error(err)
				return
			}
		}
	})
}

func BenchmarkRead(b *testing.B) {
	for _, size := range []int{200, 64 << 10} {
		for _, how := range []string{"tail", "all", "all-copied"} {
			b.Run(fmt.Sprintf("%dB-%s", size, how), func(b *testing.B) { benchRead(b, size, how) })
		}
	}
}

func benchRead(b *testing.B, size int, how string) {
	l, batch := benchLog(b, FlushSystem), bigBatch(size)
	p := make([]byte, len(batch))
	for range (64 << 20) / size {
		copy(p, batch)
		if _, err := l.Append(p); err != nil {
			b.Fatal(err)
		}
	}
	end, offset := l.Stats().End, int64(0)
	per := int64(readHeader(batch).count)
	buf := make([]byte, 1<<20)
	b.ReportAllocs()
	var total int64
	for b.Loop() {
		if how == "tail" {
			offset = end - per
		} else if offset >= end {
			offset = 0
		}
		v, err := l.Read(offset, 1<<20, false)
		if err != nil {
			b.Fatal(err)
		}
		total += int64(v.Size)
		last := v.Sections[0]
		if how == "all-copied" {
			if _, err := last.At.ReadAt(buf[:last.Size], last.Offset); err != nil && err != io.EOF {
				b.Fatal(err)
			}
		}
		// The next offset, as a client finds it: here all batches are alike.
		offset += int64(last.Size/len(batch)) * per
		v.Close()
	}
	b.ReportMetric(float64(total)/float64(b.N)/1024, "KiB/read")
}

// BenchmarkOpen opens a log of many segments.
func BenchmarkOpen(b *testing.B) {
	l := benchLog(b, FlushSystem)
	cfg := *l.config()
	cfg.SegmentBytes = 10 << 10
	l.SetConfig(cfg)
	batch := bigBatch(9 << 10)
	p := make([]byte, len(batch))
	for range 5000 {
		copy(p, batch)
		if _, err := l.Append(p); err != nil {
			b.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		l, err := Open(l.dir, l.env, cfg)
		if err != nil {
			b.Fatal(err)
		}
		if err := l.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
