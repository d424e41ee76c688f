package redis

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"millrace/fault"
	"millrace/store/hot"
)

// replica is one process's values, shared through a server.
type replica struct {
	*Hot
	local *hot.Hot
	stop  func()
}

func newReplica(t *testing.T, cfg Config) *replica {
	t.Helper()
	local := hot.New(hot.Options{Track: true, Keep: cfg.Keep})
	cfg.Every = 10 * time.Millisecond
	h, err := Open(cfg, local)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- h.Run(ctx) }()
	r := &replica{Hot: h, local: local}
	r.stop = func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		done <- context.Canceled
	}
	t.Cleanup(r.stop)
	return r
}

func (r *replica) update(metric, host string, at time.Time, value float64) {
	r.local.Update(metric, []hot.Tag{{Name: "host", Value: host}}, at, value)
}

func (r *replica) waitWritten(t *testing.T) {
	t.Helper()
	eventually(t, "everything is written", func() bool { return r.Reachable() == nil && r.Stats().Queued == 0 && r.Stats().Written > 0 })
}

func TestReplicasShareValues(t *testing.T) {
	srv := startRedis(t)
	now := time.Now().UTC().Truncate(time.Microsecond)
	a, b := newReplica(t, Config{Address: srv.addr}), newReplica(t, Config{Address: srv.addr})
	odd := "ü &=%{}\n"
	for i := range 5 {
		a.update("cpu", odd, now.Add(time.Duration(i)*time.Second), float64(i))
	}
	b.update("cpu", "b", now, 10)
	b.update("memory", "b", now, 20)
	a.waitWritten(t)
	b.waitWritten(t)
	want := []hot.Point{
		{Metric: "cpu", Tags: map[string]string{"host": "b"}, Time: now, Value: 10},
		{Metric: "cpu", Tags: map[string]string{"host": odd}, Time: now.Add(4 * time.Second), Value: 4},
		{Metric: "memory", Tags: map[string]string{"host": "b"}, Time: now, Value: 20},
	}
	for _, r := range []*replica{a, b} {
		if diff := cmp.Diff(want, r.Latest()); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(want[:2], r.Latest("cpu", "unknown")); diff != "" {
			t.Error(diff)
		}
		if p, ok := r.Last("cpu", hot.Tag{Name: "host", Value: odd}); !ok || p.Value != 4 {
			t.Errorf("last: %v %v", p, ok)
		}
		if p, ok := r.Last("cpu", hot.Tag{Name: "host", Value: "none"}); ok {
			t.Errorf("last of nobody: %v", p)
		}
		recent := r.Recent(now.Add(2*time.Second), "cpu")
		if len(recent) != 1 || !cmp.Equal(recent[0].Values, []float64{2, 3, 4}) {
			t.Errorf("recent: %v", recent)
		}
	}
	if st := b.Stats(); st.Written != 2 || st.Errors != 0 || st.Missed != 0 || st.Reads != 5 {
		t.Errorf("%+v", st)
	}
}

func TestOlderNeverReplacesNewer(t *testing.T) {
	srv := startRedis(t)
	now := time.Now().UTC().Truncate(time.Microsecond)
	a, b := newReplica(t, Config{Address: srv.addr, MaxPoints: 3}), newReplica(t, Config{Address: srv.addr, MaxPoints: 3})
	a.update("cpu", "x", now, 2)
	a.waitWritten(t)
	for i := range 10 {
		b.update("cpu", "x", now.Add(-time.Duration(i+1)*time.Second), 1)
	}
	b.waitWritten(t)
	c := newReplica(t, Config{Address: srv.addr})
	eventually(t, "a third replica reads", func() bool { return c.Reachable() == nil })
	if p := c.Latest("cpu"); len(p) != 1 || p[0].Value != 2 || !p[0].Time.Equal(now) {
		t.Errorf("latest: %v", p)
	}
	if s := c.Recent(time.Time{}, "cpu"); len(s) != 1 || len(s[0].Times) != 3 || s[0].Values[2] != 2 {
		t.Errorf("recent: %v", s)
	}
}

// TestRedisGoesAwayAndComesBack stops the server under load, twice: it comes back empty, and all series
// are there again, also those that had nothing since.
func TestRedisGoesAwayAndComesBack(t *testing.T) {
	srv := startRedis(t)
	r := newReplica(t, Config{Address: srv.addr})
	const series = 2500
	base := time.Now().UTC().Truncate(time.Microsecond)
	put := func(round, upto int) {
		for i := range upto {
			r.update("m", fmt.Sprint(i), base.Add(time.Duration(round)*time.Millisecond), float64(round))
		}
	}
	other := newReplica(t, Config{Address: srv.addr})
	for outage := range 2 {
		put(10*outage, series)
		r.waitWritten(t)
		srv.stop()
		put(10*outage+1, series/2)
		eventually(t, "it is noticed", func() bool { return r.Reachable() != nil })
		if !errors.Is(r.Reachable(), fault.Unavailable) {
			t.Error(r.Reachable())
		}
		put(10*outage+2, series/2)
		// Readers have what this process has, and do not wait.
		if p := r.Latest("m"); len(p) != series || r.Stats().Missed == 0 {
			t.Fatalf("%d series while redis is away; %+v", len(p), r.Stats())
		}
		srv.start()
		r.waitWritten(t)
		eventually(t, "the other replica sees all", func() bool { return other.Reachable() == nil && len(other.Latest("m")) == series })
		for _, p := range other.Latest("m") {
			want := 10 * outage
			if n := 0; must(fmt.Sscan(p.Tags["host"], &n)) == 1 && n < series/2 {
				want += 2
			}
			if p.Value != float64(want) {
				t.Fatalf("%v: want %d", p, want)
			}
		}
	}
	if st := r.Stats(); st.Dropped != 0 || st.Fills < 3 || st.Errors == 0 {
		t.Errorf("%+v", st)
	}
}

// TestHungRedisHoldsNobodyUp freezes the server: no reader waits longer than its timeout.
func TestHungRedisHoldsNobodyUp(t *testing.T) {
	srv := startRedis(t)
	r := newReplica(t, Config{Address: srv.addr, Timeout: 300 * time.Millisecond, ReadTimeout: 100 * time.Millisecond})
	r.update("cpu", "a", time.Now(), 1)
	r.waitWritten(t)
	if err := srv.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	if p := r.Latest("cpu"); len(p) != 1 {
		t.Errorf("%v", p)
	}
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("a read took %v", took)
	}
	eventually(t, "it is noticed", func() bool { return r.Reachable() != nil })
	r.update("cpu", "b", time.Now(), 2)
	if err := srv.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	r.waitWritten(t)
	if n, err := srv.do("HLEN", "millrace:hot:latest:{cpu}").AsInt64(); err != nil || n != 2 {
		t.Errorf("%d series, %v", n, err)
	}
}

func TestStoppedSeriesGo(t *testing.T) {
	srv := startRedis(t)
	r := newReplica(t, Config{Address: srv.addr, Keep: 500 * time.Millisecond})
	r.update("cpu", "stops", time.Now(), 1)
	r.update("stops", "a", time.Now(), 1)
	r.waitWritten(t)
	eventually(t, "stopped series are gone", func() bool {
		r.update("cpu", "goes on", time.Now(), 1)
		n, err := srv.do("HLEN", "millrace:hot:latest:{cpu}").AsInt64()
		metrics, err2 := srv.do("ZRANGE", "millrace:hot:metrics", "0", "-1").AsStrSlice()
		keys, err3 := srv.do("KEYS", "*stops*").AsStrSlice()
		return errors.Join(err, err2, err3) == nil && n == 1 && len(metrics) == 1 && len(keys) == 0
	})
}

func TestPasswordAndDatabase(t *testing.T) {
	srv := startRedis(t, "--requirepass", "p@ss/word")
	r := newReplica(t, Config{Address: "redis://:p%40ss%2Fword@" + srv.addr + "/3"})
	r.update("cpu", "a", time.Now(), 1)
	r.waitWritten(t)
	wrong := newReplica(t, Config{Address: "redis://:secret-guess@" + srv.addr})
	eventually(t, "the wrong password is refused", func() bool {
		return strings.Contains(fmt.Sprint(wrong.Reachable()), "WRONGPASS")
	})
	if strings.Contains(fmt.Sprint(wrong.Reachable()), "secret-guess") {
		t.Error("the password is shown")
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
