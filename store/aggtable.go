package store

import (
	"math"
	"slices"

	"millrace/fault"
)

// cell is what is known of the values of one field, series and interval. v is the least, the greatest, the
// first or the last, at time t, or the sum of squared differences from the mean.
type cell struct {
	n      int64
	sum, v float64
	t      int64
}

// sample is a value that cannot be put together with others yet; at is its interval or, for a rate, its
// time.
type sample struct {
	at int64
	x  float64
}

// aggTable is the cells of one reader of an aggregate. One goroutine uses it.
type aggTable struct {
	p       *aggPlan
	series  *seriesTable
	cells   [][][]cell   // by field and series; nil until there is a value
	samples [][][]sample // likewise, of percentiles and rates
	held    int          // cells and samples
	// for one block at a time:
	rows  []int32
	slots []int32
	index []uint32
}

func newAggTable(p *aggPlan) *aggTable {
	return &aggTable{p: p, series: newSeriesTable(), cells: make([][][]cell, len(p.fields)), samples: make([][][]sample, len(p.fields))}
}

// sampled reports whether an aggregation needs all values.
func (a Aggregation) sampled() bool { return a == P50 || a == P95 || a == P99 || a == Rate }

// grow makes room for all series.
func (t *aggTable) grow() {
	n := t.series.len()
	for f := range t.cells {
		for len(t.cells[f]) < n {
			t.cells[f] = append(t.cells[f], nil)
			t.samples[f] = append(t.samples[f], nil)
		}
	}
}

// of returns the cells of a series of a field.
func (t *aggTable) of(field int, series uint32) []cell {
	c := t.cells[field][series]
	if c == nil {
		c = make([]cell, t.p.n)
		t.cells[field][series] = c
		t.held += t.p.n
	}
	return c
}

// full refuses what would take too much memory.
func (t *aggTable) full() error {
	switch {
	case !t.p.agg.sampled() && t.held > maxCells:
		return fault.New(fault.Limit, "there are more than %d points in all series", maxCells).
			WithHint("group by fewer tags, filter, or take a longer interval")
	case t.held > maxValues:
		return fault.New(fault.Limit, "%s of more than %d values", t.p.agg, maxValues).
			WithHint("take a shorter range or filter; avg, min and max have no such limit")
	}
	return nil
}

// scan takes the rows of b whose times are in ranges and that the filters leave. step is that of a rollup,
// or 0.
func (t *aggTable) scan(b *block, step int64, ranges []timeRange) error {
	if !t.pick(b, ranges) {
		return nil
	}
	low, high := int(t.rows[0]), int(t.rows[0])
	for _, r := range t.rows {
		low, high = min(low, int(r)), max(high, int(r))
	}
	t.index = t.series.index(b, t.p.series, low, high+1, t.index)
	t.grow()
	t.slot(b)
	for f, c := range t.p.fields {
		switch {
		case step != 0:
			t.takeRollup(b, f, c, low)
		case !numeric(c):
			t.countRows(b, f, c, low)
		case t.p.agg.sampled():
			t.takeSamples(b, f, c, low)
		default:
			t.takeRows(b, f, c, low)
		}
	}
	return t.full()
}

// pick sets rows to those that count.
func (t *aggTable) pick(b *block, ranges []timeRange) bool {
	var tests []func(int) bool
	for i := range t.p.filters {
		test := t.p.filters[i].on(b)
		if test == nil {
			return false
		}
		tests = append(tests, test)
	}
	t.rows = t.rows[:0]
	times := b.times()[:b.rows]
	ordered := slices.IsSorted(times)
	for _, r := range ranges {
		if r.from > b.upto || r.upto < b.from {
			continue
		}
		from, upto := 0, b.rows
		if ordered {
			from, _ = slices.BinarySearch(times, r.from)
			if r.upto < math.MaxInt64 {
				upto, _ = slices.BinarySearch(times, r.upto+1)
			}
		}
	rows:
		for i := from; i < upto; i++ {
			if !ordered && (times[i] < r.from || times[i] > r.upto) {
				continue
			}
			for _, ok := range tests {
				if !ok(i) {
					continue rows
				}
			}
			t.rows = append(t.rows, int32(i))
		}
	}
	return len(t.rows) > 0
}

// slot sets for each of rows the interval that it is in.
func (t *aggTable) slot(b *block) {
	t.slots = t.slots[:0]
	times := b.times()
	begin, end, slot := int64(math.MaxInt64), int64(math.MinInt64), int32(0)
	for _, r := range t.rows {
		at := times[r]
		if at < begin || at >= end {
			k := floorDiv(at-t.p.origin, t.p.step)
			begin = t.p.origin + k*t.p.step
			end = begin + t.p.step
			// A step of a rollup may begin before the range; its rows do not.
			slot = int32(max(0, min(k, int64(t.p.n-1))))
		}
		t.slots = append(t.slots, slot)
	}
}

func (t *aggTable) takeRows(b *block, f int, c Column, low int) {
	v := b.column(c.ID)
	if v == nil {
		return
	}
	agg := t.p.agg
	for k, r := range t.rows {
		if v.null != nil && v.null[r] {
			continue
		}
		var x float64
		if v.typ == Double {
			x = v.f64[r]
		} else {
			x = float64(v.i64[r])
		}
		if x != x {
			continue // no number
		}
		cells := t.cells[f][t.index[int(r)-low]]
		if cells == nil {
			cells = t.of(f, t.index[int(r)-low])
		}
		a := &cells[t.slots[k]]
		switch agg {
		case Avg, Sum, Count:
			a.n++
			a.sum += x
		default:
			one := cell{n: 1, sum: x, v: x, t: b.cols[0].i64[r]}
			if agg == Stddev {
				one.v = 0
			}
			a.join(&one, agg)
		}
	}
}

// countRows counts the values of a field that is not of numbers.
func (t *aggTable) countRows(b *block, f int, c Column, low int) {
	v := b.column(c.ID)
	for k, r := range t.rows {
		if !v.isNull(int(r)) {
			t.of(f, t.index[int(r)-low])[t.slots[k]].n++
		}
	}
}

func (t *aggTable) takeSamples(b *block, f int, c Column, low int) {
	v := b.column(c.ID)
	for k, r := range t.rows {
		if v.isNull(int(r)) {
			continue
		}
		x := v.float(int(r))
		if x != x {
			continue
		}
		at := int64(t.slots[k])
		if t.p.agg == Rate {
			at = b.cols[0].i64[r]
		}
		series := t.index[int(r)-low]
		t.samples[f][series] = append(t.samples[f][series], sample{at, x})
		t.held++
	}
}

func (t *aggTable) takeRollup(b *block, f int, c Column, low int) {
	count := b.column(rollupID(c.ID, statCount))
	sum := b.column(rollupID(c.ID, statSum))
	if count == nil || sum == nil {
		return // the field came later
	}
	var v, at *values
	switch t.p.agg {
	case Min:
		v = b.column(rollupID(c.ID, statMin))
	case Max:
		v = b.column(rollupID(c.ID, statMax))
	case Stddev:
		v = b.column(rollupID(c.ID, statDeviations))
	case First:
		v, at = b.column(rollupID(c.ID, statFirst)), b.column(rollupID(c.ID, statFirstTime))
	case Last:
		v, at = b.column(rollupID(c.ID, statLast)), b.column(rollupID(c.ID, statLastTime))
	}
	for k, r := range t.rows {
		n := count.i64[r]
		if n == 0 {
			continue
		}
		one := cell{n: n, sum: sum.f64[r]}
		if v != nil {
			one.v = v.f64[r]
		}
		if at != nil {
			one.t = at.i64[r]
		}
		t.of(f, t.index[int(r)-low])[t.slots[k]].join(&one, t.p.agg)
	}
}

// join adds what another cell knows. The order does not matter, but for the last digits of sums.
func (a *cell) join(b *cell, agg Aggregation) {
	if b.n == 0 {
		return
	}
	if a.n == 0 {
		*a = *b
		return
	}
	switch agg {
	case Min:
		a.v = min(a.v, b.v)
	case Max:
		a.v = max(a.v, b.v)
	case First:
		if b.t < a.t || b.t == a.t && b.v < a.v {
			a.v, a.t = b.v, b.t
		}
	case Last:
		if b.t > a.t || b.t == a.t && b.v > a.v {
			a.v, a.t = b.v, b.t
		}
	case Stddev:
		na, nb := float64(a.n), float64(b.n)
		d := b.sum/nb - a.sum/na
		a.v += b.v + d*d*na*nb/(na+nb)
	}
	a.n += b.n
	a.sum += b.sum
}

// take adds all of another table, whose first interval is number shift of this one's.
func (t *aggTable) take(o *aggTable, shift int) error {
	numbers := make([]uint32, o.series.len())
	for i, tags := range o.series.tags {
		numbers[i] = t.series.number(tags)
	}
	t.grow()
	mine := o.p == t.p // made for this answer: what it has may be taken as it is
	for f := range o.cells {
		for i, cells := range o.cells[f] {
			switch {
			case cells == nil:
			case mine && t.cells[f][numbers[i]] == nil:
				t.cells[f][numbers[i]] = cells
				t.held += len(cells)
			default:
				into := t.of(f, numbers[i])
				for k := range cells {
					into[shift+k].join(&cells[k], t.p.agg)
				}
			}
		}
		for i, samples := range o.samples[f] {
			if into := &t.samples[f][numbers[i]]; mine && *into == nil {
				*into = samples
			} else {
				*into = append(*into, samples...)
			}
			t.held += len(samples)
		}
	}
	return t.full()
}

// cut returns a table of n intervals from number from on.
func (t *aggTable) cut(from, n int) *aggTable {
	p := *t.p
	p.n = n
	out := &aggTable{p: &p, series: t.series, cells: make([][][]cell, len(t.cells)), samples: make([][][]sample, len(t.cells))}
	for f := range t.cells {
		out.cells[f] = make([][]cell, len(t.cells[f]))
		out.samples[f] = make([][]sample, len(t.cells[f]))
		for i, cells := range t.cells[f] {
			if cells == nil {
				continue
			}
			part := cells[from : from+n]
			if slices.ContainsFunc(part, func(c cell) bool { return c.n > 0 }) {
				out.cells[f][i] = slices.Clone(part)
				out.held += n
			}
		}
	}
	return out
}
