package store

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"millrace/blob"
	"millrace/schema"
	"millrace/vec"
)

// plainRow is a row of the plain list that aggregates are compared with.
type plainRow struct {
	at         int64
	host, core string // "" is NULL
	x          float64
	n          int64
	noX, noN   bool
}

// fold sums rows up as Aggregate should, the slow way.
func (r plainRow) value(field string) (float64, bool) {
	if field == "x" {
		return r.x, !r.noX
	}
	return float64(r.n), !r.noN
}

func plainGroup(rows []plainRow) Group {
	b := vec.NewBuilderSize(schema.New(
		schema.Field{Name: "time", Type: schema.Of(schema.TimestampLTZ).WithPrecision(6)},
		schema.Field{Name: "host", Type: schema.Of(schema.VarChar)},
		schema.Field{Name: "core", Type: schema.Of(schema.VarChar)},
		schema.Field{Name: "x", Type: schema.Of(schema.Double)},
		schema.Field{Name: "n", Type: schema.Of(schema.BigInt)},
	), max(1, len(rows)))
	for _, r := range rows {
		b.SetI64(0, r.at)
		if r.host != "" {
			b.SetString(1, r.host)
		}
		if r.core != "" {
			b.SetString(2, r.core)
		}
		if !r.noX {
			b.SetF64(3, r.x)
		}
		if !r.noN {
			b.SetI64(4, r.n)
		}
		b.EndRow(vec.Insert)
	}
	return Group{Measurement: "m", Tags: []string{"host", "core"}, Batch: b.Batch()}
}

// plainAggregate is Aggregate over a list: series by their tags' text, and for each its points and total.
func plainAggregate(rows []plainRow, q AggregateQuery, field string, origin int64, n int) map[string][]float64 {
	type at struct {
		key  string
		slot int
	}
	values := map[at][]plainRow{}
	for _, r := range rows {
		t := r.at
		if t < q.From.UnixMicro() || t >= q.Upto.UnixMicro() {
			continue
		}
		if _, ok := r.value(field); !ok {
			continue
		}
		if !slices.Contains([]string{"", r.host}, filterHost(q)) {
			continue
		}
		var key []string
		for _, g := range q.GroupBy {
			v := map[string]string{"host": r.host, "core": r.core}[g]
			key = append(key, g+"="+v)
		}
		slot := int((t - origin) / q.Interval.Microseconds())
		k := strings.Join(key, ",")
		values[at{k, slot}] = append(values[at{k, slot}], r)
		values[at{k, n}] = append(values[at{k, n}], r) // the total
	}
	out := map[string][]float64{}
	for k, of := range values {
		if out[k.key] == nil {
			out[k.key] = make([]float64, n+1)
			for i := range out[k.key] {
				out[k.key][i] = math.NaN()
				if q.Aggregation == Count {
					out[k.key][i] = 0
				}
			}
		}
		out[k.key][k.slot] = plainValue(of, field, q.Aggregation)
	}
	return out
}

func filterHost(q AggregateQuery) string {
	for _, f := range q.Filters {
		return f.Values[0].(string)
	}
	return ""
}

func plainValue(rows []plainRow, field string, agg Aggregation) float64 {
	slices.SortFunc(rows, func(a, b plainRow) int {
		x, _ := a.value(field)
		y, _ := b.value(field)
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(x, y))
	})
	var xs []float64
	var sum float64
	for _, r := range rows {
		x, _ := r.value(field)
		xs = append(xs, x)
		sum += x
	}
	first, last := xs[0], xs[len(xs)-1]
	slices.Sort(xs)
	mean := sum / float64(len(xs))
	switch agg {
	case Avg:
		return mean
	case Min:
		return xs[0]
	case Max:
		return xs[len(xs)-1]
	case Sum:
		return sum
	case Count:
		return float64(len(xs))
	case First:
		return first
	case Last:
		return last
	case Stddev:
		var d float64
		for _, x := range xs {
			d += (x - mean) * (x - mean)
		}
		if len(xs) == 1 {
			return 0
		}
		return math.Sqrt(d / float64(len(xs)-1))
	}
	return quantile(slices.Clone(xs), map[Aggregation]float64{P50: 0.5, P95: 0.95, P99: 0.99}[agg])
}

// aggWorld is a store under random treatment, and the list that it should agree with.
type aggWorld struct {
	*testing.T
	rng     *rand.Rand
	s       *Store
	dir     string
	opts    Options
	rows    []plainRow
	trimmed int64
	asked   int // questions whose answer was compared
	rolled  int // of them, with a rollup
	at      int64
}

func (w *aggWorld) step(ctx context.Context) {
	var err error
	switch k := w.rng.IntN(40); {
	case k < 12:
		w.append()
	case k < 16:
		err = w.s.Flush(ctx)
	case k < 19:
		_, err = w.s.Merge(ctx)
	case k < 22:
		_, err = w.s.RollUp(ctx)
	case k < 25:
		_, err = w.s.Move(ctx)
	case k == 25:
		w.trim(ctx)
	case k == 26:
		err = w.s.Sweep(ctx)
	case k == 27:
		w.reopen()
	default:
		w.ask(ctx)
	}
	if err != nil {
		w.Fatal(err)
	}
}

func (w *aggWorld) append() {
	rows := make([]plainRow, 1+w.rng.IntN(80))
	base := noon.Add(-time.Duration(w.rng.IntN(4*24)) * time.Hour).UnixMicro()
	for i := range rows {
		rows[i] = plainRow{
			at:   base + w.rng.Int64N(3*3600)*microsPerSecond + w.rng.Int64N(3)*microsPerSecond/2,
			host: []string{"", "a", "b", "c"}[w.rng.IntN(4)], core: []string{"", "0", "1"}[w.rng.IntN(3)],
			x: float64(w.rng.IntN(1000) - 500), n: w.rng.Int64N(100), noX: w.rng.IntN(5) == 0, noN: w.rng.IntN(5) == 0,
		}
	}
	upto := w.at + int64(len(rows))
	if err := w.s.Append(context.Background(), Range{"t", 0, w.at, upto}, []Group{plainGroup(rows)}); err != nil {
		w.Fatal(err)
	}
	w.at = upto
	w.rows = append(w.rows, rows...)
}

func (w *aggWorld) trim(ctx context.Context) {
	before := noon.Add(-time.Duration(60+w.rng.IntN(60)) * time.Hour)
	if err := w.s.rollUpBefore(ctx, "m", before); err != nil {
		w.Fatal(err)
	}
	n, err := w.s.Trim("m", before)
	if err != nil {
		w.Fatal(err)
	}
	w.trimmed += n
}

func (w *aggWorld) reopen() {
	if err := w.s.Close(); err != nil {
		w.Fatal(err)
	}
	var err error
	if w.s, err = Open(w.dir, w.opts); err != nil {
		w.Fatal(err)
	}
}

// ask compares the answer to a random question.
func (w *aggWorld) ask(ctx context.Context) {
	if len(w.rows) == 0 {
		return
	}
	if n := mustQuery(w.T, w.s, "SELECT count(*) FROM m")[0][0].(int64); n != int64(len(w.rows))-w.trimmed {
		w.Fatalf("%d rows, want %d without %d that were trimmed", n, len(w.rows), w.trimmed)
	}
	aggs := []Aggregation{Avg, Min, Max, Sum, Count, First, Last, P50, P95, P99, Stddev}
	intervals := []time.Duration{10 * time.Second, time.Minute, 5 * time.Minute, time.Hour, 90 * time.Minute, 6 * time.Hour}
	interval := intervals[w.rng.IntN(len(intervals))]
	from := noon.Add(-time.Duration(w.rng.IntN(100*60)) * time.Minute)
	span := interval * time.Duration(1+w.rng.IntN(150))
	if w.rng.IntN(2) == 0 {
		from = from.Truncate(interval)
	} else {
		from = from.Add(time.Duration(w.rng.Int64N(int64(interval)))).Truncate(time.Microsecond)
		span += time.Duration(w.rng.Int64N(int64(interval))).Truncate(time.Microsecond)
	}
	field := []string{"x", "n"}[w.rng.IntN(2)]
	q := AggregateQuery{
		Measurement: "m", Fields: []string{field}, Aggregation: aggs[w.rng.IntN(len(aggs))],
		GroupBy: [][]string{nil, {"host"}, {"core", "host"}}[w.rng.IntN(3)],
		From:    from, Upto: from.Add(span), Interval: interval, Limit: 100,
	}
	if w.rng.IntN(3) == 0 {
		q.Filters = []Filter{{"host", Eq, []any{"b"}}}
	}
	for range 1 + w.rng.IntN(2) { // the second time from what was kept
		got, err := w.s.Aggregate(ctx, q)
		if err != nil {
			w.Fatal(err)
		}
		w.compare(q, field, got)
	}
}

func (w *aggWorld) compare(q AggregateQuery, field string, got *Aggregated) {
	if len(got.Warnings) > 0 {
		if w.trimmed == 0 {
			w.Fatalf("%+v: %v", q, got.Warnings)
		}
		return // rows that were trimmed cannot be told apart
	}
	w.asked++
	if got.Rollup != "" {
		w.rolled++
	}
	origin := floorDiv(q.From.UnixMicro(), q.Interval.Microseconds()) * q.Interval.Microseconds()
	n := int((q.Upto.UnixMicro()-1-origin)/q.Interval.Microseconds()) + 1
	want := plainAggregate(w.rows, q, field, origin, n)
	if len(want) != len(got.Series) || got.SeriesTotal != len(want) {
		w.Fatalf("%+v: %d series of %d, want %d", q, len(got.Series), got.SeriesTotal, len(want))
	}
	for _, s := range got.Series {
		var key []string
		for _, g := range q.GroupBy {
			key = append(key, g+"="+s.Tags[g])
		}
		points := want[strings.Join(key, ",")]
		if len(points) != n+1 || len(s.Values) != n || len(s.Times) != n || s.Times[0].UnixMicro() != origin {
			w.Fatalf("%+v: series %v has %d points from %s, want %d", q, s.Tags, len(s.Values), s.Times[0], n)
		}
		for i, x := range append(slices.Clone(s.Values), s.Total) {
			if !near(x, points[i]) {
				w.Fatalf("%+v: series %v, point %d of %d (rollup %q): %v, want %v", q, s.Tags, i, n, got.Rollup, x, points[i])
			}
		}
	}
}

func near(a, b float64) bool {
	return a == b || a != a && b != b || math.Abs(a-b) <= 1e-9*max(math.Abs(a), math.Abs(b))
}

func TestAggregatesAgreeWithAPlainList(t *testing.T) {
	for round := range 3 {
		t.Run(fmt.Sprint(round), func(t *testing.T) {
			seed := uint64(time.Now().UnixNano())
			t.Logf("seed %d", seed)
			ctx := context.Background()
			w := &aggWorld{T: t, rng: rand.New(rand.NewPCG(seed, 0)), dir: t.TempDir(), opts: testOptions()}
			b, err := blob.Open(ctx, "mem://")
			if err != nil {
				t.Fatal(err)
			}
			w.opts.Bucket, w.opts.BucketAfter = b, time.Duration(20+w.rng.IntN(40))*time.Hour
			w.opts.ResultBytes, w.opts.CacheBytes = 1<<20, 1<<18
			w.opts.BucketCacheBytes = 1 << 20
			if w.s, err = Open(w.dir, w.opts); err != nil {
				t.Fatal(err)
			}
			for range 300 {
				if w.step(ctx); t.Failed() {
					return
				}
			}
			t.Logf("%d compared, %d from rollups; %+v", w.asked, w.rolled, w.s.Stats())
			if err := w.s.Close(); err != nil {
				t.Error(err)
			}
			if w.asked < 20 || w.rolled == 0 {
				t.Errorf("%d compared, %d from rollups", w.asked, w.rolled)
			}
		})
	}
}
