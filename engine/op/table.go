package op

import (
	"millrace/engine/state"
	"millrace/schema"
	"millrace/sql/plan"
	"millrace/vec"
)

// Table is a hash table from keys to accumulators, both kept as columns. Group g is row g of Keys and
// of every state. It grows without bound until Clear; whoever owns it bounds the number of groups. It
// is for rows that stay and aggregates that are all in their state: see accumulators for the others.
type Table struct {
	keyIndex
	States [][]vec.Column // by aggregate
	Rows   []int64        // rows added to each group

	calls  []plan.Agg
	track  state.Track   // of what Merge changes
	in     []*vec.Column // arguments of the call at hand
	passed []int32       // rows that its filter lets through, and
	into   []int32       // their groups
}

// NewTable returns an empty table for keys of the given types and the given aggregates.
func NewTable(h vec.Hasher, keys []schema.Type, calls []plan.Agg) *Table {
	t := &Table{keyIndex: newKeyIndex(h, keys), calls: calls}
	t.States = make([][]vec.Column, len(calls))
	for a, call := range calls {
		for _, s := range call.Overload.State {
			t.States[a] = append(t.States[a], vec.NewColumn(s))
		}
	}
	return t
}

// Find returns the group of each named row of keys, making the groups that are not there yet. The
// answer is valid until the next call.
func (t *Table) Find(keys []vec.Column, rows vec.Rows) []int32 {
	before := t.N
	groups := t.number(keys, rows)
	if t.N > before {
		for len(t.Rows) < t.N {
			t.Rows = append(t.Rows, 0)
		}
		for a, call := range t.calls {
			call.Overload.Grow(t.States[a], before, t.N)
		}
	}
	return groups
}

// Add aggregates the named rows of b into the groups of their keys. Filters and NULL arguments are
// the aggregates' business.
func (t *Table) Add(keys []vec.Column, b *vec.Batch, rows vec.Rows) error {
	groups := t.Find(keys, rows)
	for _, g := range groups {
		t.Rows[g]++
	}
	for a, call := range t.calls {
		at, gr := rows, groups
		if call.Filter >= 0 {
			at, gr = t.filter(&b.Cols[call.Filter], rows, groups)
		}
		t.in = t.in[:0]
		for _, c := range call.Args {
			t.in = append(t.in, &b.Cols[c])
		}
		if err := call.Overload.Add(t.States[a], gr, t.in, at); err != nil {
			return err
		}
	}
	return nil
}

// filter narrows rows and their groups to those where cond is TRUE.
func (t *Table) filter(cond *vec.Column, rows vec.Rows, groups []int32) (vec.Rows, []int32) {
	if t.passed == nil {
		t.passed = make([]int32, 0, vec.MaxRows) // a nil selection would mean all rows
	}
	t.passed, t.into = passing(t.passed[:0], t.into[:0], cond, rows, groups)
	return vec.Rows{N: rows.N, Sel: t.passed}, t.into
}

// passing appends the rows where cond is TRUE, and their groups.
func passing(sel, into []int32, cond *vec.Column, rows vec.Rows, groups []int32) ([]int32, []int32) {
	for k, g := range groups {
		if i := rows.At(k); !cond.IsNull(i) && cond.Bits.Get(i) {
			sel, into = append(sel, int32(i)), append(into, g)
		}
	}
	return sel, into
}

// Merge adds rows of another table: its keys, row counts and states, as columns.
func (t *Table) Merge(keys []vec.Column, counts []int64, states [][]vec.Column, rows vec.Rows) error {
	groups := t.Find(keys, rows)
	for k, g := range groups {
		t.Rows[g] += counts[rows.At(k)]
		t.track.Touch(g)
	}
	for a, call := range t.calls {
		t.in = t.in[:0]
		for c := range states[a] {
			t.in = append(t.in, &states[a][c])
		}
		if err := call.Overload.Merge(t.States[a], groups, t.in, rows); err != nil {
			return err
		}
	}
	return nil
}

// Absorb merges all of o, a table of the same shape.
func (t *Table) Absorb(o *Table) error {
	return t.Merge(o.Keys, o.Rows, o.States, vec.Rows{N: o.N})
}

// Clear empties the table; its memory is kept.
func (t *Table) Clear() {
	t.keyIndex.clear()
	t.track.Renumber()
	for a := range t.States {
		for c := range t.States[a] {
			t.States[a][c].Clear()
		}
	}
	t.Rows = t.Rows[:0]
}

// columns are the keys, the row counts and the states, as PartialSchema has them but for the pane.
func (t *Table) columns(dst []vec.Column) []vec.Column {
	dst = append(dst, t.Keys...)
	dst = append(dst, vec.Column{Type: number(), I64: t.Rows})
	for a := range t.States {
		dst = append(dst, t.States[a]...)
	}
	return dst
}

// snapshot writes all groups as a table of that name.
func (t *Table) snapshot(w *state.Writer, name string) {
	var columns []vec.Column
	var groups picked
	w.Rows(name, &t.track, t.N, nil, func(rows []int32) []vec.Column {
		columns = t.columns(columns[:0])
		return groups.of(rows, columns)
	})
}

// restore adds the groups of a snapshot whose keys are in share.
func (t *Table) restore(r *state.Reader, name string, share Share) error {
	keys := len(t.Keys)
	states := make([][]vec.Column, len(t.States))
	return r.Rows(name, typesOfColumns(t.columns(nil)), func(numbers []int32, cols []vec.Column) error {
		at := keys + 1
		for a := range states {
			n := len(t.States[a])
			states[a] = cols[at : at+n]
			at += n
		}
		sel := share.Select(t.hasher, cols[:keys], len(numbers))
		return t.Merge(cols[:keys], cols[keys].I64, states, vec.Rows{N: len(numbers), Sel: sel})
	})
}
