package format

import (
	"math/bits"

	"millrace/vec"
)

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
	return AppendPadded(dst, int64(int(scale)-len(digits)+1), 1)
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

// decimalDigits returns the sign and the decimal digits of the unscaled value, in the end of buf.
func decimalDigits(d vec.Decimal128, buf *[40]byte) (negative bool, digits []byte) {
	if negative = d.Hi < 0; negative {
		d = negate(d)
	}
	const chunk = 1e19 // the largest power of ten in 64 bits
	hi, lo, i := uint64(d.Hi), d.Lo, len(buf)
	for hi != 0 {
		var rem uint64
		hi, rem = hi/chunk, hi%chunk
		lo, rem = bits.Div64(rem, lo, chunk)
		for range 19 {
			i--
			buf[i] = byte('0' + rem%10)
			rem /= 10
		}
	}
	for {
		i--
		buf[i] = byte('0' + lo%10)
		if lo /= 10; lo == 0 {
			return negative, buf[i:]
		}
	}
}

func negate(d vec.Decimal128) vec.Decimal128 {
	lo, borrow := bits.Sub64(0, d.Lo, 0)
	return vec.Decimal128{Lo: lo, Hi: -d.Hi - int64(borrow)}
}
