package store

import (
	"cmp"
	"container/list"
	"slices"
	"sync"
)

// groupKey names a row group of a part.
type groupKey struct {
	part  uint64
	step  int64 // of a rollup; 0 for the rows
	group int
}

// groupCache keeps decoded row groups, the least recently used go first. A flush puts in what it wrote,
// so that the newest rows are read from memory. It is safe for concurrent use.
type groupCache struct {
	mu     sync.Mutex // guards what follows
	max    int64
	bytes  int64
	byKey  map[groupKey]*list.Element
	recent list.List // of *cachedGroup, the most recently used first
	hits   int64
	misses int64
}

type cachedGroup struct {
	key   groupKey
	block *block
	has   map[int]bool // IDs of the columns that were read, also of those that the file does not have
	bytes int64
}

func newGroupCache(maxBytes int64) *groupCache {
	return &groupCache{max: maxBytes, byKey: map[groupKey]*list.Element{}}
}

// get returns a row group that has at least the given columns, as far as the file has them.
func (c *groupCache) get(key groupKey, cols []Column) *block {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.byKey[key]
	if e == nil || !e.Value.(*cachedGroup).hasAll(cols) {
		c.misses++
		return nil
	}
	c.hits++
	c.recent.MoveToFront(e)
	return e.Value.(*cachedGroup).block
}

func (g *cachedGroup) hasAll(cols []Column) bool {
	for _, col := range cols {
		if !g.has[col.ID] {
			return false
		}
	}
	return true
}

// lacks returns what there is of a row group, and which of the given columns are to be read: always the
// time as well, by which a block knows its rows.
func (c *groupCache) lacks(key groupKey, cols []Column) (kept *block, need []Column) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.byKey[key]
	if e == nil {
		return nil, cols
	}
	g := e.Value.(*cachedGroup)
	need = []Column{timeColumn()}
	for _, col := range cols {
		if !g.has[col.ID] {
			need = append(need, col)
		}
	}
	return g.block, need
}

// with returns a block of the columns of both, which are of the same rows.
func (b *block) with(more *block) *block {
	out := *b
	out.cols = slices.Clone(b.cols)
	for _, v := range more.cols {
		if b.column(v.id) == nil {
			out.cols = append(out.cols, v)
		}
	}
	slices.SortFunc(out.cols, func(x, y values) int { return cmp.Compare(x.id, y.id) })
	return &out
}

// put keeps b, which was read with the given columns, in place of what there was with fewer; unless it
// is nil or takes more than a quarter of the room by itself.
func (c *groupCache) put(key groupKey, b *block, cols []Column) {
	if b == nil {
		return
	}
	size := b.size()
	c.mu.Lock()
	defer c.mu.Unlock()
	if size > c.max/4 {
		return
	}
	g := &cachedGroup{key: key, block: b, has: map[int]bool{}, bytes: size}
	if e := c.byKey[key]; e != nil {
		old := e.Value.(*cachedGroup)
		for id := range old.has {
			if b.column(id) == nil && old.block.column(id) != nil {
				return // someone else has put more meanwhile
			}
			g.has[id] = true
		}
		c.remove(e)
	}
	for _, col := range cols {
		g.has[col.ID] = true
	}
	c.byKey[key] = c.recent.PushFront(g)
	c.bytes += size
	for c.bytes > c.max {
		c.remove(c.recent.Back())
	}
}

// drop forgets the row groups of a file.
func (c *groupCache) drop(part uint64, step int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for e := c.recent.Front(); e != nil; {
		next := e.Next()
		if k := e.Value.(*cachedGroup).key; k.part == part && k.step == step {
			c.remove(e)
		}
		e = next
	}
}

func (c *groupCache) remove(e *list.Element) {
	g := c.recent.Remove(e).(*cachedGroup)
	delete(c.byKey, g.key)
	c.bytes -= g.bytes
}
