package op

import (
	"testing"
	"time"

	"millrace/schema"
)

// TestWall compares with the time package, and at changes of a clock with what Flink was seen to do.
func TestWall(t *testing.T) {
	ltz := schema.Of(schema.TimestampLTZ).WithPrecision(3)
	at := func(text string) int64 {
		when, err := time.Parse("2006-01-02 15:04:05.999", text)
		if err != nil {
			t.Fatal(err)
		}
		return when.UnixMilli()
	}
	for _, name := range []string{"America/New_York", "Asia/Shanghai", "Asia/Kolkata", "UTC"} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		w := newWall(ltz, zone)
		for i := at("2025-12-31 00:00:00"); i < at("2027-01-02 00:00:00"); i += 1_000_003 {
			when := time.UnixMilli(i).In(zone)
			_, offset := when.Zone()
			local := w.local(i)
			if local != i+int64(offset)*1000 {
				t.Fatalf("%s: at %s the clock shows %d", name, when, local)
			}
			if first, last := w.instants(local); first != i && last != i {
				t.Fatalf("%s: the clock shows %d at %d and %d, want %d", name, local, first, last, i)
			}
		}
	}
	york, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	w := newWall(ltz, york)
	f := func(local, first, last string) {
		t.Helper()
		a, b := w.instants(at(local))
		if a != at(first) || b != at(last) {
			t.Errorf("%s is %s and %s", local, time.UnixMilli(a).UTC(), time.UnixMilli(b).UTC())
		}
	}
	f("2026-03-08 01:59:59.999", "2026-03-08 06:59:59.999", "2026-03-08 06:59:59.999")
	f("2026-03-08 02:30:00", "2026-03-08 07:30:00", "2026-03-08 07:00:00") // skipped
	f("2026-03-08 03:00:00", "2026-03-08 07:00:00", "2026-03-08 07:00:00")
	f("2026-11-01 00:59:59.999", "2026-11-01 04:59:59.999", "2026-11-01 04:59:59.999")
	f("2026-11-01 01:30:00", "2026-11-01 05:30:00", "2026-11-01 06:30:00") // twice
	f("2026-11-01 02:00:00", "2026-11-01 07:00:00", "2026-11-01 07:00:00")
	w = newWall(schema.Of(schema.Timestamp).WithPrecision(3), york)
	f("2026-03-08 02:30:00", "2026-03-08 02:30:00", "2026-03-08 02:30:00")
}
