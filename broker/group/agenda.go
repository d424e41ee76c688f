package group

import (
	"container/heap"
	"sync"
	"time"
)

// agenda knows when which group has next to be looked at. Its entries may be too early: a heartbeat puts a session off without
// touching it, and whoever looks finds nothing to do.
type agenda struct {
	mu    sync.Mutex
	slots agendaHeap
	wake  chan struct{} // the first entry became earlier
}

// agendaSlot is the entry of a group, within it.
type agendaSlot struct {
	when time.Time
	at   int // in the heap; -1: not there
}

// by has a group looked at no later than when.
func (a *agenda) by(g *group, when time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := &g.slot
	switch {
	case s.at < 0:
		s.when = when
		heap.Push(&a.slots, g)
	case when.Before(s.when):
		s.when = when
		heap.Fix(&a.slots, s.at)
	default:
		return
	}
	if s.at == 0 {
		select {
		case a.wake <- struct{}{}:
		default: // it is on its way
		}
	}
}

// drop takes a group off.
func (a *agenda) drop(g *group) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if g.slot.at >= 0 {
		heap.Remove(&a.slots, g.slot.at)
	}
}

// next takes the first group that is due off, or returns nil and when the first will be (zero: none is there).
func (a *agenda) next(now time.Time) (*group, time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.slots) == 0 {
		return nil, time.Time{}
	}
	g := a.slots[0]
	if g.slot.when.After(now) {
		return nil, g.slot.when
	}
	heap.Pop(&a.slots)
	return g, time.Time{}
}

// agendaHeap is for container/heap.
type agendaHeap []*group

func (h agendaHeap) Len() int           { return len(h) }
func (h agendaHeap) Less(i, j int) bool { return h[i].slot.when.Before(h[j].slot.when) }

func (h agendaHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].slot.at, h[j].slot.at = i, j
}

// Push is heap.Interface's.
func (h *agendaHeap) Push(x any) {
	g := x.(*group)
	g.slot.at = len(*h)
	*h = append(*h, g)
}

// Pop is heap.Interface's.
func (h *agendaHeap) Pop() any {
	old := *h
	g := old[len(old)-1]
	old[len(old)-1] = nil
	g.slot.at = -1
	*h = old[:len(old)-1]
	return g
}
