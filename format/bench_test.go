package format

import (
	"testing"

	"millrace/vec"
)

func BenchmarkParse(b *testing.B) {
	f := func(name, text string, parse func(s []byte) bool) {
		b.Run(name, func(b *testing.B) {
			s := []byte(text)
			b.ReportAllocs()
			for b.Loop() {
				if !parse(s) {
					b.Fatal(text)
				}
			}
		})
	}
	decimal := func(s []byte) bool { _, fits, ok := ParseDecimal(s, 20, 4); return fits && ok }
	f("decimal", "12345.67", decimal)
	f("decimal=long", "-1234567890123456.78905", decimal)
	f("double", "12345.678", func(s []byte) bool { _, ok := ParseDouble(s, 64); return ok })
	f("timestamp", "2026-11-20 10:00:00.123", func(s []byte) bool { _, ok := ParseTimestamp(s, SQLTime, false, 1000); return ok })
	f("timestamp=31st", "2026-10-31 10:00:00.123456", func(s []byte) bool { _, ok := ParseTimestamp(s, SQLTime, false, 1e6); return ok })
	f("date", "2026-11-20", func(s []byte) bool { _, ok := ParseDate(s); return ok })
}

func BenchmarkAppend(b *testing.B) {
	f := func(name string, write func(dst []byte) []byte) {
		b.Run(name, func(b *testing.B) {
			var dst []byte
			b.ReportAllocs()
			for b.Loop() {
				dst = write(dst[:0])
			}
		})
	}
	f("decimal", func(dst []byte) []byte { return AppendDecimal(dst, vec.Decimal128{Lo: 123456700}, 4) })
	f("decimal=long", func(dst []byte) []byte { return AppendDecimal(dst, vec.Decimal128{Lo: 1 << 50, Hi: 1 << 40}, 4) })
	f("double", func(dst []byte) []byte { return AppendDouble(dst, 12345.678) })
	f("double=long", func(dst []byte) []byte { return AppendDouble(dst, 1.2345678901234567e-5) })
	f("timestamp", func(dst []byte) []byte { return AppendTimestamp(dst, 1_795_168_800_123, 1000, SQLTime, false) })
	f("date", func(dst []byte) []byte { return AppendDate(dst, 20777) })
}
