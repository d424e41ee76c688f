package engine

import (
	"context"
	"sync"
)

// alignment holds the splits of a group together (scan.watermark.alignment.group): one whose watermark is further
// ahead of the lowest than its table allows waits before it reads on.
//
// Who waits stands outside the gate and has processed all that it has read, so that checkpoints do not wait for
// it. The lowest split never waits; one that is idle, or has ended, is not waited for. So somebody always goes on.
type alignment struct {
	mu      sync.Mutex // guards what follows, and what members have
	members []*alignedSplit
	moved   chan struct{} // closed when the lowest watermark moves; nil while nobody waits
	low     int64
}

// alignedSplit is a split in its group.
type alignedSplit struct {
	group *alignment
	drift int64 // ms
	at    int64 // its watermark
	apart bool  // it is not waited for
}

// join adds a split with the watermark that it begins with.
func (a *alignment) join(drift, at int64) *alignedSplit {
	s := &alignedSplit{group: a, drift: drift, at: at}
	a.members = append(a.members, s)
	a.low = a.lowest()
	return s
}

func (a *alignment) lowest() int64 {
	low := int64(maxWatermark)
	for _, s := range a.members {
		if !s.apart {
			low = min(low, s.at)
		}
	}
	return low
}

// report says how far the split has come, and whether others need not wait for it.
func (s *alignedSplit) report(at int64, apart bool) {
	a := s.group
	a.mu.Lock()
	defer a.mu.Unlock()
	s.at, s.apart = at, apart
	low := a.lowest()
	if low != a.low && a.moved != nil {
		close(a.moved)
		a.moved = nil
	}
	a.low = low
}

// ahead returns nil if the split may read on, or what is closed when it should ask again.
func (s *alignedSplit) ahead() <-chan struct{} {
	a := s.group
	a.mu.Lock()
	defer a.mu.Unlock()
	if s.apart || s.at == startWatermark || a.low != startWatermark && s.at-a.low <= s.drift {
		return nil
	}
	if a.moved == nil {
		a.moved = make(chan struct{})
	}
	return a.moved
}

// wait returns once the split may read on.
func (s *alignedSplit) wait(ctx context.Context) error {
	for moved := s.ahead(); moved != nil; moved = s.ahead() {
		select {
		case <-moved:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}
