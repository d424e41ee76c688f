package op

import (
	"millrace/schema"
	"millrace/vec"
)

// keyIndex numbers groups of rows by their keys, which it keeps as columns: group g is row g of Keys.
// The number of a group holds until compact. It grows without bound; whoever owns it bounds the groups.
type keyIndex struct {
	Keys []vec.Column
	N    int // groups, removed ones included

	hasher vec.Hasher
	hashes []uint64 // by group
	slots  []int32  // group + 1; 0 is free; the length is a power of two
	gone   int      // removed groups

	rowHash []uint64
	groups  []int32
}

func newKeyIndex(h vec.Hasher, keys []schema.Type) keyIndex {
	x := keyIndex{hasher: h, slots: make([]int32, 64)}
	for _, k := range keys {
		x.Keys = append(x.Keys, vec.NewColumn(k))
	}
	return x
}

// number returns the group of each named row of keys, making the groups that are not there yet. The
// answer is valid until the next call.
func (x *keyIndex) number(keys []vec.Column, rows vec.Rows) []int32 {
	x.rowHash = x.hasher.Rows(x.rowHash, keys, rows)
	n := rows.Len()
	if cap(x.groups) < n {
		x.groups = make([]int32, max(n, vec.MaxRows))
	}
	x.groups = x.groups[:n]
	for k := range n {
		x.groups[k] = x.find(x.rowHash[k], keys, rows.At(k))
	}
	return x.groups
}

func (x *keyIndex) find(h uint64, keys []vec.Column, i int) int32 {
	mask := uint64(len(x.slots) - 1)
	for at := h & mask; ; at = (at + 1) & mask {
		s := x.slots[at]
		if s == 0 {
			return x.add(h, at, keys, i)
		}
		g := int(s - 1)
		if x.hashes[g] == h && x.same(g, keys, i) {
			return s - 1
		}
	}
}

func (x *keyIndex) same(g int, keys []vec.Column, i int) bool {
	for c := range x.Keys {
		if !x.Keys[c].Equal(g, &keys[c], i) {
			return false
		}
	}
	return true
}

func (x *keyIndex) add(h, at uint64, keys []vec.Column, i int) int32 {
	for c := range x.Keys {
		x.Keys[c].Append(x.N, &keys[c], i)
	}
	x.hashes = append(x.hashes, h)
	x.slots[at] = int32(x.N) + 1
	x.N++
	if 2*(x.N-x.gone) > len(x.slots) {
		x.rehash()
	}
	return int32(x.N) - 1
}

// rehash doubles the slots and moves what is in them.
func (x *keyIndex) rehash() {
	old := x.slots
	x.slots = make([]int32, 2*len(old))
	for _, s := range old {
		if s > 0 {
			x.put(s)
		}
	}
}

func (x *keyIndex) put(slot int32) {
	mask := uint64(len(x.slots) - 1)
	at := x.hashes[slot-1] & mask
	for x.slots[at] != 0 {
		at = (at + 1) & mask
	}
	x.slots[at] = slot
}

// remove forgets the key of a group. Its number is not given again before compact.
func (x *keyIndex) remove(g int32) {
	mask := uint64(len(x.slots) - 1)
	at := x.hashes[g] & mask
	for x.slots[at] != g+1 {
		at = (at + 1) & mask
	}
	// Close the gap: what could not lie here before may lie here now.
	for next := (at + 1) & mask; x.slots[next] != 0; next = (next + 1) & mask {
		if home := x.hashes[x.slots[next]-1] & mask; (next-home)&mask >= (next-at)&mask {
			x.slots[at] = x.slots[next]
			at = next
		}
	}
	x.slots[at] = 0
	x.gone++
}

// sparse says whether removed groups are so many that compact is worth its work.
func (x *keyIndex) sparse() bool { return x.gone >= compactAt && 2*x.gone > x.N }

// compact gives the memory of removed groups back and returns the new number of each group, -1 for those removed.
func (x *keyIndex) compact() []int32 {
	moved := make([]int32, x.N)
	for g := range moved {
		moved[g] = -1
	}
	for _, s := range x.slots {
		if s > 0 {
			moved[s-1] = 0
		}
	}
	old, hashes := x.Keys, x.hashes
	x.Keys, x.hashes, x.N = nil, nil, 0
	for c := range old {
		x.Keys = append(x.Keys, vec.NewColumn(old[c].Type))
	}
	for g, live := range moved {
		if live < 0 {
			continue
		}
		for c := range old {
			x.Keys[c].Append(x.N, &old[c], g)
		}
		x.hashes = append(x.hashes, hashes[g])
		moved[g] = int32(x.N)
		x.N++
	}
	for at, s := range x.slots {
		if s > 0 {
			x.slots[at] = moved[s-1] + 1
		}
	}
	x.gone = 0
	return moved
}

// clear empties the index; its memory is kept.
func (x *keyIndex) clear() {
	for c := range x.Keys {
		x.Keys[c].Clear()
	}
	clear(x.slots)
	x.hashes, x.N, x.gone = x.hashes[:0], 0, 0
}
