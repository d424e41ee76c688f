package print

import (
	"slices"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"millrace/format"
	"millrace/schema"
	"millrace/vec"
)

// appendValue writes a value as toString of the Java object does that Flink makes of it.
func appendValue(dst []byte, c *vec.Column, i int) []byte {
	if c.IsNull(i) {
		return append(dst, "null"...)
	}
	t := c.Type
	switch t.ID {
	case schema.Boolean:
		return strconv.AppendBool(dst, c.Bool(i))
	case schema.TinyInt:
		return strconv.AppendInt(dst, int64(c.I8[i]), 10)
	case schema.SmallInt:
		return strconv.AppendInt(dst, int64(c.I16[i]), 10)
	case schema.Int:
		return strconv.AppendInt(dst, int64(c.I32[i]), 10)
	case schema.BigInt:
		return strconv.AppendInt(dst, c.I64[i], 10)
	case schema.Float:
		return format.AppendFloat(dst, c.F32[i])
	case schema.Double:
		return format.AppendDouble(dst, c.F64[i])
	case schema.Decimal:
		return format.AppendJavaDecimal(dst, c.D128[i], t.Scale)
	case schema.Char, schema.VarChar:
		return append(dst, c.Bytes(i)...)
	case schema.Binary, schema.VarBinary:
		return appendBytes(dst, c.Bytes(i))
	case schema.Date:
		return format.AppendDate(dst, int64(c.I32[i]))
	case schema.Time:
		return format.AppendJavaTime(dst, int64(c.I32[i]))
	case schema.Timestamp, schema.TimestampLTZ:
		return format.AppendJavaTimestamp(dst, c.I64[i], t.PerSecond(), t.ID == schema.TimestampLTZ)
	case schema.IntervalMonth:
		return appendPeriod(dst, int64(c.I32[i]))
	case schema.IntervalDay:
		return appendDuration(dst, c.I64[i])
	}
	return appendNested(dst, c, i)
}

// appendNested writes an array as [1, null], a map or a multiset as {k=1}, a row as +I[1, k].
func appendNested(dst []byte, c *vec.Column, i int) []byte {
	if c.Layout() == vec.LayoutRow {
		dst = append(dst, "+I["...)
		for k := range c.Kids {
			if k > 0 {
				dst = append(dst, ", "...)
			}
			dst = appendValue(dst, &c.Kids[k], i)
		}
		return append(dst, ']')
	}
	if len(c.Kids) == 2 {
		return appendEntries(dst, c, i)
	}
	dst = append(dst, '[')
	for j := int(c.Off[i]); j < int(c.Off[i+1]); j++ {
		if j > int(c.Off[i]) {
			dst = append(dst, ", "...)
		}
		dst = appendValue(dst, &c.Kids[0], j)
	}
	return append(dst, ']')
}

// appendEntries writes a map in the order of the java.util.HashMap that Flink makes of it.
func appendEntries(dst []byte, c *vec.Column, i int) []byte {
	var room [64]uint64
	order := room[:0]
	from, upto, size := int(c.Off[i]), int(c.Off[i+1]), uint32(16)
	for upto-from > int(size/4*3) {
		size *= 2
	}
	for j := from; j < upto; j++ {
		h := hashCode(&c.Kids[0], j)
		order = append(order, uint64((h^h>>16)&(size-1))<<32|uint64(j-from))
	}
	slices.Sort(order)
	dst = append(dst, '{')
	for n, o := range order {
		if n > 0 {
			dst = append(dst, ", "...)
		}
		j := from + int(uint32(o))
		dst = append(appendValue(dst, &c.Kids[0], j), '=')
		dst = appendValue(dst, &c.Kids[1], j)
	}
	return append(dst, '}')
}

// hashCode is that of the Java object of a key: a String or a number. Other keys keep their order.
func hashCode(c *vec.Column, i int) uint32 {
	if c.IsNull(i) {
		return 0
	}
	switch c.Type.ID {
	case schema.TinyInt:
		return uint32(c.I8[i])
	case schema.SmallInt:
		return uint32(c.I16[i])
	case schema.Int:
		return uint32(c.I32[i])
	case schema.BigInt:
		return uint32(c.I64[i] ^ c.I64[i]>>32)
	case schema.Char, schema.VarChar:
		h, text := uint32(0), c.Bytes(i)
		for len(text) > 0 {
			r, n := utf8.DecodeRune(text)
			text = text[n:]
			if r > 0xFFFF {
				high, low := utf16.EncodeRune(r)
				h = 31*h + uint32(high)
				r = low
			}
			h = 31*h + uint32(r)
		}
		return h
	}
	return 0
}

// appendBytes writes signed bytes, as Java has them: [1, -128].
func appendBytes(dst, v []byte) []byte {
	dst = append(dst, '[')
	for i, b := range v {
		if i > 0 {
			dst = append(dst, ", "...)
		}
		dst = strconv.AppendInt(dst, int64(int8(b)), 10)
	}
	return append(dst, ']')
}

// appendPeriod writes months as java.time.Period does: P1Y2M.
func appendPeriod(dst []byte, months int64) []byte {
	if months == 0 {
		return append(dst, "P0D"...)
	}
	dst = append(dst, 'P')
	dst = appendUnit(dst, months/12, 'Y')
	return appendUnit(dst, months%12, 'M')
}

// appendDuration writes milliseconds as java.time.Duration does: PT26H3M4.5S.
func appendDuration(dst []byte, ms int64) []byte {
	if ms == 0 {
		return append(dst, "PT0S"...)
	}
	dst = append(dst, "PT"...)
	dst = appendUnit(dst, ms/3_600_000, 'H')
	dst = appendUnit(dst, ms/60_000%60, 'M')
	ms %= 60_000
	if ms == 0 {
		return dst
	}
	if ms < 0 {
		dst, ms = append(dst, '-'), -ms
	}
	dst = strconv.AppendInt(dst, ms/1000, 10)
	if ms %= 1000; ms != 0 {
		dst = append(dst, '.', byte('0'+ms/100), byte('0'+ms/10%10), byte('0'+ms%10))
		for dst[len(dst)-1] == '0' {
			dst = dst[:len(dst)-1]
		}
	}
	return append(dst, 'S')
}

func appendUnit(dst []byte, n int64, unit byte) []byte {
	if n == 0 {
		return dst
	}
	return append(strconv.AppendInt(dst, n, 10), unit)
}
