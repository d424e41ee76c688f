package op

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"millrace/schema"
	"millrace/sql/function"
	"millrace/sql/plan"
	"millrace/vec"
)

// windowModel is the rows of one window and key.
type windowModel struct {
	k    string
	s    span
	rows []timedRow
}

// TestWindowGroup compares random rows, some taken back, in disorder, with restores at other parallelisms in the middle,
// with windows in lists: those cut here and those that rows come with.
func TestWindowGroup(t *testing.T) {
	tr := newTrail(t)
	kinds := []plan.Window{
		{Kind: plan.Tumble, Size: 20, Slide: 20},
		{Kind: plan.Hop, Size: 30, Slide: 10, Offset: 3},
		{Kind: plan.Cumulate, Size: 40, Slide: 10},
		{Kind: plan.Tumble, Size: 20, Slide: 20, Attached: true, Start: 3, End: 4, By: schema.Field{Type: schema.Of(schema.Timestamp), Time: schema.RowTime}},
	}
	for seed := range uint64(8) {
		w := kinds[seed%4]
		r := rand.New(rand.NewPCG(9, seed))
		n := timedNode(t, w, timedInput(true, schema.RowTime))
		h := vec.NewHasher()
		var late atomic.Int64
		fresh := func() *WindowGroup { return NewWindowGroup(n, h, time.UTC, &function.Call{}, &late) }
		tasks := []*WindowGroup{fresh()}
		open := map[string]*windowModel{}
		var there []timedRow
		watermark, lost := int64(-1), 0
		b := vec.NewBuilder(n.Input.Out())
		for step := range 60 {
			b.Reset()
			var out gatheredRows
			for range 1 + r.IntN(50) {
				row := timedRow{int64(step*8 + r.IntN(60)), "k" + strconv.Itoa(r.IntN(20)), r.IntN(5)}
				back := len(there) > 0 && r.IntN(3) == 0
				kind := vec.Insert
				if back {
					at := r.IntN(len(there))
					row, kind = there[at], vec.Delete
					there = slices.Delete(there, at, at+1)
				} else {
					there = append(there, row)
				}
				pane := floorTo(row.ts, PaneSize(w), w.Offset)
				row.put(b, span{pane, pane + PaneSize(w)}, kind)
				if lastEnd(w, pane)-1 <= watermark {
					lost++
					continue
				}
				for _, end := range windowEnds(nil, w, pane) {
					if end-1 > watermark {
						model(open, row, span{windowStart(w, end), end}, back)
					}
				}
			}
			deal(t, h, b.Batch(), n.Keys, len(tasks), func(i int, part *vec.Batch) error { return tasks[i].Process(part, &out) })
			if r.IntN(3) == 0 {
				watermark = max(watermark, int64(step*8+r.IntN(20)))
			}
			if step == 59 {
				watermark = 1 << 60
			}
			for _, task := range tasks {
				if err := task.Advance(watermark, &out); err != nil {
					t.Fatal(err)
				}
			}
			var want []string
			for key, m := range open {
				if m.s.end-1 <= watermark {
					if delete(open, key); len(m.rows) > 0 {
						want = append(want, (&modelSession{m.s, m.rows}).text())
					}
				}
			}
			slices.Sort(out)
			slices.Sort(want)
			if !slices.Equal(out, want) {
				t.Fatalf("seed %d, step %d: got %v\nwant %v", seed, step, out, want)
			}
			save(t, tr, tasks...)
			if r.IntN(8) == 0 {
				tasks = restored(t, tr, tasks, fresh, 1+r.IntN(3))
			}
		}
		for _, task := range tasks {
			if task.Groups() != 0 {
				t.Errorf("seed %d: %d groups are left", seed, task.Groups())
			}
		}
		if int(late.Load()) != lost {
			t.Errorf("seed %d: %d rows late, want %d", seed, late.Load(), lost)
		}
	}
}

// model applies a row to a window; what was not there is not taken back.
func model(open map[string]*windowModel, row timedRow, s span, back bool) {
	key := fmt.Sprint(row.k, s)
	m := open[key]
	if m == nil {
		m = &windowModel{k: row.k, s: s}
		open[key] = m
	}
	if !back {
		m.rows = append(m.rows, row)
	} else if at := slices.Index(m.rows, row); at >= 0 {
		m.rows = slices.Delete(m.rows, at, at+1)
	}
}

// TestExpand gives each row once for each set.
func TestExpand(t *testing.T) {
	in := groupInput(false)
	s := schema.New(slices.Clone(in.Out().Fields)...)
	s.Fields = append(s.Fields, schema.Field{Name: "set", Type: number()})
	x := NewExpand(&plan.Expand{Input: in, Schema: s, Sets: []plan.ExpandSet{{Constants: []int64{0}}, {Nulls: []int{0, 2}, Constants: []int64{1}}}})
	b := vec.NewBuilder(in.Out())
	groupRow{k: "a", v: 1, s: "x"}.put(b, vec.Insert)
	groupRow{k: "b", v: 2}.put(b, vec.Delete)
	var out gatheredRows
	if err := x.Process(b.Batch(), &out); err != nil {
		t.Fatal(err)
	}
	want := []string{"+I a 1 x FALSE 0", "+I NULL 1 NULL FALSE 1", "-D b 2 NULL FALSE 0", "-D NULL 2 NULL FALSE 1"}
	if !slices.Equal(out, want) {
		t.Errorf("got %v, want %v", out, want)
	}
}
