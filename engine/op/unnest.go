package op

import (
	"millrace/schema"
	"millrace/sql/function"
	"millrace/sql/plan"
	"millrace/vec"
)

// Unnest gives each row once for every element of a collection. It has no state; the kind of a row is
// that of each it becomes.
type Unnest struct {
	node *plan.Unnest
	list Eval
	call *function.Call
	out  *vec.Builder

	parts []*vec.Column // of the elements of the batch at hand
}

// NewUnnest returns the operator; call is the task's.
func NewUnnest(n *plan.Unnest, call *function.Call) (*Unnest, error) {
	list, err := Compile(n.Expr)
	if err != nil {
		return nil, err
	}
	return &Unnest{node: n, list: list, call: call, out: vec.NewBuilder(n.Schema)}, nil
}

// Process implements Operator.
func (u *Unnest) Process(b *vec.Batch, out Out) error {
	rows := b.Rows()
	col, err := u.list.Eval(u.call, b, rows)
	if err != nil {
		return err
	}
	u.partsOf(col)
	for k := range rows.Len() {
		i := rows.At(k)
		n := 0
		if !col.IsNull(i) {
			for e := int(col.Off[i]); e < int(col.Off[i+1]); e++ {
				times := 1
				if col.Type.ID == schema.Multiset {
					times = int(col.Kids[1].I32[e])
				}
				for range times {
					n++
					if err := u.row(b, i, col, e, n, out); err != nil {
						return err
					}
				}
			}
		}
		if n == 0 && u.node.Outer {
			if err := u.row(b, i, col, -1, 0, out); err != nil {
				return err
			}
		}
	}
	return drain(u.out, out)
}

// row adds row i with element e of its collection, the n-th; -1 for none.
func (u *Unnest) row(b *vec.Batch, i int, col *vec.Column, e, n int, out Out) error {
	if u.out.Full() {
		if err := drain(u.out, out); err != nil {
			return err
		}
	}
	at := len(u.node.Keep)
	for c, k := range u.node.Keep {
		u.out.CopyValue(c, &b.Cols[k], i)
	}
	if e >= 0 {
		for _, part := range u.parts {
			// The fields of a ROW that is NULL are NULL.
			if of := &col.Kids[0]; col.Type.ID != schema.Map && of.Layout() == vec.LayoutRow && of.IsNull(e) {
				u.out.SetNull(at)
			} else {
				u.out.CopyValue(at, part, e)
			}
			at++
		}
		if u.node.Ordinality {
			u.out.SetInt(at, int64(n))
		}
	}
	u.out.EndRow(b.Kind(i))
	return nil
}

// partsOf finds the columns that elements of a collection make: key and value, fields of a row, or the
// element itself.
func (u *Unnest) partsOf(col *vec.Column) {
	kids := col.Kids[:1]
	switch {
	case col.Type.ID == schema.Map:
		kids = col.Kids[:2]
	case col.Kids[0].Layout() == vec.LayoutRow:
		kids = col.Kids[0].Kids
	}
	u.parts = u.parts[:0]
	for i := range kids {
		u.parts = append(u.parts, &kids[i])
	}
}
