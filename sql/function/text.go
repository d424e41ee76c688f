package function

import (
	"strconv"
	"time"
	"unicode/utf8"

	"millrace/format"
	"millrace/schema"
	"millrace/vec"
)

// AppendText appends row i of c in Flink's text form, that of CAST(x AS STRING): 100.0, 1.0E10, TRUE,
// 2024-05-01 12:00:00.000. NULL is "NULL", binaries are taken for UTF-8.
func AppendText(dst []byte, c *vec.Column, i int, zone *time.Location) []byte {
	if c.IsNull(i) {
		return append(dst, "NULL"...)
	}
	t := c.Type
	switch t.ID {
	case schema.Boolean:
		if c.Bits.Get(i) {
			return append(dst, "TRUE"...)
		}
		return append(dst, "FALSE"...)
	case schema.TinyInt, schema.SmallInt, schema.Int, schema.BigInt:
		return strconv.AppendInt(dst, intAt(c, i), 10)
	case schema.Float:
		return format.AppendFloat(dst, c.F32[i])
	case schema.Double:
		return format.AppendDouble(dst, c.F64[i])
	case schema.Decimal:
		return format.AppendDecimal(dst, c.D128[i], t.Scale)
	case schema.Char, schema.VarChar, schema.Binary, schema.VarBinary:
		return append(dst, c.Bytes(i)...)
	case schema.Date:
		return AppendDate(dst, c.I32[i])
	case schema.Time:
		return AppendTime(dst, c.I32[i], t.Precision)
	case schema.Timestamp:
		return AppendTimestamp(dst, c.I64[i], t)
	case schema.TimestampLTZ:
		return AppendTimestamp(dst, toLocal(c.I64[i], t.PerSecond(), zone), t)
	case schema.IntervalMonth:
		return appendMonths(dst, c.I32[i])
	case schema.IntervalDay:
		return appendDays(dst, c.I64[i])
	}
	return appendNested(dst, c, i, zone, AppendText)
}

// AppendPrinted is AppendText as the print connector and the SQL client show values: binaries are
// x'0102'.
func AppendPrinted(dst []byte, c *vec.Column, i int, zone *time.Location) []byte {
	switch {
	case c.IsNull(i) || c.Layout() < vec.LayoutBytes || c.Type.IsString():
		return AppendText(dst, c, i, zone)
	case !c.Type.IsBinary():
		return appendNested(dst, c, i, zone, AppendPrinted)
	}
	dst = append(dst, "x'"...)
	dst = appendHex(dst, c.Bytes(i), lowerHex)
	return append(dst, '\'')
}

const (
	lowerHex = "0123456789abcdef"
	upperHex = "0123456789ABCDEF"
)

func appendHex(dst, v []byte, digits string) []byte {
	for _, b := range v {
		dst = append(dst, digits[b>>4], digits[b&15])
	}
	return dst
}

// appendNested appends (1, a), [1, 2] or {a=1}; part appends what is inside.
func appendNested(dst []byte, c *vec.Column, i int, zone *time.Location, part func([]byte, *vec.Column, int, *time.Location) []byte) []byte {
	switch c.Type.ID {
	case schema.Row:
		dst = append(dst, '(')
		for k := range c.Kids {
			if k > 0 {
				dst = append(dst, ", "...)
			}
			dst = part(dst, &c.Kids[k], i, zone)
		}
		return append(dst, ')')
	case schema.Array:
		dst = append(dst, '[')
		for k := c.Off[i]; k < c.Off[i+1]; k++ {
			if k > c.Off[i] {
				dst = append(dst, ", "...)
			}
			dst = part(dst, &c.Kids[0], int(k), zone)
		}
		return append(dst, ']')
	case schema.Map, schema.Multiset:
		dst = append(dst, '{')
		for k := c.Off[i]; k < c.Off[i+1]; k++ {
			if k > c.Off[i] {
				dst = append(dst, ", "...)
			}
			dst = part(dst, &c.Kids[0], int(k), zone)
			dst = append(dst, '=')
			dst = part(dst, &c.Kids[1], int(k), zone)
		}
		return append(dst, '}')
	}
	return append(dst, "NULL"...)
}

// AppendDate appends a day number as 2024-05-01; no year has a plus before it.
func AppendDate(dst []byte, days int32) []byte {
	at := len(dst)
	dst = format.AppendDate(dst, int64(days))
	if dst[at] == '+' {
		dst = append(dst[:at], dst[at+1:]...)
	}
	return dst
}

// append2 appends a number below 100 in two digits.
func append2(dst []byte, v int) []byte { return append(dst, byte('0'+v/10), byte('0'+v%10)) }

// AppendTime appends milliseconds of the day as 12:34:56, with up to precision digits of the fraction.
func AppendTime(dst []byte, ms, precision int32) []byte {
	dst = format.AppendClock(dst, int64(ms)/msPerSecond)
	if precision == 0 {
		return dst
	}
	dst = append(dst, '.')
	rest := ms % msPerSecond
	for digit := int32(100); ; digit /= 10 {
		dst = append(dst, byte('0'+rest/digit))
		rest %= digit
		if precision--; precision == 0 || rest == 0 {
			return dst
		}
	}
}

// AppendTimestamp appends a TIMESTAMP of type t as 2024-05-01 12:00:00.000: as many digits of the
// fraction as t has.
func AppendTimestamp(dst []byte, v int64, t schema.Type) []byte {
	days, seconds, nanos := format.SplitTime(v, t.PerSecond())
	dst = AppendDate(dst, int32(days))
	dst = append(dst, ' ')
	dst = format.AppendClock(dst, seconds)
	if t.Precision <= 0 {
		return dst
	}
	dst = append(dst, '.')
	return appendFraction(dst, nanos, int(t.Precision))
}

// appendFraction appends the first n digits of nanoseconds.
func appendFraction(dst []byte, nanos int64, n int) []byte {
	for digit := int64(1e8); n > 0 && digit > 0; digit /= 10 {
		dst = append(dst, byte('0'+nanos/digit%10))
		n--
	}
	return dst
}

// appendMonths appends +10-04: years and months.
func appendMonths(dst []byte, v int32) []byte {
	m := int64(v)
	if m < 0 {
		dst = append(dst, '-')
		m = -m
	} else {
		dst = append(dst, '+')
	}
	dst = strconv.AppendInt(dst, m/12, 10)
	dst = append(dst, '-')
	return append2(dst, int(m%12))
}

// appendDays appends +1 10:17:36.789: days and a clock.
func appendDays(dst []byte, ms int64) []byte {
	sign := byte('+')
	u := uint64(ms)
	if ms < 0 {
		sign, u = '-', -u
	}
	dst = append(dst, sign)
	dst = strconv.AppendUint(dst, u/msPerDay, 10)
	dst = append(dst, ' ')
	dst = format.AppendClock(dst, int64(u%msPerDay/msPerSecond))
	dst = append(dst, '.')
	return appendFraction(dst, int64(u%msPerSecond)*1e6, 3)
}

// runes returns how many characters s has.
func runes(s []byte) int {
	for _, b := range s {
		if b >= utf8.RuneSelf {
			return utf8.RuneCount(s)
		}
	}
	return len(s)
}

// runeOffset returns where character n of s begins, or len(s) if there are fewer.
func runeOffset(s []byte, n int) int {
	if n <= 0 {
		return 0
	}
	at := 0
	for at < len(s) && n > 0 {
		if s[at] < utf8.RuneSelf {
			at++
		} else {
			_, size := utf8.DecodeRune(s[at:])
			at += size
		}
		n--
	}
	return at
}

// trimBlanks cuts the blanks around s.
func trimBlanks(s []byte) []byte {
	for len(s) > 0 && s[0] == ' ' {
		s = s[1:]
	}
	for len(s) > 0 && s[len(s)-1] == ' ' {
		s = s[:len(s)-1]
	}
	return s
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
