package op

import (
	"millrace/engine/state"
	"millrace/vec"
)

// Limit gives on the first rows behind an offset, and nothing after them.
type Limit struct {
	skip, left int64
	sel        []int32
}

// NewLimit returns a Limit of count rows behind the first offset ones.
func NewLimit(count, offset int64) *Limit { return &Limit{skip: offset, left: count} }

// Process implements Operator.
func (l *Limit) Process(b *vec.Batch, out Out) error {
	rows := b.Rows()
	n := int64(rows.Len())
	from := min(l.skip, n)
	l.skip -= from
	upto := min(n, from+l.left)
	l.left -= upto - from
	if from >= upto {
		return nil
	}
	l.sel = l.sel[:0]
	for k := from; k < upto; k++ {
		l.sel = append(l.sel, int32(rows.At(int(k))))
	}
	part := *b
	part.Sel = l.sel
	return out.Emit(&part)
}

// Done reports whether no row will come any more.
func (l *Limit) Done() bool { return l.left == 0 }

// Snapshot implements Stateful.
func (l *Limit) Snapshot(w *state.Writer) error {
	w.Int(l.skip)
	w.Int(l.left)
	return nil
}

// Restore implements Stateful.
func (l *Limit) Restore(r *state.Reader, _ Share) error {
	l.skip, l.left = r.Int(), r.Int()
	return r.Err()
}
