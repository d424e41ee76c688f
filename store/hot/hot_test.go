package hot

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func newTest(opts Options) (*Hot, *time.Time) {
	now := noon
	opts.Now = func() time.Time { return now }
	return New(opts), &now
}

func TestLatestIsByTimeNotByArrival(t *testing.T) {
	h, now := newTest(Options{Keep: time.Minute})
	h.Update("cpu", []Tag{{"host", "a"}, {"core", "0"}}, noon, 1)
	h.Update("cpu", []Tag{{"core", "0"}, {"host", "a"}}, noon.Add(-time.Second), 2)
	h.Update("cpu", []Tag{{"core", "1"}, {"host", "a"}}, noon, 3)
	h.Update("memory", nil, noon, 4)
	h.Update("old", nil, noon.Add(-2*time.Minute), 5)
	want := []Point{
		{"cpu", map[string]string{"core": "0", "host": "a"}, noon, 1},
		{"cpu", map[string]string{"core": "1", "host": "a"}, noon, 3},
	}
	if diff := cmp.Diff(want, h.Latest("cpu")); diff != "" {
		t.Error(diff)
	}
	if p, ok := h.Last("cpu", Tag{"host", "a"}, Tag{"core", "1"}); !ok || p.Value != 3 {
		t.Errorf("%v %v", p, ok)
	}
	if n := len(h.Latest()); n != 3 {
		t.Errorf("%d latest values", n)
	}
	recent := []Series{{"cpu", map[string]string{"core": "0", "host": "a"}, []time.Time{noon.Add(-time.Second), noon}, []float64{2, 1}}}
	if diff := cmp.Diff(recent, h.Recent(noon.Add(-time.Second), "cpu")[:1]); diff != "" {
		t.Error(diff)
	}
	*now = noon.Add(2 * time.Minute)
	if got := h.Latest(); len(got) != 0 {
		t.Errorf("still there: %v", got)
	}
	h.Evict()
	if st := h.Stats(); st != (Stats{Updates: 4, Evicted: 3, Late: 1}) {
		t.Errorf("%+v", st)
	}
}

func TestSeriesAreBounded(t *testing.T) {
	h, now := newTest(Options{MaxSeries: shards, Keep: time.Minute})
	for i := range 1000 {
		h.Update("m", []Tag{{"i", fmt.Sprint(i)}}, noon, 1)
	}
	st := h.Stats()
	if st.Series > shards || st.Refused != int64(1000-st.Series) {
		t.Errorf("%+v", st)
	}
	*now = noon.Add(time.Hour)
	for i := range 1000 {
		h.Update("n", []Tag{{"i", fmt.Sprint(i)}}, *now, 1)
	}
	if len(h.Latest("n")) == 0 || len(h.Latest("m")) != 0 {
		t.Error("stopped series keep new ones out")
	}
}

// TestRingAgainstModel compares the ring with a plain list of all points.
func TestRingAgainstModel(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	h, _ := newTest(Options{MaxPoints: 7, Keep: time.Hour})
	var all []point
	for range 500 {
		p := point{noon.Add(-time.Duration(rng.IntN(600)) * time.Second).UnixMicro(), rng.Float64()}
		all = append(all, p)
		h.Update("m", nil, time.UnixMicro(p.time), p.value)
		kept := all[max(0, len(all)-7):]
		newest := kept[0]
		for _, k := range kept {
			newest.time = max(newest.time, k.time)
		}
		got, ok := h.Last("m")
		if !ok || got.Time.UnixMicro() != newest.time {
			t.Fatalf("latest is of %v, want %v", got.Time, time.UnixMicro(newest.time))
		}
		if n := len(h.Recent(time.Time{}, "m")[0].Values); n != len(kept) {
			t.Fatalf("%d points, want %d", n, len(kept))
		}
	}
}

func TestConcurrentUse(t *testing.T) {
	h := New(Options{})
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := range 1000 {
				h.Update("m", []Tag{{"w", fmt.Sprint(w)}}, time.Now(), float64(i))
				if i%100 == 0 {
					h.Latest()
					h.Recent(time.Now().Add(-time.Second), "m")
					h.Evict()
				}
			}
		})
	}
	wg.Wait()
	if st := h.Stats(); st.Series != 4 || st.Updates != 4000 {
		t.Errorf("%+v", st)
	}
}

func TestUpdateAllocatesNothing(t *testing.T) {
	h, _ := newTest(Options{})
	tags := []Tag{{"host", "a"}, {"core", "1"}}
	for range 1000 {
		h.Update("m", tags, noon, 1)
	}
	if n := testing.AllocsPerRun(100, func() { h.Update("m", tags, noon, 1) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkUpdate(b *testing.B) {
	h := New(Options{})
	tags := []Tag{{"core", "1"}, {"host", "a"}}
	now := time.Now()
	b.ReportAllocs()
	for b.Loop() {
		h.Update("cpu_core_usage", tags, now, 1)
	}
}

// BenchmarkUpdateBeyondBound is a point of a series that there is no room for.
func BenchmarkUpdateBeyondBound(b *testing.B) {
	h := New(Options{MaxSeries: 50_000})
	now := time.Now()
	for i := range 60_000 {
		h.Update("m", []Tag{{"i", fmt.Sprint(i)}}, now, 1)
	}
	tags := []Tag{{"i", "another"}}
	b.ReportAllocs()
	for b.Loop() {
		h.Update("n", tags, now, 1)
	}
}
