package avro

import (
	"unicode/utf8"

	"millrace/schema"
	"millrace/vec"
)

// grow adds a value as row n of a column that grows.
func (w *rowReader) grow(r *reader, col *vec.Column, n int) bool {
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
		return w.growNull(r.to, col, n)
	case kindBool:
		v, ok := w.bool()
		col.GrowBool(n, v)
		return ok
	case kindInt, kindLong:
		v, ok := w.long()
		return ok && w.growInteger(r, col, n, v)
	case kindFloat:
		v, ok := w.float()
		if r.to.ID == schema.Float {
			col.GrowF32(n, v)
		} else {
			col.GrowF64(n, float64(v))
		}
		return ok
	case kindDouble:
		v, ok := w.double()
		col.GrowF64(n, v)
		return ok
	case kindBytes, kindFixed:
		v, ok := w.sized(r)
		return ok && w.growSized(r, col, n, v)
	case kindEnum:
		k, ok := w.index(len(r.symbols))
		if ok {
			col.GrowBytes(n, r.symbols[k])
			ok = w.expand(len(r.symbols[k]))
		}
		return ok
	}
	return w.growNested(r, col, n)
}

func (w *rowReader) growNull(to schema.Type, col *vec.Column, n int) bool {
	if to.NotNull {
		return w.fail("has a null where " + to.String() + " is wanted")
	}
	col.AppendNull(n)
	return true
}

func (w *rowReader) growInteger(r *reader, col *vec.Column, n int, v int64) bool {
	switch r.to.ID {
	case schema.Float:
		col.GrowF32(n, float32(v))
		return true
	case schema.Double:
		col.GrowF64(n, float64(v))
		return true
	}
	v, ok := w.converted(r, v)
	col.GrowInt(n, v)
	return ok
}

func (w *rowReader) growSized(r *reader, col *vec.Column, n int, v []byte) bool {
	if r.to.ID == schema.Decimal {
		d, fits, ok := w.number(r, v)
		if !fits {
			col.AppendNull(n)
			return ok
		}
		col.GrowDecimal(n, d)
		return true
	}
	if r.to.IsString() && !utf8.Valid(v) {
		return w.fail("is not UTF-8")
	}
	col.GrowBytes(n, v)
	return true
}

// growNested adds an array, a map or a record.
func (w *rowReader) growNested(r *reader, col *vec.Column, n int) bool {
	if r.kind == kindRecord {
		return w.growRow(r, col, n)
	}
	from := int(col.Off[n])
	at := from
	for {
		more, ok := w.block()
		if !ok {
			return false
		}
		if more == 0 {
			break
		}
		for range more {
			value := &col.Kids[0]
			if r.kind == kindMap {
				key, ok := w.text()
				if !ok {
					return false
				}
				if !utf8.Valid(key) {
					return w.fail("a key is not UTF-8")
				}
				value.GrowBytes(at, key)
				value = &col.Kids[1]
			}
			if !w.grow(r.of[0], value, at) {
				return false
			}
			at++
		}
	}
	if r.kind == kindMap && !w.keys.Differ(&col.Kids[0], from, at) {
		return w.fail("a key of a map stands twice")
	}
	col.GrowList(n, at)
	return true
}

func (w *rowReader) growRow(r *reader, col *vec.Column, n int) bool {
	for _, f := range r.fields {
		if f.at < 0 {
			if !w.skip(f.read, 1) {
				return false
			}
		} else if !w.grow(f.read, &col.Kids[f.at], n) {
			return false
		}
	}
	for _, at := range r.absent {
		if !w.growNull(r.to.Fields[at].Type, &col.Kids[at], n) {
			return false
		}
	}
	col.GrowRow(n)
	return true
}
