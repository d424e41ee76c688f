// Package storetest is the suite that every store passes: what was appended is there, once, whatever
// happens between, by comparison with a plain list of rows.
package storetest

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"millrace/schema"
	"millrace/store"
	"millrace/vec"
)

// Store is what is tested.
type Store interface {
	store.Appender
	Select(ctx context.Context, q store.Query) (*store.Points, error)
	Measurements() []store.Measurement
	Flush(ctx context.Context) error
	Close() error
}

// Merger is a Store with housekeeping of its own, to be called at any time.
type Merger interface {
	Merge(ctx context.Context) (bool, error)
}

// Tiered is a Store that rolls parts up and moves them elsewhere, at any time.
type Tiered interface {
	RollUp(ctx context.Context) (bool, error)
	Move(ctx context.Context) (bool, error)
	Sweep(ctx context.Context) error
}

// Aggregator is a Store that sums up.
type Aggregator interface {
	Aggregate(ctx context.Context, q store.AggregateQuery) (*store.Aggregated, error)
}

// Querier is a Store that answers SQL.
type Querier interface {
	Query(ctx context.Context, text string, limits store.QueryLimits, args ...any) (*store.Result, error)
}

// noon is around when rows are of.
var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// Run compares stores that open makes with the model, over random histories. A failure prints the seed.
func Run(t *testing.T, open func(t *testing.T, dir string) Store) {
	t.Helper()
	for _, steps := range []int{5, 40, 200} {
		t.Run(fmt.Sprintf("steps=%d", steps), func(t *testing.T) {
			seed := uint64(time.Now().UnixNano())
			t.Logf("seed %d", seed)
			RunSeed(t, seed, steps, open)
		})
	}
}

// RunSeed is one history of Run.
func RunSeed(t *testing.T, seed uint64, steps int, open func(t *testing.T, dir string) Store) {
	t.Helper()
	w := &world{T: t, rng: rand.New(rand.NewPCG(seed, 0)), dir: t.TempDir(), open: open}
	w.log = make([][]row, 3)
	w.taken = make([]int64, len(w.log))
	w.store = open(t, w.dir)
	for range steps {
		w.step()
		if t.Failed() {
			return
		}
	}
	w.compare()
	w.reopen()
	w.compare()
	if err := w.store.Close(); err != nil {
		t.Fatal(err)
	}
}

// row is a row of the model. A NULL is a nil.
type row struct {
	measurement string
	time        int64 // microseconds
	tag, text   any   // string
	num         any   // float64, int64 while the measurement has only such
	flag        any   // bool
}

// world is a store, the log it reads and the model it should agree with.
type world struct {
	*testing.T
	rng   *rand.Rand
	dir   string
	open  func(*testing.T, string) Store
	store Store
	// log is what stands at the offsets of each partition; taken is up to where it was appended.
	log   [][]row
	taken []int64
}

func (w *world) step() {
	ctx := context.Background()
	var err error
	switch n := w.rng.IntN(20); {
	case n < 10:
		w.append(ctx)
	case n < 13:
		err = w.store.Flush(ctx)
	case n < 15:
		if m, ok := w.store.(Merger); ok {
			_, err = m.Merge(ctx)
		}
		if m, ok := w.store.(Tiered); ok && err == nil {
			err = w.upkeep(ctx, m)
		}
	case n < 19:
		w.selectOnce(ctx)
	default:
		w.reopen()
	}
	if err != nil {
		w.Fatal(err)
	}
}

// upkeep does one of the things that a tiered store does by itself.
func (w *world) upkeep(ctx context.Context, s Tiered) (err error) {
	switch w.rng.IntN(4) {
	case 0:
		_, err = s.RollUp(ctx)
	case 1:
		_, err = s.Move(ctx)
	case 2:
		err = s.Sweep(ctx)
	}
	return err
}

// append reads on in a random partition, or again from somewhere before.
func (w *world) append(ctx context.Context) {
	p := w.rng.IntN(len(w.log))
	from := w.taken[p]
	if w.rng.IntN(3) == 0 {
		from = w.rng.Int64N(from + 1)
	}
	upto := from + w.rng.Int64N(60)
	for int64(len(w.log[p])) < upto {
		w.log[p] = append(w.log[p], w.makeRow())
	}
	src := store.Range{Topic: "topic", Partition: int32(p), From: from, Upto: upto}
	if err := w.store.Append(ctx, src, w.groups(p, from, upto)); err != nil {
		w.Fatal(err)
	}
	w.taken[p] = max(w.taken[p], upto)
}

func (w *world) makeRow() row {
	r := row{measurement: fmt.Sprintf("m%d", w.rng.IntN(3))}
	r.time = noon.Add(time.Duration(w.rng.IntN(4*24*3600)) * time.Second).UnixMicro()
	some := func(v any) any {
		if w.rng.IntN(4) == 0 {
			return nil
		}
		return v
	}
	r.tag = some(fmt.Sprintf("t%d", w.rng.IntN(5)))
	r.text = some(fmt.Sprintf("text %d é", w.rng.IntN(1000)))
	r.num = some(float64(w.rng.IntN(100)))
	r.flag = some(w.rng.IntN(2) == 0)
	return r
}

// groups makes what a reader would hand in: rows by measurement, in batches of changing columns.
func (w *world) groups(p int, from, upto int64) []store.Group {
	var out []store.Group
	for m := range 3 {
		name := fmt.Sprintf("m%d", m)
		for at := from; at < upto; {
			end := min(upto, at+1+w.rng.Int64N(40))
			if g, ok := w.group(name, p, at, end); ok {
				out = append(out, g)
			}
			at = end
		}
	}
	return out
}

// group makes a batch of the rows of one measurement at offsets [from, upto). Numbers come as integers
// or as doubles, and columns without a value are left out at times.
func (w *world) group(name string, p int, from, upto int64) (store.Group, bool) {
	var rows []row
	var offsets []int64
	for o := from; o < upto; o++ {
		if w.log[p][o].measurement == name {
			rows = append(rows, w.log[p][o])
			offsets = append(offsets, o)
		}
	}
	num := schema.Of(schema.Double)
	if w.rng.IntN(2) == 0 {
		num = schema.Of(schema.Int)
	}
	fields := []schema.Field{{Name: "at", Type: schema.Of(schema.TimestampLTZ)}, {Name: "num", Type: num}}
	optional := []struct {
		field schema.Field
		of    func(row) any
	}{
		{schema.Field{Name: "tag", Type: schema.Of(schema.VarChar)}, func(r row) any { return r.tag }},
		{schema.Field{Name: "text", Type: schema.Of(schema.VarChar)}, func(r row) any { return r.text }},
		{schema.Field{Name: "flag", Type: schema.Of(schema.Boolean)}, func(r row) any { return r.flag }},
	}
	var of []func(row) any
	g := store.Group{Measurement: name, Time: "at", Offsets: offsets}
	for _, o := range optional {
		has := slices.ContainsFunc(rows, func(r row) bool { return o.of(r) != nil })
		if has || w.rng.IntN(3) == 0 {
			fields = append(fields, o.field)
			of = append(of, o.of)
			if o.field.Name == "tag" {
				g.Tags = []string{"tag"}
			}
		}
	}
	b := vec.NewBuilder(schema.New(fields...))
	for _, r := range rows {
		b.SetI64(0, r.time)
		if f, ok := r.num.(float64); ok && num.ID == schema.Int {
			b.SetInt(1, int64(f))
		} else if ok {
			b.SetF64(1, f)
		}
		for i, get := range of {
			switch v := get(r).(type) {
			case string:
				b.SetString(2+i, v)
			case bool:
				b.SetBool(2+i, v)
			}
		}
		b.EndRow(vec.Insert)
	}
	g.Batch = b.Batch()
	w.thin(&g)
	return g, g.Batch.N > 0
}

// thin lets a batch have dead rows at times, as a filter leaves them.
func (w *world) thin(g *store.Group) {
	if w.rng.IntN(3) > 0 || g.Batch.N == 0 {
		return
	}
	b := vec.NewBuilderSize(g.Batch.Schema, 2*g.Batch.N)
	var sel []int32
	var offsets []int64
	for i := range g.Batch.N {
		if w.rng.IntN(2) == 0 {
			b.AppendRow(g.Batch, i) // a dead copy
			offsets = append(offsets, g.Offsets[i])
		}
		sel = append(sel, int32(b.Len()))
		b.AppendRow(g.Batch, i)
		offsets = append(offsets, g.Offsets[i])
	}
	g.Batch, g.Offsets = b.Batch(), offsets
	g.Batch.Sel = sel
}

// rows are the model's rows that match, in order of time.
func (w *world) rows(name string, match func(row) bool) []row {
	var out []row
	for p, log := range w.log {
		for _, r := range log[:w.taken[p]] {
			if r.measurement == name && match(r) {
				out = append(out, r)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b row) int { return cmp.Compare(a.time, b.time) })
	return out
}

// points are the points of rows as text, sorted, as rows of one time have no order.
func points(rows []row) []string {
	var out []string
	for _, r := range rows {
		for name, v := range map[string]any{"num": r.num, "text": r.text, "flag": r.flag} {
			if v != nil {
				out = append(out, fmt.Sprint(r.time, " ", name, " ", v, " ", tagText(r.tag)))
			}
		}
	}
	slices.Sort(out)
	return out
}

func tagText(tag any) string {
	if tag == nil {
		return "map[]"
	}
	return fmt.Sprintf("map[tag:%s]", tag)
}

func got(ps []store.Point) []string {
	var out []string
	for _, p := range ps {
		out = append(out, fmt.Sprint(p.Time.UnixMicro(), " ", p.Field, " ", p.Value, " ", p.Tags))
	}
	slices.Sort(out)
	return out
}

const everything = 1 << 30

// selectOnce compares the answer to a random query.
func (w *world) selectOnce(ctx context.Context) {
	name := fmt.Sprintf("m%d", w.rng.IntN(3))
	if len(w.rows(name, func(row) bool { return true })) == 0 {
		return
	}
	from := noon.Add(time.Duration(w.rng.IntN(4*24)) * time.Hour)
	upto := from.Add(time.Duration(w.rng.IntN(48)) * time.Hour)
	q := store.Query{Measurement: name, From: from, Upto: upto, Limit: everything}
	match := func(r row) bool { return r.time >= from.UnixMicro() && r.time < upto.UnixMicro() }
	if w.hasColumn(name, "tag") && w.rng.IntN(2) == 0 {
		q.Filters = append(q.Filters, store.Filter{Column: "tag", Op: store.In, Values: []any{"t1", "t3"}})
		inner := match
		match = func(r row) bool { return inner(r) && (r.tag == "t1" || r.tag == "t3") }
	}
	if w.rng.IntN(2) == 0 {
		q.Filters = append(q.Filters, store.Filter{Column: "num", Op: store.Gte, Values: []any{50}})
		inner := match
		match = func(r row) bool { f, ok := r.num.(float64); return inner(r) && ok && f >= 50 }
	}
	ans, err := w.store.Select(ctx, q)
	if err != nil {
		w.Fatal(err)
	}
	if diff := gocmp.Diff(points(w.rows(name, match)), got(ans.Points)); diff != "" || ans.Truncated {
		w.Errorf("%+v: truncated %v: %s", q, ans.Truncated, diff)
	}
	w.selectNewest(ctx, name)
}

// selectNewest compares the newest points under a limit.
func (w *world) selectNewest(ctx context.Context, name string) {
	limit := 1 + w.rng.IntN(50)
	q := store.Query{Measurement: name, Fields: []string{"num"}, Limit: limit}
	all := w.rows(name, func(r row) bool { return r.num != nil })
	ans, err := w.store.Select(ctx, q)
	if err != nil {
		w.Fatal(err)
	}
	newest := all[max(0, len(all)-limit):]
	if len(ans.Points) != len(newest) || ans.Truncated != (len(all) > limit) {
		w.Fatalf("limit %d: %d points, truncated %v; want %d of %d", limit, len(ans.Points), ans.Truncated, len(newest), len(all))
	}
	for i, p := range ans.Points {
		if p.Time.UnixMicro() != newest[i].time {
			w.Fatalf("limit %d: point %d is of %s, want %s", limit, i, p.Time, time.UnixMicro(newest[i].time).UTC())
		}
	}
}

func (w *world) hasColumn(name, column string) bool {
	for _, m := range w.store.Measurements() {
		if m.Name == name {
			return slices.Contains(m.Tags, column) || slices.ContainsFunc(m.Fields, func(f store.Field) bool { return f.Name == column })
		}
	}
	return false
}

// reopen closes the store and opens it again: then everything appended is durable, and covered.
func (w *world) reopen() {
	if err := w.store.Close(); err != nil {
		w.Fatal(err)
	}
	w.store = w.open(w.T, w.dir)
	for p, want := range w.taken {
		if upto, ok := w.store.Covered("topic", int32(p)); upto != want || ok != (want > 0) && want > 0 {
			w.Fatalf("partition %d is covered up to %d, %v; want %d", p, upto, ok, want)
		}
	}
}

// compare compares everything.
func (w *world) compare() {
	ctx := context.Background()
	for _, m := range w.store.Measurements() {
		want := w.rows(m.Name, func(row) bool { return true })
		if int64(len(want)) != m.Rows {
			w.Fatalf("%s: %d rows, want %d", m.Name, m.Rows, len(want))
		}
		if len(want) > 0 && (m.From.UnixMicro() != want[0].time || m.Upto.UnixMicro() != want[len(want)-1].time) {
			w.Fatalf("%s: from %s upto %s", m.Name, m.From, m.Upto)
		}
		ans, err := w.store.Select(ctx, store.Query{Measurement: m.Name, Limit: everything})
		if err != nil {
			w.Fatal(err)
		}
		if diff := gocmp.Diff(points(want), got(ans.Points)); diff != "" {
			w.Fatalf("%s: %s", m.Name, diff)
		}
		w.compareSQL(ctx, m.Name, want)
		w.compareSums(ctx, m.Name, want)
	}
}

func (w *world) compareSQL(ctx context.Context, name string, want []row) {
	q, ok := w.store.(Querier)
	if !ok || !w.hasColumn(name, "num") {
		return
	}
	var nums int64
	var sum float64
	for _, r := range want {
		if f, ok := r.num.(float64); ok {
			nums++
			sum += f
		}
	}
	res, err := q.Query(ctx, `SELECT count(*), count(num), coalesce(sum(num), 0)::DOUBLE FROM `+name, store.QueryLimits{})
	if err != nil {
		w.Fatal(err)
	}
	if diff := gocmp.Diff([][]any{{int64(len(want)), nums, sum}}, res.Rows); diff != "" {
		w.Fatalf("%s: %s", name, diff)
	}
}

// compareSums compares counts and sums by hour.
func (w *world) compareSums(ctx context.Context, name string, want []row) {
	a, ok := w.store.(Aggregator)
	if !ok || !w.hasColumn(name, "num") {
		return
	}
	for _, agg := range []store.Aggregation{store.Count, store.Sum} {
		sums := map[int64]float64{}
		for _, r := range want {
			if f, ok := r.num.(float64); ok && agg == store.Sum {
				sums[time.UnixMicro(r.time).Truncate(time.Hour).UnixMicro()] += f
			} else if ok {
				sums[time.UnixMicro(r.time).Truncate(time.Hour).UnixMicro()]++
			}
		}
		ans, err := a.Aggregate(ctx, store.AggregateQuery{Measurement: name, Fields: []string{"num"}, Aggregation: agg, Interval: time.Hour})
		if err != nil {
			w.Fatal(err)
		}
		got := map[int64]float64{}
		for _, s := range ans.Series {
			for i, x := range s.Values {
				if _, some := sums[s.Times[i].UnixMicro()]; some {
					got[s.Times[i].UnixMicro()] = x
				}
			}
		}
		if diff := gocmp.Diff(sums, got); diff != "" || ans.Partial {
			w.Fatalf("%s of %s by hour: %s", agg, name, diff)
		}
	}
}
