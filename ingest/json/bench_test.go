package json

import (
	"bytes"
	"context"
	"fmt"
	"net/http/httptest"
	"testing"

	"millrace/connector"
)

// nowhere is an Out that is as quick as can be.
type nowhere struct{}

func (nowhere) Append(context.Context, string, []connector.Record) error { return nil }

func benchPoint(i int) string {
	return fmt.Sprintf(`{"timestamp":"2026-11-20T10:00:%02d.123Z","metric":"room_temperature","value":%d.25,"tags":{"room":"r%d","floor":"2","building":"north"}}`, i%60, i%100, i%50)
}

func BenchmarkWrite(b *testing.B) {
	for _, points := range []int{1, 100, 10_000} {
		b.Run(fmt.Sprintf("points=%d", points), func(b *testing.B) {
			var body bytes.Buffer
			for i := range points {
				body.WriteString(benchPoint(i) + "\n")
			}
			h := route(b, nowhere{})
			b.SetBytes(int64(body.Len()))
			b.ReportAllocs()
			for b.Loop() {
				req := httptest.NewRequest("POST", "/api/write", bytes.NewReader(body.Bytes()))
				req.Header.Set("Content-Type", linesType)
				rec := httptest.NewRecorder()
				h.ServeHTTP(rec, req)
				if rec.Code != 200 {
					b.Fatal(rec.Body)
				}
			}
			b.ReportMetric(float64(points)*float64(b.N)/b.Elapsed().Seconds(), "points/s")
		})
	}
}
