package engine

import (
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"millrace/connector"
	"millrace/engine/op"
	"millrace/fault"
	"millrace/schema"
	"millrace/sql/function"
	"millrace/sql/plan"
	"millrace/vec"
)

// sourceTask reads one split, turns records into rows and runs the chain behind them. It reads
// outside the gate and processes inside it: while the coordinator holds the gate, no task is between
// two batches, and Offset is exactly what has been processed.
type sourceTask struct {
	id     string // in epochs
	split  connector.Split
	scan   *plan.Scan
	reader connector.Reader
	rows   connector.Rows
	gate   *sync.RWMutex
	call   *function.Call
	chain  stream // begins with the computed columns, if there are any
	marks  *watermarks
	refuse func(context.Context, *plan.Scan, []connector.Refused) error // nil: a bad record fails the job
	stats  *counters
	shown  *splitStats
	group  *alignedSplit // nil: event time goes on as it comes

	figures *taskFigures // nil: nobody looks

	careful *careful // nil: batches pass as they come
	sieve   *sieve   // of a careful job; nil: the source has no decoder

	offset  connector.Offset // of the first record not yet processed
	done    bool
	resumed bool // marks has a watermark from before the restart that those behind have forgotten
}

// splitStats is what a split shows of itself while it runs.
type splitStats struct {
	watermark atomic.Int64
	lag       atomic.Int64
	idle      atomic.Bool
	waiting   atomic.Bool
	newest    atomic.Int64 // unix ms of the newest record read
	rows      atomic.Int64 // read
	refused   atomic.Int64
	done      atomic.Bool
}

func (t *sourceTask) run(ctx context.Context) error {
	if err := t.remind(); err != nil {
		return err
	}
	for !t.done {
		if err := t.align(ctx); err != nil {
			return err
		}
		t.rows.Builder.Reset()
		if t.sieve != nil {
			t.sieve.left = t.sieve.limit
		}
		t.rows.Refused, t.rows.Newest, t.rows.Bytes, t.rows.Waited = t.rows.Refused[:0], time.Time{}, 0, 0
		err := t.read(ctx)
		last := errors.Is(err, io.EOF)
		if err != nil && !last {
			return err
		}
		if err := t.process(ctx, last); err != nil {
			return err
		}
	}
	return nil
}

// read reads a batch. Where nothing came, and where the reader says so, the time was spent waiting.
func (t *sourceTask) read(ctx context.Context) error {
	if t.figures == nil {
		return t.reader.Read(ctx, &t.rows)
	}
	head := t.figures.meter(0)
	began := time.Now()
	was := head.enter(nil)
	err := t.reader.Read(ctx, &t.rows)
	head.leave(was)
	if t.rows.Len() == 0 && len(t.rows.Refused) == 0 {
		t.rows.Waited = time.Since(began)
	}
	t.figures.waited(t.rows.Waited)
	return err
}

// align waits while the split is too far ahead of its group.
func (t *sourceTask) align(ctx context.Context) error {
	if t.group == nil || t.group.ahead() == nil {
		return nil
	}
	t.shown.waiting.Store(true)
	defer t.shown.waiting.Store(false)
	err := t.group.wait(ctx)
	t.marks.since = time.Now() // it was not its own silence
	return err
}

// report tells the group of the split how far it has come. One that has no watermark yet is waited for while it is
// known to have records.
func (t *sourceTask) report() {
	if t.group == nil {
		return
	}
	m := t.marks
	t.group.report(m.sent, t.done || m.idle || m.sent == startWatermark && t.reader.Lag() <= 0)
}

// replayEnd tells the tasks behind a split that had ended before the restart that it has.
func (t *sourceTask) replayEnd(context.Context) error {
	t.gate.RLock()
	defer t.gate.RUnlock()
	return t.chain.Watermark(maxWatermark)
}

// remind tells the tasks behind how far event time had come before the restart: a split that has
// nothing new would hold the others back.
func (t *sourceTask) remind() error {
	if !t.resumed {
		return nil
	}
	t.gate.RLock()
	defer t.gate.RUnlock()
	return t.marks.pass()
}

func (t *sourceTask) process(ctx context.Context, last bool) error {
	if t.careful != nil {
		return t.careful.step(ctx, t, last)
	}
	return t.step(ctx, last)
}

// step processes what was read, inside the gate.
func (t *sourceTask) step(ctx context.Context, last bool) error {
	t.gate.RLock()
	defer t.gate.RUnlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := t.take(ctx); err != nil {
		return err
	}
	t.offset = t.reader.Offset()
	t.shown.lag.Store(t.reader.Lag())
	if last {
		t.done = true
		t.shown.lag.Store(0)
		t.shown.done.Store(true)
		t.report()
		return t.chain.Watermark(maxWatermark)
	}
	err := t.idle()
	t.report()
	return err
}

// take runs what was read through the chain.
func (t *sourceTask) take(ctx context.Context) error {
	if n := len(t.rows.Refused); n > 0 {
		if t.refuse == nil {
			r := &t.rows.Refused[0]
			return fault.New(fault.Invalid, "read record %s@%s of table %s: %w", r.Split, r.Offset, t.scan.Table, r.Reason).
				WithHint("configure dead letters for the pipeline, set 'ignore-parse-errors' of the format, or mend the record")
		}
		if err := t.refuse(ctx, t.scan, t.rows.Refused); err != nil {
			return err
		}
		t.stats.refused.Add(int64(n))
		t.shown.refused.Add(int64(n))
		t.stats.noteRefused(&t.rows.Refused[n-1])
	}
	n := t.rows.Len()
	if n == 0 {
		return nil
	}
	t.stats.rowsIn.Add(int64(n))
	t.stats.bytesIn.Add(t.rows.Bytes)
	if !t.rows.Newest.IsZero() {
		t.shown.newest.Store(t.rows.Newest.UnixMilli())
	}
	t.shown.rows.Add(int64(n))
	t.call.Now = time.Now()
	t.shown.idle.Store(false)
	return t.emit(n)
}

// emit runs the n rows that were read through the chain.
func (t *sourceTask) emit(n int) (err error) {
	defer blame(&err)
	if t.figures == nil {
		return t.chain.Emit(t.rows.Batch())
	}
	head := t.figures.meter(0)
	t.figures.flows[0].count(int64(n), t.rows.Bytes)
	was := head.enter(nil) // computed columns and the watermark are the scan's work
	err = t.chain.Emit(t.rows.Batch())
	head.leave(was)
	return err
}

// idle tells the chain that the split has nothing to read, once that has lasted for the configured
// time. A split with records waiting at the source is never idle, however slowly they come.
func (t *sourceTask) idle() error {
	m := t.marks
	if m == nil || m.timeout <= 0 {
		return nil
	}
	if t.rows.Len() > 0 || t.reader.Lag() > 0 || m.since.IsZero() {
		m.since = time.Now()
		return nil
	}
	if !m.idle && time.Since(m.since) >= m.timeout {
		m.idle = true
		t.shown.idle.Store(true)
		return t.chain.Idle()
	}
	return nil
}

// watermarks is the operator that makes the watermark of a split from its rows (Flink's
// WatermarkAssigner and, per split, its source watermark generator).
type watermarks struct {
	eval    op.Eval
	call    *function.Call
	next    stream
	onEvent bool
	eager   int64 // ms by which the watermark advances before it is sent on at once
	timeout time.Duration
	perMs   int64
	stats   *splitStats

	largest int64 // so far; starts at 0 in Flink, which hides nothing before 1970 that we want hidden
	sent    int64
	idle    bool
	since   time.Time // when the split last had something to read
	sel     []int32
}

func newWatermarks(w *plan.Watermark, out *schema.Schema, call *function.Call, next stream, stats *splitStats) (*watermarks, error) {
	eval, err := op.Compile(w.Expr)
	if err != nil {
		return nil, err
	}
	return &watermarks{
		eval: eval, call: call, next: next, onEvent: w.OnEvent, timeout: w.IdleTimeout, stats: stats,
		eager: w.Eager.Milliseconds(), perMs: max(1, w.Expr.Type().PerSecond()/1000), largest: startWatermark, sent: startWatermark,
	}, nil
}

// Emit implements stream: rows first, then the watermark that they give.
func (m *watermarks) Emit(b *vec.Batch) error {
	rows := b.Rows()
	n := rows.Len()
	m.call.Rows = rows
	col, err := m.eval.Eval(m.call, b, rows)
	if err != nil {
		return err
	}
	woke := m.idle
	m.idle = false
	if m.onEvent {
		if err := m.emitOnEvent(b, rows, col); err != nil || !woke {
			return err
		}
		return m.send(true)
	}
	for k := range n {
		i := rows.At(k)
		if col.IsNull(i) {
			return nullTime()
		}
		m.largest = max(m.largest, col.I64[i])
	}
	if err := m.next.Emit(b); err != nil {
		return err
	}
	return m.send(woke)
}

// emitOnEvent cuts the batch behind each row that moves the watermark by more than eager.
func (m *watermarks) emitOnEvent(b *vec.Batch, rows vec.Rows, col *vec.Column) error {
	m.sel = m.sel[:0]
	for k := range rows.Len() {
		i := rows.At(k)
		if col.IsNull(i) {
			return nullTime()
		}
		m.largest = max(m.largest, col.I64[i])
		m.sel = append(m.sel, int32(i))
		if m.sent == startWatermark || m.largest/m.perMs-m.sent > m.eager {
			if err := m.part(b); err != nil {
				return err
			}
			if err := m.send(false); err != nil {
				return err
			}
		}
	}
	return m.part(b)
}

func (m *watermarks) part(b *vec.Batch) error {
	if len(m.sel) == 0 {
		return nil
	}
	part := *b
	part.Sel = m.sel
	err := m.next.Emit(&part)
	m.sel = m.sel[:0]
	return err
}

// send passes the watermark on if it has advanced, or if the split was idle and those behind must learn
// that it is not.
func (m *watermarks) send(woke bool) error {
	wm := m.largest
	if m.perMs > 1 && wm > startWatermark {
		wm = floorDiv(wm, m.perMs)
	}
	if wm <= m.sent && !woke {
		return nil
	}
	m.sent = max(wm, m.sent)
	m.stats.watermark.Store(m.sent)
	return m.pass()
}

// pass tells those behind the watermark, and what rows see of it from then on.
func (m *watermarks) pass() (err error) {
	defer notRows(&err)
	err = m.next.Watermark(m.sent)
	m.call.Watermark, m.call.Timed = m.sent, true
	return err
}

// Watermark implements stream: the end of the input.
func (m *watermarks) Watermark(wm int64) error { return m.next.Watermark(wm) }

// Idle implements stream.
func (m *watermarks) Idle() error { return m.next.Idle() }

// Barrier implements stream.
func (m *watermarks) Barrier() error { return m.next.Barrier() }

// resume sets the watermark that the split had at the last checkpoint.
func (m *watermarks) resume(wm int64) {
	m.sent, m.largest = wm, wm*m.perMs
	m.stats.watermark.Store(wm)
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

func nullTime() error {
	return fault.New(fault.Invalid, "a row has no event time: the column that a watermark follows must not be NULL").
		WithHint("filter such rows out, or declare the column NOT NULL so that they go to the dead letters")
}
