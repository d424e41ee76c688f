package store

import (
	"context"
	"fmt"
	"testing"
	"time"

	"millrace/schema"
	"millrace/vec"
)

// fillSeries appends n rows of 300 series, one row of a series each step, up to noon.
func fillSeries(b *testing.B, s *Store, n int, step time.Duration) {
	b.Helper()
	const series = 300
	ctx := context.Background()
	bb := vec.NewBuilder(schema.New(
		schema.Field{Name: "time", Type: schema.Of(schema.TimestampLTZ).WithPrecision(3)},
		schema.Field{Name: "host", Type: schema.Of(schema.VarChar)},
		schema.Field{Name: "core", Type: schema.Of(schema.VarChar)},
		schema.Field{Name: "value", Type: schema.Of(schema.Double)},
	))
	begin := noon.Add(-time.Duration(n/series) * step)
	for i := 0; i < n; {
		bb.Reset()
		from := i
		for ; i < n && !bb.Full(); i++ {
			bb.SetI64(0, begin.Add(time.Duration(i/series)*step).UnixMilli())
			bb.SetString(1, fmt.Sprintf("h%02d", i%series/10))
			bb.SetString(2, fmt.Sprintf("c%d", i%10))
			bb.SetF64(3, float64(i%997))
			bb.EndRow(vec.Insert)
		}
		g := Group{Measurement: "cpu", Tags: []string{"host", "core"}, Batch: bb.Batch()}
		if err := s.Append(ctx, Range{"t", 0, int64(from), int64(i)}, []Group{g}); err != nil {
			b.Fatal(err)
		}
		if s.head.rows > 200_000 {
			if err := s.Flush(ctx); err != nil {
				b.Fatal(err)
			}
		}
	}
	if err := s.Flush(ctx); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkAggregate asks for a chart of 300 series. "live" has a new row before each question, "cold" has
// nothing in memory.
func BenchmarkAggregate(b *testing.B) {
	ctx := context.Background()
	for _, rolled := range []bool{false, true} {
		s := openBench(b, Options{Now: func() time.Time { return noon }, FlushRows: 1 << 40, FlushBytes: 1 << 50})
		const rows = 1_000_000
		fillSeries(b, s, rows, 90*time.Second) // 3.5 days
		if rolled {
			if err := repeat(s.RollUp)(ctx); err != nil {
				b.Fatal(err)
			}
		}
		for _, agg := range []Aggregation{Avg, P95, Rate} {
			for _, state := range []string{"cold", "warm", "live"} {
				b.Run(fmt.Sprintf("rolled=%v/%s/%s", rolled, agg, state), func(b *testing.B) {
					q := AggregateQuery{
						Measurement: "cpu", Aggregation: agg, GroupBy: []string{"host"}, Interval: 15 * time.Minute,
						From: noon.Add(-84 * time.Hour), Upto: noon,
					}
					at := int64(rows)
					defer reportCPU(b, rows)()
					for b.Loop() {
						switch state {
						case "cold":
							s.cache, s.results = newGroupCache(s.opts.CacheBytes), newResultCache(1)
						case "warm":
							s.results = newResultCache(1)
						default:
							if upto, _ := s.Accepted("t", 0); upto > at {
								at = upto
							}
							g := cpu("h01", -1, 3)
							g.Measurement = "cpu"
							if err := s.Append(ctx, Range{"t", 0, at, at + 1}, []Group{g}); err != nil {
								b.Fatal(err)
							}
							at++
						}
						if _, err := s.Aggregate(ctx, q); err != nil {
							b.Fatal(err)
						}
						if state == "cold" || state == "warm" {
							s.results = newResultCache(s.opts.ResultBytes)
						}
					}
				})
			}
		}
	}
}
