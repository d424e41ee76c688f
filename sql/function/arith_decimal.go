package function

import (
	"millrace/schema"
	"millrace/vec"
)

// decimalOp is an operation on unscaled values and their scales. False means: does not fit, NULL.
type decimalOp func(a vec.Decimal128, sa int32, b vec.Decimal128, sb int32, out shape) (vec.Decimal128, bool)

// bindDecimal binds an operator of DECIMALs, whose result has the type of decimalResult.
func bindDecimal(op byte, args []Arg, a, b schema.Type) *Overload {
	t := like(decimalResult(op, a, b), args)
	o := &Overload{Args: []schema.Type{as(a, args[0]), as(b, args[1])}, Result: t}
	switch op {
	case '+':
		o.Kernel = decimalKernel(a.Scale, b.Scale, t, false, addDecimals)
	case '-':
		o.Kernel = decimalKernel(a.Scale, b.Scale, t, false, subtractDecimals)
	case '*':
		o.Kernel = decimalKernel(a.Scale, b.Scale, t, false, multiplyDecimals)
	case '/':
		o.Kernel = decimalKernel(a.Scale, b.Scale, t, true, divideDecimals)
	case '%':
		o.Kernel = decimalKernel(a.Scale, b.Scale, t, true, remainderDecimals)
	}
	return o
}

// decimalResult are Flink's rules for precision and scale (LogicalTypeMerging).
func decimalResult(op byte, a, b schema.Type) schema.Type {
	scale := max(a.Scale, b.Scale)
	switch op {
	case '*':
		return adjusted(a.Precision+b.Precision+1, a.Scale+b.Scale)
	case '/':
		scale = max(6, a.Scale+b.Precision+1)
		return adjusted(a.Precision-a.Scale+b.Scale+scale, scale)
	case '%':
		if a.Scale == 0 && b.Scale == 0 {
			return decimalType(b.Precision, 0)
		}
		return decimalType(min(a.Precision-a.Scale, b.Precision-b.Scale)+scale, scale)
	}
	return adjusted(max(a.Precision-a.Scale, b.Precision-b.Scale)+scale+1, scale)
}

func decimalKernel(sa, sb int32, t schema.Type, divides bool, op decimalOp) Kernel {
	out := shape{t.Precision, t.Scale}
	return func(c *Call, args []*vec.Column, dst *vec.Column) error {
		x, y := args[0].D128, args[1].D128
		for k := range c.Rows.Len() {
			i := c.Rows.At(k)
			if dst.IsNull(i) {
				continue
			}
			if divides && isZero(y[i]) {
				return divisionByZero()
			}
			v, ok := op(x[i], sa, y[i], sb, out)
			if !ok {
				dst.SetNull(i, c.Rows.N)
				continue
			}
			dst.D128[i] = v
		}
		return nil
	}
}

func subtractDecimals(a vec.Decimal128, sa int32, b vec.Decimal128, sb int32, out shape) (vec.Decimal128, bool) {
	return addDecimals(a, sa, negated(b), sb, out)
}
