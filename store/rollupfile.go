package store

import (
	"math"
)

// stat is an aggregate that a rollup has of a field.
type stat int

// The aggregates of a rollup. Deviations is the sum of the squared differences from the mean, which can be
// put together from parts; a sum of squares loses its digits.
const (
	statCount stat = iota
	statSum
	statMin
	statMax
	statDeviations
	statFirst
	statFirstTime
	statLast
	statLastTime
	stats // how many there are
)

func (k stat) name() string {
	return [...]string{"count", "sum", "min", "max", "deviations", "first", "first_time", "last", "last_time"}[k]
}

func (k stat) typ() Type {
	switch k {
	case statCount:
		return BigInt
	case statFirstTime, statLastTime:
		return Timestamp
	}
	return Double
}

// rollupIDs is where the IDs of rollup columns begin, far above those of measurements.
const rollupIDs = 1 << 16

// rollupID is the ID of the column with an aggregate of a field.
func rollupID(field int, k stat) int { return rollupIDs + field*int(stats) + int(k) }

// rollupColumns are the columns of the rollups of a measurement: time, its tags, and for each numeric field
// its aggregates.
func rollupColumns(cols []Column) []Column {
	out := []Column{timeColumn()}
	for _, c := range cols {
		if c.Tag {
			out = append(out, c)
		}
	}
	for _, c := range cols {
		if numeric(c) {
			out = append(out, statColumns(c, statCount, statSum, statMin, statMax, statDeviations, statFirst, statFirstTime, statLast, statLastTime)...)
		}
	}
	return out
}

// statColumns are the columns with some aggregates of a field.
func statColumns(c Column, which ...stat) []Column {
	var out []Column
	for _, k := range which {
		out = append(out, Column{ID: rollupID(c.ID, k), Name: c.Name + "." + k.name(), Type: k.typ()})
	}
	return out
}

// summary is all aggregates of the values of a field in one series and step of time.
type summary struct {
	count               int64
	sum, low, high      float64
	first, last         float64
	firstTime, lastTime int64
	shift, s1, s2       float64 // sums of differences from the first value seen
}

// add takes a value. Of two at the same time the first is the smaller one and the last the larger, so that
// it does not matter in which order they come.
func (a *summary) add(x float64, t int64) {
	if a.count == 0 {
		*a = summary{low: x, high: x, first: x, last: x, firstTime: t, lastTime: t, shift: x}
	}
	a.count++
	a.sum += x
	a.low, a.high = min(a.low, x), max(a.high, x)
	if t < a.firstTime || t == a.firstTime && x < a.first {
		a.first, a.firstTime = x, t
	}
	if t > a.lastTime || t == a.lastTime && x > a.last {
		a.last, a.lastTime = x, t
	}
	d := x - a.shift
	a.s1 += d
	a.s2 += d * d
}

func (a *summary) deviations() float64 {
	return max(0, a.s2-a.s1*a.s1/float64(a.count))
}

// rollupWriter makes one rollup of rows that come in order of time.
type rollupWriter struct {
	step   int64
	tags   []Column
	fields []Column
	out    *partWriter
	open   bool

	series *seriesTable
	index  []uint32
	at     int64 // beginning of the step that is summed up
	// sums has one for each field of each series; touched are the series that have rows in the step.
	sums    []summary
	touched []uint32
	seen    []bool
	block   *block
	dicts   []map[string]uint32 // of the tags of block
}

func newRollupWriter(path string, step int64, cols []Column) (*rollupWriter, error) {
	w := &rollupWriter{step: step, series: newSeriesTable(), at: math.MinInt64}
	for _, c := range cols {
		switch {
		case c.Tag:
			w.tags = append(w.tags, c)
		case numeric(c):
			w.fields = append(w.fields, c)
		}
	}
	if len(w.fields) == 0 {
		return w, nil
	}
	var err error
	w.out, err = newPartWriter(path, rollupColumns(cols))
	if err != nil {
		return nil, err
	}
	w.open = true
	w.begin()
	return w, nil
}

func (w *rollupWriter) begin() {
	w.block = &block{cols: make([]values, len(w.out.cols))}
	for i, c := range w.out.cols {
		w.block.cols[i] = values{id: c.ID, typ: c.Type, tag: c.Tag}
	}
	w.dicts = make([]map[string]uint32, len(w.tags))
	for i := range w.dicts {
		w.dicts[i] = map[string]uint32{}
	}
}

// add takes rows that are not before those it got.
func (w *rollupWriter) add(b *block) error {
	if len(w.fields) == 0 {
		return nil
	}
	w.index = w.series.index(b, w.tags, 0, b.rows, w.index)
	for n := w.series.len(); len(w.seen) < n; {
		w.seen = append(w.seen, false)
		w.sums = append(w.sums, make([]summary, len(w.fields))...)
	}
	fields := make([]*values, len(w.fields))
	for i, f := range w.fields {
		fields[i] = b.column(f.ID)
	}
	for i, t := range b.times()[:b.rows] {
		if t >= w.at+w.step || w.at == math.MinInt64 {
			if err := w.emit(); err != nil {
				return err
			}
			w.at = floorDiv(t, w.step) * w.step
		}
		series := w.index[i]
		if !w.seen[series] {
			w.seen[series] = true
			w.touched = append(w.touched, series)
		}
		sums := w.sums[int(series)*len(fields):][:len(fields)]
		for k, v := range fields {
			if v.isNull(i) {
				continue
			}
			if x := v.float(i); !math.IsNaN(x) {
				sums[k].add(x, t)
			}
		}
	}
	return nil
}

// emit appends a row for each series of the step that has ended, and writes what has become enough.
func (w *rollupWriter) emit() error {
	for _, series := range w.touched {
		sums := w.sums[int(series)*len(w.fields):][:len(w.fields)]
		w.row(w.series.tags[series], sums)
		clear(sums)
		w.seen[series] = false
	}
	w.touched = w.touched[:0]
	if w.block.rows < groupRows {
		return nil
	}
	return w.flush()
}

// row appends a row to the block.
func (w *rollupWriter) row(tags []tagValue, sums []summary) {
	b := w.block
	b.cols[0].i64 = append(b.cols[0].i64, w.at)
	for i, t := range tags {
		b.cols[1+i].appendTag(t, b.rows, w.dicts[i])
	}
	at := 1 + len(tags)
	for i := range sums {
		a := &sums[i]
		for k := range stats {
			b.cols[at].appendStat(a, k, b.rows)
			at++
		}
	}
	b.rows++
}

func (v *values) appendTag(t tagValue, rows int, dict map[string]uint32) {
	if t.null && v.null == nil {
		v.null = make([]bool, rows)
	}
	if v.null != nil {
		v.null = append(v.null, t.null)
	}
	v.code = append(v.code, v.encode(dict, t.text))
}

// appendStat appends an aggregate; all but the count are NULL if there were no values.
func (v *values) appendStat(a *summary, k stat, rows int) {
	null := a.count == 0 && k != statCount
	if null && v.null == nil {
		v.null = make([]bool, rows)
	}
	if v.null != nil {
		v.null = append(v.null, null)
	}
	var x float64
	switch k {
	case statCount:
		v.i64 = append(v.i64, a.count)
		return
	case statFirstTime:
		v.i64 = append(v.i64, a.firstTime)
		return
	case statLastTime:
		v.i64 = append(v.i64, a.lastTime)
		return
	case statSum:
		x = a.sum
	case statMin:
		x = a.low
	case statMax:
		x = a.high
	case statDeviations:
		if a.count > 0 {
			x = a.deviations()
		}
	case statFirst:
		x = a.first
	case statLast:
		x = a.last
	}
	v.f64 = append(v.f64, x)
}

func (w *rollupWriter) flush() error {
	if w.block.rows > 0 {
		if err := w.out.write(w.block, 0, w.block.rows); err != nil {
			return err
		}
		w.begin()
	}
	return nil
}

// finish makes the rollup durable; nil if there is nothing in it.
func (w *rollupWriter) finish(p *part) (*rollupRecord, error) {
	if len(w.fields) == 0 {
		return nil, nil
	}
	if err := w.emit(); err != nil {
		return nil, err
	}
	if err := w.flush(); err != nil {
		return nil, err
	}
	if w.out.rows == 0 {
		return nil, nil // abandon removes the file
	}
	w.open = false
	rec, err := w.out.finish(p.ID, p.Measurement, p.Span)
	if err != nil {
		return nil, err
	}
	return &rollupRecord{Step: w.step / microsPerSecond, fileRecord: rec.fileRecord}, nil
}

// abandon removes what was written, unless it is finished.
func (w *rollupWriter) abandon() {
	if w.open {
		w.out.abandon()
	}
}
