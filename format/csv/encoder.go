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
	safe   byte // characters below may need quotes
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

func (e *encoder) value(dst []byte, t schema.Type, c *vec.Column, row int) []byte {
	var room [48]byte
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
		return e.text(dst, c.Bytes(row))
	case schema.Binary, schema.VarBinary:
		at := len(dst)
		dst = base64.StdEncoding.AppendEncode(dst, c.Bytes(row))
		if e.quote != 0 && e.needsQuotes(dst[at:]) { // for its length: base64 has no quotes to double
			dst = append(dst, 0, e.quote)
			copy(dst[at+1:], dst[at:len(dst)-2])
			dst[at] = e.quote
		}
		return dst
	case schema.Date:
		return e.text(dst, format.AppendDate(room[:0], int64(c.I32[row])))
	case schema.Time:
		return e.text(dst, format.AppendTime(room[:0], int64(c.I32[row])))
	}
	return e.text(dst, format.AppendTimestamp(room[:0], c.I64[row], t.PerSecond(), format.SQLTime, t.ID == schema.TimestampLTZ))
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
