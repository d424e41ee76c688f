package function

import (
	"math"

	"millrace/fault"
	"millrace/schema"
	"millrace/vec"
)

// arithmetic are the operators of numbers, times and intervals.
func arithmetic() []Scalar {
	return []Scalar{
		{Name: "+", Doc: "Sum of numbers, of a time and an interval, of intervals. Integers wrap around.", Example: "1 + 2 = 3", Bind: bindPlus},
		{Name: "-", Doc: "Difference, or the negative of one number.", Example: "5 - 2 = 3", Bind: bindMinus},
		{Name: "*", Doc: "Product of numbers, or of a number and an interval.", Example: "2 * 3 = 6", Bind: bindTimes},
		{Name: "/", Doc: "Quotient. Of integers it is an integer, cut toward zero; a division of integers or DECIMALs by zero fails.", Example: "5 / 2 = 2", Bind: bindDivide},
		{Name: "%", Doc: "Remainder of a division, with the sign of the dividend.", Example: "5 % 3 = 2", Bind: remainder("%")},
		{Name: "MOD", Doc: "Remainder of a division, with the sign of the dividend.", Example: "MOD(-5, 3) = -2", Bind: remainder("MOD")},
	}
}

const numbersOrTimes = "two numbers, or a time and an INTERVAL"

// untyped gives a bare NULL the type of the other operand.
func untyped(a, b Arg) (schema.Type, schema.Type) {
	x, y := a.Type, b.Type
	if x.ID == schema.Null {
		x = y.Nullable()
	}
	if y.ID == schema.Null {
		y = x.Nullable()
	}
	return x, y
}

func bindPlus(args []Arg) (*Overload, error) {
	if err := arity("+", args, 2, 2); err != nil {
		return nil, err
	}
	a, b := untyped(args[0], args[1])
	switch {
	case a.IsNumeric() && b.IsNumeric():
		return bindNumeric('+', args, a, b), nil
	case isDatetime(a) && b.IsInterval():
		return bindShift(args, a, b, args[1], 0, 1)
	case a.IsInterval() && isDatetime(b):
		return bindShift(args, b, a, args[0], 1, 1)
	case a.IsInterval() && a.ID == b.ID:
		return bindIntervals('+', args, a, b), nil
	}
	return nil, wrong("+", args, numbersOrTimes)
}

func bindMinus(args []Arg) (*Overload, error) {
	if len(args) == 1 {
		return bindNegate(args)
	}
	if err := arity("-", args, 1, 2); err != nil {
		return nil, err
	}
	a, b := untyped(args[0], args[1])
	switch {
	case a.IsNumeric() && b.IsNumeric():
		return bindNumeric('-', args, a, b), nil
	case isDatetime(a) && b.IsInterval():
		return bindShift(args, a, b, args[1], 0, -1)
	case a.IsInterval() && a.ID == b.ID:
		return bindIntervals('-', args, a, b), nil
	}
	return nil, wrong("-", args, numbersOrTimes)
}

func bindTimes(args []Arg) (*Overload, error) {
	if err := arity("*", args, 2, 2); err != nil {
		return nil, err
	}
	a, b := untyped(args[0], args[1])
	switch {
	case a.IsNumeric() && b.IsNumeric():
		return bindNumeric('*', args, a, b), nil
	case a.IsInterval() && b.IsNumeric():
		return bindScaled(args, a, 0, false), nil
	case a.IsNumeric() && b.IsInterval():
		return bindScaled(args, b, 1, false), nil
	}
	return nil, wrong("*", args, "two numbers, or a number and an INTERVAL")
}

func bindDivide(args []Arg) (*Overload, error) {
	if err := arity("/", args, 2, 2); err != nil {
		return nil, err
	}
	a, b := untyped(args[0], args[1])
	switch {
	case a.IsNumeric() && b.IsNumeric():
		return bindNumeric('/', args, a, b), nil
	case a.IsInterval() && b.IsNumeric():
		return bindScaled(args, a, 0, true), nil
	}
	return nil, wrong("/", args, "two numbers, or an INTERVAL and a number")
}

// bindNumeric binds + - * / of numbers.
func bindNumeric(op byte, args []Arg, a, b schema.Type) *Overload {
	if exact := a.ID == schema.Decimal || b.ID == schema.Decimal; exact && !isApproximate(a) && !isApproximate(b) {
		return bindDecimal(op, args, DecimalOf(a), DecimalOf(b))
	}
	t := like(arithmeticType(a, b), args)
	return &Overload{Args: []schema.Type{as(t, args[0]), as(t, args[1])}, Result: t, Kernel: numericKernel(op, t.ID)}
}

func numericKernel(op byte, id schema.TypeID) Kernel {
	switch id {
	case schema.TinyInt:
		return integerKernel(op, i8s)
	case schema.SmallInt:
		return integerKernel(op, i16s)
	case schema.Int:
		return integerKernel(op, i32s)
	case schema.BigInt:
		return integerKernel(op, i64s)
	case schema.Float:
		return floatKernel(op, f32s)
	}
	return floatKernel(op, f64s)
}

func integerKernel[T integer](op byte, get values[T]) Kernel {
	switch op {
	case '/':
		return divideIntegers(get)
	case '%':
		return remainderIntegers(get)
	}
	return loopKernel(op, get)
}

func floatKernel[T float](op byte, get values[T]) Kernel {
	switch op {
	case '/':
		return pairKernel(get, divideFloats[T])
	case '%':
		return pairKernel(get, remainderFloats[T])
	}
	return loopKernel(op, get)
}

func loopKernel[T fixed](op byte, get values[T]) Kernel {
	switch op {
	case '+':
		return pairKernel(get, addAll[T])
	case '-':
		return pairKernel(get, subtractAll[T])
	}
	return pairKernel(get, multiplyAll[T])
}

// pairKernel runs a loop over two columns and a third of the same type.
func pairKernel[T fixed](get values[T], loop func(dst, a, b []T, sel []int32)) Kernel {
	return func(c *Call, args []*vec.Column, dst *vec.Column) error {
		n := c.Rows.N
		loop(get(dst)[:n], get(args[0])[:n], get(args[1])[:n], cheap(c.Rows))
		return nil
	}
}

func addAll[T fixed](dst, a, b []T, sel []int32) {
	if sel != nil {
		for _, i := range sel {
			dst[i] = a[i] + b[i]
		}
		return
	}
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = a[i] + b[i]
	}
}

func subtractAll[T fixed](dst, a, b []T, sel []int32) {
	if sel != nil {
		for _, i := range sel {
			dst[i] = a[i] - b[i]
		}
		return
	}
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = a[i] - b[i]
	}
}

func multiplyAll[T fixed](dst, a, b []T, sel []int32) {
	if sel != nil {
		for _, i := range sel {
			dst[i] = a[i] * b[i]
		}
		return
	}
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = a[i] * b[i]
	}
}

func divideFloats[T float](dst, a, b []T, sel []int32) {
	if sel != nil {
		for _, i := range sel {
			dst[i] = a[i] / b[i]
		}
		return
	}
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = a[i] / b[i]
	}
}

func remainderFloats[T float](dst, a, b []T, sel []int32) {
	if sel != nil {
		for _, i := range sel {
			dst[i] = T(math.Mod(float64(a[i]), float64(b[i])))
		}
		return
	}
	for i := range dst {
		dst[i] = T(math.Mod(float64(a[i]), float64(b[i])))
	}
}

func divideIntegers[T integer](get values[T]) Kernel {
	return func(c *Call, args []*vec.Column, dst *vec.Column) error {
		out, a, b := get(dst), get(args[0]), get(args[1])
		for k := range c.Rows.Len() {
			i := c.Rows.At(k)
			if b[i] == 0 {
				if dst.IsNull(i) {
					continue
				}
				return divisionByZero()
			}
			out[i] = a[i] / b[i]
		}
		return nil
	}
}

func remainderIntegers[T integer](get values[T]) Kernel {
	return func(c *Call, args []*vec.Column, dst *vec.Column) error {
		out, a, b := get(dst), get(args[0]), get(args[1])
		for k := range c.Rows.Len() {
			i := c.Rows.At(k)
			if b[i] == 0 {
				if dst.IsNull(i) {
					continue
				}
				return divisionByZero()
			}
			out[i] = a[i] % b[i]
		}
		return nil
	}
}

func divisionByZero() error {
	return fault.New(fault.Invalid, "/ by zero").WithHint("guard the division, for example x / NULLIF(y, 0)")
}

func bindNegate(args []Arg) (*Overload, error) {
	t := args[0].Type
	if !t.IsNumeric() && !t.IsInterval() {
		return nil, wrong("-", args, "a number or an INTERVAL")
	}
	o := &Overload{Args: []schema.Type{t}, Result: t}
	switch vec.LayoutOf(t.ID) {
	case vec.LayoutI8:
		o.Kernel = each1(i8s, i8s, negate[int8])
	case vec.LayoutI16:
		o.Kernel = each1(i16s, i16s, negate[int16])
	case vec.LayoutI32:
		o.Kernel = each1(i32s, i32s, negate[int32])
	case vec.LayoutI64:
		o.Kernel = each1(i64s, i64s, negate[int64])
	case vec.LayoutF32:
		o.Kernel = each1(f32s, f32s, negate[float32])
	case vec.LayoutF64:
		o.Kernel = each1(f64s, f64s, negate[float64])
	case vec.LayoutD128:
		o.Kernel = each1(d128s, d128s, negated)
	}
	return o, nil
}

func negate[T fixed](v T) T { return -v }

// remainder binds MOD and %. As in Calcite the result has the type of the divisor; the arguments are
// computed in the wider type.
func remainder(name string) func([]Arg) (*Overload, error) {
	return func(args []Arg) (*Overload, error) {
		if err := arity(name, args, 2, 2); err != nil {
			return nil, err
		}
		a, b := untyped(args[0], args[1])
		switch {
		case !a.IsNumeric() || !b.IsNumeric():
			return nil, wrong(name, args, "two numbers")
		case isApproximate(a) || isApproximate(b):
			return bindNumeric('%', args, a, b), nil
		case a.ID == schema.Decimal || b.ID == schema.Decimal:
			return bindDecimal('%', args, DecimalOf(a), DecimalOf(b)), nil
		}
		wide := schema.Of(max(a.ID, b.ID))
		o := &Overload{
			Args:   []schema.Type{as(wide, args[0]), as(wide, args[1])},
			Result: like(schema.Of(b.ID), args), Kernel: numericKernel('%', wide.ID),
		}
		if wide.ID != b.ID {
			o.Kernel = remainderNarrow
		}
		return o, nil
	}
}

// remainderNarrow is the remainder by a divisor of a narrower type than the dividend's: the answer is
// smaller than the divisor and fits its type.
func remainderNarrow(c *Call, args []*vec.Column, dst *vec.Column) error {
	return each(c, dst, func(i int) error {
		b := intAt(args[1], i)
		if b == 0 {
			return divisionByZero()
		}
		setInt(dst, i, intAt(args[0], i)%b)
		return nil
	})
}

// setInt sets row i of an integer column of any width, cutting what does not fit as Java does.
func setInt(c *vec.Column, i int, v int64) {
	switch c.Layout() {
	case vec.LayoutI8:
		c.I8[i] = int8(v)
	case vec.LayoutI16:
		c.I16[i] = int16(v)
	case vec.LayoutI32:
		c.I32[i] = int32(v)
	default:
		c.I64[i] = v
	}
}
