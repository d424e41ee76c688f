package store

import (
	"container/list"
	"sync"
)

// resultCache keeps answers, and what answers are made of, while they hold: each says which rows it depends
// on, and is given again only if none of those has changed. The least recently used go first.
type resultCache struct {
	mu     sync.Mutex // guards what follows; Store.mu is taken inside it, never the other way
	max    int64
	bytes  int64
	byKey  map[string]*list.Element
	recent list.List // of *keptResult
	hits   int64
	misses int64
}

// dependence is on the rows of a measurement before time upto (exclusive), as they were at version.
type dependence struct {
	measurement string
	version     uint64
	upto        int64
}

type keptResult struct {
	key   string
	value any // is not written to any more
	bytes int64
	on    []dependence
}

func newResultCache(maxBytes int64) *resultCache {
	return &resultCache{max: maxBytes, byKey: map[string]*list.Element{}}
}

// get returns what was kept under key, or nil if it does not hold any more.
func (c *resultCache) get(s *Store, key string) any {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.byKey[key]
	if e == nil {
		c.misses++
		return nil
	}
	kept := e.Value.(*keptResult)
	if !s.renew(kept.on) {
		c.remove(e)
		c.misses++
		return nil
	}
	c.hits++
	c.recent.MoveToFront(e)
	return kept.value
}

// renew reports whether nothing of that has changed, and then says so of now: histories forget.
func (s *Store) renew(on []dependence) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, d := range on {
		m := s.measurements[d.measurement]
		if m == nil || !m.holds(d.version, d.upto) {
			return false
		}
		on[i].version = m.version
	}
	return true
}

// put keeps a value of about so many bytes, unless that is more than an eighth of the room.
func (c *resultCache) put(key string, value any, bytes int64, on ...dependence) {
	bytes += int64(len(key)) + 200
	c.mu.Lock()
	defer c.mu.Unlock()
	if bytes > c.max/8 {
		return
	}
	if e := c.byKey[key]; e != nil {
		c.remove(e)
	}
	c.byKey[key] = c.recent.PushFront(&keptResult{key, value, bytes, on})
	c.bytes += bytes
	for c.bytes > c.max {
		c.remove(c.recent.Back())
	}
}

func (c *resultCache) remove(e *list.Element) {
	kept := c.recent.Remove(e).(*keptResult)
	delete(c.byKey, kept.key)
	c.bytes -= kept.bytes
}

func (c *resultCache) figures() CacheStorage {
	c.mu.Lock()
	defer c.mu.Unlock()
	return CacheStorage{c.bytes, c.max, c.hits, c.misses}
}
