package avro

import (
	"unicode/utf8"

	"millrace/vec"
)

// grow adds a value as row n of a column that grows.
func (w *rowReader) grow(r *reader, col *vec.Column, n int) bool {
	r, ok := w.branch(r)
	if !ok {
		return false
	}
	if r.kind < kindArray {
		return w.scalar(r, col.Slot(n))
	}
	return w.growNested(r, col, n)
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
	if r.kind == kindMap {
		r.order.Arrange(col, from, at)
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
		if !w.null(r.to.Fields[at].Type, col.Kids[at].Slot(n)) {
			return false
		}
	}
	col.GrowRow(n)
	return true
}
