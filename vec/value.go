package vec

import "millrace/schema"

// Value is one value outside a batch: a literal of a query, a default, a key. Which part holds it
// follows from the type's layout.
type Value struct {
	Null bool
	I    int64      // BOOLEAN (0, 1), integers, dates, times, instants, intervals
	F    float64    // FLOAT, DOUBLE
	D    Decimal128 // DECIMAL, unscaled
	S    string     // strings and binaries
}

// At returns the value of row i of c.
func At(c *Column, i int) Value {
	if c.IsNull(i) {
		return Value{Null: true}
	}
	switch c.Layout() {
	case LayoutBits:
		if c.Bits.Get(i) {
			return Value{I: 1}
		}
		return Value{}
	case LayoutI8:
		return Value{I: int64(c.I8[i])}
	case LayoutI16:
		return Value{I: int64(c.I16[i])}
	case LayoutI32:
		return Value{I: int64(c.I32[i])}
	case LayoutI64:
		return Value{I: c.I64[i]}
	case LayoutF32:
		return Value{F: float64(c.F32[i])}
	case LayoutF64:
		return Value{F: c.F64[i]}
	case LayoutD128:
		return Value{D: c.D128[i]}
	case LayoutBytes:
		return Value{S: string(c.Bytes(i))}
	}
	return Value{Null: true}
}

// Fill makes c a column of type t whose n rows all are v.
func (c *Column) Fill(t schema.Type, v Value, n int) {
	c.Reset(t, n)
	if v.Null {
		c.FillNull(n)
	}
	switch c.Layout() {
	case LayoutBits:
		c.Bits.Fill(v.I != 0)
	case LayoutI8:
		fill(c.I8, int8(v.I))
	case LayoutI16:
		fill(c.I16, int16(v.I))
	case LayoutI32:
		fill(c.I32, int32(v.I))
	case LayoutI64:
		fill(c.I64, v.I)
	case LayoutF32:
		fill(c.F32, float32(v.F))
	case LayoutF64:
		fill(c.F64, v.F)
	case LayoutD128:
		fill(c.D128, v.D)
	case LayoutBytes:
		for i := range n {
			c.AppendString(i, v.S)
		}
	}
}

func fill[T any](s []T, v T) {
	for i := range s {
		s[i] = v
	}
}

// SetValue sets column c of the current row.
func (b *Builder) SetValue(c int, v Value) {
	if v.Null {
		b.SetNull(c)
		return
	}
	switch b.cols[c].Layout() {
	case LayoutBits:
		b.SetBool(c, v.I != 0)
	case LayoutF32:
		b.SetF32(c, float32(v.F))
	case LayoutF64:
		b.SetF64(c, v.F)
	case LayoutD128:
		b.SetDecimal(c, v.D)
	case LayoutBytes:
		b.SetString(c, v.S)
	default:
		b.SetInt(c, v.I)
	}
}
