package op

import (
	"millrace/schema"
	"millrace/sql/function"
	"millrace/sql/plan"
	"millrace/vec"
)

// accumulators are the aggregates of groups that go by number, for rows that may be retracted: for each call
// its state, or the values that its answer is made of.
type accumulators struct {
	folds []fold
	n     int // groups

	in     []*vec.Column
	passed []int32 // rows that a filter lets through, and
	into   []int32 // their groups
	fresh  []int32 // rows whose values are new, and
	of     []int32
	list   []int32
}

// fold is one aggregate call.
type fold struct {
	call     plan.Agg
	over     *function.AggregateOverload
	changing bool         // rows may be retracted
	states   []vec.Column // by group, unless the values are kept
	blank    []vec.Column // the state of a group without rows
	distinct *bag         // the values seen; nil without DISTINCT
	kept     *bag         // the values that make the answer; nil if the states do
	best     []int32      // by group: which of them is the answer, -1: none; nil if all are
}

// newAccumulators returns the accumulators of no groups. changing says that rows may be retracted.
func newAccumulators(h vec.Hasher, calls []plan.Agg, changing bool) accumulators {
	a := accumulators{folds: make([]fold, len(calls)), passed: make([]int32, 0, vec.MaxRows), fresh: make([]int32, 0, vec.MaxRows)}
	for i, call := range calls {
		f := &a.folds[i]
		*f = fold{call: call, over: call.Overload, changing: changing}
		if call.Distinct {
			f.distinct = newBag(h, call.Overload.Args, true)
		}
		if changing && f.over.Retracting != nil {
			f.over = f.over.Retracting
		}
		if f.keeps() {
			f.kept = newBag(h, f.over.Args, f.over.Keep.Bag)
			continue
		}
		f.states, f.blank = columnsOf(f.over.State), columnsOf(f.over.State)
		f.over.Grow(f.blank, 0, 1)
	}
	return a
}

func columnsOf(types []schema.Type) []vec.Column {
	cols := make([]vec.Column, len(types))
	for i, t := range types {
		cols[i] = vec.NewColumn(t)
	}
	return cols
}

// keeps says whether the values are kept: they must be, or rows are retracted that the state cannot forget, or the
// state has texts, of which one cannot be changed without moving those behind it.
func (f *fold) keeps() bool {
	if f.over.Keep == nil || f.over.Add == nil {
		return f.over.Keep != nil
	}
	for _, t := range f.over.State {
		if vec.LayoutOf(t.ID) >= vec.LayoutBytes {
			return true
		}
	}
	return f.changing && f.over.Retract == nil
}

// grow makes room for n groups.
func (a *accumulators) grow(n int) {
	if n <= a.n {
		return
	}
	for i := range a.folds {
		f := &a.folds[i]
		if f.distinct != nil {
			f.distinct.grow(n)
		}
		if f.kept == nil {
			f.over.Grow(f.states, a.n, n)
			continue
		}
		f.kept.grow(n)
		for f.over.Keep.Pick != function.PickNone && len(f.best) < n {
			f.best = append(f.best, -1)
		}
	}
	a.n = n
}

// add adds the named rows of b to their groups.
func (a *accumulators) add(b *vec.Batch, rows vec.Rows, groups []int32) error {
	return a.apply(b, rows, groups, true)
}

// retract takes the named rows of b out of their groups again.
func (a *accumulators) retract(b *vec.Batch, rows vec.Rows, groups []int32) error {
	return a.apply(b, rows, groups, false)
}

func (a *accumulators) apply(b *vec.Batch, rows vec.Rows, groups []int32, add bool) error {
	for i := range a.folds {
		f := &a.folds[i]
		at, into := rows, groups
		if f.call.Filter >= 0 {
			a.passed, a.into = passing(a.passed[:0], a.into[:0], &b.Cols[f.call.Filter], rows, groups)
			at, into = vec.Rows{N: rows.N, Sel: a.passed}, a.into
		}
		a.in = a.in[:0]
		for _, c := range f.call.Args {
			a.in = append(a.in, &b.Cols[c])
		}
		if f.distinct != nil {
			at, into = a.distinct(f, at, into, add)
		}
		if len(into) == 0 {
			continue
		}
		if err := f.apply(a.in, at, into, add); err != nil {
			return err
		}
	}
	return nil
}

// distinct narrows the rows to those whose values come or go by them.
func (a *accumulators) distinct(f *fold, rows vec.Rows, groups []int32, add bool) (vec.Rows, []int32) {
	hashes := f.distinct.hash(a.in, rows)
	a.fresh, a.of = a.fresh[:0], a.of[:0]
	for k, g := range groups {
		i := rows.At(k)
		var changed bool
		if add {
			_, changed = f.distinct.add(g, hashes[k], a.in, i)
		} else {
			_, changed = f.distinct.remove(g, hashes[k], a.in, i)
		}
		if changed {
			a.fresh, a.of = append(a.fresh, int32(i)), append(a.of, g)
		}
	}
	if f.distinct.sparse() {
		f.distinct.compact()
	}
	return vec.Rows{N: rows.N, Sel: a.fresh}, a.of
}

func (f *fold) apply(in []*vec.Column, rows vec.Rows, groups []int32, add bool) error {
	switch {
	case f.kept == nil && add:
		return f.over.Add(f.states, groups, in, rows)
	case f.kept == nil:
		return f.over.Retract(f.states, groups, in, rows)
	}
	hashes := f.kept.hash(in, rows)
	for k, g := range groups {
		i := rows.At(k)
		switch {
		case in[0].IsNull(i) && !f.over.Keep.Nulls:
		case !add:
			f.forget(g, hashes[k], in, i)
		case f.best == nil || f.changing:
			f.keep(g, hashes[k], in, i)
		default:
			f.keepBest(g, hashes[k], in, i)
		}
	}
	if f.kept.sparse() {
		moved := f.kept.compact()
		for g, e := range f.best {
			if e >= 0 {
				f.best[g] = moved[e]
			}
		}
	}
	return nil
}

func (f *fold) keep(g int32, hash uint64, in []*vec.Column, i int) {
	e, _ := f.kept.add(g, hash, in, i)
	if f.best != nil {
		f.pick(g, e)
	}
}

// pick considers a value that came to a group.
func (f *fold) pick(g, e int32) {
	switch f.over.Keep.Pick {
	case function.PickFirst:
		f.best[g] = f.kept.first[g]
	case function.PickLast:
		f.best[g] = f.kept.last[g]
	case function.PickBest:
		col := &f.kept.cols[0]
		if was := f.best[g]; was < 0 || was != e && f.over.Keep.Better(col, int(was), col, int(e)) {
			f.best[g] = e
		}
	}
}

// keepBest keeps one value of a group.
func (f *fold) keepBest(g int32, hash uint64, in []*vec.Column, i int) {
	if was := f.best[g]; was >= 0 {
		switch f.over.Keep.Pick {
		case function.PickFirst:
			return
		case function.PickBest:
			if !f.over.Keep.Better(&f.kept.cols[0], int(was), in[0], i) {
				return
			}
		}
		f.kept.take(was)
	}
	f.best[g], _ = f.kept.add(g, hash, in, i)
}

// forget takes a value out of a group; if it was the answer another is looked for.
func (f *fold) forget(g int32, hash uint64, in []*vec.Column, i int) {
	e, gone := f.kept.remove(g, hash, in, i)
	if gone && f.best != nil && f.best[g] == e {
		f.pickAnew(g)
	}
}

func (f *fold) pickAnew(g int32) {
	f.best[g] = -1
	if f.over.Keep.Pick != function.PickBest {
		f.pick(g, -1)
		return
	}
	for e := f.kept.first[g]; e >= 0; e = f.kept.next[e] {
		f.pick(g, e)
	}
}

// finish writes the answers of the groups named by rows to rows 0.. of dst, the same column each time.
func (a *accumulators) finish(i int, rows vec.Rows, dst *vec.Column) error {
	f := &a.folds[i]
	n := rows.Len()
	if f.kept == nil {
		dst.Reset(f.over.Result, n)
		return f.over.Finish(f.states, rows, dst)
	}
	if dst.Type.ID != f.over.Result.ID {
		*dst = vec.NewColumn(f.over.Result)
	}
	dst.Clear()
	for k := range n {
		g := int32(rows.At(k))
		if f.best != nil {
			if e := f.best[g]; e < 0 {
				dst.AppendNull(k)
			} else {
				dst.Append(k, &f.kept.cols[0], int(e))
			}
			continue
		}
		a.list = f.kept.list(a.list[:0], g)
		if err := f.over.Keep.Make(function.Kept{Cols: f.kept.cols, Rows: a.list, Counts: f.kept.counts}, dst, k); err != nil {
			return err
		}
	}
	return nil
}

// reset makes a group one without rows.
func (a *accumulators) reset(g int32) {
	for i := range a.folds {
		f := &a.folds[i]
		if f.distinct != nil {
			f.distinct.drop(g)
		}
		if f.kept != nil {
			f.kept.drop(g)
			if f.best != nil {
				f.best[g] = -1
			}
			continue
		}
		for c := range f.states {
			setState(&f.states[c], int(g), &f.blank[c], 0)
		}
	}
}

// setState sets row g of a state column to row i of src.
func setState(dst *vec.Column, g int, src *vec.Column, i int) {
	if dst.Valid != nil {
		dst.Valid.Put(g, !src.IsNull(i))
	}
	copyFixed(dst, g, src, i)
}

func copyFixed(dst *vec.Column, g int, src *vec.Column, i int) {
	switch dst.Layout() {
	case vec.LayoutBits:
		dst.Bits.Put(g, src.Bits.Get(i))
	case vec.LayoutI8:
		dst.I8[g] = src.I8[i]
	case vec.LayoutI16:
		dst.I16[g] = src.I16[i]
	case vec.LayoutI32:
		dst.I32[g] = src.I32[i]
	case vec.LayoutI64:
		dst.I64[g] = src.I64[i]
	case vec.LayoutF32:
		dst.F32[g] = src.F32[i]
	case vec.LayoutF64:
		dst.F64[g] = src.F64[i]
	case vec.LayoutD128:
		dst.D128[g] = src.D128[i]
	}
}

// merge adds group from to group into, and resets it.
func (a *accumulators) merge(from, into int32) error {
	one := []int32{into}
	for i := range a.folds {
		f := &a.folds[i]
		if f.distinct != nil {
			in := make([]*vec.Column, len(f.distinct.cols))
			for c := range in {
				in[c] = &f.distinct.cols[c]
			}
			err := f.distinct.hand(from, into, func(e int32) error {
				return f.apply(in, vec.Rows{N: int(e) + 1, Sel: []int32{e}}, one, true)
			})
			if err != nil {
				return err
			}
			continue
		}
		if f.kept == nil {
			in := make([]*vec.Column, len(f.states))
			for c := range in {
				in[c] = &f.states[c]
			}
			if err := f.over.Merge(f.states, one, in, vec.Rows{N: a.n, Sel: []int32{from}}); err != nil {
				return err
			}
			continue
		}
		f.mergeKept(from, into)
	}
	a.reset(from)
	return nil
}

func (f *fold) mergeKept(from, into int32) {
	_ = f.kept.hand(from, into, nil)
	if f.best == nil {
		return
	}
	f.pickAnew(into)
	if best := f.best[into]; !f.changing && best >= 0 {
		for e := f.kept.first[into]; e >= 0; {
			next := f.kept.next[e]
			if e != best {
				f.kept.take(e)
			}
			e = next
		}
	}
}

// renumber gives the groups the numbers that keyIndex.compact has given them.
func (a *accumulators) renumber(moved []int32) {
	n := 0
	for _, to := range moved {
		n = max(n, int(to)+1)
	}
	for i := range a.folds {
		f := &a.folds[i]
		if f.distinct != nil {
			f.distinct.renumber(moved)
		}
		if f.kept != nil {
			f.kept.renumber(moved)
			if f.best != nil {
				f.best = moveInts(f.best, moved, n)
			}
			continue
		}
		old := f.states
		f.states = columnsOf(f.over.State)
		f.over.Grow(f.states, 0, n)
		for c := range old {
			for g, to := range moved {
				if to >= 0 {
					setState(&f.states[c], int(to), &old[c], g)
				}
			}
		}
	}
	a.n = n
}

// moveInts puts the numbers of groups to their new places.
func moveInts[T any](s []T, moved []int32, n int) []T {
	for g, to := range moved {
		if to >= 0 {
			s[to] = s[g]
		}
	}
	return s[:n]
}

// clear forgets all groups; the memory is kept.
func (a *accumulators) clear() {
	for i := range a.folds {
		f := &a.folds[i]
		if f.distinct != nil {
			f.distinct.clear()
		}
		if f.kept != nil {
			f.kept.clear()
			f.best = f.best[:0]
			continue
		}
		for c := range f.states {
			f.states[c].Clear()
		}
	}
	a.n = 0
}
