package vec

// A growing column is one made by NewColumn, or the one that Builder.Nested returns. The Grow methods and
// AppendNull each add one value to it as row n, which must be the number of rows it has. They do not check
// the layout: the caller knows the type.
//
// A nested value is grown from the inside: first the rows of Kids, then the row that holds them, so that
// a list [1, NULL] as row n of an ARRAY<INT> column c is
//
//	at := int(c.Off[n])
//	c.Kids[0].GrowInt(at, 1)
//	c.Kids[0].AppendNull(at + 1)
//	c.GrowList(n, at+2)
//
// A value that turns out bad halfway is taken back by Truncate(n), whatever its kids have grown to.

// GrowBool adds the BOOLEAN v as row n.
func (c *Column) GrowBool(n int, v bool) {
	if n&63 == 0 {
		c.Bits = append(c.Bits, 0)
	}
	c.Bits.Put(n, v)
	c.appendValid(n, true)
}

// GrowInt adds an integer, date, time, instant or interval as row n, at the width of the column. The
// value must fit.
func (c *Column) GrowInt(n int, v int64) {
	switch c.Layout() {
	case LayoutI64:
		c.I64 = append(c.I64, v)
	case LayoutI32:
		c.I32 = append(c.I32, int32(v))
	case LayoutI16:
		c.I16 = append(c.I16, int16(v))
	case LayoutI8:
		c.I8 = append(c.I8, int8(v))
	}
	c.appendValid(n, true)
}

// GrowF32 adds the FLOAT v as row n.
func (c *Column) GrowF32(n int, v float32) {
	c.F32 = append(c.F32, v)
	c.appendValid(n, true)
}

// GrowF64 adds the DOUBLE v as row n.
func (c *Column) GrowF64(n int, v float64) {
	c.F64 = append(c.F64, v)
	c.appendValid(n, true)
}

// GrowDecimal adds an unscaled DECIMAL as row n.
func (c *Column) GrowDecimal(n int, v Decimal128) {
	c.D128 = append(c.D128, v)
	c.appendValid(n, true)
}

// GrowBytes adds a copy of the string or binary v as row n.
func (c *Column) GrowBytes(n int, v []byte) {
	c.Data = append(c.Data, v...)
	c.Off = append(c.Off, int32(len(c.Data)))
	c.appendValid(n, true)
}

// GrowString is GrowBytes for a string.
func (c *Column) GrowString(n int, v string) {
	c.Data = append(c.Data, v...)
	c.Off = append(c.Off, int32(len(c.Data)))
	c.appendValid(n, true)
}

// GrowBytesBy adds what f appends to the given slice as row n: for decoders that unescape while they
// copy. f's error leaves the column as it was.
func (c *Column) GrowBytesBy(n int, f func(dst []byte) ([]byte, error)) error {
	data, err := f(c.Data)
	if err != nil {
		return err
	}
	c.Data = data
	c.Off = append(c.Off, int32(len(c.Data)))
	c.appendValid(n, true)
	return nil
}

// GrowList adds an ARRAY, MAP or MULTISET as row n. Its elements are the rows of Kids from Off[n] on,
// which have been grown before; elements is how many rows each of Kids has now. The keys of a MAP must
// differ: Find tells whether one is there.
func (c *Column) GrowList(n, elements int) {
	c.Off = append(c.Off, int32(elements))
	c.appendValid(n, true)
}

// GrowRow adds a ROW as row n; each of Kids has been grown to n+1 rows before.
func (c *Column) GrowRow(n int) { c.appendValid(n, true) }

// Truncate forgets the rows of a growing column from the n-th on, and what its kids have been grown by
// for a row that was not added.
func (c *Column) Truncate(n int) { c.truncate(n) }

// Nested returns column c, of an ARRAY, MAP, MULTISET or ROW, for growing its value in the current row,
// and the number of that row: the value that was set before is forgotten. When row n has been grown,
// also by AppendNull, NestedDone must be called. Without it, and after SetNull, the value is NULL.
func (b *Builder) Nested(c int) (col *Column, n int) {
	b.cols[c].truncate(b.n)
	b.filled[c] = b.n
	return &b.cols[c], b.n
}

// NestedDone says that the value of column c in the current row has been grown.
func (b *Builder) NestedDone(c int) { b.filled[c] = b.n + 1 }
