package csv

import (
	"encoding/base64"
	"strconv"

	"millrace/format"
	"millrace/option"
	"millrace/schema"
	"millrace/vec"
)

// maxUnquoted is the length up to which Jackson, and so Flink, looks whether a text needs quotes; longer
// ones get them.
const maxUnquoted = 24

type encoder struct {
	dialect
	schema *schema.Schema
	safe   byte   // characters below may need quotes
	cell   []byte // a field before quotes
}

func newEncoder(s *schema.Schema, v option.Values) (format.Encoder, error) {
	d, err := newDialect(s, v)
	if err != nil {
		return nil, err
	}
	return &encoder{dialect: d, schema: s, safe: max(d.delimiter, d.quote, d.escape, ' ') + 1}, nil
}

// Append implements format.Encoder.
func (e *encoder) Append(dst []byte, b *vec.Batch, row int) ([]byte, error) {
	for i, f := range e.schema.Fields {
		if i > 0 {
			dst = append(dst, e.delimiter)
		}
		c := &b.Cols[i]
		if c.IsNull(row) {
			dst = append(dst, e.null...)
			continue
		}
		dst = e.value(dst, f.Type, c, row)
	}
	return dst, nil
}

// value writes a value that is not NULL. Numbers and truth values never have quotes.
func (e *encoder) value(dst []byte, t schema.Type, c *vec.Column, row int) []byte {
	switch {
	case t.ID == schema.Boolean || t.IsNumeric() || t.IsInterval():
		return e.plainText(dst, t, c, row)
	case t.IsString():
		return e.text(dst, c.Bytes(row))
	case !flat(t):
		e.cell = e.nested(e.cell[:0], t, c, row)
	default:
		e.cell = e.plainText(e.cell[:0], t, c, row)
	}
	return e.text(dst, e.cell)
}

// nested writes the values of an ARRAY or ROW.
func (e *encoder) nested(dst []byte, t schema.Type, c *vec.Column, row int) []byte {
	one := func(dst []byte, k, i int) []byte {
		if c.Kids[k].IsNull(i) {
			return append(dst, e.null...)
		}
		if t.Fields[k].Type.ID == schema.Decimal { // always with an exponent, as Flink does
			return format.AppendStrippedDecimal(dst, c.Kids[k].D128[i], t.Fields[k].Type.Scale, false)
		}
		return e.plainText(dst, t.Fields[k].Type, &c.Kids[k], i)
	}
	if t.ID == schema.Row {
		for k := range c.Kids {
			if k > 0 {
				dst = append(dst, e.element...)
			}
			dst = one(dst, k, row)
		}
		return dst
	}
	for i := int(c.Off[row]); i < int(c.Off[row+1]); i++ {
		if i > int(c.Off[row]) {
			dst = append(dst, e.element...)
		}
		dst = one(dst, 0, i)
	}
	return dst
}

// plainText writes a value without quotes and escapes.
func (e *encoder) plainText(dst []byte, t schema.Type, c *vec.Column, row int) []byte {
	switch t.ID {
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
		return format.AppendFloat(dst, c.F32[row])
	case schema.Double:
		return format.AppendDouble(dst, c.F64[row])
	case schema.Decimal:
		return format.AppendStrippedDecimal(dst, c.D128[row], t.Scale, e.plain)
	case schema.Char, schema.VarChar:
		return append(dst, c.Bytes(row)...)
	case schema.Binary, schema.VarBinary:
		return base64.StdEncoding.AppendEncode(dst, c.Bytes(row))
	case schema.Date:
		return format.AppendDate(dst, int64(c.I32[row]))
	case schema.Time:
		return format.AppendTime(dst, int64(c.I32[row]))
	}
	return format.AppendTimestamp(dst, c.I64[row], t.PerSecond(), format.SQLTime, t.ID == schema.TimestampLTZ)
}

func (e *encoder) needsQuotes(text []byte) bool {
	if len(text) > maxUnquoted {
		return true
	}
	for _, c := range text {
		if c < e.safe {
			return true
		}
	}
	return false
}

func (e *encoder) text(dst, text []byte) []byte {
	if !e.needsQuotes(text) {
		return append(dst, text...)
	}
	if e.quote == 0 {
		return e.escaped(dst, text)
	}
	dst = append(dst, e.quote)
	for _, c := range text {
		switch c {
		case e.quote:
			dst = append(dst, e.quote)
		case e.escape:
			if e.escape != 0 {
				dst = append(dst, e.escape)
			}
		}
		dst = append(dst, c)
	}
	return append(dst, e.quote)
}

// escaped writes a text where there are no quotes to protect it.
func (e *encoder) escaped(dst, text []byte) []byte {
	for _, c := range text {
		if e.escape != 0 && (c == e.delimiter || c == e.escape) {
			dst = append(dst, e.escape)
		}
		dst = append(dst, c)
	}
	return dst
}
