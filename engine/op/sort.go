package op

import (
	"math"
	"slices"
	"sync/atomic"

	"millrace/engine/state"
	"millrace/schema"
	"millrace/sql/plan"
	"millrace/vec"
)

// Sort puts rows in the order of a time attribute and what comes behind it (Flink's temporal sort). By event time
// those are given that the watermark has passed; a row that is not newer than the last one given is late, dropped
// and counted. By processing time the rows of a batch came at one time.
//
// State: the rows that wait for the watermark.
type Sort struct {
	time    int
	byClock bool
	late    *atomic.Int64
	rows    *sortedRows
	group   int32 // the only one, -1: there are no rows
	given   int64 // the time of the last row given
	last    int64 // the last watermark
	out     *vec.Builder
}

// NewSort returns the operator; late rows are added to late.
func NewSort(n *plan.Sort, h vec.Hasher, late *atomic.Int64) *Sort {
	s := n.Out()
	return &Sort{
		time: n.Keys[0].Column, byClock: n.Time == schema.ProcTime, late: late, group: -1, given: minWatermark, last: minWatermark,
		rows: newSortedRows(NewRowTable(h, typesOf(s), nil), ordering(n.Keys)), out: vec.NewBuilder(s),
	}
}

// Process implements Operator. Its input is insert-only.
func (s *Sort) Process(b *vec.Batch, out Out) error {
	rows := b.Rows()
	for k := range rows.Len() {
		i := rows.At(k)
		if b.Cols[s.time].IsNull(i) {
			return noEventTime()
		}
		if !s.byClock && b.Cols[s.time].I64[i] <= s.given {
			s.late.Add(1)
			continue
		}
		at := s.rows.place(s.rows.list(s.group), b.Cols, i)
		row, g := s.rows.Add(s.group, 0, b, i, 0)
		s.rows.insert(g, at, row, false)
		s.group = g
	}
	if s.byClock {
		return s.give(math.MaxInt64, out)
	}
	return nil
}

// Advance implements Advancer.
func (s *Sort) Advance(watermark int64, out Out) error {
	if watermark <= s.last {
		return nil
	}
	s.last = watermark
	return s.give(watermark, out)
}

func (s *Sort) give(upto int64, out Out) error {
	list := s.rows.list(s.group)
	times := s.rows.Cols[s.time].I64
	n := 0
	for ; n < len(list) && times[list[n]] <= upto; n++ {
		if s.out.Full() {
			if err := drain(s.out, out); err != nil {
				return err
			}
		}
		s.given = max(s.given, times[list[n]])
		s.rows.Copy(s.out, 0, list[n])
		s.out.EndRow(vec.Insert)
	}
	for _, row := range list[:n] {
		s.rows.Remove(row)
	}
	if n == len(list) {
		s.group = -1
	}
	if n > 0 {
		s.rows.lists[0] = slices.Delete(list, 0, n)
		s.rows.tidy()
	}
	return drain(s.out, out)
}

// Snapshot implements Stateful.
func (s *Sort) Snapshot(w *state.Writer) error {
	w.Int(s.given)
	w.Int(s.last)
	s.rows.Snapshot(w, "rows")
	return nil
}

// Restore implements Stateful.
func (s *Sort) Restore(r *state.Reader, share Share) error {
	s.given, s.last = max(s.given, r.Int()), max(s.last, r.Int())
	err := s.rows.restore(r, share)
	if s.rows.Len() > 0 {
		s.group = 0
	}
	return err
}
