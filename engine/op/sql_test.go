package op_test

import (
	"time"

	"millrace/catalog"
	"millrace/engine/op"
	"millrace/sql/function"
	"millrace/sql/parse"
	"millrace/sql/plan"
	"millrace/vec"
)

// query plans a SELECT over constants, runs it and returns a copy of its only batch.
func query(sql, zone string) (*vec.Batch, error) {
	p := plan.NewPlanner(catalog.New(), nil, nil)
	statements, err := parse.Script("SET 'table.local-time-zone' = '" + zone + "'; " + sql)
	if err != nil {
		return nil, err
	}
	var r *plan.Result
	for _, st := range statements {
		if r, err = p.Execute(sql, st); err != nil {
			return nil, err
		}
	}
	location, err := function.Zone(zone)
	if err != nil {
		return nil, err
	}
	call := &function.Call{Zone: location, Now: time.Now()}
	var out capture
	if err := run(r.Job.Sinks[0].Input, call, &out); err != nil {
		return nil, err
	}
	return out.b.Batch(), nil
}

// capture copies what is emitted.
type capture struct{ b *vec.Builder }

func (c *capture) Emit(b *vec.Batch) error {
	if c.b == nil {
		c.b = vec.NewBuilder(b.Schema)
	}
	c.b.AppendRows(b, b.Rows(), 0)
	return nil
}

// next feeds an operator with what the one before it emits.
type next struct {
	op  op.Operator
	out op.Out
}

func (n *next) Emit(b *vec.Batch) error { return n.op.Process(b, n.out) }

// run runs the plan below n, which is made of Values, Filter and Project.
func run(n plan.Node, call *function.Call, out op.Out) error {
	switch n := n.(type) {
	case *plan.Project:
		p, err := op.NewProject(n.Exprs, n.Schema, call)
		if err != nil {
			return err
		}
		return run(n.Input, call, &next{p, out})
	case *plan.Filter:
		f, err := op.NewFilter(n.Cond, call)
		if err != nil {
			return err
		}
		return run(n.Input, call, &next{f, out})
	case *plan.Values:
		return runValues(n, call, out)
	}
	panic("no operator for this plan")
}

func runValues(n *plan.Values, call *function.Call, out op.Out) error {
	rows := vec.NewBuilder(n.Schema)
	one := &vec.Batch{N: 1}
	for _, row := range n.Rows {
		for c, e := range row {
			eval, err := op.Compile(e)
			if err != nil {
				return err
			}
			col, err := eval.Eval(call, one, one.Rows())
			if err != nil {
				return err
			}
			rows.SetValue(c, vec.At(col, 0))
		}
		rows.EndRow(vec.Insert)
	}
	return out.Emit(rows.Batch())
}
