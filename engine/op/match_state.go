package op

import (
	"millrace/engine/state"
	"millrace/vec"
)

// tidy gives the memory of removed rows back once they are the most.
func (o *Match) tidy() {
	var to []int32
	refs := o.refs
	o.rows.Compact(func(from, at int32) {
		for len(to) <= int(from) {
			to = append(to, -1)
		}
		to[from] = at
		refs[at] = refs[from]
	})
	if to == nil {
		if o.rows.Len() == 0 {
			o.refs = o.refs[:len(o.rows.Mark)]
		}
		return
	}
	o.refs = refs[:len(o.rows.Mark)]
	for g := range o.keys {
		for k, row := range o.keys[g].waiting {
			o.keys[g].waiting[k] = to[row]
		}
	}
	for i := range o.match.links {
		if l := &o.match.links[i]; l.refs > 0 {
			l.row = to[l.row]
		}
	}
}

// The columns of links and of partial matches in a snapshot.
const (
	linkRow  = iota // the number of its row
	linkStep        // its step
	linkPrev        // which link in the snapshot stands before it
	linkFacts
)

const (
	openKey   = iota // partial matches of one key have one number
	openDone         // 1: a match that waits
	openState        // the rest is attempt's
	openLast         // which link in the snapshot
	openFirst
	openSince
	openFacts
)

// write writes all rows, as a table of that name.
func (f numbers) write(w *state.Writer, name string) {
	var anew state.Track
	var rows picked
	w.Rows(name, &anew, len(f[0].I64), nil, func(numbers []int32) []vec.Column { return rows.of(numbers, f) })
}

func (f numbers) read(r *state.Reader, name string) error {
	return r.Rows(name, typesOfColumns(f), func(_ []int32, cols []vec.Column) error {
		for c := range f {
			f[c].I64 = append(f[c].I64, cols[c].I64...)
		}
		return nil
	})
}

// Snapshot implements Stateful. The partial matches are written whole each time, the rows as they change.
func (o *Match) Snapshot(w *state.Writer) error {
	w.Int(o.watermark)
	w.Int(o.numbered)
	o.rows.Snapshot(w, "rows")
	links, open := newNumbers(linkFacts), newNumbers(openFacts)
	at := make([]int64, len(o.match.links)) // place in the snapshot, from 1 on
	for g := range o.keys {
		k := &o.keys[g]
		if len(k.open)+len(k.done) < 2 {
			continue // nothing has begun
		}
		for done, list := range []attempts{k.open, k.done} {
			for _, p := range list {
				o.saveLinks(links, at, p.last)
				last := int64(-1)
				if p.last >= 0 {
					last = at[p.last] - 1
				}
				open.add(int64(g), int64(done), int64(p.state), last, p.first, p.since)
			}
		}
	}
	links.write(w, "links")
	open.write(w, "attempts")
	return nil
}

// saveLinks adds the links up to one that are not there yet, the first one first.
func (o *Match) saveLinks(links numbers, at []int64, last int32) {
	o.list = o.list[:0]
	for l := last; l >= 0 && at[l] == 0; l = o.match.links[l].prev {
		o.list = append(o.list, l)
	}
	for i := len(o.list) - 1; i >= 0; i-- {
		l := o.match.links[o.list[i]]
		prev := int64(-1)
		if l.prev >= 0 {
			prev = at[l.prev] - 1
		}
		links.add(o.rows.Mark[l.row], int64(l.step), prev)
		at[o.list[i]] = int64(len(links[0].I64))
	}
}

// Restore implements Stateful.
func (o *Match) Restore(r *state.Reader, share Share) error {
	o.watermark = max(o.watermark, r.Int())
	base := o.numbered // numbers of different parts of a snapshot must not be the same
	o.numbered += r.Int()
	rows := map[int64]int32{}
	err := o.rows.Restore(r, "rows", share, func(row int32) {
		g := o.rows.Group(row)
		for int(g) >= len(o.keys) {
			o.keys = append(o.keys, matchKey{})
		}
		if o.rows.Mark[row] < 0 {
			o.refs = append(o.refs, 1)
			o.wait(g, row)
			return
		}
		o.refs = append(o.refs, 0)
		rows[o.rows.Mark[row]] = row
		o.rows.Mark[row] += base
	})
	if err != nil {
		return err
	}
	links, open := newNumbers(linkFacts), newNumbers(openFacts)
	if err := links.read(r, "links"); err != nil {
		return err
	}
	if err := open.read(r, "attempts"); err != nil {
		return err
	}
	return o.restoreOpen(links, open, rows, base)
}

// restoreOpen brings the partial matches back whose rows are there.
func (o *Match) restoreOpen(links, open numbers, rows map[int64]int32, base int64) error {
	at := make([]int32, len(links[0].I64))
	for i, number := range links[linkRow].I64 {
		row, ok := rows[number]
		if at[i] = -1; !ok {
			continue
		}
		l := link{row: row, step: int32(links[linkStep].I64[i]), prev: -1}
		if prev := links[linkPrev].I64[i]; prev >= 0 {
			l.prev = at[prev]
		}
		var err error
		if at[i], err = o.match.add(l); err != nil {
			return err
		}
	}
	groups := map[int64]int32{}
	for i, key := range open[openKey].I64 {
		if last := open[openLast].I64[i]; last >= 0 && at[last] >= 0 {
			groups[key] = o.rows.Group(o.match.links[at[last]].row)
		}
	}
	for i, key := range open[openKey].I64 {
		g, ok := groups[key]
		if !ok {
			continue
		}
		p := attempt{state: int32(open[openState].I64[i]), last: -1, first: open[openFirst].I64[i], since: open[openSince].I64[i]}
		if last := open[openLast].I64[i]; last >= 0 {
			p.last, p.first = at[last], p.first+base
			o.match.hold(p)
			if o.match.within > 0 {
				o.due.add(p.since+o.match.within, g)
			}
		}
		k := &o.keys[g]
		if open[openDone].I64[i] == 1 {
			k.done = append(k.done, p)
		} else {
			k.open = append(k.open, p)
		}
	}
	return nil
}
