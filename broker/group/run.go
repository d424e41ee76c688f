package group

import (
	"context"
	"time"
)

// Run ends sessions, has groups of KIP-848 follow the topics, and forgets old offsets until ctx ends. It returns nil then.
func (gs *Groups) Run(ctx context.Context) error {
	check := time.NewTicker(checkOffsets)
	defer check.Stop()
	timer := time.NewTimer(0)
	defer timer.Stop()
	changed := gs.topics.Changed()
	gs.followTopics()
	for {
		next := gs.endSessions()
		wait := checkOffsets
		if !next.IsZero() {
			wait = max(0, next.Sub(gs.cfg.Now()))
		}
		timer.Reset(wait)
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		case <-gs.agenda.wake:
		case <-changed:
			changed = gs.topics.Changed()
			gs.followTopics()
		case <-check.C:
			gs.forgetOffsets()
		}
	}
}

// endSessions looks at every group that is due and returns when the next one will be.
func (gs *Groups) endSessions() time.Time {
	for {
		g, when := gs.agenda.next(gs.cfg.Now())
		if g == nil {
			return when
		}
		g.mu.Lock()
		if g.dead {
			g.mu.Unlock()
			continue
		}
		if g.consumer != nil {
			g.endSubscribers()
		} else {
			g.endMembers()
		}
		gs.unlock(g)
	}
}

// followTopics drops the offsets of topics that are gone and has groups of KIP-848 assign what has come.
func (gs *Groups) followTopics() {
	for _, g := range gs.all() {
		g.mu.Lock()
		if g.dead {
			g.mu.Unlock()
			continue
		}
		g.dropOrphans()
		if g.consumer != nil {
			g.followTopics()
		}
		gs.unlock(g)
	}
}
