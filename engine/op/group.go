package op

import (
	"math"

	"millrace/engine/state"
	"millrace/schema"
	"millrace/sql/plan"
	"millrace/vec"
)

// GroupAggregate aggregates by key over all of the input and emits a changelog: the first answer of a
// group as +I, each later one that differs as -U and +U (Flink's GroupAggFunction without a TTL). In
// batch mode it emits each group once, at the end of the input.
//
// Its input must be insert-only. State grows with the keys ever seen.
type GroupAggregate struct {
	node   *plan.GroupAggregate
	hasher vec.Hasher
	types  []schema.Type
	table  *Table
	in     []vec.Column
	before vec.Batch
	after  vec.Batch
	out    *vec.Builder
	atEnd  bool
	ended  bool // the answers at the end have been given
}

// NewGroupAggregate returns the operator of a changelog aggregation.
func NewGroupAggregate(n *plan.GroupAggregate, h vec.Hasher) *GroupAggregate {
	g := &GroupAggregate{node: n, hasher: h, in: make([]vec.Column, len(n.Keys)), out: vec.NewBuilder(n.Schema), atEnd: n.AtEnd}
	for _, k := range n.Keys {
		g.types = append(g.types, n.Input.Out().Fields[k].Type)
	}
	g.table = NewTable(h, g.types, n.Aggs)
	g.before = vec.Batch{Schema: n.Schema, Cols: make([]vec.Column, n.Schema.Len()), N: 1}
	g.after = vec.Batch{Schema: n.Schema, Cols: make([]vec.Column, n.Schema.Len()), N: 1}
	return g
}

// Process implements Operator.
func (g *GroupAggregate) Process(b *vec.Batch, out Out) error {
	for i, k := range g.node.Keys {
		g.in[i] = b.Cols[k]
	}
	rows := b.Rows()
	if g.atEnd {
		return g.table.Add(g.in, b, rows)
	}
	for k := range rows.Len() {
		if err := g.change(b, int32(rows.At(k)), out); err != nil {
			return err
		}
	}
	return g.drain(out)
}

// change adds one row and emits what it changes.
func (g *GroupAggregate) change(b *vec.Batch, i int32, out Out) error {
	row := vec.Rows{N: b.N, Sel: []int32{i}}
	known := g.table.N
	group := g.table.Find(g.in, row)[0]
	isNew := int(group) >= known || g.table.Rows[group] == 0
	if !isNew {
		if err := g.answer(int(group), &g.before); err != nil {
			return err
		}
	}
	if err := g.table.Add(g.in, b, row); err != nil {
		return err
	}
	if err := g.answer(int(group), &g.after); err != nil {
		return err
	}
	if isNew {
		return g.emit(&g.after, vec.Insert, out)
	}
	if g.unchanged() {
		return nil
	}
	if err := g.emit(&g.before, vec.UpdateBefore, out); err != nil {
		return err
	}
	return g.emit(&g.after, vec.UpdateAfter, out)
}

// answer writes the row of a group to row 0 of dst.
func (g *GroupAggregate) answer(group int, dst *vec.Batch) error {
	for c := range g.table.Keys {
		key := vec.NewColumn(g.table.Keys[c].Type)
		key.Append(0, &g.table.Keys[c], group)
		dst.Cols[c] = key
	}
	at := len(g.table.Keys)
	one := vec.Rows{N: g.table.N, Sel: []int32{int32(group)}}
	for a, call := range g.node.Aggs {
		col := &dst.Cols[at+a]
		col.Reset(call.Overload.Result, 1)
		if err := call.Overload.Finish(g.table.States[a], one, col); err != nil {
			return err
		}
	}
	return nil
}

func (g *GroupAggregate) unchanged() bool {
	for c := range g.after.Cols {
		if !g.after.Cols[c].Equal(0, &g.before.Cols[c], 0) {
			return false
		}
	}
	return true
}

func (g *GroupAggregate) emit(row *vec.Batch, kind vec.RowKind, out Out) error {
	if g.out.Full() {
		if err := g.drain(out); err != nil {
			return err
		}
	}
	for c := range row.Cols {
		g.out.CopyValue(c, &row.Cols[c], 0)
	}
	g.out.EndRow(kind)
	return nil
}

func (g *GroupAggregate) drain(out Out) error {
	if g.out.Len() == 0 {
		return nil
	}
	err := out.Emit(g.out.Batch())
	g.out.Reset()
	return err
}

// Advance implements Advancer: the end of the input, in batch mode. A query without keys then has one
// row even if there was no input, as in batch SQL.
func (g *GroupAggregate) Advance(watermark int64, out Out) error {
	if !g.atEnd || g.ended || watermark != math.MaxInt64 {
		return nil
	}
	g.ended = true
	if g.table.N == 0 && len(g.types) == 0 {
		g.table.Find(nil, vec.Rows{N: 1})
	}
	for group := range g.table.N {
		if err := g.answer(group, &g.after); err != nil {
			return err
		}
		if err := g.emit(&g.after, vec.Insert, out); err != nil {
			return err
		}
	}
	return g.drain(out)
}

// Snapshot implements Stateful.
func (g *GroupAggregate) Snapshot(s *state.Writer) error {
	ended := int64(0)
	if g.ended {
		ended = 1
	}
	s.Int(ended)
	s.Int(int64((g.table.N + vec.MaxRows - 1) / vec.MaxRows))
	p := newPartials(g.types, g.node.Aggs)
	return p.emit(0, g.table, snapshotOut{s})
}

// Restore implements Stateful.
func (g *GroupAggregate) Restore(r *state.Reader, share Share) error {
	g.ended = r.Int() == 1
	s := PartialSchema(g.types, g.node.Aggs)
	for range r.Int() {
		cols, n := r.Columns(typesOf(s))
		if r.Err() != nil {
			return r.Err()
		}
		states := make([][]vec.Column, len(g.node.Aggs))
		at := len(g.types) + 2
		for a, call := range g.node.Aggs {
			states[a] = cols[at : at+len(call.Overload.State)]
			at += len(call.Overload.State)
		}
		keys := cols[:len(g.types)]
		rows := vec.Rows{N: n, Sel: share.Select(g.hasher, keys, n)}
		if err := g.table.Merge(keys, cols[len(g.types)+1].I64, states, rows); err != nil {
			return err
		}
	}
	return r.Err()
}

func typesOf(s *schema.Schema) []schema.Type {
	types := make([]schema.Type, s.Len())
	for i, f := range s.Fields {
		types[i] = f.Type
	}
	return types
}
