package plan

import (
	"millrace/schema"
	"millrace/sql/ast"
	"millrace/sql/function"
)

// cast binds CAST or TRY_CAST of e to a type.
func (b *binder) cast(at ast.Node, e Expr, to schema.Type, try bool) Expr {
	if lit, ok := e.(*Literal); ok && lit.Of.ID == schema.Null {
		return null(to)
	}
	name, bind := "CAST", function.Cast
	if try {
		name, bind = "TRY_CAST", function.TryCast
	}
	overload, err := bind(e.Type(), to)
	b.check(at, err)
	f, ok := b.Functions.Scalar(name)
	if !ok {
		b.noFunction(at, name)
	}
	return b.fold(at, &Call{Func: f, Overload: overload, Args: []Expr{e}})
}
