package partition

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"

	"millrace/broker/disk"
	"millrace/broker/disk/disktest"
	"millrace/fault"
)

// The names say which defect of an older store each test stands for.

// TestK1EmptiedLogKeepsItsOffsets: a log whose records were all deleted goes on where it was, after a clean end and after a kill.
func TestK1EmptiedLogKeepsItsOffsets(t *testing.T) {
	for _, clean := range []bool{true, false} {
		d := newDisk(t)
		env := newEnv(d, FlushAlways)
		l := openLog(t, env, smallConfig())
		for range 100 {
			mustAppend(t, l, plainBatch("x"))
		}
		if err := l.closeActive(); err != nil {
			t.Fatal(err)
		}
		if _, err := l.DeleteBefore(t.Context(), -1); err != nil {
			t.Fatal(err)
		}
		if clean {
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
		} else {
			waitFlushed(l)
			d = d.Crash(d.Len(), disktest.Lost)
		}
		l = openLog(t, newEnv(d, FlushAlways), smallConfig())
		if s := l.Stats(); s.Start != 100 || s.End != 100 || s.Bytes != 0 {
			t.Fatalf("clean %v: %+v", clean, s)
		}
		if a := mustAppend(t, l, plainBatch("y")); a.Base != 100 {
			t.Fatalf("clean %v: next offset %d", clean, a.Base)
		}
	}
}

// TestK5OpenReadsOnlySmallFiles: what an Open reads and keeps does not grow with the bytes of the log.
func TestK5OpenReadsOnlySmallFiles(t *testing.T) {
	d := newDisk(t)
	cfg := smallConfig()
	cfg.SegmentBytes = 300 << 10
	l := openLog(t, newEnv(d, FlushSystem), cfg)
	value := strings.Repeat("v", 100<<10)
	for range 300 {
		mustAppend(t, l, plainBatch(value))
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	d.Forget()
	counted := &counting{Disk: d}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	l = openLog(t, newEnv(counted, FlushSystem), cfg)
	runtime.GC()
	runtime.ReadMemStats(&after)
	if s := l.Stats(); s.Segments != 150 || s.End != 300 {
		t.Fatalf("%+v", s)
	}
	if counted.bytes > 64<<10 || counted.opened > 2 {
		t.Fatalf("open has read %d bytes of %d files", counted.bytes, counted.opened)
	}
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 1<<20 {
		t.Fatalf("open keeps %d bytes", grown)
	}
	runtime.KeepAlive(l)
}

// TestK5FilesAreBounded: readers of many segments do not keep them all open.
func TestK5FilesAreBounded(t *testing.T) {
	d := newDisk(t)
	cfg := smallConfig()
	cfg.SegmentBytes = 400
	env := newEnv(d, FlushSystem)
	env.files.max = 3
	l := openLog(t, env, cfg)
	for range 40 {
		mustAppend(t, l, plainBatch(strings.Repeat("v", 250)))
	}
	got, err := readAll(l, 0, 1, false)
	if err != nil || len(got) != 40 {
		t.Fatalf("%d records, %v", len(got), err)
	}
	if n := len(env.files.slots); n > 4 {
		t.Fatalf("%d files are open, bound is 3 and the active one", n)
	}
}

// TestK7DamageInTheMiddleIsRefused: damage before good batches is not cut off; with leave, all but the damaged batch is read, and the file is kept.
func TestK7DamageInTheMiddleIsRefused(t *testing.T) {
	d := newDisk(t)
	env := newEnv(d, FlushAlways)
	l := openLog(t, env, smallConfig())
	for i := range 10 {
		mustAppend(t, l, plainBatch(fmt.Sprint("value ", i)))
	}
	waitFlushed(l)
	name := l.path(l.active.logName())
	if err := d.Flip(name, 4*l.size+8*20); err != nil {
		t.Fatal(err)
	}
	_, err := Open("/log", newEnv(d, FlushAlways), smallConfig())
	if !errors.Is(err, fault.Corrupt) || !strings.Contains(err.Error(), name) || fault.HintOf(err) == "" {
		t.Fatalf("open a damaged log: %v", err)
	}
	env = newEnv(d, FlushAlways)
	env.AcceptLoss = true
	l = openLog(t, env, smallConfig())
	got, err := readAll(l, 0, 1<<20, false)
	if err != nil || len(got) != 9 {
		t.Fatalf("%v, %v", got, err)
	}
	for _, r := range got {
		if r.value != fmt.Sprint("value ", r.offset) {
			t.Fatalf("offset %d has %q", r.offset, r.value)
		}
	}
	if _, err := d.Stat(l.path(damagedPrefix + filepath.Base(name))); err != nil {
		t.Fatalf("the damaged file: %v", err)
	}
	if a := mustAppend(t, l, plainBatch("next")); a.Base != 10 {
		t.Fatalf("next offset %d", a.Base)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l = openLog(t, newEnv(d, FlushAlways), smallConfig())
	if got, err = readAll(l, 0, 1, false); err != nil || len(got) != 10 {
		t.Fatalf("opened once more: %v, %v", got, err)
	}
}

// TestK7LostEndIsRefused: a log that ends before what was recorded apart from it, or misses a segment, has lost something.
func TestK7LostEndIsRefused(t *testing.T) {
	d := newDisk(t)
	cfg := smallConfig()
	cfg.SegmentBytes = 300
	l := openLog(t, newEnv(d, FlushAlways), cfg)
	for i := range 10 {
		mustAppend(t, l, plainBatch(fmt.Sprint("value ", i)))
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	d.Forget()
	for _, name := range d.Files() {
		if !strings.HasSuffix(name, ".log") && !strings.HasSuffix(name, manifestName) {
			continue
		}
		c := d.Crash(0, disktest.Kept)
		if err := c.Remove(name); err != nil {
			t.Fatal(err)
		}
		if _, err := Open("/log", newEnv(c, FlushAlways), cfg); !errors.Is(err, fault.Corrupt) {
			t.Fatalf("without %s: %v", name, err)
		}
		env := newEnv(c, FlushAlways)
		env.AcceptLoss = true
		l, err := Open("/log", env, cfg)
		if err != nil {
			t.Fatalf("without %s, accepting the loss: %v", name, err)
		}
		if a := mustAppend(t, l, plainBatch("next")); a.Base != 10 {
			t.Fatalf("without %s: next offset %d", name, a.Base)
		}
		if _, err := readAll(l, l.Stats().Start, 1<<20, true); err != nil {
			t.Fatal(err)
		}
	}
}

// TestK8FailedSyncStopsTheLog: nothing is acknowledged after an fsync has failed, until the log is opened again.
func TestK8FailedSyncStopsTheLog(t *testing.T) {
	d := newDisk(t)
	l := openLog(t, newEnv(d, FlushAlways), smallConfig())
	mustAppend(t, l, plainBatch("good"))
	d.FailSync(1)
	a, err := l.Append(plainBatch("bad"))
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Wait(t.Context()); !errors.Is(err, kerr.KafkaStorageError) {
		t.Fatalf("wait for a failed sync: %v", err)
	}
	if _, err := l.Append(plainBatch("more")); !errors.Is(err, kerr.KafkaStorageError) {
		t.Fatalf("append after a failed sync: %v", err)
	}
	if _, err := l.EndTransaction(1, 0, 0, true); !errors.Is(err, kerr.KafkaStorageError) {
		t.Fatalf("end a transaction after a failed sync: %v", err)
	}
	if got, err := readAll(l, 0, 1000, false); err != nil || len(got) != 1 {
		t.Fatalf("read %v, %v", got, err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l = openLog(t, newEnv(d.Crash(d.Len(), disktest.Lost), FlushAlways), smallConfig())
	if got, err := readAll(l, 0, 1000, false); err != nil || len(got) != 1 || got[0].value != "good" {
		t.Fatalf("read %v, %v", got, err)
	}
}

// TestK6FullDiskAcknowledgesNothing lets the disk fill up at every byte of a few appends, a marker, a new segment and a close.
func TestK6FullDiskAcknowledgesNothing(t *testing.T) {
	cfg := smallConfig()
	cfg.SegmentBytes = 250
	for room := int64(0); ; room++ {
		d := newDisk(t)
		l := openLog(t, newEnv(d, FlushAlways), cfg)
		mustAppend(t, l, sending{producer: 1, txn: true, values: []string{"first"}}.bytes())
		d.SetCapacity(d.Used() + room)
		acked := []string{"first"}
		full := false
		for i := range 4 {
			v := fmt.Sprint("value ", i)
			a, err := l.Append(plainBatch(v))
			if err == nil {
				err = a.Wait(t.Context())
			}
			if err == nil {
				acked = append(acked, v)
				continue
			}
			full = true
			if !errors.Is(err, kerr.KafkaStorageError) || !errors.Is(err, syscall.ENOSPC) {
				t.Fatalf("room %d: %v", room, err)
			}
		}
		committed := false
		if wait, err := l.EndTransaction(1, 0, 0, true); err == nil {
			committed = wait(t.Context()) == nil
		}
		_ = l.Close() // may find no room either
		found := d.Crash(d.Len(), disktest.Lost)
		l = openLog(t, newEnv(found, FlushAlways), cfg)
		got, err := readAll(l, 0, 1<<20, false)
		if err != nil {
			t.Fatalf("room %d: %v", room, err)
		}
		for i, v := range acked {
			if i >= len(got) || got[i].value != v {
				t.Fatalf("room %d: acknowledged %q, read %v", room, acked, got)
			}
		}
		if s := l.Stats(); committed && s.Stable != s.End {
			t.Fatalf("room %d: the transaction was acknowledged and is open: %+v", room, s)
		}
		mustAppend(t, l, plainBatch("there is room again"))
		if !full && committed {
			return
		}
	}
}

// TestFullDiskIsNoEnd: when there is room again the log goes on without being opened anew.
func TestFullDiskIsNoEnd(t *testing.T) {
	d := newDisk(t)
	l := openLog(t, newEnv(d, FlushAlways), smallConfig())
	mustAppend(t, l, plainBatch("a"))
	d.SetCapacity(d.Used() + 20)
	if _, err := l.Append(plainBatch("b")); !errors.Is(err, kerr.KafkaStorageError) {
		t.Fatalf("append to a full disk: %v", err)
	}
	d.SetCapacity(-1)
	mustAppend(t, l, plainBatch("c"))
	if got, err := readAll(l, 0, 1000, false); err != nil || fmt.Sprint(got) != "[{0 a} {1 c}]" {
		t.Fatalf("read %v, %v", got, err)
	}
}

// counting counts what is opened and read.
type counting struct {
	*disktest.Disk
	opened, bytes int
}

func (c *counting) OpenFile(name string, flag int, perm os.FileMode) (disk.File, error) {
	f, err := c.Disk.OpenFile(name, flag, perm)
	if err != nil {
		return nil, err
	}
	c.opened++
	return &countedFile{f, c}, nil
}

type countedFile struct {
	disk.File
	c *counting
}

func (f *countedFile) ReadAt(p []byte, off int64) (int, error) {
	f.c.bytes += len(p)
	return f.File.ReadAt(p, off)
}

// TestClockJumps: offsets and order do not follow the clock.
func TestClockJumps(t *testing.T) {
	d := newDisk(t)
	c := &clock{1_700_000_000_000}
	env := newEnv(d, FlushAlways)
	env.Now = c.now
	cfg := smallConfig()
	cfg.SegmentAge, cfg.LogAppendTime = time.Hour, true
	l := openLog(t, env, cfg)
	for i := range int32(30) {
		c.ms += []int64{1000, -7200_000, 3700_000}[i%3]
		mustAppend(t, l, sending{producer: 5, sequence: i, values: []string{fmt.Sprint(i)}}.bytes())
		if err := l.rest(); err != nil {
			t.Fatal(err)
		}
	}
	got, err := readAll(l, 0, 1<<20, false)
	if err != nil || len(got) != 30 || got[29] != (seenRecord{29, "29"}) {
		t.Fatalf("%v, %v", got, err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	c.ms -= 1e12 // long before
	l = openLog(t, env, cfg)
	if a, err := l.Append(sending{producer: 5, sequence: 29, values: []string{"29"}}.bytes()); err != nil || !a.Duplicate {
		t.Fatalf("%+v, %v", a, err)
	}
}
