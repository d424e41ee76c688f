package op

// Keyed is an operator that can say how much it remembers: how many keys, or rows where it keeps whole rows, which is
// what its state grows with. Its owner's goroutine asks, or somebody while that stands still.
type Keyed interface {
	Keys() int
}

func (x *keyIndex) inUse() int { return x.N - x.gone }

// Keys implements Keyed: keys in open panes.
func (w *WindowAggregate) Keys() (n int) {
	for _, t := range w.panes {
		n += t.inUse()
	}
	return n
}

// Keys implements Keyed: keys in open windows.
func (w *WindowGroup) Keys() (n int) {
	for _, t := range w.open {
		n += t.inUse()
	}
	return n
}

// Keys implements Keyed.
func (g *GroupAggregate) Keys() int { return g.groups.inUse() }

// Keys implements Keyed: keys with an open session.
func (s *SessionAggregate) Keys() int { return s.sessions.keys.inUse() }

// Keys implements Keyed: keys with an open session.
func (s *SessionAssign) Keys() int { return s.sessions.keys.inUse() }

// Keys implements Keyed: rows of both sides.
func (j *Join) Keys() int { return j.left.rows.Len() + j.right.rows.Len() }

// Keys implements Keyed: rows of both sides.
func (j *timeJoin) Keys() int { return j.sides[leftSide].Len() + j.sides[rightSide].Len() }

// Keys implements Keyed: rows.
func (o *Normalize) Keys() int { return o.rows.Len() }

// Keys implements Keyed: rows.
func (d *Deduplicate) Keys() int { return d.rows.Len() }

// Keys implements Keyed: rows.
func (s *Sets) Keys() int { return s.rows.Len() }

// Keys implements Keyed: rows.
func (s *Sort) Keys() int { return s.rows.Len() }

// Keys implements Keyed: rows.
func (t *TopN) Keys() int { return t.rows.Len() }

// Keys implements Keyed: rows.
func (t *WindowTopN) Keys() int { return t.rows.Len() }

// Keys implements Keyed: rows.
func (o *Over) Keys() int { return o.rows.Len() }

// Keys implements Keyed: rows.
func (o *OverChanges) Keys() int { return o.rows.Len() }

// Keys implements Keyed: rows.
func (o *OverAtEnd) Keys() int { return o.rows.Len() }

// Keys implements Keyed: rows.
func (s *SortAtEnd) Keys() int { return s.rows.Len() }

// Keys implements Keyed: rows.
func (f *Fold) Keys() int { return f.rows.Len() }

// Keys implements Keyed: rows.
func (o *Match) Keys() int { return o.rows.Len() }
