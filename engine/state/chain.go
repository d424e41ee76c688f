package state

import (
	"context"
	"fmt"
	"slices"

	"millrace/internal/failpoint"
)

// Limits bound a chain. The zero Limits are good for all but tests.
type Limits struct {
	// Small is how many bytes a chain may have to be written anew as a whole at each snapshot. Below 0 none is.
	Small int64
	// Files is how many files there may be before some are merged.
	Files int
}

const (
	defaultSmall = 256 << 10 // what one sequential write of a few milliseconds holds
	defaultFiles = 8         // more would make a restart slower, fewer would merge the same rows more often
)

func (l Limits) orDefaults() Limits {
	if l.Small == 0 {
		l.Small = defaultSmall
	}
	if l.Files == 0 {
		l.Files = defaultFiles
	}
	return l
}

// Chain writes the snapshots of one run of a job, each as what has changed since the one before. The first is whole,
// as rows have new numbers after a restart. A file is removed when a snapshot that does not need it is committed. In
// between one goroutine of its own merges files. One goroutine uses it.
type Chain struct {
	in     Place
	limits Limits
	files  []*chained // of the last snapshot, the oldest first
	listed bool
	stale  []string // not needed once the next snapshot is committed
	merge  *merge   // under way; nil if none is
	pins   pins
}

// chained is a file of a chain.
type chained struct {
	link
	dir directory
}

// NewChain returns the chain of a run that writes to a place.
func NewChain(in Place, limits Limits) *Chain { return &Chain{in: in, limits: limits.orDefaults()} }

// Begin begins a snapshot under a name that no other ever had.
func (c *Chain) Begin(ctx context.Context, name string) (*Writer, error) {
	if !c.listed {
		names, err := c.in.List(ctx)
		if err != nil {
			return nil, err
		}
		// What is there now is of earlier runs. A run that took the job over meanwhile has later names.
		c.stale, c.listed = slices.DeleteFunc(names, func(n string) bool { return n >= name }), true
	}
	if err := c.adopt(); err != nil {
		return nil, err
	}
	c.prune()
	whole := len(c.files) == 0 || c.size() <= c.limits.Small
	var older []link
	for _, f := range c.files {
		if !whole {
			older = append(older, f.link)
		}
	}
	to, err := c.in.Create(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("create snapshot %s: %w", name, err)
	}
	return newWriter(name, to, older, whole), nil
}

// Save ends a snapshot and makes it durable. It returns how many bytes were written.
func (c *Chain) Save(w *Writer) (int64, error) {
	if err := w.save(); err != nil {
		return 0, err
	}
	if w.whole {
		c.stop()
		for _, f := range c.files {
			c.stale = append(c.stale, f.name)
		}
		c.files = nil
	}
	c.files = append(c.files, &chained{w.link(), w.dir})
	if failpoint.Planted("snapshot-collected-early") {
		return w.at, c.in.Remove(context.Background(), c.stale...)
	}
	return w.at, nil
}

// Committed says that the epoch is committed that names the last snapshot: what is not part of it is removed, and
// merging begins if there are too many files.
func (c *Chain) Committed(ctx context.Context) error {
	free, held := c.pins.split(c.stale)
	if err := c.in.Remove(ctx, free...); err != nil {
		return err
	}
	c.stale = held
	if from := c.mergeFrom(); c.merge == nil && from >= 0 {
		c.start(ctx, from)
	}
	return nil
}

// Close stops merging.
func (c *Chain) Close() { c.stop() }

func (c *Chain) size() int64 {
	size := int64(0)
	for _, f := range c.files {
		size += f.size
	}
	return size
}

// reached is how many bytes of each file a restart would read.
func (c *Chain) reached() []int64 {
	sizes := make([]int64, len(c.files))
	newest := c.files[len(c.files)-1]
	for _, p := range newest.dir.parts {
		for _, t := range p.tables {
			for i := len(c.files) - 1; i >= 0; i-- {
				at := c.files[i].dir.table(p.name, t.name)
				if at == nil {
					break
				}
				if sizes[i] += at.size; at.whole {
					break
				}
			}
		}
	}
	return sizes
}

// prune leaves out the oldest files of which nothing would be read: those of windows that have gone by.
func (c *Chain) prune() {
	if len(c.files) < 2 || c.merge != nil {
		return
	}
	sizes := c.reached()
	for len(c.files) > 1 && sizes[0] == 0 && !c.needed(0) {
		c.stale = append(c.stale, c.files[0].name)
		c.files, sizes = c.files[1:], sizes[1:]
	}
}

// needed says whether a table that is left ends in a file, if only by being empty there.
func (c *Chain) needed(file int) bool {
	newest := c.files[len(c.files)-1]
	for _, p := range newest.dir.parts {
		for _, t := range p.tables {
			at := len(c.files) - 1
			for at > file && !c.files[at].dir.table(p.name, t.name).whole {
				at--
			}
			if at == file {
				return true
			}
		}
	}
	return false
}

// mergeFrom is the file from which on all are to become one, -1 for none. All are merged when what a restart would
// pass over, or what has come since the oldest, is more than half; else the newest when there are too many, with
// older ones as long as these are not much larger, so that a row is merged a few times only however long it stays.
func (c *Chain) mergeFrom() int {
	if len(c.files) < 2 || c.size() <= c.limits.Small {
		return -1
	}
	reached := int64(0)
	for _, n := range c.reached() {
		reached += n
	}
	size := c.size()
	if 2*reached < size || 2*c.files[0].size < size {
		return 0
	}
	if len(c.files) <= c.limits.Files {
		return -1
	}
	newer := size - c.files[0].size
	from := 1
	for from < len(c.files)-2 {
		newer -= c.files[from].size
		if c.files[from].size <= 2*newer {
			break
		}
		from++
	}
	return from
}
