package op

import (
	"time"

	"millrace/fault"
	"millrace/sql/plan"
	"millrace/vec"
)

// Assign adds window_start, window_end and window_time to every row, once for each window that the
// row is in (a windowing table-valued function without an aggregation behind it).
type Assign struct {
	node *plan.WindowTVF
	wall wall
	out  *vec.Builder
	ends []int64
}

// NewAssign returns the operator of a windowing table-valued function; zone is the session's.
func NewAssign(n *plan.WindowTVF, zone *time.Location) *Assign {
	return &Assign{node: n, wall: newWall(n.Input.Out().Fields[n.Window.Time].Type, zone), out: vec.NewBuilder(n.Schema)}
}

// Process implements Operator.
func (a *Assign) Process(b *vec.Batch, out Out) error {
	times, base := &b.Cols[a.node.Window.Time], len(b.Cols)
	rows := b.Rows()
	for k := range rows.Len() {
		i := rows.At(k)
		if times.IsNull(i) {
			return fault.New(fault.Invalid, "a row has no event time: the time attribute of a window must not be NULL")
		}
		w := a.node.Window
		pane := floorTo(a.wall.local(times.I64[i]), PaneSize(w), w.Offset)
		a.ends = windowEnds(a.ends[:0], w, pane)
		for _, end := range a.ends {
			if a.out.Full() {
				if err := a.drain(out); err != nil {
					return err
				}
			}
			for c := range b.Cols {
				a.out.CopyValue(c, &b.Cols[c], i)
			}
			a.out.SetInt(base, windowStart(w, end))
			a.out.SetInt(base+1, end)
			a.out.SetInt(base+2, a.wall.windowTime(end))
			a.out.EndRow(b.Kind(i))
		}
	}
	return a.drain(out)
}

func (a *Assign) drain(out Out) error {
	if a.out.Len() == 0 {
		return nil
	}
	err := out.Emit(a.out.Batch())
	a.out.Reset()
	return err
}
