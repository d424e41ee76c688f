package op

import (
	"math"
	"slices"

	"millrace/engine/state"
	"millrace/sql/plan"
	"millrace/vec"
)

// SortAtEnd gives all rows in order at the end of the input, or some of them: ORDER BY in batch mode.
type SortAtEnd struct {
	node  *plan.Sort
	by    ordering
	rows  *RowTable
	ended bool
	out   *vec.Builder
}

// NewSortAtEnd returns the operator. Its state is all of the input.
func NewSortAtEnd(n *plan.Sort, h vec.Hasher) *SortAtEnd {
	return &SortAtEnd{node: n, by: ordering(n.Keys), rows: NewRowTable(h, typesOf(n.Out()), nil), out: vec.NewBuilder(n.Out())}
}

// Process implements Operator. Its input is insert-only.
func (s *SortAtEnd) Process(b *vec.Batch, _ Out) error {
	rows := b.Rows()
	for k := range rows.Len() {
		s.rows.Add(onlyGroup(s.rows), 0, b, rows.At(k), 0)
	}
	return nil
}

// onlyGroup is the group of a table without keys.
func onlyGroup(t *RowTable) int32 {
	if t.Len() == 0 {
		return -1
	}
	return 0
}

// Advance implements Advancer.
func (s *SortAtEnd) Advance(watermark int64, out Out) error {
	if watermark != math.MaxInt64 || s.ended {
		return nil
	}
	s.ended = true
	list := make([]int32, s.rows.Len())
	for i := range list {
		list[i] = int32(i)
	}
	slices.SortStableFunc(list, func(a, b int32) int { return s.by.compare(s.rows.Cols, int(a), s.rows.Cols, int(b)) })
	list = list[min(s.node.Offset, int64(len(list))):]
	for _, row := range list[:min(s.node.Count, int64(len(list)))] {
		if s.out.Full() {
			if err := drain(s.out, out); err != nil {
				return err
			}
		}
		s.rows.Copy(s.out, 0, row)
		s.out.EndRow(vec.Insert)
	}
	return drain(s.out, out)
}

// Snapshot implements Stateful.
func (s *SortAtEnd) Snapshot(w *state.Writer) error {
	writeFlag(w, s.ended)
	s.rows.Snapshot(w, "rows")
	return nil
}

// Restore implements Stateful.
func (s *SortAtEnd) Restore(r *state.Reader, share Share) error {
	s.ended = r.Int() == 1
	return s.rows.Restore(r, "rows", share, nil)
}

func writeFlag(w *state.Writer, on bool) {
	if on {
		w.Int(1)
		return
	}
	w.Int(0)
}

// Fold gives the rows that are left of a changelog at the end of the input, in the order in which they came.
type Fold struct {
	keys  []int // all columns
	rows  *RowTable
	ended bool
	out   *vec.Builder
}

// NewFold returns the operator. Its state is the rows that are left so far.
func NewFold(n *plan.Fold, h vec.Hasher) *Fold {
	f := &Fold{out: vec.NewBuilder(n.Out())}
	for i := range n.Out().Fields {
		f.keys = append(f.keys, i)
	}
	f.rows = NewRowTable(h, typesOf(n.Out()), f.keys)
	return f
}

// Process implements Operator. What takes back a row that is not there is left out.
func (f *Fold) Process(b *vec.Batch, _ Out) error {
	rows := b.Rows()
	hashes := f.rows.Hash(b, f.keys, rows)
	for k := range rows.Len() {
		i := rows.At(k)
		g := f.rows.Find(hashes[k], b, f.keys, i)
		switch {
		case !retracts(b.Kind(i)):
			f.rows.Add(g, hashes[k], b, i, 0)
		case g >= 0:
			f.rows.Remove(f.rows.First(g))
		}
	}
	f.rows.Compact(nil)
	return nil
}

// Advance implements Advancer.
func (f *Fold) Advance(watermark int64, out Out) error {
	if watermark != math.MaxInt64 || f.ended {
		return nil
	}
	f.ended = true
	for row := range int32(len(f.rows.Mark)) {
		if f.rows.Group(row) < 0 {
			continue
		}
		if f.out.Full() {
			if err := drain(f.out, out); err != nil {
				return err
			}
		}
		f.rows.Copy(f.out, 0, row)
		f.out.EndRow(vec.Insert)
	}
	return drain(f.out, out)
}

// Snapshot implements Stateful.
func (f *Fold) Snapshot(w *state.Writer) error {
	writeFlag(w, f.ended)
	f.rows.Snapshot(w, "rows")
	return nil
}

// Restore implements Stateful.
func (f *Fold) Restore(r *state.Reader, share Share) error {
	f.ended = r.Int() == 1
	return f.rows.Restore(r, "rows", share, nil)
}
