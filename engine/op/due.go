package op

// Waiting is an operator that can say up to which watermark, in milliseconds, it waits with the earliest of what it
// holds; false: it holds nothing that waits. Its owner's goroutine asks, or somebody while that stands still.
type Waiting interface {
	Due() (watermark int64, ok bool)
}

// Due implements Waiting: the end of the first window to come that has rows.
func (w *WindowAggregate) Due() (due int64, ok bool) {
	var ends []int64
	for pane := range w.panes {
		ends = windowEnds(ends[:0], w.node.Window, pane)
		for _, end := range ends {
			if at := w.wall.due(end); at > w.watermark && (!ok || at < due) {
				due, ok = at, true
			}
		}
	}
	return due, ok
}

// Due implements Waiting: the end of the first open window.
func (w *WindowGroup) Due() (due int64, ok bool) {
	for s := range w.open {
		if at := w.wall.due(s.end); !ok || at < due {
			due, ok = at, true
		}
	}
	return due, ok
}
