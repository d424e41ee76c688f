package format

import (
	"math"
	"strconv"

	"millrace/schema"
)

// AppendDouble writes f as Java's Double.toString does: 25.0, 1.0E10, 1.0E-5, NaN, -Infinity.
func AppendDouble(dst []byte, f float64) []byte {
	// A number of at most 15 digits that reads back as f is the shortest that does, as no two such
	// numbers are the same float64. r/1000 is rounded as a parser of r's digits would round it.
	if abs := math.Abs(f); abs >= 1e-3 && abs < 1e7 {
		if r := math.Round(abs * 1000); r/1000 == abs {
			return appendThousandths(dst, f < 0, uint64(r))
		}
	}
	return appendJavaFloat(dst, f, 64)
}

// AppendFloat writes f as Java's Float.toString does.
func AppendFloat(dst []byte, f float32) []byte { return appendJavaFloat(dst, float64(f), 32) }

func appendThousandths(dst []byte, negative bool, n uint64) []byte {
	if negative {
		dst = append(dst, '-')
	}
	dst = strconv.AppendUint(dst, n/1000, 10)
	n %= 1000
	dst = append(dst, '.', byte('0'+n/100))
	if n %= 100; n != 0 {
		dst = append(dst, byte('0'+n/10))
		if n %= 10; n != 0 {
			dst = append(dst, byte('0'+n))
		}
	}
	return dst
}

func appendJavaFloat(dst []byte, f float64, size int) []byte {
	switch {
	case math.IsNaN(f):
		return append(dst, "NaN"...)
	case math.IsInf(f, 1):
		return append(dst, "Infinity"...)
	case math.IsInf(f, -1):
		return append(dst, "-Infinity"...)
	}
	at := len(dst)
	if abs := math.Abs(f); abs == 0 || abs >= 1e-3 && abs < 1e7 {
		dst = strconv.AppendFloat(dst, f, 'f', -1, size)
		for _, c := range dst[at:] {
			if c == '.' {
				return dst
			}
		}
		return append(dst, '.', '0')
	}
	var text [32]byte
	short := strconv.AppendFloat(text[:0], f, 'e', -1, size) // 1.5e+10 or 1e-05: in Java 1.5E10 and 1.0E-5
	e := len(short) - 1
	for short[e] != 'e' {
		e--
	}
	dst = append(dst, short[:e]...)
	if e == 1 || e == 2 && short[0] == '-' {
		dst = append(dst, '.', '0')
	}
	exponent, _ := parseExponent(short[e+1:])
	return strconv.AppendInt(append(dst, 'E'), exponent, 10)
}

// ParseDouble reads what Java's Double.parseDouble does, hexadecimal numbers apart: surrounding blanks,
// a sign, a suffix d or f, NaN and Infinity are all right. A number too large is an infinity.
func ParseDouble(s []byte, size int) (float64, bool) {
	s = TrimJava(s)
	unsigned, sign := s, 1
	if len(s) > 0 && (s[0] == '-' || s[0] == '+') {
		unsigned = s[1:]
		if s[0] == '-' {
			sign = -1
		}
	}
	switch string(unsigned) {
	case "NaN":
		return math.NaN(), true
	case "Infinity":
		return math.Inf(sign), true
	case "":
		return 0, false
	}
	switch s[len(s)-1] {
	case 'd', 'D', 'f', 'F':
		s, unsigned = s[:len(s)-1], unsigned[:len(unsigned)-1]
	}
	for _, c := range unsigned {
		if c-'0' > 9 && c != '.' && c != 'e' && c != 'E' && c != '-' && c != '+' {
			return 0, false
		}
	}
	f, err := strconv.ParseFloat(string(s), size)
	return f, err == nil || math.IsInf(f, 0)
}

// TrimJava cuts off what String.trim does: every byte up to the blank, at both ends.
func TrimJava(s []byte) []byte {
	for len(s) > 0 && s[0] <= ' ' {
		s = s[1:]
	}
	for len(s) > 0 && s[len(s)-1] <= ' ' {
		s = s[:len(s)-1]
	}
	return s
}

// ParseInteger reads what Java's parseInt does: digits with an optional sign. fits is false if the number
// needs more than size bits.
func ParseInteger(s []byte, size int) (v int64, fits, ok bool) {
	digits := s
	if len(s) > 0 && (s[0] == '-' || s[0] == '+') {
		digits = s[1:]
	}
	if len(digits) == 0 {
		return 0, false, false
	}
	for _, c := range digits {
		if c-'0' > 9 {
			return 0, false, false
		}
	}
	v, err := strconv.ParseInt(string(s), 10, size)
	return v, err == nil, true
}

// IntegerSize is how many bits an integer type or interval of Flink has.
func IntegerSize(id schema.TypeID) int {
	switch id {
	case schema.TinyInt:
		return 8
	case schema.SmallInt:
		return 16
	case schema.Int, schema.IntervalMonth:
		return 32
	}
	return 64
}
