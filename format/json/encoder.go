package json

import (
	"encoding/base64"
	"math"
	"strconv"

	"millrace/format"
	"millrace/option"
	"millrace/schema"
	"millrace/vec"
)

// encoder writes rows as JSON objects.
type encoder struct {
	columns  []column
	style    format.TimeStyle
	plain    bool // DECIMAL with all digits of its scale and without exponent
	skipNull bool
}

// column is a column of the rows and its name as it is written, with quotes and colon.
type column struct {
	name string
	typ  schema.Type
	unit int64
}

func newEncoder(s *schema.Schema, v option.Values) (format.Encoder, error) {
	if err := checkTypes(s); err != nil {
		return nil, err
	}
	e := &encoder{
		style: timeStyle(v), plain: v.Bool("encode.decimal-as-plain-number"), skipNull: v.Bool("encode.ignore-null-fields"),
	}
	for _, f := range s.Fields {
		name := appendQuoted(nil, []byte(f.Name))
		e.columns = append(e.columns, column{name: string(append(name, ':')), typ: f.Type, unit: f.Type.PerSecond()})
	}
	return e, nil
}

// Append implements format.Encoder.
func (e *encoder) Append(dst []byte, b *vec.Batch, row int) ([]byte, error) {
	dst = append(dst, '{')
	first := true
	for i := range e.columns {
		col, c := &e.columns[i], &b.Cols[i]
		null := c.IsNull(row)
		if null && e.skipNull {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = append(dst, col.name...)
		if null {
			dst = append(dst, "null"...)
		} else {
			dst = e.value(dst, col, c, row)
		}
	}
	return append(dst, '}'), nil
}

func (e *encoder) value(dst []byte, col *column, c *vec.Column, row int) []byte {
	switch col.typ.ID {
	case schema.Boolean:
		return strconv.AppendBool(dst, c.Bool(row))
	case schema.TinyInt:
		return strconv.AppendInt(dst, int64(c.I8[row]), 10)
	case schema.SmallInt:
		return strconv.AppendInt(dst, int64(c.I16[row]), 10)
	case schema.Int, schema.IntervalMonth:
		return strconv.AppendInt(dst, int64(c.I32[row]), 10)
	case schema.BigInt, schema.IntervalDay:
		return strconv.AppendInt(dst, c.I64[row], 10)
	case schema.Float:
		return quoteOdd(format.AppendFloat(dst, c.F32[row]), len(dst), float64(c.F32[row]))
	case schema.Double:
		return appendDouble(dst, c.F64[row])
	case schema.Decimal:
		if e.plain {
			return format.AppendDecimal(dst, c.D128[row], col.typ.Scale)
		}
		return format.AppendStrippedDecimal(dst, c.D128[row], col.typ.Scale, false)
	case schema.Char, schema.VarChar:
		return appendQuoted(dst, c.Bytes(row))
	case schema.Binary, schema.VarBinary:
		dst = append(dst, '"')
		return append(base64.StdEncoding.AppendEncode(dst, c.Bytes(row)), '"')
	}
	dst = append(dst, '"')
	switch col.typ.ID {
	case schema.Date:
		dst = format.AppendDate(dst, int64(c.I32[row]))
	case schema.Time:
		dst = format.AppendTime(dst, int64(c.I32[row]))
	case schema.Timestamp, schema.TimestampLTZ:
		dst = format.AppendTimestamp(dst, c.I64[row], col.unit, e.style, col.typ.ID == schema.TimestampLTZ)
	}
	return append(dst, '"')
}

func appendDouble(dst []byte, f float64) []byte {
	return quoteOdd(format.AppendDouble(dst, f), len(dst), f)
}

// quoteOdd puts quotes around what was written from start on if it is NaN or an infinity, as Jackson does.
func quoteOdd(dst []byte, start int, f float64) []byte {
	if !math.IsNaN(f) && !math.IsInf(f, 0) {
		return dst
	}
	dst = append(dst, 0, '"')
	copy(dst[start+1:], dst[start:len(dst)-2])
	dst[start] = '"'
	return dst
}
