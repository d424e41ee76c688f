package op

import (
	"cmp"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"millrace/engine/state"
	"millrace/fault"
	"millrace/schema"
	"millrace/sql/function"
	"millrace/sql/plan"
	"millrace/vec"
)

// WindowGroup aggregates by window and key in one step, for what cannot be put together from panes: windows that
// rows come with from below, DISTINCT, aggregates that keep their values, rows that change. It emits each window
// once the watermark, or the clock, has reached its end.
//
// A row is late when the last of its windows has been emitted; one that is not counts in those that are still
// open. State grows with keys × open windows.
type WindowGroup struct {
	node    *plan.WindowAggregate
	wall    wall
	byClock bool
	call    *function.Call
	types   []schema.Type
	hasher  vec.Hasher
	open    map[span]*grouped
	free    []*grouped
	reached int64 // the watermark, or the clock's time - 1
	late    *atomic.Int64

	spans []span // by row
	ends  []int64
	sel   []int32
	out   vec.Batch
}

// span is a window, in ms of the clock that cuts it.
type span struct{ start, end int64 }

// NewWindowGroup returns the operator. Late rows are added to late; zone is the session's, and call tells the time.
func NewWindowGroup(n *plan.WindowAggregate, h vec.Hasher, zone *time.Location, call *function.Call, late *atomic.Int64) *WindowGroup {
	return &WindowGroup{
		node: n, wall: newWall(n.Time().Type, zone), byClock: ByClock(n), call: call, types: keyTypes(n), hasher: h,
		open: map[span]*grouped{}, reached: minWatermark, late: late, sel: make([]int32, 0, vec.MaxRows),
		out: vec.Batch{Schema: n.Schema, Cols: make([]vec.Column, n.Schema.Len())},
	}
}

// Process implements Operator.
func (w *WindowGroup) Process(b *vec.Batch, _ Out) error {
	rows := b.Rows()
	if err := w.assign(b, rows); err != nil {
		return err
	}
	for k := range w.spans {
		s := w.spans[k]
		if s.end == done {
			continue
		}
		w.sel = w.sel[:0]
		for j := k; j < len(w.spans); j++ {
			if w.spans[j] == s {
				w.sel = append(w.sel, int32(rows.At(j)))
				w.spans[j].end = done
			}
		}
		if err := w.add(b, s, vec.Rows{N: b.N, Sel: w.sel}); err != nil {
			return err
		}
	}
	return nil
}

// done marks what has been seen to.
const done = minWatermark - 1

// assign finds the window of each row or, of those cut here, the pane.
func (w *WindowGroup) assign(b *vec.Batch, rows vec.Rows) error {
	w.spans = w.spans[:0]
	win := w.node.Window
	size := PaneSize(win)
	for k := range rows.Len() {
		i := rows.At(k)
		switch {
		case win.Attached:
			start, end := &b.Cols[win.Start], &b.Cols[win.End]
			if start.IsNull(i) || end.IsNull(i) {
				w.spans = append(w.spans, span{end: done})
				continue
			}
			w.spans = append(w.spans, span{start.I64[i], end.I64[i]})
			continue
		case w.byClock:
			// A clock that was put back does not open again what has ended.
			pane := floorTo(w.wall.local(max(w.call.Now.UnixMilli(), w.reached+1)), size, win.Offset)
			w.spans = append(w.spans, span{pane, pane + size})
			continue
		}
		times := &b.Cols[win.Time]
		if times.IsNull(i) {
			return noTime()
		}
		pane := floorTo(w.wall.local(times.I64[i]), size, win.Offset)
		w.spans = append(w.spans, span{pane, pane + size})
	}
	return nil
}

func noTime() error {
	return fault.New(fault.Invalid, "a row has no event time: the time attribute of a window must not be NULL").
		WithHint("filter such rows out, or declare the column NOT NULL so that they go to the dead letters")
}

// add adds rows of one window, or of one pane, to the windows that are open.
func (w *WindowGroup) add(b *vec.Batch, s span, rows vec.Rows) error {
	win := w.node.Window
	if win.Attached {
		if w.gone(s.end) {
			w.late.Add(int64(rows.Len()))
			return nil
		}
		return w.table(s).apply(b, w.node.Keys, rows)
	}
	w.ends = windowEnds(w.ends[:0], win, s.start)
	if w.gone(w.ends[len(w.ends)-1]) {
		w.late.Add(int64(rows.Len()))
		return nil
	}
	for _, end := range w.ends {
		if w.gone(end) {
			continue
		}
		if err := w.table(span{windowStart(win, end), end}).apply(b, w.node.Keys, rows); err != nil {
			return err
		}
	}
	return nil
}

// gone says whether a window has been emitted. By the clock none of those that rows come with is late: they have
// been emitted below by the same clock.
func (w *WindowGroup) gone(end int64) bool {
	return w.wall.due(end) <= w.reached && !(w.byClock && w.node.Window.Attached)
}

func (w *WindowGroup) table(s span) *grouped {
	t := w.open[s]
	if t == nil {
		if n := len(w.free); n > 0 {
			t, w.free = w.free[n-1], w.free[:n-1]
		} else {
			t = newGrouped(w.hasher, w.types, w.node.Aggs, w.node.Changing())
		}
		w.open[s] = t
	}
	return t
}

// Advance implements Advancer: it emits the windows that end by the watermark, earliest first.
func (w *WindowGroup) Advance(watermark int64, out Out) error {
	if w.byClock {
		return nil
	}
	return w.reach(watermark, out)
}

// Tick implements Clocked: it emits the windows of processing time that have ended.
func (w *WindowGroup) Tick(now time.Time, out Out) error {
	if !w.byClock {
		return nil
	}
	return w.reach(now.UnixMilli()-1, out)
}

func (w *WindowGroup) reach(time int64, out Out) error {
	var due []span
	for s := range w.open {
		if w.wall.due(s.end) <= time {
			due = append(due, s)
		}
	}
	slices.SortFunc(due, func(a, b span) int { return cmp.Or(cmp.Compare(a.end, b.end), cmp.Compare(a.start, b.start)) })
	w.reached = max(w.reached, time)
	for _, s := range due {
		t := w.open[s]
		if err := w.emit(t, s, out); err != nil {
			return err
		}
		delete(w.open, s)
		t.clear()
		w.free = append(w.free, t)
	}
	return nil
}

func (w *WindowGroup) emit(t *grouped, s span, out Out) error {
	groups := t.live(nil)
	for from := 0; from < len(groups); from += vec.MaxRows {
		part := groups[from:min(from+vec.MaxRows, len(groups))]
		if err := t.answers(part, &w.out); err != nil {
			return err
		}
		windowValues(&w.out, w.node, &w.wall, s)
		if err := out.Emit(&w.out); err != nil {
			return err
		}
	}
	return nil
}

// windowValues fills the window's columns of out, behind keys and aggregates.
func windowValues(out *vec.Batch, n *plan.WindowAggregate, wall *wall, s span) {
	at := len(n.Keys) + len(n.Aggs)
	for i, c := range n.WindowCols {
		v := [...]int64{plan.WindowStart: s.start, plan.WindowEnd: s.end, plan.WindowTime: wall.windowTime(s.end)}[c]
		out.Cols[at+i].Fill(n.Schema.Fields[at+i].Type, vec.Value{I: v}, out.N)
	}
}

// Groups is how many keys are held, over all windows.
func (w *WindowGroup) Groups() int {
	n := 0
	for _, t := range w.open {
		n += t.N - t.gone
	}
	return n
}

// Snapshot implements Stateful.
func (w *WindowGroup) Snapshot(s *state.Writer) error {
	s.Int(w.reached)
	s.Int(int64(len(w.open)))
	for at, t := range w.open {
		s.Int(at.start)
		s.Int(at.end)
		t.snapshot(s, windowName(at))
	}
	return nil
}

// Restore implements Stateful.
func (w *WindowGroup) Restore(r *state.Reader, share Share) error {
	w.reached = max(w.reached, r.Int())
	for range r.Int() {
		s := span{r.Int(), r.Int()}
		if err := w.table(s).restore(r, windowName(s), share); err != nil {
			return err
		}
	}
	return r.Err()
}

// windowName is what the names of a window's tables begin with in snapshots.
func windowName(s span) string { return fmt.Sprintf("window %d to %d ", s.start, s.end) }
