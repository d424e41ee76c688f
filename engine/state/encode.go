package state

import (
	"encoding/binary"
	"unsafe"

	"millrace/vec"
)

// encoder appends values in the format of files.
type encoder struct{ buf []byte }

func (e *encoder) uvarint(v uint64) { e.buf = binary.AppendUvarint(e.buf, v) }

func (e *encoder) varint(v int64) { e.buf = binary.AppendVarint(e.buf, v) }

func (e *encoder) bytes(b []byte) {
	e.uvarint(uint64(len(b)))
	e.buf = append(e.buf, b...)
}

func (e *encoder) text(s string) {
	e.uvarint(uint64(len(s)))
	e.buf = append(e.buf, s...)
}

// rows writes ascending row numbers.
func (e *encoder) rows(rows []int32) {
	e.uvarint(uint64(len(rows)))
	if len(rows) == 0 {
		return
	}
	e.uvarint(uint64(rows[0]))
	dense := int(rows[len(rows)-1]-rows[0]) == len(rows)-1
	if dense {
		e.buf = append(e.buf, 1)
		return
	}
	e.buf = append(e.buf, 0)
	for i, row := range rows[1:] {
		e.uvarint(uint64(row - rows[i]))
	}
}

// column writes n rows of c.
func (e *encoder) column(c *vec.Column, n int) {
	e.text(c.Type.String())
	valid := []uint64(nil)
	if c.Valid != nil {
		valid = c.Valid[:vec.Words(n)]
	}
	e.bytes(raw(valid))
	switch c.Layout() {
	case vec.LayoutBits:
		e.bytes(raw(c.Bits[:vec.Words(n)]))
	case vec.LayoutI8:
		e.bytes(raw(c.I8[:n]))
	case vec.LayoutI16:
		e.bytes(raw(c.I16[:n]))
	case vec.LayoutI32:
		e.bytes(raw(c.I32[:n]))
	case vec.LayoutI64:
		e.bytes(raw(c.I64[:n]))
	case vec.LayoutF32:
		e.bytes(raw(c.F32[:n]))
	case vec.LayoutF64:
		e.bytes(raw(c.F64[:n]))
	case vec.LayoutD128:
		e.bytes(raw(c.D128[:n]))
	case vec.LayoutBytes:
		for i := range n {
			e.bytes(c.Bytes(i))
		}
	case vec.LayoutList, vec.LayoutRow:
		e.nested(c, n)
	}
}

// nested writes what the rows hold inside, by a copy of them: c may be a view of some rows of a longer column.
func (e *encoder) nested(c *vec.Column, n int) {
	own := vec.NewColumn(c.Type)
	for i := range n {
		own.Append(i, c, i)
	}
	inside := n
	if c.Layout() == vec.LayoutList {
		e.bytes(raw(own.Off[1:]))
		inside = int(own.Off[n])
	}
	for k := range own.Kids {
		e.column(&own.Kids[k], inside)
	}
}

// raw is the memory of s: files are little-endian, as the machines that this runs on.
func raw[T any](s []T) []byte {
	if len(s) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), len(s)*int(unsafe.Sizeof(s[0])))
}
