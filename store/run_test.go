package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"millrace/fault"
)

func TestSpans(t *testing.T) {
	f := func(want string, times ...string) {
		t.Helper()
		var micros []int64
		for _, s := range times {
			at, err := time.Parse("2006-01-02 15:04", s)
			if err != nil {
				t.Fatal(err)
			}
			micros = append(micros, at.UnixMicro())
		}
		var got []string
		for _, sp := range spans(micros) {
			got = append(got, fmt.Sprintf("%s:%d", sp.name, sp.upto-sp.from))
		}
		if s := strings.Join(got, " "); s != want {
			t.Errorf("%v: %s, want %s", times, s, want)
		}
	}
	f("2026-11-23:1", "2026-11-23 00:00")
	f("2026-11-23:2 2026-11-24:1", "2026-11-23 00:00", "2026-11-23 23:59", "2026-11-24 00:00")
	f("1969-12-31:1 1970-01-01:1", "1969-12-31 23:59", "1970-01-01 00:00")
	var days, months, years []string
	for i := range 20 {
		days = append(days, fmt.Sprintf("2026-11-%02d 12:00", i+1))
		months = append(months, fmt.Sprintf("%d-%02d-11 12:00", 2020+i/12, i%12+1))
		years = append(years, fmt.Sprintf("%d-01-11 12:00", 2000+i))
	}
	f("2026-11:20", days...)
	f("2020:12 2021:8", months...)
	f(":20", years...)
}

func TestMergeTiers(t *testing.T) {
	s := &Store{opts: testOptions()}
	s.opts.fillIn()
	f := func(past bool, quietFor time.Duration, want []int64, rows ...int64) {
		t.Helper()
		var parts []*part
		for i, n := range rows {
			p := newPart("", partRecord{ID: uint64(i), fileRecord: fileRecord{Rows: n, Bytes: n * 10}}, nil)
			p.since = noon.Add(-quietFor)
			parts = append(parts, p)
		}
		var got []int64
		for _, p := range s.choose(parts, past) {
			got = append(got, p.Rows)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%v: %s", rows, diff)
		}
	}
	f(false, 0, nil)
	f(false, 0, nil, 1, 1, 1, 1, 1, 1, 1)
	f(false, 0, []int64{1, 1, 1, 1, 1, 1, 1, 2}, 1, 1, 2, 1, 1, 1, 1, 1)
	f(false, 0, []int64{1, 1, 1, 1, 1, 1, 1, 30_000}, 30_000, 1, 1, 1, 1, 1, 1, 1)
	f(false, 0, nil, 40_000, 1, 1, 1, 1, 1, 1, 1)
	f(false, 0, []int64{40_000, 40_000, 40_000, 40_000, 40_000, 40_000, 40_000, 40_000}, 1, 40_000, 40_000, 40_000, 40_000, 40_000, 40_000, 40_000, 40_000)
	f(true, time.Minute, nil, 1, 1)
	f(true, time.Hour, nil, 1)
	f(true, time.Hour, []int64{1, 1}, 1, 1)
	f(true, time.Hour, []int64{1, 30_000, 100_000}, 1, 30_000, 100_000)
	f(true, time.Hour, []int64{1, 2}, 1, 2, 10_000_000)
	f(true, time.Hour, nil, 26_000_000, 26_000_000) // within MergeBytes each, not together
	f(true, time.Hour, []int64{10_000_000, 16_000_000}, 16_000_000, 10_000_000, 28_000_000)
}

// waitFor polls until ok holds.
func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
		runtime.Gosched()
	}
}

// run starts Run and returns what stops it and closes the store.
func run(t *testing.T, s *Store) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- s.Run(ctx) }()
	return func() {
		t.Helper()
		cancel()
		if err := errors.Join(<-done, s.Close()); err != nil {
			t.Error(err)
		}
	}
}

func TestRunFlushesMergesAndRetains(t *testing.T) {
	var clock atomic.Int64
	s, err := Open(t.TempDir(), Options{
		FlushEvery: time.Millisecond, MergeEvery: time.Millisecond,
		Retention: map[string]time.Duration{"": 36 * time.Hour, "kept": 0},
		Now:       func() time.Time { return noon.Add(time.Duration(clock.Load())) },
	})
	if err != nil {
		t.Fatal(err)
	}
	stop := run(t, s)
	for hour := range int64(5 * 24) {
		clock.Store(hour * int64(time.Hour))
		var p PointBuffer
		for _, name := range []string{"m", "kept"} {
			if err := p.Add(name, noon.Add(time.Duration(clock.Load())), 1, nil, hour); err != nil {
				t.Fatal(err)
			}
		}
		mustAppend(t, s, hour, hour+1, p.Groups()...)
		waitFor(t, "a flush", func() bool { upto, _ := s.Covered("metrics", 0); return upto == hour+1 })
	}
	waitFor(t, "the last merge", func() bool { st := s.Stats(); return st.Parts <= 6+3+2*mergeFan && st.RowsTrimmed > 0 })
	stop()
	st := s.Stats()
	byName := map[string]int64{}
	for _, m := range s.Measurements() {
		byName[m.Name] = m.Rows
	}
	// A part of a day goes when all of the day is old: between 36 and 60 hours are left.
	if byName["kept"] != 120 || byName["m"] < 36 || byName["m"] > 61 || byName["m"]+st.RowsTrimmed != 120 {
		t.Errorf("%v; %+v", byName, st)
	}
	if files, err := os.ReadDir(filepath.Join(s.dir, partsDir)); err != nil || len(files) != st.Parts+st.Rollups {
		t.Errorf("%d files, %v; %d parts, %d rollups", len(files), err, st.Parts, st.Rollups)
	}
}

func TestAppendWaitsForRoom(t *testing.T) {
	s, err := Open(t.TempDir(), Options{FlushRows: 10, FlushEvery: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 4 {
		mustAppend(t, s, int64(i)*10, int64(i)*10+10, cpu("a", i*10, make([]float64, 10)...))
	}
	short, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	err = s.Append(short, Range{"metrics", 0, 40, 50}, []Group{cpu("a", 40, 1)})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("append to a full head: %v", err)
	}
	stop := run(t, s)
	for i := 4; i < 100; i++ {
		mustAppend(t, s, int64(i)*10, int64(i)*10+10, cpu("a", i*10, make([]float64, 10)...))
	}
	stop()
	if st := s.Stats(); st.Rows != 1000 || st.HeadRows != 0 || st.AppendWaits == 0 {
		t.Errorf("%+v", st)
	}
}

func TestTrimKeepsWhatIsReadAndWhatReachesBeyond(t *testing.T) {
	s := open(t, t.TempDir())
	for i := range int64(3) {
		mustAppend(t, s, i*2, i*2+2, cpu("a", int(i)*2, 1, 2))
		mustFlush(t, s)
	}
	snap, err := s.find("cpu_usage")
	if err != nil {
		t.Fatal(err)
	}
	if rows, err := s.Trim("cpu_usage", noon.Add(3*time.Second)); rows != 2 || err != nil {
		t.Errorf("%d rows, %v", rows, err)
	}
	files := func() int {
		got, err := filepath.Glob(filepath.Join(s.dir, partsDir, "*.parquet"))
		if err != nil {
			t.Fatal(err)
		}
		return len(got)
	}
	if n := files(); n != 3 {
		t.Errorf("%d files while a reader has them", n)
	}
	s.release([]*snapshot{snap})
	if n := files(); n != 2 {
		t.Errorf("%d files after", n)
	}
	if got := mustQuery(t, s, "SELECT count(*) FROM cpu_usage"); got[0][0] != int64(4) {
		t.Error(got)
	}
	if rows, err := s.Trim("nothing", noon); rows != 0 || err != nil {
		t.Errorf("%d rows, %v", rows, err)
	}
}

func TestForgetCountsOffsetsFromNothing(t *testing.T) {
	s := open(t, t.TempDir())
	mustAppend(t, s, 0, 2, cpu("a", 0, 1, 2))
	if err := s.Forget(context.Background(), "metrics"); err != nil {
		t.Fatal(err)
	}
	if _, ok := s.Covered("metrics", 0); ok {
		t.Error("still covered")
	}
	mustAppend(t, s, 0, 1, cpu("a", 5, 3))
	mustFlush(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if rows, covered, err := reopen(s.dir); rows != 3 || covered != 1 || err != nil {
		t.Errorf("%d rows, covered %d, %v", rows, covered, err)
	}
}

func TestScrubFindsDamage(t *testing.T) {
	s := open(t, filled(t))
	p := s.measurements["cpu_usage"].parts[1]
	data, err := os.ReadFile(p.raw.path)
	if err != nil {
		t.Fatal(err)
	}
	mustQuery(t, s, "FROM cpu_usage")
	data[len(data)/2] ^= 1
	if err := os.WriteFile(p.raw.path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	s.scrub(context.Background(), true)
	if diff := cmp.Diff([]string{p.File}, s.Stats().Damaged); diff != "" {
		t.Error(diff)
	}
	if err := s.Ready(); !errors.Is(err, fault.Corrupt) {
		t.Error(err)
	}
	if _, err := s.Query(context.Background(), "FROM cpu_usage", QueryLimits{}); !errors.Is(err, fault.Corrupt) {
		t.Error(err)
	}
}

func TestWornEngineIsReplaced(t *testing.T) {
	opts := testOptions()
	opts.Queries = 1
	s, err := Open(t.TempDir(), opts)
	if err != nil {
		t.Fatal(err)
	}
	mustAppend(t, s, 0, 2, cpu("a", 0, 1, 2))
	mustQuery(t, s, "FROM cpu_usage")
	e := <-s.engines.free
	e.made = wornAt + 1
	s.engines.free <- e
	mustQuery(t, s, "FROM cpu_usage")
	if again := <-s.engines.free; again != nil {
		t.Error("the engine was kept")
	}
	s.engines.free <- nil
	mustQuery(t, s, "FROM cpu_usage")
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
