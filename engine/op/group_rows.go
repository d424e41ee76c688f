package op

import (
	"millrace/engine/state"
	"millrace/schema"
	"millrace/sql/plan"
	"millrace/vec"
)

// grouped is rows grouped by keys, with their aggregates. Rows may be retracted. A group that has lost its last row is
// as if it had never been; it is removed by sweep.
type grouped struct {
	keyIndex
	rows    []int64 // by group, how many there are
	touched []int64 // by group, the owner's: when it was changed
	acc     accumulators
	types   []schema.Type
	track   state.Track

	in    []vec.Column
	empty []int32 // groups that may be without rows
	sel   []int32
	into  []int32
}

func newGrouped(h vec.Hasher, keys []schema.Type, calls []plan.Agg, changing bool) *grouped {
	return &grouped{
		keyIndex: newKeyIndex(h, keys), acc: newAccumulators(h, calls, changing), types: keys,
		in: make([]vec.Column, len(keys)), sel: make([]int32, 0, vec.MaxRows),
	}
}

// groupsOf returns the group of each named row of b, whose keys are the given columns, making new ones without rows.
// The answer is valid until the next call.
func (g *grouped) groupsOf(b *vec.Batch, keys []int, rows vec.Rows) []int32 {
	for i, k := range keys {
		g.in[i] = b.Cols[k]
	}
	groups := g.number(g.in, rows)
	g.room()
	return groups
}

func (g *grouped) room() {
	for len(g.rows) < g.N {
		g.rows, g.touched = append(g.rows, 0), append(g.touched, 0)
	}
	g.acc.grow(g.N)
}

// retracts says whether a row takes another back.
func retracts(k vec.RowKind) bool { return k == vec.UpdateBefore || k == vec.Delete }

// apply adds and retracts the named rows. What is retracted from a group that has no rows is ignored.
func (g *grouped) apply(b *vec.Batch, keys []int, rows vec.Rows) error {
	groups := g.groupsOf(b, keys, rows)
	for _, group := range groups {
		g.track.Touch(group)
	}
	if b.Kinds == nil {
		for _, group := range groups {
			g.rows[group]++
		}
		return g.acc.add(b, rows, groups)
	}
	adds := true
	g.sel, g.into = g.sel[:0], g.into[:0]
	flush := func() error {
		if len(g.sel) == 0 {
			return nil
		}
		err := g.acc.apply(b, vec.Rows{N: b.N, Sel: g.sel}, g.into, adds)
		g.sel, g.into = g.sel[:0], g.into[:0]
		return err
	}
	for k, group := range groups {
		i := rows.At(k)
		add := !retracts(b.Kinds[i])
		if add != adds {
			if err := flush(); err != nil {
				return err
			}
			adds = add
		}
		switch {
		case add:
			g.rows[group]++
		case g.rows[group] == 0:
			g.empty = append(g.empty, group)
			continue
		default:
			if g.rows[group]--; g.rows[group] == 0 {
				g.empty = append(g.empty, group)
			}
		}
		g.sel, g.into = append(g.sel, int32(i)), append(g.into, group)
	}
	if err := flush(); err != nil {
		return err
	}
	g.sweep()
	return nil
}

// sweep removes the groups that have lost their last row.
func (g *grouped) sweep() {
	for _, group := range g.empty {
		if g.rows[group] == 0 {
			g.acc.reset(group)
			g.track.Touch(group)
			g.rows[group] = removed
			g.remove(group)
		}
	}
	if g.empty = g.empty[:0]; !g.sparse() {
		return
	}
	n := g.N
	moved := g.compact()
	g.rows, g.touched = moveInts(g.rows[:n], moved, g.N), moveInts(g.touched[:n], moved, g.N)
	g.acc.renumber(moved)
	g.track.Renumber()
}

// removed is the number of rows of a group that is no more.
const removed = -1

// live appends the groups that have rows, in the order in which they came.
func (g *grouped) live(dst []int32) []int32 {
	for group, rows := range g.rows {
		if rows > 0 {
			dst = append(dst, int32(group))
		}
	}
	return dst
}

// clear forgets all groups; the memory is kept.
func (g *grouped) clear() {
	g.keyIndex.clear()
	g.acc.clear()
	g.track.Renumber()
	g.rows, g.touched, g.empty = g.rows[:0], g.touched[:0], g.empty[:0]
}

// answers writes the keys and the aggregates of up to vec.MaxRows groups to the first columns of dst.
func (g *grouped) answers(groups []int32, dst *vec.Batch) error {
	rows := vec.Rows{N: g.N, Sel: groups}
	dst.N = len(groups)
	for c := range g.Keys {
		gather(&dst.Cols[c], &g.Keys[c], groups)
	}
	for a := range g.acc.folds {
		if err := g.acc.finish(a, rows, &dst.Cols[len(g.Keys)+a]); err != nil {
			return err
		}
	}
	return nil
}

// gather sets dst, the same column each time, to the given rows of src.
func gather(dst, src *vec.Column, rows []int32) {
	if dst.Type.ID != src.Type.ID {
		*dst = vec.NewColumn(src.Type)
	}
	dst.Clear()
	for n, row := range rows {
		dst.Append(n, src, int(row))
	}
}

// snapshot writes all groups, as tables whose names begin with prefix.
func (g *grouped) snapshot(w *state.Writer, prefix string) {
	facts := newNumbers(2)
	var columns []vec.Column
	var groups picked
	live := func(group int32) bool { return g.rows[group] > 0 }
	w.Rows(prefix+"groups", &g.track, len(g.rows), live, func(rows []int32) []vec.Column {
		facts.clear()
		for _, group := range rows {
			facts.add(g.rows[group], g.touched[group])
		}
		columns = g.acc.stateColumns(append(columns[:0], g.Keys...))
		return append(groups.of(rows, columns), facts...)
	})
	g.acc.snapshot(w, prefix)
}

// restore adds the groups of a snapshot whose keys are in share.
func (g *grouped) restore(r *state.Reader, prefix string, share Share) error {
	var to moved
	keys := len(g.Keys)
	types := g.acc.stateTypes(g.types[:keys:keys])
	width := len(types)
	err := r.Rows(prefix+"groups", typesBehind(types, 2), func(rows []int32, cols []vec.Column) error {
		at := vec.Rows{N: len(rows), Sel: share.Select(g.hasher, cols[:keys], len(rows))}
		groups := g.number(cols[:keys], at)
		g.room()
		for k, group := range groups {
			i := at.At(k)
			to.set(rows[i], group)
			g.acc.setStates(group, cols[keys:width], i)
			g.rows[group], g.touched[group] = cols[width].I64[i], cols[width+1].I64[i]
		}
		return nil
	})
	if err != nil {
		return err
	}
	return g.acc.restore(r, prefix, to)
}
