package keyed_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"

	"millrace/broker/disk/disktest"
	"millrace/broker/keyed"
	"millrace/fault"
)

// history is what was put, one state after each Put, and how many changes the disk had seen when Put's wait returned.
type history struct {
	states []map[string]string // states[i] after i Puts
	acked  []int               // of the disk's changes
}

// work puts at random and returns the history. A Put of two keys sets both to one value, so that half of it is seen.
func work(t *testing.T, d *disktest.Disk, opts keyed.Options, puts, size int, floor int64, last func(*keyed.Store)) history {
	t.Helper()
	h := history{states: []map[string]string{{}}, acked: []int{0}}
	s, err := keyed.Open(d, "/data/state", opts)
	if err != nil {
		t.Fatal(err)
	}
	keyed.SetFloor(s, floor)
	a, rnd := s.Space("a"), rand.New(rand.NewPCG(7, uint64(size)))
	for i := range puts {
		next := maps.Clone(h.states[i])
		key, value := fmt.Sprint("key", rnd.IntN(6)), fmt.Sprint(i)+strings.Repeat("x", rnd.IntN(size))
		if rnd.IntN(6) == 0 {
			put(t, a, entry(key, "-"), entry("both", "-"))
			delete(next, key)
			delete(next, "both")
		} else {
			put(t, a, entry(key, value), entry("both", value))
			next[key], next["both"] = value, value
		}
		h.states = append(h.states, next)
		h.acked = append(h.acked, d.Len())
	}
	last(s)
	closeStore(t, s)
	return h
}

// check says whether a store holds one of the states that may be there after a crash.
func (h history) check(t *testing.T, d *disktest.Disk, at disktest.Point, durable bool) {
	t.Helper()
	s, err := keyed.Open(d, "/data/state", keyed.Options{Sync: true})
	if err != nil {
		t.Fatalf("%s: %v", at.What, err)
	}
	got := contents(t, s.Space("a"))
	least := 0
	for i, changes := range h.acked {
		if durable && changes <= at.Changes {
			least = i
		}
	}
	found := -1
	for i := least; i < len(h.states) && found < 0; i++ {
		if maps.Equal(h.states[i], got) {
			found = i
		}
	}
	if found < 0 {
		t.Fatalf("%s: %d keys that are no state from the %d-th Put on", at.What, len(got), least)
	}
	put(t, s.Space("a"), entry("after", "x"))
	closeStore(t, s)
	s, err = keyed.Open(d, "/data/state", keyed.Options{})
	if err != nil {
		t.Fatalf("%s, then a Put: %v", at.What, err)
	}
	got["after"] = "x"
	if again := contents(t, s.Space("a")); !maps.Equal(again, got) {
		t.Fatalf("%s, then a Put: %v, want %v", at.What, again, got)
	}
	closeStore(t, s)
}

// TestLossOfPowerAnywhere: whatever becomes of what was not forced to disk, the store opens, holds a state between two Puts, and has all Puts whose wait
// has returned.
func TestLossOfPowerAnywhere(t *testing.T) {
	for _, sync := range []bool{true, false} {
		t.Run(fmt.Sprint("sync=", sync), func(t *testing.T) {
			d := disktest.New()
			h := work(t, d, keyed.Options{Sync: sync}, 60, 3000, 1<<20, func(*keyed.Store) {})
			for at, found := range d.Crashes(1) {
				h.check(t, found, at, sync || strings.HasSuffix(at.What, "kept"))
			}
		})
	}
}

// TestLossOfPowerWhileWrittenAnew is the same with a file that is written anew several times.
func TestLossOfPowerWhileWrittenAnew(t *testing.T) {
	d := disktest.New()
	h := work(t, d, keyed.Options{Sync: true}, 80, 3000, 8<<10, func(s *keyed.Store) { awaitRewritten(t, s) })
	renames := 0
	for _, op := range d.Ops() {
		if op.Kind == disktest.Rename {
			renames++
		}
	}
	if renames < 2 { // the first makes the file
		t.Fatalf("the file got its name %d times only", renames)
	}
	for at, found := range d.Crashes(2) {
		h.check(t, found, at, true)
	}
}

func TestFailedSyncStopsTheStore(t *testing.T) {
	for n := 1; n < 14; n++ {
		d := disktest.New()
		d.FailSync(n)
		s, err := keyed.Open(d, "/data/state", keyed.Options{Sync: true})
		if err != nil {
			if !errors.Is(err, syscall.EIO) {
				t.Fatal(err)
			}
			continue
		}
		acked, failed := 0, false
		for i := range 10 {
			wait, err := s.Space("a").Put(entry(fmt.Sprint("key", i), "x"))
			if err == nil {
				err = wait(context.Background())
			}
			if failed && err == nil {
				t.Fatalf("sync %d failed, and a later Put did not", n)
			}
			if failed = err != nil; failed && (!errors.Is(err, fault.Unavailable) || !errors.Is(err, syscall.EIO) || fault.HintOf(err) == "") {
				t.Fatal(err)
			}
			if !failed {
				acked++
			}
		}
		if err := s.Close(); failed != (err != nil) {
			t.Errorf("sync %d: Close says %v", n, err)
		}
		s, err = keyed.Open(d.Crash(d.Len(), disktest.Lost), "/data/state", keyed.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got := len(contents(t, s.Space("a"))); got < acked {
			t.Errorf("sync %d: %d of %d acknowledged keys are left", n, got, acked)
		}
		closeStore(t, s)
	}
}

// TestDiskFillsUpAnywhere: no Put is acknowledged that is not there afterwards, when the disk was full from any byte on.
func TestDiskFillsUpAnywhere(t *testing.T) {
	for room := int64(0); room < 500; room++ {
		d := disktest.New()
		d.SetCapacity(room)
		acked := 0
		s, err := keyed.Open(d, "/data/state", keyed.Options{})
		if err == nil {
			for ; acked < 10; acked++ {
				wait, err := s.Space("a").Put(entry(fmt.Sprint("key", acked), "some value"))
				if err == nil {
					err = wait(context.Background())
				}
				if err != nil {
					if !errors.Is(err, syscall.ENOSPC) {
						t.Fatal(err)
					}
					break
				}
			}
			_ = s.Close() // says what Put has said
		} else if !errors.Is(err, syscall.ENOSPC) {
			t.Fatal(err)
		}
		d.SetCapacity(-1)
		s, err = keyed.Open(d, "/data/state", keyed.Options{})
		if err != nil {
			t.Fatalf("room for %d: %v", room, err)
		}
		if got := len(contents(t, s.Space("a"))); got != acked {
			t.Fatalf("room for %d: %d keys, %d were acknowledged", room, got, acked)
		}
		closeStore(t, s)
	}
}

// TestFullDiskWhileWrittenAnew: the old file goes on where there is no room for a new one.
func TestFullDiskWhileWrittenAnew(t *testing.T) {
	d := disktest.New()
	refused := make(chan struct{}, 1000)
	d.Before(func(op disktest.Op) error {
		if op.Kind == disktest.Write && strings.HasSuffix(op.Path, ".new") && len(op.Data) > 8 {
			refused <- struct{}{}
			return &fs.PathError{Op: "write", Path: op.Path, Err: syscall.ENOSPC}
		}
		return nil
	})
	h := work(t, d, keyed.Options{Sync: true}, 80, 3000, 8<<10, func(s *keyed.Store) {
		<-refused
		if s.Stats().Rewritten > 0 {
			t.Error("it was written anew without room")
		}
	})
	h.check(t, d.Crash(d.Len(), disktest.Lost), disktest.Point{Changes: d.Len(), What: "end"}, true)
}
