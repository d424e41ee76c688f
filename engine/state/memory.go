package state

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"unsafe"

	"millrace/vec"
)

// Memory bounds what the tables of all jobs take of the memory of the process. While they take more, the large arrays
// that tables are made of lie in files that are mapped: then the operating system keeps in memory what is used, and
// the rest on disk. The files have no names and hold nothing that outlives the process; snapshots do. It may be shared.
type Memory struct {
	limit int64
	dir   string
	heap  atomic.Int64 // bytes of arrays in memory
	files atomic.Int64 // bytes of arrays in files
}

// NewMemory returns a bound of so many bytes, with files in a folder for what is above it. With a bound of 0 all arrays
// go to files, the smallest, too, which is for tests.
func NewMemory(limit int64, dir string) *Memory { return &Memory{limit: limit, dir: dir} }

// InMemory is how many bytes the tables take in memory, OnDisk in files, of which some are in memory, too.
func (m *Memory) InMemory() int64 { return m.heap.Load() }

// OnDisk is how many bytes the tables take in files.
func (m *Memory) OnDisk() int64 { return m.files.Load() }

// Task returns what one task needs to take part in the bound.
func (m *Memory) Task() *Shelf { return &Shelf{of: m, regions: map[unsafe.Pointer]*region{}} }

// Shelf is where the arrays of one task are. Its owner shows it all of them, again and again: with Visit, and in it
// with Array and Columns, first those that may rather lie in a file. A file whose array has moved, as slices do that
// grow, or is shown no more, goes: an array that was shown once must be shown as long as it is used. The goroutine
// that owns the tables uses it.
type Shelf struct {
	of      *Memory
	regions map[unsafe.Pointer]*region // by where the array begins
	visits  int
	excess  int64 // how many bytes are to go to files at this visit
	heap    int64
	counted int64 // of heap, in of.heap
	err     error
}

// region is a file that is mapped.
type region struct {
	file *os.File
	mem  []byte
	seen int // the last visit
}

// All says whether all arrays go to files.
func (m *Memory) All() bool { return m.limit == 0 }

// smallArray is how many bytes an array has that stays in memory: to map it would cost more than it gives.
const smallArray = 1 << 20

// roomToGrow is how many times as large as its array a file is made, and roomLeft which part of the array there must be
// room for before a file is made larger: an array that grows between two visits by less does not leave its file.
const (
	roomToGrow = 2
	roomLeft   = 4
)

// Visit has show show all arrays.
func (s *Shelf) Visit(show func(*Shelf)) error {
	s.visits++
	s.heap, s.excess = 0, s.of.heap.Load()-s.of.limit
	show(s)
	s.of.heap.Add(s.heap - s.counted)
	s.counted = s.heap
	for at, r := range s.regions {
		if r.seen != s.visits {
			s.drop(at, r)
		}
	}
	return s.err
}

func (s *Shelf) drop(at unsafe.Pointer, r *region) {
	s.of.files.Add(-int64(len(r.mem)))
	s.note("let go of state on disk", errors.Join(unmap(r.mem), r.file.Close()))
	delete(s.regions, at)
}

// note remembers the first error.
func (s *Shelf) note(doing string, err error) {
	if err != nil && s.err == nil {
		s.err = fmt.Errorf("%s in %s: %w", doing, s.of.dir, err)
	}
}

// Close lets go of all files. The arrays in them are gone.
func (s *Shelf) Close() error {
	s.err = nil // Visit has told of it
	for at, r := range s.regions {
		s.drop(at, r)
	}
	s.of.heap.Add(-s.counted)
	s.counted = 0
	return s.err
}

// Array shows an array of values without pointers.
func Array[T any](s *Shelf, a *[]T) {
	var zero T
	size := int64(cap(*a)) * int64(unsafe.Sizeof(zero))
	if size == 0 {
		return
	}
	if r := s.regions[unsafe.Pointer(unsafe.SliceData(*a))]; r != nil {
		if r.seen = s.visits; cap(*a)-len(*a) < len(*a)/roomLeft {
			enlarge(s, r, a)
		}
		return
	}
	s.heap += size
	if !s.of.All() && (s.excess <= 0 || size < smallArray) || s.err != nil {
		return
	}
	r, err := newRegion(s.of.dir)
	if err == nil {
		err = r.resize(roomToGrow * size)
	}
	if err != nil {
		s.note("put state on disk", err)
		return
	}
	was := *a
	place(s, r, a)
	copy(*a, was)
	r.seen = s.visits
	s.heap -= size
	s.excess -= size
}

// place lets an array be in a region, which has what is in it.
func place[T any](s *Shelf, r *region, a *[]T) {
	var zero T
	at := unsafe.SliceData(r.mem)
	*a = unsafe.Slice((*T)(unsafe.Pointer(at)), len(r.mem)/int(unsafe.Sizeof(zero)))[:len(*a)]
	s.regions[unsafe.Pointer(at)] = r
	s.of.files.Add(int64(len(r.mem)))
}

// enlarge makes the region of an array larger.
func enlarge[T any](s *Shelf, r *region, a *[]T) {
	before := r.mem
	if err := r.resize(roomToGrow * int64(len(before))); err != nil {
		s.note("put state on disk", err)
		return
	}
	delete(s.regions, unsafe.Pointer(unsafe.SliceData(before)))
	s.of.files.Add(-int64(len(before)))
	place(s, r, a)
	s.note("let go of state on disk", unmap(before))
}

// Columns shows columns that grow. Their validity, a bit a row, stays in memory.
func (s *Shelf) Columns(cols []vec.Column) {
	for i := range cols {
		c := &cols[i]
		Array(s, &c.I8)
		Array(s, &c.I16)
		Array(s, &c.I32)
		Array(s, &c.I64)
		Array(s, &c.F32)
		Array(s, &c.F64)
		Array(s, &c.D128)
		Array(s, &c.Off)
		Array(s, &c.Data)
		s.Columns(c.Kids)
	}
}

// newRegion returns an empty region: a file without a name.
func newRegion(dir string) (*region, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	f, err := os.CreateTemp(dir, "state-")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(f.Name()); err != nil {
		_ = f.Close()
		return nil, err
	}
	return &region{file: f}, nil
}

// resize makes the file larger and maps it at another place; what was mapped before stays until it is unmapped.
func (r *region) resize(size int64) error {
	// All of it is taken from the disk now: a full disk is an error here, and would be a fault later.
	err := allocate(r.file, size)
	if err != nil {
		return err
	}
	r.mem, err = mapShared(r.file, size)
	return err
}

// Machine returns how much memory the process may take: what its control group or else the machine has, and 4 GiB
// where neither says.
func Machine() int64 {
	limit := int64(4 << 30)
	if data, err := os.ReadFile("/proc/meminfo"); err == nil {
		_, rest, _ := strings.Cut(string(data), "MemTotal:")
		if kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(firstLine(rest)), " kB"), 10, 64); err == nil {
			limit = kib << 10
		}
	}
	for _, path := range []string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"} {
		data, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		if n, err := strconv.ParseInt(firstLine(string(data)), 10, 64); err == nil && n > 0 {
			limit = min(limit, n)
		}
	}
	return limit
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}
