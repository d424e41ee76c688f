package op

import (
	"sync/atomic"
	"time"

	"millrace/engine/state"
	"millrace/fault"
	"millrace/schema"
	"millrace/sql/function"
	"millrace/sql/plan"
	"millrace/vec"
)

// Deduplicate keeps one row of each key by a time attribute (Flink's RowTime- and ProcTimeDeduplicate functions).
//
// The last row is given at once and replaced, by -U and +U, by each that is as new or newer; by processing time
// each is newer. The first row by processing time is given at once. The first by event time is given when
// the watermark has passed it, as an earlier one may come until then; rows behind the watermark are dropped and counted.
//
// State: a row of each key for the last, the key alone for the first once that is given.
type Deduplicate struct {
	node      *plan.Deduplicate
	byClock   bool
	call      *function.Call
	ttl       time.Duration
	late      *atomic.Int64
	rows      *RowTable // the last of each key, or the first that waits for the watermark
	done      *RowTable // the keys whose first row was given
	doneKeys  []int
	key       vec.Batch
	due       schedule[int32] // groups of rows by the time of their row
	watermark int64
	out       *vec.Builder
}

// NewDeduplicate returns the operator. Late rows are added to late; keys that nothing is written to for ttl are
// forgotten, 0 keeps them; call tells the time.
func NewDeduplicate(n *plan.Deduplicate, h vec.Hasher, call *function.Call, ttl time.Duration, late *atomic.Int64) *Deduplicate {
	s := n.Out()
	d := &Deduplicate{
		node: n, byClock: s.Fields[n.Time].Time == schema.ProcTime, call: call, ttl: ttl, late: late, watermark: minWatermark,
		rows: NewRowTable(h, typesOf(s), n.Keys), out: vec.NewBuilder(s),
	}
	keys := s.Select(n.Keys)
	for i := range n.Keys {
		d.doneKeys = append(d.doneKeys, i)
	}
	d.done = NewRowTable(h, typesOf(keys), d.doneKeys)
	d.key = vec.Batch{Schema: keys, Cols: make([]vec.Column, len(n.Keys))}
	return d
}

// Process implements Operator. Its input is insert-only.
func (d *Deduplicate) Process(b *vec.Batch, out Out) error {
	rows := b.Rows()
	for c, k := range d.node.Keys {
		d.key.Cols[c] = b.Cols[k]
	}
	d.key.N = b.N
	hashes := d.rows.Hash(b, d.node.Keys, rows)
	for k := range rows.Len() {
		if d.out.Free() < 2 {
			if err := drain(d.out, out); err != nil {
				return err
			}
		}
		i := rows.At(k)
		if !d.byClock && b.Cols[d.node.Time].IsNull(i) {
			return noEventTime()
		}
		switch {
		case d.node.Last:
			d.last(b, i, hashes[k])
		case d.byClock:
			d.first(b, i, hashes[k])
		default:
			d.wait(b, i, hashes[k])
		}
	}
	d.rows.Compact(nil)
	return drain(d.out, out)
}

func noEventTime() error {
	return fault.New(fault.Invalid, "a row has no event time: a time attribute must not be NULL").
		WithHint("filter such rows out, or declare the column NOT NULL so that they go to the dead letters")
}

func (d *Deduplicate) now() int64 { return d.call.Now.UnixMilli() }

// stale says whether a group has outlived its time.
func (d *Deduplicate) stale(t *RowTable, g int32) bool {
	return d.ttl > 0 && t.Note[g]+d.ttl.Milliseconds() <= d.now()
}

func (d *Deduplicate) last(b *vec.Batch, i int, hash uint64) {
	t := d.rows
	g := t.Find(hash, b, d.node.Keys, i)
	if g >= 0 && d.stale(t, g) {
		t.RemoveGroup(g)
		g = -1
	}
	if g < 0 {
		_, g = t.Add(-1, hash, b, i, 0)
		t.SetNote(g, d.now())
		emitRow(d.out, b, i, vec.Insert)
		return
	}
	old := t.First(g)
	if !d.byClock && b.Cols[d.node.Time].I64[i] < t.Cols[d.node.Time].I64[old] {
		return
	}
	t.Copy(d.out, 0, old)
	d.out.EndRow(vec.UpdateBefore)
	emitRow(d.out, b, i, vec.UpdateAfter)
	t.Add(g, hash, b, i, 0)
	t.Remove(old)
	t.SetNote(g, d.now())
}

// given says whether the first row of a key was given.
func (d *Deduplicate) given(hash uint64, i int) bool {
	g := d.done.Find(hash, &d.key, d.doneKeys, i)
	if g >= 0 && d.stale(d.done, g) {
		d.done.RemoveGroup(g)
		return false
	}
	return g >= 0
}

func (d *Deduplicate) first(b *vec.Batch, i int, hash uint64) {
	if d.given(hash, i) {
		return
	}
	_, g := d.done.Add(-1, hash, &d.key, i, 0)
	d.done.SetNote(g, d.now())
	emitRow(d.out, b, i, vec.Insert)
}

func (d *Deduplicate) wait(b *vec.Batch, i int, hash uint64) {
	at := b.Cols[d.node.Time].I64[i]
	if at < d.watermark {
		d.late.Add(1)
		return
	}
	if d.given(hash, i) {
		return
	}
	t := d.rows
	g := t.Find(hash, b, d.node.Keys, i)
	if g >= 0 {
		old := t.First(g)
		if t.Cols[d.node.Time].I64[old] <= at {
			return
		}
		t.Add(g, hash, b, i, 0)
		t.Remove(old)
	} else {
		_, g = t.Add(-1, hash, b, i, 0)
	}
	d.due.add(at, g)
}

// Advance implements Advancer: the first rows that the watermark has passed are given, earliest first.
func (d *Deduplicate) Advance(watermark int64, out Out) error {
	if watermark <= d.watermark {
		return nil
	}
	d.watermark = watermark
	for {
		item, ok := d.due.next(watermark)
		if !ok {
			d.rows.Compact(nil)
			return drain(d.out, out)
		}
		row := d.rows.First(item.of)
		if row < 0 || d.rows.Cols[d.node.Time].I64[row] != item.at {
			continue // an earlier row has taken its place
		}
		if d.out.Full() {
			if err := drain(d.out, out); err != nil {
				return err
			}
		}
		d.give(item.of, row)
	}
}

func (d *Deduplicate) give(g, row int32) {
	d.rows.Copy(d.out, 0, row)
	d.out.EndRow(vec.Insert)
	for c, k := range d.node.Keys {
		d.key.Cols[c] = d.rows.Cols[k]
	}
	hash := d.done.Hash(&d.key, d.doneKeys, vec.Rows{N: int(row) + 1, Sel: []int32{row}})[0]
	_, done := d.done.Add(-1, hash, &d.key, int(row), 0)
	d.done.SetNote(done, d.now())
	d.rows.RemoveGroup(g)
}

// Tick implements Clocked. Rows that wait for the watermark do not expire.
func (d *Deduplicate) Tick(now time.Time, _ Out) error {
	if d.node.Last {
		d.rows.Expire(now.UnixMilli(), d.ttl)
	} else {
		d.done.Expire(now.UnixMilli(), d.ttl)
	}
	return nil
}

// Snapshot implements Stateful.
func (d *Deduplicate) Snapshot(w *state.Writer) error {
	w.Int(d.watermark)
	d.rows.Snapshot(w, "rows")
	d.done.Snapshot(w, "done")
	return nil
}

// Restore implements Stateful.
func (d *Deduplicate) Restore(r *state.Reader, share Share) error {
	d.watermark = max(d.watermark, r.Int())
	err := d.rows.Restore(r, "rows", share, func(row int32) {
		if !d.node.Last {
			d.due.add(d.rows.Cols[d.node.Time].I64[row], d.rows.Group(row))
		}
	})
	if err != nil {
		return err
	}
	return d.done.Restore(r, "done", share, nil)
}
