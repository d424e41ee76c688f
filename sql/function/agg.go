package function

import (
	"millrace/schema"
	"millrace/vec"
)

// Accumulators are columns that only ever grow: Grow appends groups, Add and Merge change rows in
// place. Everything in this file keeps the columns such that a view of their first n rows is valid
// at any time.

// growTo makes a fixed-width column n rows long; new rows are zero and not NULL.
func growTo(c *vec.Column, from, n int) {
	switch c.Layout() {
	case vec.LayoutBits:
		for len(c.Bits) < vec.Words(n) {
			c.Bits = append(c.Bits, 0)
		}
		for i := from; i < n; i++ {
			c.Bits.Clear(i)
		}
	case vec.LayoutI8:
		c.I8 = zeros(c.I8, n)
	case vec.LayoutI16:
		c.I16 = zeros(c.I16, n)
	case vec.LayoutI32:
		c.I32 = zeros(c.I32, n)
	case vec.LayoutI64:
		c.I64 = zeros(c.I64, n)
	case vec.LayoutF32:
		c.F32 = zeros(c.F32, n)
	case vec.LayoutF64:
		c.F64 = zeros(c.F64, n)
	case vec.LayoutD128:
		c.D128 = zeros(c.D128, n)
	case vec.LayoutBytes:
		for len(c.Off) < n+1 {
			c.Off = append(c.Off, int32(len(c.Data)))
		}
	}
	if c.Valid != nil {
		growValid(c, from, n, true)
	}
}

// growNull is growTo with new rows that are NULL.
func growNull(c *vec.Column, from, n int) {
	growTo(c, from, n)
	growValid(c, from, n, false)
}

func growValid(c *vec.Column, from, n int, valid bool) {
	v := c.NeedValid(n)
	for len(v) < vec.Words(n) {
		v = append(v, 0)
	}
	for i := from; i < n; i++ {
		v.Put(i, valid)
	}
	c.Valid = v
}

func zeros[T any](s []T, n int) []T {
	var zero T
	for len(s) < n {
		s = append(s, zero)
	}
	return s
}

// eachRow calls f for every named row of arg that is not NULL, with its group.
func eachRow(groups []int32, arg *vec.Column, rows vec.Rows, f func(g, i int)) {
	for k, g := range groups {
		if i := rows.At(k); !arg.IsNull(i) {
			f(int(g), i)
		}
	}
}

// finishColumn writes the named groups of a state column of the result's layout to dst.
func finishColumn(state *vec.Column, rows vec.Rows, dst *vec.Column) {
	n := rows.Len()
	for k := range n {
		g := rows.At(k)
		if state.IsNull(g) {
			dst.SetNull(k, n)
			if dst.Layout() == vec.LayoutBytes {
				dst.AppendBytes(k, nil)
			}
			continue
		}
		copyValue(dst, k, state, g)
	}
}

// copyValue sets row k of dst, the next in order of a string column, to row i of src, which has the
// same layout and is not NULL.
func copyValue(dst *vec.Column, k int, src *vec.Column, i int) {
	switch src.Layout() {
	case vec.LayoutBits:
		dst.Bits.Put(k, src.Bits.Get(i))
	case vec.LayoutI8:
		dst.I8[k] = src.I8[i]
	case vec.LayoutI16:
		dst.I16[k] = src.I16[i]
	case vec.LayoutI32:
		dst.I32[k] = src.I32[i]
	case vec.LayoutI64:
		dst.I64[k] = src.I64[i]
	case vec.LayoutF32:
		dst.F32[k] = src.F32[i]
	case vec.LayoutF64:
		dst.F64[k] = src.F64[i]
	case vec.LayoutD128:
		dst.D128[k] = src.D128[i]
	case vec.LayoutBytes:
		dst.AppendBytes(k, src.Bytes(i))
	}
}

// counts is COUNT(*) and COUNT(x).
func counts() []Aggregate {
	return []Aggregate{{
		Name: "COUNT", Doc: "How many rows there are: COUNT(*); or how many in which no argument is NULL: COUNT(x).",
		Example: "COUNT(x) over (1), (NULL), (3) = 2", Bind: bindCount,
	}}
}

func bindCount(args []Arg) (*AggregateOverload, error) {
	t := schema.Of(schema.BigInt).Required()
	return &AggregateOverload{
		Args: typesOf(args), Result: t, State: []schema.Type{t},
		Grow: func(state []vec.Column, from, n int) { growTo(&state[0], from, n) },
		Add: func(state []vec.Column, groups []int32, args []*vec.Column, rows vec.Rows) error {
			countRows(state[0].I64, groups, args, rows, 1)
			return nil
		},
		Retract: func(state []vec.Column, groups []int32, args []*vec.Column, rows vec.Rows) error {
			countRows(state[0].I64, groups, args, rows, -1)
			return nil
		},
		Merge: func(state []vec.Column, groups []int32, other []*vec.Column, rows vec.Rows) error {
			mergeCounts(state[0].I64, groups, other[0].I64, rows)
			return nil
		},
		Finish: func(state []vec.Column, rows vec.Rows, dst *vec.Column) error {
			finishColumn(&state[0], rows, dst)
			return nil
		},
	}, nil
}

// countRows adds by, 1 or -1, to the group of each row in which no argument is NULL.
func countRows(sum []int64, groups []int32, args []*vec.Column, rows vec.Rows, by int64) {
	nullable := false
	for _, a := range args {
		nullable = nullable || a.Valid != nil
	}
	if !nullable {
		for _, g := range groups {
			sum[g] += by
		}
		return
	}
rows:
	for k, g := range groups {
		i := rows.At(k)
		for _, a := range args {
			if a.IsNull(i) {
				continue rows
			}
		}
		sum[g] += by
	}
}
