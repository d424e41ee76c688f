package engine

import (
	"sync/atomic"
	"time"

	"millrace/vec"
)

// Every task measures what it does, once a batch and never once a row: how many rows and bytes enter each of its
// operators, and what it spends its time on. It always stands at one place: at none (it waits for something to do),
// at blocked (it waits for those behind it), or at one of its operators. To move on costs a look at the clock and two
// stores that no other task writes; nothing is allocated. Flink's words are kept: busy, backpressured, idle.

// The places where a task can stand, before those of its operators.
const (
	placeIdle = iota
	placeBlocked
	placeHead // the scan of a source task, the operator behind an exchange of another; then come those of its chain
)

// placeBits is how many bits of a standing say the place; a chain of more operators than there is room for shares the
// last place, which is only less exact.
const (
	placeBits = 8
	lastPlace = 1<<placeBits - 1
)

// slowWrite is how long a sink may take a batch until that is called waiting: to encode one takes less.
const slowWrite = 5 * time.Millisecond

// taskFigures are what one task measures. The task alone writes; anybody reads.
type taskFigures struct {
	stage int
	// nodes are the nodes of the plan that the places from placeHead on work for; the last is the end: the sink, or
	// the exchange of the node before it.
	nodes []int
	sink  bool // the end is a sink

	began    time.Time
	standing atomic.Int64   // nanoseconds since began, shifted by placeBits, and the place
	spent    []atomic.Int64 // nanoseconds, by place
	stalled  atomic.Int64   // nanoseconds in slow writes of the sink, which are in spent[placeBlocked], too
	flows    []flow         // what has entered, from placeHead on
	ports    [2]flow        // of the head, if that is behind an exchange
	written  flow           // what the sink took

	late      atomic.Int64
	dropped   atomic.Int64 // rows that broke a NOT NULL of the sink
	watermark atomic.Int64
	due       atomic.Int64 // the watermark that it waits for, at the last checkpoint; startWatermark: for none
	quiet     atomic.Bool  // its inputs are idle
	keys      atomic.Int64
	bytes     atomic.Int64 // of state
	queue     chan message // nil: a source task
}

// flow counts what passes a place.
type flow struct{ rows, bytes atomic.Int64 }

func (f *flow) add(b *vec.Batch) { f.count(int64(b.Rows().Len()), batchBytes(b)) }

func (f *flow) count(rows, bytes int64) {
	f.rows.Add(rows)
	f.bytes.Add(bytes)
}

// newTaskFigures returns figures for a task whose places belong to the given nodes, its end included.
func newTaskFigures(stage int, nodes []int, sink bool) *taskFigures {
	f := &taskFigures{stage: stage, nodes: nodes, sink: sink, began: time.Now()}
	f.spent = make([]atomic.Int64, min(placeHead+len(nodes), lastPlace+1))
	f.flows = make([]flow, len(nodes))
	f.watermark.Store(startWatermark)
	f.due.Store(startWatermark)
	return f
}

// meter is a place of a task, as the operator that stands there sees it. The zero meter measures nothing.
type meter struct {
	of    *taskFigures
	place int
	at    int // of flows
}

// meter returns the meter of a place, counted from the head.
func (f *taskFigures) meter(at int) meter {
	return meter{of: f, place: min(placeHead+at, len(f.spent)-1), at: at}
}

// end is the meter of the task's end.
func (f *taskFigures) end() meter { return f.meter(len(f.nodes) - 1) }

// enter says that the task now works here, on a batch, which may be nil. It returns where it was.
func (m meter) enter(b *vec.Batch) int {
	if m.of == nil {
		return 0
	}
	if b != nil {
		m.of.flows[m.at].add(b)
	}
	return m.of.move(m.place)
}

// leave goes back to where the task was.
func (m meter) leave(was int) {
	if m.of != nil {
		m.of.move(was)
	}
}

// block says that the task waits for those behind it.
func (m meter) block() int {
	if m.of == nil {
		return 0
	}
	return m.of.move(placeBlocked)
}

// move lets the task stand at another place and returns the one before.
func (f *taskFigures) move(to int) int {
	now := int64(time.Since(f.began))
	was := f.standing.Load()
	f.standing.Store(now<<placeBits | int64(to))
	place, since := int(was&lastPlace), was>>placeBits
	at, stalled := f.charge(place, now-since)
	f.spent[at].Add(now - since)
	if stalled {
		f.stalled.Add(now - since)
	}
	return place
}

// charge says which place pays for a time, and whether it is one in which the sink let the task wait.
func (f *taskFigures) charge(place int, spent int64) (int, bool) {
	if f.sink && place == placeHead+len(f.nodes)-1 && spent > int64(slowWrite) {
		return placeBlocked, true
	}
	return place, false
}

// waited turns a part of the time that the task has spent at its head since it came there into waiting.
func (f *taskFigures) waited(d time.Duration) {
	if d > 0 {
		f.spent[placeHead].Add(-int64(d))
		f.spent[placeIdle].Add(int64(d))
	}
}

// batchBytes is about how many bytes the rows of a batch take in memory: exact without a selection, else by the share
// of the rows that are selected. It looks at columns, not at rows.
func batchBytes(b *vec.Batch) int64 {
	if b.N == 0 {
		return 0
	}
	n := columnsBytes(b.Cols, b.N)
	if rows := b.Rows().Len(); rows != b.N {
		n = n * int64(rows) / int64(b.N)
	}
	return n
}

func columnsBytes(cols []vec.Column, rows int) (n int64) {
	for i := range cols {
		n += columnBytes(&cols[i], rows)
	}
	return n
}

func columnBytes(c *vec.Column, rows int) int64 {
	switch c.Layout() {
	case vec.LayoutBits:
		return int64(rows+7) / 8
	case vec.LayoutI8:
		return int64(rows)
	case vec.LayoutI16:
		return 2 * int64(rows)
	case vec.LayoutI32, vec.LayoutF32:
		return 4 * int64(rows)
	case vec.LayoutI64, vec.LayoutF64:
		return 8 * int64(rows)
	case vec.LayoutD128:
		return 16 * int64(rows)
	case vec.LayoutBytes:
		if len(c.Off) > rows {
			return 4*int64(rows) + int64(c.Off[rows]-c.Off[0])
		}
	case vec.LayoutList:
		if len(c.Off) > rows {
			return 4*int64(rows) + columnsBytes(c.Kids, int(c.Off[rows]))
		}
	case vec.LayoutRow:
		return columnsBytes(c.Kids, rows)
	}
	return 0
}
