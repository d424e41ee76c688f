package prometheus

import (
	"encoding/binary"
	"math"
)

// message is an encoded protocol-buffers message that is read field by field.
type message []byte

// field is one of them: a number, or bytes.
type field struct {
	number int
	n      uint64 // of varint, fixed64 and fixed32
	data   message
	wire   uint8
}

// The wire types of fields.
const (
	varint    = 0
	fixed64   = 1
	delimited = 2
	fixed32   = 5
)

// next takes the next field off the message, which must not be empty. ok is false if it is broken.
func (m *message) next() (f field, ok bool) {
	b := *m
	tag, n := binary.Uvarint(b)
	if n <= 0 || tag>>3 == 0 || tag>>3 > math.MaxInt32 {
		return f, false
	}
	b = b[n:]
	f.number, f.wire = int(tag>>3), uint8(tag&7)
	switch f.wire {
	case varint:
		if f.n, n = binary.Uvarint(b); n <= 0 {
			return f, false
		}
		b = b[n:]
	case fixed64:
		if len(b) < 8 {
			return f, false
		}
		f.n, b = binary.LittleEndian.Uint64(b), b[8:]
	case fixed32:
		if len(b) < 4 {
			return f, false
		}
		f.n, b = uint64(binary.LittleEndian.Uint32(b)), b[4:]
	case delimited:
		size, n := binary.Uvarint(b)
		if n <= 0 || size > uint64(len(b)-n) {
			return f, false
		}
		end := n + int(size)
		f.data, b = b[n:end:end], b[end:]
	default: // groups, which nobody has used for long
		return f, false
	}
	*m = b
	return f, true
}

// is reports whether f is the field of that number and wire type.
func (f field) is(number int, wire uint8) bool { return f.number == number && f.wire == wire }

// double is the value of a fixed64 field.
func (f field) double() float64 { return math.Float64frombits(f.n) }
