package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"millrace/connector"
	"millrace/fault"
)

// pause waits, unless ctx ends first.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// worked is the input that most tests use: two keys in three windows of 10 s, one row late.
func worked() *feed {
	return &feed{splits: map[string][]step{"0": {
		{{1_000, "a", 1}, {4_000, "b", 2}}, {{11_000, "a", 4}}, {{3_000, "a", 100}, {12_000, "a", 8}}, {{21_000, "b", 16}},
	}}}
}

var workedRows = []string{"0 a 1", "0 b 2", "10000 a 12", "20000 b 16"}

func TestRunsToItsEnd(t *testing.T) {
	s := setUp(t, worked(), "", windowColumns, windows)
	j := NewJob(s.env, s.spec)
	if err := j.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.want(t, workedRows...)
	st := j.Status()
	if st.State != Finished || st.RecordsIn != 6 || st.RecordsOut != 4 || st.Late != 1 || st.Restarts != 0 || st.Lag != 0 {
		t.Errorf("status is %+v", st)
	}
}

// TestRestarts breaks a job in several places and expects exactly the rows of an unbroken one.
func TestRestarts(t *testing.T) {
	f := func(name string, breaks func(s *setting, f *feed, broken *atomic.Bool)) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var broken atomic.Bool
				f := worked()
				s := setUp(t, f, "", windowColumns, windows)
				s.spec.Settings.Checkpoint = 10 * time.Millisecond
				// A checkpoint behind each step: half the input is committed before it breaks.
				breaks(s, f, &broken)
				before := f.before
				f.before = func(ctx context.Context, split string, at int) error {
					if err := pause(ctx, 25*time.Millisecond); err != nil || before == nil {
						return err
					}
					return before(ctx, split, at)
				}
				j := NewJob(s.env, s.spec)
				if err := j.Run(t.Context()); err != nil {
					t.Fatal(err)
				}
				s.want(t, workedRows...)
				if st := j.Status(); st.Restarts != 1 || st.State != Finished || !broken.Load() {
					t.Errorf("status is %+v", st)
				}
				if s.ledger.closed != 2 {
					t.Errorf("the ledger was closed %d times", s.ledger.closed)
				}
			})
		})
	}
	f("a reader panics", func(_ *setting, f *feed, broken *atomic.Bool) {
		f.before = func(_ context.Context, _ string, at int) error {
			if at == 3 && broken.CompareAndSwap(false, true) {
				panic("a bug in the source")
			}
			return nil
		}
	})
	f("a writer panics", func(s *setting, _ *feed, broken *atomic.Bool) {
		writes := 0
		s.ledger.writing = func(context.Context) error {
			if writes++; writes == 2 && broken.CompareAndSwap(false, true) {
				panic("a bug in the sink")
			}
			return nil
		}
	})
	f("a reader loses its system", func(_ *setting, f *feed, broken *atomic.Bool) {
		f.before = func(_ context.Context, _ string, at int) error {
			if at == 2 && broken.CompareAndSwap(false, true) {
				return fault.New(fault.Unavailable, "read feed: connection refused")
			}
			return nil
		}
	})
	f("a commit fails", func(s *setting, _ *feed, broken *atomic.Bool) {
		s.ledger.committing = func(e *Epoch) error {
			if e.Number == 2 && broken.CompareAndSwap(false, true) {
				return errors.New("the broker is away")
			}
			return nil
		}
	})
	f("the last commit fails", func(s *setting, _ *feed, broken *atomic.Bool) {
		s.ledger.committing = func(e *Epoch) error {
			if e.Finished && broken.CompareAndSwap(false, true) {
				return errors.New("the broker is away")
			}
			return nil
		}
	})
}

// TestWaitsBetweenRestarts looks at the clock while a dependency is away.
func TestWaitsBetweenRestarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := worked()
		s := setUp(t, f, "", windowColumns, windows)
		var tries []time.Time
		f.before = func(context.Context, string, int) error {
			if tries = append(tries, time.Now()); len(tries) < 12 {
				return fault.New(fault.Unavailable, "read feed: connection refused")
			}
			return nil
		}
		j := NewJob(s.env, s.spec)
		if err := j.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		wait := firstWait
		for i := range 11 {
			if got := tries[i+1].Sub(tries[i]); got < wait/2 || got > wait*3/2 {
				t.Errorf("wait %d is %s, want %s, give or take half", i, got, wait)
			}
			wait = min(2*wait, lastWait)
		}
		s.want(t, workedRows...)
	})
}

func TestStopsWhileWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := worked()
		f.before = func(context.Context, string, int) error { return fault.New(fault.Unavailable, "read feed: away") }
		s := setUp(t, f, "", windowColumns, windows)
		j := NewJob(s.env, s.spec)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- j.Run(ctx) }()
		synctest.Wait()
		if st := j.Status(); st.State != Restarting || st.Error != "read feed: away" || st.Restarts != 1 {
			t.Errorf("status is %+v", st)
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if st := j.Status(); st.State != Paused {
			t.Errorf("state is %s", st.State)
		}
	})
}

// TestDoesNotRestart expects a job to fail at once where trying again cannot help.
func TestDoesNotRestart(t *testing.T) {
	for _, kind := range []fault.Kind{fault.Invalid, fault.NotFound, fault.Conflict, fault.Denied, fault.Corrupt} {
		f := worked()
		f.before = func(_ context.Context, _ string, at int) error {
			if at == 1 {
				return fmt.Errorf("read feed: %w", fault.New(kind, "no").WithHint("do otherwise"))
			}
			return nil
		}
		s := setUp(t, f, "", windowColumns, windows)
		j := NewJob(s.env, s.spec)
		if err := j.Run(t.Context()); fault.KindOf(err) != kind {
			t.Errorf("%v: the job ends with %v", kind, err)
		}
		if st := j.Status(); st.State != Failed || st.Restarts != 0 || st.Error != "read feed: no" || st.Hint != "do otherwise" {
			t.Errorf("%v: status is %+v", kind, st)
		}
		s.want(t)
	}
}

func TestAnotherPlanIsRefused(t *testing.T) {
	s := setUp(t, worked(), "", windowColumns, windows)
	s.ledger.epochs = []Epoch{{Job: "test", Number: 7, PlanHash: "of another plan"}}
	if err := NewJob(s.env, s.spec).Run(t.Context()); fault.KindOf(err) != fault.Conflict {
		t.Errorf("the job ends with %v", err)
	}
}

// interrupted runs a job until the splits stand at the given steps, commits there and stops it.
func (s *setting) interrupted(t *testing.T, f *feed, steps map[string]int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	f.before = func(ctx context.Context, split string, at int) error {
		if step, ok := steps[split]; ok && at == step {
			<-ctx.Done()
			return context.Cause(ctx)
		}
		return nil
	}
	s.spec.Settings.Checkpoint = time.Millisecond
	s.ledger.committing = func(e *Epoch) error {
		for split, step := range steps {
			if e.Sources["e/"+split].Offset != connector.Offset(strconv.Itoa(step)) {
				return nil
			}
		}
		cancel()
		return nil
	}
	if err := NewJob(s.env, s.spec).Run(ctx); err != nil {
		t.Fatal(err)
	}
	f.before, s.ledger.committing = nil, nil
}

func TestDamagedSnapshotIsCorrupt(t *testing.T) {
	damage := map[string]func(path string) error{
		"a flipped bit": func(path string) error {
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			data[len(data)/2] ^= 4
			return os.WriteFile(path, data, 0o644)
		},
		"cut off": func(path string) error { return os.Truncate(path, 20) },
		"gone":    os.Remove,
		"empty":   func(path string) error { return os.Truncate(path, 0) },
	}
	for name, f := range damage {
		t.Run(name, func(t *testing.T) {
			in := worked()
			s := setUp(t, in, "", windowColumns, windows)
			s.interrupted(t, in, map[string]int{"0": 2})
			last := s.ledger.epochs[len(s.ledger.epochs)-1]
			path := filepath.Join(s.stateDir, last.Snapshot)
			if err := f(path); err != nil {
				t.Fatal(err)
			}
			j := NewJob(s.env, s.spec)
			if err := j.Run(t.Context()); fault.KindOf(err) != fault.Corrupt || fault.HintOf(err) == "" {
				t.Errorf("the job ends with %v", err)
			}
		})
	}
}

// TestOnlyTheLastSnapshotIsKept looks into the folder behind several checkpoints.
func TestOnlyTheLastSnapshotIsKept(t *testing.T) {
	f := worked()
	s := setUp(t, f, "", windowColumns, windows)
	s.interrupted(t, f, map[string]int{"0": 3})
	entries, err := os.ReadDir(s.stateDir)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 1 && (len(entries) != 2 || len(s.ledger.epochs) < 2) {
		t.Errorf("%d files are left", len(entries))
	}
}

// TestAnotherParallelism goes on with 3 and then 2 tasks where 1 was, in the middle of open windows.
func TestAnotherParallelism(t *testing.T) {
	f := &feed{splits: map[string][]step{"0": nil, "1": nil}}
	const steps, keys = 12, 40
	want := map[string]int64{}
	for i := range steps {
		for split := range f.splits {
			var st step
			for k := range keys {
				e := event{ts: int64(i) * 4_000, k: fmt.Sprint("key", k), v: int64(i*keys + k)}
				want[fmt.Sprintf("%d %s", e.ts/10_000*10_000, e.k)] += e.v
				st = append(st, e)
			}
			f.splits[split] = append(f.splits[split], st)
		}
	}
	s := setUp(t, f, "", windowColumns, windows)
	for i, parallelism := range []int{1, 3, 2} {
		s.spec.Settings.Parallelism = parallelism
		s.interrupted(t, f, map[string]int{"0": 3 * (i + 1), "1": 2 * (i + 1)})
	}
	s.spec.Settings.Parallelism = 5
	if err := NewJob(s.env, s.spec).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	var rows []string
	for k, v := range want {
		rows = append(rows, fmt.Sprint(k, " ", v))
	}
	s.want(t, rows...)
}

// TestQuietSplitAfterRestart has a split that gave all its records before the restart: it must not hold
// the window of the other back, for it had come further.
func TestQuietSplitAfterRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &feed{splits: map[string][]step{
			"0": {{{1_000, "a", 1}}, {{2_000, "a", 2}}, {{15_000, "a", 4}}},
			"1": {{{25_000, "b", 8}}},
		}}
		s := setUp(t, f, ", 'follow' = 'true'", windowColumns, windows)
		s.interrupted(t, f, map[string]int{"0": 2, "1": 1})
		s.want(t)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		s.spec.Settings.Checkpoint = time.Second
		go func() { ended <- NewJob(s.env, s.spec).Run(ctx) }()
		time.Sleep(5 * time.Second)
		s.want(t, "0 a 3")
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// TestIdleSplits pins when a split that is silent holds event time back: always while records wait at its
// source, else until the timeout.
func TestIdleSplits(t *testing.T) {
	f := func(name, options string, waiting int64, fires bool) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				in := &feed{splits: map[string][]step{
					"0": {{{1_000, "a", 1}}, {{25_000, "a", 2}}},
					"1": {{{2_000, "b", 4}}},
				}}
				in.lag = func(split string, at int) int64 {
					if split == "1" && at == 1 {
						return waiting
					}
					return 0
				}
				s := setUp(t, in, ", 'follow' = 'true'"+options, windowColumns, windows)
				s.spec.Settings.Checkpoint = time.Second
				ctx, cancel := context.WithCancel(t.Context())
				ended := make(chan error)
				j := NewJob(s.env, s.spec)
				go func() { ended <- j.Run(ctx) }()
				time.Sleep(4 * time.Second)
				s.want(t)
				time.Sleep(time.Minute)
				if fires {
					s.want(t, "0 a 1", "0 b 4")
				} else {
					s.want(t)
				}
				if idle := j.Status().Splits[1].Idle; idle != fires {
					t.Errorf("the silent split is idle: %v", idle)
				}
				cancel()
				if err := <-ended; err != nil {
					t.Error(err)
				}
			})
		})
	}
	const timeout = ", 'scan.watermark.idle-timeout' = '5 s'"
	f("no timeout", "", 0, false)
	f("silent for longer than the timeout", timeout, 0, true)
	f("records wait at the source", timeout, 3, false)
}

// TestIdleSplitWakes lets an idle split go on: what it brings is late if its window has fired, and its
// watermark counts again.
func TestIdleSplitWakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wake := map[string]*atomic.Bool{"0": {}, "1": {}}
		in := &feed{splits: map[string][]step{
			"0": {{{1_000, "a", 1}}, {{25_000, "a", 2}}, {{45_000, "a", 32}}},
			"1": {{{2_000, "b", 4}}, {{3_000, "b", 8}, {26_000, "b", 16}}},
		}}
		in.lag = func(string, int) int64 { return 0 }
		s := setUp(t, in, ", 'follow' = 'true', 'scan.watermark.idle-timeout' = '5 s'", windowColumns, windows)
		in.before = func(ctx context.Context, split string, at int) error {
			if (split == "1" && at == 1 || split == "0" && at == 2) && !wake[split].Load() {
				return errQuiet
			}
			return nil
		}
		s.spec.Settings.Checkpoint = time.Second
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		j := NewJob(s.env, s.spec)
		go func() { ended <- j.Run(ctx) }()
		time.Sleep(20 * time.Second)
		s.want(t, "0 a 1", "0 b 4")
		wake["1"].Store(true)
		time.Sleep(time.Second)
		wake["0"].Store(true)
		time.Sleep(2 * time.Second)
		s.want(t, "0 a 1", "0 b 4")
		if st := j.Status(); st.Late != 1 || st.Watermark != "1970-01-01T00:00:26.000Z" {
			t.Errorf("status is %+v", st)
		}
		time.Sleep(4 * time.Second) // all splits are idle: none holds the other back
		s.want(t, "0 a 1", "0 b 4", "20000 a 2", "20000 b 16")
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}
