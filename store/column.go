package store

import (
	"fmt"
	"time"
)

// Type is the type of a stored column.
type Type uint8

// The types of columns. Timestamp counts microseconds since 1970 in UTC.
const (
	Double Type = iota + 1
	BigInt
	Boolean
	VarChar
	Timestamp
)

var typeNames = [...]string{Double: "DOUBLE", BigInt: "BIGINT", Boolean: "BOOLEAN", VarChar: "VARCHAR", Timestamp: "TIMESTAMP"}

// String returns the name of the type in DuckDB's SQL.
func (t Type) String() string {
	if t < Double || t > Timestamp {
		return "UNKNOWN"
	}
	return typeNames[t]
}

// MarshalText writes the type as its name.
func (t Type) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText reads a type by its name.
func (t *Type) UnmarshalText(text []byte) error {
	for id, name := range typeNames {
		if name != "" && name == string(text) {
			*t = Type(id)
			return nil
		}
	}
	return fmt.Errorf("type %q is not known", text)
}

// Column describes a column of a measurement. Its ID never changes and is never used again; it is
// the field id in the Parquet files, so that a part needs no knowledge of later columns.
type Column struct {
	ID   int    `json:"id"`
	Name string `json:"name"`
	Type Type   `json:"type"`
	Tag  bool   `json:"tag,omitempty"`
}

// timeID is the ID of the column time, which every measurement has first.
const timeID = 1

// timeName is the name of that column.
const timeName = "time"

func timeColumn() Column { return Column{ID: timeID, Name: timeName, Type: Timestamp} }

// values are the values of one column of a block. Rows below the length of the slices never change,
// so that readers may hold a copy of the struct while rows are appended.
type values struct {
	id  int
	typ Type

	null []bool // nil: no row is NULL
	i64  []int64
	f64  []float64
	bits []bool
	// A tag has codes into dict, a VARCHAR field ends in data.
	tag  bool
	code []uint32
	dict []string
	end  []uint32
	data []byte
}

// block is a run of rows of one measurement as columns. cols[0] is time.
type block struct {
	rows       int
	cols       []values
	from, upto int64 // lowest and highest time, both inclusive
}

func (b *block) times() []int64 { return b.cols[0].i64 }

// column returns the column with the given ID, or nil if the block is older than it.
func (b *block) column(id int) *values {
	// IDs are given in order of appearance, so that position and ID mostly agree.
	if id <= len(b.cols) && b.cols[id-1].id == id {
		return &b.cols[id-1]
	}
	for i := range b.cols {
		if b.cols[i].id == id {
			return &b.cols[i]
		}
	}
	return nil
}

func (v *values) isNull(i int) bool { return v == nil || v.null != nil && v.null[i] }

// text returns the string of row i.
func (v *values) text(i int) string {
	if v.tag {
		return v.dict[v.code[i]]
	}
	return string(v.bytes(i))
}

func (v *values) bytes(i int) []byte {
	var from uint32
	if i > 0 {
		from = v.end[i-1]
	}
	return v.data[from:v.end[i]]
}

// float returns the number of row i of a DOUBLE or BIGINT column.
func (v *values) float(i int) float64 {
	if v.typ == Double {
		return v.f64[i]
	}
	return float64(v.i64[i])
}

// value returns the value of row i as a column of type as, which is v's own or the one that it was
// widened to since.
func (v *values) value(i int, as Type) any {
	if v.isNull(i) {
		return nil
	}
	switch as {
	case Double:
		return v.float(i)
	case BigInt:
		return v.i64[i]
	case Boolean:
		return v.bits[i]
	case VarChar:
		return v.text(i)
	}
	return instant(v.i64[i])
}

// instant is the time of a stored timestamp.
func instant(micros int64) time.Time { return time.UnixMicro(micros).UTC() }

func (v *values) len() int {
	switch {
	case v.tag:
		return len(v.code)
	case v.typ == Double:
		return len(v.f64)
	case v.typ == Boolean:
		return len(v.bits)
	case v.typ == VarChar:
		return len(v.end)
	}
	return len(v.i64)
}

// cut returns the first n rows, in a form that later appends to v do not touch.
func (v *values) cut(n int) values {
	c := *v
	if c.null != nil {
		c.null = c.null[:n:n]
	}
	switch {
	case c.tag:
		c.code = c.code[:n:n]
	case c.typ == Double:
		c.f64 = c.f64[:n:n]
	case c.typ == Boolean:
		c.bits = c.bits[:n:n]
	case c.typ == VarChar:
		c.end = c.end[:n:n]
	default:
		c.i64 = c.i64[:n:n]
	}
	return c
}

// size is about how many bytes of memory the column takes, dictionaries apart.
func (v *values) size() int64 {
	return int64(len(v.null) + 8*len(v.i64) + 8*len(v.f64) + len(v.bits) + 4*len(v.code) + 4*len(v.end) + len(v.data))
}

func (b *block) size() int64 {
	var n int64
	for i := range b.cols {
		n += b.cols[i].size()
		for _, s := range b.cols[i].dict {
			n += int64(len(s)) + 16
		}
	}
	return n
}
