package op

import (
	"fmt"
	"testing"
	"time"

	"millrace/schema"
	"millrace/sql/function"
	"millrace/sql/plan"
	"millrace/vec"
)

// chain is filter, projection and the first step of a window aggregation, one behind the other.
type chain struct {
	filter  *Filter
	project *Project
	pane    *PaneAggregate
}

func (c *chain) Emit(b *vec.Batch) error { return c.project.Process(b, projected{c}) }

type projected struct{ *chain }

func (p projected) Emit(b *vec.Batch) error { return p.pane.Process(b, nil) }

// call binds a function for the test.
func call(t *testing.T, name string, args ...plan.Expr) plan.Expr {
	t.Helper()
	types := make([]function.Arg, len(args))
	for i, a := range args {
		types[i] = function.Arg{Type: a.Type()}
	}
	f, ok := function.NewSet().Scalar(name)
	if !ok {
		t.Fatalf("no function %s", name)
	}
	o, err := f.Bind(types)
	if err != nil {
		t.Fatal(err)
	}
	return &plan.Call{Func: f, Overload: o, Args: args}
}

// TestSteadyStateAllocatesNothing pushes batches through a chain that has seen its keys and panes.
func TestSteadyStateAllocatesNothing(t *testing.T) {
	n := windowNode(plan.Window{Kind: plan.Tumble, Size: 5000, Slide: 5000})
	in := n.Input.Out()
	column := func(i int) plan.Expr { return &plan.Column{Index: i, Name: in.Fields[i].Name, Of: in.Fields[i].Type} }
	big := func(v int64) plan.Expr {
		return &plan.Literal{Value: vec.Value{I: v}, Of: schema.Of(schema.BigInt).Required()}
	}
	task := &function.Call{Zone: time.UTC, Now: time.Now()}
	filter, err := NewFilter(call(t, ">", column(2), big(3)), task)
	if err != nil {
		t.Fatal(err)
	}
	project, err := NewProject([]plan.Expr{column(0), column(1), call(t, "+", call(t, "*", column(2), big(2)), big(1))}, in, task)
	if err != nil {
		t.Fatal(err)
	}
	c := &chain{filter, project, NewPaneAggregate(n, vec.NewHasher(), time.UTC)}
	b := vec.NewBuilder(in)
	fill := func() {
		b.Reset()
		for i := range vec.MaxRows {
			b.SetI64(0, int64(i)*20) // five panes
			b.SetString(1, keys[i%len(keys)])
			b.SetI64(2, int64(i%10))
			b.EndRow(vec.Insert)
		}
	}
	push := func() {
		fill()
		if err := filter.Process(b.Batch(), c); err != nil {
			t.Fatal(err)
		}
	}
	push()
	if got := testing.AllocsPerRun(100, push); got != 0 {
		t.Errorf("%v allocations a batch of %d rows", got, vec.MaxRows)
	}
}

// keys of the batches.
var keys = func() []string {
	var all []string
	for i := range 100 {
		all = append(all, fmt.Sprintf("sensor-%03d", i))
	}
	return all
}()
