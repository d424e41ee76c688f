package function

import (
	"math"
	"math/rand/v2"

	"millrace/schema"
	"millrace/vec"
)

// mathFunctions compute with DOUBLE, whatever number they are given, but for ABS, SIGN and RAND_INTEGER.
func mathFunctions() []Scalar {
	return []Scalar{
		{Name: "ABS", Doc: "The absolute value.", Example: "ABS(-3) = 3", Bind: bindAbs},
		{Name: "SIGN", Doc: "-1, 0 or 1, in the type of the argument.", Example: "SIGN(-3) = -1", Bind: bindSign},
		math1("SQRT", "The square root.", "SQRT(4) = 2.0E0", math.Sqrt),
		math1("EXP", "e to a power.", "EXP(0) = 1.0E0", math.Exp),
		math1("LN", "The natural logarithm.", "LN(1) = 0.0E0", math.Log),
		math1("LOG10", "The logarithm to base 10.", "LOG10(100) = 2.0E0", log10),
		math1("LOG2", "The logarithm to base 2.", "LOG2(8) = 3.0E0", func(v float64) float64 { return math.Log(v) / math.Ln2 }),
		{Name: "LOG", Doc: "The natural logarithm, or that of the second argument to the base of the first.", Example: "LOG(10, 100) = 2.0E0", Bind: bindLog},
		math2("POWER", "The first argument to the power of the second.", "POWER(2, 3) = 8.0E0", math.Pow),
		math2("ATAN2", "The angle of a point, by its y and x.", "ATAN2(0, 1) = 0.0E0", math.Atan2),
		math1("SIN", "The sine.", "SIN(0) = 0.0E0", math.Sin),
		math1("COS", "The cosine.", "COS(0) = 1.0E0", math.Cos),
		math1("TAN", "The tangent.", "TAN(0) = 0.0E0", math.Tan),
		math1("COT", "The cotangent.", "COT(0.5) > 1.83E0 = TRUE", func(v float64) float64 { return 1 / math.Tan(v) }),
		math1("ASIN", "The arc sine.", "ASIN(0) = 0.0E0", math.Asin),
		math1("ACOS", "The arc cosine.", "ACOS(1) = 0.0E0", arcCosine),
		math1("ATAN", "The arc tangent.", "ATAN(0) = 0.0E0", math.Atan),
		math1("SINH", "The hyperbolic sine.", "SINH(0) = 0.0E0", math.Sinh),
		math1("COSH", "The hyperbolic cosine.", "COSH(0) = 1.0E0", math.Cosh),
		math1("TANH", "The hyperbolic tangent.", "TANH(0) = 0.0E0", math.Tanh),
		math1("DEGREES", "Radians in degrees.", "DEGREES(0) = 0.0E0", func(v float64) float64 { return v * (180 / math.Pi) }),
		math1("RADIANS", "Degrees in radians.", "RADIANS(0) = 0.0E0", func(v float64) float64 { return v * (math.Pi / 180) }),
		constant("PI", "The number pi.", "PI() > 3.14 = TRUE", math.Pi),
		constant("E", "The number e.", "E() > 2.71 = TRUE", math.E),
		{Name: "RAND", Doc: "A random number from 0 to less than 1. With a seed it is the first that Java's generator gives for it.", Example: "RAND() < 1 = TRUE", Volatile: true, Bind: bindRand},
		{Name: "RAND_INTEGER", Doc: "A random INT from 0 to less than the last argument. With a seed before it, it is the first that Java's generator gives for it.", Example: "RAND_INTEGER(10) < 10 = TRUE", Volatile: true, Bind: bindRandInteger},
	}
}

// arcCosine is Java's (fdlibm's) formula, which differs from Go's in the last digit.
func arcCosine(v float64) float64 {
	switch {
	case v >= 0.5:
		return 2 * math.Asin(math.Sqrt((1-v)/2))
	case v <= -0.5:
		return math.Pi - 2*math.Asin(math.Sqrt((1+v)/2))
	}
	return math.Pi/2 - math.Asin(v)
}

func doubles(n int) []schema.TypeID {
	ids := make([]schema.TypeID, n)
	for i := range ids {
		ids[i] = schema.Double
	}
	return ids
}

// log10 is fdlibm's, as in Java: more exact than math.Log10, for which 0.1 is not quite at -1.
func log10(x float64) float64 {
	if !(x > 0) || math.IsInf(x, 1) {
		return math.Log10(x)
	}
	const perE, highPer2, lowPer2 = 4.34294481903251816668e-01, 3.01029995663611771306e-01, 3.69423907715893078616e-13
	fraction, exponent := math.Frexp(x)
	if exponent > 0 {
		fraction, exponent = 2*fraction, exponent-1
	}
	n := float64(exponent)
	// The conversions keep the compiler from fusing operations.
	return float64(n*lowPer2) + float64(perE*math.Log(fraction)) + float64(n*highPer2)
}

func math1(name, doc, example string, f func(float64) float64) Scalar {
	return simple(name, doc, example, doubles(1), schema.Of(schema.Double), each1(f64s, f64s, f))
}

func math2(name, doc, example string, f func(a, b float64) float64) Scalar {
	return simple(name, doc, example, doubles(2), schema.Of(schema.Double), each2(f))
}

func each2(f func(a, b float64) float64) Kernel {
	return func(c *Call, args []*vec.Column, dst *vec.Column) error {
		a, b := args[0].F64, args[1].F64
		return each(c, dst, func(i int) error { dst.F64[i] = f(a[i], b[i]); return nil })
	}
}

func constant(name, doc, example string, v float64) Scalar {
	return simple(name, doc, example, nil, schema.Of(schema.Double), func(c *Call, _ []*vec.Column, dst *vec.Column) error {
		for i := range c.Rows.N {
			dst.F64[i] = v
		}
		return nil
	})
}

func bindLog(args []Arg) (*Overload, error) {
	if err := arity("LOG", args, 1, 2); err != nil {
		return nil, err
	}
	types, err := conform("LOG", args, doubles(2))
	if err != nil {
		return nil, err
	}
	o := &Overload{Args: types, Result: like(schema.Of(schema.Double), args)}
	if len(args) == 1 {
		o.Kernel = each1(f64s, f64s, math.Log)
	} else {
		o.Kernel = each2(func(base, v float64) float64 { return math.Log(v) / math.Log(base) })
	}
	return o, nil
}

func bindAbs(args []Arg) (*Overload, error) {
	if err := arity("ABS", args, 1, 1); err != nil {
		return nil, err
	}
	t := args[0].Type
	o := &Overload{Args: []schema.Type{t}, Result: t}
	switch t.ID {
	case schema.TinyInt:
		o.Kernel = each1(i8s, i8s, absolute[int8])
	case schema.SmallInt:
		o.Kernel = each1(i16s, i16s, absolute[int16])
	case schema.Int, schema.IntervalMonth:
		o.Kernel = each1(i32s, i32s, absolute[int32])
	case schema.BigInt, schema.IntervalDay:
		o.Kernel = each1(i64s, i64s, absolute[int64])
	case schema.Float:
		o.Kernel = each1(f32s, f32s, func(v float32) float32 { return float32(math.Abs(float64(v))) })
	case schema.Double:
		o.Kernel = each1(f64s, f64s, math.Abs)
	case schema.Decimal:
		o.Kernel = each1(d128s, d128s, func(v vec.Decimal128) vec.Decimal128 { m, _ := magnitude(v); return signed(m, false) })
	default:
		return nil, wrong("ABS", args, "a number")
	}
	return o, nil
}

func absolute[T integer](v T) T {
	if v < 0 {
		return -v
	}
	return v
}

func bindSign(args []Arg) (*Overload, error) {
	if err := arity("SIGN", args, 1, 1); err != nil {
		return nil, err
	}
	t := args[0].Type
	o := &Overload{Args: []schema.Type{t}, Result: t}
	switch t.ID {
	case schema.TinyInt:
		o.Kernel = each1(i8s, i8s, sign[int8])
	case schema.SmallInt:
		o.Kernel = each1(i16s, i16s, sign[int16])
	case schema.Int:
		o.Kernel = each1(i32s, i32s, sign[int32])
	case schema.BigInt:
		o.Kernel = each1(i64s, i64s, sign[int64])
	case schema.Float:
		o.Kernel = each1(f32s, f32s, sign[float32])
	case schema.Double:
		o.Kernel = each1(f64s, f64s, sign[float64])
	case schema.Decimal:
		one, _ := rescale(decimalFromInt(1), 0, t.Scale, maxPrecision, halfUp)
		o.Kernel = each1(d128s, d128s, func(v vec.Decimal128) vec.Decimal128 {
			switch {
			case isZero(v):
				return v
			case v.Hi < 0:
				return negated(one)
			}
			return one
		})
	default:
		return nil, wrong("SIGN", args, "a number")
	}
	return o, nil
}

func sign[T fixed](v T) T {
	switch {
	case v > 0:
		return 1
	case v < 0:
		return T(0) - 1
	}
	return v
}

// javaRandom is java.util.Random, just seeded.
type javaRandom uint64

const javaMask = 1<<48 - 1

func newJavaRandom(seed int64) javaRandom { return javaRandom((uint64(seed) ^ 0x5DEECE66D) & javaMask) }

func (r *javaRandom) next(bits uint) int32 {
	*r = (*r*0x5DEECE66D + 0xB) & javaMask
	return int32(uint64(*r) >> (48 - bits))
}

func (r *javaRandom) double() float64 {
	return float64(int64(r.next(26))<<27+int64(r.next(27))) / (1 << 53)
}

func (r *javaRandom) below(n int32) int32 {
	if n&-n == n {
		return int32(int64(n) * int64(r.next(31)) >> 31)
	}
	for {
		b := r.next(31)
		if v := b % n; b-v+(n-1) >= 0 {
			return v
		}
	}
}

func bindRand(args []Arg) (*Overload, error) {
	if err := arity("RAND", args, 0, 1); err != nil {
		return nil, err
	}
	types, err := conform("RAND", args, []schema.TypeID{schema.Int})
	if err != nil {
		return nil, err
	}
	kernel := func(c *Call, cols []*vec.Column, dst *vec.Column) error {
		return each(c, dst, func(i int) error {
			if len(cols) == 0 {
				dst.F64[i] = rand.Float64()
			} else {
				r := newJavaRandom(int64(cols[0].I32[i]))
				dst.F64[i] = r.double()
			}
			return nil
		})
	}
	return &Overload{Args: types, Result: like(schema.Of(schema.Double), args), Kernel: kernel}, nil
}

func bindRandInteger(args []Arg) (*Overload, error) {
	if err := arity("RAND_INTEGER", args, 1, 2); err != nil {
		return nil, err
	}
	types, err := conform("RAND_INTEGER", args, []schema.TypeID{schema.Int, schema.Int})
	if err != nil {
		return nil, err
	}
	kernel := func(c *Call, cols []*vec.Column, dst *vec.Column) error {
		return each(c, dst, func(i int) error {
			n := cols[len(cols)-1].I32[i]
			switch {
			case n <= 0:
				return wrong("RAND_INTEGER", args, "a bound above 0")
			case len(cols) == 1:
				dst.I32[i] = rand.Int32N(n)
			default:
				r := newJavaRandom(int64(cols[0].I32[i]))
				dst.I32[i] = r.below(n)
			}
			return nil
		})
	}
	return &Overload{Args: types, Result: like(schema.Of(schema.Int), args), Kernel: kernel}, nil
}
