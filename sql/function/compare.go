package function

import (
	"bytes"

	"millrace/fault"
	"millrace/schema"
	"millrace/vec"
)

// comparison is one of the six operators.
type comparison uint8

const (
	equal comparison = iota
	notEqual
	less
	lessOrEqual
	greater
	greaterOrEqual
)

// holds reports whether the operator is TRUE for two values in the given order (-1, 0, 1).
func (op comparison) holds(order int) bool {
	switch op {
	case equal:
		return order == 0
	case notEqual:
		return order != 0
	case less:
		return order < 0
	case lessOrEqual:
		return order <= 0
	case greater:
		return order > 0
	}
	return order >= 0
}

func comparisons() []Scalar {
	return []Scalar{
		{Name: "=", Doc: "Whether two values are equal.", Example: "1 = 1 = TRUE", Bind: bindCompare("=", equal)},
		{Name: "<>", Doc: "Whether two values differ.", Example: "1 <> 2 = TRUE", Bind: bindCompare("<>", notEqual)},
		{Name: "<", Doc: "Whether the first value is less. Strings are ordered by their UTF-8 bytes.", Example: "1 < 2 = TRUE", Bind: bindCompare("<", less)},
		{Name: "<=", Doc: "Whether the first value is less or equal.", Example: "2 <= 2 = TRUE", Bind: bindCompare("<=", lessOrEqual)},
		{Name: ">", Doc: "Whether the first value is greater.", Example: "2 > 1 = TRUE", Bind: bindCompare(">", greater)},
		{Name: ">=", Doc: "Whether the first value is greater or equal.", Example: "1 >= 2 = FALSE", Bind: bindCompare(">=", greaterOrEqual)},
		{Name: "IS DISTINCT FROM", Doc: "Whether two values differ, where NULL is equal to NULL.", Example: "1 IS DISTINCT FROM NULL = TRUE", Bind: bindDistinct("IS DISTINCT FROM", true)},
		{Name: "IS NOT DISTINCT FROM", Doc: "Whether two values are equal, where NULL is equal to NULL.", Example: "1 IS NOT DISTINCT FROM NULL = FALSE", Bind: bindDistinct("IS NOT DISTINCT FROM", false)},
	}
}

func bindCompare(name string, op comparison) func([]Arg) (*Overload, error) {
	return func(args []Arg) (*Overload, error) {
		if err := arity(name, args, 2, 2); err != nil {
			return nil, err
		}
		a, b, err := sides(name, args)
		if err != nil {
			return nil, err
		}
		return &Overload{
			Args: []schema.Type{a, b}, Result: like(schema.Of(schema.Boolean), args), Kernel: compareKernel(op, a, b),
		}, nil
	}
}

// sides returns the types to which the operands of a comparison are cast: the same but for DECIMALs,
// which keep their scales.
func sides(name string, args []Arg) (a, b schema.Type, err error) {
	x, y := untyped(args[0], args[1])
	if exact(x) && exact(y) && (x.ID == schema.Decimal || y.ID == schema.Decimal) {
		return DecimalOf(x), DecimalOf(y), nil
	}
	t, ok := ComparisonType(x, y)
	if !ok {
		if x.IsNumeric() && y.IsString() || x.IsString() && y.IsNumeric() {
			return a, b, wrong(name, args, "two values that can be compared").(*fault.Error).WithHint("write CAST(… AS …): text and numbers are not converted by themselves")
		}
		return a, b, wrong(name, args, "two values that can be compared")
	}
	if len(t.Fields) > 0 && name != "=" && name != "<>" {
		return a, b, wrong(name, args, "values that are not ARRAY, MAP, MULTISET or ROW")
	}
	return as(t, args[0]), as(t, args[1]), nil
}

// exact reports whether one of the operands makes a DECIMAL comparison.
func exact(t schema.Type) bool { return t.ID == schema.Decimal || t.IsInteger() }

func compareKernel(op comparison, a, b schema.Type) Kernel {
	if a.ID == schema.Decimal {
		return compareBy(op, func(x, y *vec.Column, i int) int { return compareDecimals(x.D128[i], a.Scale, y.D128[i], b.Scale) })
	}
	switch vec.LayoutOf(a.ID) {
	case vec.LayoutBits:
		return compareBits(op)
	case vec.LayoutI8:
		return compareFixed(op, i8s)
	case vec.LayoutI16:
		return compareFixed(op, i16s)
	case vec.LayoutI32:
		return compareFixed(op, i32s)
	case vec.LayoutI64:
		return compareFixed(op, i64s)
	case vec.LayoutF32:
		return compareFixed(op, f32s)
	case vec.LayoutF64:
		return compareFixed(op, f64s)
	case vec.LayoutBytes:
		if op == equal || op == notEqual {
			return equalText(op)
		}
		return compareBy(op, func(x, y *vec.Column, i int) int { return bytes.Compare(x.Bytes(i), y.Bytes(i)) })
	case vec.LayoutList, vec.LayoutRow:
		return func(c *Call, args []*vec.Column, dst *vec.Column) error {
			return each(c, dst, func(i int) error {
				dst.Bits.Put(i, args[0].Equal(i, args[1], i) == (op == equal))
				return nil
			})
		}
	}
	return func(*Call, []*vec.Column, *vec.Column) error { return nil } // NULL = NULL
}

// compareFixed compares all rows, named or not: it cannot fail and is cheaper than choosing.
func compareFixed[T fixed](op comparison, get values[T]) Kernel {
	return func(c *Call, args []*vec.Column, dst *vec.Column) error {
		n := c.Rows.N
		a, b := get(args[0])[:n], get(args[1])[:n]
		switch op {
		case equal, notEqual:
			equalBits(dst.Bits, a, b)
			if op == notEqual {
				for i := range dst.Bits {
					dst.Bits[i] = ^dst.Bits[i]
				}
			}
		case less:
			lessBits(dst.Bits, a, b)
		case greater:
			lessBits(dst.Bits, b, a)
		case lessOrEqual:
			lessOrEqualBits(dst.Bits, a, b)
		default:
			lessOrEqualBits(dst.Bits, b, a)
		}
		return nil
	}
}

// The three loops below fill a word bit by bit from the top, so that each step shifts by a constant.

func equalBits[T fixed](dst vec.Bitmap, a, b []T) {
	for w := range dst {
		x, y := chunk(a, w), chunk(b, w)
		y = y[:len(x)]
		var word uint64
		for j := range x {
			var bit uint64
			if x[j] == y[j] {
				bit = 1 << 63
			}
			word = word>>1 | bit
		}
		dst[w] = word >> (64 - uint(len(x)))
	}
}

func lessBits[T fixed](dst vec.Bitmap, a, b []T) {
	for w := range dst {
		x, y := chunk(a, w), chunk(b, w)
		y = y[:len(x)]
		var word uint64
		for j := range x {
			var bit uint64
			if x[j] < y[j] {
				bit = 1 << 63
			}
			word = word>>1 | bit
		}
		dst[w] = word >> (64 - uint(len(x)))
	}
}

func lessOrEqualBits[T fixed](dst vec.Bitmap, a, b []T) {
	for w := range dst {
		x, y := chunk(a, w), chunk(b, w)
		y = y[:len(x)]
		var word uint64
		for j := range x {
			var bit uint64
			if x[j] <= y[j] {
				bit = 1 << 63
			}
			word = word>>1 | bit
		}
		dst[w] = word >> (64 - uint(len(x)))
	}
}

// chunk is the values of word w of a bitmap.
func chunk[T any](s []T, w int) []T { return s[w<<6 : min(len(s), (w+1)<<6)] }

// compareBits compares BOOLEANs word by word; FALSE is less than TRUE.
func compareBits(op comparison) Kernel {
	return func(_ *Call, args []*vec.Column, dst *vec.Column) error {
		a, b := args[0].Bits, args[1].Bits
		for i := range dst.Bits {
			var w uint64
			switch op {
			case equal:
				w = ^(a[i] ^ b[i])
			case notEqual:
				w = a[i] ^ b[i]
			case less:
				w = ^a[i] & b[i]
			case lessOrEqual:
				w = ^a[i] | b[i]
			case greater:
				w = a[i] &^ b[i]
			default:
				w = a[i] | ^b[i]
			}
			dst.Bits[i] = w
		}
		return nil
	}
}

// compareBy compares the named rows one by one.
func compareBy(op comparison, order func(x, y *vec.Column, i int) int) Kernel {
	return func(c *Call, args []*vec.Column, dst *vec.Column) error {
		for k := range c.Rows.Len() {
			i := c.Rows.At(k)
			if !dst.IsNull(i) {
				dst.Bits.Put(i, op.holds(order(args[0], args[1], i)))
			}
		}
		return nil
	}
}

func equalText(op comparison) Kernel {
	return func(c *Call, args []*vec.Column, dst *vec.Column) error {
		a, b := args[0], args[1]
		for k := range c.Rows.Len() {
			i := c.Rows.At(k)
			dst.Bits.Put(i, (string(a.Bytes(i)) == string(b.Bytes(i))) == (op == equal))
		}
		return nil
	}
}

// bindDistinct binds the comparisons that are never NULL.
func bindDistinct(name string, distinct bool) func([]Arg) (*Overload, error) {
	return func(args []Arg) (*Overload, error) {
		if err := arity(name, args, 2, 2); err != nil {
			return nil, err
		}
		a, b, err := sides(name, args)
		if err != nil {
			return nil, err
		}
		same := compareKernel(equal, a, b)
		kernel := func(c *Call, cols []*vec.Column, dst *vec.Column) error {
			if err := same(c, cols, dst); err != nil {
				return err
			}
			x, y := cols[0].Valid, cols[1].Valid
			for i := range dst.Bits {
				vx, vy := wordOf(x, i), wordOf(y, i)
				w := dst.Bits[i]&vx&vy | ^vx&^vy
				if distinct {
					w = ^w
				}
				dst.Bits[i] = w
			}
			return nil
		}
		return &Overload{Args: []schema.Type{a, b}, Result: schema.Of(schema.Boolean).Required(), Kernel: kernel, Lenient: true}, nil
	}
}

// wordOf is word i of a validity.
func wordOf(v vec.Bitmap, i int) uint64 {
	if v == nil {
		return ^uint64(0)
	}
	return v[i]
}
