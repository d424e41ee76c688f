package op

import (
	"millrace/fault"
	"millrace/schema"
	"millrace/sql/function"
	"millrace/sql/plan"
	"millrace/vec"
)

// Eval computes an expression over batches. It belongs to one goroutine and owns the memory of its
// answers.
type Eval interface {
	// Eval returns the expression's values in the named rows of b; the other rows of the answer are
	// undefined, but may be read. It is valid until the next call or until b is gone: a column of
	// the input is returned itself.
	Eval(call *function.Call, b *vec.Batch, rows vec.Rows) (*vec.Column, error)
}

// Compile returns the evaluator of an expression.
func Compile(e plan.Expr) (Eval, error) {
	switch e := e.(type) {
	case *plan.Column:
		return columnEval(e.Index), nil
	case *plan.Literal:
		return &literalEval{value: e.Value, of: e.Of}, nil
	case *plan.Call:
		args, err := compileAll(e.Args[:min(len(e.Args), len(e.Overload.Args))])
		if err != nil {
			return nil, err
		}
		if e.Overload.Identity && len(args) == 1 {
			return &identityEval{of: e.Overload.Result, arg: args[0]}, nil
		}
		if e.Body != nil {
			body, err := Compile(e.Body)
			return &bodyEval{args: args, body: body, batch: vec.Batch{Cols: make([]vec.Column, len(args))}}, err
		}
		kernel, err := e.Overload.Task()
		return &callEval{overload: e.Overload, kernel: kernel, args: args, in: make([]*vec.Column, len(args))}, err
	case *plan.Logic:
		args, err := compileAll(e.Args)
		if err != nil {
			return nil, err
		}
		return &logicEval{or: e.Or, args: args, of: e.Type()}, nil
	case *plan.Case:
		return compileCase(e)
	}
	return nil, fault.New(fault.Invalid, "compile expression: no evaluator for %T", e)
}

func compileAll(exprs []plan.Expr) ([]Eval, error) {
	evals := make([]Eval, len(exprs))
	for i, e := range exprs {
		var err error
		if evals[i], err = Compile(e); err != nil {
			return nil, err
		}
	}
	return evals, nil
}

// columnEval is a column of the input.
type columnEval int

func (e columnEval) Eval(_ *function.Call, b *vec.Batch, _ vec.Rows) (*vec.Column, error) {
	return &b.Cols[e], nil
}

// literalEval is a constant, written once for the longest batch so far.
type literalEval struct {
	value vec.Value
	of    schema.Type
	out   vec.Column
	n     int
}

func (e *literalEval) Eval(_ *function.Call, _ *vec.Batch, rows vec.Rows) (*vec.Column, error) {
	if rows.N > e.n || e.n == 0 {
		e.n = max(rows.N, 1)
		e.out.Fill(e.of, e.value, e.n)
	}
	return &e.out, nil
}

// identityEval is a cast that leaves values as they are.
type identityEval struct {
	of  schema.Type
	arg Eval
	out vec.Column
}

func (e *identityEval) Eval(call *function.Call, b *vec.Batch, rows vec.Rows) (*vec.Column, error) {
	in, err := e.arg.Eval(call, b, rows)
	if err != nil {
		return nil, err
	}
	e.out = *in
	e.out.Type = e.of
	return &e.out, nil
}

// callEval is a function call.
type callEval struct {
	overload *function.Overload
	kernel   function.Kernel
	args     []Eval
	in       []*vec.Column
	out      vec.Column
}

func (e *callEval) Eval(call *function.Call, b *vec.Batch, rows vec.Rows) (*vec.Column, error) {
	for i, arg := range e.args {
		var err error
		if e.in[i], err = arg.Eval(call, b, rows); err != nil {
			return nil, err
		}
	}
	e.out.Reset(e.overload.Result, rows.N)
	if !e.overload.Lenient {
		for _, in := range e.in {
			if in.Valid != nil {
				intersect(e.out.NeedValid(rows.N), in.Valid)
			}
		}
	}
	call.Rows = rows
	if err := e.kernel(call, e.in, &e.out); err != nil {
		return nil, err
	}
	return &e.out, nil
}

// bodyEval is a call of a function of SQL, whose body is computed over its arguments.
type bodyEval struct {
	args  []Eval
	body  Eval
	batch vec.Batch // the arguments
}

func (e *bodyEval) Eval(call *function.Call, b *vec.Batch, rows vec.Rows) (*vec.Column, error) {
	for i, arg := range e.args {
		in, err := arg.Eval(call, b, rows)
		if err != nil {
			return nil, err
		}
		e.batch.Cols[i] = *in
	}
	e.batch.N, e.batch.Sel = rows.N, rows.Sel
	return e.body.Eval(call, &e.batch, rows)
}

func intersect(dst, with vec.Bitmap) {
	with = with[:len(dst)]
	for i := range dst {
		dst[i] &= with[i]
	}
}
