// Package state stores what operators must remember over a restart: snapshots, one file a
// checkpoint, made of named sections of columns.
//
// The engine writes a snapshot while its tasks stand still and names it in the epoch record that
// commits the checkpoint; a snapshot without a committed epoch is garbage. Files carry a CRC and are
// written under a temporary name, synced, renamed, and the folder synced: a name that can be seen
// is whole.
//
// The format is drawn in docs/formats/snapshot.md.
package state

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"unsafe"

	"millrace/fault"
	"millrace/schema"
	"millrace/vec"
)

const magic = "MLRSNAP1"

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Writer collects a snapshot in memory. One goroutine uses it.
type Writer struct {
	buf []byte
}

// NewWriter returns an empty snapshot.
func NewWriter() *Writer { return &Writer{buf: []byte(magic)} }

// Section begins a part of the snapshot; what is written next belongs to it.
func (w *Writer) Section(name string) {
	w.buf = append(w.buf, 'S')
	w.bytes([]byte(name))
}

// Int writes an integer.
func (w *Writer) Int(v int64) {
	w.buf = append(w.buf, 'I')
	w.buf = binary.AppendVarint(w.buf, v)
}

// Columns writes n rows of cols.
func (w *Writer) Columns(cols []vec.Column, n int) {
	w.buf = append(w.buf, 'C')
	w.buf = binary.AppendUvarint(w.buf, uint64(n))
	w.buf = binary.AppendUvarint(w.buf, uint64(len(cols)))
	for i := range cols {
		w.column(&cols[i], n)
	}
}

func (w *Writer) column(c *vec.Column, n int) {
	w.bytes([]byte(c.Type.String()))
	valid := []uint64(nil)
	if c.Valid != nil {
		valid = c.Valid[:vec.Words(n)]
	}
	w.bytes(raw(valid))
	switch c.Layout() {
	case vec.LayoutBits:
		w.bytes(raw(c.Bits[:vec.Words(n)]))
	case vec.LayoutI8:
		w.bytes(raw(c.I8[:n]))
	case vec.LayoutI16:
		w.bytes(raw(c.I16[:n]))
	case vec.LayoutI32:
		w.bytes(raw(c.I32[:n]))
	case vec.LayoutI64:
		w.bytes(raw(c.I64[:n]))
	case vec.LayoutF32:
		w.bytes(raw(c.F32[:n]))
	case vec.LayoutF64:
		w.bytes(raw(c.F64[:n]))
	case vec.LayoutD128:
		w.bytes(raw(c.D128[:n]))
	case vec.LayoutBytes:
		for i := range n {
			w.bytes(c.Bytes(i))
		}
	case vec.LayoutList, vec.LayoutRow:
		w.nested(c, n)
	}
}

// nested writes what the rows hold inside, by a copy of them: c may be a view of some rows of a longer column.
func (w *Writer) nested(c *vec.Column, n int) {
	own := vec.NewColumn(c.Type)
	for i := range n {
		own.Append(i, c, i)
	}
	inside := n
	if c.Layout() == vec.LayoutList {
		w.bytes(raw(own.Off[1:]))
		inside = int(own.Off[n])
	}
	for k := range own.Kids {
		w.column(&own.Kids[k], inside)
	}
}

func (w *Writer) bytes(b []byte) {
	w.buf = binary.AppendUvarint(w.buf, uint64(len(b)))
	w.buf = append(w.buf, b...)
}

// raw is the memory of s: snapshots are little-endian, as the machines that this runs on.
func raw[T any](s []T) []byte {
	if len(s) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), len(s)*int(unsafe.Sizeof(s[0])))
}

// Len is the size of the snapshot in bytes.
func (w *Writer) Len() int { return len(w.buf) + 4 }

// Save stores the snapshot in a place as name, durably. The Writer is used up.
func (w *Writer) Save(ctx context.Context, in Place, name string) error {
	w.buf = binary.LittleEndian.AppendUint32(w.buf, crc32.Checksum(w.buf, castagnoli))
	if err := in.Save(ctx, name, w.buf); err != nil {
		return fmt.Errorf("save snapshot %s: %w", name, err)
	}
	return nil
}

// Reader reads a snapshot back in the order it was written. Its errors are fault.Corrupt and stay:
// after the first one every call fails.
type Reader struct {
	buf  []byte
	name string
	err  error
}

// Load reads and checks the snapshot called name in a place. A place that cannot be reached is a
// fault.Unavailable, a snapshot that is not there or damaged a fault.Corrupt.
func Load(ctx context.Context, from Place, name string) (*Reader, error) {
	buf, err := from.Load(ctx, name)
	if fault.KindOf(err) == fault.Unavailable {
		return nil, fmt.Errorf("load snapshot %s: %w", name, err)
	}
	if err != nil {
		return nil, fault.New(fault.Corrupt, "load snapshot %s: %v", name, err).
			WithHint("the job's last checkpoint names it; restore it from a backup, or reset the job")
	}
	n := len(buf) - 4
	if n < len(magic) || string(buf[:len(magic)]) != magic || crc32.Checksum(buf[:n], castagnoli) != binary.LittleEndian.Uint32(buf[n:]) {
		return nil, fault.New(fault.Corrupt, "load snapshot %s: its checksum does not match", name).
			WithHint("it is damaged; restore it from a backup, or reset the job")
	}
	return &Reader{buf: buf[len(magic):n], name: name}, nil
}

// Next returns the name of the next section, or "" at the end.
func (r *Reader) Next() string {
	if r.err != nil || len(r.buf) == 0 {
		return ""
	}
	r.tag('S')
	return string(r.bytes())
}

// Int reads an integer.
func (r *Reader) Int() int64 {
	r.tag('I')
	v, n := binary.Varint(r.buf)
	r.skip(n)
	return v
}

// Columns reads columns written by Writer.Columns; types are those that the caller wrote.
func (r *Reader) Columns(types []schema.Type) ([]vec.Column, int) {
	r.tag('C')
	n, cols := int(r.uvarint()), int(r.uvarint())
	if r.err == nil && (n < 0 || n/8 > len(r.buf)) {
		r.fail("ends early") // no column but one of NULLs takes less than a bit a row
	}
	if r.err == nil && cols != len(types) {
		r.fail("has %d columns where %d are wanted", cols, len(types))
	}
	if r.err != nil {
		return make([]vec.Column, len(types)), 0
	}
	out := make([]vec.Column, cols)
	for i := range out {
		r.column(&out[i], types[i], n)
	}
	if r.err != nil {
		n = 0
	}
	return out, n
}

func (r *Reader) column(c *vec.Column, t schema.Type, n int) {
	if got := string(r.bytes()); r.err == nil && got != t.String() {
		r.fail("has a column of type %s where %s is wanted", got, t)
	}
	*c = vec.NewColumn(t)
	if v := r.bytes(); len(v) > 0 {
		c.Valid = load[uint64](r, v, vec.Words(n))
	}
	switch c.Layout() {
	case vec.LayoutBits:
		c.Bits = load[uint64](r, r.bytes(), vec.Words(n))
	case vec.LayoutI8:
		c.I8 = load[int8](r, r.bytes(), n)
	case vec.LayoutI16:
		c.I16 = load[int16](r, r.bytes(), n)
	case vec.LayoutI32:
		c.I32 = load[int32](r, r.bytes(), n)
	case vec.LayoutI64:
		c.I64 = load[int64](r, r.bytes(), n)
	case vec.LayoutF32:
		c.F32 = load[float32](r, r.bytes(), n)
	case vec.LayoutF64:
		c.F64 = load[float64](r, r.bytes(), n)
	case vec.LayoutD128:
		c.D128 = load[vec.Decimal128](r, r.bytes(), n)
	case vec.LayoutBytes:
		for range n {
			c.Data = append(c.Data, r.bytes()...)
			c.Off = append(c.Off, int32(len(c.Data)))
			if r.err != nil {
				return
			}
		}
	case vec.LayoutList, vec.LayoutRow:
		r.nested(c, n)
	}
}

func (r *Reader) nested(c *vec.Column, n int) {
	inside := n
	if c.Layout() == vec.LayoutList {
		c.Off = append(c.Off, load[int32](r, r.bytes(), n)...)
		for i := 1; i < len(c.Off); i++ {
			if c.Off[i] < c.Off[i-1] {
				r.fail("has a list of %d values", c.Off[i]-c.Off[i-1])
			}
		}
		inside = int(c.Off[len(c.Off)-1])
	}
	for k := range c.Kids {
		if r.err != nil {
			return
		}
		r.column(&c.Kids[k], c.Kids[k].Type, inside)
	}
}

// load copies memory written by raw into a slice of n values.
func load[T any](r *Reader, b []byte, n int) []T {
	if n == 0 || r.err != nil {
		return nil
	}
	var zero T
	if len(b) != n*int(unsafe.Sizeof(zero)) {
		r.fail("has %d bytes for %d values", len(b), n)
		return nil
	}
	out := make([]T, n)
	copy(raw(out), b)
	return out
}

// Mark returns the place that the reader has reached, for Back.
func (r *Reader) Mark() []byte { return r.buf }

// Back returns to a place that Mark has given.
func (r *Reader) Back(mark []byte) { r.buf = mark }

// Err returns the first error, or nil.
func (r *Reader) Err() error { return r.err }

func (r *Reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fault.New(fault.Corrupt, "read snapshot %s: it "+format, append([]any{r.name}, args...)...)
	}
}

func (r *Reader) tag(want byte) {
	if r.err == nil && (len(r.buf) == 0 || r.buf[0] != want) {
		r.fail("lacks a %q part", want)
		return
	}
	if r.err == nil {
		r.buf = r.buf[1:]
	}
}

func (r *Reader) skip(n int) {
	if n <= 0 || n > len(r.buf) {
		r.fail("ends early")
		r.buf = nil
		return
	}
	r.buf = r.buf[n:]
}

func (r *Reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.buf)
	r.skip(n)
	return v
}

func (r *Reader) bytes() []byte {
	n := r.uvarint()
	if n > uint64(len(r.buf)) {
		r.fail("ends early")
		return nil
	}
	b := r.buf[:n]
	r.buf = r.buf[n:]
	return b
}
