package op

import (
	"slices"
	"time"

	"millrace/engine/state"
	"millrace/schema"
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
	o.group = moveInts(o.group, moved, o.parts.N)
	o.due = schedule[int32]{}
	for p := range o.group {
		if g := &o.group[p]; len(g.waiting) > 0 {
			o.due.add(o.timeOf(o.rows.Cols, int(g.waiting[0])), int32(p))
		}
	}
}

// Snapshot implements Stateful.
func (o *Over) Snapshot(w *state.Writer) error {
	w.Int(o.watermark)
	var parts []int32
	of := number()
	cols := slices.Clone(o.parts.Keys)
	facts := make([]vec.Column, 3)
	for i := range facts {
		facts[i] = vec.Column{Type: of, I64: make([]int64, len(o.group))}
	}
	for p, g := range o.group {
		if g.gone {
			continue
		}
		parts = append(parts, int32(p))
		facts[0].I64[p], facts[1].I64[p], facts[2].I64[p] = g.given, g.count, g.touched
		for _, row := range g.waiting {
			o.rows.Mark[row] = 0
		}
		for _, row := range g.frame {
			o.rows.Mark[row] = 1
		}
	}
	writeRows(w, append(cols, facts...), parts)
	o.acc.snapshot(w, parts)
	o.rows.Snapshot(w)
	return nil
}

// Restore implements Stateful.
func (o *Over) Restore(r *state.Reader, share Share) error {
	o.watermark = max(o.watermark, r.Int())
	var types []schema.Type
	for c := range o.parts.Keys {
		types = append(types, o.parts.Keys[c].Type)
	}
	keys := len(types)
	var to []int32
	err := readRows(r, append(types, number(), number(), number()), func(_ int, cols []vec.Column, i int) {
		hash := o.parts.hasher.Rows(nil, cols[:keys], vec.Rows{N: i + 1, Sel: []int32{int32(i)}})[0]
		if share.Of > 1 && hash%uint64(share.Of) != uint64(share.Index) {
			to = append(to, -1)
			return
		}
		copy(o.in, cols[:keys])
		p := o.part(hash, i)
		o.group[p] = overGroup{given: cols[keys].I64[i], count: cols[keys+1].I64[i], touched: cols[keys+2].I64[i]}
		to = append(to, p)
	})
	if err != nil {
		return err
	}
	if err := o.acc.restore(r, to); err != nil {
		return err
	}
	return o.rows.Restore(r, share, o.restored)
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
