package avro

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/twmb/avro"

	"millrace/fault"
	"millrace/format"
	"millrace/option"
	"millrace/schema"
	"millrace/vec"
)

// writer is the plan to write a column as a value of a schema.
type writer struct {
	kind kind
	from schema.Type
	// null and value are the branches of a union with null; -1: it is none.
	null, value int64

	of      []*writer // the elements of an array, the values of a map
	fields  []fieldWriter
	symbols map[string]int64
	size    int   // of fixed
	scale   int32 // of a decimal
	unit    int64 // of an instant
}

// fieldWriter is a field of a record: the column of the rows' schema, or the field of a ROW.
type fieldWriter struct {
	name  string
	at    int
	write *writer
}

// planWriter plans to write rows as records of a schema.
func planWriter(p *parsed, s *schema.Schema, legacy bool) (*writer, error) {
	pl := &planner{parsed: p, legacy: legacy}
	row := schema.Type{ID: schema.Row, NotNull: true, Fields: s.Fields}
	w, err := pl.writer(p.root, "", row)
	if err == nil && w.kind != kindRecord {
		err = fmt.Errorf("the schema is no record")
	}
	return w, err
}

func (pl *planner) writer(n *avro.SchemaNode, namespace string, from schema.Type) (*writer, error) {
	n = pl.resolve(n, namespace)
	null, value := int64(-1), int64(-1)
	if n.Type == "union" {
		for i := range n.Branches {
			if n.Branches[i].Type == "null" {
				null, value = int64(i), int64(1-i)
			}
		}
		if null < 0 || len(n.Branches) != 2 {
			return nil, fmt.Errorf("a union that is not of null and one type cannot be written")
		}
		n = pl.resolve(&n.Branches[value], namespace)
	}
	// What can be read as a type can be written from it, but for what widens.
	k, _ := kindOf(n.Type)
	r := &reader{kind: k, to: from, scale: -1, unit: unitOf(n.LogicalType)}
	w := &writer{kind: k, from: from, null: null, value: value, size: n.Size, scale: from.Scale}
	if n.LogicalType == "decimal" {
		w.scale = int32(n.Scale)
	}
	inner := namespace
	if k == kindRecord {
		_, inner = fullName(n, namespace)
	}
	if k < kindArray && !pl.fits(r, n, inner) || widens(k, from) {
		return nil, fmt.Errorf("%s cannot be written as %s", from.Nullable(), describe(n))
	}
	w.unit = r.unit
	w.symbols = make(map[string]int64, len(n.Symbols))
	for i, s := range n.Symbols {
		w.symbols[s] = int64(i)
	}
	return w, pl.writeNested(w, n, inner)
}

// widens reports whether a type is wider than what it would be written as.
func widens(k kind, from schema.Type) bool {
	switch from.ID {
	case schema.BigInt:
		return k != kindLong
	case schema.TinyInt, schema.SmallInt, schema.Int:
		return k != kindInt
	case schema.Float:
		return k != kindFloat
	case schema.Double:
		return k != kindDouble
	case schema.Timestamp, schema.TimestampLTZ:
		return k != kindLong
	}
	return false
}

func (pl *planner) writeNested(w *writer, n *avro.SchemaNode, inner string) error {
	of := func(n *avro.SchemaNode, from schema.Type) error {
		e, err := pl.writer(n, inner, from)
		w.of = []*writer{e}
		return err
	}
	switch {
	case w.kind < kindArray:
		return nil
	case w.kind == kindArray && w.from.ID == schema.Array:
		return of(n.Items, w.from.Fields[0].Type)
	case w.kind == kindMap && isMap(w.from):
		return of(n.Values, valueOf(w.from))
	case w.kind == kindRecord && w.from.ID == schema.Row:
		return pl.writeRecord(w, n, inner)
	}
	return fmt.Errorf("%s cannot be written as %s", w.from.Nullable(), describe(n))
}

func (pl *planner) writeRecord(w *writer, n *avro.SchemaNode, inner string) error {
	row := schema.Schema{Fields: w.from.Fields}
	if len(n.Fields) != row.Len() {
		return fmt.Errorf("the schema has %d fields, the table %d", len(n.Fields), row.Len())
	}
	for i := range n.Fields {
		f := &n.Fields[i]
		at := row.Index(f.Name)
		if at < 0 {
			return fmt.Errorf("the table has no column %q", f.Name)
		}
		fw, err := pl.writer(&f.Type, inner, row.Fields[at].Type)
		if err != nil {
			return fmt.Errorf("column %q: %w", f.Name, err)
		}
		w.fields = append(w.fields, fieldWriter{f.Name, at, fw})
	}
	return nil
}

// encoder writes rows as records. It is a format.Encoder.
type encoder struct {
	row    *writer
	header func(dst []byte) ([]byte, error) // nil: there is none
}

func newPlainEncoder(s *schema.Schema, v option.Values) (format.Encoder, error) {
	p, err := derivedOf("avro", s, v)
	if err != nil {
		return nil, err
	}
	w, err := planWriter(p, s, v.Bool("timestamp_mapping.legacy"))
	if err != nil {
		return nil, fault.New(fault.Invalid, "format avro: %w", err)
	}
	if v.String("encoding") == "json" {
		return newJSONEncoder(p, s, w, v)
	}
	return &encoder{row: w}, nil
}

// Append implements format.Encoder.
func (e *encoder) Append(dst []byte, b *vec.Batch, row int) ([]byte, error) {
	n, out := len(dst), dst
	var err error
	if e.header != nil {
		if out, err = e.header(out); err != nil {
			return dst[:n], err
		}
	}
	for i := range e.row.fields {
		f := &e.row.fields[i]
		if out, err = f.write.append(out, &b.Cols[f.at], row); err != nil {
			return out[:n], fmt.Errorf("write column %q: %w", f.name, err)
		}
	}
	return out, nil
}

func (w *writer) append(dst []byte, c *vec.Column, row int) ([]byte, error) {
	if c.IsNull(row) {
		if w.null < 0 {
			return dst, fault.New(fault.Invalid, "the value is NULL, and the Avro schema has no null there")
		}
		return binary.AppendVarint(dst, w.null), nil
	}
	if w.value >= 0 {
		dst = binary.AppendVarint(dst, w.value)
	}
	switch w.kind {
	case kindBool:
		if c.Bool(row) {
			return append(dst, 1), nil
		}
		return append(dst, 0), nil
	case kindInt, kindLong:
		return w.appendInteger(dst, c, row)
	case kindFloat:
		return binary.LittleEndian.AppendUint32(dst, math.Float32bits(c.F32[row])), nil
	case kindDouble:
		return binary.LittleEndian.AppendUint64(dst, math.Float64bits(c.F64[row])), nil
	case kindBytes, kindFixed, kindEnum:
		return w.appendSized(dst, c, row)
	}
	return w.appendNested(dst, c, row)
}

func (w *writer) appendInteger(dst []byte, c *vec.Column, row int) ([]byte, error) {
	var v int64
	switch c.Layout() {
	case vec.LayoutI8:
		v = int64(c.I8[row])
	case vec.LayoutI16:
		v = int64(c.I16[row])
	case vec.LayoutI32:
		v = int64(c.I32[row])
	case vec.LayoutI64:
		v = c.I64[row]
	}
	ok := true
	switch w.from.ID {
	case schema.Time:
		v, ok = rescale(v, 1e3, w.unit)
	case schema.Timestamp, schema.TimestampLTZ:
		v, ok = rescale(v, w.from.PerSecond(), w.unit)
	}
	if !ok {
		return dst, fault.New(fault.Invalid, "the time does not fit the unit of the Avro schema")
	}
	return binary.AppendVarint(dst, v), nil
}

func (w *writer) appendSized(dst []byte, c *vec.Column, row int) ([]byte, error) {
	if w.from.ID == schema.Decimal {
		return w.appendDecimal(dst, c.D128[row])
	}
	v := c.Bytes(row)
	switch w.kind {
	case kindEnum:
		k, ok := w.symbols[string(v)]
		if !ok {
			return dst, fault.New(fault.Invalid, "%.64q is no symbol of the enum", v)
		}
		return binary.AppendVarint(dst, k), nil
	case kindFixed:
		if len(v) != w.size {
			return dst, fault.New(fault.Invalid, "the value has %d bytes, but is a fixed of %d", len(v), w.size)
		}
	case kindBytes:
		dst = binary.AppendVarint(dst, int64(len(v)))
	}
	return append(dst, v...), nil
}

// appendDecimal writes a number in two's complement, in as few bytes as it needs or as a fixed has.
func (w *writer) appendDecimal(dst []byte, d vec.Decimal128) ([]byte, error) {
	if w.scale != w.from.Scale {
		var text [64]byte
		var fits bool
		if d, fits, _ = format.ParseDecimal(format.AppendDecimal(text[:0], d, w.from.Scale), 38, w.scale); !fits {
			return dst, fault.New(fault.Invalid, "the number does not fit the scale of the Avro schema")
		}
	}
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], uint64(d.Hi))
	binary.BigEndian.PutUint64(b[8:], d.Lo)
	from, sign := 0, byte(d.Hi>>63)
	for from < 15 && b[from] == sign && (b[from+1]^sign)&0x80 == 0 {
		from++
	}
	size := 16 - from
	if w.kind == kindBytes {
		dst = binary.AppendVarint(dst, int64(size))
		return append(dst, b[from:]...), nil
	}
	if size > w.size {
		return dst, fault.New(fault.Invalid, "the number does not fit a fixed of %d bytes", w.size)
	}
	for range w.size - size {
		dst = append(dst, sign)
	}
	return append(dst, b[from:]...), nil
}

// appendNested writes an array, a map or a record.
func (w *writer) appendNested(dst []byte, c *vec.Column, row int) ([]byte, error) {
	var err error
	if w.kind == kindRecord {
		for i := range w.fields {
			f := &w.fields[i]
			if dst, err = f.write.append(dst, &c.Kids[f.at], row); err != nil {
				return dst, err
			}
		}
		return dst, nil
	}
	from, to := int(c.Off[row]), int(c.Off[row+1])
	if from < to {
		dst = binary.AppendVarint(dst, int64(to-from))
	}
	for i := from; i < to; i++ {
		value := &c.Kids[0]
		if w.kind == kindMap {
			if value.IsNull(i) {
				return dst, fault.New(fault.Invalid, "a key of a map is NULL")
			}
			key := value.Bytes(i)
			dst = append(binary.AppendVarint(dst, int64(len(key))), key...)
			value = &c.Kids[1]
		}
		if dst, err = w.of[0].append(dst, value, i); err != nil {
			return dst, err
		}
	}
	return append(dst, 0), nil
}
