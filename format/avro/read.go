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

// value reads a value into column c.
func (w *rowReader) value(r *reader, c int) bool {
	if r.kind == kindUnion {
		k, ok := w.index(len(r.of))
		if !ok {
			return false
		}
		r = r.of[k]
	}
	if r.refused != "" {
		return w.fail(r.refused)
	}
	switch r.kind {
	case kindNull:
		if r.to.NotNull {
			return w.fail("is NOT NULL, but null")
		}
		return true
	case kindBool:
		v, ok := w.bool()
		if ok {
			w.dst.SetBool(c, v)
		}
		return ok
	case kindInt, kindLong:
		v, ok := w.long()
		return ok && w.integer(r, c, v)
	case kindFloat:
		v, ok := w.float()
		if ok && r.to.ID == schema.Float {
			w.dst.SetF32(c, v)
		} else if ok {
			w.dst.SetF64(c, float64(v))
		}
		return ok
	case kindDouble:
		v, ok := w.double()
		if ok {
			w.dst.SetF64(c, v)
		}
		return ok
	}
	return w.lengthy(r, c)
}

// lengthy reads a value of some length into column c.
func (w *rowReader) lengthy(r *reader, c int) bool {
	switch r.kind {
	case kindBytes, kindFixed:
		v, ok := w.sized(r)
		if !ok {
			return false
		}
		if r.to.ID == schema.Decimal {
			return w.decimal(r, c, v)
		}
		if r.to.IsString() && !utf8.Valid(v) {
			return w.fail("is not UTF-8")
		}
		w.dst.SetBytes(c, v)
	case kindEnum:
		k, ok := w.index(len(r.symbols))
		if !ok {
			return false
		}
		w.dst.SetBytes(c, r.symbols[k])
		return w.expand(len(r.symbols[k]))
	case kindArray, kindMap, kindRecord:
		col, row := w.dst.Nested(c)
		if !w.growNested(r, col, row) {
			return false
		}
		w.dst.NestedDone(c)

	}
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
func (w *rowReader) sized(r *reader) ([]byte, bool) {
	if r.kind == kindFixed {
		return w.bytes(int64(r.size))
	}
	return w.text()
}

// integer sets column c to an int or long.
func (w *rowReader) integer(r *reader, c int, v int64) bool {
	switch r.to.ID {
	case schema.Float:
		w.dst.SetF32(c, float32(v))
		return true
	case schema.Double:
		w.dst.SetF64(c, float64(v))
		return true
	}
	v, ok := w.converted(r, v)
	if ok {
		w.dst.SetInt(c, v)
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

// decimal sets column c to the number that is v in two's complement.
func (w *rowReader) decimal(r *reader, c int, v []byte) bool {
	d, fits, ok := w.number(r, v)
	if ok && fits {
		w.dst.SetDecimal(c, d)
	}
	return ok
}

// number reads a decimal. One that has too many digits is NULL, as in Flink.
func (w *rowReader) number(r *reader, v []byte) (d vec.Decimal128, fits, ok bool) {
	if d, fits = fromBytes(v); fits {
		scale := r.scale
		if scale < 0 {
			scale = r.to.Scale
		}
		w.digits = format.AppendDecimal(w.digits[:0], d, scale)
		d, fits, _ = format.ParseDecimal(w.digits, r.to.Precision, r.to.Scale)
	}
	if !fits && r.to.NotNull {
		return d, false, w.fail("does not fit " + r.to.Nullable().String())
	}
	return d, fits, true
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
