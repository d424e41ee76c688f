package engine

import (
	"context"
	"sync"

	"millrace/schema"
	"millrace/vec"
)

// The exchange carries batches from the tasks of one stage to the tasks of the next, over one
// bounded channel per receiving task. Rows go to the task that owns their key.

// queueLength bounds the batches that wait before a task; a full queue blocks its senders.
const queueLength = 16

type messageKind uint8

const (
	rowsMessage messageKind = iota
	watermarkMessage
	idleMessage
	barrierMessage
)

// message is one thing that a task is told by one of its inputs.
type message struct {
	kind  messageKind
	input int
	port  int
	rows  *vec.Builder // owned by the receiver, who gives it back to the pool
	pool  *sync.Pool   // of rows
	wm    int64
}

// exchange is one input of a stage, as the sending task sees it.
type exchange struct {
	ctx    context.Context
	to     []chan message
	input  int
	port   int
	keys   []int // the columns that decide the receiver
	hasher vec.Hasher
	pool   *sync.Pool // of *vec.Builder
	last   int64
	idle   bool
	meter

	by     []vec.Column
	hashes []uint64
	sels   [][]int32
}

func newPool(s *schema.Schema) *sync.Pool {
	return &sync.Pool{New: func() any { return vec.NewBuilder(s) }}
}

func (x *exchange) Emit(b *vec.Batch) error {
	was := x.enter(b)
	err := x.share(b)
	x.leave(was)
	return err
}

// share sends each row to the task that owns its key.
func (x *exchange) share(b *vec.Batch) error {
	rows := b.Rows()
	if len(x.to) == 1 {
		return x.send(0, b, rows)
	}
	x.by = x.by[:0]
	for _, k := range x.keys {
		x.by = append(x.by, b.Cols[k])
	}
	x.hashes = x.hasher.Rows(x.hashes, x.by, rows)
	if x.sels == nil {
		x.sels = make([][]int32, len(x.to))
	}
	for i := range x.sels {
		x.sels[i] = x.sels[i][:0]
	}
	for k, h := range x.hashes {
		to := h % uint64(len(x.to))
		x.sels[to] = append(x.sels[to], int32(rows.At(k)))
	}
	for to, sel := range x.sels {
		if len(sel) == 0 {
			continue
		}
		if err := x.send(to, b, vec.Rows{N: b.N, Sel: sel}); err != nil {
			return err
		}
	}
	return nil
}

func (x *exchange) send(to int, b *vec.Batch, rows vec.Rows) error {
	for k := 0; k < rows.Len(); {
		copied := x.pool.Get().(*vec.Builder)
		copied.Reset()
		k += copied.AppendRows(b, rows, k)
		if err := x.post(to, message{kind: rowsMessage, rows: copied, pool: x.pool}); err != nil {
			return err
		}
	}
	return nil
}

func (x *exchange) post(to int, m message) error {
	m.input, m.port = x.input, x.port
	select {
	case x.to[to] <- m:
		return nil
	default:
	}
	was := x.block()
	defer x.leave(was)
	select {
	case x.to[to] <- m:
		return nil
	case <-x.ctx.Done():
		return x.ctx.Err()
	}
}

func (x *exchange) all(m message) error {
	for to := range x.to {
		if err := x.post(to, m); err != nil {
			return err
		}
	}
	return nil
}

func (x *exchange) Watermark(wm int64) error {
	if wm <= x.last && !x.idle {
		return nil
	}
	x.last, x.idle = max(wm, x.last), false
	return x.all(message{kind: watermarkMessage, wm: x.last})
}

func (x *exchange) Idle() error {
	if x.idle {
		return nil
	}
	x.idle = true
	return x.all(message{kind: idleMessage})
}

func (x *exchange) Barrier() error { return x.all(message{kind: barrierMessage}) }
