package op

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"millrace/schema"
	"millrace/sql/function"
	"millrace/sql/plan"
	"millrace/vec"
)

// sum is SUM over BIGINT without NULLs: enough to see what windows do.
func sum() plan.Agg {
	add := func(state []vec.Column, groups []int32, args []*vec.Column, rows vec.Rows) error {
		for k, g := range groups {
			state[0].I64[g] += args[0].I64[rows.At(k)]
		}
		return nil
	}
	return plan.Agg{Name: "s", Args: []int{2}, Filter: -1, Overload: &function.AggregateOverload{
		Result: schema.Of(schema.BigInt),
		State:  []schema.Type{schema.Of(schema.BigInt)},
		Grow: func(state []vec.Column, _, n int) {
			for len(state[0].I64) < n {
				state[0].I64 = append(state[0].I64, 0)
			}
		},
		Add:   add,
		Merge: add,
		Finish: func(state []vec.Column, rows vec.Rows, dst *vec.Column) error {
			for k := range rows.Len() {
				dst.I64[k] = state[0].I64[rows.At(k)]
			}
			return nil
		},
	}}
}

// table e of notes/flink-sql.md, section 15: event time in ms, key, value.
var worked = []struct {
	ts int64
	k  string
	v  int64
}{{1000, "a", 1}, {4999, "a", 2}, {4000, "a", 4}, {6000, "a", 8}, {3000, "a", 16}, {11000, "b", 32}}

type gathered []string

func (g *gathered) Emit(b *vec.Batch) error {
	rows := b.Rows()
	for k := range rows.Len() {
		i := rows.At(k)
		*g = append(*g, fmt.Sprintf("[%d,%d) %s %d", b.Cols[2].I64[i]/1000, b.Cols[3].I64[i]/1000, b.Cols[0].Bytes(i), b.Cols[1].I64[i]))
	}
	return nil
}

type merging struct{ w *WindowAggregate }

func (m merging) Emit(b *vec.Batch) error { return m.w.Process(b, nil) }

func windowNode(w plan.Window) *plan.WindowAggregate {
	in := schema.New(
		schema.Field{Name: "ts", Type: schema.Of(schema.Timestamp).WithPrecision(3)},
		schema.Field{Name: "k", Type: schema.Of(schema.VarChar)},
		schema.Field{Name: "v", Type: schema.Of(schema.BigInt)},
	)
	ts := schema.Of(schema.Timestamp).WithPrecision(3)
	return &plan.WindowAggregate{
		Input: &plan.Values{Schema: in}, Window: w, Keys: []int{1}, Aggs: []plan.Agg{sum()},
		WindowCols: []plan.WindowCol{plan.WindowStart, plan.WindowEnd},
		Schema: schema.New(in.Fields[1], schema.Field{Name: "s", Type: schema.Of(schema.BigInt)},
			schema.Field{Name: "window_start", Type: ts}, schema.Field{Name: "window_end", Type: ts}),
	}
}

// TestWorkedAnswers checks the answers that a real Flink gave, row by row with the watermark at the
// largest time so far.
func TestWorkedAnswers(t *testing.T) {
	f := func(w plan.Window, late int64, want ...string) {
		t.Helper()
		n, h := windowNode(w), vec.NewHasher()
		var dropped atomic.Int64
		local, global := NewPaneAggregate(n, h, time.UTC), NewWindowAggregate(n, h, time.UTC, &dropped)
		var out gathered
		advance := func(wm int64) {
			if err := local.Advance(wm, merging{global}); err != nil {
				t.Fatal(err)
			}
			if err := global.Advance(wm, &out); err != nil {
				t.Fatal(err)
			}
		}
		largest := int64(0)
		b := vec.NewBuilder(n.Input.Out())
		for _, r := range worked {
			b.Reset()
			b.SetI64(0, r.ts)
			b.SetString(1, r.k)
			b.SetI64(2, r.v)
			b.EndRow(vec.Insert)
			if err := local.Process(b.Batch(), merging{global}); err != nil {
				t.Fatal(err)
			}
			largest = max(largest, r.ts)
			advance(largest)
		}
		advance(1 << 60)
		if !slices.Equal(out, want) {
			t.Errorf("%v:\n got %s\nwant %s", w, strings.Join(out, " · "), strings.Join(want, " · "))
		}
		if dropped.Load() != late {
			t.Errorf("%v: %d rows late, want %d", w, dropped.Load(), late)
		}
		if global.Groups() != 0 {
			t.Errorf("%v: %d groups are left", w, global.Groups())
		}
	}
	f(plan.Window{Kind: plan.Tumble, Size: 5000, Slide: 5000}, 2, "[0,5) a 3", "[5,10) a 8", "[10,15) b 32")
	f(plan.Window{Kind: plan.Hop, Size: 10000, Slide: 5000}, 0,
		"[-5,5) a 3", "[0,10) a 31", "[5,15) a 8", "[5,15) b 32", "[10,20) b 32")
	f(plan.Window{Kind: plan.Cumulate, Size: 10000, Slide: 5000}, 0,
		"[0,5) a 3", "[0,10) a 31", "[10,15) b 32", "[10,20) b 32")
	f(plan.Window{Kind: plan.Tumble, Size: 5000, Slide: 5000, Offset: 1000}, 1, "[1,6) a 7", "[6,11) a 8", "[11,16) b 32")
}
