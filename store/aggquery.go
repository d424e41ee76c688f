package store

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"millrace/fault"
)

// Aggregation is what is made of the values of an interval.
type Aggregation string

// The aggregations. Rate is the increase for each second of what only grows, added up over the series of
// a group: a value below the one before it counts from zero.
const (
	Avg    Aggregation = "avg"
	Min    Aggregation = "min"
	Max    Aggregation = "max"
	Sum    Aggregation = "sum"
	Count  Aggregation = "count"
	First  Aggregation = "first"
	Last   Aggregation = "last"
	P50    Aggregation = "p50"
	P95    Aggregation = "p95"
	P99    Aggregation = "p99"
	Stddev Aggregation = "stddev"
	Rate   Aggregation = "rate"
)

// Aggregations lists them all.
func Aggregations() []Aggregation {
	return []Aggregation{Avg, Min, Max, Sum, Count, First, Last, P50, P95, P99, Stddev, Rate}
}

// AggregateQuery asks for series of aggregates of one measurement.
type AggregateQuery struct {
	Measurement string
	// Fields are those to aggregate; empty means all that are numbers. Only Count takes others.
	Fields      []string
	Aggregation Aggregation
	// GroupBy are tags: each combination of their values is a series. Empty: all rows are one.
	GroupBy []string
	Filters []Filter
	// From (inclusive) and Upto (exclusive) bound the time; zero means where the rows begin or end.
	From, Upto time.Time
	// Interval is what a point stands for, counted from 1970: whole milliseconds; 0 means one that gives
	// some 200 points.
	Interval time.Duration
	// Limit is how many series to return, those with the largest means; 0 means 20.
	Limit int
}

// Aggregated is the answer to an AggregateQuery.
type Aggregated struct {
	From, Upto  time.Time
	Interval    time.Duration
	Series      []Series // those with the largest means of all values, the largest first
	SeriesTotal int      // how many there are
	Truncated   bool     // more than Series has
	// Rollup is the coarsest rollup that was read: "1m", "1h" or "".
	Rollup string
	// Partial means that rows are missing which are in the bucket; Warnings say which, and other things
	// to know.
	Partial  bool
	Warnings []string
}

// Series is one field of one combination of tags.
type Series struct {
	Field string
	// Tags has those of GroupBy that the series has.
	Tags map[string]string
	// Times are the beginnings of all intervals of the range, the same for all series; Values has for
	// each what was asked for, and NaN where there was no value.
	Times  []time.Time
	Values []float64
	// Total is the same of the whole range, NaN if there is none; Mean what series are ordered by.
	Total, Mean float64
	Count       int64 // values that it is made of
}

const (
	defaultSeries = 20
	// maxIntervals is how many points a series may have: more than any screen shows.
	maxIntervals = 20_000
	// maxCells bounds what one answer takes: series times intervals.
	maxCells = 4_000_000
	// maxValues bounds the values that percentiles and rates keep: 16 bytes each.
	maxValues = 30_000_000
)

// AutoInterval is an interval that gives some 200 points, and reads well.
func AutoInterval(d time.Duration) time.Duration {
	nice := []time.Duration{
		time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 15 * time.Second, 30 * time.Second,
		time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute,
		time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour,
		24 * time.Hour, 7 * 24 * time.Hour,
	}
	for _, n := range nice {
		if d/n <= 240 {
			return n
		}
	}
	return (d / 200).Truncate(24*time.Hour) + 24*time.Hour
}

// aggPlan is an AggregateQuery bound to a measurement.
type aggPlan struct {
	name    string
	agg     Aggregation
	fields  []Column
	group   []Column // GroupBy
	series  []Column // the tags that rows are kept apart by: group, and all of them for a rate
	filters []boundFilter
	from    int64 // both inclusive
	upto    int64
	step    int64 // interval in microseconds
	origin  int64 // beginning of the first interval
	n       int   // intervals
	limit   int
	steps   []int64 // rollups that fit, the coarsest first
	coarse  int64   // of what was kept: the coarsest rollup in it
	text    string  // says all of it but the range, for the cache
}

func (s *Store) planAggregate(snap *snapshot, q AggregateQuery) (*aggPlan, error) {
	p := &aggPlan{name: snap.name, agg: q.Aggregation, limit: q.Limit}
	if !slices.Contains(Aggregations(), p.agg) {
		return nil, fault.New(fault.Invalid, "aggregation %q is not known", p.agg).WithHint("it knows: %s", joinAggregations())
	}
	if p.limit <= 0 {
		p.limit = defaultSeries
	}
	if err := p.bindColumns(snap, q); err != nil {
		return nil, err
	}
	for _, f := range q.Filters {
		b, err := snap.bind(f)
		if err != nil {
			return nil, err
		}
		p.filters = append(p.filters, b)
	}
	if err := p.bindRange(snap, q); err != nil {
		return nil, err
	}
	p.steps = s.fittingRollups(p)
	p.text = fmt.Sprintf("%q %s %v %v %v %d", p.name, p.agg, p.fields, p.series, p.filters, p.step)
	return p, nil
}

func joinAggregations() string {
	var names []string
	for _, a := range Aggregations() {
		names = append(names, string(a))
	}
	return strings.Join(names, ", ")
}

func (p *aggPlan) bindColumns(snap *snapshot, q AggregateQuery) error {
	for _, name := range q.Fields {
		c, err := snap.column(name)
		if err != nil {
			return err
		}
		if c.Tag || c.ID == timeID {
			return fault.New(fault.Invalid, "column %q is no field", name)
		}
		if !numeric(c) && p.agg != Count {
			return fault.New(fault.Invalid, "field %q is %s: only count is made of it", name, c.Type)
		}
		p.fields = append(p.fields, c)
	}
	for _, c := range snap.cols {
		if len(q.Fields) == 0 && numeric(c) {
			p.fields = append(p.fields, c)
		}
		if c.Tag && p.agg == Rate {
			p.series = append(p.series, c)
		}
	}
	if len(p.fields) == 0 {
		return fault.New(fault.Invalid, "measurement %q has no field of numbers", snap.name)
	}
	for _, name := range q.GroupBy {
		c, err := snap.column(name)
		if err != nil {
			return err
		}
		if !c.Tag {
			return fault.New(fault.Invalid, "column %q is no tag: only tags make groups", name)
		}
		if !slices.Contains(p.group, c) {
			p.group = append(p.group, c)
		}
	}
	if p.agg != Rate {
		p.series = p.group
	}
	return nil
}

// bindRange sets the range and its intervals.
func (p *aggPlan) bindRange(snap *snapshot, q AggregateQuery) error {
	p.from, p.upto = snap.extent()
	if !q.From.IsZero() {
		p.from = ceilMicro(q.From)
	}
	if !q.Upto.IsZero() {
		p.upto = ceilMicro(q.Upto) - 1
	}
	if len(snap.parts)+len(snap.blocks) == 0 && q.From.IsZero() {
		p.from = p.upto // no rows, no beginning
	}
	if p.upto < p.from {
		if !q.From.IsZero() && !q.Upto.IsZero() {
			return fault.New(fault.Invalid, "the range ends before it begins")
		}
		p.upto = p.from
	}
	step := q.Interval
	if step <= 0 {
		step = AutoInterval(time.Duration(p.upto-p.from+1) * time.Microsecond)
	}
	if step%time.Millisecond != 0 {
		return fault.New(fault.Invalid, "interval %s is no whole number of milliseconds", step)
	}
	p.step = step.Microseconds()
	p.origin = floorDiv(p.from, p.step) * p.step
	n := (p.upto-p.origin)/p.step + 1
	if n > maxIntervals {
		return fault.New(fault.Invalid, "%d intervals of %s are more than %d", n, step, maxIntervals).
			WithHint("take a longer interval or a shorter range")
	}
	p.n = int(n)
	return nil
}

// ceilMicro is the first microsecond that is not before t.
func ceilMicro(t time.Time) int64 {
	at := t.UnixMicro()
	if t.Nanosecond()%1000 != 0 {
		at++
	}
	return at
}

// extent returns the lowest and highest time of a snapshot; 0, 0 if it has no rows.
func (snap *snapshot) extent() (from, upto int64) {
	from, upto = math.MaxInt64, math.MinInt64
	for _, p := range snap.parts {
		from, upto = min(from, p.From), max(upto, p.Upto)
	}
	for _, b := range snap.blocks {
		from, upto = min(from, b.from), max(upto, b.upto)
	}
	if from > upto {
		return 0, 0
	}
	return from, upto
}

// fittingRollups returns the resolutions that can stand for rows: the interval is a multiple, the
// aggregation can be put together, and no filter looks at what a rollup does not have.
func (s *Store) fittingRollups(p *aggPlan) []int64 {
	switch p.agg {
	case P50, P95, P99, Rate:
		return nil
	}
	for _, c := range p.fields {
		if !numeric(c) {
			return nil
		}
	}
	for _, f := range p.filters {
		if !f.col.Tag {
			return nil
		}
	}
	var out []int64
	for _, step := range []int64{hourStep, minuteStep} {
		if p.step%step == 0 {
			out = append(out, step)
		}
	}
	return out
}

// columns are those of the rows that the plan reads.
func (p *aggPlan) columns() []Column {
	return append(append([]Column{timeColumn()}, p.fields...), p.tagColumns()...)
}

// tagColumns are the tags that it reads, and what filters need.
func (p *aggPlan) tagColumns() []Column {
	out := slices.Clone(p.series)
	for _, f := range p.filters {
		if !slices.Contains(out, f.col) && !slices.Contains(p.fields, f.col) && f.col.ID != timeID {
			out = append(out, f.col)
		}
	}
	return out
}

// rollupColumns are the columns that it reads of a rollup.
func (p *aggPlan) rollupColumns() []Column {
	out := append([]Column{timeColumn()}, p.tagColumns()...)
	for _, c := range p.fields {
		out = append(out, statColumns(c, p.stats()...)...)
	}
	return out
}

// stats are the aggregates of a rollup that it needs.
func (p *aggPlan) stats() []stat {
	out := []stat{statCount, statSum}
	switch p.agg {
	case Min:
		out = append(out, statMin)
	case Max:
		out = append(out, statMax)
	case First:
		out = append(out, statFirst, statFirstTime)
	case Last:
		out = append(out, statLast, statLastTime)
	case Stddev:
		out = append(out, statDeviations)
	}
	return out
}
