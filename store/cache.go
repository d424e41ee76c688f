package store

import (
	"container/list"
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
	bytes int64
}

func newGroupCache(maxBytes int64) *groupCache {
	return &groupCache{max: maxBytes, byKey: map[groupKey]*list.Element{}}
}

// get returns a row group with all columns that it has.
func (c *groupCache) get(key groupKey) *block {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.byKey[key]
	if e == nil {
		c.misses++
		return nil
	}
	c.hits++
	c.recent.MoveToFront(e)
	return e.Value.(*cachedGroup).block
}

// put keeps b, unless it is nil or takes more than a quarter of the room by itself.
func (c *groupCache) put(key groupKey, b *block) {
	if b == nil {
		return
	}
	size := b.size()
	c.mu.Lock()
	defer c.mu.Unlock()
	if size > c.max/4 || c.byKey[key] != nil {
		return
	}
	c.byKey[key] = c.recent.PushFront(&cachedGroup{key, b, size})
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
