package format

import (
	"math/bits"

	"millrace/vec"
)

// maxDigits is the largest precision of a DECIMAL.
const maxDigits = 38

// ParseDecimal reads a number as Java's BigDecimal does (digits, a point, an exponent) and rounds it half
// up to the given scale. fits is false if it then has more digits than the precision: such a number
// is NULL in Flink.
func ParseDecimal(s []byte, precision, scale int32) (d vec.Decimal128, fits, ok bool) {
	digits, n, point, negative, ok := significant(s)
	if !ok || n == 0 {
		return d, ok, ok
	}
	keep := point + int64(scale) // how many of the digits stand before the place to round at
	switch {
	case keep > int64(precision):
		return d, false, true
	case keep < 0:
		return d, true, true
	}
	var hi, lo uint64
	for i := range int(keep) {
		digit := byte(0)
		if i < n {
			digit = digits[i]
		}
		hi, lo = timesTenPlus(hi, lo, uint64(digit))
	}
	if int(keep) < n && digits[keep] >= 5 {
		var carry uint64
		lo, carry = bits.Add64(lo, 1, 0)
		hi += carry
	}
	if limHi, limLo := tenTo(precision); hi > limHi || hi == limHi && lo >= limLo {
		return d, false, true
	}
	d = vec.Decimal128{Lo: lo, Hi: int64(hi)}
	if negative {
		d = negate(d)
	}
	return d, true, true
}

// significant returns the digits of a number from the first that is not zero on (those beyond
// maxDigits+1 cannot change a rounded DECIMAL and are dropped), and where the point stands among them.
func significant(s []byte) (digits [maxDigits + 2]byte, n int, point int64, negative, ok bool) {
	i := 0
	if i < len(s) && (s[i] == '-' || s[i] == '+') {
		negative = s[i] == '-'
		i++
	}
	seen, fraction := false, false
	for ; i < len(s); i++ {
		c := s[i]
		if c == '.' && !fraction {
			fraction = true
			continue
		}
		if c -= '0'; c > 9 {
			break
		}
		seen = true
		switch {
		case c == 0 && n == 0:
			if fraction {
				point--
			}
			continue
		case n < len(digits):
			digits[n] = c
			n++
		}
		if !fraction {
			point++
		}
	}
	if !seen {
		return digits, 0, 0, false, false
	}
	if i == len(s) {
		return digits, n, point, negative, true
	}
	exponent, ok := parseExponent(s[i:])
	return digits, n, point + exponent, negative, ok
}

func parseExponent(s []byte) (int64, bool) {
	if s[0] != 'e' && s[0] != 'E' {
		return 0, false
	}
	s = s[1:]
	negative := false
	if len(s) > 0 && (s[0] == '-' || s[0] == '+') {
		negative, s = s[0] == '-', s[1:]
	}
	if len(s) == 0 || len(s) > 10 {
		return 0, false
	}
	v := int64(0)
	for _, c := range s {
		if c -= '0'; c > 9 {
			return 0, false
		}
		v = v*10 + int64(c)
	}
	if negative {
		v = -v
	}
	return v, true
}

func timesTenPlus(hi, lo, digit uint64) (uint64, uint64) {
	over, low := bits.Mul64(lo, 10)
	low, carry := bits.Add64(low, digit, 0)
	return hi*10 + over + carry, low
}

func tenTo(n int32) (hi, lo uint64) {
	lo = 1
	for range n {
		hi, lo = timesTenPlus(hi, lo, 0)
	}
	return hi, lo
}

func negate(d vec.Decimal128) vec.Decimal128 {
	lo, borrow := bits.Sub64(0, d.Lo, 0)
	return vec.Decimal128{Lo: lo, Hi: -d.Hi - int64(borrow)}
}

// decimalDigits returns the sign and the decimal digits of the unscaled value, in the end of buf.
func decimalDigits(d vec.Decimal128, buf *[40]byte) (negative bool, digits []byte) {
	if negative = d.Hi < 0; negative {
		d = negate(d)
	}
	hi, lo := uint64(d.Hi), d.Lo
	i := len(buf)
	for {
		var rem uint64
		hi, rem = hi/10, hi%10
		lo, rem = bits.Div64(rem, lo, 10)
		i--
		buf[i] = byte('0' + rem)
		if hi|lo == 0 {
			return negative, buf[i:]
		}
	}
}

// AppendDecimal writes a DECIMAL with all its fractional digits: 1.10.
func AppendDecimal(dst []byte, d vec.Decimal128, scale int32) []byte {
	var buf [40]byte
	negative, digits := decimalDigits(d, &buf)
	if negative {
		dst = append(dst, '-')
	}
	return appendPlain(dst, digits, int(scale))
}

// AppendStrippedDecimal writes a DECIMAL without the zeros at its end, as Flink's JSON does: 1.1, 1E+3,
// 2.7E-8; with plain never with an exponent.
func AppendStrippedDecimal(dst []byte, d vec.Decimal128, scale int32, plain bool) []byte {
	var buf [40]byte
	negative, digits := decimalDigits(d, &buf)
	s := int(scale)
	for len(digits) > 1 && digits[len(digits)-1] == '0' {
		digits, s = digits[:len(digits)-1], s-1
	}
	if digits[0] == '0' {
		return append(dst, '0')
	}
	if negative {
		dst = append(dst, '-')
	}
	adjusted := len(digits) - 1 - s
	if plain || s >= 0 && adjusted >= -6 {
		for ; s < 0; s++ {
			digits = append(digits, '0') // within buf: it had these zeros
		}
		return appendPlain(dst, digits, s)
	}
	dst = append(dst, digits[0])
	if len(digits) > 1 {
		dst = append(append(dst, '.'), digits[1:]...)
	}
	dst = append(dst, 'E', '+')
	if adjusted < 0 {
		dst[len(dst)-1] = '-'
		adjusted = -adjusted
	}
	if adjusted >= 10 {
		dst = append(dst, byte('0'+adjusted/10))
	}
	return append(dst, byte('0'+adjusted%10))
}

// AppendJavaDecimal writes a DECIMAL as BigDecimal.toString does: 1.10, but 2.7E-7.
func AppendJavaDecimal(dst []byte, d vec.Decimal128, scale int32) []byte {
	var buf [40]byte
	negative, digits := decimalDigits(d, &buf)
	if len(digits)-1-int(scale) >= -6 {
		return AppendDecimal(dst, d, scale)
	}
	if negative {
		dst = append(dst, '-')
	}
	dst = append(dst, digits[0])
	if len(digits) > 1 {
		dst = append(append(dst, '.'), digits[1:]...)
	}
	dst = append(dst, 'E', '-')
	return appendPadded(dst, int64(int(scale)-len(digits)+1), 1)
}

// appendPlain writes digits with a point before the last scale of them.
func appendPlain(dst, digits []byte, scale int) []byte {
	if scale == 0 {
		return append(dst, digits...)
	}
	if whole := len(digits) - scale; whole > 0 {
		dst = append(append(dst, digits[:whole]...), '.')
		return append(dst, digits[whole:]...)
	}
	dst = append(dst, '0', '.')
	for range scale - len(digits) {
		dst = append(dst, '0')
	}
	return append(dst, digits...)
}
