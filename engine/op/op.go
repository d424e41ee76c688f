// Package op holds the operators: how batches become other batches. The engine chains them, feeds
// them and tells them how far event time has come.
//
// One goroutine owns an operator. A batch, and what it holds, is valid only during the call; an
// operator that must keep rows copies them into its state. Operators do not block and do not know
// about checkpoints but for Stateful.
package op

import (
	"time"

	"millrace/engine/state"
	"millrace/vec"
)

// Out takes what an operator emits. Emit may block: that is backpressure.
type Out interface {
	Emit(b *vec.Batch) error
}

// Operator turns batches into batches.
//
// It has one input; what comes from several tasks or stages comes through one exchange. Rows may be of any
// kind, unless the operator says otherwise: what changes a row sends it before as -U or -D, equal in all columns.
type Operator interface {
	Process(b *vec.Batch, out Out) error
}

// TwoInput is an operator that brings two inputs together, as joins do. Both are called by the one
// goroutine that owns it; what Advance says is true of both inputs.
type TwoInput interface {
	ProcessLeft(b *vec.Batch, out Out) error
	ProcessRight(b *vec.Batch, out Out) error
}

// Clocked is an operator that waits for the clock: processing time, state that expires. Tick is called
// every few dozen milliseconds, never during a checkpoint. Only the operator behind an exchange is called.
type Clocked interface {
	Tick(now time.Time, out Out) error
}

// Advancer is an operator that waits for event time. The watermark, in milliseconds, is the lowest
// of all inputs and never goes back.
type Advancer interface {
	Advance(watermark int64, out Out) error
}

// Flusher is an operator that holds rows back only to save work. Flush emits them; it is called
// before a snapshot, so that the operator has no state.
type Flusher interface {
	Flush(out Out) error
}

// Stateful is an operator that must survive a restart. Snapshot writes what has changed since it was called last; if
// that does not become part of a committed epoch the operator is never used again. Restore is called once for each
// task that wrote a part of the snapshot, and takes only the rows whose keys are in this task's share, so that a
// job may go on at another parallelism. Only the operator behind an exchange can have state: there
// each key has one owner.
type Stateful interface {
	Snapshot(w *state.Writer) error
	Restore(r *state.Reader, share Share) error
}

// Share is which keys belong to a task: those whose hash modulo Of is Index.
type Share struct {
	Index, Of int
}

// has says whether a key with that hash is in the share.
func (s Share) has(hash uint64) bool { return s.Of <= 1 || hash%uint64(s.Of) == uint64(s.Index) }

// Select returns the first n rows of cols, taken as keys, that are in the share; nil means all.
func (s Share) Select(h vec.Hasher, cols []vec.Column, n int) []int32 {
	if s.Of <= 1 {
		return nil
	}
	sel := make([]int32, 0, n)
	for i, hash := range h.Rows(nil, cols, vec.Rows{N: n}) {
		if s.has(hash) {
			sel = append(sel, int32(i))
		}
	}
	return sel
}
