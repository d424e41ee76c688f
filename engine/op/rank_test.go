package op

import (
	stdcmp "cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"millrace/format"
	"millrace/schema"
	"millrace/sql/function"
	"millrace/sql/plan"
	"millrace/vec"
)

// rankRow is a row of the tests of this file: a key, what it is ordered by, and what tells it from others.
type rankRow struct{ k, v, id int64 }

func rankSchema(more ...schema.Field) *schema.Schema {
	s := schema.New()
	for _, name := range []string{"k", "v", "id"} {
		s.Fields = append(s.Fields, schema.Field{Name: name, Type: schema.Of(schema.BigInt)})
	}
	s.Fields = append(s.Fields, more...)
	return s
}

func putRankRow(b *vec.Builder, r rankRow, kind vec.RowKind) {
	for c, v := range []int64{r.k, r.v, r.id} {
		if v != noValue {
			b.SetI64(c, v)
		}
	}
	b.EndRow(kind)
}

func (r rankRow) String() string { return text(r.k) + " " + text(r.v) + " " + text(r.id) }

// before orders rows by v as a key says; rows that are equal by it stay as they are.
func before(key plan.SortKey) func(a, b rankRow) int {
	return func(a, b rankRow) int {
		if a.v == b.v {
			return 0
		}
		if a.v == noValue || b.v == noValue {
			if (a.v == noValue) == key.NullsFirst {
				return -1
			}
			return 1
		}
		if (a.v < b.v) != key.Desc {
			return -1
		}
		return 1
	}
}

// changing is an input of a plan that gives changes of the given kinds.
func changing(s *schema.Schema, changes format.Changes) plan.Node {
	return &plan.Scan{Table: "t", Schema: s, Read: s, Changes: changes}
}

// wantTop is what a Top-N leaves of rows.
func wantTop(n *plan.TopN, rows []rankRow) map[string]int {
	rows = slices.Clone(rows)
	slices.SortStableFunc(rows, before(n.Order[0]))
	seen, out := map[int64]int64{}, map[string]int{}
	for _, r := range rows {
		key := r.k
		if len(n.Keys) == 0 {
			key = 0
		}
		seen[key]++
		if rank := seen[key]; rank >= n.From && rank <= n.To {
			row := r.String()
			if n.Number {
				row += fmt.Sprint(" ", rank)
			}
			out[row]++
		}
	}
	return out
}

// TestTopNIsASort holds Top-N of all shapes against sorting all rows, over random changelogs with restores.
func TestTopNIsASort(t *testing.T) {
	for shape := range 48 {
		changes := format.Inserts
		if shape%2 == 1 {
			changes = format.All
		}
		n := &plan.TopN{Input: changing(rankSchema(), changes), From: 1, To: int64(1 + shape/2%3), Schema: rankSchema()}
		if shape/6%2 == 1 {
			n.Keys = []int{0}
		}
		n.Order = []plan.SortKey{{Column: 1, Desc: shape/12%2 == 1, NullsFirst: shape%5 < 2}}
		switch shape / 24 {
		case 1:
			n.Number = true
			n.Schema = rankSchema(schema.Field{Name: "n", Type: schema.Of(schema.BigInt)})
			n.From = 1 + int64(shape%3)%n.To
		}
		t.Run(fmt.Sprint(shape), func(t *testing.T) { runTopN(t, n, changes != format.Inserts) })
	}
}

func runTopN(t *testing.T, n *plan.TopN, retract bool) {
	tr := newTrail(t)
	rng, h := rand.New(rand.NewPCG(1, 2)), vec.NewHasher()
	call := &function.Call{Now: time.Now()}
	o := NewTopN(n, h, call, 0)
	got := remaining{t, map[string]int{}}
	in := vec.NewBuilder(n.Input.Out())
	var rows []rankRow
	for step := range 60 {
		in.Reset()
		for range rng.IntN(20) {
			if retract && len(rows) > 0 && rng.IntN(100) < 20+60*(step/15%2) {
				at := rng.IntN(len(rows))
				putRankRow(in, rows[at], []vec.RowKind{vec.UpdateBefore, vec.Delete}[rng.IntN(2)])
				rows = slices.Delete(rows, at, at+1)
				continue
			}
			r := rankRow{int64(rng.IntN(4)), int64(rng.IntN(8)), int64(len(rows) + 1000*step)}
			if rng.IntN(9) == 0 {
				r.v = noValue
			}
			putRankRow(in, r, []vec.RowKind{vec.Insert, vec.UpdateAfter}[rng.IntN(2)])
			rows = append(rows, r)
		}
		if err := o.Process(in.Batch(), got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(wantTop(n, rows), got.rows); diff != "" {
			t.Fatalf("step %d (-want +got):\n%s", step, diff)
		}
		save(t, tr, o)
		if step%20 == 19 {
			fresh := NewTopN(n, h, call, 0)
			takeOver(t, tr, o, fresh, len(n.Keys) > 0)
			o = fresh
		}
	}
}

// TestTopNOfCounts holds Top-N of rows that only get better against sorting them. Half of the snapshots come between
// a row's -U and its +U.
func TestTopNOfCounts(t *testing.T) {
	s := rankSchema()
	for _, number := range []bool{false, true} {
		for to := int64(1); to < 4; to++ {
			counts := &plan.GroupAggregate{
				Input: changing(s, format.Inserts), Keys: []int{0}, Schema: schema.New(s.Fields[0], s.Fields[1]),
				Aggs: []plan.Agg{{Func: &function.Aggregate{Name: "MAX"}, Filter: -1, Args: []int{1}}},
			}
			n := &plan.TopN{Input: counts, Order: []plan.SortKey{{Column: 1, Desc: true}}, From: 1, To: to, Number: number}
			n.Schema = &schema.Schema{Fields: slices.Clone(counts.Schema.Fields)}
			if number {
				n.Schema.Fields = append(n.Schema.Fields, schema.Field{Name: "n", Type: schema.Of(schema.BigInt)})
			}
			if strategy, _ := n.Strategy(); strategy != plan.TopUpsert {
				t.Fatalf("strategy %d of a Top-N of what only grows", strategy)
			}
			runTopNOfCounts(t, n)
		}
	}
}

func runTopNOfCounts(t *testing.T, n *plan.TopN) {
	tr := newTrail(t)
	rng, h, call := rand.New(rand.NewPCG(3, 4)), vec.NewHasher(), &function.Call{Now: time.Now()}
	o := NewTopN(n, h, call, 0)
	got := remaining{t, map[string]int{}}
	in := vec.NewBuilder(n.Input.Out())
	best := map[int64]int64{}
	unique := int64(0)
	send := func(k, v int64, kind vec.RowKind) {
		in.Reset()
		in.SetI64(0, k)
		in.SetI64(1, v)
		in.EndRow(kind)
		if err := o.Process(in.Batch(), got); err != nil {
			t.Fatal(err)
		}
	}
	for step := range 300 {
		k := int64(rng.IntN(6))
		unique += int64(1 + rng.IntN(3)) // no two rows are equal in the order, which would leave it open
		was, known := best[k]
		v := unique
		if known && rng.IntN(3) == 0 {
			v = was // the same row again
		}
		if known {
			send(k, was, vec.UpdateBefore)
			save(t, tr, o)
			if step%7 == 0 {
				fresh := NewTopN(n, h, call, 0)
				takeOver(t, tr, o, fresh, false)
				o = fresh
			}
			send(k, v, vec.UpdateAfter)
		} else {
			send(k, v, vec.Insert)
		}
		best[k] = v
		var rows []rankRow
		for k, v := range best {
			rows = append(rows, rankRow{k, v, 0})
		}
		slices.SortFunc(rows, before(n.Order[0]))
		want := map[string]int{}
		for i, r := range rows[:min(int64(len(rows)), n.To)] {
			row := text(r.k) + " " + text(r.v)
			if n.Number {
				row += fmt.Sprint(" ", i+1)
			}
			want[row]++
		}
		if diff := cmp.Diff(want, got.rows); diff != "" {
			t.Fatalf("step %d (-want +got):\n%s", step, diff)
		}
	}
}

// TestTopNForgets has groups that nothing changes for longer than their time to live.
func TestTopNForgets(t *testing.T) {
	n := &plan.TopN{Input: changing(rankSchema(), format.All), Keys: []int{0}, Order: []plan.SortKey{{Column: 1}}, From: 1, To: 1, Schema: rankSchema()}
	call := &function.Call{Now: time.Unix(1000, 0)}
	o := NewTopN(n, vec.NewHasher(), call, time.Minute)
	got := remaining{t, map[string]int{}}
	in := vec.NewBuilder(n.Input.Out())
	send := func(r rankRow) {
		in.Reset()
		putRankRow(in, r, vec.Insert)
		if err := o.Process(in.Batch(), got); err != nil {
			t.Fatal(err)
		}
	}
	send(rankRow{1, 1, 1})
	send(rankRow{2, 1, 1})
	call.Now = call.Now.Add(50 * time.Second)
	send(rankRow{2, 2, 2})
	call.Now = call.Now.Add(20 * time.Second)
	send(rankRow{1, 5, 3})
	send(rankRow{2, 5, 3})
	if diff := cmp.Diff(map[string]int{"1 1 1": 1, "2 1 1": 1, "1 5 3": 1}, got.rows); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if err := o.Tick(call.Now.Add(time.Hour), got); err != nil {
		t.Fatal(err)
	}
	if o.rows.Len() != 0 {
		t.Errorf("%d rows are kept after their time", o.rows.Len())
	}
}

// TestDeduplicateIsAMinimum holds the first and the last row of each key against a look at all rows that were not late.
func TestDeduplicateIsAMinimum(t *testing.T) {
	tr := newTrail(t)
	for _, last := range []bool{false, true} {
		s := rankSchema()
		s.Fields[1] = schema.Field{Name: "v", Type: schema.Of(schema.TimestampLTZ).WithPrecision(3), Time: schema.RowTime}
		n := &plan.Deduplicate{Input: changing(s, format.Inserts), Keys: []int{0}, Time: 1, Last: last}
		rng, h, late := rand.New(rand.NewPCG(5, 6)), vec.NewHasher(), new(atomic.Int64)
		call := &function.Call{Now: time.Now()}
		o := NewDeduplicate(n, h, call, 0, late)
		got := remaining{t, map[string]int{}}
		in := vec.NewBuilder(s)
		kept := map[int64]rankRow{}
		watermark, dropped := int64(math.MinInt64), int64(0)
		for step := range 80 {
			in.Reset()
			for i := range rng.IntN(10) {
				r := rankRow{int64(rng.IntN(40)), int64(4*step + rng.IntN(30)), int64(100*step + i)}
				putRankRow(in, r, vec.Insert)
				was, known := kept[r.k]
				switch {
				case !last && r.v < watermark:
					dropped++
				case !known, last && r.v >= was.v, !last && r.v < was.v && was.v > watermark:
					kept[r.k] = r
				}
			}
			if err := o.Process(in.Batch(), got); err != nil {
				t.Fatal(err)
			}
			watermark = int64(4*step + 8)
			if err := o.Advance(watermark, got); err != nil {
				t.Fatal(err)
			}
			want := map[string]int{}
			for _, r := range kept {
				if last || r.v <= watermark {
					want[r.String()]++
				}
			}
			if diff := cmp.Diff(want, got.rows); diff != "" {
				t.Fatalf("last %t, step %d (-want +got):\n%s", last, step, diff)
			}
			save(t, tr, o)
			if step%20 == 19 {
				fresh := NewDeduplicate(n, h, call, 0, late)
				takeOver(t, tr, o, fresh, true)
				o = fresh
			}
		}
		if late.Load() != dropped {
			t.Errorf("%d rows were late, %d are counted", dropped, late.Load())
		}
	}
}

// TestSortGivesAllInOrder holds the temporal sort against sorting what was not late.
func TestSortGivesAllInOrder(t *testing.T) {
	tr := newTrail(t)
	s := rankSchema()
	s.Fields[1] = schema.Field{Name: "v", Type: schema.Of(schema.TimestampLTZ).WithPrecision(3), Time: schema.RowTime}
	n := &plan.Sort{Input: changing(s, format.Inserts), Keys: []plan.SortKey{{Column: 1}, {Column: 2, Desc: true}}, Time: schema.RowTime, Count: math.MaxInt64}
	rng, h, late := rand.New(rand.NewPCG(7, 8)), vec.NewHasher(), new(atomic.Int64)
	o := NewSort(n, h, late)
	var got, want []rankRow
	out := emitFunc(func(b *vec.Batch) error {
		for k := range b.Rows().Len() {
			i := b.Rows().At(k)
			got = append(got, rankRow{b.Cols[0].I64[i], b.Cols[1].I64[i], b.Cols[2].I64[i]})
		}
		return nil
	})
	in := vec.NewBuilder(s)
	given, dropped := int64(math.MinInt64), int64(0)
	var waiting []rankRow
	for step := range 200 {
		in.Reset()
		for i := range rng.IntN(40) {
			r := rankRow{0, int64(4*step + rng.IntN(30)), int64(100*step + i)}
			putRankRow(in, r, vec.Insert)
			if r.v <= given {
				dropped++
			} else {
				waiting = append(waiting, r)
			}
		}
		if err := o.Process(in.Batch(), out); err != nil {
			t.Fatal(err)
		}
		watermark := int64(4*step + 8)
		if err := o.Advance(watermark, out); err != nil {
			t.Fatal(err)
		}
		var due []rankRow
		waiting = slices.DeleteFunc(waiting, func(r rankRow) bool {
			if r.v <= watermark {
				due, given = append(due, r), max(given, r.v)
				return true
			}
			return false
		})
		slices.SortFunc(due, func(a, b rankRow) int { return stdcmp.Compare(a.v*1e6-a.id, b.v*1e6-b.id) })
		want = append(want, due...)
		save(t, tr, o)
		if step%50 == 49 {
			fresh := NewSort(n, h, late)
			takeOver(t, tr, o, fresh, false)
			o = fresh
		}
	}
	if !slices.Equal(want, got) {
		t.Errorf("%d rows in order, %d came", len(want), len(got))
	}
	if late.Load() != dropped {
		t.Errorf("%d rows were late, %d are counted", dropped, late.Load())
	}
}

// emitFunc is an Out.
type emitFunc func(*vec.Batch) error

// Emit implements Out.
func (f emitFunc) Emit(b *vec.Batch) error { return f(b) }
