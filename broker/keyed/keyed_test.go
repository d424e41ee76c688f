package keyed_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"millrace/broker/disk"
	"millrace/broker/disk/disktest"
	"millrace/broker/keyed"
	"millrace/fault"
)

func open(t testing.TB, path string, opts keyed.Options) *keyed.Store {
	t.Helper()
	s, err := keyed.Open(disk.OS(), path, opts)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func put(t testing.TB, s *keyed.Space, entries ...keyed.Entry) {
	t.Helper()
	wait, err := s.Put(entries...)
	if err == nil {
		err = wait(context.Background())
	}
	if err != nil {
		t.Fatal(err)
	}
}

// awaitRewritten waits until the file has been written anew, which goes on beside Put.
func awaitRewritten(t testing.TB, s *keyed.Store) {
	t.Helper()
	tick, deadline := time.NewTicker(time.Millisecond), time.After(time.Minute)
	defer tick.Stop()
	for s.Stats().Rewritten == 0 {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("the file is not written anew: %+v", s.Stats())
		}
	}
}

func closeStore(t testing.TB, s *keyed.Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// entry makes one of two strings; "-" as value removes.
func entry(key, value string) keyed.Entry {
	if value == "-" {
		return keyed.Entry{Key: []byte(key)}
	}
	return keyed.Entry{Key: []byte(key), Value: []byte(value)}
}

func contents(t testing.TB, s *keyed.Space) map[string]string {
	t.Helper()
	all, last := map[string]string{}, ""
	err := s.Range(func(key, value []byte) error {
		if len(all) > 0 && string(key) <= last {
			t.Errorf("key %q after %q", key, last)
		}
		last = string(key)
		all[last] = string(value)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestPutIsThereAfterReopen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "folder", "state")
	for _, sync := range []bool{true, false} {
		s := open(t, path, keyed.Options{Sync: sync})
		a, b := s.Space("a"), s.Space("b")
		put(t, a, entry("x", "1"), entry("y", "2"), entry("x", "3"), entry("empty", ""))
		put(t, b, entry("x", "other"))
		put(t, a, entry("y", "-"), entry("none", "-"))
		for range 2 {
			if got, want := contents(t, a), map[string]string{"x": "3", "empty": ""}; !maps.Equal(got, want) {
				t.Fatalf("got %v, want %v", got, want)
			}
			if got := b.Get([]byte("x")); string(got) != "other" {
				t.Fatalf("got %q", got)
			}
			if v := a.Get([]byte("empty")); v == nil || len(v) != 0 || a.Get([]byte("y")) != nil {
				t.Fatalf("an empty value is %v, a removed one %v", v, a.Get([]byte("y")))
			}
			closeStore(t, s)
			s = open(t, path, keyed.Options{Sync: sync})
			a, b = s.Space("a"), s.Space("b")
		}
		closeStore(t, s)
	}
}

func TestRangeStopsAndMayPut(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "state"), keyed.Options{})
	defer closeStore(t, s)
	a := s.Space("a")
	put(t, a, entry("1", "x"), entry("2", "x"), entry("3", "x"))
	stop := errors.New("stop")
	var seen []string
	err := a.Range(func(key, _ []byte) error {
		seen = append(seen, string(key))
		put(t, a, entry(string(key), "-"))
		if len(seen) == 2 {
			return stop
		}
		return nil
	})
	if !errors.Is(err, stop) || !slices.Equal(seen, []string{"1", "2"}) || len(contents(t, a)) != 1 {
		t.Fatalf("%v after %v, left %v", err, seen, contents(t, a))
	}
}

func TestPutFailsWhenClosedOrTooLarge(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "state"), keyed.Options{})
	if _, err := s.Space("a").Put(keyed.Entry{Key: []byte("k"), Value: make([]byte, 64<<20)}); !errors.Is(err, fault.Limit) {
		t.Fatalf("a change too large: %v", err)
	}
	put(t, s.Space("a"), entry("k", "v"))
	closeStore(t, s)
	if _, err := s.Space("a").Put(entry("k", "v")); !errors.Is(err, fault.Unavailable) {
		t.Fatalf("after Close: %v", err)
	}
	closeStore(t, s)
}

// TestConcurrentPutsShareWrites also writes the file anew while others put.
func TestConcurrentPutsShareWrites(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	s := open(t, path, keyed.Options{Sync: true})
	const writers, rounds = 64, 40
	value := bytes.Repeat([]byte("v"), 20<<10)
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			a := s.Space(fmt.Sprint("space", w%3))
			for i := range rounds {
				wait, err := a.Put(keyed.Entry{Key: fmt.Append(nil, "key", w), Value: fmt.Append(value, i)})
				if err == nil {
					err = wait(t.Context())
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	awaitRewritten(t, s)
	stats := s.Stats()
	if stats.Writes >= stats.Puts || stats.Rewritten == 0 || stats.Entries != writers {
		t.Errorf("%+v", stats)
	}
	closeStore(t, s)
	stats = s.Stats() // it may have been written anew once more meanwhile
	info, err := os.Stat(path)
	if err != nil || info.Size() != stats.Bytes {
		t.Errorf("the file has %d bytes, %v; %+v", info.Size(), err, stats)
	}
	s = open(t, path, keyed.Options{})
	defer closeStore(t, s)
	for w := range writers {
		got := s.Space(fmt.Sprint("space", w%3)).Get(fmt.Append(nil, "key", w))
		if want := fmt.Append(value, rounds-1); !bytes.Equal(got, want) {
			t.Errorf("writer %d: a value of %d bytes that ends in %s", w, len(got), got[max(0, len(got)-3):])
		}
	}
	if again := s.Stats(); again.Live != stats.Live || again.Entries != stats.Entries {
		t.Errorf("read %+v, wrote %+v", again, stats)
	}
}

func TestOldPutsAreWrittenAnew(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	s := open(t, path, keyed.Options{})
	want, rnd := map[string]string{}, rand.New(rand.NewPCG(1, 2))
	for i := range 4000 {
		key, value := fmt.Sprint("key", rnd.IntN(50)), fmt.Sprint(i)+string(make([]byte, rnd.IntN(8000)))
		if rnd.IntN(5) == 0 {
			value = "-"
			delete(want, key)
		} else {
			want[key] = value
		}
		put(t, s.Space("a"), entry(key, value))
	}
	awaitRewritten(t, s)
	stats := s.Stats()
	if stats.Bytes > 2*stats.Live+64<<20 {
		t.Errorf("%+v", stats)
	}
	closeStore(t, s)
	s = open(t, path, keyed.Options{})
	defer closeStore(t, s)
	if !maps.Equal(contents(t, s.Space("a")), want) {
		t.Error("what was read is not what was put")
	}
}

func TestFlippedBitIsRefused(t *testing.T) {
	const name = "/data/state"
	d := disktest.New()
	s, err := keyed.Open(d, name, keyed.Options{Sync: true})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 10 {
		put(t, s.Space("a"), entry(fmt.Sprint("key", i), fmt.Sprint("value", i)))
	}
	closeStore(t, s)
	for bit := range d.Used() * 8 {
		if err := d.Flip(name, bit); err != nil {
			t.Fatal(err)
		}
		s, err := keyed.Open(d, name, keyed.Options{})
		if err == nil {
			closeStore(t, s)
			t.Fatalf("bit %d of %d was flipped and nobody noticed", bit, d.Used()*8)
		}
		if !errors.Is(err, fault.Corrupt) || fault.HintOf(err) == "" {
			t.Fatalf("bit %d: %v, hint %q", bit, err, fault.HintOf(err))
		}
		if err := d.Flip(name, bit); err != nil {
			t.Fatal(err)
		}
	}
}

func TestDamageIsAcceptedAndKeptAside(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	s := open(t, path, keyed.Options{})
	for i := range 20 {
		put(t, s.Space("a"), entry(fmt.Sprint("key", i), fmt.Sprint("value", i)))
	}
	closeStore(t, s)
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	bad := bytes.Clone(good)
	bad[len(good)/2] ^= 1
	if err := os.WriteFile(path, bad, 0o600); err != nil {
		t.Fatal(err)
	}
	s = open(t, path, keyed.Options{AcceptLoss: true})
	n := len(contents(t, s.Space("a")))
	if n == 0 || n >= 20 {
		t.Errorf("%d entries of 20 are left", n)
	}
	put(t, s.Space("a"), entry("new", "x"))
	closeStore(t, s)
	if aside, err := os.ReadFile(path + ".damaged-1"); err != nil || !bytes.Equal(aside, bad) {
		t.Errorf("what was damaged is not aside: %v", err)
	}
	s = open(t, path, keyed.Options{})
	defer closeStore(t, s)
	if got := len(contents(t, s.Space("a"))); got != n+1 {
		t.Errorf("%d entries, want %d", got, n+1)
	}
}

func TestTornTailIsCut(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	s := open(t, path, keyed.Options{Sync: true})
	put(t, s.Space("a"), entry("first", "1"))
	before := s.Stats().Bytes
	put(t, s.Space("a"), entry("second", "2"), entry("first", "2"))
	closeStore(t, s)
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for n := before; n < int64(len(good)); n++ {
		for _, torn := range [][]byte{good[:n], append(bytes.Clone(good[:n]), make([]byte, len(good)-int(n))...)} {
			if err := os.WriteFile(path, torn, 0o600); err != nil {
				t.Fatal(err)
			}
			s := open(t, path, keyed.Options{Sync: true})
			if got := contents(t, s.Space("a")); !maps.Equal(got, map[string]string{"first": "1"}) {
				t.Fatalf("torn at %d: %v", n, got)
			}
			put(t, s.Space("a"), entry("third", "3"))
			closeStore(t, s)
			s = open(t, path, keyed.Options{})
			if got := contents(t, s.Space("a")); !maps.Equal(got, map[string]string{"first": "1", "third": "3"}) {
				t.Fatalf("after torn at %d: %v", n, got)
			}
			closeStore(t, s)
		}
	}
}
