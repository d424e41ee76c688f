package op

import (
	"math/bits"

	"millrace/schema"
	"millrace/sql/function"
	"millrace/sql/plan"
	"millrace/vec"
)

// logicEval is AND or OR: each operand is computed only for the rows that those before it leave
// undecided, 64 rows at a time.
type logicEval struct {
	or      bool
	args    []Eval
	of      schema.Type
	out     vec.Column
	live    vec.Bitmap // rows named and undecided
	decided vec.Bitmap // rows that an operand made FALSE (AND) or TRUE (OR)
	null    vec.Bitmap // rows in which an operand was NULL
	sel     []int32
}

func (e *logicEval) Eval(call *function.Call, b *vec.Batch, rows vec.Rows) (*vec.Column, error) {
	e.live = mark(e.live, rows)
	e.decided = e.decided.Resize(rows.N)
	e.decided.Fill(false)
	e.null = e.null.Resize(rows.N)
	e.null.Fill(false)
	at := rows
	for i, arg := range e.args {
		if i > 0 {
			if at = e.undecided(rows, at); at.Len() == 0 {
				break
			}
		}
		col, err := arg.Eval(call, b, at)
		if err != nil {
			return nil, err
		}
		e.take(col)
	}
	return e.answer(rows.N), nil
}

func (e *logicEval) take(col *vec.Column) {
	for w := range e.live {
		valid := ^uint64(0)
		if col.Valid != nil {
			valid = col.Valid[w]
		}
		v := col.Bits[w]
		if !e.or {
			v = ^v
		}
		e.null[w] |= ^valid & e.live[w]
		decided := v & valid & e.live[w]
		e.decided[w] |= decided
		e.live[w] &^= decided
	}
}

// undecided returns the rows that the next operand is computed for.
func (e *logicEval) undecided(rows, last vec.Rows) vec.Rows {
	n := e.live.Count(rows.N)
	if n == last.Len() {
		return last
	}
	e.sel = selected(e.sel[:0], e.live)
	return vec.Rows{N: rows.N, Sel: e.sel}
}

func (e *logicEval) answer(n int) *vec.Column {
	e.out.Reset(e.of, n)
	var anyNull uint64
	for w := range e.live {
		v := e.decided[w]
		if !e.or {
			v = ^v
		}
		e.out.Bits[w] = v
		anyNull |= e.null[w] &^ e.decided[w]
	}
	if anyNull != 0 {
		valid := e.out.NeedValid(n)
		for w := range valid {
			valid[w] = e.decided[w] | ^e.null[w]
		}
	}
	return &e.out
}

// mark sets the bits of the named rows, and only those.
func mark(dst vec.Bitmap, rows vec.Rows) vec.Bitmap {
	dst = dst.Resize(rows.N)
	if rows.Sel == nil {
		dst.Fill(true)
		if rest := uint(rows.N) & 63; rest != 0 {
			dst[len(dst)-1] = 1<<rest - 1
		}
		return dst
	}
	dst.Fill(false)
	for _, i := range rows.Sel {
		dst.Set(int(i))
	}
	return dst
}

// selected appends the positions of the bits of b that are 1. The answer is never nil, which would
// mean all rows.
func selected(sel []int32, b vec.Bitmap) []int32 {
	if sel == nil {
		sel = make([]int32, 0, vec.MaxRows)
	}
	for w, word := range b {
		for word != 0 {
			sel = append(sel, int32(w<<6+bits.TrailingZeros64(word)))
			word &= word - 1
		}
	}
	return sel
}

// caseEval is CASE: the answer of each row comes from the first branch whose condition is TRUE.
type caseEval struct {
	when, then []Eval // then has one more, for ELSE
	of         schema.Type
	out        vec.Column
	live, hit  vec.Bitmap
	sel        []int32
	taken      [][]int32     // rows by branch
	cols       []*vec.Column // answers by branch; nil where no row took it
	branch     []int16       // by row, for strings
}

func compileCase(e *plan.Case) (Eval, error) {
	when, err := compileAll(e.When)
	if err != nil {
		return nil, err
	}
	then, err := compileAll(append(append([]plan.Expr(nil), e.Then...), e.Else))
	if err != nil {
		return nil, err
	}
	return &caseEval{when: when, then: then, of: e.Of, taken: make([][]int32, len(then)), cols: make([]*vec.Column, len(then))}, nil
}

func (e *caseEval) Eval(call *function.Call, b *vec.Batch, rows vec.Rows) (*vec.Column, error) {
	e.live = mark(e.live, rows)
	e.hit = e.hit.Resize(rows.N)
	at := rows
	for i := range e.then {
		if i == len(e.when) {
			e.taken[i] = selected(e.taken[i][:0], e.live)
		} else if err := e.choose(call, b, i, at); err != nil {
			return nil, err
		}
		e.cols[i] = nil
		if len(e.taken[i]) == 0 {
			continue
		}
		var err error
		if e.cols[i], err = e.then[i].Eval(call, b, vec.Rows{N: rows.N, Sel: e.taken[i]}); err != nil {
			return nil, err
		}
		e.sel = selected(e.sel[:0], e.live)
		at = vec.Rows{N: rows.N, Sel: e.sel}
	}
	e.assemble(rows)
	return &e.out, nil
}

// choose finds the rows that take branch i and takes them out of those that are live.
func (e *caseEval) choose(call *function.Call, b *vec.Batch, i int, at vec.Rows) error {
	e.taken[i] = e.taken[i][:0]
	if at.Len() == 0 {
		return nil
	}
	cond, err := e.when[i].Eval(call, b, at)
	if err != nil {
		return err
	}
	for w := range e.live {
		e.hit[w] = cond.Bits[w] & e.live[w]
		if cond.Valid != nil {
			e.hit[w] &= cond.Valid[w]
		}
		e.live[w] &^= e.hit[w]
	}
	e.taken[i] = selected(e.taken[i], e.hit)
	return nil
}

func (e *caseEval) assemble(rows vec.Rows) {
	e.out.Reset(e.of, rows.N)
	switch e.out.Layout() {
	case vec.LayoutBytes:
		e.assembleBytes(rows)
		return
	case vec.LayoutList, vec.LayoutRow:
		e.assembleNested(rows)
		return
	}
	for i, col := range e.cols {
		if col == nil {
			continue
		}
		copyRows(&e.out, col, e.taken[i])
		e.copyNulls(i, col, rows.N)
	}
}

func (e *caseEval) copyNulls(i int, col *vec.Column, n int) {
	if col.Valid == nil {
		return
	}
	valid := e.out.NeedValid(n)
	for _, r := range e.taken[i] {
		valid.Put(int(r), col.Valid.Get(int(r)))
	}
}

// noBranch marks the rows that are not named.
const noBranch = -1

// assembleNested builds lists and rows, which come in the order of the rows.
func (e *caseEval) assembleNested(rows vec.Rows) {
	e.out.Reset(e.of, 0)
	next := make([]int, len(e.cols)) // position in taken, by branch
	for r := range rows.N {
		from := noBranch
		for i, taken := range e.taken {
			if e.cols[i] != nil && next[i] < len(taken) && int(taken[next[i]]) == r {
				from = i
				next[i]++
			}
		}
		if from == noBranch {
			e.out.AppendNull(r)
		} else {
			e.out.Append(r, e.cols[from], r)
		}
	}
}

func (e *caseEval) assembleBytes(rows vec.Rows) {
	if cap(e.branch) < rows.N {
		e.branch = make([]int16, rows.N)
	}
	e.branch = e.branch[:rows.N]
	if rows.Sel != nil {
		for i := range e.branch {
			e.branch[i] = noBranch
		}
	}
	for i, col := range e.cols {
		if col == nil {
			continue
		}
		for _, r := range e.taken[i] {
			e.branch[r] = int16(i)
		}
		e.copyNulls(i, col, rows.N)
	}
	for r, i := range e.branch {
		if i == noBranch || e.out.IsNull(r) {
			e.out.AppendBytes(r, nil)
		} else {
			e.out.AppendBytes(r, e.cols[i].Bytes(r))
		}
	}
}

// copyRows copies the selected rows of a fixed-width column to the same rows of another.
func copyRows(dst, src *vec.Column, sel []int32) {
	switch dst.Layout() {
	case vec.LayoutBits:
		for _, i := range sel {
			dst.Bits.Put(int(i), src.Bits.Get(int(i)))
		}
	case vec.LayoutI8:
		copySelected(dst.I8, src.I8, sel)
	case vec.LayoutI16:
		copySelected(dst.I16, src.I16, sel)
	case vec.LayoutI32:
		copySelected(dst.I32, src.I32, sel)
	case vec.LayoutI64:
		copySelected(dst.I64, src.I64, sel)
	case vec.LayoutF32:
		copySelected(dst.F32, src.F32, sel)
	case vec.LayoutF64:
		copySelected(dst.F64, src.F64, sel)
	case vec.LayoutD128:
		copySelected(dst.D128, src.D128, sel)
	}
}

func copySelected[T any](dst, src []T, sel []int32) {
	for _, i := range sel {
		dst[i] = src[i]
	}
}
