package hot

// Change is what a series got since its changes were last taken.
type Change struct {
	Metric string
	Tags   []Tag // sorted by name; shared, not to be written to
	// Times, in microseconds, and Values are its points in the order of their arrival.
	Times  []int64
	Values []float64
}

// Changes takes the points of up to max series that got some since they were taken last, at most the
// newest points of each, into dst, whose memory it uses again. A Hot keeps account of them only with
// Options.Track. Nothing is held back for it: the account is a mark on each series, and what the ring
// lost meanwhile is counted as Missed.
func (h *Hot) Changes(dst []Change, max, points int) []Change {
	dst = dst[:0]
	first := h.turn.Add(1)
	for i := range uint32(shards) {
		if len(dst) >= max {
			break
		}
		// Another shard is the first each time, so that none waits for the others for ever.
		dst = h.shards[(first+i)%shards].take(dst, max, points)
	}
	return dst
}

func (sh *shard) take(dst []Change, most, points int) []Change {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	n := min(len(sh.changed), most-len(dst))
	for _, s := range sh.changed[:n] {
		if len(dst) < cap(dst) {
			dst = dst[:len(dst)+1]
		} else {
			dst = append(dst, Change{})
		}
		s.change(&dst[len(dst)-1], points)
		s.untaken = 0
	}
	rest := copy(sh.changed, sh.changed[n:])
	clear(sh.changed[rest:])
	sh.changed = sh.changed[:rest]
	return dst
}

// change copies the newest untaken points, in the order of their arrival.
func (s *series) change(c *Change, most int) {
	c.Metric, c.Tags = s.metric, s.tags
	c.Times, c.Values = c.Times[:0], c.Values[:0]
	n, size := min(s.untaken, most), len(s.points)
	// next is where the next point goes: behind the last one, around the end.
	at := (s.next - n + size) % size
	for range n {
		c.Times = append(c.Times, s.points[at].time)
		c.Values = append(c.Values, s.points[at].value)
		at = (at + 1) % size
	}
}

// mark notes a point that was added to s. The caller holds mu.
func (sh *shard) mark(s *series, most int) {
	switch {
	case s.untaken == 0:
		sh.changed = append(sh.changed, s)
	case s.untaken == most:
		sh.missed++
		return
	}
	s.untaken++
}

// MarkAll marks every series as changed, with all the points that it has: what took the changes has
// lost them.
func (h *Hot) MarkAll() {
	for i := range h.shards {
		sh := &h.shards[i]
		sh.mu.Lock()
		for _, list := range sh.series {
			for _, s := range list {
				if s.untaken == 0 {
					sh.changed = append(sh.changed, s)
				}
				s.untaken = len(s.points)
			}
		}
		sh.mu.Unlock()
	}
}
