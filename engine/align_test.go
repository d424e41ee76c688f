package engine

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"millrace/connector"
)

const aligned = ", 'scan.watermark.alignment.group' = 'g', 'scan.watermark.alignment.max-drift' = '10 s', 'scan.watermark.alignment.update-interval' = '1 s'"

// TestAlignedSplits reads splits of different density, one of which ends early, with checkpoints all the while:
// none begins a step while it is further ahead than allowed, and all come to their end.
func TestAlignedSplits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &feed{splits: map[string][]step{}}
		want := 0
		for split, by := range map[string]int64{"0": 30_000, "1": 1_000, "2": 7_000} {
			for ts := by; ts <= 210_000 && (split != "2" || ts < 100_000); ts += by {
				f.splits[split] = append(f.splits[split], step{{ts, split, 1}})
				want++
			}
		}
		var mu sync.Mutex
		at := map[string]int{"0": 0, "1": 0, "2": 0}
		f.before = func(ctx context.Context, split string, step int) error {
			if err := pause(ctx, 10*time.Millisecond); err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			at[split] = step
			if step == 0 {
				return nil
			}
			mine := f.splits[split][step-1][0].ts
			for other, n := range at {
				// What the other is about to read it may have read and told since.
				if steps := f.splits[other]; n < len(steps) && mine > steps[n][0].ts+10_000 {
					return fmt.Errorf("split %s reads on at %d, split %s is at %d", split, mine, other, steps[n][0].ts)
				}
			}
			return nil
		}
		s := setUp(t, f, aligned, windowColumns, windows)
		s.spec.Settings.Checkpoint = 5 * time.Millisecond
		j := NewJob(s.env, s.spec)
		if err := j.RunOnce(t.Context()); err != nil {
			t.Fatal(err)
		}
		if st := j.Status(); st.RecordsIn != int64(want) || st.Late != 0 {
			t.Errorf("status is %+v, want %d records", st, want)
		}
	})
}

// TestAlignedSplitsIdle has a split that is silent: it is waited for until it is idle, or for as long as it lasts
// without a timeout, and a job that waits can be stopped.
func TestAlignedSplitsIdle(t *testing.T) {
	f := func(name, options string, idle bool) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				in := &feed{splits: map[string][]step{
					"0": {{{1_000, "a", 1}}, {{25_000, "a", 2}}, {{45_000, "a", 4}}},
					"1": {{{2_000, "b", 8}}},
				}}
				in.lag = func(split string, at int) int64 { return int64(len(in.splits[split]) - at) }
				s := setUp(t, in, ", 'follow' = 'true'"+aligned+options, windowColumns, windows)
				s.spec.Settings.Checkpoint = time.Second
				ctx, cancel := context.WithCancel(t.Context())
				ended := make(chan error)
				j := NewJob(s.env, s.spec)
				go func() { ended <- j.Run(ctx) }()
				time.Sleep(3500 * time.Millisecond)
				if st := j.Status(); !st.Splits[0].Waiting || st.Splits[0].Lag != 1 || st.Checkpoint.Epoch == 0 {
					t.Errorf("before the timeout: status is %+v", st)
				}
				time.Sleep(10 * time.Second)
				if st := j.Status(); st.Splits[0].Waiting == idle || (st.Splits[0].Lag == 0) != idle {
					t.Errorf("after the timeout: status is %+v", st)
				}
				cancel()
				if err := <-ended; err != nil {
					t.Error(err)
				}
			})
		})
	}
	f("with a timeout", ", 'scan.watermark.idle-timeout' = '5 s'", true)
	f("without one", "", false)
}

func TestAlignmentOptions(t *testing.T) {
	for _, options := range []string{"'scan.watermark.alignment.group' = 'g'", "'scan.watermark.alignment.max-drift' = '1 s'"} {
		text := fmt.Sprintf(tableE, ", "+options, windowColumns) + windows
		if _, err := planned([]connector.Spec{worked().spec(), sink(&testLedger{})}, text); err == nil || !strings.Contains(err.Error(), "must both be set") {
			t.Errorf("%s: error %v", options, err)
		}
	}
}
