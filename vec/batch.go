// Package vec holds rows as columns: the batches that formats fill, operators turn into other
// batches, and stores and sinks take.
//
// The layout is Apache Arrow's (https://arrow.apache.org/docs/format/Columnar.html): a validity
// bitmap and typed slices, strings as offsets into one buffer. On top come Flink's row kinds and a
// selection, so that a filter need not copy.
//
// Ownership: a batch passed to a call is valid during that call and belongs to the caller; who
// keeps it copies it (Builder.AppendRows). Nothing here is safe for concurrent use.
//
// Times are integers in the unit of their precision (schema.Type.PerSecond), counted from
// 1970-01-01 00:00:00: UTC for TIMESTAMP_LTZ, without a zone for TIMESTAMP.
package vec

import "millrace/schema"

// MaxRows bounds a batch, so that a handful of its columns fit a core's second-level cache.
const MaxRows = 1024

// RowKind says what a row does to the table that the stream stands for.
type RowKind uint8

// The row kinds of a changelog, in Flink's order.
const (
	Insert RowKind = iota
	UpdateBefore
	UpdateAfter
	Delete
)

// String returns "+I", "-U", "+U" or "-D".
func (k RowKind) String() string { return [...]string{"+I", "-U", "+U", "-D"}[k] }

// Batch is up to MaxRows rows of one schema, column by column.
type Batch struct {
	Schema *schema.Schema
	Cols   []Column
	Kinds  []RowKind // nil: every row is an Insert
	Sel    []int32   // nil: every row is live; else the live ones, ascending
	N      int       // physical rows
}

// Rows returns which rows of the batch are live.
func (b *Batch) Rows() Rows { return Rows{N: b.N, Sel: b.Sel} }

// Kind returns the kind of physical row i.
func (b *Batch) Kind(i int) RowKind {
	if b.Kinds == nil {
		return Insert
	}
	return b.Kinds[i]
}

// Rows names rows of a batch: the first N physical ones, or those in Sel.
type Rows struct {
	N   int
	Sel []int32
}

// Len is the number of rows named.
func (r Rows) Len() int {
	if r.Sel != nil {
		return len(r.Sel)
	}
	return r.N
}

// At returns the physical index of the k-th row named.
func (r Rows) At(k int) int {
	if r.Sel != nil {
		return int(r.Sel[k])
	}
	return k
}
