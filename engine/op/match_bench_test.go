package op

import (
	"sync/atomic"
	"testing"
	"time"

	"millrace/schema"
	"millrace/sql/function"
	"millrace/sql/plan"
	"millrace/vec"
)

type counted struct{ n int }

func (c *counted) Emit(b *vec.Batch) error { c.n += b.N; return nil }

// matchNode is PARTITION BY k ORDER BY t PATTERN (A B+ C) DEFINE A AS v = 0, B AS v > LAST(v, 1), C AS v = 0.
func matchNode(t testing.TB) *plan.Match {
	t.Helper()
	in := schema.New(
		schema.Field{Name: "k", Type: schema.Of(schema.VarChar)}, schema.Field{Name: "v", Type: schema.Of(schema.BigInt).Required()},
		schema.Field{Name: "t", Type: schema.Of(schema.Timestamp).WithPrecision(3).Required(), Time: schema.RowTime},
	)
	value := func(offset int) plan.MatchValue {
		return plan.MatchValue{Step: -1, Column: 1, Offset: offset, Name: "v", Type: schema.Of(schema.BigInt)}
	}
	bind := func(name string, args ...plan.Expr) plan.Expr {
		f, _ := function.NewSet().Scalar(name)
		o, err := f.Bind([]function.Arg{{Type: args[0].Type()}, {Type: args[1].Type()}})
		if err != nil {
			t.Fatal(err)
		}
		return &plan.Call{Func: f, Overload: o, Args: args}
	}
	column := func(i int) plan.Expr { return &plan.Column{Index: i, Of: schema.Of(schema.BigInt)} }
	zero := &plan.Literal{Of: schema.Of(schema.BigInt).Required()}
	count, _ := function.NewSet().Aggregate("COUNT")
	over, err := count.Bind(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &plan.Match{
		Input: &plan.Values{Schema: in}, Keys: []int{0}, Order: []plan.SortKey{{Column: 2, NullsFirst: true}}, Time: schema.RowTime,
		Pattern: []plan.MatchStep{
			{Name: "A", Min: 1, Max: 1, Cond: bind("=", column(0), zero), Seen: []plan.MatchValue{value(0)}},
			{Name: "B", Min: 1, Max: -1, Greedy: true, Cond: bind(">", column(0), column(1)), Seen: []plan.MatchValue{value(0), value(1)}},
			{Name: "C", Min: 1, Max: 1, Cond: bind("=", column(0), zero), Seen: []plan.MatchValue{value(0)}},
		},
		Values: []plan.MatchValue{{Kind: plan.MatchAggregate, Step: -1, Agg: plan.Agg{Func: count, Overload: over, Filter: -1}, Name: "n", Type: over.Result}},
		Schema: schema.New(in.Fields[0], schema.Field{Name: "n", Type: over.Result}),
	}
}

// BenchmarkMatch looks for runs of ten rows in 100 keys; the row that ends one begins no other.
func BenchmarkMatch(b *testing.B) {
	n := matchNode(b)
	var late atomic.Int64
	m, err := NewMatch(n, vec.NewHasher(), &function.Call{Zone: time.UTC, Now: time.Now()}, &late)
	if err != nil {
		b.Fatal(err)
	}
	in := vec.NewBuilder(n.Input.Out())
	out, row := &counted{}, 0
	b.ReportAllocs()
	for b.Loop() {
		in.Reset()
		for !in.Full() {
			in.SetString(0, keys[row%len(keys)])
			in.SetI64(1, int64(row/len(keys)%10))
			in.SetI64(2, int64(row))
			in.EndRow(vec.Insert)
			row++
		}
		if err := m.Process(in.Batch(), out); err != nil {
			b.Fatal(err)
		}
		if err := m.Advance(int64(row-5), out); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(row)/b.Elapsed().Seconds(), "rows/s")
	if out.n < row/20-200 || late.Load() > 0 {
		b.Errorf("%d matches in %d rows, %d late", out.n, row, late.Load())
	}
}
