package op

import (
	"slices"
	"time"

	"millrace/engine/state"
	"millrace/vec"
)

// forget makes a part one that no row has come to.
func (o *Over) forget(part int32) {
	g := &o.group[part]
	o.drop(g.frame)
	o.acc.reset(part)
	*g = overGroup{given: minWatermark, waiting: g.waiting[:0], frame: g.frame[:0]}
}

// Tick implements Clocked.
func (o *Over) Tick(now time.Time, _ Out) error {
	ms := now.UnixMilli()
	if o.ttl == 0 || ms < o.swept+o.ttl/4 {
		return nil
	}
	o.swept = ms
	o.sweep(func(g *overGroup) bool { return g.touched+o.ttl <= ms })
	return nil
}

// expire removes the parts whose last answered row is out of all frames to come, and so long ago that no late
// row is looked for any more: half as long again as the frame.
func (o *Over) expire() {
	span := -o.node.Frame.Start.Offset
	if !o.bounded || o.node.Frame.Rows || o.watermark-o.expired < span {
		return
	}
	o.expired = o.watermark
	o.sweep(func(g *overGroup) bool { return g.given < o.watermark-span-span/2 })
}

// sweep removes the parts without waiting rows that are old.
func (o *Over) sweep(old func(*overGroup) bool) {
	for p := range o.group {
		if g := &o.group[p]; !g.gone && len(g.waiting) == 0 && old(g) {
			o.forget(int32(p))
			o.track.Touch(int32(p))
			o.parts.remove(int32(p))
			g.gone = true
		}
	}
	o.tidy()
	if !o.parts.sparse() {
		return
	}
	moved := o.parts.compact()
	o.acc.renumber(moved)
	o.track.Renumber()
	o.group = moveInts(o.group, moved, o.parts.N)
	o.due = schedule[int32]{}
	for p := range o.group {
		if g := &o.group[p]; len(g.waiting) > 0 {
			o.due.add(o.timeOf(o.rows.Cols, int(g.waiting[0])), int32(p))
		}
	}
}

// Snapshot implements Stateful. The mark of a row is 1 if it was answered.
func (o *Over) Snapshot(w *state.Writer) error {
	w.Int(o.watermark)
	facts := newNumbers(3)
	var columns []vec.Column
	var parts picked
	live := func(p int32) bool { return !o.group[p].gone }
	w.Rows("parts", &o.track, len(o.group), live, func(rows []int32) []vec.Column {
		facts.clear()
		for _, p := range rows {
			g := &o.group[p]
			facts.add(g.given, g.count, g.touched)
		}
		columns = o.acc.stateColumns(append(columns[:0], o.parts.Keys...))
		return append(parts.of(rows, columns), facts...)
	})
	o.acc.snapshot(w, "")
	o.rows.Snapshot(w, "rows")
	return nil
}

// Restore implements Stateful.
func (o *Over) Restore(r *state.Reader, share Share) error {
	o.watermark = max(o.watermark, r.Int())
	keyTypes := typesOfColumns(o.parts.Keys)
	types := o.acc.stateTypes(keyTypes[:len(keyTypes):len(keyTypes)])
	keys, width := len(keyTypes), len(types)
	var to moved
	err := r.Rows("parts", typesBehind(types, 3), func(rows []int32, cols []vec.Column) error {
		hashes := o.parts.hasher.Rows(nil, cols[:keys], vec.Rows{N: len(rows)})
		facts := cols[width:]
		copy(o.in, cols[:keys])
		for i, row := range rows {
			if !share.has(hashes[i]) {
				continue
			}
			p := o.part(hashes[i], i)
			o.group[p] = overGroup{given: facts[0].I64[i], count: facts[1].I64[i], touched: facts[2].I64[i]}
			o.acc.setStates(p, cols[keys:width], i)
			to.set(row, p)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := o.acc.restore(r, "", to); err != nil {
		return err
	}
	return o.rows.Restore(r, "rows", share, o.restored)
}

// restored puts a row of a snapshot to its place. Rows come in the order in which they came first.
func (o *Over) restored(row int32) {
	for c, k := range o.node.Keys {
		o.in[c] = o.rows.Cols[k]
	}
	hash := o.parts.hasher.Rows(nil, o.in, vec.Rows{N: int(row) + 1, Sel: []int32{row}})[0]
	p := o.parts.find(hash, o.in, int(row))
	at := o.timeOf(o.rows.Cols, int(row))
	if o.rows.Mark[row] == 0 {
		o.wait(p, row, at)
		return
	}
	g := &o.group[p]
	n := len(g.frame)
	for !o.byClock && n > 0 && o.timeOf(o.rows.Cols, int(g.frame[n-1])) > at {
		n--
	}
	g.frame = slices.Insert(g.frame, n, row)
}
