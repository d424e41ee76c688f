package engine

import (
	"context"
	"math"
	"sync"
	"time"

	"millrace/engine/op"
	"millrace/engine/state"
	"millrace/sql/function"
)

// maxWatermark is the watermark at the end of all input, as in Flink.
const maxWatermark = math.MaxInt64

// startWatermark is before every event time.
const startWatermark = int64(-1) << 62

// mergeTask runs the operator behind an exchange and the chain behind that.
type mergeTask struct {
	queue chan message
	chain stream      // begins with the merging operator
	join  op.TwoInput // nil but for an operator with two inputs, whose rows go to it by their port
	tail  stream      // behind the merging operator
	shelf shelf       // for the merging operator's tables
	clock op.Clocked  // the merging operator, if it waits for the clock
	gate  *sync.RWMutex
	acks  chan<- struct{}
	call  *function.Call
	// limit is the operator of the job's one LIMIT, if that decides when the job has all its rows;
	// satisfied says so.
	limit     *op.Limit
	satisfied func()

	wms     []int64 // by input
	idle    []bool
	current int64
	begins  int64        // where event time stood at the epoch that the run begins with
	figures *taskFigures // nil: nobody looks
	waiting int          // inputs that have not sent the barrier at hand
}

func newMergeTask(inputs int) *mergeTask {
	t := &mergeTask{queue: make(chan message, queueLength), wms: make([]int64, inputs), idle: make([]bool, inputs), current: startWatermark, begins: startWatermark, waiting: inputs}
	for i := range t.wms {
		t.wms[i] = startWatermark
	}
	return t
}

// clock is the least event time of the operators behind exchanges; they stand still. nil: there are none.
func (r *run) clock() *int64 {
	if len(r.merges) == 0 {
		return nil
	}
	low := int64(maxWatermark)
	for _, m := range r.merges {
		low = min(low, m.current)
	}
	return &low
}

// tickEvery is how often an operator that waits for the clock is told the time.
const tickEvery = 50 * time.Millisecond

// run handles messages until ctx ends.
func (t *mergeTask) run(ctx context.Context) error {
	if err := t.move(t.begins); err != nil {
		return err
	}
	var ticks <-chan time.Time
	if t.clock != nil {
		ticker := time.NewTicker(tickEvery)
		defer ticker.Stop()
		ticks = ticker.C
	}
	for {
		var err error
		select {
		case <-ctx.Done():
			return ctx.Err()
		case m := <-t.queue:
			err = t.handle(ctx, m)
		case <-ticks:
			err = t.tick()
		}
		if err != nil {
			return err
		}
	}
}

// tick lets the operator act on the clock, unless a checkpoint is under way: then the next tick will do.
func (t *mergeTask) tick() error {
	if !t.gate.TryRLock() {
		return nil
	}
	defer t.gate.RUnlock()
	t.call.Now = time.Now()
	head := t.head()
	was := head.enter(nil)
	defer head.leave(was)
	return t.clock.Tick(t.call.Now, t.tail)
}

func (t *mergeTask) handle(ctx context.Context, m message) error {
	switch m.kind {
	case rowsMessage:
		t.call.Now = time.Now()
		err := t.take(m)
		m.pool.Put(m.rows)
		if err == nil {
			err = t.shelf.tidy()
		}
		if t.limit != nil && t.limit.Done() {
			t.satisfied()
		}
		return err
	case watermarkMessage:
		t.wms[m.input], t.idle[m.input] = m.wm, false
		return t.advance()
	case idleMessage:
		t.idle[m.input] = true
		return t.advance()
	default:
		return t.barrier(ctx)
	}
}

func (t *mergeTask) take(m message) (err error) {
	defer blame(&err)
	b := m.rows.Batch()
	if t.figures != nil {
		t.figures.ports[m.port].add(b)
	}
	if t.join == nil {
		return t.chain.Emit(b)
	}
	head := t.head()
	was := head.enter(b)
	defer head.leave(was)
	if m.port == 0 {
		return t.join.ProcessLeft(b, t.tail)
	}
	return t.join.ProcessRight(b, t.tail)
}

// measureState notes how large the merging operator's state is; the task stands still.
func (t *mergeTask) measureState(made any) {
	if s, ok := made.(op.Keyed); ok {
		t.figures.keys.Store(int64(s.Keys()))
	}
	t.figures.due.Store(startWatermark)
	if s, ok := made.(op.Waiting); ok {
		if due, ok := s.Due(); ok {
			t.figures.due.Store(due)
		}
	}
	if s, ok := made.(op.Shelved); ok {
		// A bound that nothing reaches, and a shelf of its own: they only add up.
		m := state.NewMemory(math.MaxInt64, "")
		_ = m.Task().Visit(s.Shelve) // it puts nothing on disk, which is what could fail
		t.figures.bytes.Store(m.InMemory())
	}
}

// head is the meter of the merging operator.
func (t *mergeTask) head() meter {
	if t.figures == nil {
		return meter{}
	}
	return t.figures.meter(0)
}

// advance moves the watermark to the lowest of the inputs that are not idle. When all are idle, none
// holds back the one that has come furthest, in whatever order they fell silent, and the task is
// idle, too (Flink's rule).
func (t *mergeTask) advance() error {
	low, high, all := int64(maxWatermark), startWatermark, true
	for i, wm := range t.wms {
		high = max(high, wm)
		if !t.idle[i] {
			low, all = min(low, wm), false
		}
	}
	if t.figures != nil {
		t.figures.quiet.Store(all)
	}
	if all {
		if err := t.move(high); err != nil {
			return err
		}
		return t.chain.Idle()
	}
	return t.move(low)
}

func (t *mergeTask) move(wm int64) error {
	if wm <= t.current {
		return nil
	}
	t.current = wm
	if t.figures != nil {
		t.figures.watermark.Store(wm)
	}
	t.call.Now = time.Now()
	err := t.chain.Watermark(wm)
	t.call.Watermark, t.call.Timed = wm, true
	return err
}

// barrierOf sends a barrier through a chain: what operators let go of are rows.
func barrierOf(s stream) (err error) {
	defer blame(&err)
	return s.Barrier()
}

// barrier passes the barrier on once every input has sent it, and reports to the coordinator.
func (t *mergeTask) barrier(ctx context.Context) error {
	if t.waiting--; t.waiting > 0 {
		return nil
	}
	t.waiting = len(t.wms)
	if err := barrierOf(t.chain); err != nil {
		return err
	}
	select {
	case t.acks <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
