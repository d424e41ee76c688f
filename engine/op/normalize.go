package op

import (
	"time"

	"millrace/engine/state"
	"millrace/sql/plan"
	"millrace/vec"
)

// Normalize keeps the row of each key and turns upserts into a changelog that says what was there before
// (Flink's ProcTimeDeduplicateKeepLastRowFunction over a changelog): +I for a new key, -U and +U for one
// that changes, nothing for a row that is there already, -D with the row that was there. A deletion of
// a key that is not known is left out, and so is a -U, as the +U that follows it says all.
type Normalize struct {
	key  []int
	ttl  time.Duration
	rows *RowTable
	out  *vec.Builder
	now  int64
}

// NewNormalize returns the operator; a key that is not written for ttl is forgotten, 0 keeps it.
func NewNormalize(n *plan.Normalize, h vec.Hasher, ttl time.Duration) *Normalize {
	s := n.Out()
	return &Normalize{key: n.Key, ttl: ttl, rows: NewRowTable(h, typesOf(s), n.Key), out: vec.NewBuilder(s), now: time.Now().UnixMilli()}
}

// Process implements Operator.
func (o *Normalize) Process(b *vec.Batch, out Out) error { return o.each(b, out, o.change) }

// each hands every row to change, with the hash of its key and room for two rows in o.out.
func (o *Normalize) each(b *vec.Batch, out Out, change func(b *vec.Batch, i int, hash uint64)) error {
	rows := b.Rows()
	hashes := o.rows.Hash(b, o.key, rows)
	for k := range rows.Len() {
		if o.out.Free() < 2 {
			if err := drain(o.out, out); err != nil {
				return err
			}
		}
		change(b, rows.At(k), hashes[k])
	}
	o.rows.Compact(nil)
	return drain(o.out, out)
}

func (o *Normalize) change(b *vec.Batch, i int, hash uint64) {
	kind := b.Kind(i)
	if kind == vec.UpdateBefore {
		return
	}
	g := o.rows.Find(hash, b, o.key, i)
	if kind == vec.Delete {
		if g >= 0 {
			o.rows.Copy(o.out, 0, o.rows.First(g))
			o.out.EndRow(vec.Delete)
			o.rows.RemoveGroup(g)
		}
		return
	}
	if g < 0 {
		_, g = o.rows.Add(-1, hash, b, i, 0)
		o.rows.SetNote(g, o.now)
		emitRow(o.out, b, i, vec.Insert)
		return
	}
	old := o.rows.First(g)
	if o.ttl == 0 && o.rows.FindRow(g, b, i) >= 0 {
		return
	}
	o.rows.Copy(o.out, 0, old)
	o.out.EndRow(vec.UpdateBefore)
	emitRow(o.out, b, i, vec.UpdateAfter)
	o.rows.Add(g, hash, b, i, 0)
	o.rows.Remove(old)
	o.rows.SetNote(g, o.now)
}

// emitRow adds row i of b to dst as kind.
func emitRow(dst *vec.Builder, b *vec.Batch, i int, kind vec.RowKind) {
	for c := range b.Cols {
		dst.CopyValue(c, &b.Cols[c], i)
	}
	dst.EndRow(kind)
}

// drain emits what a builder holds and empties it.
func drain(b *vec.Builder, out Out) error {
	if b.Len() == 0 {
		return nil
	}
	err := out.Emit(b.Batch())
	b.Reset()
	return err
}

// Tick implements Clocked.
func (o *Normalize) Tick(now time.Time, _ Out) error {
	o.now = now.UnixMilli()
	o.rows.Expire(o.now, o.ttl)
	return nil
}

// Snapshot implements Stateful.
func (o *Normalize) Snapshot(w *state.Writer) error {
	o.rows.Snapshot(w, "rows")
	return nil
}

// Restore implements Stateful.
func (o *Normalize) Restore(r *state.Reader, share Share) error {
	return o.rows.Restore(r, "rows", share, nil)
}

// Materialize keeps the rows of each key in the order they came and gives what the last of them is (Flink's
// SinkUpsertMaterializer): +I for a key's first row, +U for one that takes its place, -D when none is
// left. It gives no -U.
type Materialize struct {
	Normalize
}

// NewMaterialize returns the operator; a key that is not written for ttl is forgotten, 0 keeps it.
func NewMaterialize(n *plan.Materialize, h vec.Hasher, ttl time.Duration) *Materialize {
	return &Materialize{*NewNormalize(&plan.Normalize{Input: n.Input, Key: n.Key}, h, ttl)}
}

// Process implements Operator.
func (o *Materialize) Process(b *vec.Batch, out Out) error { return o.each(b, out, o.change) }

func (o *Materialize) change(b *vec.Batch, i int, hash uint64) {
	g := o.rows.Find(hash, b, o.key, i)
	if kind := b.Kind(i); kind == vec.Insert || kind == vec.UpdateAfter {
		as := vec.UpdateAfter
		if g < 0 {
			as = vec.Insert
		}
		_, g = o.rows.Add(g, hash, b, i, 0)
		o.rows.SetNote(g, o.now)
		emitRow(o.out, b, i, as)
		return
	}
	if g < 0 {
		return
	}
	row := o.rows.FindRow(g, b, i)
	if row < 0 {
		return
	}
	last, before := row == o.rows.Last(g), o.rows.Prev(row)
	o.rows.SetNote(g, o.now)
	o.rows.Remove(row)
	switch {
	case last && before >= 0:
		o.rows.Copy(o.out, 0, before)
		o.out.EndRow(vec.UpdateAfter)
	case last:
		emitRow(o.out, b, i, vec.Delete)
	}
}
