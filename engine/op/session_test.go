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

// timedInput is rows of a time, a key and a number.
func timedInput(changes bool, time schema.TimeAttribute) plan.Node {
	n := &plan.Scan{Schema: schema.New(
		schema.Field{Name: "ts", Type: schema.Of(schema.Timestamp).WithPrecision(3), Time: time}, schema.Field{Name: "k", Type: schema.Of(schema.VarChar)},
		schema.Field{Name: "v", Type: schema.Of(schema.Int)}, schema.Field{Name: "start", Type: schema.Of(schema.Timestamp).WithPrecision(3)},
		schema.Field{Name: "end", Type: schema.Of(schema.Timestamp).WithPrecision(3)},
	)}
	if changes {
		n.Changes = 2
	}
	return n
}

func timedNode(t testing.TB, w plan.Window, in plan.Node) *plan.WindowAggregate {
	s := in.Out()
	n := &plan.WindowAggregate{Input: in, Window: w, Keys: []int{1}, WindowCols: []plan.WindowCol{plan.WindowStart, plan.WindowEnd}}
	n.Aggs = []plan.Agg{
		aggOf(t, s, "COUNT", -1, -1, false), aggOf(t, s, "SUM", 2, -1, false), aggOf(t, s, "MAX", 2, -1, false),
		aggOf(t, s, "COUNT", 2, -1, true), aggOf(t, s, "SUM", 2, -1, true), aggOf(t, s, "LISTAGG", 1, -1, true),
	}
	n.Schema = schema.New(s.Fields[1])
	for i, a := range n.Aggs {
		n.Schema.Fields = append(n.Schema.Fields, schema.Field{Name: strconv.Itoa(i), Type: a.Overload.Result})
	}
	n.Schema.Fields = append(n.Schema.Fields, schema.Field{Name: "s", Type: number()}, schema.Field{Name: "e", Type: number()})
	return n
}

// timedRow is a row of timedInput.
type timedRow struct {
	ts int64
	k  string
	v  int
}

func (r timedRow) put(b *vec.Builder, s span, kind vec.RowKind) {
	b.SetI64(0, r.ts)
	b.SetString(1, r.k)
	b.SetInt(2, int64(r.v))
	b.SetI64(3, s.start)
	b.SetI64(4, s.end)
	b.EndRow(kind)
}

// modelSession is an open session.
type modelSession struct {
	span
	rows []timedRow
}

func (m *modelSession) text() string {
	sum, most, seen, distinct := 0, m.rows[0].v, map[int]bool{}, 0
	for _, r := range m.rows {
		sum += r.v
		most = max(most, r.v)
		if !seen[r.v] {
			seen[r.v] = true
			distinct += r.v
		}
	}
	return fmt.Sprintf("+I %s %d %d %d %d %d %s %d %d", m.rows[0].k, len(m.rows), sum, most, len(seen), distinct, m.rows[0].k, m.start, m.end)
}

// TestSessions compares random rows in disorder, with restores at other parallelisms in the middle, with sessions in
// lists.
func TestSessions(t *testing.T) {
	tr := newTrail(t)
	const gap = 10
	for seed := range uint64(9) {
		r := rand.New(rand.NewPCG(8, seed))
		n := timedNode(t, plan.Window{Kind: plan.Session, Size: gap}, timedInput(false, schema.RowTime))
		h := vec.NewHasher()
		call := &function.Call{Zone: time.UTC}
		var late atomic.Int64
		fresh := func() *SessionAggregate { return NewSessionAggregate(n, h, time.UTC, call, &late) }
		tasks := []*SessionAggregate{fresh()}
		open := map[string][]*modelSession{}
		lost := 0
		watermark := int64(-1)
		b := vec.NewBuilder(n.Input.Out())
		spread := []int{2, 30, 3000}[seed%3]
		for step := range 80 {
			b.Reset()
			var out gatheredRows
			for range 1 + r.IntN(40) {
				row := timedRow{int64(step*8 + r.IntN(60)), "k" + strconv.Itoa(r.IntN(spread)), r.IntN(5)}
				row.put(b, span{}, vec.Insert)
				if !admit(open, row, gap, watermark) {
					lost++
				}
			}
			deal(t, h, b.Batch(), n.Keys, len(tasks), func(i int, part *vec.Batch) error { return tasks[i].Process(part, &out) })
			if r.IntN(3) == 0 {
				watermark = max(watermark, int64(step*8+r.IntN(20)))
			}
			if step == 79 {
				watermark = 1 << 60
			}
			for _, task := range tasks {
				if err := task.Advance(watermark, &out); err != nil {
					t.Fatal(err)
				}
			}
			var want []string
			for k, list := range open {
				open[k] = slices.DeleteFunc(list, func(m *modelSession) bool {
					if m.end-1 > watermark {
						return false
					}
					want = append(want, m.text())
					return true
				})
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
			if task.Groups() != 0 || task.sessions.keys.N != task.sessions.keys.gone {
				t.Errorf("seed %d: %d sessions and %d keys are left", seed, task.Groups(), task.sessions.keys.N-task.sessions.keys.gone)
			}
		}
		if int(late.Load()) != lost {
			t.Errorf("seed %d: %d rows late, want %d", seed, late.Load(), lost)
		}
	}
}

// admit puts a row into the sessions of the model; false says that it is late.
func admit(open map[string][]*modelSession, row timedRow, gap, watermark int64) bool {
	m := &modelSession{span{row.ts, row.ts + gap}, []timedRow{row}}
	merged := false
	open[row.k] = slices.DeleteFunc(open[row.k], func(o *modelSession) bool {
		if o.start > row.ts+gap || row.ts > o.end {
			return false
		}
		m.start, m.end, m.rows = min(m.start, o.start), max(m.end, o.end), append(m.rows, o.rows...)
		merged = true
		return true
	})
	if !merged && m.end-1 <= watermark {
		return false
	}
	open[row.k] = append(open[row.k], m)
	return true
}

// TestSessionClock moves the clock by hand: rows are where it stands when they arrive.
func TestSessionClock(t *testing.T) {
	n := timedNode(t, plan.Window{Kind: plan.Session, Size: 1000}, timedInput(false, schema.ProcTime))
	call := &function.Call{Zone: time.UTC}
	var late atomic.Int64
	s := NewSessionAggregate(n, vec.NewHasher(), time.UTC, call, &late)
	var out gatheredRows
	b := vec.NewBuilder(n.Input.Out())
	at := func(ms int64, values ...int) {
		t.Helper()
		call.Now = time.UnixMilli(ms)
		if err := s.Tick(call.Now, &out); err != nil {
			t.Fatal(err)
		}
		b.Reset()
		for _, v := range values {
			timedRow{0, "a", v}.put(b, span{}, vec.Insert)
		}
		if err := s.Process(b.Batch(), &out); err != nil {
			t.Fatal(err)
		}
	}
	at(5000, 1)
	at(5900, 2, 2)
	at(6899, 4)
	at(7898)
	at(7899, 8)
	if err := s.Advance(1<<60, &out); err != nil {
		t.Fatal(err)
	}
	want := []string{"+I a 4 9 4 3 7 a 5000 7899"}
	if !slices.Equal(out, want) || late.Load() != 0 {
		t.Errorf("got %v, want %v", out, want)
	}
}

// TestSessionRows gives the rows of sessions, of any kind, after a restore in the middle.
func TestSessionRows(t *testing.T) {
	tr := newTrail(t)
	in := timedInput(true, schema.RowTime)
	s := schema.New(slices.Clone(in.Out().Fields)...)
	for _, name := range []string{"window_start", "window_end", "window_time"} {
		s.Fields = append(s.Fields, schema.Field{Name: name, Type: number()})
	}
	n := &plan.WindowTVF{Input: in, Window: plan.Window{Kind: plan.Session, Size: 10, Partition: []int{1}}, Schema: s}
	h := vec.NewHasher()
	var late atomic.Int64
	fresh := func() *SessionAssign { return NewSessionAssign(n, h, time.UTC, &function.Call{}, &late) }
	tasks := []*SessionAssign{fresh()}
	var out gatheredWindows
	b := vec.NewBuilder(in.Out())
	timedRow{1, "a", 1}.put(b, span{}, vec.Insert)
	timedRow{30, "a", 2}.put(b, span{}, vec.Insert)
	timedRow{2, "b", 3}.put(b, span{}, vec.UpdateAfter)
	deal(t, h, b.Batch(), []int{1}, 1, func(i int, part *vec.Batch) error { return tasks[i].Process(part, &out) })
	tasks = restored(t, tr, tasks, fresh, 2)
	b.Reset()
	timedRow{11, "a", 4}.put(b, span{}, vec.Delete)
	deal(t, h, b.Batch(), []int{1}, 2, func(i int, part *vec.Batch) error { return tasks[i].Process(part, &out) })
	for _, wm := range []int64{20, 1 << 60} {
		for _, task := range tasks {
			if err := task.Advance(wm, &out); err != nil {
				t.Fatal(err)
			}
		}
	}
	slices.Sort(out)
	want := []string{"+I a 1 [1,21) 20", "+I a 2 [30,40) 39", "+U b 3 [2,12) 11", "-D a 4 [1,21) 20"}
	if !slices.Equal(out, want) {
		t.Errorf("got %v, want %v", out, want)
	}
}

// gatheredWindows are rows of timedInput with their windows.
type gatheredWindows []string

func (g *gatheredWindows) Emit(b *vec.Batch) error {
	at := len(b.Cols) - 3
	for i := range b.N {
		*g = append(*g, fmt.Sprintf("%s %s %d [%d,%d) %d", b.Kind(i), b.Cols[1].Bytes(i), b.Cols[2].I32[i], b.Cols[at].I64[i], b.Cols[at+1].I64[i], b.Cols[at+2].I64[i]))
	}
	return nil
}
