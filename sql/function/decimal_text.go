package function

import (
	"math/bits"

	"millrace/vec"
)

// AppendDecimal appends the unscaled d with scale digits behind the point: "1.10".
func AppendDecimal(dst []byte, d vec.Decimal128, scale int32) []byte {
	m, negative := magnitude(d)
	if negative {
		dst = append(dst, '-')
	}
	var digits [40]byte
	at := len(digits)
	for m.hi != 0 {
		w := m.wide()
		q, r := w.divide(u128{lo: pow10[18].lo})
		m = u128{q[0], q[1]}
		for range 18 {
			at--
			digits[at] = byte('0' + r.lo%10)
			r.lo /= 10
		}
	}
	for v := m.lo; v > 0; v /= 10 {
		at--
		digits[at] = byte('0' + v%10)
	}
	for len(digits)-at <= int(scale) {
		at--
		digits[at] = '0'
	}
	point := len(digits) - int(scale)
	dst = append(dst, digits[at:point]...)
	if scale > 0 {
		dst = append(dst, '.')
		dst = append(dst, digits[point:]...)
	}
	return dst
}

// ParseDecimal reads a number such as "-1.50" or "1e3" and rounds it half up to scale. ok is false
// when it has more than precision digits, valid when it is no number.
func ParseDecimal(text []byte, precision, scale int32) (d vec.Decimal128, ok, valid bool) {
	return parseDecimal(text, shape{precision, scale})
}

func parseDecimal(text []byte, out shape) (d vec.Decimal128, ok, valid bool) {
	n, valid := scanNumber(text)
	if !valid {
		return d, false, false
	}
	// The digits are those of whole and fraction; exp is where the point belongs behind whole.
	digits := len(n.whole) + len(n.fraction)
	at := func(i int) byte {
		if i < len(n.whole) {
			return n.whole[i]
		}
		return n.fraction[i-len(n.whole)]
	}
	first := 0
	for first < digits && at(first) == '0' {
		first++
	}
	if first == digits {
		return d, true, true
	}
	keep := len(n.whole) + n.exp + int(out.scale) // how many of the digits stand before the cut
	if keep-first > int(maxPrecision) {
		return d, false, true
	}
	var m u128
	for i := first; i < keep; i++ {
		c := byte('0')
		if i < digits {
			c = at(i)
		}
		hi, lo := bits.Mul64(m.lo, 10)
		lo, carry := bits.Add64(lo, uint64(c-'0'), 0)
		m = u128{lo: lo, hi: hi + m.hi*10 + carry}
	}
	if keep >= first && keep < digits && at(keep) >= '5' {
		lo, carry := bits.Add64(m.lo, 1, 0)
		m = u128{lo: lo, hi: m.hi + carry}
	}
	return signed(m, n.negative), m.fits(out.precision), true
}

// number is the parts of a number in text.
type number struct {
	negative        bool
	whole, fraction []byte
	exp             int
}

// maxExponent keeps sums of exponents and lengths in an int; such numbers are 0 or too big anyway.
const maxExponent = 1 << 20

// scanNumber reads [+-]digits[.digits][e[+-]digits] with at least one digit.
func scanNumber(text []byte) (number, bool) {
	var n number
	i := 0
	if i < len(text) && (text[i] == '-' || text[i] == '+') {
		n.negative = text[i] == '-'
		i++
	}
	from := i
	for i < len(text) && isDigit(text[i]) {
		i++
	}
	n.whole = text[from:i]
	if i < len(text) && text[i] == '.' {
		i++
		from = i
		for i < len(text) && isDigit(text[i]) {
			i++
		}
		n.fraction = text[from:i]
	}
	if len(n.whole)+len(n.fraction) == 0 {
		return n, false
	}
	if i == len(text) {
		return n, true
	}
	if text[i] != 'e' && text[i] != 'E' {
		return n, false
	}
	exp, ok := scanInt(text[i+1:])
	n.exp = int(max(-maxExponent, min(maxExponent, exp)))
	return n, ok
}

// scanInt reads [+-]digits; what exceeds 64 bits stays at a large value.
func scanInt(text []byte) (int64, bool) {
	negative := false
	if len(text) > 0 && (text[0] == '-' || text[0] == '+') {
		negative = text[0] == '-'
		text = text[1:]
	}
	if len(text) == 0 {
		return 0, false
	}
	var v int64
	for _, c := range text {
		if !isDigit(c) {
			return 0, false
		}
		v = min(v*10+int64(c-'0'), 1<<50)
	}
	if negative {
		v = -v
	}
	return v, true
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
