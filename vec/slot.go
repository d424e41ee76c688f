package vec

// Slot is a place for one value that is not nested: a column of a builder's current row, or the next row of a
// growing column. What converts values writes to it and need not know which.
type Slot struct {
	builder *Builder
	col     *Column
	n       int // the column of the builder, the row of col
}

// Slot returns the place of column c in the current row.
func (b *Builder) Slot(c int) Slot { return Slot{builder: b, n: c} }

// Slot returns the place of row n, the next, of a growing column.
func (c *Column) Slot(n int) Slot { return Slot{col: c, n: n} }

// Inside reports whether the place is in a growing column.
func (s Slot) Inside() bool { return s.col != nil }

// SetNull makes the value NULL.
func (s Slot) SetNull() {
	if s.col != nil {
		s.col.AppendNull(s.n)
	} else {
		s.builder.SetNull(s.n)
	}
}

// SetBool sets a BOOLEAN.
func (s Slot) SetBool(v bool) {
	if s.col != nil {
		s.col.GrowBool(s.n, v)
	} else {
		s.builder.SetBool(s.n, v)
	}
}

// SetInt sets an integer, date, time, instant or interval, which must fit the column.
func (s Slot) SetInt(v int64) {
	if s.col != nil {
		s.col.GrowInt(s.n, v)
	} else {
		s.builder.SetInt(s.n, v)
	}
}

// SetF32 sets a FLOAT.
func (s Slot) SetF32(v float32) {
	if s.col != nil {
		s.col.GrowF32(s.n, v)
	} else {
		s.builder.SetF32(s.n, v)
	}
}

// SetF64 sets a DOUBLE.
func (s Slot) SetF64(v float64) {
	if s.col != nil {
		s.col.GrowF64(s.n, v)
	} else {
		s.builder.SetF64(s.n, v)
	}
}

// SetDecimal sets an unscaled DECIMAL.
func (s Slot) SetDecimal(v Decimal128) {
	if s.col != nil {
		s.col.GrowDecimal(s.n, v)
	} else {
		s.builder.SetDecimal(s.n, v)
	}
}

// SetBytes sets a string or binary to a copy of v.
func (s Slot) SetBytes(v []byte) {
	if s.col != nil {
		s.col.GrowBytes(s.n, v)
	} else {
		s.builder.SetBytes(s.n, v)
	}
}

// SetBytesBy sets a string or binary to what f appends to the given slice. f's error leaves the place as it was.
func (s Slot) SetBytesBy(f func(dst []byte) ([]byte, error)) error {
	if s.col != nil {
		return s.col.GrowBytesBy(s.n, f)
	}
	return s.builder.GrowBytes(s.n, f)
}
