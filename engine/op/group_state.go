package op

import (
	"millrace/engine/state"
	"millrace/schema"
	"millrace/vec"
)

// snapshot writes the given groups, in that order.
func (a *accumulators) snapshot(w *state.Writer, groups []int32) {
	at := make([]int32, a.n)
	for i := range at {
		at[i] = -1
	}
	for i, g := range groups {
		at[g] = int32(i)
	}
	for i := range a.folds {
		f := &a.folds[i]
		if f.distinct != nil {
			f.distinct.snapshot(w, at)
		}
		if f.kept != nil {
			f.kept.snapshot(w, at)
			continue
		}
		writeRows(w, f.states, groups)
	}
}

// restore adds the groups of a snapshot: the i-th of it is group to[i], new and already made room for, or is not
// wanted if that is -1.
func (a *accumulators) restore(r *state.Reader, to []int32) error {
	for i := range a.folds {
		f := &a.folds[i]
		if f.distinct != nil {
			if err := f.distinct.restore(r, to, nil); err != nil {
				return err
			}
		}
		if f.kept != nil {
			var each func(g, e int32)
			if f.best != nil {
				each = f.pick
			}
			if err := f.kept.restore(r, to, each); err != nil {
				return err
			}
			continue
		}
		err := readRows(r, f.over.State, func(row int, cols []vec.Column, i int) {
			if g := to[row]; g >= 0 {
				for c := range cols {
					setState(&f.states[c], int(g), &cols[c], i)
				}
			}
		})
		if err != nil {
			return err
		}
	}
	return r.Err()
}

// writeRows writes the given rows of columns, in pieces.
func writeRows(w *state.Writer, cols []vec.Column, rows []int32) {
	w.Int(int64(len(rows)))
	for from := 0; from < len(rows); from += vec.MaxRows {
		part := rows[from:min(from+vec.MaxRows, len(rows))]
		out := make([]vec.Column, len(cols))
		for c := range cols {
			out[c] = vec.NewColumn(cols[c].Type)
			for n, row := range part {
				out[c].Append(n, &cols[c], int(row))
			}
		}
		w.Columns(out, len(part))
	}
}

// readRows tells each row that writeRows wrote, by its number and as row i of cols.
func readRows(r *state.Reader, types []schema.Type, each func(row int, cols []vec.Column, i int)) error {
	total := int(r.Int())
	for row := 0; row < total; {
		cols, n := r.Columns(types)
		if r.Err() != nil {
			return r.Err()
		}
		for i := range n {
			each(row, cols, i)
			row++
		}
	}
	return r.Err()
}

// snapshot writes the values of the groups: at says under which number, -1 for those left out.
func (v *bag) snapshot(w *state.Writer, at []int32) {
	var rows []int32
	numbers := vec.Column{Type: schema.Of(schema.BigInt).Required(), I64: make([]int64, len(v.counts))}
	counts := vec.Column{Type: numbers.Type, I64: v.counts}
	for g, to := range at {
		for e := v.first[g]; to >= 0 && e >= 0; e = v.next[e] {
			rows = append(rows, e)
			numbers.I64[e] = int64(to)
		}
	}
	writeRows(w, append([]vec.Column{numbers, counts}, v.cols...), rows)
}

// restore adds the values of a snapshot to the groups that to gives, -1 for those not wanted; each, which may be nil, is
// told of every value.
func (v *bag) restore(r *state.Reader, to []int32, each func(g, e int32)) error {
	number := schema.Of(schema.BigInt).Required()
	types := append([]schema.Type{number, number}, v.types...)
	args := make([]*vec.Column, len(v.types))
	return readRows(r, types, func(_ int, cols []vec.Column, i int) {
		g := to[cols[0].I64[i]]
		if g < 0 {
			return
		}
		for c := range args {
			args[c] = &cols[c+2]
		}
		hash := v.hash(args, vec.Rows{N: i + 1, Sel: []int32{int32(i)}})[0]
		e, _ := v.add(g, hash, args, i)
		v.counts[e] = cols[1].I64[i]
		if each != nil {
			each(g, e)
		}
	})
}
