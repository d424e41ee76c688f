package engine

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"millrace/engine/op"
	"millrace/schema"
	"millrace/vec"
)

// live runs a job that follows its input until it stands still, hands it over, and stops it. It is called in a bubble.
func live(t *testing.T, s *setting, after time.Duration, look func(*Job)) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	j := NewJob(s.env, s.spec)
	go func() { done <- j.Run(ctx) }()
	if err := pause(ctx, after); err != nil {
		t.Fatal(err)
	}
	look(j)
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func nodeOf(t *testing.T, p *PlanStatus, kind string) *NodeStatus {
	t.Helper()
	i := slices.IndexFunc(p.Nodes, func(n NodeStatus) bool { return n.Kind == kind })
	if i < 0 {
		t.Fatalf("no node is a %s in\n%s", kind, p.Text)
	}
	return &p.Nodes[i]
}

// TestFiguresOfNodes: what came to each step and what it gave, across the two halves of a window aggregation.
func TestFiguresOfNodes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := worked()
		f.lag = func(string, int) int64 { return 0 }
		s := setUp(t, f, ", 'follow' = 'true'", windowColumns, strings.Replace(windows, "TABLE e,", "(SELECT * FROM e WHERE v > 1),", 1))
		s.spec.Settings.Checkpoint = 100 * time.Millisecond
		live(t, s, 3*time.Second, func(j *Job) {
			p := j.Plan()
			lines := strings.Split(strings.TrimSpace(p.Text), "\n")
			if len(lines) != len(p.Nodes) {
				t.Fatalf("%d nodes and the text\n%s", len(p.Nodes), p.Text)
			}
			for i, n := range p.Nodes {
				if n.Text != strings.TrimSpace(lines[i]) || !n.Measured || n.Tasks == 0 {
					t.Errorf("node %d is %+v, its line %q", i, n, lines[i])
				}
			}
			figures := func(kind string, in, out int64) *NodeStatus {
				n := nodeOf(t, &p, kind)
				if n.RecordsIn != in || n.RecordsOut != out {
					t.Errorf("%s: %d rows in, %d out; want %d, %d", kind, n.RecordsIn, n.RecordsOut, in, out)
				}
				return n
			}
			figures("Scan", 6, 6)
			figures("Filter", 6, 5)
			w := figures("WindowAggregate", 5, 2)
			figures("Sink", 2, 2)
			if w.Late != 1 || w.Keys != 1 || w.StateBytes == 0 || w.Watermark != "1970-01-01T00:00:21.000Z" || w.WaitsFor != "1970-01-01T00:00:29.999Z" || !w.Exchange {
				t.Errorf("the windows are %+v", w)
			}
			if len(p.Checkpoints) == 0 || p.Checkpoints[0].Bytes == 0 || p.Checkpoints[0].StateBytes != w.StateBytes {
				t.Errorf("the checkpoints are %+v", p.Checkpoints)
			}
			if sp := p.Splits[0]; !sp.Holds || sp.Records != 6 || sp.Table != "e" || p.Nodes[sp.Node].Kind != "Scan" {
				t.Errorf("the split is %+v", sp)
			}
		})
	})
}

// TestFiguresCostNoMemory: to measure allocates nothing.
func TestFiguresCostNoMemory(t *testing.T) {
	chain, b := meteredChain(t, true)
	if n := testing.AllocsPerRun(100, func() {
		if err := chain.Emit(b); err != nil {
			t.Fatal(err)
		}
	}); n > 0 {
		t.Errorf("%v allocations a batch", n)
	}
	if got := chain.(*link).of.flows[1].load(); got.rows == 0 || got.bytes != 12*got.rows {
		t.Errorf("%d rows of %d bytes passed", got.rows, got.bytes)
	}
}

type nothing struct{}

func (nothing) Process(b *vec.Batch, out op.Out) error { return out.Emit(b) }

type drained struct{}

func (drained) Emit(*vec.Batch) error { return nil }
func (drained) Watermark(int64) error { return nil }
func (drained) Idle() error           { return nil }
func (drained) Barrier() error        { return nil }

// meteredChain is three operators that do nothing, and a batch of 1,024 rows.
func meteredChain(t testing.TB, metered bool) (stream, *vec.Batch) {
	t.Helper()
	s := schema.New(schema.Field{Name: "a", Type: schema.Of(schema.BigInt)}, schema.Field{Name: "b", Type: schema.Of(schema.Int)})
	rows := vec.NewBuilder(s)
	for i := range vec.MaxRows {
		rows.SetI64(0, int64(i))
		rows.SetInt(1, int64(i))
		rows.EndRow(vec.Insert)
	}
	f := newTaskFigures(0, []int{3, 2, 1, 0, 0}, false)
	var chain stream = drained{}
	for at := 3; at > 0; at-- {
		l := newLink(nothing{}, chain)
		if metered {
			l.metered(f.meter(at))
		}
		chain = l
	}
	return chain, rows.Batch()
}

// BenchmarkChain is what it costs to pass a batch of 1,024 rows through three operators that do nothing, with and
// without measuring.
func BenchmarkChain(b *testing.B) {
	for _, c := range []struct {
		name    string
		metered bool
	}{{"bare", false}, {"metered", true}} {
		b.Run(c.name, func(b *testing.B) {
			chain, batch := meteredChain(b, c.metered)
			b.ReportAllocs()
			for b.Loop() {
				if err := chain.Emit(batch); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// TestSharesOfTime: where a task stands is told while it stands there, and a sink that takes its time is one that the
// others wait for.
func TestSharesOfTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newTaskFigures(0, []int{2, 1, 0}, true) // a scan, a filter, a sink
		var r rolling
		r.add(f)
		r.take(time.Now())
		stand := func(m meter, d time.Duration) {
			was := m.enter(nil)
			<-time.After(d)
			m.leave(was)
		}
		for range 100 {
			stand(f.meter(0), 2*time.Millisecond)
			stand(f.meter(1), time.Millisecond)
			stand(f.end(), time.Millisecond)
			<-time.After(4 * time.Millisecond)
		}
		stand(f.end(), 100*time.Millisecond)
		f.end().block()
		<-time.After(100 * time.Millisecond)

		p := &PlanStatus{Nodes: []NodeStatus{{ID: 0, To: -1}, {ID: 1, To: 0}, {ID: 2, To: 1}}}
		tasks, recent := r.look(time.Now())
		newNodeSums(p, tasks, recent).addAll()
		f2 := func(id int, busy, back, task float64) {
			t.Helper()
			if n := p.Nodes[id]; math.Abs(n.Busy-busy) > 1e-6 || math.Abs(n.Backpressured-back) > 1e-6 || math.Abs(n.TaskBusy-task) > 1e-6 {
				t.Errorf("node %d is busy %v, backpressured %v, its task busy %v; want %v, %v, %v", id, n.Busy, n.Backpressured, n.TaskBusy, busy, back, task)
			}
		}
		f2(2, 0.2, 0.2, 0.4)
		f2(1, 0.1, 0.2, 0.4)
		f2(0, 0.2, 0.1, 0.5)
	})
}

// TestBottleneck names the step that the others wait for.
func TestBottleneck(t *testing.T) {
	f := func(want int, nodes ...NodeStatus) {
		t.Helper()
		for i := range nodes {
			nodes[i].ID, nodes[i].To, nodes[i].Measured = i, i-1, true
		}
		p := &PlanStatus{Nodes: nodes}
		if got := p.bottleneck(); got != want {
			t.Errorf("it is node %d, want %d", got, want)
		}
	}
	f(-1, NodeStatus{Busy: 0.3, TaskBusy: 0.3}, NodeStatus{Busy: 0.2, TaskBusy: 0.3})
	f(0, NodeStatus{Busy: 0.6, TaskBusy: 0.6}, NodeStatus{Busy: 0.9, TaskBusy: 0.9, Backpressured: 0.6})
	f(-1, NodeStatus{Busy: 0.6, TaskBusy: 0.6}, NodeStatus{Busy: 0.1, TaskBusy: 0.1})
	f(1, NodeStatus{Busy: 0.2, TaskBusy: 0.9}, NodeStatus{Busy: 0.7, TaskBusy: 0.9})
}
