package main

import (
	"math"
	"testing"
	"time"
)

// TestTally: outputs of another order and other last digits are the same, and nothing else is.
func TestTally(t *testing.T) {
	e := newExpected()
	at := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC).UnixMilli()
	e.take("s1", 50, at)
	e.take("s1", 68, at+9_999)
	e.take("s1", 41, at+10_000)
	e.take("s1", 40, at+10_001)
	e.close()
	sum := func(rows ...string) (got tally) {
		for _, row := range rows {
			if err := got.count([]byte(row)); err != nil {
				t.Fatal(err)
			}
		}
		return got
	}
	first, second := `{"id":"s1","window_start":"2026-11-20 10:00:00","cnt":2,"a":15,"lo":10,"hi":20.00000000001}`, `{"id":"s1","window_start":1795168810000,"cnt":1,"a":5,"lo":5,"hi":5}`
	last := `{"id":"end-0","window_start":"2026-11-20 11:00:00","cnt":1,"a":5,"lo":5,"hi":5}`
	if err := sum(second, last, first).differs(e.windows); err != nil {
		t.Error(err)
	}
	for _, wrong := range [][]string{{first}, {first, first}, {first, second, second}, {first, `{"id":"s1","window_start":1795168810001,"cnt":1,"a":5,"lo":5,"hi":5}`}, {first, `{"id":"s1","window_start":1795168810000,"cnt":1,"a":5,"lo":5,"hi":5.1}`}} {
		if sum(wrong...).differs(e.windows) == nil {
			t.Errorf("%v is taken for the output", wrong)
		}
	}
	row := `{"id":"s1","c":20,"event_time":"2026-11-20 10:00:09.999"}`
	if err := sum(row, `{"id":"s1","c":5,"event_time":"2026-11-20 10:00:10"}`, `{"id":"s1","c":10,"event_time":1795168800000}`).differs(e.filtered); err != nil {
		t.Error(err)
	}
}

func TestGeometricMean(t *testing.T) {
	if got := geometricMean([]float64{2, 8, 4}); math.Abs(got-4) > 1e-12 {
		t.Errorf("the geometric mean is %f, want 4", got)
	}
}
