package store

import "slices"

// history says when the answers of a measurement changed, so that one that was kept is given again only
// while it still holds. Store.mu guards it.
type history struct {
	version uint64 // counts changes of what queries see
	// changes are ascending in version and in low: one that is followed by another of an earlier time
	// says nothing that the other does not.
	changes []change
}

// change is one at version, of nothing before time low.
type change struct {
	version uint64
	low     int64
}

// maxChanges is how exactly the history is kept.
const maxChanges = 256

// touch notes a change of rows at time low and after it.
func (h *history) touch(low int64) {
	h.version++
	for len(h.changes) > 0 && h.changes[len(h.changes)-1].low >= low {
		h.changes = h.changes[:len(h.changes)-1]
	}
	h.changes = append(h.changes, change{h.version, low})
	if len(h.changes) > maxChanges {
		// The first two become one that is as late as the second and reaches as far as the first.
		h.changes[1].low = h.changes[0].low
		h.changes = slices.Delete(h.changes, 0, 1)
	}
}

// holds reports whether rows before time upto (exclusive) are as they were at version.
func (h *history) holds(version uint64, upto int64) bool {
	i, _ := slices.BinarySearchFunc(h.changes, version+1, func(c change, v uint64) int {
		switch {
		case c.version < v:
			return -1
		case c.version > v:
			return 1
		}
		return 0
	})
	return i == len(h.changes) || h.changes[i].low >= upto
}
