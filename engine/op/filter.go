package op

import (
	"math/bits"

	"millrace/sql/function"
	"millrace/sql/plan"
	"millrace/vec"
)

// Filter keeps the rows for which a condition is TRUE. It copies nothing: the batch goes on with a
// narrower selection.
type Filter struct {
	conds []Eval // operands of the outermost AND, each computed for what those before it keep
	call  *function.Call
	sel   [2][]int32
	out   vec.Batch
}

// NewFilter returns the operator that keeps the rows for which cond is TRUE. call is the task's.
func NewFilter(cond plan.Expr, call *function.Call) (*Filter, error) {
	exprs := []plan.Expr{cond}
	if and, ok := cond.(*plan.Logic); ok && !and.Or {
		exprs = and.Args
	}
	conds, err := compileAll(exprs)
	if err != nil {
		return nil, err
	}
	return &Filter{conds: conds, call: call}, nil
}

// Process implements Operator. A batch of which no row is kept goes no further.
func (f *Filter) Process(b *vec.Batch, out Out) error {
	rows := b.Rows()
	for i, cond := range f.conds {
		if rows.Len() == 0 {
			return nil
		}
		col, err := cond.Eval(f.call, b, rows)
		if err != nil {
			return err
		}
		sel := &f.sel[i&1]
		*sel = keep((*sel)[:0], col, rows)
		if len(*sel) < rows.Len() {
			rows.Sel = *sel
		}
	}
	if rows.Len() == 0 {
		return nil
	}
	f.out = *b
	f.out.Sel = rows.Sel
	return out.Emit(&f.out)
}

// keep appends the named rows in which col is TRUE.
func keep(sel []int32, col *vec.Column, rows vec.Rows) []int32 {
	if cap(sel) < rows.Len() {
		sel = make([]int32, 0, max(rows.Len(), vec.MaxRows))
	}
	if rows.Sel == nil {
		return keepAll(sel, col, rows.N)
	}
	for _, i := range rows.Sel {
		if col.Bits.Get(int(i)) && !col.IsNull(int(i)) {
			sel = append(sel, i)
		}
	}
	return sel
}

func keepAll(sel []int32, col *vec.Column, n int) []int32 {
	for w := range vec.Words(n) {
		word := col.Bits[w]
		if col.Valid != nil {
			word &= col.Valid[w]
		}
		if rest := n - w<<6; rest < 64 {
			word &= 1<<uint(rest) - 1
		}
		if word == ^uint64(0) {
			for i := range int32(64) {
				sel = append(sel, int32(w<<6)+i)
			}
			continue
		}
		for ; word != 0; word &= word - 1 {
			sel = append(sel, int32(w<<6+bits.TrailingZeros64(word)))
		}
	}
	return sel
}
