package format

import (
	"math/bits"

	"millrace/vec"
)

// Number is the parts of a number in text. The slices are parts of the text.
type Number struct {
	Negative        bool
	Whole, Fraction []byte // the digits before and behind the point
	Exp             int64  // the power of ten that is behind them; at most ±maxExponent
}

// maxExponent keeps sums of exponents and lengths in an int64; with it a number is 0 or too big anyway.
const maxExponent = 1 << 50

// ScanNumber reads [+-]digits[.digits][e[+-]digits] with at least one digit before the exponent.
func ScanNumber(text []byte) (n Number, ok bool) {
	i := 0
	if i < len(text) && (text[i] == '-' || text[i] == '+') {
		n.Negative = text[i] == '-'
		i++
	}
	end := digitsEnd(text, i)
	n.Whole = text[i:end]
	if i = end; i < len(text) && text[i] == '.' {
		end = digitsEnd(text, i+1)
		n.Fraction = text[i+1 : end]
		i = end
	}
	switch {
	case len(n.Whole)+len(n.Fraction) == 0:
		return n, false
	case i == len(text):
		return n, true
	case text[i]|0x20 != 'e':
		return n, false
	}
	n.Exp, ok = parseExponent(text[i+1:])
	return n, ok
}

func digitsEnd(s []byte, i int) int {
	for i < len(s) && s[i]-'0' <= 9 {
		i++
	}
	return i
}

func parseExponent(s []byte) (int64, bool) {
	negative := false
	if len(s) > 0 && (s[0] == '-' || s[0] == '+') {
		negative, s = s[0] == '-', s[1:]
	}
	if len(s) == 0 {
		return 0, false
	}
	v := int64(0)
	for _, c := range s {
		if c -= '0'; c > 9 {
			return 0, false
		}
		v = min(v*10+int64(c), maxExponent)
	}
	if negative {
		v = -v
	}
	return v, true
}

// Decimal rounds n half up to the given scale. fits is false if it then has more digits than the
// precision: such a number is NULL in Flink.
func (n Number) Decimal(precision, scale int32) (d vec.Decimal128, fits bool) {
	keep := int64(len(n.Whole)) + n.Exp + int64(scale) // how many of the digits stand before the place to round at
	whole, fraction := trimZeros(n.Whole), n.Fraction
	if len(whole) == 0 {
		fraction = trimZeros(fraction)
	}
	digits := int64(len(whole) + len(fraction))
	keep += digits - int64(len(n.Whole)+len(n.Fraction))
	switch {
	case digits == 0 || keep < 0:
		return d, true
	case keep > int64(precision):
		return d, false
	}
	var hi, lo uint64
	hi, lo = withDigits(hi, lo, whole[:min(keep, int64(len(whole)))])
	switch rest := keep - int64(len(whole)); {
	case rest > int64(len(fraction)):
		hi, lo = withDigits(hi, lo, fraction)
		hi, lo = withDigits(hi, lo, zeros[:keep-digits])
	case rest > 0:
		hi, lo = withDigits(hi, lo, fraction[:rest])
	}
	if keep < digits && digitAt(whole, fraction, int(keep)) >= '5' {
		var carry uint64
		lo, carry = bits.Add64(lo, 1, 0)
		hi += carry
	}
	if limHi, limLo := tenTo(precision); hi > limHi || hi == limHi && lo >= limLo {
		return d, false
	}
	d = vec.Decimal128{Lo: lo, Hi: int64(hi)}
	if n.Negative {
		d = negate(d)
	}
	return d, true
}

// zeros are as many as the largest DECIMAL has digits.
const zeros = "00000000000000000000000000000000000000"

func trimZeros(s []byte) []byte {
	for len(s) > 0 && s[0] == '0' {
		s = s[1:]
	}
	return s
}

func digitAt(whole, fraction []byte, i int) byte {
	if i < len(whole) {
		return whole[i]
	}
	return fraction[i-len(whole)]
}

// withDigits returns the number of 128 bits that has digits behind those it has, 19 at a time.
func withDigits[T string | []byte](hi, lo uint64, digits T) (uint64, uint64) {
	for i := 0; i < len(digits); {
		from, v := i, uint64(0)
		for ; i < len(digits) && i < from+19; i++ {
			v = v*10 + uint64(digits[i]-'0')
		}
		ten := powersOfTen[i-from]
		over, low := bits.Mul64(lo, ten)
		low, carry := bits.Add64(low, v, 0)
		hi, lo = hi*ten+over+carry, low
	}
	return hi, lo
}

// tenTo returns 10 to the n, of which 38 is the largest that a DECIMAL needs.
func tenTo(n int32) (hi, lo uint64) {
	first := min(n, 19)
	return bits.Mul64(powersOfTen[first], powersOfTen[n-first])
}

var powersOfTen = [...]uint64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19}

// ParseDecimal reads a number as Java's BigDecimal does (digits, a point, an exponent of up to ten digits)
// and rounds it half up to the given scale. fits is false if it then has more digits than the precision.
func ParseDecimal(s []byte, precision, scale int32) (d vec.Decimal128, fits, ok bool) {
	n, ok := ScanNumber(s)
	if !ok || max(n.Exp, -n.Exp) >= 1e10 {
		return d, false, false
	}
	d, fits = n.Decimal(precision, scale)
	return d, fits, true
}
