package influx

import (
	"context"
	"fmt"
	"testing"
	"time"

	"millrace/schema"
	"millrace/store"
	"millrace/store/influx/influxtest"
	"millrace/vec"
)

// points makes groups as a storing loop hands them over: one number a row, with tags.
func points(rows, series int, from time.Time) []store.Group {
	var out []store.Group
	s := schema.New(times(), field("value", schema.Double), field("core", schema.VarChar), field("host", schema.VarChar))
	for at := 0; at < rows; at += vec.MaxRows {
		b := vec.NewBuilder(s)
		for i := range min(vec.MaxRows, rows-at) {
			b.SetI64(0, from.Add(time.Duration(at+i)*time.Millisecond).UnixMicro())
			b.SetF64(1, float64((at+i)%1000)/10)
			b.SetString(2, fmt.Sprint((at+i)%series))
			b.SetString(3, "server-1.example.org")
			b.EndRow(vec.Insert)
		}
		out = append(out, store.Group{Measurement: "cpu_core_usage", Tags: []string{"core", "host"}, Batch: b.Batch()})
	}
	return out
}

func BenchmarkEncode(b *testing.B) {
	groups := points(10_240, 64, noon)
	l := &lines{}
	b.ReportAllocs()
	for b.Loop() {
		l.text, l.rows = l.text[:0], l.rows[:0]
		for i := range groups {
			encode(l, i, &groups[i], func(string, string) number { return asItIs })
		}
	}
	b.SetBytes(int64(len(l.text)))
	b.ReportMetric(float64(len(l.rows)*b.N)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkWrite writes to a real server.
func BenchmarkWrite(b *testing.B) {
	srv := influxtest.Start(b)
	db, err := Open(Config{URL: srv.URL, Token: influxtest.Token, Bucket: influxtest.Bucket})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- db.Run(ctx) }()
	const rows = 16 << 10
	n := 0
	for b.Loop() {
		if _, err := db.Write(ctx, points(rows, 64, noon.Add(time.Duration(n)*time.Minute))); err != nil {
			b.Fatal(err)
		}
		n++
	}
	b.ReportMetric(float64(rows*n)/b.Elapsed().Seconds(), "rows/s")
	cancel()
	<-done // it was cancelled
}
