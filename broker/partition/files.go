package partition

import (
	"io"
	"os"
	"sync"
	"sync/atomic"

	"millrace/broker/disk"
)

const (
	// defaultFiles is how many files of segments stay open for readers, of all logs of an Env together.
	defaultFiles = 512
	// defaultIndexBytes is how much of the indexes of closed segments stays in memory, of all logs of an Env together.
	defaultIndexBytes = 64 << 20
)

// file is an open file of a segment, closed when nobody has it any more: a View may outlive its segment.
type file struct {
	disk.File
	refs atomic.Int32
	used atomic.Bool
}

// retain takes a reference unless the file was closed.
func (f *file) retain() bool {
	for {
		n := f.refs.Load()
		if n == 0 {
			return false
		}
		if f.refs.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

// release lets go of a reference. The error of closing a file is of no use: what was written was synced before.
func (f *file) release() {
	if f.refs.Add(-1) == 0 {
		_ = f.Close()
	}
}

// files keeps a bounded number of files open. A file in use stays open beyond the bound. Those not used since the hand came by last
// are closed first (the clock algorithm): a hit takes no lock.
type files struct {
	max   int // 0: defaultFiles
	mu    sync.Mutex
	hand  int
	slots []*atomic.Pointer[file]
}

func (c *files) open(fsys disk.FS, name string, slot *atomic.Pointer[file]) (*file, error) {
	for {
		if f := slot.Load(); f != nil && f.retain() {
			f.used.Store(true)
			return f, nil
		}
		opened, err := fsys.OpenFile(name, os.O_RDWR, 0)
		if err != nil && !isMissing(err) {
			opened, err = fsys.OpenFile(name, os.O_RDONLY, 0)
		}
		if err != nil {
			return nil, err
		}
		if f := c.put(opened, slot); f != nil {
			return f, nil
		}
	}
}

// put makes an opened file that of its slot, and returns it with a reference for the caller; nil: another was faster, and this one is closed.
func (c *files) put(opened disk.File, slot *atomic.Pointer[file]) *file {
	f := &file{File: opened}
	f.refs.Store(2)
	c.mu.Lock()
	defer c.mu.Unlock()
	if !slot.CompareAndSwap(nil, f) {
		_ = opened.Close()
		return nil
	}
	limit := c.max
	if limit == 0 {
		limit = defaultFiles
	}
	c.slots = append(c.slots, slot)
	for tries := 2 * len(c.slots); len(c.slots) > limit && tries > 0; tries-- {
		c.step()
	}
	return f
}

// step looks at one file and closes it if nobody has used it of late.
func (c *files) step() {
	if c.hand >= len(c.slots) {
		c.hand = 0
	}
	slot := c.slots[c.hand]
	if f := slot.Load(); f != nil {
		if f.used.Swap(false) || f.refs.Load() > 1 {
			c.hand++
			return
		}
		slot.Store(nil)
		f.release()
	}
	last := len(c.slots) - 1
	c.slots[c.hand], c.slots[last] = c.slots[last], nil
	c.slots = c.slots[:last]
}

// forget closes the file of a slot as soon as nobody has it.
func (c *files) forget(slot *atomic.Pointer[file]) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f := slot.Swap(nil)
	if f == nil {
		return
	}
	for i, s := range c.slots {
		if s == slot {
			last := len(c.slots) - 1
			c.slots[i], c.slots[last] = c.slots[last], nil
			c.slots = c.slots[:last]
			break
		}
	}
	f.release()
}

// indexes bounds the memory of loaded indexes: the oldest give way.
type indexes struct {
	max   int64 // 0: defaultIndexBytes
	mu    sync.Mutex
	bytes int64
	queue []keptIndex
}

type keptIndex struct {
	slot  *atomic.Pointer[index]
	index *index
}

// keep counts an index that was put into a slot, and empties the slots of older ones beyond the bound.
func (c *indexes) keep(slot *atomic.Pointer[index], x *index) {
	c.mu.Lock()
	defer c.mu.Unlock()
	limit := c.max
	if limit == 0 {
		limit = defaultIndexBytes
	}
	c.queue = append(c.queue, keptIndex{slot, x})
	c.bytes += x.cost()
	for c.bytes > limit && len(c.queue) > 1 {
		old := c.queue[0]
		c.queue = c.queue[1:]
		c.bytes -= old.index.cost()
		old.slot.CompareAndSwap(old.index, nil)
	}
}

// forget lets go of the index in a slot.
func (c *indexes) forget(slot *atomic.Pointer[index]) {
	c.mu.Lock()
	defer c.mu.Unlock()
	kept := c.queue[:0]
	for _, k := range c.queue {
		if k.slot == slot {
			c.bytes -= k.index.cost()
			continue
		}
		kept = append(kept, k)
	}
	clear(c.queue[len(kept):])
	c.queue = kept
	slot.Store(nil)
}

// readFull reads at a position until p is full; io.ErrUnexpectedEOF where the file is shorter.
func readFull(r io.ReaderAt, p []byte, pos int64) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	n, err := r.ReadAt(p, pos)
	if n == len(p) {
		return n, nil
	}
	if err == nil || err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}
