package op

import (
	"math"
	"time"

	"millrace/engine/state"
	"millrace/sql/function"
	"millrace/sql/plan"
	"millrace/vec"
)

// Sets is INTERSECT and EXCEPT, by counting how often each row is on either side. Rows come as +I and go as
// -D, as those of the semi and anti joins and aggregations that Flink makes of them.
type Sets struct {
	node *plan.Sets
	call *function.Call
	// rows has each row once. Its mark is how often it is on the left side and, above that, on the right one,
	// the note of its group when it was last written, in milliseconds.
	rows  *RowTable
	keys  []int
	ttl   time.Duration
	next  int // where the search for expired rows goes on
	out   *vec.Builder
	ended bool // the rows at the end have been given
}

// NewSets returns the operator of INTERSECT or EXCEPT. call is the task's; ttl is how long a row is kept after it
// was last written, 0 for ever.
func NewSets(n *plan.Sets, h vec.Hasher, call *function.Call, ttl time.Duration) *Sets {
	s := &Sets{node: n, call: call, keys: n.Keys(), ttl: ttl, out: vec.NewBuilder(n.Schema)}
	s.rows = NewRowTable(h, typesOf(n.Schema), s.keys)
	return s
}

// ProcessLeft implements TwoInput.
func (s *Sets) ProcessLeft(b *vec.Batch, out Out) error { return s.process(b, 0, out) }

// ProcessRight implements TwoInput.
func (s *Sets) ProcessRight(b *vec.Batch, out Out) error { return s.process(b, 32, out) }

// process counts rows in the part of their marks that begins at bit side.
func (s *Sets) process(b *vec.Batch, side uint, out Out) error {
	rows := b.Rows()
	hashes := s.rows.Hash(b, s.keys, rows)
	for k := range rows.Len() {
		i := rows.At(k)
		kind := b.Kind(i)
		row := s.find(hashes[k], b, i)
		adds := kind == vec.Insert || kind == vec.UpdateAfter
		if row < 0 && !adds {
			continue // expired, or never seen
		}
		if row < 0 {
			row, _ = s.rows.Add(-1, hashes[k], b, i, 0)
		}
		before := s.times(s.rows.Mark[row])
		switch {
		case adds:
			s.rows.SetMark(row, s.rows.Mark[row]+1<<side)
		case s.rows.Mark[row]>>side&joinNumber > 0:
			s.rows.SetMark(row, s.rows.Mark[row]-1<<side)
		}
		s.rows.SetNote(s.rows.Group(row), s.call.Now.UnixMilli())
		if err := s.change(b, i, s.times(s.rows.Mark[row])-before, out); err != nil {
			return err
		}
		if s.rows.Mark[row] == 0 {
			s.rows.Remove(row)
		}
	}
	s.compact()
	return drain(s.out, out)
}

func (s *Sets) find(hash uint64, b *vec.Batch, i int) int32 {
	g := s.rows.Find(hash, b, s.keys, i)
	if g < 0 {
		return -1
	}
	row := s.rows.First(g)
	if s.expired(g, s.call.Now) {
		s.rows.Remove(row)
		return -1
	}
	return row
}

// times is how often a row of that mark is in the answer.
func (s *Sets) times(mark int64) int64 {
	left, right := mark&joinNumber, mark>>32
	switch {
	case s.node.Kind == plan.Intersect && s.node.All:
		return min(left, right)
	case s.node.All:
		return max(left-right, 0)
	case left > 0 && (right > 0) == (s.node.Kind == plan.Intersect):
		return 1
	}
	return 0
}

// change gives a row, by times more often than before: once more, once less, or as it was.
func (s *Sets) change(b *vec.Batch, i int, by int64, out Out) error {
	if by == 0 || s.node.AtEnd {
		return nil
	}
	kind := vec.Insert
	if by < 0 {
		kind = vec.Delete
	}
	for c := range b.Cols {
		s.out.CopyValue(c, &b.Cols[c], i)
	}
	return s.end(kind, out)
}

func (s *Sets) end(kind vec.RowKind, out Out) error {
	s.out.EndRow(kind)
	if !s.out.Full() {
		return nil
	}
	return drain(s.out, out)
}

func (s *Sets) expired(g int32, now time.Time) bool {
	return s.ttl > 0 && now.Sub(time.UnixMilli(s.rows.Note[g])) >= s.ttl
}

func (s *Sets) compact() {
	before := len(s.rows.of)
	if s.rows.Compact(nil); len(s.rows.of) != before {
		s.next = 0
	}
}

// Tick implements Clocked: rows that have not been written for as long as they live are forgotten.
func (s *Sets) Tick(now time.Time, _ Out) error {
	if s.ttl <= 0 {
		return nil
	}
	for range min(expireStep, len(s.rows.of)) {
		if s.next >= len(s.rows.of) {
			s.next = 0
		}
		row := int32(s.next)
		if g := s.rows.Group(row); g >= 0 && s.expired(g, now) {
			s.rows.Remove(row)
		}
		s.next++
	}
	s.compact()
	return nil
}

// Advance implements Advancer: the end of the input, in batch mode.
func (s *Sets) Advance(watermark int64, out Out) error {
	if !s.node.AtEnd || s.ended || watermark != math.MaxInt64 {
		return nil
	}
	s.ended = true
	for row, g := range s.rows.of {
		if g < 0 {
			continue
		}
		for range s.times(s.rows.Mark[row]) {
			s.rows.Copy(s.out, 0, int32(row))
			if err := s.end(vec.Insert, out); err != nil {
				return err
			}
		}
	}
	return drain(s.out, out)
}

// Snapshot implements Stateful.
func (s *Sets) Snapshot(w *state.Writer) error {
	writeFlag(w, s.ended)
	s.rows.Snapshot(w, "rows")
	return nil
}

// Restore implements Stateful.
func (s *Sets) Restore(r *state.Reader, share Share) error {
	s.ended = r.Int() == 1
	return s.rows.Restore(r, "rows", share, nil)
}
