package function

import (
	"bytes"
	"math"
	"strconv"
)

// float appends %e, %f or %g. Java rounds half up the shortest decimal that is the number.
func (d *directive) float(out []byte, f float64, single bool) ([]byte, bool) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		word := directive{plus: d.plus, blank: d.blank, parentheses: d.parentheses, width: -1}
		if math.IsNaN(f) {
			return append(out, "NaN"...), true
		}
		return word.number(out, []byte("Infinity"), f < 0), true
	}
	digits := d.precision
	if digits < 0 {
		digits = 6
	}
	size := 64
	if single {
		size = 32
	}
	kind := d.conversion
	shortest := strconv.AppendFloat(nil, math.Abs(f), 'e', -1, size)
	if kind == 'g' {
		digits = max(digits, 1)
		_, exponent, _ := bytes.Cut(roundDigits(shortest, 'e', digits-1), []byte{'e'})
		exp, err := strconv.Atoi(string(exponent))
		if err != nil {
			return out, false
		}
		if kind, digits = 'e', digits-1; exp >= -4 && exp <= digits {
			kind, digits = 'f', digits-exp
		}
	}
	text := roundDigits(shortest, kind, digits)
	if text == nil || kind == 'e' && d.comma {
		return out, false
	}
	if d.hash && digits == 0 {
		text = append(text, '.')
	}
	return d.number(out, text, math.Signbit(f)), true
}

// roundDigits rounds a number d.ddde±xx half up to so many digits behind the point.
func roundDigits(number []byte, kind byte, digits int) []byte {
	mantissa, exponent, _ := bytes.Cut(number, []byte{'e'})
	exp, err := strconv.Atoi(string(exponent))
	if err != nil {
		return nil
	}
	all := bytes.ReplaceAll(mantissa, []byte{'.'}, nil)
	keep := digits + 1 // digits of all to keep
	if kind == 'f' {
		keep = exp + 1 + digits
	}
	if kind == 'f' && keep < len(all) || kind == 'e' && keep < len(all) {
		up := keep >= 0 && all[max(keep, 0)] >= '5'
		all = all[:max(keep, 0)]
		if up {
			all, exp = increment(all, exp)
		} else if keep < 0 {
			all = nil
		}
	}
	if kind == 'e' {
		for len(all) < digits+1 {
			all = append(all, '0')
		}
		text := append([]byte{}, all[0])
		if digits > 0 {
			text = append(append(text, '.'), all[1:digits+1]...)
		}
		sign := byte('+')
		if exp < 0 {
			sign, exp = '-', -exp
		}
		text = append(text, 'e', sign)
		if exp < 10 {
			text = append(text, '0')
		}
		return strconv.AppendInt(text, int64(exp), 10)
	}
	digit := func(place int) byte { // the digit at ten to the place
		if at := exp - place; at >= 0 && at < len(all) {
			return all[at]
		}
		return '0'
	}
	var text []byte
	for place := max(exp, 0); place >= -digits; place-- {
		if place == -1 {
			text = append(text, '.')
		}
		text = append(text, digit(place))
	}
	return text
}

// increment adds one to the last digit; the point moves if a digit more is needed.
func increment(all []byte, exp int) ([]byte, int) {
	all = bytes.Clone(all)
	for i := len(all) - 1; i >= 0; i-- {
		if all[i] < '9' {
			all[i]++
			return all, exp
		}
		all[i] = '0'
	}
	return append([]byte{'1'}, all...), exp + 1
}
