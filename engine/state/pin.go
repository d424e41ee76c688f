package state

import (
	"slices"
	"sync"
)

// pins are the files that somebody copies: they are not removed until that is done. Any goroutine may use them.
type pins struct {
	mu   sync.Mutex
	held map[string]int
}

// Pin keeps files from being removed until the function that it returns is called, by any goroutine.
func (c *Chain) Pin(names ...string) (release func()) {
	c.pins.add(names, 1)
	return sync.OnceFunc(func() { c.pins.add(names, -1) })
}

func (p *pins) add(names []string, n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.held == nil {
		p.held = map[string]int{}
	}
	for _, name := range names {
		if p.held[name] += n; p.held[name] == 0 {
			delete(p.held, name)
		}
	}
}

// split returns which of the files may be removed, and which not yet.
func (p *pins) split(names []string) (free, held []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	free = slices.DeleteFunc(slices.Clone(names), func(n string) bool { return p.held[n] > 0 })
	held = slices.DeleteFunc(slices.Clone(names), func(n string) bool { return p.held[n] == 0 })
	return free, held
}
