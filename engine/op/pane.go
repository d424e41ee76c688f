package op

import "millrace/sql/plan"

// Windows are cut into panes: a pane is the largest run of event time that every window contains
// wholly or not at all (the slide of HOP, the step of CUMULATE, the size of TUMBLE). Rows are
// aggregated once per pane, and a window is the merge of its panes, as in Flink's slicing windows.
//
// Aggregation has two steps. PaneAggregate runs beside each split and folds its rows;
// WindowAggregate merges what all splits send, keeps it until the watermark has passed, and emits.
// Between them lie batches of partial results: keys, pane start, row count, accumulators.

// PaneSize is the length of a window's panes in milliseconds.
func PaneSize(w plan.Window) int64 {
	if w.Kind == plan.Tumble {
		return w.Size
	}
	return w.Slide
}

// floorTo returns the start of the cell of the given size that t lies in.
func floorTo(t, size, offset int64) int64 {
	m := (t - offset) % size
	if m < 0 {
		m += size
	}
	return t - m
}

// lastEnd is the end of the last window that contains the pane.
func lastEnd(w plan.Window, pane int64) int64 {
	if w.Kind == plan.Cumulate {
		return floorTo(pane, w.Size, w.Offset) + w.Size
	}
	return pane + w.Size
}

// windowEnds appends the ends of the windows that contain the pane, ascending.
func windowEnds(dst []int64, w plan.Window, pane int64) []int64 {
	step, last := PaneSize(w), lastEnd(w, pane)
	for end := pane + step; end <= last; end += step {
		dst = append(dst, end)
	}
	return dst
}

// windowStart is the start of the window that ends at end.
func windowStart(w plan.Window, end int64) int64 {
	if w.Kind == plan.Cumulate {
		return floorTo(end-w.Slide, w.Size, w.Offset)
	}
	return end - w.Size
}
