package op

import (
	"millrace/schema"
	"millrace/sql/plan"
	"millrace/vec"
)

// Table is a hash table from keys to accumulators, both kept as columns. Group g is row g of Keys and
// of every state. It grows without bound until Clear; whoever owns it bounds the number of groups.
type Table struct {
	Keys   []vec.Column
	States [][]vec.Column // by aggregate
	Rows   []int64        // rows added to each group
	N      int

	hasher vec.Hasher
	hashes []uint64 // by group
	slots  []int32  // group + 1; 0 is free; the length is a power of two
	calls  []plan.Agg

	rowHash []uint64
	groups  []int32
	in      []*vec.Column // arguments of the call at hand
	passed  []int32       // rows that its filter lets through, and
	into    []int32       // their groups
}

// NewTable returns an empty table for keys of the given types and the given aggregates.
func NewTable(h vec.Hasher, keys []schema.Type, calls []plan.Agg) *Table {
	t := &Table{hasher: h, calls: calls, slots: make([]int32, 64)}
	for _, k := range keys {
		t.Keys = append(t.Keys, vec.NewColumn(k))
	}
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
	t.rowHash = t.hasher.Rows(t.rowHash, keys, rows)
	n := rows.Len()
	if cap(t.groups) < n {
		t.groups = make([]int32, max(n, vec.MaxRows))
	}
	t.groups = t.groups[:n]
	before := t.N
	for k := range n {
		t.groups[k] = t.find(t.rowHash[k], keys, rows.At(k))
	}
	if t.N > before {
		for a, call := range t.calls {
			call.Overload.Grow(t.States[a], before, t.N)
		}
	}
	return t.groups
}

func (t *Table) find(h uint64, keys []vec.Column, i int) int32 {
	mask := uint64(len(t.slots) - 1)
	for at := h & mask; ; at = (at + 1) & mask {
		s := t.slots[at]
		if s == 0 {
			return t.add(h, at, keys, i)
		}
		g := int(s - 1)
		if t.hashes[g] == h && t.same(g, keys, i) {
			return s - 1
		}
	}
}

func (t *Table) same(g int, keys []vec.Column, i int) bool {
	for c := range t.Keys {
		if !t.Keys[c].Equal(g, &keys[c], i) {
			return false
		}
	}
	return true
}

func (t *Table) add(h, at uint64, keys []vec.Column, i int) int32 {
	for c := range t.Keys {
		t.Keys[c].Append(t.N, &keys[c], i)
	}
	t.hashes = append(t.hashes, h)
	t.Rows = append(t.Rows, 0)
	t.slots[at] = int32(t.N) + 1
	t.N++
	if 2*t.N > len(t.slots) {
		t.rehash()
	}
	return int32(t.N) - 1
}

func (t *Table) rehash() {
	t.slots = make([]int32, 2*len(t.slots))
	mask := uint64(len(t.slots) - 1)
	for g, h := range t.hashes {
		at := h & mask
		for t.slots[at] != 0 {
			at = (at + 1) & mask
		}
		t.slots[at] = int32(g) + 1
	}
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
	t.passed, t.into = t.passed[:0], t.into[:0]
	for k, g := range groups {
		if i := rows.At(k); !cond.IsNull(i) && cond.Bits.Get(i) {
			t.passed, t.into = append(t.passed, int32(i)), append(t.into, g)
		}
	}
	return vec.Rows{N: rows.N, Sel: t.passed}, t.into
}

// Merge adds rows of another table: its keys, row counts and states, as columns.
func (t *Table) Merge(keys []vec.Column, counts []int64, states [][]vec.Column, rows vec.Rows) error {
	groups := t.Find(keys, rows)
	for k, g := range groups {
		t.Rows[g] += counts[rows.At(k)]
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
	for c := range t.Keys {
		t.Keys[c].Clear()
	}
	for a := range t.States {
		for c := range t.States[a] {
			t.States[a][c].Clear()
		}
	}
	clear(t.slots)
	t.hashes, t.Rows, t.N = t.hashes[:0], t.Rows[:0], 0
}
