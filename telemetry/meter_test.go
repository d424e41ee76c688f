package telemetry

import (
	"math"
	"sync"
	"testing"
	"time"
)

func TestMeterRateOverAWindow(t *testing.T) {
	m := NewMeter()
	f := func(at time.Duration, want float64) {
		t.Helper()
		if got := m.rateAt(at); math.Abs(got-want) > 1e-9 {
			t.Errorf("rate at %v is %v, want %v", at, got, want)
		}
	}
	f(0, 0)
	for at := time.Duration(0); at < 10*time.Second; at += 100 * time.Millisecond {
		m.addAt(at, 10)
	}
	f(10*time.Second, 100)
	f(12*time.Second, 60) // three of the last five seconds
	f(15*time.Second, 0)
	f(time.Hour, 0)
	if m.Total() != 1000 {
		t.Errorf("total %d", m.Total())
	}
}

func TestYoungMeterDividesByItsAge(t *testing.T) {
	m := NewMeter()
	m.addAt(0, 50)
	m.addAt(300*time.Millisecond, 50)
	if got := m.rateAt(time.Second); got != 100 {
		t.Errorf("rate %v, want 100", got)
	}
}

func TestMetersCountEverythingConcurrently(t *testing.T) {
	m, l := NewMeter(), NewLatency()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := range 2000 {
				m.addAt(time.Duration(i)*time.Millisecond, 1)
				l.observeAt(time.Duration(i)*time.Millisecond, time.Millisecond, 1)
			}
		})
	}
	wg.Wait()
	if m.Total() != 16000 || l.figuresAt(2*time.Second).Count != 16000 {
		t.Errorf("total %d, observed %d", m.Total(), l.figuresAt(2*time.Second).Count)
	}
	if got := m.rateAt(2 * time.Second); got != 8000 {
		t.Errorf("rate %v, want 8000", got)
	}
}

func TestLatencyPercentiles(t *testing.T) {
	l := NewLatency()
	for i := 1; i <= 1000; i++ {
		l.observeAt(time.Second, time.Duration(i)*time.Millisecond, 1)
	}
	got := l.figuresAt(2 * time.Second)
	near := func(name string, got, want time.Duration) {
		t.Helper()
		if math.Abs(float64(got-want)) > 0.07*float64(want) {
			t.Errorf("%s is %v, want about %v", name, got, want)
		}
	}
	near("mean", got.Mean, 500*time.Millisecond)
	near("p50", got.P50, 500*time.Millisecond)
	near("p95", got.P95, 950*time.Millisecond)
	near("p99", got.P99, 990*time.Millisecond)
	if got := l.figuresAt(62 * time.Second).Count; got != 1000 {
		t.Errorf("after a minute %d are left, want all", got)
	}
	if got := l.figuresAt(70 * time.Second); got != (LatencyFigures{}) {
		t.Errorf("after 70 s: %+v", got)
	}
	l.observeAt(66*time.Second, time.Second, 3) // the slot of the first second, anew
	if got := l.figuresAt(66 * time.Second); got.Count != 3 {
		t.Errorf("count %d, want 3", got.Count)
	}
}

func TestLatencyTakesAnyDuration(t *testing.T) {
	l := NewLatency()
	for _, d := range []time.Duration{-time.Second, 0, 1, time.Microsecond, 15 * time.Microsecond, 16 * time.Microsecond, math.MaxInt64} {
		l.Observe(d)
	}
	if got := l.Figures(); got.Count != 7 || got.P50 < 0 {
		t.Errorf("%+v", got)
	}
	last := -1
	for micros := uint64(0); micros < 1<<20; micros++ {
		b := bucketOf(micros)
		if b < last || b > last+1 {
			t.Fatalf("bucket of %d is %d after %d", micros, b, last)
		}
		last = b
		if v := bucketValue(b); math.Abs(v-float64(micros)) > 1+float64(micros)*0.065 {
			t.Fatalf("bucket of %d stands for %v", micros, v)
		}
	}
}

func TestMeteringAllocatesNothing(t *testing.T) {
	m, l := NewMeter(), NewLatency()
	if n := testing.AllocsPerRun(100, func() { m.Add(3); l.Observe(time.Millisecond); m.Rate(); l.Figures() }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkMeterAdd(b *testing.B) {
	m := NewMeter()
	b.ReportAllocs()
	for b.Loop() {
		m.Add(1)
	}
}

func BenchmarkLatencyObserve(b *testing.B) {
	l := NewLatency()
	b.ReportAllocs()
	for b.Loop() {
		l.Observe(time.Millisecond)
	}
}
