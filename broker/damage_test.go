package broker_test

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"millrace/broker"
	"millrace/broker/disk/disktest"
	"millrace/fault"
)

// whole is what a broker has, as far as clients see it.
type whole struct {
	records map[place][]string // offset and value of each record that is committed
	ends    map[place][2]int64
	offset  int64 // of group reader
}

// survey reads all of it. What cannot be read is an error.
func survey(b *broker.Broker, t *testing.T) (whole, error) {
	w := plug(t, b)
	all := whole{records: map[place][]string{}, ends: map[place][2]int64{}}
	topics, err := w.topics()
	if err != nil {
		return all, err
	}
	var errs []error
	for topic, n := range topics {
		for i := range n {
			at := place{topic, i}
			s, err := w.read(topic, i, true)
			errs = append(errs, err)
			all.ends[at] = [2]int64{s.start, s.high}
			for _, r := range s.records {
				all.records[at] = append(all.records[at], fmt.Sprint(r.Offset, " ", string(r.Value)))
			}
		}
	}
	all.offset, err = w.committed("reader", "in")
	return all, errors.Join(append(errs, err)...)
}

// differs says in what way b is not a.
func (a *whole) differs(b *whole) string {
	for at := range a.ends {
		if _, ok := b.ends[at]; !ok {
			return fmt.Sprintf("%v is gone", at)
		}
		if a.ends[at] != b.ends[at] {
			return fmt.Sprintf("%v was %v and is %v", at, a.ends[at], b.ends[at])
		}
		if !slices.Equal(a.records[at], b.records[at]) {
			return fmt.Sprintf("the records of %v have changed", at)
		}
	}
	if a.offset != b.offset {
		return fmt.Sprintf("the group was at %d and is at %d", a.offset, b.offset)
	}
	return ""
}

// filled runs a broker until its folder holds every kind of file, and returns the disk after a stop in order, and that after a kill.
func filled(t *testing.T, m *machine) (stopped, killed *disktest.Disk, has whole) {
	b := m.start(t)
	w := plug(t, b)
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, topic := range []string{"in", "other"} {
		check(w.create(topic, 1))
	}
	who, err := w.producer("")
	check(err)
	for i := range 20 {
		v := fmt.Sprintf("%d %0*d", i, 120+i*7, i)
		_, err := w.produce("in", 0, batch(who, time.UnixMilli(int64(i)), [2]string{"k", v}))
		check(err)
		who.seq++
		check(w.commit("reader", "in", int64(i)))
		if i == 16 { // a transaction that was aborted, for the index
			check(w.create("out", 3))
			if _, err := openTransaction(w); err != nil {
				t.Fatal(err)
			}
			_, err := w.producer(owner)
			check(err)
		}
		if i%5 == 0 {
			_, err := w.produce("other", 0, batch(nobody, time.UnixMilli(int64(i)), [2]string{"", v}))
			check(err)
		}
	}
	has, err = survey(b, t)
	check(err)
	killed = m.disk.Crash(m.disk.Len(), disktest.Kept)
	check(b.Close())
	return m.disk.Crash(m.disk.Len(), disktest.Kept), killed, has
}

// files lists the files of a disk with their sizes.
func files(t *testing.T, d *disktest.Disk, dir string) map[string]int64 {
	t.Helper()
	found := map[string]int64{}
	entries, err := d.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		if e.IsDir() {
			maps.Copy(found, files(t, d, path))
			continue
		}
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		found[path] = info.Size()
	}
	return found
}

// outcome is what became of damage.
type outcome string

const (
	harmless outcome = "nothing is missing" // repaired, or of no use any more
	refused  outcome = "the start was refused"
	told     outcome = "readers are told"
	cutOff   outcome = "taken for a torn write and cut off"
	// A file that ends with a whole batch, and is of a process that was killed, is what a shorter log looks like. Only what is before the last
	// checkpoint is known apart from it.
	shorter outcome = "a shorter log that is sound"
)

// meet starts a broker on a damaged disk. Whatever is not there any more, somebody must have been told, with the place and a way out.
func meet(t *testing.T, m *machine, d *disktest.Disk, path string, has *whole) (outcome, error) {
	var said lines
	m.cfg.Logger, m.cfg.AcceptLoss = said.logger(), false
	b, err := m.open(d)
	if err != nil {
		if !errors.Is(err, fault.Corrupt) && !errors.Is(err, fault.Invalid) || fault.HintOf(err) == "" {
			return refused, fmt.Errorf("it is not said what to do: %w (%s)", err, fault.HintOf(err))
		}
		if place := filepath.Base(filepath.Dir(path)); !strings.Contains(err.Error(), filepath.Base(path)) && !strings.Contains(err.Error(), place) {
			return refused, fmt.Errorf("the place is not said: %w", err)
		}
		return refused, nil
	}
	defer b.Close()
	now, err := survey(b, t)
	diff := has.differs(&now)
	switch {
	case diff == "" && err == nil:
		return harmless, nil
	case err != nil:
		return told, nil
	case strings.Contains(said.String(), "cut off"):
		return cutOff, nil
	}
	return now.prefixOf(has), fmt.Errorf("nobody was told: %s", diff)
}

// prefixOf says that w is as a was before its last records.
func (w *whole) prefixOf(a *whole) outcome {
	for at, records := range a.records {
		if got := w.records[at]; len(got) > len(records) || !slices.Equal(got, records[:len(got)]) {
			return ""
		}
	}
	if w.offset != a.offset {
		return ""
	}
	return shorter
}

// accept starts a broker that accepts loss: it must start, keep what is not damaged, and give no offset away twice.
func accept(t *testing.T, m *machine, d *disktest.Disk, path string, has *whole) error {
	var said lines
	m.cfg.Logger, m.cfg.AcceptLoss = said.logger(), true
	defer func() { m.cfg.AcceptLoss = false }()
	b, err := m.open(d)
	if err != nil {
		return fmt.Errorf("it does not start: %w", err)
	}
	defer b.Close()
	now, err := survey(b, t)
	if err != nil {
		return fmt.Errorf("it cannot be read: %w", err)
	}
	if strings.HasSuffix(path, "/state") { // what topics there are may be lost: then their folders are set aside
		return nil
	}
	for at, ends := range has.ends {
		mine := strings.Contains(path, fmt.Sprintf("/%s-%d/", at.topic, at.index))
		switch got := now.ends[at]; {
		case !mine && (got != ends || !slices.Equal(now.records[at], has.records[at])):
			return fmt.Errorf("%v was not damaged, and has changed: %v, %v", at, ends, got)
		case mine && filepath.Base(path) != "manifest" && got[1] < ends[1]-1: // the active segment's last batch may be the one that is lost
			return fmt.Errorf("%v ended at %d and ends at %d", at, ends[1], got[1])
		}
		for _, r := range now.records[at] {
			if !slices.Contains(has.records[at], r) {
				return fmt.Errorf("%v has %q, which nobody has written", at, r[:10])
			}
		}
	}
	return nil
}

// kind is which kind of file a path is.
func kind(path string) string {
	if ext := filepath.Ext(path); ext != "" {
		return ext
	}
	return filepath.Base(path)
}

// TestOneFlippedBitIsNeverSilent flips bits of every file that a broker has, after a stop in order and after a kill.
func TestOneFlippedBitIsNeverSilent(t *testing.T) {
	m := newMachine(t, broker.Config{})
	stopped, killed, has := filled(t, m)
	for name, disk := range map[string]*disktest.Disk{"stopped": stopped, "killed": killed} {
		seen := map[string]map[outcome]int{}
		for path, size := range files(t, disk, m.dir) {
			step := max(1, size*8/16) | 1
			if os.Getenv("MILLRACE_LONG") != "" {
				step = 37
			}
			for bit := int64(0); bit < size*8; bit += step {
				d := disk.Crash(disk.Len(), disktest.Kept)
				if err := d.Flip(path, bit); err != nil {
					t.Fatal(err)
				}
				damaged := d.Crash(d.Len(), disktest.Kept)
				what, err := meet(t, m, d, path, &has)
				if err != nil {
					t.Errorf("%s, bit %d of byte %d of %d of %s: %v", name, bit%8, bit/8, size, path, err)
				}
				if what == cutOff && kind(path) != ".log" && kind(path) != "state" {
					t.Errorf("%s, byte %d of %s: taken for a torn write", name, bit/8, path)
				}
				if what == refused && kind(path) != "format" {
					if err := accept(t, m, damaged, path, &has); err != nil {
						t.Errorf("%s, byte %d of %d of %s, with loss accepted: %v", name, bit/8, size, path, err)
					}
				}
				if seen[kind(path)] == nil {
					seen[kind(path)] = map[outcome]int{}
				}
				seen[kind(path)][what]++
			}
		}
		t.Logf("%s: %v", name, seen)
		for _, k := range []string{"state", "manifest", ".log", ".index", "format"} {
			if len(seen[k]) == 0 {
				t.Errorf("%s: there is no %s file", name, k)
			}
		}
		if name == "stopped" && (len(seen[".snapshot"]) == 0 || len(seen["clean"]) == 0) {
			t.Errorf("%s: no snapshot or no mark of a stop in order", name)
		}
	}
}

// TestTornEndsAreNeverSilent cuts the last bytes off every file.
func TestTornEndsAreNeverSilent(t *testing.T) {
	m := newMachine(t, broker.Config{})
	stopped, killed, has := filled(t, m)
	for name, disk := range map[string]*disktest.Disk{"stopped": stopped, "killed": killed} {
		seen := map[string]map[outcome]int{}
		for path, size := range files(t, disk, m.dir) {
			for _, bytes := range []int64{1, 2, 3, 5, 8, 13, 30, 60, 90, size / 2, size - 1, size} {
				if bytes <= 0 || bytes > size {
					continue
				}
				d := disk.Crash(disk.Len(), disktest.Kept)
				f, err := d.OpenFile(path, os.O_RDWR, 0)
				if err == nil {
					err = errors.Join(f.Truncate(size-bytes), f.Close())
				}
				if err != nil {
					t.Fatal(err)
				}
				damaged := d.Crash(d.Len(), disktest.Kept)
				what, err := meet(t, m, d, path, &has)
				if err != nil && what == shorter && name == "killed" && kind(path) == ".log" {
					err = nil
				}
				if err != nil {
					t.Errorf("%s, without the last %d of %d bytes of %s: %v", name, bytes, size, path, err)
				}
				if what == refused && kind(path) != "format" {
					if err := accept(t, m, damaged, path, &has); err != nil {
						t.Errorf("%s, without the last %d of %d bytes of %s, with loss accepted: %v", name, bytes, size, path, err)
					}
				}
				if seen[kind(path)] == nil {
					seen[kind(path)] = map[outcome]int{}
				}
				seen[kind(path)][what]++
			}
		}
		t.Logf("%s: %v", name, seen)
	}
}

// TestAMissingFileIsNeverSilent deletes each file.
func TestAMissingFileIsNeverSilent(t *testing.T) {
	m := newMachine(t, broker.Config{})
	stopped, killed, has := filled(t, m)
	for name, disk := range map[string]*disktest.Disk{"stopped": stopped, "killed": killed} {
		for path := range files(t, disk, m.dir) {
			d := disk.Crash(disk.Len(), disktest.Kept)
			if err := d.Remove(path); err != nil {
				t.Fatal(err)
			}
			if what, err := meet(t, m, d, path, &has); err != nil || what == cutOff {
				t.Errorf("%s, without %s: %s: %v", name, path, what, err)
			}
		}
	}
}
