package op

import (
	"millrace/engine/state"
)

// Shelved is an operator whose tables may grow larger than memory: it shows all their large arrays to the shelf of its
// task, each time all of them.
type Shelved interface {
	Shelve(s *state.Shelf)
}

// Shelve shows the table's arrays, last those that every look for a key begins with.
func (t *RowTable) Shelve(s *state.Shelf) {
	s.Columns(t.Cols)
	state.Array(s, &t.Mark)
	state.Array(s, &t.Note)
	state.Array(s, &t.sums)
	state.Array(s, &t.next)
	state.Array(s, &t.prev)
	state.Array(s, &t.of)
	state.Array(s, &t.first)
	state.Array(s, &t.last)
	state.Array(s, &t.count)
	state.Array(s, &t.chained)
	state.Array(s, &t.hashes)
	state.Array(s, &t.buckets)
}

func (x *keyIndex) shelve(s *state.Shelf) {
	s.Columns(x.Keys)
	state.Array(s, &x.hashes)
	state.Array(s, &x.slots)
}

func (t *Table) shelve(s *state.Shelf) {
	state.Array(s, &t.Rows)
	for a := range t.States {
		s.Columns(t.States[a])
	}
	t.keyIndex.shelve(s)
}

func (v *bag) shelve(s *state.Shelf) {
	s.Columns(v.cols)
	state.Array(s, &v.counts)
	state.Array(s, &v.of)
	state.Array(s, &v.next)
	state.Array(s, &v.prev)
	state.Array(s, &v.sums)
	state.Array(s, &v.chain)
	state.Array(s, &v.buckets)
	state.Array(s, &v.first)
	state.Array(s, &v.last)
}

func (a *accumulators) shelve(s *state.Shelf) {
	for i := range a.folds {
		f := &a.folds[i]
		s.Columns(f.states)
		state.Array(s, &f.best)
		for _, v := range []*bag{f.distinct, f.kept} {
			if v != nil {
				v.shelve(s)
			}
		}
	}
}

func (g *grouped) shelve(s *state.Shelf) {
	state.Array(s, &g.rows)
	state.Array(s, &g.touched)
	g.acc.shelve(s)
	g.keyIndex.shelve(s)
}

func (c *sessions) shelve(s *state.Shelf) {
	c.keys.shelve(s)
	state.Array(s, &c.head)
	state.Array(s, &c.key)
	state.Array(s, &c.start)
	state.Array(s, &c.end)
	state.Array(s, &c.rows)
	state.Array(s, &c.age)
	state.Array(s, &c.next)
	c.due.shelve(s)
	c.acc.shelve(s)
}

func (d *schedule[T]) shelve(s *state.Shelf) { state.Array(s, &d.items) }

func (d *joinSide) shelve(s *state.Shelf) {
	d.rows.Shelve(s)
	state.Array(s, &d.heads)
	state.Array(s, &d.chain)
}

// Shelve implements Shelved.
func (w *WindowAggregate) Shelve(s *state.Shelf) {
	for _, t := range w.panes {
		t.shelve(s)
	}
	for _, t := range append(w.free[:len(w.free):len(w.free)], w.merged) {
		t.shelve(s)
	}
}

// Shelve implements Shelved.
func (w *WindowGroup) Shelve(s *state.Shelf) {
	for _, t := range w.open {
		t.shelve(s)
	}
	for _, t := range w.free {
		t.shelve(s)
	}
}

// Shelve implements Shelved.
func (g *GroupAggregate) Shelve(s *state.Shelf) { g.groups.shelve(s) }

// Shelve implements Shelved.
func (s *SessionAggregate) Shelve(to *state.Shelf) { s.sessions.shelve(to) }

// Shelve implements Shelved.
func (s *SessionAssign) Shelve(to *state.Shelf) { s.sessions.shelve(to) }

// Shelve implements Shelved.
func (j *Join) Shelve(s *state.Shelf) {
	j.left.shelve(s)
	j.right.shelve(s)
}

// Shelve implements Shelved.
func (j *timeJoin) Shelve(s *state.Shelf) {
	j.sides[leftSide].Shelve(s)
	j.sides[rightSide].Shelve(s)
	j.timers.shelve(s)
}

// Shelve implements Shelved.
func (o *Normalize) Shelve(s *state.Shelf) { o.rows.Shelve(s) }

// Shelve implements Shelved.
func (d *Deduplicate) Shelve(s *state.Shelf) {
	d.rows.Shelve(s)
	d.done.Shelve(s)
	d.due.shelve(s)
}

// Shelve implements Shelved.
func (s *Sets) Shelve(to *state.Shelf) { s.rows.Shelve(to) }

// Shelve implements Shelved. The order of the rows stays in memory, as in all operators that keep one.
func (s *Sort) Shelve(to *state.Shelf) { s.rows.Shelve(to) }

// Shelve implements Shelved.
func (t *TopN) Shelve(s *state.Shelf) { t.rows.Shelve(s) }

// Shelve implements Shelved.
func (t *WindowTopN) Shelve(s *state.Shelf) {
	t.rows.Shelve(s)
	t.due.shelve(s)
}

// Shelve implements Shelved.
func (o *Over) Shelve(s *state.Shelf) {
	o.rows.Shelve(s)
	o.parts.shelve(s)
	o.acc.shelve(s)
	o.due.shelve(s)
}

// Shelve implements Shelved.
func (o *OverChanges) Shelve(s *state.Shelf) { o.rows.Shelve(s) }

// Shelve implements Shelved.
func (o *OverAtEnd) Shelve(s *state.Shelf) { o.rows.Shelve(s) }

// Shelve implements Shelved.
func (s *SortAtEnd) Shelve(to *state.Shelf) { s.rows.Shelve(to) }

// Shelve implements Shelved.
func (f *Fold) Shelve(s *state.Shelf) { f.rows.Shelve(s) }

// Shelve implements Shelved.
func (o *Match) Shelve(s *state.Shelf) {
	o.rows.Shelve(s)
	state.Array(s, &o.refs)
	state.Array(s, &o.match.links)
	o.due.shelve(s)
}
