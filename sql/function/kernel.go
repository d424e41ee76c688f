package function

import (
	"millrace/schema"
	"millrace/vec"
)

// integer are the Go types of TINYINT to BIGINT, and of all times.
type integer interface{ int8 | int16 | int32 | int64 }

// float are the Go types of FLOAT and DOUBLE.
type float interface{ float32 | float64 }

// fixed are the Go types of columns whose values are ordered Go numbers.
type fixed interface{ integer | float }

// values gives a column's slice; which one says the type parameter.
type values[T any] func(*vec.Column) []T

func i8s(c *vec.Column) []int8             { return c.I8 }
func i16s(c *vec.Column) []int16           { return c.I16 }
func i32s(c *vec.Column) []int32           { return c.I32 }
func i64s(c *vec.Column) []int64           { return c.I64 }
func f32s(c *vec.Column) []float32         { return c.F32 }
func f64s(c *vec.Column) []float64         { return c.F64 }
func d128s(c *vec.Column) []vec.Decimal128 { return c.D128 }

// sparse is the share of live rows, one in so many, below which a cheap kernel visits them one by
// one; above it all rows are computed, which is faster a row.
const sparse = 4

// cheap returns the rows that a kernel that cannot fail should visit: nil for all.
func cheap(r vec.Rows) []int32 {
	if r.Sel == nil || len(r.Sel)*sparse >= r.N {
		return nil
	}
	return r.Sel
}

// each calls f for every named row that is not NULL in dst.
func each(c *Call, dst *vec.Column, f func(i int) error) error {
	for k := range c.Rows.Len() {
		i := c.Rows.At(k)
		if dst.IsNull(i) {
			continue
		}
		if err := f(i); err != nil {
			return err
		}
	}
	return nil
}

// eachText builds the string column dst: f appends the text of row i to out. It is called for the
// named rows that are not NULL in dst; the others are empty.
func eachText(c *Call, dst *vec.Column, f func(out []byte, i int) ([]byte, error)) error {
	next := 0
	for k := range c.Rows.Len() {
		i := c.Rows.At(k)
		for ; next < i; next++ {
			dst.Off[next+1] = int32(len(dst.Data))
		}
		if !dst.IsNull(i) {
			out, err := f(dst.Data, i)
			if err != nil {
				return err
			}
			dst.Data = out
		}
		dst.Off[i+1] = int32(len(dst.Data))
		next = i + 1
	}
	for ; next < c.Rows.N; next++ {
		dst.Off[next+1] = int32(len(dst.Data))
	}
	return nil
}

// copyValid makes the rows NULL that are NULL in an argument, for lenient kernels.
func copyValid(c *Call, arg, dst *vec.Column) {
	if arg.Valid != nil {
		valid := dst.NeedValid(c.Rows.N)
		copy(valid, arg.Valid)
	}
}

// each1 is the kernel that sets each row of a fixed-width column from one argument's value.
func each1[A, R any](a values[A], r values[R], f func(A) R) Kernel {
	return func(c *Call, args []*vec.Column, dst *vec.Column) error {
		in, out := a(args[0]), r(dst)
		if sel := cheap(c.Rows); sel != nil {
			for _, i := range sel {
				out[i] = f(in[i])
			}
			return nil
		}
		for i := range c.Rows.N {
			out[i] = f(in[i])
		}
		return nil
	}
}

// text1 is the kernel of a function from text to text.
func text1(f func(out, in []byte) []byte) Kernel {
	return func(c *Call, args []*vec.Column, dst *vec.Column) error {
		in := args[0]
		return eachText(c, dst, func(out []byte, i int) ([]byte, error) { return f(out, in.Bytes(i)), nil })
	}
}

// intAt returns row i of an integer column of any width.
func intAt(c *vec.Column, i int) int64 {
	switch c.Layout() {
	case vec.LayoutI8:
		return int64(c.I8[i])
	case vec.LayoutI16:
		return int64(c.I16[i])
	case vec.LayoutI32:
		return int64(c.I32[i])
	}
	return c.I64[i]
}

// simple is a function with fixed argument types: arguments are cast implicitly.
func simple(name, doc, example string, params []schema.TypeID, result schema.Type, kernel Kernel) Scalar {
	return Scalar{Name: name, Doc: doc, Example: example, Bind: func(args []Arg) (*Overload, error) {
		if err := arity(name, args, len(params), len(params)); err != nil {
			return nil, err
		}
		types, err := conform(name, args, params)
		if err != nil {
			return nil, err
		}
		return &Overload{Args: types, Result: like(result, args), Kernel: kernel}, nil
	}}
}

// conform returns the types that the arguments are cast to: those wanted, where a cast may be
// implicit. Params beyond the arguments are optional ones that were left out.
func conform(name string, args []Arg, params []schema.TypeID) ([]schema.Type, error) {
	types := make([]schema.Type, len(args))
	for i, a := range args {
		want := schema.Of(params[i])
		switch {
		case a.Type.IsString() && want.ID == schema.VarChar, a.Type.IsBinary() && want.ID == schema.VarBinary:
			want = a.Type
		case a.Type.ID == want.ID:
			want = a.Type
		case !CanCastImplicitly(a.Type, want):
			return nil, wrong(name, args, wanted(params))
		}
		types[i] = as(want, a)
	}
	return types, nil
}

func wanted(params []schema.TypeID) string {
	text := "("
	for i, p := range params {
		if i > 0 {
			text += ", "
		}
		text += schema.Of(p).String()
	}
	return text + ")"
}
