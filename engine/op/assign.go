package op

import (
	"time"

	"millrace/schema"
	"millrace/sql/function"
	"millrace/sql/plan"
	"millrace/vec"
)

// Assign adds window_start, window_end and window_time to every row, once for each window that the
// row is in (a windowing table-valued function without an aggregation behind it).
type Assign struct {
	node *plan.WindowTVF
	wall wall
	call *function.Call // nil: by event time
	out  *vec.Builder
	ends []int64
}

// NewAssign returns the operator of a windowing table-valued function; zone is the session's, and call tells the time.
func NewAssign(n *plan.WindowTVF, zone *time.Location, call *function.Call) *Assign {
	f := n.Input.Out().Fields[n.Window.Time]
	a := &Assign{node: n, wall: newWall(f.Type, zone), out: vec.NewBuilder(n.Schema)}
	if f.Time == schema.ProcTime {
		a.call = call
	}
	return a
}

// Process implements Operator.
func (a *Assign) Process(b *vec.Batch, out Out) error {
	times, base := &b.Cols[a.node.Window.Time], len(b.Cols)
	rows := b.Rows()
	for k := range rows.Len() {
		i := rows.At(k)
		var at int64
		switch {
		case a.call != nil:
			at = a.call.Now.UnixMilli()
		case times.IsNull(i):
			return noTime()
		default:
			at = times.I64[i]
		}
		w := a.node.Window
		pane := floorTo(a.wall.local(at), PaneSize(w), w.Offset)
		a.ends = windowEnds(a.ends[:0], w, pane)
		for _, end := range a.ends {
			if a.out.Full() {
				if err := drain(a.out, out); err != nil {
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
	return drain(a.out, out)
}
