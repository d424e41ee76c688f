package function

import (
	"math"
	"math/bits"
	"strconv"

	"millrace/format"
	"millrace/vec"
)

// Arithmetic on DECIMAL: magnitudes as unsigned integers of 128 bits, intermediate results of 512,
// rounding half up (away from zero), as java.math.BigDecimal with RoundingMode.HALF_UP. What has
// more digits than its type allows is NULL.

// magnitude splits d into its absolute value and whether it is negative.
func magnitude(d vec.Decimal128) (u128, bool) {
	if d.Hi >= 0 {
		return u128{d.Lo, uint64(d.Hi)}, false
	}
	lo, borrow := bits.Sub64(0, d.Lo, 0)
	hi, _ := bits.Sub64(0, uint64(d.Hi), borrow)
	return u128{lo, hi}, true
}

// signed is the number with the given absolute value, below 2^127, and sign.
func signed(m u128, negative bool) vec.Decimal128 {
	if negative {
		return negated(vec.Decimal128{Lo: m.lo, Hi: int64(m.hi)})
	}
	return vec.Decimal128{Lo: m.lo, Hi: int64(m.hi)}
}

func negated(d vec.Decimal128) vec.Decimal128 {
	lo, borrow := bits.Sub64(0, d.Lo, 0)
	hi, _ := bits.Sub64(0, uint64(d.Hi), borrow)
	return vec.Decimal128{Lo: lo, Hi: int64(hi)}
}

func plus(a, b vec.Decimal128) vec.Decimal128 {
	lo, carry := bits.Add64(a.Lo, b.Lo, 0)
	hi, _ := bits.Add64(uint64(a.Hi), uint64(b.Hi), carry)
	return vec.Decimal128{Lo: lo, Hi: int64(hi)}
}

func decimalFromInt(v int64) vec.Decimal128 { return vec.Decimal128{Lo: uint64(v), Hi: v >> 63} }

func isZero(d vec.Decimal128) bool { return d.Lo|uint64(d.Hi) == 0 }

func (a u128) less(b u128) bool { return a.hi < b.hi || a.hi == b.hi && a.lo < b.lo }

// fits reports whether m has at most precision digits.
func (a u128) fits(precision int32) bool { return a.less(pow10[precision]) }

// compareInts orders two unscaled values of one scale.
func compareInts(a, b vec.Decimal128) int {
	switch {
	case a.Hi != b.Hi:
		if a.Hi < b.Hi {
			return -1
		}
		return 1
	case a.Lo == b.Lo:
		return 0
	case a.Lo < b.Lo:
		return -1
	}
	return 1
}

// compareDecimals orders a with scale sa and b with scale sb, exactly.
func compareDecimals(a vec.Decimal128, sa int32, b vec.Decimal128, sb int32) int {
	if sa == sb {
		return compareInts(a, b)
	}
	ma, na := magnitude(a)
	mb, nb := magnitude(b)
	wa, wb := ma.wide(), mb.wide()
	if sa < sb {
		wa.shift10(sb - sa)
	} else {
		wb.shift10(sa - sb)
	}
	c := wa.compare(&wb)
	switch {
	case na != nb && (wa != wide{} || wb != wide{}):
		if na {
			return -1
		}
		return 1
	case na:
		return -c
	}
	return c
}

// rescale brings d from one scale to another. False means that it has more than precision digits.
func rescale(d vec.Decimal128, from, to, precision int32, r rounding) (vec.Decimal128, bool) {
	m, negative := magnitude(d)
	if from == to {
		return d, m.fits(precision)
	}
	w := m.wide()
	if to > from {
		w.shift10(to - from)
	} else {
		w.drop(from-to, r, negative)
	}
	m, ok := w.narrow(precision)
	return signed(m, negative), ok
}

// shape is the precision and scale of a DECIMAL.
type shape struct{ precision, scale int32 }

func addDecimals(a vec.Decimal128, sa int32, b vec.Decimal128, sb int32, out shape) (vec.Decimal128, bool) {
	if sa == sb && out.scale == sa {
		// Two numbers below 10^38 stay below 2^127 when added.
		sum := plus(a, b)
		m, _ := magnitude(sum)
		return sum, m.fits(out.precision)
	}
	ma, na := magnitude(a)
	mb, nb := magnitude(b)
	wa, wb := ma.wide(), mb.wide()
	scale := max(sa, sb)
	wa.shift10(scale - sa)
	wb.shift10(scale - sb)
	negative := na
	switch c := wa.compare(&wb); {
	case na == nb:
		wa.combine(&wb, bits.Add64)
	case c >= 0:
		wa.combine(&wb, bits.Sub64)
	default:
		wb.combine(&wa, bits.Sub64)
		wa, negative = wb, nb
	}
	if out.scale < scale {
		wa.drop(scale-out.scale, halfUp, negative)
	}
	m, ok := wa.narrow(out.precision)
	return signed(m, negative), ok
}

func multiplyDecimals(a vec.Decimal128, sa int32, b vec.Decimal128, sb int32, out shape) (vec.Decimal128, bool) {
	ma, na := magnitude(a)
	mb, nb := magnitude(b)
	w := multiply(ma, mb)
	negative := na != nb
	switch s := sa + sb; {
	case s > out.scale:
		w.drop(s-out.scale, halfUp, negative)
	case s < out.scale:
		w.shift10(out.scale - s)
	}
	m, ok := w.narrow(out.precision)
	return signed(m, negative), ok
}

// divideDecimals rounds the exact quotient once, at the result's scale. (Flink rounds it to 38
// digits first; the two differ only where that first rounding makes a tie.) b is not 0.
func divideDecimals(a vec.Decimal128, sa int32, b vec.Decimal128, sb int32, out shape) (vec.Decimal128, bool) {
	ma, na := magnitude(a)
	mb, nb := magnitude(b)
	w := ma.wide()
	if s := out.scale + sb - sa; s >= 0 {
		w.shift10(s)
	} else {
		w.drop(-s, towardZero, false)
	}
	w.dropRounded(mb, halfUp, false)
	m, ok := w.narrow(out.precision)
	return signed(m, na != nb), ok
}

// remainderDecimals has the sign of a. b is not 0.
func remainderDecimals(a vec.Decimal128, sa int32, b vec.Decimal128, sb int32, out shape) (vec.Decimal128, bool) {
	ma, na := magnitude(a)
	mb, _ := magnitude(b)
	wa, wb := ma.wide(), mb.wide()
	scale := max(sa, sb)
	wa.shift10(scale - sa)
	wb.shift10(scale - sb)
	if wb[2]|wb[3]|wb[4] == 0 {
		_, r := wa.divide(u128{wb[0], wb[1]})
		wa = r.wide()
	} else if wa.compare(&wb) >= 0 {
		return vec.Decimal128{}, false // more than 38 digits on both sides
	}
	if out.scale < scale {
		wa.drop(scale-out.scale, halfUp, na)
	}
	m, ok := wa.narrow(out.precision)
	return signed(m, na), ok
}

// parseDecimal reads a number such as "-1.50" or "1e3" and rounds it half up to out's scale. fits is false
// when it has more digits than out allows, valid when it is no number. Unlike in a record, its exponent may
// be as long as it likes.
func parseDecimal(text []byte, out shape) (d vec.Decimal128, fits, valid bool) {
	n, valid := format.ScanNumber(text)
	if !valid {
		return d, false, false
	}
	d, fits = n.Decimal(out.precision, out.scale)
	return d, fits, true
}

// decimalFromFloat rounds the shortest decimal text of v, as Java's BigDecimal.valueOf.
func decimalFromFloat(v float64, out shape) (vec.Decimal128, bool) {
	var buf [32]byte
	d, ok, _ := parseDecimal(strconv.AppendFloat(buf[:0], v, 'e', -1, 64), out)
	return d, ok
}

func decimalToFloat(d vec.Decimal128, scale int32) float64 {
	m, negative := magnitude(d)
	if m.hi == 0 && m.lo < 1<<53 && scale <= 22 {
		f := float64(m.lo) / math.Pow10(int(scale)) // both exact, so the quotient is rounded once
		if negative {
			return -f
		}
		return f
	}
	var buf [64]byte
	text := format.AppendDecimal(buf[:0], d, scale)
	f, _ := strconv.ParseFloat(string(text), 64)
	return f
}

// decimalToInt cuts the fraction off and keeps the low 64 bits, as Java's longValue.
func decimalToInt(d vec.Decimal128, scale int32) int64 {
	whole, _ := rescale(d, scale, 0, maxPrecision, towardZero)
	return int64(whole.Lo)
}
