package partition

import "hash/maphash"

// maxKeys bounds the keys of one pass of compaction: 24 bytes each, in a table that is at most three quarters full. What has more keys takes several passes.
const maxKeys = 1 << 20

// keyTable says which record is the last one of each key. It knows keys by two hashes of 64 bits whose seeds are new for each table: that two keys have the same ones
// is out of the question, by chance and on purpose.
type keyTable struct {
	seeds [2]maphash.Seed
	slots []keySlot
	count int
	max   int
}

// keySlot is empty where its offset is 0: offsets are stored plus one.
type keySlot struct {
	hash   [2]uint64
	offset int64
}

func newKeyTable(max int) *keyTable {
	if max <= 0 {
		max = maxKeys
	}
	return &keyTable{seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}, slots: make([]keySlot, 1024), max: max}
}

func (t *keyTable) hash(key []byte) [2]uint64 {
	return [2]uint64{maphash.Bytes(t.seeds[0], key), maphash.Bytes(t.seeds[1], key)}
}

// find returns the slot of a key, or the empty one where it belongs.
func (t *keyTable) find(hash [2]uint64) *keySlot {
	mask := uint64(len(t.slots) - 1)
	for i := hash[0] & mask; ; i = (i + 1) & mask {
		if s := &t.slots[i]; s.offset == 0 || s.hash == hash {
			return s
		}
	}
}

// put says that the record at an offset has a key. Offsets ascend.
func (t *keyTable) put(key []byte, offset int64) {
	hash := t.hash(key)
	s := t.find(hash)
	if s.offset == 0 {
		if t.count++; t.count*4 > len(t.slots)*3 {
			t.grow()
			s = t.find(hash)
		}
	}
	*s = keySlot{hash, offset + 1}
}

func (t *keyTable) grow() {
	old := t.slots
	t.slots = make([]keySlot, 2*len(old))
	for _, s := range old {
		if s.offset != 0 {
			*t.find(s.hash) = s
		}
	}
}

// superseded says that a later record than that at an offset has the key.
func (t *keyTable) superseded(key []byte, offset int64) bool {
	return t.find(t.hash(key)).offset > offset+1
}
