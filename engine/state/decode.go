package state

import (
	"encoding/binary"
	"math"
	"unsafe"

	"millrace/schema"
	"millrace/vec"
)

// decoder reads what encoder wrote. Its errors are fault.Corrupt and stay: after the first one every call fails.
type decoder struct {
	buf  []byte
	name string // of the file
	err  error
}

func (d *decoder) fail(format string, args ...any) {
	if d.err == nil {
		d.err = corrupt(d.name, format, args...)
	}
	d.buf = nil
}

func (d *decoder) skip(n int) {
	if n <= 0 || n > len(d.buf) {
		d.fail("ends early")
		return
	}
	d.buf = d.buf[n:]
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.buf)
	d.skip(n)
	return v
}

func (d *decoder) varint() int64 {
	v, n := binary.Varint(d.buf)
	d.skip(n)
	return v
}

// count reads how many things of at least one byte follow.
func (d *decoder) count() int {
	n := d.uvarint()
	if n > uint64(len(d.buf)) {
		d.fail("ends early")
		return 0
	}
	return int(n)
}

func (d *decoder) byte() byte {
	if len(d.buf) == 0 {
		d.fail("ends early")
		return 0
	}
	b := d.buf[0]
	d.buf = d.buf[1:]
	return b
}

func (d *decoder) bytes() []byte {
	n := d.uvarint()
	if n > uint64(len(d.buf)) {
		d.fail("ends early")
		return nil
	}
	b := d.buf[:n]
	d.buf = d.buf[n:]
	return b
}

// rows reads ascending row numbers into dst[:0].
func (d *decoder) rows(dst []int32) []int32 {
	dst = dst[:0]
	n := d.uvarint()
	if n == 0 || d.err != nil {
		return dst
	}
	at := d.uvarint()
	dense := d.byte() == 1
	if n > blockRows || at > math.MaxInt32-blockRows || !dense && n-1 > uint64(len(d.buf)) {
		d.fail("has row numbers that cannot be")
		return dst
	}
	dst = append(dst, int32(at))
	for range n - 1 {
		step := uint64(1)
		if !dense {
			step = d.uvarint()
		}
		if at += step; step == 0 || at > math.MaxInt32-blockRows {
			d.fail("has row numbers that cannot be")
			return dst[:0]
		}
		dst = append(dst, int32(at))
	}
	return dst
}

// column reads n rows of a type that the caller knows.
func (d *decoder) column(c *vec.Column, t schema.Type, n int) {
	if got := d.bytes(); d.err == nil && string(got) != t.String() {
		d.fail("has a column of type %s where %s is wanted", got, t)
	}
	*c = vec.NewColumn(t)
	if v := d.bytes(); len(v) > 0 {
		c.Valid = load[uint64](d, v, vec.Words(n))
	}
	switch c.Layout() {
	case vec.LayoutBits:
		c.Bits = load[uint64](d, d.bytes(), vec.Words(n))
	case vec.LayoutI8:
		c.I8 = load[int8](d, d.bytes(), n)
	case vec.LayoutI16:
		c.I16 = load[int16](d, d.bytes(), n)
	case vec.LayoutI32:
		c.I32 = load[int32](d, d.bytes(), n)
	case vec.LayoutI64:
		c.I64 = load[int64](d, d.bytes(), n)
	case vec.LayoutF32:
		c.F32 = load[float32](d, d.bytes(), n)
	case vec.LayoutF64:
		c.F64 = load[float64](d, d.bytes(), n)
	case vec.LayoutD128:
		c.D128 = load[vec.Decimal128](d, d.bytes(), n)
	case vec.LayoutBytes:
		for range n {
			c.Data = append(c.Data, d.bytes()...)
			c.Off = append(c.Off, int32(len(c.Data)))
			if d.err != nil {
				return
			}
		}
	case vec.LayoutList, vec.LayoutRow:
		d.nested(c, n)
	}
}

func (d *decoder) nested(c *vec.Column, n int) {
	inside := n
	if c.Layout() == vec.LayoutList {
		c.Off = append(c.Off, load[int32](d, d.bytes(), n)...)
		for i := 1; i < len(c.Off); i++ {
			if c.Off[i] < c.Off[i-1] {
				d.fail("has a list of %d values", c.Off[i]-c.Off[i-1])
			}
		}
		inside = int(c.Off[len(c.Off)-1])
	}
	for k := range c.Kids {
		if d.err != nil {
			return
		}
		d.column(&c.Kids[k], c.Kids[k].Type, inside)
	}
}

// load copies memory written by raw into a slice of n values.
func load[T any](d *decoder, b []byte, n int) []T {
	if n == 0 || d.err != nil {
		return nil
	}
	var zero T
	if len(b) != n*int(unsafe.Sizeof(zero)) {
		d.fail("has %d bytes for %d values", len(b), n)
		return nil
	}
	out := make([]T, n)
	copy(raw(out), b)
	return out
}
