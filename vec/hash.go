package vec

import (
	"hash/maphash"
	"math"
	"math/bits"
)

// Hasher hashes rows for grouping and for sharing them out over tasks. Its answers hold within one
// process only: nothing stored may depend on them. It may be shared.
type Hasher struct {
	seed maphash.Seed
}

// NewHasher returns a hasher with a random seed, so that nobody outside can choose colliding keys.
func NewHasher() Hasher { return Hasher{seed: maphash.MakeSeed()} }

const (
	mixA, mixB = 0x9E3779B97F4A7C15, 0xD1B54A32D192ED03
	// start differs from mixA: mix of the two would forget the first value.
	start = 0x2545F4914F6CDD1D
)

func mix(h, v uint64) uint64 {
	hi, lo := bits.Mul64(h^mixA, v^mixB)
	return hi ^ lo
}

// Rows writes the hash of the named rows of cols to dst[k] for the k-th of them and returns dst.
func (h Hasher) Rows(dst []uint64, cols []Column, rows Rows) []uint64 {
	n := rows.Len()
	dst = resize(dst, n)
	for k := range dst {
		dst[k] = start
	}
	for c := range cols {
		h.column(dst, &cols[c], rows)
	}
	return dst
}

func (h Hasher) column(dst []uint64, c *Column, rows Rows) {
	for k := range dst {
		i := rows.At(k)
		if c.IsNull(i) {
			dst[k] = mix(dst[k], 0xDEAD)
			continue
		}
		dst[k] = mix(dst[k], h.value(c, i))
	}
}

func (h Hasher) value(c *Column, i int) uint64 {
	switch c.Layout() {
	case LayoutBytes:
		return maphash.Bytes(h.seed, c.Bytes(i))
	case LayoutI64:
		return uint64(c.I64[i])
	case LayoutI32:
		return uint64(c.I32[i])
	case LayoutI16:
		return uint64(c.I16[i])
	case LayoutI8:
		return uint64(c.I8[i])
	case LayoutF64:
		return floatBits(c.F64[i])
	case LayoutF32:
		return floatBits(float64(c.F32[i]))
	case LayoutD128:
		return mix(c.D128[i].Lo, uint64(c.D128[i].Hi))
	case LayoutBits:
		if c.Bits.Get(i) {
			return 1
		}
	case LayoutList, LayoutRow:
		return h.nested(c, i)
	}
	return 0
}

// floatBits gives equal bits to values that Equal finds equal: the zeros, and all NaN.
func floatBits(f float64) uint64 {
	if f == 0 {
		return 0
	}
	if f != f {
		return 1
	}
	return math.Float64bits(f)
}
