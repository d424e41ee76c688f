package op

import (
	"millrace/sql/plan"
	"millrace/vec"
)

// A join in batch mode: rows are kept until both inputs have ended, then given once.

// remember keeps rows until the end of the input (batch mode).
func (j *Join) remember(b *vec.Batch, in *joinSide, rows vec.Rows) {
	for k := range rows.Len() {
		i := rows.At(k)
		if kind := b.Kind(i); kind == vec.Insert || kind == vec.UpdateAfter {
			in.add(k, i, 0, j.call.Now)
		} else {
			in.remove(k, i, j.call.Now)
		}
	}
	in.compact()
}

// conclude gives all rows at the end of the input: those of the left side with what they match, then those of
// the right that matched nothing.
func (j *Join) conclude(out Out) error {
	chunk := vec.NewBuilder(j.node.Left.Out())
	flush := func() error {
		b := chunk.Batch()
		rows := b.Rows()
		j.left.begin(b, rows)
		err := j.match(b, rows, j.left, j.right, func(_, i int, found []joinMatch) error { return j.last(b, i, found, out) })
		chunk.Reset()
		return err
	}
	for row, g := range j.left.rows.of {
		if g < 0 {
			continue
		}
		for range j.left.copies(int32(row)) {
			for c := range j.left.width {
				chunk.CopyValue(c, &j.left.rows.Cols[c], row)
			}
			chunk.EndRow(vec.Insert)
			if chunk.Full() {
				if err := flush(); err != nil {
					return err
				}
			}
		}
	}
	if err := flush(); err != nil {
		return err
	}
	for row, g := range j.right.rows.of {
		if g < 0 || !j.right.padded || j.right.number(int32(row)) > 0 {
			continue
		}
		if err := j.pad(j.right, &j.right.rows.Cols, row, vec.Insert, out); err != nil {
			return err
		}
	}
	return drain(j.out, out)
}

// last gives a left row at the end of the input.
func (j *Join) last(b *vec.Batch, i int, found []joinMatch, out Out) error {
	yes, unknown := j.count(found)
	switch {
	case j.node.Kind == plan.MarkJoin:
		return j.giveMark(b.Cols, i, yes, unknown, vec.Insert, out)
	case j.node.Kind >= plan.SemiJoin:
		return j.changeKept(b, i, vec.Insert, yes, out)
	case yes == 0 && j.left.padded:
		return j.pad(j.left, &b.Cols, i, vec.Insert, out)
	case j.node.Single && yes > 1:
		return errNotSingle()
	}
	for _, m := range found {
		if j.right.padded {
			j.right.set(m.row, j.right.number(m.row)+1, j.call.Now)
		}
		if err := j.pair(b, i, m.row, j.left, j.right, vec.Insert, out); err != nil {
			return err
		}
	}
	return nil
}
