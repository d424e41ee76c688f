package op

import (
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

// overNode is a plan of OVER by k, in the order of v, with aggregates of id; the plain model knows these calls.
func overNode(t *testing.T, time schema.TimeAttribute, frame plan.Frame, changes format.Changes) *plan.Over {
	t.Helper()
	s := rankSchema()
	if time != schema.NoTime {
		s.Fields[1] = schema.Field{Name: "v", Type: schema.Of(schema.TimestampLTZ).WithPrecision(3), Time: time}
	}
	n := &plan.Over{Input: changing(s, changes), Keys: []int{0}, Order: []plan.SortKey{{Column: 1, NullsFirst: true}}, Frame: frame, Time: time}
	set := function.NewSet()
	for _, name := range []string{"SUM", "MAX", "COUNT", "COUNT DISTINCT"} {
		distinct := name == "COUNT DISTINCT"
		if distinct {
			name = "COUNT"
		}
		f, _ := set.Aggregate(name)
		o, err := f.Bind([]function.Arg{{Type: schema.Of(schema.BigInt)}})
		if err != nil {
			t.Fatal(err)
		}
		n.Calls = append(n.Calls, plan.OverCall{Agg: plan.Agg{Func: f, Overload: o, Args: []int{2}, Filter: -1, Distinct: distinct}, Name: name, Type: o.Result})
	}
	n.Calls = append(n.Calls, plan.OverCall{Func: plan.OverRowNumber, Arg: -1, Default: -1, Type: number()})
	n.Schema = &schema.Schema{Fields: slices.Clone(s.Fields)}
	for i, c := range n.Calls {
		n.Schema.Fields = append(n.Schema.Fields, schema.Field{Name: fmt.Sprint("c", i), Type: c.Type})
	}
	return n
}

// overText is a row with its answers, made of the rows of its frame; n is its number in the order.
func overText(r rankRow, frame []rankRow, n int) string {
	sum, most, seen := int64(0), int64(noValue), map[int64]bool{}
	for _, f := range frame {
		sum += f.id
		most = max(most, f.id)
		seen[f.id] = true
	}
	if len(frame) == 0 {
		sum = noValue
	}
	return fmt.Sprint(r, " ", text(sum), " ", text(most), " ", len(frame), " ", len(seen), " ", n)
}

// TestOverIsALoop holds OVER in event time against a loop over all rows that were not late, with restores.
func TestOverIsALoop(t *testing.T) {
	for _, frame := range []plan.Frame{
		{Start: plan.FrameBound{Unbounded: true}},
		{Rows: true, Start: plan.FrameBound{Unbounded: true}},
		{Start: plan.FrameBound{Offset: -10}},
		{Start: plan.FrameBound{Offset: -40}},
		{Rows: true, Start: plan.FrameBound{Offset: -3}},
		{Rows: true, Start: plan.FrameBound{}},
	} {
		t.Run(frame.String(), func(t *testing.T) { runOver(t, overNode(t, schema.RowTime, frame, format.Inserts)) })
	}
}

func runOver(t *testing.T, n *plan.Over) {
	tr := newTrail(t)
	rng, h, late := rand.New(rand.NewPCG(9, 10)), vec.NewHasher(), new(atomic.Int64)
	call := &function.Call{Now: time.Now()}
	o := NewOver(n, h, call, 0, late)
	m := overModel{n: n, watermark: math.MinInt64, rows: map[int64][]rankRow{}, given: map[int64]int64{}, answered: map[int64]int{}, out: map[string]int{}}
	got := remaining{t, map[string]int{}}
	in := vec.NewBuilder(n.Input.Out())
	for step := range 120 {
		in.Reset()
		for range rng.IntN(12) {
			r := rankRow{int64(rng.IntN(5)), int64(3*step + rng.IntN(25)), int64(rng.IntN(6))}
			putRankRow(in, r, vec.Insert)
			m.add(r)
		}
		if err := o.Process(in.Batch(), got); err != nil {
			t.Fatal(err)
		}
		if step%3 == 0 {
			m.advance(int64(3*step + 6))
			if err := o.Advance(m.watermark, got); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(m.out, got.rows); diff != "" {
			t.Fatalf("step %d (-want +got):\n%s", step, diff)
		}
		save(t, tr, o)
		if step%30 == 29 {
			fresh := NewOver(n, h, call, 0, late)
			takeOver(t, tr, o, fresh, true)
			o = fresh
		}
	}
	if late.Load() != m.late {
		t.Errorf("%d rows were late, %d are counted", m.late, late.Load())
	}
}

// overModel is OVER in event time as a loop.
type overModel struct {
	n         *plan.Over
	watermark int64
	rows      map[int64][]rankRow // by key, in order of time
	answered  map[int64]int       // how many of them
	given     map[int64]int64
	out       map[string]int
	late      int64
}

func (m *overModel) add(r rankRow) {
	given, known := m.given[r.k]
	if m.n.Frame.Start.Unbounded && r.v <= m.watermark || !m.n.Frame.Start.Unbounded && known && r.v <= given {
		m.late++
		return
	}
	rows := m.rows[r.k]
	at := len(rows)
	for at > m.answered[r.k] && rows[at-1].v > r.v {
		at--
	}
	m.rows[r.k] = slices.Insert(rows, at, r)
}

func (m *overModel) advance(watermark int64) {
	m.watermark = watermark
	f := m.n.Frame
	for k, rows := range m.rows {
		for i := m.answered[k]; i < len(rows) && rows[i].v <= watermark; i++ {
			from, upto := 0, i+1
			for !f.Rows && upto < len(rows) && rows[upto].v == rows[i].v {
				upto++
			}
			for ; !f.Start.Unbounded && from < upto; from++ {
				if f.Rows && from >= i+int(f.Start.Offset) || !f.Rows && rows[from].v >= rows[i].v+f.Start.Offset {
					break
				}
			}
			m.out[overText(rows[i], rows[from:upto], i+1)]++
			m.answered[k], m.given[k] = i+1, rows[i].v
		}
	}
}

// TestOverForgetsKeys has many keys that come once: their rows leave the frame, and the operator forgets them.
func TestOverForgetsKeys(t *testing.T) {
	n := overNode(t, schema.RowTime, plan.Frame{Start: plan.FrameBound{Offset: -10}}, format.Inserts)
	o := NewOver(n, vec.NewHasher(), &function.Call{Now: time.Now()}, 0, new(atomic.Int64))
	out := emitFunc(func(*vec.Batch) error { return nil })
	in := vec.NewBuilder(n.Input.Out())
	for step := range int64(40) {
		in.Reset()
		for i := range int64(vec.MaxRows) {
			putRankRow(in, rankRow{step*vec.MaxRows + i, step * 20, 1}, vec.Insert)
		}
		if err := o.Process(in.Batch(), out); err != nil {
			t.Fatal(err)
		}
		if err := o.Advance(step*20, out); err != nil {
			t.Fatal(err)
		}
	}
	if o.rows.Len() > 4*vec.MaxRows || o.parts.N > 20*vec.MaxRows {
		t.Errorf("%d rows of %d keys are kept", o.rows.Len(), o.parts.N)
	}
}

// TestOverChangesIsALoop holds OVER in an order of value against a loop, over random changelogs with restores.
func TestOverChangesIsALoop(t *testing.T) {
	tr := newTrail(t)
	for _, rows := range []bool{false, true} {
		n := overNode(t, schema.NoTime, plan.Frame{Rows: rows, Start: plan.FrameBound{Unbounded: true}}, format.All)
		if !rows {
			n.Calls = n.Calls[:4] // peers have no numbers of their own
			n.Schema.Fields = n.Schema.Fields[:7]
		}
		rng, h, call := rand.New(rand.NewPCG(11, 12)), vec.NewHasher(), &function.Call{Now: time.Now()}
		o := NewOverChanges(n, h, call, 0)
		got := remaining{t, map[string]int{}}
		in := vec.NewBuilder(n.Input.Out())
		var all []rankRow
		for step := range 100 {
			in.Reset()
			for i := range rng.IntN(8) {
				if len(all) > 0 && rng.IntN(100) < 20+60*(step/25%2) {
					at := rng.IntN(len(all))
					putRankRow(in, all[at], []vec.RowKind{vec.UpdateBefore, vec.Delete}[rng.IntN(2)])
					all = slices.Delete(all, at, at+1)
					continue
				}
				r := rankRow{int64(rng.IntN(3)), int64(rng.IntN(6)), int64(100*step + i)}
				if rng.IntN(8) == 0 {
					r.v = noValue
				}
				putRankRow(in, r, vec.Insert)
				all = append(all, r)
			}
			if err := o.Process(in.Batch(), got); err != nil {
				t.Fatal(err)
			}
			want := map[string]int{}
			ordered := slices.Clone(all)
			slices.SortStableFunc(ordered, before(n.Order[0]))
			byKey := map[int64][]rankRow{}
			for _, r := range ordered {
				byKey[r.k] = append(byKey[r.k], r)
			}
			for _, of := range byKey {
				for i, r := range of {
					upto := i + 1
					for !rows && upto < len(of) && of[upto].v == r.v {
						upto++
					}
					row := overText(r, of[:upto], i+1)
					if !rows {
						row = row[:len(row)-len(fmt.Sprint(" ", i+1))]
					}
					want[row]++
				}
			}
			if diff := cmp.Diff(want, got.rows); diff != "" {
				t.Fatalf("rows %t, step %d (-want +got):\n%s", rows, step, diff)
			}
			save(t, tr, o)
			if step%30 == 29 {
				fresh := NewOverChanges(n, h, call, 0)
				takeOver(t, tr, o, fresh, true)
				o = fresh
			}
		}
	}
}

// TestOverAtEndIsALoop holds frames of all shapes against a loop.
func TestOverAtEndIsALoop(t *testing.T) {
	bounds := []plan.FrameBound{{Unbounded: true}, {Offset: -2}, {}, {Offset: 1}, {Offset: 3}}
	for shape := range 2 * 2 * len(bounds) * len(bounds) {
		start, end := bounds[shape%len(bounds)], bounds[shape/len(bounds)%len(bounds)]
		if !start.Unbounded && !end.Unbounded && start.Offset > end.Offset {
			continue
		}
		which := shape / len(bounds) / len(bounds)
		frame := plan.Frame{Rows: which%2 == 1, Start: start, End: end}
		n := overNode(t, schema.NoTime, frame, format.Inserts)
		n.AtEnd, n.Order[0].Desc = true, which/2 == 1
		t.Run(fmt.Sprint(frame, n.Order[0].Desc), func(t *testing.T) { runOverAtEnd(t, n) })
	}
}

func runOverAtEnd(t *testing.T, n *plan.Over) {
	tr := newTrail(t)
	rng, h := rand.New(rand.NewPCG(13, 14)), vec.NewHasher()
	o := NewOverAtEnd(n, h)
	got := remaining{t, map[string]int{}}
	in := vec.NewBuilder(n.Input.Out())
	byKey := map[int64][]rankRow{}
	for i := range 200 {
		r := rankRow{int64(rng.IntN(4)), int64(rng.IntN(30)), int64(rng.IntN(9))}
		if rng.IntN(9) == 0 {
			r.v = noValue
		}
		byKey[r.k] = append(byKey[r.k], r)
		putRankRow(in, r, vec.Insert)
		if i == 100 {
			if err := o.Process(in.Batch(), got); err != nil {
				t.Fatal(err)
			}
			in.Reset()
			fresh := NewOverAtEnd(n, h)
			takeOver(t, tr, o, fresh, true)
			o = fresh
		}
	}
	if err := o.Process(in.Batch(), got); err != nil {
		t.Fatal(err)
	}
	if err := o.Advance(math.MaxInt64, got); err != nil {
		t.Fatal(err)
	}
	want := map[string]int{}
	for _, rows := range byKey {
		slices.SortStableFunc(rows, before(n.Order[0]))
		for i, r := range rows {
			var frame []rankRow
			for j, other := range rows {
				if within(n, i, j, r.v, other.v) {
					frame = append(frame, other)
				}
			}
			want[overText(r, frame, i+1)]++
		}
	}
	if diff := cmp.Diff(want, got.rows); diff != "" {
		t.Fatalf("(-want +got):\n%s", diff)
	}
}

// within says whether row j, whose order key is b, is in the frame of row i, whose key is a.
func within(n *plan.Over, i, j int, a, b int64) bool {
	f, at := n.Frame, int64(j-i)
	from, upto := f.Start.Offset, f.End.Offset
	switch {
	case f.Rows:
	case a == noValue || b == noValue:
		// NULLs are peers of each other, and beyond all offsets of the others.
		from, upto = 0, 0
		switch {
		case a == b:
			at = 0
		case (b == noValue) == n.Order[0].NullsFirst:
			at = -1
		default:
			at = 1
		}
	default:
		if at = b - a; n.Order[0].Desc {
			at = a - b
		}
	}
	return (f.Start.Unbounded || at >= from) && (f.End.Unbounded || at <= upto)
}

// TestFoldIsABag holds what is left of a changelog against a count of its rows.
func TestFoldIsABag(t *testing.T) {
	tr := newTrail(t)
	n := &plan.Fold{Input: changing(rankSchema(), format.All)}
	rng, h := rand.New(rand.NewPCG(15, 16)), vec.NewHasher()
	o := NewFold(n, h)
	got, want := remaining{t, map[string]int{}}, map[string]int{}
	in := vec.NewBuilder(n.Out())
	var rows []rankRow
	for range 100 {
		in.Reset()
		for range 100 {
			if len(rows) > 0 && rng.IntN(2) == 0 {
				at := rng.IntN(len(rows))
				putRankRow(in, rows[at], vec.Delete)
				rows = slices.Delete(rows, at, at+1)
				continue
			}
			rows = append(rows, rankRow{int64(rng.IntN(3)), int64(rng.IntN(3)), noValue})
			putRankRow(in, rows[len(rows)-1], vec.UpdateAfter)
		}
		if err := o.Process(in.Batch(), got); err != nil {
			t.Fatal(err)
		}
		fresh := NewFold(n, h)
		takeOver(t, tr, o, fresh, true)
		o = fresh
	}
	for _, r := range rows {
		want[r.String()]++
	}
	if err := o.Advance(math.MaxInt64, got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got.rows); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
