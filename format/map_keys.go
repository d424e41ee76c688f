package format

import (
	"hash/maphash"
	"math/bits"

	"millrace/vec"
)

// MapKeys finds out whether the keys of a MAP differ, as those of a column must. The zero value is ready
// for use; it belongs to one goroutine and keeps its memory.
type MapKeys struct {
	seed  maphash.Seed
	slots []int32 // rows, by hash; 0: none, else one more
}

// fewKeys are compared each with each.
const fewKeys = 8

// Differ reports whether the rows from to (not including) upto of a column of strings or numbers differ.
func (m *MapKeys) Differ(keys *vec.Column, from, upto int) bool {
	if upto-from <= fewKeys {
		for i := from + 1; i < upto; i++ {
			for j := from; j < i; j++ {
				if keys.Equal(i, keys, j) {
					return false
				}
			}
		}
		return true
	}
	if m.seed == (maphash.Seed{}) {
		m.seed = maphash.MakeSeed()
	}
	size := 1 << bits.Len(uint(2*(upto-from)))
	if size > cap(m.slots) {
		m.slots = make([]int32, size)
	}
	m.slots = m.slots[:size]
	clear(m.slots)
	for i := from; i < upto; i++ {
		h := m.hash(keys, i)
		for {
			s := &m.slots[h&uint64(size-1)]
			if *s == 0 {
				*s = int32(i-from) + 1
				break
			}
			if keys.Equal(i, keys, from+int(*s)-1) {
				return false
			}
			h++
		}
	}
	return true
}

func (m *MapKeys) hash(keys *vec.Column, i int) uint64 {
	switch keys.Layout() {
	case vec.LayoutBits:
		return 0
	case vec.LayoutI32:
		return maphash.Comparable(m.seed, keys.I32[i])
	case vec.LayoutI64:
		return maphash.Comparable(m.seed, keys.I64[i])
	case vec.LayoutBytes:
		return maphash.Bytes(m.seed, keys.Bytes(i))
	}
	return 0
}
