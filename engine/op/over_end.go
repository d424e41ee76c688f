package op

import (
	"cmp"
	"math"
	"slices"

	"millrace/engine/state"
	"millrace/sql/plan"
	"millrace/vec"
)

// OverAtEnd answers functions over all rows at the end of the input, in any order and with any frame (batch mode).
// Its state is all of the input.
type OverAtEnd struct {
	node    *plan.Over
	by      ordering
	rows    *RowTable
	acc     accumulators // of one group: the frame of the row at hand
	answers []vec.Column
	ended   bool
	out     *vec.Builder

	list   []int32 // the rows of a key in order
	lo, hi int     // which of them acc has
	table  vec.Batch
	into   [1]int32
}

// NewOverAtEnd returns the operator.
func NewOverAtEnd(n *plan.Over, h vec.Hasher) *OverAtEnd {
	o := &OverAtEnd{
		node: n, by: ordering(n.Order), rows: NewRowTable(h, typesOf(n.Input.Out()), n.Keys), answers: make([]vec.Column, len(n.Calls)),
		acc: newAccumulators(h, aggsOf(n.Calls), !n.Frame.Start.Unbounded), out: vec.NewBuilder(n.Schema),
	}
	o.acc.grow(1)
	return o
}

// Process implements Operator. Its input is insert-only.
func (o *OverAtEnd) Process(b *vec.Batch, _ Out) error {
	rows := b.Rows()
	hashes := o.rows.Hash(b, o.node.Keys, rows)
	for k := range rows.Len() {
		i := rows.At(k)
		o.rows.Add(o.rows.Find(hashes[k], b, o.node.Keys, i), hashes[k], b, i, 0)
	}
	return nil
}

// Advance implements Advancer.
func (o *OverAtEnd) Advance(watermark int64, out Out) error {
	if watermark != math.MaxInt64 || o.ended {
		return nil
	}
	o.ended = true
	o.table = vec.Batch{Cols: o.rows.Cols, N: len(o.rows.Mark)}
	for g := range o.rows.Groups() {
		o.list = o.list[:0]
		for row := o.rows.First(g); row >= 0; row = o.rows.Next(row) {
			o.list = append(o.list, row)
		}
		slices.SortStableFunc(o.list, o.compare)
		if err := o.group(out); err != nil {
			return err
		}
	}
	return drain(o.out, out)
}

func (o *OverAtEnd) compare(a, b int32) int {
	return o.by.compare(o.rows.Cols, int(a), o.rows.Cols, int(b))
}

// place is where a row stands among those of its key.
type place struct {
	k           int // from 0
	first, next int // its peers: the rows that are equal in the order
	peers       int // how many different ones there are up to these
	of          int // rows
}

// group answers the rows of a key.
func (o *OverAtEnd) group(out Out) error {
	o.acc.reset(0)
	o.lo, o.hi = 0, 0
	at := place{of: len(o.list)}
	fresh := true
	for k := range o.list {
		if at.k = k; k == at.next {
			at.first, at.peers = k, at.peers+1
			for at.next++; at.next < at.of && o.compare(o.list[at.next], o.list[k]) == 0; {
				at.next++
			}
		}
		lo, hi := o.frame(at)
		if fresh || lo != o.lo || hi != o.hi {
			if err := o.slide(lo, hi); err != nil {
				return err
			}
		}
		fresh = false
		if err := o.emit(at, out); err != nil {
			return err
		}
	}
	return nil
}

// frame returns the rows of the list that the answers for one of them are made of.
func (o *OverAtEnd) frame(at place) (lo, hi int) {
	f := o.node.Frame
	hi = at.of
	switch {
	case f.Start.Unbounded:
	case f.Rows:
		lo = int(min(max(int64(at.k)+f.Start.Offset, 0), int64(at.of)))
	case f.Start.Offset == 0 || o.null(at.k):
		lo = at.first
	default:
		for lo = min(o.lo, at.of); lo < at.of && o.beside(lo, at.k, f.Start.Offset) < 0; {
			lo++
		}
	}
	switch {
	case f.End.Unbounded:
	case f.Rows:
		hi = int(min(max(int64(at.k)+f.End.Offset+1, 0), int64(at.of)))
	case f.End.Offset == 0 || o.null(at.k):
		hi = at.next
	default:
		for hi = min(o.hi, at.of); hi < at.of && o.beside(hi, at.k, f.End.Offset) <= 0; {
			hi++
		}
	}
	return lo, max(lo, hi)
}

func (o *OverAtEnd) null(k int) bool {
	return o.rows.Cols[o.by[0].Column].IsNull(int(o.list[k]))
}

// beside compares the order key of row j with that of row k and an offset behind it.
func (o *OverAtEnd) beside(j, k int, offset int64) int {
	key := o.by[0]
	col, a, b := &o.rows.Cols[key.Column], int(o.list[j]), int(o.list[k])
	if col.IsNull(a) {
		if key.NullsFirst {
			return -1
		}
		return 1
	}
	if key.Desc {
		a, b = b, a
	}
	switch col.Layout() {
	case vec.LayoutF64:
		return compareFloats(col.F64[a], col.F64[b]+float64(offset))
	case vec.LayoutF32:
		return compareFloats(float64(col.F32[a]), float64(col.F32[b])+float64(offset))
	}
	return cmp.Compare(vec.At(col, a).I, vec.At(col, b).I+offset)
}

// slide moves what acc has to other rows of the list, and answers.
func (o *OverAtEnd) slide(lo, hi int) error {
	switch {
	case lo >= o.hi || lo < o.lo || hi < o.hi:
		o.acc.reset(0)
		o.lo, o.hi = lo, lo
	default:
		for ; o.lo < lo; o.lo++ {
			if err := o.acc.retract(&o.table, vec.Rows{N: o.table.N, Sel: o.list[o.lo : o.lo+1]}, o.into[:]); err != nil {
				return err
			}
		}
	}
	for ; o.hi < hi; o.hi++ {
		if err := o.acc.add(&o.table, vec.Rows{N: o.table.N, Sel: o.list[o.hi : o.hi+1]}, o.into[:]); err != nil {
			return err
		}
	}
	return finishAll(&o.acc, o.node.Calls, o.into[:], o.answers)
}

// finishAll writes the answers of the aggregates among calls for one group to row 0 of a column each.
func finishAll(acc *accumulators, calls []plan.OverCall, group []int32, dst []vec.Column) error {
	agg := 0
	for c, call := range calls {
		if call.Func != plan.OverAggregate {
			continue
		}
		if err := acc.finish(agg, vec.Rows{N: acc.n, Sel: group}, &dst[c]); err != nil {
			return err
		}
		agg++
	}
	return nil
}

func (o *OverAtEnd) emit(at place, out Out) error {
	if o.out.Full() {
		if err := drain(o.out, out); err != nil {
			return err
		}
	}
	row := o.list[at.k]
	o.rows.Copy(o.out, 0, row)
	for c, call := range o.node.Calls {
		to := len(o.rows.Cols) + c
		switch call.Func {
		case plan.OverAggregate:
			o.out.CopyValue(to, &o.answers[c], 0)
		case plan.OverLag, plan.OverLead:
			lag(o.out, to, call, &o.table, o.list, at.k, int(row))
		default:
			at.answer(o.out, to, call)
		}
	}
	o.out.EndRow(vec.Insert)
	return nil
}

// answer sets a column to what a function of the place alone says.
func (at place) answer(dst *vec.Builder, to int, call plan.OverCall) {
	switch call.Func {
	case plan.OverRowNumber:
		dst.SetI64(to, int64(at.k)+1)
	case plan.OverRank:
		dst.SetI64(to, int64(at.first)+1)
	case plan.OverDenseRank:
		dst.SetI64(to, int64(at.peers))
	case plan.OverPercentRank:
		dst.SetF64(to, float64(at.first)/float64(max(at.of-1, 1)))
	case plan.OverCumeDist:
		dst.SetF64(to, float64(at.k+1)/float64(at.of)) // Flink counts peers one by one here
	case plan.OverNtile:
		// The first groups have a row more if the rows cannot be shared out evenly.
		size, more := int64(at.of)/call.Offset, int64(at.of)%call.Offset
		k := int64(at.k)
		if k < more*(size+1) {
			dst.SetI64(to, k/(size+1)+1)
		} else {
			dst.SetI64(to, (k-more)/size+1)
		}
	}
}

// Snapshot implements Stateful.
func (o *OverAtEnd) Snapshot(w *state.Writer) error {
	writeFlag(w, o.ended)
	o.rows.Snapshot(w, "rows")
	return nil
}

// Restore implements Stateful.
func (o *OverAtEnd) Restore(r *state.Reader, share Share) error {
	o.ended = r.Int() == 1
	return o.rows.Restore(r, "rows", share, nil)
}
