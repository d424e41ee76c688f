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

// keep appends to sel, which is empty, the named rows in which col is TRUE. It writes every row and
// counts those that stay: a branch that nobody can predict would cost more.
func keep(sel []int32, col *vec.Column, rows vec.Rows) []int32 {
	if cap(sel) < rows.Len()+64 {
		sel = make([]int32, max(rows.Len(), vec.MaxRows)+64)
	}
	if rows.Sel == nil {
		return keepAll(sel[:cap(sel)], col, rows.N)
	}
	out, n := sel[:len(rows.Sel)], 0
	for _, i := range rows.Sel {
		word := col.Bits[uint(i)>>6]
		if col.Valid != nil {
			word &= col.Valid[uint(i)>>6]
		}
		out[n] = i
		n += int(word >> (uint(i) & 63) & 1)
	}
	return out[:n]
}

func keepAll(sel []int32, col *vec.Column, rows int) []int32 {
	n := 0
	for w := range vec.Words(rows) {
		word := col.Bits[w]
		if col.Valid != nil {
			word &= col.Valid[w]
		}
		if rest := rows - w<<6; rest < 64 {
			word &= 1<<uint(rest) - 1
		}
		const few = 16 // of 64; then finding them is cheaper than trying all
		if bits.OnesCount64(word) < few {
			for ; word != 0; word &= word - 1 {
				sel[n] = int32(w<<6 + bits.TrailingZeros64(word))
				n++
			}
			continue
		}
		out, k := sel[n:n+64], 0
		for j := range int32(64) {
			out[k&63] = int32(w<<6) + j
			k += int(word & 1)
			word >>= 1
		}
		n += k
	}
	return sel[:n]
}
