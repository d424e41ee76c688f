package protobuf

import (
	"cmp"
	"math"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	"millrace/fault"
	"millrace/format"
	"millrace/option"
	"millrace/schema"
	"millrace/vec"
)

// encoder writes messages. It is a format.Encoder.
type encoder struct {
	message  *message
	nullText []byte
}

func newEncoder(s *schema.Schema, v option.Values) (format.Encoder, error) {
	d, err := findMessage(v)
	if err != nil {
		return nil, err
	}
	m, err := planMessage(d, s.Fields)
	if err == nil {
		err = writable(d, m)
	}
	if err != nil {
		return nil, fault.New(fault.Invalid, "format protobuf: %w", err)
	}
	return &encoder{m, []byte(v.String("write-null-string-literal"))}, nil
}

// writable orders the fields of a message as they are written, and refuses one that lacks what it must have.
func writable(d protoreflect.MessageDescriptor, m *message) error {
	for i := range d.Fields().Len() {
		fd := d.Fields().Get(i)
		if _, ok := m.byNumber[fd.Number()]; !ok && fd.Cardinality() == protoreflect.Required {
			return fault.New(fault.Invalid, "field %q is required, but has no column", fd.FullName())
		}
	}
	for _, f := range m.fields {
		fd := d.Fields().ByNumber(f.number)
		sub, of := f.sub, fd.Message()
		if f.value != nil {
			sub, of = f.value.sub, fd.MapValue().Message()
		}
		if sub != nil {
			if err := writable(of, sub); err != nil {
				return err
			}
		}
	}
	// The columns behind a field in its oneof take precedence; their positions are still those of the table.
	later := make(map[*field][]int, len(m.fields))
	for _, f := range m.fields {
		for _, k := range f.siblings {
			if at := m.fields[k].at; at > f.at {
				later[f] = append(later[f], at)
			}
		}
	}
	for f, columns := range later {
		f.siblings = columns
	}
	for _, f := range m.fields {
		if later[f] == nil {
			f.siblings = nil
		}
	}
	m.fields = slices.DeleteFunc(m.fields, func(f *field) bool { return f.at < 0 })
	slices.SortFunc(m.fields, func(a, b *field) int { return cmp.Compare(a.number, b.number) })
	return nil
}

// Append implements format.Encoder.
func (e *encoder) Append(dst []byte, b *vec.Batch, row int) ([]byte, error) {
	n := len(dst)
	out, err := e.fields(dst, e.message, b.Cols, row)
	if err != nil {
		return out[:n], err
	}
	return out, nil
}

func (e *encoder) fields(dst []byte, m *message, cols []vec.Column, row int) ([]byte, error) {
	var err error
	for _, f := range m.fields {
		c := &cols[f.at]
		switch {
		case c.IsNull(row):
			if f.required {
				return dst, fault.New(fault.Invalid, "write protobuf: column %q is NULL, but required", f.name)
			}
			continue
		case slices.ContainsFunc(f.siblings, func(at int) bool { return !cols[at].IsNull(row) }):
			continue
		case f.repeated:
			dst, err = e.list(dst, f, c, row)
		case !f.presence && e.isDefault(f, c, row):
			continue
		default:
			dst, err = e.tagged(dst, f, c, row)
		}
		if err != nil {
			return dst, err
		}
	}
	return dst, nil
}

// isDefault reports whether the value of a field without presence is the one that is not written.
func (e *encoder) isDefault(f *field, c *vec.Column, row int) bool {
	switch f.kind {
	case protoreflect.StringKind, protoreflect.BytesKind:
		return len(c.Bytes(row)) == 0
	case protoreflect.FloatKind:
		return math.Float32bits(c.F32[row]) == 0
	case protoreflect.DoubleKind:
		return math.Float64bits(c.F64[row]) == 0
	}
	return e.bits(f, c, row) == 0
}

func (e *encoder) tagged(dst []byte, f *field, c *vec.Column, row int) ([]byte, error) {
	return e.value(protowire.AppendTag(dst, f.number, f.wire), f, c, row)
}

// value writes row of c, or the default if that is NULL, as it may be in lists and maps.
func (e *encoder) value(dst []byte, f *field, c *vec.Column, row int) ([]byte, error) {
	null := c.IsNull(row)
	switch f.kind {
	case protoreflect.MessageKind:
		return sized(dst, func(dst []byte) ([]byte, error) {
			if null {
				return dst, nil
			}
			return e.fields(dst, f.sub, c.Kids, row)
		})
	case protoreflect.StringKind:
		if null {
			return protowire.AppendBytes(dst, e.nullText), nil
		}
		return protowire.AppendBytes(dst, c.Bytes(row)), nil
	case protoreflect.BytesKind:
		if null {
			return protowire.AppendBytes(dst, nil), nil
		}
		return protowire.AppendBytes(dst, c.Bytes(row)), nil
	}
	bits := uint64(0)
	switch {
	case !null:
		bits = e.bits(f, c, row)
	case f.kind == protoreflect.EnumKind:
		bits = uint64(f.first)
	}
	switch f.wire {
	case protowire.Fixed32Type:
		return protowire.AppendFixed32(dst, uint32(bits)), nil
	case protowire.Fixed64Type:
		return protowire.AppendFixed64(dst, bits), nil
	}
	return protowire.AppendVarint(dst, bits), nil
}

// bits is a number as it is written.
func (e *encoder) bits(f *field, c *vec.Column, row int) uint64 {
	var v int64
	switch c.Layout() {
	case vec.LayoutBits:
		return protowire.EncodeBool(c.Bool(row))
	case vec.LayoutF32:
		return uint64(math.Float32bits(c.F32[row]))
	case vec.LayoutF64:
		return math.Float64bits(c.F64[row])
	case vec.LayoutI8:
		v = int64(c.I8[row])
	case vec.LayoutI16:
		v = int64(c.I16[row])
	case vec.LayoutI32:
		v = int64(c.I32[row])
	case vec.LayoutI64:
		v = c.I64[row]
	case vec.LayoutBytes:
		n, ok := f.numbers[string(c.Bytes(row))]
		if !ok {
			n = f.first
		}
		return uint64(n)
	}
	switch f.kind {
	case protoreflect.EnumKind:
		if _, ok := f.names[protoreflect.EnumNumber(v)]; !ok || v != int64(int32(v)) {
			return uint64(f.first)
		}
	case protoreflect.Sint32Kind, protoreflect.Sint64Kind:
		return protowire.EncodeZigZag(v)
	case protoreflect.Uint32Kind:
		return uint64(uint32(v))
	}
	return uint64(v)
}

// list writes an array or a map.
func (e *encoder) list(dst []byte, f *field, c *vec.Column, row int) ([]byte, error) {
	from, upto := int(c.Off[row]), int(c.Off[row+1])
	var err error
	if f.packed && from < upto {
		return sized(protowire.AppendTag(dst, f.number, protowire.BytesType), func(dst []byte) ([]byte, error) {
			for i := from; i < upto && err == nil; i++ {
				dst, err = e.value(dst, f, &c.Kids[0], i)
			}
			return dst, err
		})
	}
	for i := from; i < upto && err == nil; i++ {
		if f.key == nil {
			dst, err = e.tagged(dst, f, &c.Kids[0], i)
			continue
		}
		dst, err = sized(protowire.AppendTag(dst, f.number, protowire.BytesType), func(dst []byte) ([]byte, error) {
			dst, err := e.tagged(dst, f.key, &c.Kids[0], i)
			if err != nil {
				return dst, err
			}
			return e.tagged(dst, f.value, &c.Kids[1], i)
		})
	}
	return dst, err
}

// sized writes what write appends behind its length.
func sized(dst []byte, write func([]byte) ([]byte, error)) ([]byte, error) {
	start := len(dst)
	out, err := write(append(dst, 0)) // most are short
	if err != nil {
		return out, err
	}
	size := len(out) - start - 1
	more := protowire.SizeVarint(uint64(size)) - 1
	if more > 0 {
		for range more {
			out = append(out, 0)
		}
		copy(out[start+1+more:], out[start+1:start+1+size])
	}
	protowire.AppendVarint(out[:start], uint64(size))
	return out, nil
}
