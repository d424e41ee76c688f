package op

import (
	"millrace/schema"
	"millrace/sql/function"
	"millrace/sql/plan"
	"millrace/vec"
)

// Project computes the columns of its output from those of its input. A plain column is passed on
// without a copy, and so are row kinds and selection.
type Project struct {
	exprs []Eval
	call  *function.Call
	out   vec.Batch
}

// NewProject returns the operator that computes exprs, the columns of s. call is the task's.
func NewProject(exprs []plan.Expr, s *schema.Schema, call *function.Call) (*Project, error) {
	evals, err := compileAll(exprs)
	if err != nil {
		return nil, err
	}
	return &Project{exprs: evals, call: call, out: vec.Batch{Schema: s, Cols: make([]vec.Column, len(exprs))}}, nil
}

// Process implements Operator.
func (p *Project) Process(b *vec.Batch, out Out) error {
	rows := b.Rows()
	if rows.Len() == 0 {
		return nil
	}
	for i, e := range p.exprs {
		col, err := e.Eval(p.call, b, rows)
		if err != nil {
			return err
		}
		p.out.Cols[i] = *col
		p.out.Cols[i].Type = p.out.Schema.Fields[i].Type
	}
	p.out.N, p.out.Sel, p.out.Kinds = b.N, b.Sel, b.Kinds
	return out.Emit(&p.out)
}
