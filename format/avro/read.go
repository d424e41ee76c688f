package avro

import (
	"math"
	"unicode/utf8"

	"millrace/format"
	"millrace/schema"
	"millrace/vec"
)

// rowReader reads values into the current row of a builder.
type rowReader struct {
	wire
	dst    *vec.Builder
	cols   []int  // of the builder, by field of the rows' schema
	bad    string // the field that is refused
	digits []byte // memory of a decimal's
	keys   format.MapKeys

	expanded int // bytes of text that stand in the schema alone
}

// row reads a record as a row and checks that nothing is left.
func (w *rowReader) row(r *reader) bool {
	if r.kind == kindUnion {
		k, ok := w.index(len(r.of))
		if !ok {
			return false
		}
		if r = r.of[k]; r.kind != kindRecord || r.refused != "" {
			return w.fail("the message is a " + r.name + ", not a record")
		}
	}
	for _, f := range r.fields {
		if f.at < 0 {
			if !w.skip(f.read, 1) {
				return false
			}
			continue
		}
		if !w.value(f.read, w.cols[f.at]) {
			w.bad = r.to.Fields[f.at].Name
			return false
		}
	}
	if w.i < len(w.b) {
		return w.fail("bytes are left behind the record: it was written with another schema")
	}
	return true
}

// value reads a value into column c of the current row.
func (w *rowReader) value(r *reader, c int) bool {
	r, ok := w.branch(r)
	if !ok {
		return false
	}
	if r.kind < kindArray {
		return w.scalar(r, w.dst.Slot(c))
	}
	col, row := w.dst.Nested(c)
	if !w.growNested(r, col, row) {
		return false
	}
	w.dst.NestedDone(c)
	return true
}

// branch reads which type of a union follows.
func (w *rowReader) branch(r *reader) (*reader, bool) {
	if r.kind == kindUnion {
		k, ok := w.index(len(r.of))
		if !ok {
			return r, false
		}
		r = r.of[k]
	}
	if r.refused != "" {
		return r, w.fail(r.refused)
	}
	return r, true
}

// scalar reads what has no values inside.
func (w *rowReader) scalar(r *reader, to vec.Slot) bool {
	ok := true
	switch r.kind {
	case kindNull:
		return w.null(r.to, to)
	case kindBool:
		var v bool
		if v, ok = w.bool(); ok {
			to.SetBool(v)
		}
	case kindInt, kindLong:
		var v int64
		v, ok = w.long()
		return ok && w.integer(r, to, v)
	case kindFloat:
		var v float32
		v, ok = w.float()
		if ok && r.to.ID == schema.Float {
			to.SetF32(v)
		} else if ok {
			to.SetF64(float64(v))
		}
	case kindDouble:
		var v float64
		if v, ok = w.double(); ok {
			to.SetF64(v)
		}
	case kindEnum:
		var k int
		if k, ok = w.index(len(r.symbols)); ok {
			to.SetBytes(r.symbols[k])
			ok = w.expand(len(r.symbols[k]))
		}
	default:
		return w.sized(r, to)
	}
	return ok
}

func (w *rowReader) null(of schema.Type, to vec.Slot) bool {
	if of.NotNull {
		return w.fail("is NOT NULL, but null")
	}
	to.SetNull()
	return true
}

// expand counts text that takes no bytes in the record.
func (w *rowReader) expand(n int) bool {
	if w.expanded += n; w.expanded > maxRecord {
		return w.fail("the symbols of the record are too long together")
	}
	return true
}

// sized reads bytes, a string or a fixed.
func (w *rowReader) sized(r *reader, to vec.Slot) bool {
	var v []byte
	var ok bool
	if r.kind == kindFixed {
		v, ok = w.bytes(int64(r.size))
	} else {
		v, ok = w.text()
	}
	switch {
	case !ok:
		return false
	case r.to.ID == schema.Decimal:
		return w.decimal(r, to, v)
	case r.to.IsString() && !utf8.Valid(v):
		return w.fail("is not UTF-8")
	}
	to.SetBytes(v)
	return true
}

// integer sets an int or long.
func (w *rowReader) integer(r *reader, to vec.Slot, v int64) bool {
	switch r.to.ID {
	case schema.Float:
		to.SetF32(float32(v))
		return true
	case schema.Double:
		to.SetF64(float64(v))
		return true
	}
	v, ok := w.converted(r, v)
	if ok {
		to.SetInt(v)
	}
	return ok
}

// converted is what a number means in the unit and the range of the column.
func (w *wire) converted(r *reader, v int64) (int64, bool) {
	if r.kind == kindInt && v != int64(int32(v)) {
		return 0, w.fail("an int has more than 32 bits")
	}
	ok := true
	switch r.to.ID {
	case schema.TinyInt:
		ok = v == int64(int8(v))
	case schema.SmallInt:
		ok = v == int64(int16(v))
	case schema.Time:
		v, ok = rescale(v, r.unit, 1e3)
		ok = ok && v >= 0 && v < 86_400_000
	case schema.Timestamp, schema.TimestampLTZ:
		v, ok = rescale(v, r.unit, r.to.PerSecond())
	}
	if !ok {
		return 0, w.fail("does not fit " + r.to.Nullable().String())
	}
	return v, true
}

// rescale converts v from one unit to another, both powers of ten a second.
func rescale(v, from, to int64) (int64, bool) {
	if from <= to {
		m := to / from
		if v > math.MaxInt64/m || v < math.MinInt64/m {
			return 0, false
		}
		return v * m, true
	}
	m := from / to
	q := v / m
	if v < 0 && q*m != v {
		q--
	}
	return q, true
}

// decimal sets the number that is v in two's complement. One that has too many digits is NULL, as in Flink.
func (w *rowReader) decimal(r *reader, to vec.Slot, v []byte) bool {
	d, fits := fromBytes(v)
	if fits {
		scale := r.scale
		if scale < 0 {
			scale = r.to.Scale
		}
		w.digits = format.AppendDecimal(w.digits[:0], d, scale)
		d, fits, _ = format.ParseDecimal(w.digits, r.to.Precision, r.to.Scale)
	}
	switch {
	case fits:
		to.SetDecimal(d)
	case r.to.NotNull:
		return w.fail("does not fit " + r.to.Nullable().String())
	default:
		to.SetNull()
	}
	return true
}

// fromBytes reads a number in two's complement, the highest byte first. fits: it has at most 128 bits.
func fromBytes(v []byte) (d vec.Decimal128, fits bool) {
	if len(v) == 0 {
		return d, true
	}
	sign := byte(int8(v[0]) >> 7)
	for len(v) > 16 {
		if v[0] != sign {
			return d, false
		}
		v = v[1:]
	}
	if byte(int8(v[0])>>7) != sign {
		return d, false
	}
	hi, lo := uint64(int64(int8(sign))), uint64(int64(int8(sign)))
	for _, b := range v {
		hi, lo = hi<<8|lo>>56, lo<<8|uint64(b)
	}
	return vec.Decimal128{Lo: lo, Hi: int64(hi)}, true
}
