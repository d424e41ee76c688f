package group

import (
	"time"

	"millrace/broker/keyed"
)

// forgetOffsets drops the offsets that nobody has needed for Config.OffsetRetention (KIP-496), and groups of which nothing else is left.
func (gs *Groups) forgetOffsets() {
	for _, g := range gs.all() {
		g.mu.Lock()
		if !g.dead {
			g.forgetOffsets()
		}
		if g.dead {
			g.mu.Unlock()
			gs.forget(g)
			continue
		}
		gs.unlock(g)
	}
}

func (g *group) forgetOffsets() {
	now, keep := g.now(), g.gs.cfg.OffsetRetention
	var entries []keyed.Entry
	for at, o := range g.offsets {
		since, expires := g.unusedSince(at, o)
		if !expires || now.Sub(since) < keep || g.pending(at) {
			continue
		}
		delete(g.offsets, at)
		entries = append(entries, keyed.Entry{Key: offsetKey(g.name, at)})
	}
	if g.vacant() && now.Sub(g.emptySince) >= forgetGroup {
		if len(entries) > 0 {
			g.put(entries...)
		}
		g.remove()
		return
	}
	if len(entries) > 0 {
		g.put(entries...)
	}
}

// unusedSince says since when nobody has needed an offset, and whether it is ever forgotten: those of a topic that the
// members read are not.
func (g *group) unusedSince(at spot, o offset) (since time.Time, expires bool) {
	if g.memberless() {
		if o.at.After(g.emptySince) || g.protocolType() == "" {
			return o.at, true
		}
		return g.emptySince, true
	}
	read, known := g.subscribed()
	return o.at, known && !read[at.topic]
}

// subscribed is the set of topics that the members read, where that is known: of consumers.
func (g *group) subscribed() (topics map[string]bool, known bool) {
	if g.consumer != nil {
		return g.consumer.subscribed(), true
	}
	if g.classic.protocolType != protocolConsumer || g.classic.state == preparing {
		return nil, g.classic.state == empty
	}
	return g.classic.subscribed()
}

// dropOrphans drops the offsets of topics that are gone; also where a new one has the name.
func (g *group) dropOrphans() {
	gone := func(at spot, o *offset) bool {
		id, partitions, ok := g.gs.topics.Lookup(at.topic)
		return !ok || id != o.topic || int(at.partition) >= partitions
	}
	var entries []keyed.Entry
	for at, o := range g.offsets {
		if gone(at, &o) {
			delete(g.offsets, at)
			entries = append(entries, keyed.Entry{Key: offsetKey(g.name, at)})
		}
	}
	for producer, list := range g.staged {
		for at, o := range list {
			if gone(at, &o.offset) {
				delete(list, at)
				entries = append(entries, keyed.Entry{Key: stagedKey(g.name, producer, at)})
			}
		}
		if len(list) == 0 {
			delete(g.staged, producer)
		}
	}
	if len(entries) > 0 {
		g.put(entries...)
	}
}
