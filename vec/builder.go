package vec

import (
	"millrace/schema"
)

// Builder collects rows into a batch, one row at a time, and reuses its memory from batch to batch.
//
// A row is written column by column, in any order, each column at most a few times (the last value
// stands); EndRow keeps it, AbortRow forgets it. What was not set is NULL. The setters do not check
// the column's layout: the caller knows the schema.
type Builder struct {
	batch Batch
	cols  []Column // full capacity; batch.Cols are views of it
	bytes []int    // the columns with LayoutBytes
	// nested are the columns that grow by Append, filled how many rows each has.
	nested []int
	filled []int
	kinds  []RowKind
	kinky  bool // a row of another kind than Insert is in
	n      int
	max    int
}

// NewBuilder returns an empty builder of batches of at most MaxRows rows.
func NewBuilder(s *schema.Schema) *Builder { return NewBuilderSize(s, MaxRows) }

// NewBuilderSize returns an empty builder of batches of at most size rows.
func NewBuilderSize(s *schema.Schema, size int) *Builder {
	b := &Builder{max: size, cols: make([]Column, s.Len()), kinds: make([]RowKind, size)}
	b.batch.Schema = s
	b.batch.Cols = make([]Column, s.Len())
	b.filled = make([]int, s.Len())
	for i, f := range s.Fields {
		c := &b.cols[i]
		if l := LayoutOf(f.Type.ID); l == LayoutList || l == LayoutRow {
			*c = NewColumn(f.Type)
			b.nested = append(b.nested, i)
			continue
		}
		c.Reset(f.Type, size)
		c.Valid = make(Bitmap, Words(size))
		if c.Layout() == LayoutBytes {
			b.bytes = append(b.bytes, i)
		}
	}
	return b
}

// Schema is the schema of the rows.
func (b *Builder) Schema() *schema.Schema { return b.batch.Schema }

// Len is the number of rows kept.
func (b *Builder) Len() int { return b.n }

// Free is how many more rows fit.
func (b *Builder) Free() int { return b.max - b.n }

// Full reports whether no row fits.
func (b *Builder) Full() bool { return b.n == b.max }

// SetBool sets the BOOLEAN of column c in the current row.
func (b *Builder) SetBool(c int, v bool) {
	col := &b.cols[c]
	col.Bits.Put(b.n, v)
	col.Valid.Set(b.n)
}

// SetInt sets an integer, date, time, instant or interval of column c in the current row, at the
// width of the column. The value must fit.
func (b *Builder) SetInt(c int, v int64) {
	col := &b.cols[c]
	switch col.Layout() {
	case LayoutI64:
		col.I64[b.n] = v
	case LayoutI32:
		col.I32[b.n] = int32(v)
	case LayoutI16:
		col.I16[b.n] = int16(v)
	case LayoutI8:
		col.I8[b.n] = int8(v)
	}
	col.Valid.Set(b.n)
}

// SetI64 is SetInt for a column known to have LayoutI64.
func (b *Builder) SetI64(c int, v int64) {
	col := &b.cols[c]
	col.I64[b.n] = v
	col.Valid.Set(b.n)
}

// SetF64 sets the DOUBLE of column c in the current row.
func (b *Builder) SetF64(c int, v float64) {
	col := &b.cols[c]
	col.F64[b.n] = v
	col.Valid.Set(b.n)
}

// SetF32 sets the FLOAT of column c in the current row.
func (b *Builder) SetF32(c int, v float32) {
	col := &b.cols[c]
	col.F32[b.n] = v
	col.Valid.Set(b.n)
}

// SetDecimal sets the unscaled DECIMAL of column c in the current row.
func (b *Builder) SetDecimal(c int, v Decimal128) {
	col := &b.cols[c]
	col.D128[b.n] = v
	col.Valid.Set(b.n)
}

// SetBytes copies v into the string or binary column c of the current row.
func (b *Builder) SetBytes(c int, v []byte) {
	col := &b.cols[c]
	col.Data = append(col.Data[:col.Off[b.n]], v...)
	col.Valid.Set(b.n)
}

// SetString is SetBytes for a string.
func (b *Builder) SetString(c int, v string) {
	col := &b.cols[c]
	col.Data = append(col.Data[:col.Off[b.n]], v...)
	col.Valid.Set(b.n)
}

// GrowBytes sets column c of the current row to what f appends to the given slice: for decoders that
// unescape while they copy. f's error leaves the value unset.
func (b *Builder) GrowBytes(c int, f func(dst []byte) ([]byte, error)) error {
	col := &b.cols[c]
	data, err := f(col.Data[:col.Off[b.n]])
	if err != nil {
		return err
	}
	col.Data = data
	col.Valid.Set(b.n)
	return nil
}

// SetNull sets column c of the current row to NULL, also if it was set before.
func (b *Builder) SetNull(c int) {
	col := &b.cols[c]
	if b.isNested(c) {
		col.truncate(b.n)
		b.filled[c] = b.n
		return
	}
	if col.Layout() == LayoutBytes {
		col.Data = col.Data[:col.Off[b.n]]
	}
	col.Valid.Clear(b.n)
}

func (b *Builder) isNested(c int) bool {
	l := b.cols[c].Layout()
	return l == LayoutList || l == LayoutRow
}

// IsSet reports whether column c of the current row has a value.
func (b *Builder) IsSet(c int) bool {
	if len(b.nested) > 0 && b.isNested(c) {
		return b.filled[c] > b.n && !b.cols[c].IsNull(b.n)
	}
	return b.cols[c].Valid.Get(b.n)
}

// EndRow keeps the current row and begins the next. The builder must not be full.
func (b *Builder) EndRow(k RowKind) {
	for _, c := range b.bytes {
		col := &b.cols[c]
		col.Off[b.n+1] = int32(len(col.Data))
	}
	for _, c := range b.nested {
		if b.filled[c] == b.n {
			b.cols[c].truncate(b.n) // what a decoder may have given up halfway
			b.cols[c].AppendNull(b.n)
			b.filled[c]++
		}
	}
	b.kinds[b.n] = k
	if k != Insert {
		b.kinky = true
	}
	b.n++
}

// AbortRow forgets what was set since the last EndRow.
func (b *Builder) AbortRow() {
	for i := range b.cols {
		if b.isNested(i) {
			b.SetNull(i)
			continue
		}
		b.cols[i].Valid.Clear(b.n)
	}
	for _, c := range b.bytes {
		col := &b.cols[c]
		col.Data = col.Data[:col.Off[b.n]]
	}
}

// Truncate forgets all rows from the n-th on, and the current one.
func (b *Builder) Truncate(n int) {
	b.AbortRow()
	for b.n > n {
		b.n--
		b.AbortRow()
	}
}

// Col returns column c for reading the rows kept so far; it is valid until the next row is begun.
func (b *Builder) Col(c int) *Column { return &b.cols[c] }

// Batch returns the rows kept as a batch. It is valid until the builder is used again.
func (b *Builder) Batch() *Batch {
	b.batch.N = b.n
	b.batch.Sel = nil
	b.batch.Kinds = nil
	if b.kinky {
		b.batch.Kinds = b.kinds[:b.n]
	}
	for i := range b.cols {
		b.batch.Cols[i] = b.cols[i]
		if b.isNested(i) {
			continue
		}
		if b.cols[i].Valid.Count(b.n) == b.n {
			b.batch.Cols[i].Valid = nil
		}
	}
	return &b.batch
}

// Reset empties the builder; its memory is kept.
func (b *Builder) Reset() {
	words := Words(min(b.n+1, b.max))
	for i := range b.cols {
		c := &b.cols[i]
		if b.isNested(i) {
			c.Clear()
			b.filled[i] = 0
			continue
		}
		c.Valid[:words].Fill(false)
		c.Data = c.Data[:0]
	}
	b.n, b.kinky = 0, false
}
