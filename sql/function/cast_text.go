package function

import (
	"bytes"
	"math"

	"millrace/format"
	"millrace/schema"
	"millrace/vec"
)

// castToText is the cast of anything to CHAR or VARCHAR: the text form, cut to the length of the type,
// and for CHAR padded with blanks.
func castToText(from, to schema.Type) Kernel {
	length, pad := int(to.Precision), to.ID == schema.Char
	return func(c *Call, args []*vec.Column, dst *vec.Column) error {
		in := args[0]
		return eachText(c, dst, func(out []byte, i int) ([]byte, error) {
			at := len(out)
			out = AppendText(out, in, i, c.Zone)
			if to.Precision == schema.MaxLength {
				return out, nil
			}
			n := runes(out[at:])
			if n > length {
				return out[:at+runeOffset(out[at:], length)], nil
			}
			for ; pad && n < length; n++ {
				out = append(out, ' ')
			}
			return out, nil
		})
	}
}

// castToBinary is the cast of text and binaries to BINARY or VARBINARY, cut to the length of the type,
// and for BINARY padded with zeros.
func castToBinary(from, to schema.Type) Kernel {
	if !from.IsString() && !from.IsBinary() {
		return nil
	}
	length, pad := int(to.Precision), to.ID == schema.Binary
	return func(c *Call, args []*vec.Column, dst *vec.Column) error {
		in := args[0]
		return eachText(c, dst, func(out []byte, i int) ([]byte, error) {
			v := in.Bytes(i)
			v = v[:min(len(v), length)]
			out = append(out, v...)
			for n := len(v); pad && n < length; n++ {
				out = append(out, 0)
			}
			return out, nil
		})
	}
}

// castFromText is the cast of text to anything but text.
func castFromText(to schema.Type, try bool) Kernel {
	var read func(c *Call, dst *vec.Column, i int, text []byte) bool
	switch {
	case to.ID == schema.Boolean:
		read = readBoolean
	case to.IsInteger():
		least, most := integerRange(to.ID)
		read = func(_ *Call, dst *vec.Column, i int, text []byte) bool {
			v, ok := parseInteger(trimBlanks(text))
			setInt(dst, i, v)
			return ok && v >= least && v <= most
		}
	case to.ID == schema.Float:
		read = func(_ *Call, dst *vec.Column, i int, text []byte) bool {
			v, ok := format.ParseDouble(text, 32)
			dst.F32[i] = float32(v)
			return ok
		}
	case to.ID == schema.Double:
		read = func(_ *Call, dst *vec.Column, i int, text []byte) bool {
			v, ok := format.ParseDouble(text, 64)
			dst.F64[i] = v
			return ok
		}
	case to.ID == schema.Decimal:
		read = func(_ *Call, dst *vec.Column, i int, text []byte) bool {
			v, fits, ok := parseDecimal(trimBlanks(text), shape{to.Precision, to.Scale})
			dst.D128[i] = v
			return ok && fits
		}
	default:
		if read = timeReader(to); read == nil {
			return nil
		}
	}
	return func(c *Call, args []*vec.Column, dst *vec.Column) error {
		in := args[0]
		return each(c, dst, func(i int) error {
			if text := in.Bytes(i); !read(c, dst, i, text) {
				return failed(c, dst, i, try, text)
			}
			return nil
		})
	}
}

func timeReader(to schema.Type) func(c *Call, dst *vec.Column, i int, text []byte) bool {
	per, unit := to.PerSecond(), precisionUnit(to)
	switch to.ID {
	case schema.Date:
		return func(_ *Call, dst *vec.Column, i int, text []byte) (ok bool) {
			dst.I32[i], ok = ParseDate(text)
			return ok
		}
	case schema.Time:
		return func(_ *Call, dst *vec.Column, i int, text []byte) bool {
			ms, ok := ParseTime(text)
			dst.I32[i] = int32(cutTo(int64(ms), timeUnit(to)))
			return ok
		}
	case schema.Timestamp:
		return func(_ *Call, dst *vec.Column, i int, text []byte) bool {
			v, ok := ParseTimestamp(trimBlanks(text), per)
			dst.I64[i] = cutTo(v, unit)
			return ok
		}
	case schema.TimestampLTZ:
		return func(c *Call, dst *vec.Column, i int, text []byte) bool {
			v, ok := ParseTimestamp(trimBlanks(text), per)
			dst.I64[i] = toInstant(cutTo(v, unit), per, c.Zone)
			return ok
		}
	}
	return nil
}

func readBoolean(_ *Call, dst *vec.Column, i int, text []byte) bool {
	v, ok := parseBoolean(text)
	dst.Bits.Put(i, v)
	return ok
}

// parseBoolean reads t, true, y, yes, 1 and their opposites, in any case.
func parseBoolean(text []byte) (v, ok bool) {
	for _, word := range []string{"true", "t", "yes", "y", "1"} {
		if bytes.EqualFold(text, []byte(word)) {
			return true, true
		}
	}
	for _, word := range []string{"false", "f", "no", "n", "0"} {
		if bytes.EqualFold(text, []byte(word)) {
			return false, true
		}
	}
	return false, false
}

func integerRange(id schema.TypeID) (least, most int64) {
	switch id {
	case schema.TinyInt:
		return math.MinInt8, math.MaxInt8
	case schema.SmallInt:
		return math.MinInt16, math.MaxInt16
	case schema.Int:
		return math.MinInt32, math.MaxInt32
	}
	return math.MinInt64, math.MaxInt64
}

// parseInteger reads a whole number; digits behind a point are checked and dropped, as in Flink.
func parseInteger(text []byte) (int64, bool) {
	negative := false
	if len(text) > 0 && (text[0] == '-' || text[0] == '+') {
		negative = text[0] == '-'
		text = text[1:]
	}
	if len(text) == 0 {
		return 0, false
	}
	var v uint64
	for i, c := range text {
		if c == '.' {
			for _, d := range text[i+1:] {
				if !isDigit(d) {
					return 0, false
				}
			}
			break
		}
		if !isDigit(c) || v > math.MaxInt64/10 {
			return 0, false
		}
		v = v*10 + uint64(c-'0')
	}
	if negative {
		return int64(-v), v <= 1<<63
	}
	return int64(v), v <= math.MaxInt64
}
