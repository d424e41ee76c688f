package format

import (
	"encoding/binary"
	"math/bits"
	"slices"

	"millrace/vec"
)

// MapOrder puts the entries of MAPs with keys of text into the order that Flink gives them. Its decoders collect entries
// in a java.util.HashMap, so that they come by the hash of the key; what reads the rows can tell: SELECT, MAP_KEYS,
// formats. The zero value is ready for use, for one column: it keeps memory of its type.
type MapOrder struct {
	order []uint64 // bucket, place
	kept  [2]vec.Column
	made  bool
}

// Arrange orders the entries of a growing MAP or MULTISET that are the rows from up to (not including) upto, the last,
// of its Kids. Keys differ.
func (m *MapOrder) Arrange(col *vec.Column, from, upto int) {
	keys, size := &col.Kids[0], uint32(16)
	for upto-from > int(size/4*3) {
		size *= 2
	}
	m.order = m.order[:0]
	for i := from; i < upto; i++ {
		h := hashText(keys.Bytes(i))
		m.order = append(m.order, uint64((h^h>>16)&(size-1))<<32|uint64(i-from))
	}
	if slices.IsSorted(m.order) {
		return
	}
	slices.Sort(m.order)
	if !m.made {
		m.kept, m.made = [2]vec.Column{vec.NewColumn(keys.Type), vec.NewColumn(col.Kids[1].Type)}, true
	}
	for k := range m.kept {
		kept, kid := &m.kept[k], &col.Kids[k]
		kept.Clear()
		for n, o := range m.order {
			kept.Append(n, kid, from+int(uint32(o)))
		}
		kid.Truncate(from)
		for n := range m.order {
			kid.Append(from+n, kept, n)
		}
	}
}

// hashText is the hash of Flink's BinaryStringData: MurmurHash3 of 32 bits (A. Appleby), but with each of the last bytes
// mixed as a word of its own.
func hashText(b []byte) uint32 {
	size := uint32(len(b))
	h := uint32(42)
	for ; len(b) >= 4; b = b[4:] {
		h = murmur(h, binary.LittleEndian.Uint32(b))
	}
	for _, c := range b {
		h = murmur(h, uint32(int32(int8(c))))
	}
	h ^= size
	h = (h ^ h>>16) * 0x85ebca6b
	h = (h ^ h>>13) * 0xc2b2ae35
	return h ^ h>>16
}

func murmur(h, k uint32) uint32 {
	return bits.RotateLeft32(h^bits.RotateLeft32(k*0xcc9e2d51, 15)*0x1b873593, 13)*5 + 0xe6546b64
}
