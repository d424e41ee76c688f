package alert

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
)

const (
	ringChunk = 50 // items of a record: one change rewrites at most so many
	ringSlots = 21 // records, of which the oldest is about to be overwritten
)

// ring is the newest items of a list, kept in a table in a fixed number of records.
type ring[T any] struct {
	prefix string // of its keys
	next   int64  // number of the next item
	items  []T    // the newest, up to number next-1
}

// chunk is one record of a ring.
type chunk[T any] struct {
	First int64 `json:"first"`
	Items []T   `json:"items"`
}

// add takes an item in and returns the key of the record that changes.
func (r *ring[T]) add(item T) string {
	r.items = append(r.items, item)
	if len(r.items) > ringChunk*(ringSlots-1) {
		r.items = slices.Delete(r.items, 0, ringChunk)
	}
	key := r.prefix + strconv.FormatInt(r.next/ringChunk%ringSlots, 10)
	r.next++
	return key
}

// encode returns the record of a key.
func (r *ring[T]) encode(key string) ([]byte, error) {
	oldest := r.next - int64(len(r.items))
	for first := r.next - 1 - (r.next-1)%ringChunk; first+ringChunk > oldest && first >= 0; first -= ringChunk {
		if r.prefix+strconv.FormatInt(first/ringChunk%ringSlots, 10) != key {
			continue
		}
		from, upto := max(first, oldest), min(first+ringChunk, r.next)
		return json.Marshal(chunk[T]{from, r.items[from-oldest : upto-oldest]})
	}
	return nil, fmt.Errorf("encode %q: there is no such record", key)
}

// newest returns at most n items for which keep is true, the newest first.
func (r *ring[T]) newest(n int, keep func(T) bool) []T {
	var out []T
	for i := len(r.items) - 1; i >= 0 && len(out) < n; i-- {
		if keep(r.items[i]) {
			out = append(out, r.items[i])
		}
	}
	return out
}

// readRing reads a ring from its records. What cannot be read is left out: it is a history, nothing hangs on it.
func readRing[T any](prefix string, records map[string][]byte) *ring[T] {
	r := &ring[T]{prefix: prefix}
	chunks := map[int64][]T{}
	for _, record := range records {
		var c chunk[T]
		if json.Unmarshal(record, &c) == nil && c.First >= 0 && len(c.Items) > 0 && len(c.Items) <= ringChunk {
			chunks[c.First] = c.Items
		}
	}
	for _, first := range slices.Sorted(maps.Keys(chunks)) {
		if first != r.next {
			r.items = nil // a gap: what was before it is of an older turn
		}
		r.items = append(r.items, chunks[first]...)
		r.next = first + int64(len(chunks[first]))
	}
	return r
}
