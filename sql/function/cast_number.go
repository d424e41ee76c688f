package function

import (
	"math"

	"millrace/fault"
	"millrace/format"
	"millrace/schema"
	"millrace/vec"
)

// castNumber is the cast between numbers: integers wrap around, floats are cut and saturate on the way
// to an integer, a DECIMAL that does not fit is NULL.
func castNumber(from, to schema.Type, try bool) Kernel {
	switch {
	case from.ID == schema.Decimal && to.ID == schema.Decimal:
		return rescaleKernel(from, to)
	case from.ID == schema.Decimal:
		return castFromDecimal(from, to)
	case to.ID == schema.Decimal:
		return castToDecimal(from, to, try)
	}
	switch from.ID {
	case schema.TinyInt:
		return castInteger(to.ID, i8s)
	case schema.SmallInt:
		return castInteger(to.ID, i16s)
	case schema.Int:
		return castInteger(to.ID, i32s)
	case schema.BigInt:
		return castInteger(to.ID, i64s)
	case schema.Float:
		return castFloat(to.ID, f32s)
	}
	return castFloat(to.ID, f64s)
}

func castInteger[A integer](to schema.TypeID, a values[A]) Kernel {
	switch to {
	case schema.TinyInt:
		return convertKernel(a, i8s)
	case schema.SmallInt:
		return convertKernel(a, i16s)
	case schema.Int:
		return convertKernel(a, i32s)
	case schema.BigInt:
		return convertKernel(a, i64s)
	case schema.Float:
		return convertKernel(a, f32s)
	}
	return convertKernel(a, f64s)
}

// convertKernel is Go's conversion, for pairs where it is Java's too.
func convertKernel[A, R fixed](a values[A], r values[R]) Kernel {
	return func(c *Call, args []*vec.Column, dst *vec.Column) error {
		out := r(dst)[:c.Rows.N]
		in := a(args[0])[:len(out)]
		if sel := cheap(c.Rows); sel != nil {
			for _, i := range sel {
				out[i] = R(in[i])
			}
			return nil
		}
		for i := range out {
			out[i] = R(in[i])
		}
		return nil
	}
}

func castFloat[A float](to schema.TypeID, a values[A]) Kernel {
	switch to {
	case schema.TinyInt:
		return each1(a, i8s, func(v A) int8 { return int8(saturate(float64(v), math.MinInt32, math.MaxInt32)) })
	case schema.SmallInt:
		return each1(a, i16s, func(v A) int16 { return int16(saturate(float64(v), math.MinInt32, math.MaxInt32)) })
	case schema.Int:
		return each1(a, i32s, func(v A) int32 { return int32(saturate(float64(v), math.MinInt32, math.MaxInt32)) })
	case schema.BigInt:
		return each1(a, i64s, func(v A) int64 { return saturate(float64(v), math.MinInt64, math.MaxInt64) })
	case schema.Float:
		return convertKernel(a, f32s)
	}
	return convertKernel(a, f64s)
}

// saturate is Java's conversion of a double to an integer: NaN is 0.
func saturate(v float64, least, most int64) int64 {
	switch {
	case v != v:
		return 0
	case v >= float64(most):
		return most
	case v <= float64(least):
		return least
	}
	return int64(v)
}

func rescaleKernel(from, to schema.Type) Kernel {
	return func(c *Call, args []*vec.Column, dst *vec.Column) error {
		in := args[0].D128
		return each(c, dst, func(i int) error {
			v, ok := rescale(in[i], from.Scale, to.Scale, to.Precision, halfUp)
			dst.D128[i] = v
			if !ok {
				dst.SetNull(i, c.Rows.N)
			}
			return nil
		})
	}
}

func castFromDecimal(from, to schema.Type) Kernel {
	return func(c *Call, args []*vec.Column, dst *vec.Column) error {
		in := args[0].D128
		return each(c, dst, func(i int) error {
			switch to.ID {
			case schema.Float:
				dst.F32[i] = float32(decimalToFloat(in[i], from.Scale))
			case schema.Double:
				dst.F64[i] = decimalToFloat(in[i], from.Scale)
			default:
				setInt(dst, i, decimalToInt(in[i], from.Scale))
			}
			return nil
		})
	}
}

func castToDecimal(from, to schema.Type, try bool) Kernel {
	out := shape{to.Precision, to.Scale}
	return func(c *Call, args []*vec.Column, dst *vec.Column) error {
		in := args[0]
		return each(c, dst, func(i int) error {
			var v vec.Decimal128
			var ok bool
			if from.IsInteger() {
				v, ok = rescale(decimalFromInt(intAt(in, i)), 0, to.Scale, to.Precision, halfUp)
			} else {
				f := floatAt(in, i)
				if (math.IsNaN(f) || math.IsInf(f, 0)) && !try {
					return fault.New(fault.Invalid, "cast %s to %s: it is no number", format.AppendDouble(nil, f), to.Nullable())
				}
				v, ok = decimalFromFloat(f, out)
			}
			dst.D128[i] = v
			if !ok {
				dst.SetNull(i, c.Rows.N)
			}
			return nil
		})
	}
}

// castTruth is the cast between BOOLEAN and numbers: 1 and 0; a number is TRUE unless it is 0.
func castTruth(from, to schema.Type) Kernel {
	if to.ID == schema.Boolean {
		return func(c *Call, args []*vec.Column, dst *vec.Column) error {
			return each(c, dst, func(i int) error { dst.Bits.Put(i, !isZeroAt(args[0], i)); return nil })
		}
	}
	one, _ := rescale(decimalFromInt(1), 0, to.Scale, maxPrecision, halfUp)
	return func(c *Call, args []*vec.Column, dst *vec.Column) error {
		return each(c, dst, func(i int) error {
			b := args[0].Bits.Get(i)
			v := int64(0)
			if b {
				v = 1
			}
			switch to.ID {
			case schema.Float:
				dst.F32[i] = float32(v)
			case schema.Double:
				dst.F64[i] = float64(v)
			case schema.Decimal:
				dst.D128[i] = vec.Decimal128{}
				if b {
					dst.D128[i] = one
				}
			default:
				setInt(dst, i, v)
			}
			return nil
		})
	}
}

func isZeroAt(c *vec.Column, i int) bool {
	switch c.Layout() {
	case vec.LayoutF32, vec.LayoutF64:
		return floatAt(c, i) == 0
	case vec.LayoutD128:
		return isZero(c.D128[i])
	}
	return intAt(c, i) == 0
}
