package avro

import (
	"encoding/binary"
	"math"
)

// wire steps over the bytes of a record in Avro's binary encoding. Its methods report false if the bytes
// are not what they should be; why then says what is wrong.
type wire struct {
	b     []byte
	i     int
	items int // how many more elements of arrays and maps may come, so that those without bytes end
	why   string
}

// maxDepth is how deep values may be nested.
const maxDepth = 500

func (w *wire) start(b []byte) { w.b, w.i, w.items, w.why = b, 0, len(b)+1<<16, "" }

func (w *wire) fail(why string) bool {
	w.why = why
	return false
}

const endsEarly = "the record ends inside a value"

// long reads an int or long.
func (w *wire) long() (int64, bool) {
	if w.i < len(w.b) && w.b[w.i] < 0x80 {
		v := int64(w.b[w.i]>>1) ^ -int64(w.b[w.i]&1)
		w.i++
		return v, true
	}
	v, n := binary.Varint(w.b[w.i:])
	if n <= 0 {
		if n == 0 {
			return 0, w.fail(endsEarly)
		}
		return 0, w.fail("a number has more than 64 bits")
	}
	w.i += n
	return v, true
}

// bytes reads n bytes, which stay part of the record.
func (w *wire) bytes(n int64) ([]byte, bool) {
	if n < 0 {
		return nil, w.fail("a length is negative")
	}
	if n > int64(len(w.b)-w.i) {
		return nil, w.fail(endsEarly)
	}
	v := w.b[w.i : w.i+int(n)]
	w.i += int(n)
	return v, true
}

// text reads bytes or a string.
func (w *wire) text() ([]byte, bool) {
	n, ok := w.long()
	if !ok {
		return nil, false
	}
	return w.bytes(n)
}

func (w *wire) bool() (v, ok bool) {
	b, ok := w.bytes(1)
	if !ok {
		return false, false
	}
	if b[0] > 1 {
		return false, w.fail("a boolean is neither 0 nor 1")
	}
	return b[0] == 1, true
}

func (w *wire) float() (float32, bool) {
	b, ok := w.bytes(4)
	if !ok {
		return 0, false
	}
	return math.Float32frombits(binary.LittleEndian.Uint32(b)), true
}

func (w *wire) double() (float64, bool) {
	b, ok := w.bytes(8)
	if !ok {
		return 0, false
	}
	return math.Float64frombits(binary.LittleEndian.Uint64(b)), true
}

// index reads which of n branches or symbols follows.
func (w *wire) index(n int) (int, bool) {
	v, ok := w.long()
	if !ok {
		return 0, false
	}
	if v < 0 || v >= int64(n) {
		return 0, w.fail("the number of a branch or symbol is not in the schema")
	}
	return int(v), true
}

// block reads how many elements follow in a block of an array or map; none: it has ended.
func (w *wire) block() (int, bool) {
	n, ok := w.long()
	if ok && n < 0 {
		n = -n
		_, ok = w.long() // the length in bytes
	}
	if !ok {
		return 0, false
	}
	if n < 0 || n > int64(w.items) {
		return 0, w.fail("an array or map has more elements than the record has bytes")
	}
	w.items -= int(n)
	return int(n), true
}

// skip reads over a value.
func (w *wire) skip(r *reader, depth int) bool {
	if depth > maxDepth {
		return w.fail("it is nested too deeply")
	}
	ok := true
	switch r.kind {
	case kindNull:
	case kindBool:
		_, ok = w.bool()
	case kindInt, kindLong:
		_, ok = w.long()
	case kindFloat:
		_, ok = w.bytes(4)
	case kindDouble:
		_, ok = w.bytes(8)
	case kindBytes:
		_, ok = w.text()
	case kindFixed:
		_, ok = w.bytes(int64(r.size))
	case kindEnum:
		_, ok = w.index(len(r.symbols))
	case kindUnion:
		var k int
		if k, ok = w.index(len(r.of)); ok {
			ok = w.skip(r.of[k], depth+1)
		}
	case kindArray, kindMap:
		ok = w.skipBlocks(r, depth)
	case kindRecord:
		for _, f := range r.fields {
			if !w.skip(f.read, depth+1) {
				return false
			}
		}
	}
	return ok
}

func (w *wire) skipBlocks(r *reader, depth int) bool {
	for {
		n, ok := w.block()
		if !ok || n == 0 {
			return ok
		}
		for range n {
			if r.kind == kindMap {
				if _, ok := w.text(); !ok {
					return false
				}
			}
			if !w.skip(r.of[0], depth+1) {
				return false
			}
		}
	}
}
