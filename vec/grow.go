package vec

import "millrace/schema"

// NewColumn returns an empty column of type t that grows by Append.
func NewColumn(t schema.Type) Column {
	c := Column{Type: t}
	switch LayoutOf(t.ID) {
	case LayoutBytes, LayoutList:
		c.Off = make([]int32, 1, 64)
	}
	for i := range kidsOf(t) {
		c.Kids = append(c.Kids, NewColumn(kidType(t, i)))
	}
	return c
}

// Append adds row i of src, a column of the same layout, as row n of c, which has n rows so far.
func (c *Column) Append(n int, src *Column, i int) {
	null := src.IsNull(i)
	switch c.Layout() {
	case LayoutBits:
		if n&63 == 0 {
			c.Bits = append(c.Bits, 0)
		}
		c.Bits.Put(n, !null && src.Bits.Get(i))
	case LayoutI8:
		c.I8 = append(c.I8, src.I8[i])
	case LayoutI16:
		c.I16 = append(c.I16, src.I16[i])
	case LayoutI32:
		c.I32 = append(c.I32, src.I32[i])
	case LayoutI64:
		c.I64 = append(c.I64, src.I64[i])
	case LayoutF32:
		c.F32 = append(c.F32, src.F32[i])
	case LayoutF64:
		c.F64 = append(c.F64, src.F64[i])
	case LayoutD128:
		c.D128 = append(c.D128, src.D128[i])
	case LayoutBytes:
		if !null {
			c.Data = append(c.Data, src.Bytes(i)...)
		}
		c.Off = append(c.Off, int32(len(c.Data)))
	case LayoutList, LayoutRow:
		c.appendNested(n, src, i)
	}
	c.appendValid(n, !null)
}

// appendValid sets the validity of row n, the first behind those there are.
func (c *Column) appendValid(n int, valid bool) {
	if c.Valid == nil {
		if valid {
			return
		}
		c.Valid = c.validStore.Resize(n + 1)
		c.Valid.Fill(true)
	}
	for len(c.Valid) < Words(n+1) {
		c.Valid = append(c.Valid, ^uint64(0))
	}
	c.Valid.Put(n, valid)
}

// Clear empties a growing column; its memory is kept.
func (c *Column) Clear() {
	if c.Valid != nil {
		c.validStore, c.Valid = c.Valid, nil
	}
	c.Bits, c.I8, c.I16, c.I32, c.I64 = c.Bits[:0], c.I8[:0], c.I16[:0], c.I32[:0], c.I64[:0]
	c.F32, c.F64, c.D128, c.Data = c.F32[:0], c.F64[:0], c.D128[:0], c.Data[:0]
	if len(c.Off) > 0 {
		c.Off = c.Off[:1]
	}
	for i := range c.Kids {
		c.Kids[i].Clear()
	}
}

// View returns rows from up to (not including) upto of c as a column that shares its memory. from
// must be a multiple of 64.
func (c *Column) View(from, upto int) Column {
	v := Column{Type: c.Type, Data: c.Data, Kids: c.Kids}
	if c.Valid != nil {
		v.Valid = c.Valid[from>>6 : Words(upto)]
	}
	switch c.Layout() {
	case LayoutBits:
		v.Bits = c.Bits[from>>6 : Words(upto)]
	case LayoutI8:
		v.I8 = c.I8[from:upto]
	case LayoutI16:
		v.I16 = c.I16[from:upto]
	case LayoutI32:
		v.I32 = c.I32[from:upto]
	case LayoutI64:
		v.I64 = c.I64[from:upto]
	case LayoutF32:
		v.F32 = c.F32[from:upto]
	case LayoutF64:
		v.F64 = c.F64[from:upto]
	case LayoutD128:
		v.D128 = c.D128[from:upto]
	case LayoutBytes, LayoutList:
		v.Off = c.Off[from : upto+1]
	case LayoutRow:
		v.Kids = make([]Column, len(c.Kids))
		for i := range c.Kids {
			v.Kids[i] = c.Kids[i].View(from, upto)
		}
	}
	return v
}

// Equal reports whether row i of c and row j of o, a column of the same layout, are the same value;
// NULL is the same as NULL, as in GROUP BY.
func (c *Column) Equal(i int, o *Column, j int) bool {
	if n := c.IsNull(i); n || o.IsNull(j) {
		return n && o.IsNull(j)
	}
	switch c.Layout() {
	case LayoutBits:
		return c.Bits.Get(i) == o.Bits.Get(j)
	case LayoutI8:
		return c.I8[i] == o.I8[j]
	case LayoutI16:
		return c.I16[i] == o.I16[j]
	case LayoutI32:
		return c.I32[i] == o.I32[j]
	case LayoutI64:
		return c.I64[i] == o.I64[j]
	case LayoutF32:
		return c.F32[i] == o.F32[j] || (c.F32[i] != c.F32[i] && o.F32[j] != o.F32[j])
	case LayoutF64:
		return c.F64[i] == o.F64[j] || (c.F64[i] != c.F64[i] && o.F64[j] != o.F64[j])
	case LayoutD128:
		return c.D128[i] == o.D128[j]
	case LayoutBytes:
		return string(c.Bytes(i)) == string(o.Bytes(j))
	case LayoutList, LayoutRow:
		return c.equalNested(i, o, j)
	}
	return true
}
