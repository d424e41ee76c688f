package op

import (
	"slices"

	"millrace/sql/plan"
	"millrace/vec"
)

// Expand gives each row once for each set of GROUPING SETS, one set behind the other.
type Expand struct {
	node  *plan.Expand
	nulls [][]bool // by set and column
	out   *vec.Builder
}

// NewExpand returns the operator of GROUPING SETS.
func NewExpand(n *plan.Expand) *Expand {
	x := &Expand{node: n, out: vec.NewBuilder(n.Schema)}
	for _, s := range n.Sets {
		nulls := make([]bool, n.Input.Out().Len())
		for c := range nulls {
			nulls[c] = slices.Contains(s.Nulls, c)
		}
		x.nulls = append(x.nulls, nulls)
	}
	return x
}

// Process implements Operator.
func (x *Expand) Process(b *vec.Batch, out Out) error {
	rows := b.Rows()
	for k := range rows.Len() {
		i := rows.At(k)
		for s, set := range x.node.Sets {
			if x.out.Full() {
				if err := drain(x.out, out); err != nil {
					return err
				}
			}
			for c := range b.Cols {
				if !x.nulls[s][c] {
					x.out.CopyValue(c, &b.Cols[c], i)
				}
			}
			for c, v := range set.Constants {
				x.out.SetI64(len(b.Cols)+c, v)
			}
			x.out.EndRow(b.Kind(i))
		}
	}
	return drain(x.out, out)
}
