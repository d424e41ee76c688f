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

const (
	// maxChanges is how exactly the history is kept.
	maxChanges = 256
	// nearChanges are changes whose times are told apart no further, in microseconds.
	nearChanges = 1_000_000
)

// touch notes a change of rows at time low and after it.
func (h *history) touch(low int64) {
	h.version++
	for len(h.changes) > 0 && h.changes[len(h.changes)-1].low >= low {
		h.changes = h.changes[:len(h.changes)-1]
	}
	if n := len(h.changes); n > 0 && low-h.changes[n-1].low < nearChanges {
		h.changes[n-1].version = h.version
		return
	}
	h.changes = append(h.changes, change{h.version, low})
	if len(h.changes) > maxChanges {
		h.halve()
	}
}

// halve makes one of each two changes: as late as the second, reaching as far back as the first. The newest
// stays as it is.
func (h *history) halve() {
	last := h.changes[len(h.changes)-1]
	kept := h.changes[:0]
	for i := 0; i+2 < len(h.changes); i += 2 {
		kept = append(kept, change{h.changes[i+1].version, h.changes[i].low})
	}
	h.changes = append(kept, last)
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
