package store

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// answer makes the series of a table.
func (t *aggTable) answer() *Aggregated {
	p := t.p
	out := &Aggregated{
		From: instant(p.from), Upto: instant(p.upto + 1), Interval: time.Duration(p.step) * time.Microsecond,
		Series: []Series{},
	}
	var all []*line
	for f := range p.fields {
		all = append(all, t.lines(f)...)
	}
	out.SeriesTotal = len(all)
	slices.SortStableFunc(all, func(a, b *line) int {
		if c := compareDown(a.mean, b.mean); c != 0 {
			return c
		}
		return cmp.Or(cmp.Compare(a.field, b.field), slices.CompareFunc(a.tags, b.tags, func(x, y tagValue) int { return cmp.Compare(x.text, y.text) }))
	})
	if len(all) > p.limit {
		all, out.Truncated = all[:p.limit], true
	}
	times := make([]time.Time, p.n)
	for i := range times {
		times[i] = instant(p.origin + int64(i)*p.step)
	}
	for _, l := range all {
		values, total := l.values(t)
		s := Series{
			Field: p.fields[l.field].Name, Tags: map[string]string{}, Times: times,
			Values: values, Total: total, Mean: l.mean, Count: l.count,
		}
		for i, c := range p.group {
			if !l.tags[i].null {
				s.Tags[c.Name] = l.tags[i].text
			}
		}
		out.Series = append(out.Series, s)
	}
	return out
}

// compareDown puts larger numbers first, and what is none last.
func compareDown(a, b float64) int {
	switch {
	case a != a && b != b:
		return 0
	case a != a:
		return 1
	case b != b:
		return -1
	}
	return cmp.Compare(b, a)
}

// line is a series to be: of one field and combination of the group's tags.
type line struct {
	field  int
	tags   []tagValue
	of     []uint32 // series of the table: more than one for a rate
	mean   float64
	count  int64
	rates  []float64 // of a rate, worked out already
	total  float64
	totals cell
}

// lines are the series of a field that have values.
func (t *aggTable) lines(f int) []*line {
	groups := newSeriesTable()
	var out []*line
	for i, tags := range t.series.tags {
		if t.cells[f][i] == nil && len(t.samples[f][i]) == 0 {
			continue
		}
		if t.p.agg == Rate {
			tags = t.groupOf(tags)
		}
		n := groups.number(tags)
		if int(n) == len(out) {
			out = append(out, &line{field: f, tags: tags})
		}
		out[n].of = append(out[n].of, uint32(i))
	}
	kept := out[:0]
	for _, l := range out {
		if l.sum(t); l.count > 0 {
			kept = append(kept, l)
		}
	}
	return kept
}

// groupOf takes from all tags those of the group.
func (t *aggTable) groupOf(tags []tagValue) []tagValue {
	var out []tagValue
	for _, c := range t.p.group {
		out = append(out, tags[slices.Index(t.p.series, c)])
	}
	return out
}

// sum works out what series are ordered by.
func (l *line) sum(t *aggTable) {
	switch {
	case t.p.agg == Rate:
		l.sumRates(t)
		return
	case t.p.agg.sampled():
		for _, s := range t.samples[l.field][l.of[0]] {
			l.totals.n++
			l.totals.sum += s.x
		}
	default:
		for i := range t.cells[l.field][l.of[0]] {
			l.totals.join(&t.cells[l.field][l.of[0]][i], t.p.agg)
		}
	}
	l.count, l.mean = l.totals.n, l.totals.sum/float64(l.totals.n)
	if !numeric(t.p.fields[l.field]) {
		l.mean = float64(l.count)
	}
}

// values are the points, and the total.
func (l *line) values(t *aggTable) ([]float64, float64) {
	switch {
	case t.p.agg == Rate:
		return l.rates, l.total
	case t.p.agg.sampled():
		return quantiles(t.samples[l.field][l.of[0]], t.p.n, t.p.agg)
	}
	out := make([]float64, t.p.n)
	for i := range out {
		out[i] = t.cells[l.field][l.of[0]][i].value(t.p.agg)
	}
	return out, l.totals.value(t.p.agg)
}

// value is what an aggregation makes of a cell. Nothing counted is 0; everything else of nothing is NaN.
func (a *cell) value(agg Aggregation) float64 {
	if agg == Count {
		return float64(a.n)
	}
	if a.n == 0 {
		return math.NaN()
	}
	switch agg {
	case Avg:
		return a.sum / float64(a.n)
	case Sum:
		return a.sum
	case Stddev:
		if a.n == 1 {
			return 0
		}
		return math.Sqrt(a.v / float64(a.n-1))
	}
	return a.v
}

// sumRates adds up the rates of the series of a group. An increase is of the interval in which it ends.
func (l *line) sumRates(t *aggTable) {
	p := t.p
	l.rates = make([]float64, p.n)
	for i := range l.rates {
		l.rates[i] = math.NaN()
	}
	l.total = math.NaN()
	plus := func(x *float64, y float64) {
		if *x != *x {
			*x = 0
		}
		*x += y
	}
	for _, series := range l.of {
		samples := t.samples[l.field][series]
		slices.SortFunc(samples, byTime)
		rose, took := make([]float64, p.n), make([]float64, p.n)
		var roseAll, tookAll float64
		for i := 1; i < len(samples); i++ {
			rise := samples[i].x - samples[i-1].x
			if rise < 0 {
				rise = samples[i].x
			}
			slot := int((samples[i].at - p.origin) / p.step)
			seconds := float64(samples[i].at-samples[i-1].at) / microsPerSecond
			rose[slot], took[slot] = rose[slot]+rise, took[slot]+seconds
			roseAll, tookAll = roseAll+rise, tookAll+seconds
		}
		for i := range rose {
			if took[i] > 0 {
				plus(&l.rates[i], rose[i]/took[i])
			}
		}
		if tookAll > 0 {
			plus(&l.total, roseAll/tookAll)
		}
		l.count += int64(len(samples))
	}
	l.mean = l.total
}

// byTime orders samples; of those at one time the smaller is first.
func byTime(a, b sample) int {
	switch {
	case a.at < b.at:
		return -1
	case a.at > b.at:
		return 1
	}
	return cmp.Compare(a.x, b.x)
}
