package engine

import (
	"context"

	"millrace/connector"
	"millrace/engine/op"
	"millrace/vec"
)

// stream takes what flows between two steps of a task: batches, the watermark, and the order to let
// go of everything held back before a snapshot. One goroutine uses a stream at a time.
type stream interface {
	op.Out
	// Watermark says that no row at or before wm will come, late ones apart.
	Watermark(wm int64) error
	// Idle says that the watermark need not wait for this input until it says more.
	Idle() error
	// Barrier passes on what is held back only to save work.
	Barrier() error
}

// link is an operator with what comes behind it.
type link struct {
	op   op.Operator // nil for one with two inputs, which gets its rows from its task
	next stream
	adv  op.Advancer // op, if it waits for event time
	fl   op.Flusher  // op, if it holds rows back
	meter
}

// newLink makes the link of an operator, or of an op.TwoInput.
func newLink(o any, next stream) *link {
	l := &link{next: next}
	l.op, _ = o.(op.Operator)
	l.adv, _ = o.(op.Advancer)
	l.fl, _ = o.(op.Flusher)
	return l
}

// metered is the link with the place that it has in its task.
func (l *link) metered(m meter) *link {
	l.meter = m
	return l
}

func (l *link) Emit(b *vec.Batch) error {
	was := l.enter(b)
	err := l.op.Process(b, l.next)
	l.leave(was)
	return err
}

func (l *link) Watermark(wm int64) error {
	if l.adv != nil {
		was := l.enter(nil)
		err := l.adv.Advance(wm, l.next)
		l.leave(was)
		if err != nil {
			return err
		}
	}
	return l.next.Watermark(wm)
}

func (l *link) Idle() error {
	if err := l.flush(); err != nil {
		return err
	}
	return l.next.Idle()
}

func (l *link) Barrier() error {
	if err := l.flush(); err != nil {
		return err
	}
	return l.next.Barrier()
}

// flush lets the operator give what it holds back.
func (l *link) flush() error {
	if l.fl == nil {
		return nil
	}
	was := l.enter(nil)
	err := l.fl.Flush(l.next)
	l.leave(was)
	return err
}

// end is the writer at the end of a chain.
type end struct {
	ctx    context.Context
	writer connector.Writer
	hold   *constraints // nil: any row may be written
	upsert bool         // rows of kind -U are left out
	now    []int32      // the selection without them
	stats  *counters
	meter
}

func (e *end) Emit(b *vec.Batch) error {
	was := e.enter(b)
	err := e.write(b)
	e.leave(was)
	return err
}

// write hands those rows to the writer that it may have.
func (e *end) write(b *vec.Batch) error {
	out := *b
	if e.hold != nil {
		var dropped int
		var err error
		if out, dropped, err = e.hold.apply(b); err != nil {
			return err
		}
		e.stats.dropped.Add(int64(dropped))
		if e.of != nil {
			e.of.dropped.Add(int64(dropped))
		}
	}
	if e.upsert && out.Kinds != nil {
		out.Sel = e.withoutBefore(&out)
	}
	n := out.Rows().Len()
	if n == 0 {
		return nil
	}
	e.stats.rowsOut.Add(int64(n))
	if e.of != nil {
		e.of.written.count(int64(n), batchBytes(&out))
	}
	return e.writer.Write(e.ctx, &out)
}

func (e *end) Watermark(int64) error { return nil }
func (e *end) Idle() error           { return nil }
func (e *end) Barrier() error        { return nil }

// withoutBefore returns the selection of the rows that say what a key has now.
func (e *end) withoutBefore(b *vec.Batch) []int32 {
	rows := b.Rows()
	if e.now == nil {
		e.now = make([]int32, 0, vec.MaxRows) // a nil selection would mean all rows
	}
	e.now = e.now[:0]
	for k := range rows.Len() {
		if i := rows.At(k); b.Kinds[i] != vec.UpdateBefore {
			e.now = append(e.now, int32(i))
		}
	}
	return e.now
}
