package op

import (
	"math"
	"time"

	"millrace/engine/state"
	"millrace/schema"
	"millrace/sql/function"
	"millrace/sql/plan"
	"millrace/vec"
)

// GroupAggregate aggregates by key over all of the input and emits a changelog: the first answer of a
// group as +I, each later one that differs as -U and +U, and -D when the group has lost its last row; what is
// retracted from a group that is not there is ignored (Flink's GroupAggFunction). In batch mode it emits each group
// once, at the end of the input.
//
// State grows with the keys that have rows. With a time to live a group that nothing has changed for so long is
// forgotten, and answers that do not differ are emitted, too, so that what is behind does not forget them.
type GroupAggregate struct {
	node  *plan.GroupAggregate
	call  *function.Call
	ttl   int64 // ms; 0: for ever
	sweep int64 // when groups are looked through next, for those that nothing has changed

	groups *grouped
	before []vec.Column
	after  []vec.Column
	known  int32 // the group whose answer after is, -1: none
	row    [1]int32
	into   [1]int32
	out    *vec.Builder
	ended  bool // the answers at the end have been given
}

// NewGroupAggregate returns the operator of a changelog aggregation. Groups that nothing changes for ttl, if it is
// not 0, are forgotten; call tells the time.
func NewGroupAggregate(n *plan.GroupAggregate, h vec.Hasher, call *function.Call, ttl time.Duration) *GroupAggregate {
	g := &GroupAggregate{node: n, call: call, ttl: ttl.Milliseconds(), out: vec.NewBuilder(n.Schema)}
	var types []schema.Type
	for _, k := range n.Keys {
		types = append(types, n.Input.Out().Fields[k].Type)
	}
	g.groups = newGrouped(h, types, n.Aggs, n.Changing())
	g.before, g.after = make([]vec.Column, len(n.Aggs)), make([]vec.Column, len(n.Aggs))
	return g
}

// Process implements Operator.
func (g *GroupAggregate) Process(b *vec.Batch, out Out) error {
	rows := b.Rows()
	if g.node.AtEnd {
		return g.groups.apply(b, g.node.Keys, rows)
	}
	now := g.call.Now.UnixMilli()
	g.known = -1
	for k, group := range g.groups.groupsOf(b, g.node.Keys, rows) {
		if err := g.change(b, rows.At(k), group, now, out); err != nil {
			return err
		}
	}
	g.groups.sweep()
	return drain(g.out, out)
}

// change adds or retracts one row and emits what that changes.
func (g *GroupAggregate) change(b *vec.Batch, i int, group int32, now int64, out Out) error {
	t := g.groups
	if g.ttl > 0 && t.rows[group] > 0 && t.touched[group]+g.ttl <= now {
		t.acc.reset(group)
		t.rows[group], g.known = 0, -1
	}
	had, kind := t.rows[group] > 0, b.Kind(i)
	if retracts(kind) && !had {
		t.empty = append(t.empty, group)
		return nil
	}
	if had {
		if g.known == group {
			g.before, g.after = g.after, g.before
		} else if err := g.answer(group, g.before); err != nil {
			return err
		}
	}
	g.known = -1
	g.row[0], g.into[0] = int32(i), group
	t.track.Touch(group)
	one := vec.Rows{N: b.N, Sel: g.row[:]}
	t.touched[group] = now
	if retracts(kind) {
		if t.rows[group]--; t.rows[group] == 0 {
			t.acc.reset(group)
			t.empty = append(t.empty, group)
			return g.emit(group, g.before, vec.Delete, out)
		}
		if err := t.acc.retract(b, one, g.into[:]); err != nil {
			return err
		}
	} else {
		t.rows[group]++
		if err := t.acc.add(b, one, g.into[:]); err != nil {
			return err
		}
	}
	if err := g.answer(group, g.after); err != nil {
		return err
	}
	g.known = group
	switch {
	case !had:
		return g.emit(group, g.after, vec.Insert, out)
	case g.ttl == 0 && g.unchanged():
		return nil
	}
	if err := g.emit(group, g.before, vec.UpdateBefore, out); err != nil {
		return err
	}
	return g.emit(group, g.after, vec.UpdateAfter, out)
}

// answer writes the aggregates of a group to row 0 of dst.
func (g *GroupAggregate) answer(group int32, dst []vec.Column) error {
	g.into[0] = group
	for a := range dst {
		if err := g.groups.acc.finish(a, vec.Rows{N: g.groups.N, Sel: g.into[:]}, &dst[a]); err != nil {
			return err
		}
	}
	return nil
}

func (g *GroupAggregate) unchanged() bool {
	for c := range g.after {
		if !g.after[c].Equal(0, &g.before[c], 0) {
			return false
		}
	}
	return true
}

func (g *GroupAggregate) emit(group int32, aggs []vec.Column, kind vec.RowKind, out Out) error {
	if g.out.Full() {
		if err := drain(g.out, out); err != nil {
			return err
		}
	}
	keys := len(g.groups.Keys)
	for c := range keys {
		g.out.CopyValue(c, &g.groups.Keys[c], int(group))
	}
	for c := range aggs {
		g.out.CopyValue(keys+c, &aggs[c], 0)
	}
	g.out.EndRow(kind)
	return nil
}

// Tick implements Clocked: groups that nothing has changed for too long are forgotten.
func (g *GroupAggregate) Tick(now time.Time, _ Out) error {
	at := now.UnixMilli()
	if g.ttl == 0 || at < g.sweep {
		return nil
	}
	g.sweep = at + max(g.ttl/4, 100)
	t := g.groups
	for group, rows := range t.rows {
		if rows > 0 && t.touched[group]+g.ttl <= at {
			t.rows[group] = 0
			t.empty = append(t.empty, int32(group))
		}
	}
	t.sweep()
	return nil
}

// Advance implements Advancer: the end of the input, in batch mode. A query without keys then has one
// row even if there was no input, as in batch SQL.
func (g *GroupAggregate) Advance(watermark int64, out Out) error {
	if !g.node.AtEnd || g.ended || watermark != math.MaxInt64 {
		return nil
	}
	g.ended = true
	t := g.groups
	if t.N == 0 && len(t.Keys) == 0 {
		t.number(nil, vec.Rows{N: 1})
		t.room()
		t.rows[0] = 1
	}
	all := t.live(nil)
	batch := &vec.Batch{Schema: g.node.Schema, Cols: make([]vec.Column, g.node.Schema.Len())}
	for from := 0; from < len(all); from += vec.MaxRows {
		if err := t.answers(all[from:min(from+vec.MaxRows, len(all))], batch); err != nil {
			return err
		}
		if err := out.Emit(batch); err != nil {
			return err
		}
	}
	return nil
}

// Groups is how many keys are held.
func (g *GroupAggregate) Groups() int { return g.groups.N - g.groups.gone }

// Snapshot implements Stateful.
func (g *GroupAggregate) Snapshot(s *state.Writer) error {
	writeFlag(s, g.ended)
	g.groups.snapshot(s, "")
	return nil
}

// Restore implements Stateful.
func (g *GroupAggregate) Restore(r *state.Reader, share Share) error {
	g.ended = r.Int() == 1
	return g.groups.restore(r, "", share)
}

func typesOf(s *schema.Schema) []schema.Type {
	types := make([]schema.Type, s.Len())
	for i, f := range s.Fields {
		types[i] = f.Type
	}
	return types
}
