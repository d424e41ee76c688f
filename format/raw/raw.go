// Package raw reads and writes the bytes of a record as the one column of a row, as Flink's raw format
// does: a text as it is, a number in two's complement or IEEE 754 of its width.
//
// An empty record is a row with empty text for strings and binaries; for a number it has the wrong length.
package raw

import (
	"encoding/binary"
	"fmt"
	"math"
	"unicode/utf8"

	"millrace/fault"
	"millrace/format"
	"millrace/option"
	"millrace/schema"
	"millrace/vec"
)

// Spec returns the format as SQL sees it.
func Spec() format.Spec {
	return format.Spec{
		Name: "raw",
		Doc:  "The bytes of the record as the only column: text, binary or a number of fixed width.",
		Options: []option.Option{
			{Name: "charset", Default: "UTF-8", OneOf: []string{"UTF-8"}, Doc: "The encoding of text."},
			{Name: "endianness", Default: "big-endian", OneOf: []string{"big-endian", "little-endian"}, Doc: "The order of the bytes of a number."},
		},
		Positional: true, // its only column is always read
		NewDecoder: func(s *schema.Schema, v option.Values) (format.Decoder, error) { return newCodec(s, v) },
		NewEncoder: func(s *schema.Schema, v option.Values) (format.Encoder, error) { return newCodec(s, v) },
	}
}

// codec is both directions: neither has any state.
type codec struct {
	name  string
	typ   schema.Type
	width int // of a number or BOOLEAN, else 0
	order interface {
		binary.ByteOrder
		binary.AppendByteOrder
	}
}

func newCodec(s *schema.Schema, v option.Values) (*codec, error) {
	if s.Len() != 1 {
		return nil, fault.New(fault.Invalid, "format raw: the table has %d columns; it must have one", s.Len()).
			WithHint("declare one physical column, such as `line` STRING; the others may be metadata or computed")
	}
	c := &codec{name: s.Fields[0].Name, typ: s.Fields[0].Type, order: binary.BigEndian}
	if v.String("endianness") == "little-endian" {
		c.order = binary.LittleEndian
	}
	switch c.typ.ID {
	case schema.Char, schema.VarChar, schema.Binary, schema.VarBinary:
	case schema.Boolean, schema.TinyInt:
		c.width = 1
	case schema.SmallInt:
		c.width = 2
	case schema.Int, schema.Float:
		c.width = 4
	case schema.BigInt, schema.Double:
		c.width = 8
	default:
		return nil, fault.New(fault.Invalid, "format raw: column %q has type %s, which is not supported", c.name, c.typ)
	}
	return c, nil
}

// Decode implements format.Decoder.
func (c *codec) Decode(msg []byte, dst *vec.Builder) error {
	if dst.Full() {
		return format.ErrFull
	}
	col := dst.Schema().Index(c.name)
	switch {
	case c.width == 0 && c.typ.IsString() && !utf8.Valid(msg):
		return &format.Error{Field: c.name, Reason: "the text is not UTF-8"}
	case c.width == 0:
		dst.SetBytes(col, msg)
	case len(msg) != c.width:
		return &format.Error{Field: c.name, Reason: fmt.Sprintf("%s has %d bytes, but the record %d", c.typ.Nullable(), c.width, len(msg))}
	default:
		c.number(msg, col, dst)
	}
	dst.EndRow(vec.Insert)
	return nil
}

func (c *codec) number(msg []byte, col int, dst *vec.Builder) {
	switch c.typ.ID {
	case schema.Boolean:
		dst.SetBool(col, msg[0] != 0)
	case schema.TinyInt:
		dst.SetInt(col, int64(int8(msg[0])))
	case schema.SmallInt:
		dst.SetInt(col, int64(int16(c.order.Uint16(msg))))
	case schema.Int:
		dst.SetInt(col, int64(int32(c.order.Uint32(msg))))
	case schema.BigInt:
		dst.SetInt(col, int64(c.order.Uint64(msg)))
	case schema.Float:
		dst.SetF32(col, math.Float32frombits(c.order.Uint32(msg)))
	case schema.Double:
		dst.SetF64(col, math.Float64frombits(c.order.Uint64(msg)))
	}
}

// Append implements format.Encoder. NULL is an empty record.
func (c *codec) Append(dst []byte, b *vec.Batch, row int) ([]byte, error) {
	col := &b.Cols[0]
	if col.IsNull(row) {
		return dst, nil
	}
	switch c.typ.ID {
	case schema.Boolean:
		if col.Bool(row) {
			return append(dst, 1), nil
		}
		return append(dst, 0), nil
	case schema.TinyInt:
		return append(dst, byte(col.I8[row])), nil
	case schema.SmallInt:
		return c.order.AppendUint16(dst, uint16(col.I16[row])), nil
	case schema.Int:
		return c.order.AppendUint32(dst, uint32(col.I32[row])), nil
	case schema.BigInt:
		return c.order.AppendUint64(dst, uint64(col.I64[row])), nil
	case schema.Float:
		return c.order.AppendUint32(dst, math.Float32bits(col.F32[row])), nil
	case schema.Double:
		return c.order.AppendUint64(dst, math.Float64bits(col.F64[row])), nil
	}
	return append(dst, col.Bytes(row)...), nil
}
