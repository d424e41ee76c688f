package json

import (
	"millrace/fault"
	"millrace/format"
	"millrace/format/json/scan"
	"millrace/schema"
	"millrace/vec"
)

// inside is what a nested type is made of.
type inside struct {
	parts  []field        // the fields of a ROW, the element of an ARRAY, key and value of a MAP or MULTISET
	names  []string       // of the fields of a ROW
	byName map[string]int // where they are
	rows   uint64         // counts the objects that became a ROW, to tell which fields of this one have been seen
	width  int            // how many columns its values take
	order  format.MapOrder
}

// newField plans the reading of a value; name is the path to it.
func newField(name string, t schema.Type) field {
	f := field{name: name, typ: t}
	switch t.ID {
	case schema.Array, schema.Map, schema.Multiset, schema.Row:
	default:
		return f
	}
	in := &inside{byName: make(map[string]int, len(t.Fields)), width: 1}
	f.inside = in
	for i, part := range t.Fields {
		path := name + "[]"
		if t.ID == schema.Row {
			path = name + "." + part.Name
			in.names = append(in.names, part.Name)
			in.byName[part.Name] = i
		}
		in.parts = append(in.parts, newField(path, part.Type))
	}
	if t.ID == schema.Multiset {
		in.parts = append(in.parts, newField(name+"[]", schema.Of(schema.Int).Required()))
	}
	for i := range in.parts {
		in.width += in.parts[i].width()
	}
	return f
}

func (f *field) width() int {
	if f.inside == nil {
		return 1
	}
	return f.inside.width
}

// checkTypes refuses types that have no JSON: objects have text as names.
func checkTypes(s *schema.Schema) error {
	for _, f := range s.Fields {
		if bad := keyless(f.Type); bad != nil {
			return fault.New(fault.Invalid, "format json: column %q has type %s: the keys of a MAP and the elements of a MULTISET must be text", f.Name, f.Type).
				WithHint("declare it as STRING to get its JSON text")
		}
	}
	return nil
}

// keyless finds a MAP or MULTISET in t whose keys are no text.
func keyless(t schema.Type) *schema.Type {
	if (t.ID == schema.Map || t.ID == schema.Multiset) && !t.Fields[0].Type.IsString() {
		return &t
	}
	for _, f := range t.Fields {
		if bad := keyless(f.Type); bad != nil {
			return bad
		}
	}
	return nil
}

// nested reads the value of a column that has values inside.
func (d *Decoder) nested(b []byte, i int, f *field, dst *vec.Builder) int {
	col, n := dst.Nested(f.col)
	if b[i] == 'n' {
		return d.scan.Skip(b, i, 0)
	}
	i, ok := d.grow(b, i, f, col, n, d.depth)
	if ok {
		dst.NestedDone(f.col)
	}
	return i
}

// part reads a value inside of another, as row n of col. It is not ok if what it is in cannot be without it; then
// the row is there all the same.
func (d *Decoder) part(b []byte, i int, f *field, col *vec.Column, n, depth int) (end int, ok bool) {
	if i >= len(b) {
		return d.scan.Expected(b, i, "a value"), false
	}
	if i, ok = d.grow(b, i, f, col, n, depth); i < 0 || ok {
		return i, ok
	}
	if !d.count(f.width(), i) {
		return -1, false
	}
	col.AppendNull(n)
	return i, !f.typ.NotNull
}

// count adds to how many values the record has inside of others.
func (d *Decoder) count(n, i int) bool {
	if d.grown += n; d.grown > maxGrown {
		d.scan.Fail(i, "the record has too many values")
		return false
	}
	return true
}

// grow adds the value at i to col as row n. A value that cannot be one of f, where such are ignored, is not ok and
// leaves col with n rows.
func (d *Decoder) grow(b []byte, i int, f *field, col *vec.Column, n, depth int) (end int, ok bool) {
	width := 1
	if b[i] == 'n' {
		width = f.width()
	}
	if !d.count(width, i) {
		return -1, false
	}
	open := byte('{')
	switch f.typ.ID {
	case schema.Array:
		open = '['
	case schema.Map, schema.Multiset, schema.Row:
	default:
		return d.leaf(b, i, f, col, n, depth)
	}
	switch {
	case b[i] == 'n':
		return d.null(b, i, f, col.Slot(n))
	case b[i] != open:
		end := d.scan.Skip(b, i, depth)
		if end < 0 {
			return -1, false
		}
		return d.refuse(f, unlike, b[i:end], end), false
	case depth == MaxDepth:
		return d.scan.Fail(i, "it is nested too deeply"), false
	}
	if f.typ.ID == schema.Row {
		i, ok = d.growRow(b, i, f, col, n, depth+1)
	} else {
		i, ok = d.growList(b, i, f, col, n, depth+1)
	}
	if i >= 0 && !ok {
		col.Truncate(n)
	}
	return i, ok
}

// leaf reads a value without others inside: the usual forms at once, the rest by coerce.
func (d *Decoder) leaf(b []byte, i int, f *field, col *vec.Column, n, depth int) (end int, ok bool) {
	switch f.typ.ID {
	case schema.VarChar, schema.Char:
		if b[i] == '"' {
			end, plain := d.scan.Text(b, i+1)
			if plain {
				col.GrowBytes(n, b[i+1:end])
				return end + 1, true
			}
		}
	case schema.Double:
		if v, end := scan.Double(b, i); end > 0 {
			col.GrowF64(n, v)
			return end, true
		}
	case schema.Int, schema.BigInt:
		if v, end := whole(b, i); end > 0 && (f.typ.ID == schema.BigInt || v == int64(int32(v))) {
			col.GrowInt(n, v)
			return end, true
		}
	}
	return d.coerce(b, i, f, col.Slot(n), depth)
}

// lacking notes that f has no value, but must. It returns i if that is ignored, else -1.
func (d *Decoder) lacking(f *field, why string, i int) int {
	if d.ignore {
		return i
	}
	d.bad, d.scan.Why = f, why
	return -1
}

// growList reads the array or the object that begins at i into an ARRAY, a MAP or a MULTISET.
func (d *Decoder) growList(b []byte, i int, f *field, col *vec.Column, n, depth int) (end int, ok bool) {
	value, values, last := &f.inside.parts[0], &col.Kids[0], byte(']')
	object := f.typ.ID != schema.Array
	if object {
		value, values, last = &f.inside.parts[1], &col.Kids[1], '}'
	}
	from := int(col.Off[n])
	at := from
	ok = true
	i = scan.Space(b, i+1)
	if i < len(b) && b[i] == last {
		col.GrowList(n, at)
		return i + 1, true
	}
	for {
		if object {
			if i = d.key(b, i, &col.Kids[0], at); i < 0 {
				return -1, false
			}
		}
		var good bool
		if i, good = d.part(b, i, value, values, at, depth); i < 0 {
			return -1, false
		}
		ok = ok && good
		at++
		i = scan.Space(b, i)
		if i < len(b) && b[i] == last {
			break
		}
		if i >= len(b) || b[i] != ',' {
			return d.scan.Expected(b, i, "a comma or the end of the object or array"), false
		}
		i = scan.Space(b, i+1)
	}
	if ok {
		if object && !d.keys.Differ(&col.Kids[0], from, at) {
			at = keepLast(col, from, at)
		}
		if object {
			f.inside.order.Arrange(col, from, at)
		}
		col.GrowList(n, at)
	}
	return i + 1, ok
}

// key reads a member's name as row n of a column of keys, and returns where the value begins.
func (d *Decoder) key(b []byte, i int, keys *vec.Column, n int) int {
	if i >= len(b) || b[i] != '"' {
		return d.scan.Expected(b, i, "a name in quotes")
	}
	end, plain := d.scan.Text(b, i+1)
	if end < 0 {
		return -1
	}
	text := b[i+1 : end]
	if !plain {
		d.unescaped = scan.AppendUnescaped(d.unescaped[:0], text)
		text = d.unescaped
	}
	keys.GrowBytes(n, text)
	return d.scan.Colon(b, end+1)
}

// keepLast leaves of the entries from up to (not including) upto one with each key, at the place of the first and with the
// value of the last, and returns where they end.
func keepLast(col *vec.Column, from, upto int) int {
	keys := &col.Kids[0]
	places := make(map[string][2]int, upto-from) // the first and the last of a key
	for i := from; i < upto; i++ {
		at, ok := places[string(keys.Bytes(i))]
		if !ok {
			at[0] = i
		}
		at[1] = i
		places[string(keys.Bytes(i))] = at
	}
	kept := [2]vec.Column{vec.NewColumn(keys.Type), vec.NewColumn(col.Kids[1].Type)}
	n := 0
	for i := from; i < upto; i++ {
		if at := places[string(keys.Bytes(i))]; at[0] == i {
			for k := range kept {
				kept[k].Append(n, &col.Kids[k], at[1])
			}
			n++
		}
	}
	for k := range kept {
		col.Kids[k].Truncate(from)
		for i := range n {
			col.Kids[k].Append(from+i, &kept[k], i)
		}
	}
	return from + n
}

// growRow reads the object that begins at i into a ROW.
func (d *Decoder) growRow(b []byte, i int, f *field, col *vec.Column, n, depth int) (end int, ok bool) {
	in := f.inside
	in.rows++
	ok = true
	i = scan.Space(b, i+1)
	if i >= len(b) || b[i] != '}' {
		for next := 0; ; next++ {
			var at int
			if i, at = d.fieldName(b, i, in, next); i < 0 {
				return -1, false
			}
			if at < 0 {
				i = d.scan.Skip(b, i, depth)
				next--
			} else {
				part, kid := &in.parts[at], &col.Kids[at]
				if part.row == in.rows {
					kid.Truncate(n) // the last value stands
				}
				part.row = in.rows
				var good bool
				i, good = d.part(b, i, part, kid, n, depth)
				ok = ok && good
				next = at
			}
			if i < 0 {
				return -1, false
			}
			i = scan.Space(b, i)
			if i < len(b) && b[i] == '}' {
				break
			}
			if i >= len(b) || b[i] != ',' {
				return d.scan.Expected(b, i, "a comma or the end of the object"), false
			}
			i = scan.Space(b, i+1)
		}
	}
	return d.finishRow(i+1, f, col, n, ok)
}

// finishRow makes the fields NULL that an object did not have.
func (d *Decoder) finishRow(i int, f *field, col *vec.Column, n int, ok bool) (int, bool) {
	in := f.inside
	for k := range in.parts {
		part := &in.parts[k]
		if part.row == in.rows {
			continue
		}
		if d.failMissing {
			d.bad, d.scan.Why = part, "is missing"
			return -1, false
		}
		if part.typ.NotNull {
			if d.lacking(part, "is NOT NULL, but missing", i) < 0 {
				return -1, false
			}
			ok = false
		}
		if !d.count(part.width(), i) {
			return -1, false
		}
		col.Kids[k].AppendNull(n)
	}
	if ok {
		col.GrowRow(n)
	}
	return i, ok
}

// fieldName reads a member's name and returns where its value begins and which field of the ROW it is, -1 if none.
// next is the field that would be in order.
func (d *Decoder) fieldName(b []byte, i int, in *inside, next int) (value, at int) {
	if i >= len(b) || b[i] != '"' {
		return d.scan.Expected(b, i, "a name in quotes"), -1
	}
	end, plain := d.scan.Text(b, i+1)
	if end < 0 {
		return -1, -1
	}
	name := b[i+1 : end]
	if !plain {
		d.unescaped = scan.AppendUnescaped(d.unescaped[:0], name)
		name = d.unescaped
	}
	at = -1
	if next < len(in.names) && string(name) == in.names[next] {
		at = next
	} else if k, ok := in.byName[string(name)]; ok {
		at = k
	}
	return d.scan.Colon(b, end+1), at
}
