package function

import (
	"math"
	"strconv"

	"millrace/format"
	"millrace/schema"
	"millrace/vec"
)

// roundFunctions round numbers; FLOOR and CEIL also round times.
func roundFunctions() []Scalar {
	return []Scalar{
		{Name: "ROUND", Doc: "The number rounded half away from zero to so many digits behind the point, 0 if none are given; negative ones round before the point.", Example: "ROUND(2.5) = 3", Bind: bindRound("ROUND", halfUp)},
		{Name: "TRUNCATE", Doc: "The number cut toward zero to so many digits behind the point, 0 if none are given; negative ones cut before the point.", Example: "TRUNCATE(2.55, 1) = 2.5", Bind: bindRound("TRUNCATE", towardZero)},
		{Name: "FLOOR", Doc: "The greatest whole number that is not greater; or the time cut to a unit: FLOOR(time TO DAY).", Example: "FLOOR(2.5) = 2", Bind: bindWhole("FLOOR", towardFloor, math.Floor)},
		{Name: "CEIL", Doc: "The least whole number that is not less; or the time moved on to a whole unit: CEIL(time TO DAY).", Example: "CEIL(2.5) = 3", Bind: bindWhole("CEIL", towardCeiling, math.Ceil)},
		{Name: "CEILING", Doc: "The least whole number that is not less.", Example: "CEILING(2.5) = 3", Bind: bindWhole("CEILING", towardCeiling, math.Ceil)},
	}
}

// extremes are GREATEST and LEAST.
func extremes() []Scalar {
	return []Scalar{
		{Name: "GREATEST", Doc: "The greatest of the values; NULL if one is.", Example: "GREATEST(1, 3, 2) = 3", Bind: bindChoice("GREATEST", greater)},
		{Name: "LEAST", Doc: "The least of the values; NULL if one is.", Example: "LEAST(1, 3, 2) = 1", Bind: bindChoice("LEAST", less)},
	}
}

func bindWhole(name string, r rounding, f func(float64) float64) func([]Arg) (*Overload, error) {
	return func(args []Arg) (*Overload, error) {
		if len(args) == 2 && isDatetime(args[0].Type) {
			return bindTimeFloor(name, args, r == towardCeiling)
		}
		if err := arity(name, args, 1, 1); err != nil {
			return nil, err
		}
		t := args[0].Type
		o := &Overload{Args: []schema.Type{t}, Result: t}
		switch {
		case t.IsInteger():
			o.Identity, o.Kernel = true, copyKernel
		case t.ID == schema.Double:
			o.Kernel = each1(f64s, f64s, f)
		case t.ID == schema.Float:
			o.Kernel = each1(f32s, f32s, func(v float32) float32 { return float32(f(float64(v))) })
		case t.ID == schema.Decimal:
			o.Result.Scale = 0
			o.Kernel = func(c *Call, cols []*vec.Column, dst *vec.Column) error {
				return each(c, dst, func(i int) error {
					v, ok := rescale(cols[0].D128[i], t.Scale, 0, t.Precision, r)
					dst.D128[i] = v
					if !ok {
						dst.SetNull(i, c.Rows.N)
					}
					return nil
				})
			}
		default:
			return nil, wrong(name, args, "a number, or a time TO a unit")
		}
		return o, nil
	}
}

// roundedType is the type of a DECIMAL rounded to n digits.
func roundedType(t schema.Type, n int64) schema.Type {
	switch {
	case n >= int64(t.Scale):
		return t
	case n < 0:
		return decimalType(min(maxPrecision, 1+t.Precision-t.Scale), 0)
	}
	return decimalType(1+t.Precision-t.Scale+int32(n), int32(n))
}

func bindRound(name string, r rounding) func([]Arg) (*Overload, error) {
	return func(args []Arg) (*Overload, error) {
		if err := arity(name, args, 1, 2); err != nil {
			return nil, err
		}
		t := args[0].Type
		if !t.IsNumeric() && t.ID != schema.Null || len(args) == 2 && !args[1].Type.IsInteger() && args[1].Type.ID != schema.Null {
			return nil, wrong(name, args, "a number and a number of digits")
		}
		types := []schema.Type{t}
		result := t
		if len(args) == 2 {
			types = append(types, as(schema.Of(schema.Int), args[1]))
		}
		if t.ID == schema.Decimal {
			n, ok := int64(0), true
			if len(args) == 2 {
				n, ok = constInt(args[1])
			}
			if ok {
				result = roundedType(t, n)
			}
		}
		return &Overload{Args: types, Result: like(result, args), Kernel: roundKernel(t, result, r)}, nil
	}
}

func roundKernel(t, result schema.Type, r rounding) Kernel {
	return func(c *Call, args []*vec.Column, dst *vec.Column) error {
		in := args[0]
		return each(c, dst, func(i int) error {
			digits := int32(0)
			if len(args) == 2 {
				digits = args[1].I32[i]
			}
			switch t.ID {
			case schema.Double:
				dst.F64[i] = roundFloat(in.F64[i], int(digits), r)
			case schema.Float:
				dst.F32[i] = float32(roundFloat(float64(in.F32[i]), int(digits), r))
			case schema.Decimal:
				v, ok := roundDecimal(in.D128[i], t.Scale, digits, result, r)
				dst.D128[i] = v
				if !ok {
					dst.SetNull(i, c.Rows.N)
				}
			default:
				setInt(dst, i, roundInt(intAt(in, i), digits, r))
			}
			return nil
		})
	}
}

// roundDecimal rounds d at digit n and brings it to the scale of the result.
func roundDecimal(d vec.Decimal128, scale, n int32, result schema.Type, r rounding) (vec.Decimal128, bool) {
	if n >= scale {
		return rescale(d, scale, result.Scale, result.Precision, r)
	}
	m, negative := magnitude(d)
	w := m.wide()
	w.drop(scale-max(n, -maxPrecision), r, negative)
	w.shift10(result.Scale - max(n, -maxPrecision))
	m, ok := w.narrow(result.Precision)
	return signed(m, negative), ok
}

func roundInt(v int64, n int32, r rounding) int64 {
	if n >= 0 {
		return v
	}
	if n < -19 {
		return 0
	}
	m, negative := magnitude(decimalFromInt(v))
	w := m.wide()
	w.drop(-n, r, negative)
	w.shift10(-n)
	if negative {
		return -int64(w[0])
	}
	return int64(w[0])
}

// roundFloat rounds the shortest decimal digits of v, as Java's BigDecimal.valueOf(v) is rounded.
func roundFloat(v float64, n int, r rounding) float64 {
	if v == 0 || math.IsNaN(v) || math.IsInf(v, 0) {
		return v
	}
	var buf [48]byte
	text := strconv.AppendFloat(buf[:0], math.Abs(v), 'e', -1, 64)
	num, ok := format.ScanNumber(text)
	if !ok {
		return v
	}
	// The digits are d.ddd times ten to num.Exp; keep is how many of them stay.
	keep := 1 + int(num.Exp) + n
	if keep > len(num.Fraction) {
		return v
	}
	if keep < 0 {
		return math.Copysign(0, v)
	}
	var room [48]byte
	digits := append(append(room[:0], '0', num.Whole[0]), num.Fraction...)
	up := r == halfUp && digits[keep+1] >= '5'
	digits = digits[:keep+1]
	for i := len(digits) - 1; up && i >= 0; i-- {
		if digits[i]++; digits[i] <= '9' {
			break
		}
		digits[i] = '0'
	}
	digits = strconv.AppendInt(append(digits, 'e'), int64(-n), 10)
	out, err := strconv.ParseFloat(string(digits), 64)
	if err != nil {
		return v
	}
	return math.Copysign(out, v)
}

func bindChoice(name string, op comparison) func([]Arg) (*Overload, error) {
	return func(args []Arg) (*Overload, error) {
		if len(args) == 0 {
			return nil, wrong(name, args, "values that can be compared")
		}
		t, ok := CommonType(typesOf(args)...)
		if !ok || len(t.Fields) > 0 {
			return nil, wrong(name, args, "values of one type")
		}
		types := make([]schema.Type, len(args))
		for i, a := range args {
			types[i] = as(t, a)
		}
		return &Overload{Args: types, Result: t, Kernel: choiceKernel(op)}, nil
	}
}

func choiceKernel(op comparison) Kernel {
	choose := func(args []*vec.Column, i int) *vec.Column {
		best := args[0]
		for _, a := range args[1:] {
			if op.holds(order(a, i, best, i)) {
				best = a
			}
		}
		return best
	}
	return func(c *Call, args []*vec.Column, dst *vec.Column) error {
		if dst.Layout() == vec.LayoutBytes {
			return eachText(c, dst, func(out []byte, i int) ([]byte, error) { return append(out, choose(args, i).Bytes(i)...), nil })
		}
		return each(c, dst, func(i int) error { copyValue(dst, i, choose(args, i), i); return nil })
	}
}
