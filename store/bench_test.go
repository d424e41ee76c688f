package store

import (
	"context"
	"fmt"
	"syscall"
	"testing"
	"time"

	"millrace/schema"
	"millrace/vec"
)

// openBench opens a store whose background work is left to the benchmark.
func openBench(b *testing.B, opts Options) *Store {
	b.Helper()
	s, err := Open(b.TempDir(), opts)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := s.Close(); err != nil {
			b.Error(err)
		}
	})
	return s
}

// reportCPU reports the processor time that the benchmark takes from here on: for an operation, and rows
// for each second of it. On a busy machine the wall clock says little.
func reportCPU(b *testing.B, rowsPerOp int) func() {
	used := func() time.Duration {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			b.Fatal(err)
		}
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	began := used()
	return func() {
		took := used() - began
		b.ReportMetric(float64(took.Microseconds())/float64(b.N), "cpu-us/op")
		if rowsPerOp > 0 {
			b.ReportMetric(float64(rowsPerOp)*float64(b.N)/took.Seconds(), "rows/cpu-s")
		}
	}
}

// sensorBatch is a full batch of sensors.clean: a tag with 1,000 values, four fields and the time.
func sensorBatch(from int) Group {
	b := vec.NewBuilder(schema.New(
		schema.Field{Name: "id", Type: schema.Of(schema.VarChar)},
		schema.Field{Name: "temperature", Type: schema.Of(schema.Double)},
		schema.Field{Name: "humidity", Type: schema.Of(schema.Double)},
		schema.Field{Name: "value", Type: schema.Of(schema.Double)},
		schema.Field{Name: "n", Type: schema.Of(schema.BigInt)},
		schema.Field{Name: "event_time", Type: schema.Of(schema.Timestamp).WithPrecision(3)},
	))
	for i := range vec.MaxRows {
		k := from + i
		b.SetString(0, fmt.Sprintf("s%03d", k*7919%1000))
		b.SetF64(1, float64(k%100)/3)
		b.SetF64(2, float64(k%71)/7)
		b.SetF64(3, float64(k))
		b.SetI64(4, int64(k))
		b.SetI64(5, noon.Add(time.Duration(k)*time.Millisecond).UnixMilli())
		b.EndRow(vec.Insert)
	}
	return Group{Measurement: "sensors.clean", Time: "event_time", Tags: []string{"id"}, Batch: b.Batch()}
}

// BenchmarkAppend is the whole way of a row into a durable part: append, sort, encode, fsync.
func BenchmarkAppend(b *testing.B) {
	g := []Group{sensorBatch(0)}
	for _, flushed := range []bool{false, true} {
		b.Run(map[bool]string{false: "head", true: "durable"}[flushed], func(b *testing.B) {
			s := openBench(b, Options{FlushRows: 1 << 40, FlushBytes: 1 << 50})
			ctx := context.Background()
			at := int64(0)
			b.ReportAllocs()
			defer reportCPU(b, vec.MaxRows)()
			for b.Loop() {
				if err := s.Append(ctx, Range{"t", 0, at, at + vec.MaxRows}, g); err != nil {
					b.Fatal(err)
				}
				at += vec.MaxRows
				switch {
				case at%(512*vec.MaxRows) != 0:
				case flushed:
					if err := s.Flush(ctx); err != nil {
						b.Fatal(err)
					}
				default:
					s.mu.Lock()
					s.head = newHead() // measures the head alone
					s.mu.Unlock()
				}
			}
		})
	}
}

// BenchmarkAppendPoints appends what one second of host metrics is: about 60 points of 40 measurements.
func BenchmarkAppendPoints(b *testing.B) {
	s := openBench(b, Options{FlushRows: 1 << 40, FlushBytes: 1 << 50})
	var p PointBuffer
	at := int64(0)
	b.ReportAllocs()
	defer reportCPU(b, 60)()
	for b.Loop() {
		p.Reset()
		for i := range 60 {
			tags := []Tag{{"host", "a"}, {"i", "x"}}
			if err := p.Add(fmt.Sprintf("m%d", i%40), noon, float64(i), tags, at+int64(i)); err != nil {
				b.Fatal(err)
			}
		}
		if err := s.Append(context.Background(), Range{"t", 0, at, at + 60}, p.Groups()); err != nil {
			b.Fatal(err)
		}
		at += 60
	}
}

// hostStore has a measurement with the given number of parts, each of one minute of two series, one
// row a second, and a minute in the head.
func hostStore(b *testing.B, parts int) *Store {
	s := openBench(b, Options{Now: func() time.Time { return noon }})
	ctx := context.Background()
	at := int64(0)
	for minute := range parts + 1 {
		var p PointBuffer
		for sec := range 60 {
			for core := range 2 {
				t := noon.Add(time.Duration(minute*60+sec) * time.Second)
				if err := p.Add("cpu_core_usage", t, float64(sec), []Tag{{"core", fmt.Sprint(core)}, {"host", "a"}}, at); err != nil {
					b.Fatal(err)
				}
			}
		}
		if err := s.Append(ctx, Range{"t", 0, at, at + 120}, p.Groups()); err != nil {
			b.Fatal(err)
		}
		at += 120
		if minute < parts {
			if err := s.Flush(ctx); err != nil {
				b.Fatal(err)
			}
		}
	}
	return s
}

func BenchmarkQuery(b *testing.B) {
	for _, parts := range []int{1, 10, 100} {
		s := hostStore(b, parts)
		ctx := context.Background()
		last := noon.Add(time.Duration(parts+1) * time.Minute)
		sql := map[string]string{
			"all":  `SELECT core, avg(value) FROM cpu_core_usage GROUP BY core`,
			"last": fmt.Sprintf(`SELECT time, value FROM cpu_core_usage WHERE time >= '%s' AND core = '0' ORDER BY time`, last.Add(-2*time.Minute).Format("2006-01-02 15:04:05")),
		}
		for _, name := range []string{"all", "last"} {
			b.Run(fmt.Sprintf("sql-%s/parts=%d", name, parts), func(b *testing.B) {
				defer reportCPU(b, 0)()
				for b.Loop() {
					if _, err := s.Query(ctx, sql[name], QueryLimits{}); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
		q := Query{Measurement: "cpu_core_usage", From: last.Add(-time.Hour), Limit: 100_000}
		b.Run(fmt.Sprintf("select-hour/parts=%d", parts), func(b *testing.B) {
			defer reportCPU(b, 0)()
			for b.Loop() {
				if _, err := s.Select(ctx, q); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("select-hour-cold/parts=%d", parts), func(b *testing.B) {
			defer reportCPU(b, 0)()
			for b.Loop() {
				s.cache = newGroupCache(s.opts.CacheBytes)
				if _, err := s.Select(ctx, q); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkQueryHead reads rows that are all in memory through DuckDB.
func BenchmarkQueryHead(b *testing.B) {
	s := openBench(b, Options{FlushRows: 1 << 40, FlushBytes: 1 << 50})
	for i := range 256 {
		at := int64(i) * vec.MaxRows
		if err := s.Append(context.Background(), Range{"t", 0, at, at + vec.MaxRows}, []Group{sensorBatch(int(at))}); err != nil {
			b.Fatal(err)
		}
	}
	for name, text := range map[string]string{
		"avg":   `SELECT avg(temperature) FROM sensors.clean`,
		"byTag": `SELECT id, avg(temperature) FROM sensors.clean GROUP BY id`,
	} {
		b.Run(name, func(b *testing.B) {
			defer reportCPU(b, 256*vec.MaxRows)()
			for b.Loop() {
				if _, err := s.Query(context.Background(), text, QueryLimits{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkFlushSmall flushes one minute of 40 measurements, as happens on a machine that only watches
// itself.
func BenchmarkFlushSmall(b *testing.B) {
	s := openBench(b, Options{})
	at := int64(0)
	defer reportCPU(b, 40*60)()
	for b.Loop() {
		var p PointBuffer
		for m := range 40 {
			for sec := range 60 {
				if err := p.Add(fmt.Sprintf("m%d", m), noon.Add(time.Duration(at)*time.Second), float64(sec), []Tag{{"host", "a"}}, at); err != nil {
					b.Fatal(err)
				}
			}
		}
		if err := s.Append(context.Background(), Range{"t", 0, at, at + 60}, p.Groups()); err != nil {
			b.Fatal(err)
		}
		at += 60
		if err := s.Flush(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkMerge merges eight parts of 60,000 rows.
func BenchmarkMerge(b *testing.B) {
	s := openBench(b, Options{FlushRows: 1 << 40, FlushBytes: 1 << 50})
	ctx := context.Background()
	at := int64(0)
	for range 8 {
		for range 60 {
			if err := s.Append(ctx, Range{"t", 0, at, at + vec.MaxRows}, []Group{sensorBatch(int(at))}); err != nil {
				b.Fatal(err)
			}
			at += vec.MaxRows
		}
		if err := s.Flush(ctx); err != nil {
			b.Fatal(err)
		}
	}
	defer reportCPU(b, int(at))()
	for b.Loop() {
		made, err := s.mergeInto(ctx, s.measurements["sensors.clean"].parts)
		if err != nil {
			b.Fatal(err)
		}
		s.discard([]*part{made})
	}
}
