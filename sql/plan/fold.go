package plan

import (
	"time"

	"millrace/schema"
	"millrace/sql/ast"
	"millrace/sql/function"
	"millrace/vec"
)

// fold computes a call of constants once, at planning. What fails then is an error of the
// statement, as in Flink: 1 / 0 is one even where no row would ever reach it.
func (b *binder) fold(at ast.Node, c *Call) Expr {
	if c.Func.Volatile || !flat(c.Overload.Result) {
		return c
	}
	one := vec.Rows{N: 1}
	args := make([]*vec.Column, len(c.Overload.Args))
	strict := !c.Overload.Lenient
	for i, a := range c.Args[:len(args)] {
		lit, ok := a.(*Literal)
		if !ok || !flat(lit.Of) {
			return c
		}
		if lit.Value.Null && strict {
			return null(c.Overload.Result)
		}
		args[i] = new(vec.Column)
		args[i].Fill(lit.Of, lit.Value, 1)
	}
	var dst vec.Column
	dst.Reset(c.Overload.Result, 1)
	kernel, err := c.Overload.Task()
	b.check(at, err)
	err = kernel(&function.Call{Rows: one, Zone: b.Settings.Zone(), Now: time.Now()}, args, &dst)
	b.check(at, err)
	value := vec.At(&dst, 0)
	of := c.Overload.Result
	of.NotNull = !value.Null
	return &Literal{Value: value, Of: of}
}

// flat says whether values of a type can be a vec.Value.
func flat(t schema.Type) bool {
	switch vec.LayoutOf(t.ID) {
	case vec.LayoutList, vec.LayoutRow:
		return false
	}
	return true
}
