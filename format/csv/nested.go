package csv

import (
	"bytes"

	"millrace/format"
	"millrace/schema"
	"millrace/vec"
)

// nested sets column c to the ARRAY or ROW that is in a field.
func (d *decoder) nested(f schema.Field, c int, text []byte, dst *vec.Builder) *format.Error {
	col, n := dst.Nested(c)
	blank := len(format.TrimJava(text)) == 0
	bad := d.values(f, text, blank, col, n)
	switch {
	case bad == nil && !(blank && f.Type.ID == schema.Row):
		dst.NestedDone(c)
		return nil
	case bad == nil && f.Type.NotNull:
		return fieldError(f.Name, "is NOT NULL, but blank")
	case bad != nil && (!d.ignore || f.Type.NotNull):
		return bad
	}
	dst.SetNull(c)
	return nil
}

// values grows row n of col by the values in a field.
func (d *decoder) values(f schema.Field, text []byte, blank bool, col *vec.Column, n int) *format.Error {
	row := f.Type.ID == schema.Row
	if blank {
		if !row {
			col.GrowList(n, int(col.Off[n]))
		}
		return nil
	}
	at, k := n, 0
	if !row {
		at = int(col.Off[n])
	}
	for more := true; more; k++ {
		var value []byte
		value, text, more = bytes.Cut(text, d.element)
		if !row {
			if bad := d.one(f.Type.Fields[0], f.Name, value, &col.Kids[0], at); bad != nil {
				return bad
			}
			at++
			continue
		}
		if k >= len(col.Kids) {
			if d.ignore {
				break
			}
			return fieldError(f.Name, "has more values than the ROW has fields")
		}
		if bad := d.one(f.Type.Fields[k], f.Name, value, &col.Kids[k], n); bad != nil {
			return bad
		}
	}
	if !row {
		col.GrowList(n, at)
		return nil
	}
	return d.finishRow(f, col, n, k)
}

// finishRow makes the fields of a ROW from the k-th on NULL, where that is ignored.
func (d *decoder) finishRow(f schema.Field, col *vec.Column, n, k int) *format.Error {
	for ; k < len(col.Kids); k++ {
		if !d.ignore || f.Type.Fields[k].Type.NotNull {
			return fieldError(f.Name, "has fewer values than the ROW has fields")
		}
		col.Kids[k].AppendNull(n)
	}
	col.GrowRow(n)
	return nil
}

// one adds a value to a part of a column, as row n.
func (d *decoder) one(part schema.Field, name string, text []byte, kid *vec.Column, n int) *format.Error {
	part.Name = name
	var bad *format.Error
	if d.hasNull && bytes.Equal(text, d.null) {
		if !part.Type.NotNull {
			kid.AppendNull(n)
			return nil
		}
		return fieldError(name, "has a NULL where NOT NULL is wanted")
	}
	if bad = convert(part, kid.Slot(n), text); bad != nil && d.ignore && !part.Type.NotNull {
		kid.AppendNull(n)
		return nil
	}
	return bad
}
