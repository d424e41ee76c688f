package op

import (
	"sync/atomic"
	"time"

	"millrace/schema"
	"millrace/sql/function"
	"millrace/sql/plan"
	"millrace/vec"
)

// ByClock says whether windows end by the clock, not by the watermark: their time attribute is PROCTIME().
func ByClock(n *plan.WindowAggregate) bool {
	return n.Time().Time == schema.ProcTime
}

// ClockWindow is WindowAggregate over processing time: a row belongs to the windows that are open when it
// arrives here, so that none is late, and a window ends when the clock has come to its end. What is
// open at the end of the input is not given, as in Flink.
type ClockWindow struct {
	WindowAggregate
	call *function.Call
	in   vec.Batch
}

// NewClockWindow returns the second step of an aggregation by windows of processing time. call tells the time.
func NewClockWindow(n *plan.WindowAggregate, h vec.Hasher, call *function.Call, late *atomic.Int64) *ClockWindow {
	return &ClockWindow{WindowAggregate: *NewWindowAggregate(n, h, call.Zone, late), call: call}
}

// Process implements Operator for batches of partial results, whose panes mean nothing.
func (w *ClockWindow) Process(b *vec.Batch, out Out) error {
	// A clock that was put back does not open again what has ended.
	now := max(w.call.Now.UnixMilli(), w.watermark+1)
	pane := floorTo(w.wall.local(now), PaneSize(w.node.Window), w.node.Window.Offset)
	at := len(w.types)
	w.in = *b
	w.in.Cols = append(w.in.Cols[:0:0], b.Cols...)
	w.in.Cols[at] = vec.Column{}
	w.in.Cols[at].Fill(b.Cols[at].Type, vec.Value{I: pane}, b.N)
	return w.WindowAggregate.Process(&w.in, out)
}

// Advance implements Advancer: event time means nothing here.
func (w *ClockWindow) Advance(int64, Out) error { return nil }

// Tick implements Clocked: it emits the windows that have ended.
func (w *ClockWindow) Tick(now time.Time, out Out) error {
	return w.WindowAggregate.Advance(now.UnixMilli()-1, out)
}
