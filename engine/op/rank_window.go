package op

import (
	"sync/atomic"
	"time"

	"millrace/engine/state"
	"millrace/sql/plan"
	"millrace/vec"
)

// WindowTopN keeps the best rows of each group of a window and gives them once the watermark has passed the window's
// end. Rows of windows that were given are late: they are dropped and counted (Flink's WindowRank and WindowDeduplicate).
//
// State: the rows up to the last place, of each group of the windows that are open.
type WindowTopN struct {
	node      *plan.WindowTopN
	wall      wall
	late      *atomic.Int64
	rows      *sortedRows
	due       schedule[int32] // groups by when their window is over
	watermark int64
	out       *vec.Builder
}

// NewWindowTopN returns the operator; late rows are added to late, zone is the session's.
func NewWindowTopN(n *plan.WindowTopN, h vec.Hasher, zone *time.Location, late *atomic.Int64) *WindowTopN {
	return &WindowTopN{
		node: n, wall: newWall(n.Time, zone), late: late, watermark: minWatermark, out: vec.NewBuilder(n.Schema),
		rows: newSortedRows(NewRowTable(h, typesOf(n.Input.Out()), n.Keys), ordering(n.Order)),
	}
}

// over is the watermark at which the window of a row is over. At the end of the input all are.
func (t *WindowTopN) over(cols []vec.Column, i int) int64 { return t.wall.due(cols[t.node.End].I64[i]) }

// Process implements Operator. Its input is insert-only.
func (t *WindowTopN) Process(b *vec.Batch, _ Out) error {
	rows := b.Rows()
	hashes := t.rows.Hash(b, t.node.Keys, rows)
	for k := range rows.Len() {
		i := rows.At(k)
		due := t.over(b.Cols, i)
		if due <= t.watermark {
			t.late.Add(1)
			continue
		}
		g := t.rows.Find(hashes[k], b, t.node.Keys, i)
		list := t.rows.list(g)
		at := t.rows.place(list, b.Cols, i)
		for t.node.Last && at > 0 && t.rows.by.compare(t.rows.Cols, int(list[at-1]), b.Cols, i) == 0 {
			at--
		}
		if int64(at) >= t.node.To {
			continue
		}
		known := g >= 0
		row, g := t.rows.Add(g, hashes[k], b, i, 0)
		list = t.rows.insert(g, at, row, t.node.Last)
		if !known {
			t.due.add(due, g)
		}
		if last := len(list) - 1; int64(last) >= t.node.To {
			t.rows.take(g, last)
		}
	}
	t.rows.tidy()
	return nil
}

// Advance implements Advancer.
func (t *WindowTopN) Advance(watermark int64, out Out) error {
	if watermark <= t.watermark {
		return nil
	}
	t.watermark = watermark
	for {
		item, ok := t.due.next(watermark)
		if !ok {
			t.rows.tidy()
			return drain(t.out, out)
		}
		list := t.rows.list(item.of)
		for r := t.node.From; r <= int64(len(list)); r++ {
			if t.out.Full() {
				if err := drain(t.out, out); err != nil {
					return err
				}
			}
			t.rows.Copy(t.out, 0, list[r-1])
			if t.node.Number {
				t.out.SetI64(len(t.rows.Cols), r)
			}
			t.out.EndRow(vec.Insert)
		}
		t.rows.forget(item.of)
	}
}

// Snapshot implements Stateful.
func (t *WindowTopN) Snapshot(w *state.Writer) error {
	w.Int(t.watermark)
	t.rows.Snapshot(w, "rows")
	return nil
}

// Restore implements Stateful.
func (t *WindowTopN) Restore(r *state.Reader, share Share) error {
	t.watermark = max(t.watermark, r.Int())
	err := t.rows.restore(r, share)
	t.due = schedule[int32]{}
	for g := range t.rows.Groups() {
		t.due.add(t.over(t.rows.Cols, int(t.rows.First(g))), g)
	}
	return err
}
