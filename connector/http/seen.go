package http

import (
	"cmp"
	"encoding/binary"
	"hash/fnv"
	"maps"
	"slices"

	"millrace/fault"
)

// maxIDs is how many ids are remembered, by 8 bytes each; a position may have 64 KiB.
const maxIDs = 7500

// maxValidator is how long an ETag or a date may be; longer ones are not remembered.
const maxValidator = 1 << 10

// validators are what a server tells an answer by.
type validators struct {
	etag, modified string
}

// memory is what was seen. One goroutine uses it.
type memory struct {
	about uint64 // what was asked; validators are for that alone
	last  validators
	poll  int64            // number of the poll
	ids   map[uint64]int64 // by their hashes: the poll that saw it last
}

func sumOf(texts ...string) uint64 {
	h := fnv.New64a()
	for _, t := range texts {
		_, _ = h.Write([]byte(t)) // a hash takes everything
		_, _ = h.Write([]byte{0})
	}
	return h.Sum64()
}

// meet notes an id and reports whether it was known.
func (m *memory) meet(id []byte) (known bool) { return m.note(sumOf(string(id))) }

// meetRefused notes a row that is refused, as meet does.
func (m *memory) meetRefused(row []byte) (known bool) { return m.note(sumOf("refused", string(row))) }

func (m *memory) note(sum uint64) (known bool) {
	_, known = m.ids[sum]
	m.ids[sum] = m.poll
	return known
}

// forget drops the ids that were not seen for so many polls, and the oldest if there are too many. It reports whether
// there were.
func (m *memory) forget(polls int) (tooMany bool) {
	maps.DeleteFunc(m.ids, func(_ uint64, seen int64) bool { return m.poll-seen > int64(polls) })
	if len(m.ids) <= maxIDs {
		return false
	}
	for _, sum := range m.newestFirst()[maxIDs:] {
		delete(m.ids, sum)
	}
	return true
}

func (m *memory) newestFirst() []uint64 {
	return slices.SortedFunc(maps.Keys(m.ids), func(a, b uint64) int {
		return cmp.Or(cmp.Compare(m.ids[b], m.ids[a]), cmp.Compare(a, b))
	})
}

// memoryForm is the first byte of a position: the form of what follows.
const memoryForm = 1

// position is the memory as bytes: its form, what was asked, ETag and date with their lengths, and ids, those that
// were seen last before the others.
func (m *memory) position() []byte {
	b := binary.LittleEndian.AppendUint64([]byte{memoryForm}, m.about)
	for _, s := range []string{m.last.etag, m.last.modified} {
		b = append(binary.AppendUvarint(b, uint64(len(s))), s...)
	}
	for _, sum := range m.newestFirst() {
		b = binary.LittleEndian.AppendUint64(b, sum)
	}
	return b
}

// recall reads a position. Validators of another request are left out.
func recall(b []byte, about uint64) (*memory, error) {
	m := &memory{about: about, ids: map[uint64]int64{}}
	if b == nil {
		return m, nil
	}
	if len(b) < 9 || b[0] != memoryForm {
		return nil, fault.New(fault.Corrupt, "read position: its form is not known")
	}
	same := binary.LittleEndian.Uint64(b[1:]) == about
	b = b[9:]
	for _, to := range []*string{&m.last.etag, &m.last.modified} {
		n, size := binary.Uvarint(b)
		if size <= 0 || n > uint64(len(b)-size) {
			return nil, fault.New(fault.Corrupt, "read position: it ends too early")
		}
		if same {
			*to = string(b[size : size+int(n)])
		}
		b = b[size+int(n):]
	}
	if len(b)%8 != 0 {
		return nil, fault.New(fault.Corrupt, "read position: %d bytes are no list of ids", len(b))
	}
	for ; len(b) > 0; b = b[8:] {
		m.ids[binary.LittleEndian.Uint64(b)] = 0
	}
	return m, nil
}
