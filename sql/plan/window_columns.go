package plan

import (
	"slices"

	"millrace/schema"
)

// WindowColumns says which columns of a node's rows tell the window that a row is in: those that a windowing
// function has added, however often they were joined, ranked or renamed since. What groups, joins or ranks by
// Start and End does so window by window, and is done with a window once the watermark has passed its end.
type WindowColumns struct {
	// Window is the shape of the windows; its Time means nothing here. Two sides of a window join must have
	// the same.
	Window Window
	// Time is the window_time column as a field: its type says whether the window's bounds are instants
	// (TIMESTAMP) or what the clock of the session's zone shows (TIMESTAMP_LTZ); Field.Time whether windows end
	// by the watermark (RowTime) or by the clock (ProcTime).
	Time schema.Field
	// Columns of the node, ascending, by kind: WindowStart, WindowEnd, WindowTime. A column may stand there twice.
	At [3][]int
}

// windowed is a node that says itself which of its columns are a window's: nil if none are. Nodes that keep the
// columns of their input and their places (ranks, filters) answer windowColumns(n.Input); joins use joinedWindows.
// A node that is not windowed has no window columns.
type windowed interface{ windowColumns() *WindowColumns }

// windowColumns returns the window columns of a node, nil if it has none.
func windowColumns(n Node) *WindowColumns {
	if w, ok := n.(windowed); ok {
		return w.windowColumns()
	}
	return nil
}

// kind says which column of a window column i is.
func (w *WindowColumns) kind(i int) (WindowCol, bool) {
	if w != nil {
		for kind, at := range w.At {
			if slices.Contains(at, i) {
				return WindowCol(kind), true
			}
		}
	}
	return 0, false
}

// both says whether among the given columns are a start and an end of the window.
func (w *WindowColumns) both(columns []int) bool {
	var has [3]bool
	for _, c := range columns {
		if kind, ok := w.kind(c); ok {
			has[kind] = true
		}
	}
	return has[WindowStart] && has[WindowEnd]
}

// moved returns the window columns where each column i of the old rows is at to[i] (several places, or none).
// nil if start or end is lost.
func (w *WindowColumns) moved(to func(i int) []int) *WindowColumns {
	if w == nil {
		return nil
	}
	out := &WindowColumns{Window: w.Window, Time: w.Time}
	for kind, at := range w.At {
		for _, i := range at {
			out.At[kind] = append(out.At[kind], to(i)...)
		}
		slices.Sort(out.At[kind])
	}
	if len(out.At[WindowStart]) == 0 && len(out.At[WindowEnd]) == 0 && len(out.At[WindowTime]) == 0 {
		return nil
	}
	return out
}

// shifted returns the window columns moved by n places: those of the right side of a join.
func (w *WindowColumns) shifted(n int) *WindowColumns {
	return w.moved(func(i int) []int { return []int{i + n} })
}

// joinedWindows returns the window columns of a join by windows: those of both sides, whose right one has its
// columns behind the width columns of the left. Either may be nil, as in a semi join.
func joinedWindows(left, right *WindowColumns, width int) *WindowColumns {
	right = right.shifted(width)
	switch {
	case left == nil:
		return right
	case right == nil:
		return left
	}
	out := *left
	for kind := range out.At {
		out.At[kind] = slices.Concat(left.At[kind], right.At[kind])
	}
	return &out
}

func (n *Filter) windowColumns() *WindowColumns { return windowColumns(n.Input) }
func (n *Limit) windowColumns() *WindowColumns  { return windowColumns(n.Input) }
func (n *Sink) windowColumns() *WindowColumns   { return windowColumns(n.Input) }

func (n *Project) windowColumns() *WindowColumns {
	return windowColumns(n.Input).moved(func(i int) []int {
		var at []int
		for place, e := range n.Exprs {
			if c, ok := e.(*Column); ok && c.Index == i {
				at = append(at, place)
			}
		}
		return at
	})
}

// The rows of a union are in windows if those of all sources are in windows of one shape.
func (n *Union) windowColumns() *WindowColumns {
	first := windowColumns(n.Sources[0])
	if first == nil {
		return nil
	}
	for _, s := range n.Sources[1:] {
		other := windowColumns(s)
		if other == nil || !sameWindows(first, other) {
			return nil
		}
		first = first.moved(func(i int) []int {
			if a, ok := first.kind(i); ok {
				if b, ok := other.kind(i); ok && a == b {
					return []int{i}
				}
			}
			return nil
		})
		if first == nil {
			return nil
		}
	}
	return first
}

// sameWindows says whether two sides cut time into the same windows by the same clock.
func sameWindows(a, b *WindowColumns) bool {
	x, y := a.Window, b.Window
	return x.Kind == y.Kind && x.Size == y.Size && x.Slide == y.Slide && x.Offset == y.Offset &&
		a.Time.Time == b.Time.Time && a.Time.Type.ID == b.Time.Type.ID
}
