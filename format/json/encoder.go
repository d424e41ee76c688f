package json

import (
	"bytes"
	"encoding/base64"
	"math"
	"strconv"

	"millrace/fault"
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
	nullKey  string // map-null-key.mode
	literal  []byte // for a NULL key, if that is LITERAL
}

// column is a column of the rows, or of values inside of them, and its name as it is written, with quotes and colon.
type column struct {
	name string
	typ  schema.Type
	unit int64
	kids []column
}

func newColumn(f schema.Field) column {
	c := column{name: string(append(appendQuoted(nil, []byte(f.Name)), ':')), typ: f.Type, unit: f.Type.PerSecond()}
	for _, part := range f.Type.Fields {
		c.kids = append(c.kids, newColumn(part))
	}
	if f.Type.ID == schema.Multiset {
		c.kids = append(c.kids, newColumn(schema.Field{Type: schema.Of(schema.Int)}))
	}
	return c
}

func newEncoder(s *schema.Schema, v option.Values) (format.Encoder, error) {
	if err := checkTypes(s); err != nil {
		return nil, err
	}
	e := &encoder{
		style: timeStyle(v), plain: v.Bool("encode.decimal-as-plain-number"), skipNull: v.Bool("encode.ignore-null-fields"),
		nullKey: v.String("map-null-key.mode"), literal: []byte(v.String("map-null-key.literal")),
	}
	for _, f := range s.Fields {
		e.columns = append(e.columns, newColumn(f))
	}
	return e, nil
}

// Append implements format.Encoder.
func (e *encoder) Append(dst []byte, b *vec.Batch, row int) ([]byte, error) {
	out, err := e.object(dst, e.columns, b.Cols, row)
	if err != nil {
		return dst, err
	}
	return out, nil
}

// object writes a row of some columns.
func (e *encoder) object(dst []byte, columns []column, cols []vec.Column, row int) ([]byte, error) {
	dst = append(dst, '{')
	first := true
	var err error
	for i := range columns {
		col, c := &columns[i], &cols[i]
		if e.skipNull && c.IsNull(row) {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = append(dst, col.name...)
		if dst, err = e.part(dst, col, c, row); err != nil {
			return dst, err
		}
	}
	return append(dst, '}'), nil
}

// part writes a value or null.
func (e *encoder) part(dst []byte, col *column, c *vec.Column, row int) ([]byte, error) {
	if c.IsNull(row) {
		return append(dst, "null"...), nil
	}
	switch col.typ.ID {
	case schema.Row:
		return e.object(dst, col.kids, c.Kids, row)
	case schema.Array:
		return e.array(dst, col, c, row)
	case schema.Map, schema.Multiset:
		return e.entries(dst, col, c, row)
	}
	return e.value(dst, col, c, row), nil
}

func (e *encoder) array(dst []byte, col *column, c *vec.Column, row int) ([]byte, error) {
	dst = append(dst, '[')
	var err error
	for i := int(c.Off[row]); i < int(c.Off[row+1]); i++ {
		if i > int(c.Off[row]) {
			dst = append(dst, ',')
		}
		if dst, err = e.part(dst, &col.kids[0], &c.Kids[0], i); err != nil {
			return dst, err
		}
	}
	return append(dst, ']'), nil
}

// entries writes a MAP or a MULTISET.
func (e *encoder) entries(dst []byte, col *column, c *vec.Column, row int) ([]byte, error) {
	first := true
	dst = append(dst, '{')
	for i := int(c.Off[row]); i < int(c.Off[row+1]); i++ {
		key, at, ok := e.key(c, row, i)
		switch {
		case !ok && e.nullKey != "DROP" && e.nullKey != "LITERAL":
			return dst, fault.New(fault.Invalid, "encode JSON: a key of a MAP is NULL, which map-null-key.mode refuses").
				WithHint("set it to DROP or LITERAL")
		case !ok:
			continue
		case !first:
			dst = append(dst, ',')
		}
		first = false
		dst = append(appendQuoted(dst, key), ':')
		var err error
		if dst, err = e.part(dst, &col.kids[1], &c.Kids[1], at); err != nil {
			return dst, err
		}
	}
	return append(dst, '}'), nil
}

// key returns the name of entry i of a map, and which entry has its value: the literal for a NULL key can be the key
// of another entry, and then the last of the two counts, at the place of the first.
func (e *encoder) key(c *vec.Column, row, i int) (name []byte, at int, ok bool) {
	keys := &c.Kids[0]
	null := keys.IsNull(i)
	switch {
	case null && e.nullKey != "LITERAL":
		return nil, i, false
	case null:
		name = e.literal
	default:
		name = keys.Bytes(i)
	}
	if e.nullKey != "LITERAL" || keys.Valid == nil || !bytes.Equal(name, e.literal) {
		return name, i, true
	}
	at = i
	for j := int(c.Off[row]); j < int(c.Off[row+1]); j++ {
		same := keys.IsNull(j) || bytes.Equal(keys.Bytes(j), e.literal)
		if same && j < i {
			return name, i, false
		}
		if same {
			at = j
		}
	}
	return name, at, true
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
