package partition

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"millrace/broker/disk/disktest"
	"millrace/fault"
)

// promise is what a client was told, and when: after that many changes of the disk.
type promise struct {
	changes int
	end     int64 // all records before it are there
	start   int64 // none before it is
	open    bool  // a transaction of producer 7 is open
	next    int32 // sequence of producer 7
}

// workload appends, ends transactions, deletes, closes and opens, and notes what it was told.
func workload(t *testing.T, d *disktest.Disk, flush Flush, cfg Config, seed uint64) (sent []string, told []promise) {
	rng := rand.New(rand.NewPCG(seed, 1))
	env := newEnv(d, flush)
	l := openLog(t, env, cfg)
	now := promise{}
	tell := func() {
		now.changes, now.end = d.Len(), int64(len(sent))
		told = append(told, now)
	}
	for step := range 60 {
		switch n := rng.IntN(20); {
		case n < 9:
			v := fmt.Sprintf("p%d-%0*d", step, 1+rng.IntN(700), 0)
			sent = append(sent, v)
			mustAppend(t, l, plainBatch(v))
		case n < 14:
			v := fmt.Sprintf("t%d", step)
			sent = append(sent, v)
			mustAppend(t, l, sending{producer: 7, sequence: now.next, txn: true, values: []string{v}}.bytes())
			now.next++
			now.open = true
		case n < 16 && now.open:
			sent = append(sent, "")
			mustEnd(t, l, 7, 0, n == 14)
			now.open = false
		case n == 16:
			start := now.start + rng.Int64N(int64(len(sent))-now.start+1)
			if _, err := l.DeleteBefore(t.Context(), start); err != nil {
				t.Fatal(err)
			}
			now.start = start
		case n == 17:
			if err := l.rest(); err != nil {
				t.Fatal(err)
			}
		case n == 18:
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			l = openLog(t, env, cfg)
		}
		tell()
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	tell()
	return sent, told
}

// TestPowerLossTakesNothingAcknowledged replays what a workload wrote up to every change, with what was not forced to disk lost, kept or torn.
func TestPowerLossTakesNothingAcknowledged(t *testing.T) {
	cfg := smallConfig()
	cfg.SegmentBytes = 3000
	for seed := range uint64(4) {
		d := newDisk(t)
		sent, told := workload(t, d, FlushAlways, cfg, seed)
		for n := range d.Len() + 1 {
			for i, fate := range []disktest.Fate{disktest.Lost, disktest.Kept, disktest.Sectors(uint64(n)), disktest.Sectors(uint64(n) << 20)} {
				found := d.Crash(n, fate)
				if err := keepsPromises(t, found, FlushAlways, cfg, sent, told, n); err != nil {
					last := "nothing"
					if n > 0 {
						last = d.Ops()[n-1].String()
					}
					t.Fatalf("seed %d, crash after %d changes (%s), fate %d: %v", seed, n, last, i, err)
				}
			}
		}
	}
}

// TestKillTakesNothingAcknowledged does the same for kills of the process, under the other policies.
func TestKillTakesNothingAcknowledged(t *testing.T) {
	cfg := smallConfig()
	cfg.SegmentBytes = 3000
	for _, flush := range []Flush{FlushInterval, FlushSystem} {
		d := newDisk(t)
		sent, told := workload(t, d, flush, cfg, 9)
		for n := range d.Len() + 1 {
			if err := keepsPromises(t, d.Crash(n, disktest.Kept), flush, cfg, sent, told, n); err != nil {
				t.Fatalf("kill after %d changes: %v", n, err)
			}
		}
	}
}

// TestPowerLossWithoutSyncKeepsAPrefix: what the system had not written may be gone, but never something before what is left.
func TestPowerLossWithoutSyncKeepsAPrefix(t *testing.T) {
	cfg := smallConfig()
	cfg.SegmentBytes = 3000
	d := newDisk(t)
	sent, _ := workload(t, d, FlushSystem, cfg, 3)
	for n := range d.Len() + 1 {
		for i, fate := range []disktest.Fate{disktest.Lost, disktest.Sectors(uint64(n))} {
			if err := keepsPromises(t, d.Crash(n, fate), FlushSystem, cfg, sent, nil, n); err != nil {
				t.Fatalf("crash after %d changes, fate %d: %v", n, i, err)
			}
		}
	}
}

// keepsPromises opens the log that a crash after n changes left: what was told before must be there, each offset with the value that was sent with it.
func keepsPromises(t *testing.T, found *disktest.Disk, flush Flush, cfg Config, sent []string, told []promise, n int) error {
	var want promise
	for _, p := range told {
		if p.changes <= n {
			want = p
		}
	}
	if err := found.MkdirAll("/", 0o755); err != nil {
		return err
	}
	l, err := Open("/log", newEnv(found, flush), cfg)
	if err != nil {
		return err
	}
	defer l.Close()
	s := l.Stats()
	if s.End < want.end || s.Start < want.start || s.High != s.End || s.End > int64(len(sent)) {
		return fmt.Errorf("log is %+v, promised %+v", s, want)
	}
	got, err := readAll(l, s.Start, 700, false)
	if err != nil {
		return err
	}
	i := 0
	for offset := s.Start; offset < s.End; offset++ {
		if sent[offset] == "" {
			continue // a marker
		}
		if i >= len(got) || got[i] != (seenRecord{offset, sent[offset]}) {
			return fmt.Errorf("offset %d of %+v is not what was sent", offset, s)
		}
		i++
	}
	if i != len(got) {
		return fmt.Errorf("%d records more than were sent", len(got)-i)
	}
	// K8: the same batch once more is known to be the same.
	if want.next > 0 && int64(len(sent)) >= s.End && s.End == want.end {
		a, err := l.Append(sending{producer: 7, sequence: want.next - 1, txn: true, values: []string{"x"}}.bytes())
		if err != nil || !a.Duplicate {
			return fmt.Errorf("the last batch of a producer is not known again: %+v, %w", a, err)
		}
		if open := l.Stats().Stable < s.End; open != want.open {
			return fmt.Errorf("transaction is open: %v, want %v", open, want.open)
		}
	}
	return nil
}

// TestTornTailIsCut cuts 1 to N bytes off the end of the last segment.
func TestTornTailIsCut(t *testing.T) {
	d := newDisk(t)
	l := openLog(t, newEnv(d, FlushSystem), smallConfig())
	var sizes []int64
	for i := range 5 {
		mustAppend(t, l, plainBatch(fmt.Sprintf("value %d", i)))
		sizes = append(sizes, l.size)
	}
	waitFlushed(l)
	full := sizes[len(sizes)-1]
	for size := full; size >= 0; size-- {
		for _, zeros := range []int64{0, 1, 600} {
			c := d.Crash(d.Len(), disktest.Kept)
			f, err := c.OpenFile(l.path(l.active.logName()), 2, 0)
			if err == nil {
				err = f.Truncate(size)
			}
			if err == nil {
				err = f.Truncate(size + zeros)
			}
			if err != nil {
				t.Fatal(err)
			}
			if zeros == 1 && size < full && size > 0 {
				continue // a byte that became zero is not what a torn write leaves
			}
			whole := int64(0)
			for _, s := range sizes {
				// The last byte of these batches is a zero.
				if s <= size+min(zeros, 1) {
					whole++
				}
			}
			got := openLog(t, newEnv(c, FlushSystem), smallConfig())
			if s := got.Stats(); s.End != whole {
				t.Fatalf("cut at byte %d of %d, %d zeros: end %d, want %d", size, full, zeros, s.End, whole)
			}
			// It goes on after the last whole batch, with a new epoch.
			if a := mustAppend(t, got, plainBatch("next")); a.Base != whole {
				t.Fatalf("cut at byte %d: next offset %d, want %d", size, a.Base, whole)
			}
			if e, end := got.EpochEnd(0); whole > 0 && (got.Epoch() != 1 || e != 0 || end != whole) {
				t.Fatalf("cut at byte %d: epoch %d, 0 ends at %d", size, got.Epoch(), end)
			}
		}
	}
}

// TestFlippedBitIsNeverSilent flips every bit of every file of a log that was closed: it is repaired, or refused.
func TestFlippedBitIsNeverSilent(t *testing.T) {
	cfg := smallConfig()
	cfg.SegmentBytes = 400
	d := newDisk(t)
	env := newEnv(d, FlushAlways)
	l := openLog(t, env, cfg)
	for i := range int32(6) {
		mustAppend(t, l, sending{producer: 3, sequence: i, txn: true, values: []string{fmt.Sprint("value ", i)}}.bytes())
	}
	mustEnd(t, l, 3, 0, false)
	mustAppend(t, l, plainBatch("a"))
	if err := l.checkpointNow(); err != nil {
		t.Fatal(err)
	}
	mustAppend(t, l, plainBatch("b"))
	mustAppend(t, l, plainBatch("c"))
	want, err := readAll(l, 0, 1<<20, true)
	if err != nil || len(want) != 3 {
		t.Fatalf("%v, %v", want, err)
	}
	waitFlushed(l)
	image := d.Crash(d.Len(), disktest.Kept)
	for _, name := range image.Files() {
		info, err := image.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		for bit := range info.Size() * 8 {
			c := image.Crash(0, disktest.Kept)
			if err := c.Flip(name, bit); err != nil {
				t.Fatal(err)
			}
			if err := loudOrWhole(c, cfg, want); err != nil {
				t.Fatalf("%s, bit %d of byte %d: %v", name, bit%8, bit/8, err)
			}
		}
	}
}

func (l *Log) checkpointNow() error {
	l.writer.Lock()
	defer l.writer.Unlock()
	return l.checkpoint()
}

// loudOrWhole says what a reader lost without being told.
func loudOrWhole(c *disktest.Disk, cfg Config, want []seenRecord) error {
	l, err := Open("/log", newEnv(c, FlushAlways), cfg)
	if err != nil {
		if !errors.Is(err, fault.Corrupt) && !errors.Is(err, fault.Invalid) || fault.HintOf(err) == "" {
			return err
		}
		return nil
	}
	defer l.Close()
	got, err := readAll(l, 0, 1<<20, true)
	if err != nil {
		return nil // told, if only to a reader: closed segments are not read when a log is opened
	}
	if fmt.Sprint(got) == fmt.Sprint(want) {
		return nil
	}
	// Offsets are not under a batch's checksum; whoever reads a segment whole sees that they are out of order.
	l.active.end, l.active.size = l.end, l.size
	for _, s := range append(l.closedSegments(), l.active) {
		last := s.base
		err := l.scan(s, 0, s.size, func(_ int64, h *header, _ []byte) error {
			last = h.last() + 1
			return nil
		})
		if err != nil || last > s.end {
			return nil
		}
	}
	return fmt.Errorf("read %v, want %v", got, want)
}
