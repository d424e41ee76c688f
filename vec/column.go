package vec

import (
	"strconv"

	"millrace/schema"
)

// Decimal128 is a DECIMAL's unscaled value in two's complement, as in Arrow.
type Decimal128 struct {
	Lo uint64
	Hi int64
}

// Float64 returns the number nearest to d with so many digits behind the point, by its text, so that 0.1 stays 0.1.
func (d Decimal128) Float64(scale int32) float64 {
	if d.Hi == int64(d.Lo)>>63 {
		text := strconv.AppendInt(nil, int64(d.Lo), 10)
		text = append(text, 'e', '-')
		f, _ := strconv.ParseFloat(string(strconv.AppendInt(text, int64(scale), 10)), 64) // always a number
		return f
	}
	f := float64(d.Hi)*(1<<64) + float64(d.Lo)
	for range scale {
		f /= 10
	}
	return f
}

// Column is one column of a batch: validity and one of the value slices, chosen by its Layout.
// The rows that are NULL hold undefined values (strings: any, but with ordered offsets).
//
// Slices may be longer than the batch has rows; Off has one entry more.
type Column struct {
	Type  schema.Type
	Valid Bitmap // nil: no row is NULL

	Bits Bitmap       // BOOLEAN
	I8   []int8       // TINYINT
	I16  []int16      // SMALLINT
	I32  []int32      // INT, DATE (days), TIME (ms of the day), IntervalMonth
	I64  []int64      // BIGINT, TIMESTAMP and TIMESTAMP_LTZ (units of Type.PerSecond), IntervalDay (ms)
	F32  []float32    // FLOAT
	F64  []float64    // DOUBLE
	D128 []Decimal128 // DECIMAL
	Off  []int32      // strings, binaries: row i is Data[Off[i]:Off[i+1]]; ARRAY, MAP, MULTISET: rows of Kids
	Data []byte
	Kids []Column // ROW: its fields; ARRAY: the elements; MAP: keys and values; MULTISET: elements and how often each is in it, an INT

	validStore Bitmap // memory of Valid while Valid is nil
}

// Layout is how a type lies in a Column.
type Layout uint8

// The layouts, each named for the slice that holds it.
const (
	LayoutNone Layout = iota // NULL: validity alone
	LayoutBits
	LayoutI8
	LayoutI16
	LayoutI32
	LayoutI64
	LayoutF32
	LayoutF64
	LayoutD128
	LayoutBytes
	LayoutList
	LayoutRow
)

// LayoutOf returns the layout of a type.
func LayoutOf(id schema.TypeID) Layout {
	switch id {
	case schema.Boolean:
		return LayoutBits
	case schema.TinyInt:
		return LayoutI8
	case schema.SmallInt:
		return LayoutI16
	case schema.Int, schema.Date, schema.Time, schema.IntervalMonth:
		return LayoutI32
	case schema.BigInt, schema.Timestamp, schema.TimestampLTZ, schema.IntervalDay:
		return LayoutI64
	case schema.Float:
		return LayoutF32
	case schema.Double:
		return LayoutF64
	case schema.Decimal:
		return LayoutD128
	case schema.Char, schema.VarChar, schema.Binary, schema.VarBinary:
		return LayoutBytes
	case schema.Array, schema.Map, schema.Multiset:
		return LayoutList
	case schema.Row:
		return LayoutRow
	}
	return LayoutNone
}

// Layout returns the layout of the column.
func (c *Column) Layout() Layout { return LayoutOf(c.Type.ID) }

// IsNull reports whether row i is NULL.
func (c *Column) IsNull(i int) bool { return c.Valid != nil && !c.Valid.Get(i) }

// Bytes returns the string or binary of row i; it aliases Data.
func (c *Column) Bytes(i int) []byte { return c.Data[c.Off[i]:c.Off[i+1]] }

// Bool returns the BOOLEAN of row i.
func (c *Column) Bool(i int) bool { return c.Bits.Get(i) }

// Reset makes c a column of type t with n rows and no NULLs, reusing its memory. Values are
// undefined; strings are empty, to be appended in row order with AppendBytes, lists too: Off says how many
// elements were appended to Kids.
func (c *Column) Reset(t schema.Type, n int) {
	if c.Valid != nil {
		c.validStore = c.Valid
	}
	c.Type, c.Valid = t, nil
	switch LayoutOf(t.ID) {
	case LayoutBits:
		c.Bits = c.Bits.Resize(n)
	case LayoutI8:
		c.I8 = resize(c.I8, n)
	case LayoutI16:
		c.I16 = resize(c.I16, n)
	case LayoutI32:
		c.I32 = resize(c.I32, n)
	case LayoutI64:
		c.I64 = resize(c.I64, n)
	case LayoutF32:
		c.F32 = resize(c.F32, n)
	case LayoutF64:
		c.F64 = resize(c.F64, n)
	case LayoutD128:
		c.D128 = resize(c.D128, n)
	case LayoutBytes:
		c.Off = resize(c.Off, n+1)
		c.Off[0] = 0
		c.Data = c.Data[:0]
	case LayoutNone:
		c.NeedValid(n).Fill(false)
	case LayoutList:
		c.Off = resize(c.Off, n+1)
		c.Off[0] = 0
		c.resetKids(t, 0)
	case LayoutRow:
		c.resetKids(t, n)
	}
}

// AppendBytes sets row i, the next in order, of a string column under construction.
func (c *Column) AppendBytes(i int, v []byte) {
	c.Data = append(c.Data, v...)
	c.Off[i+1] = int32(len(c.Data))
}

// AppendString is AppendBytes for a string.
func (c *Column) AppendString(i int, v string) {
	c.Data = append(c.Data, v...)
	c.Off[i+1] = int32(len(c.Data))
}

// NeedValid returns the validity of n rows for writing, all ones if there was none.
func (c *Column) NeedValid(n int) Bitmap {
	if c.Valid == nil {
		c.Valid = c.validStore.Resize(n)
		c.Valid.Fill(true)
	}
	return c.Valid
}

// SetNull makes row i of n NULL.
func (c *Column) SetNull(i, n int) { c.NeedValid(n).Clear(i) }

func resize[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n, max(n, min(2*cap(s), 2*MaxRows)))
	}
	return s[:n]
}

// CopyFrom sets row i of c to row i of src, a column of the same layout whose row i is not NULL.
// Strings must come in row order.
func (c *Column) CopyFrom(i int, src *Column) {
	switch c.Layout() {
	case LayoutBits:
		c.Bits.Put(i, src.Bits.Get(i))
	case LayoutI8:
		c.I8[i] = src.I8[i]
	case LayoutI16:
		c.I16[i] = src.I16[i]
	case LayoutI32:
		c.I32[i] = src.I32[i]
	case LayoutI64:
		c.I64[i] = src.I64[i]
	case LayoutF32:
		c.F32[i] = src.F32[i]
	case LayoutF64:
		c.F64[i] = src.F64[i]
	case LayoutD128:
		c.D128[i] = src.D128[i]
	case LayoutBytes:
		c.AppendBytes(i, src.Bytes(i))
	}
}
